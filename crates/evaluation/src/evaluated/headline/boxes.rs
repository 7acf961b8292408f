//! Findings with boxes: counts at two overlaps, the score of the RSNA pneumonia challenge, the free-response curve.

use std::collections::BTreeMap;

use crate::evaluated::bench::Row;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::{Curve, CurveKind, Figure, Unit};
use crate::evaluated::headline::{LEFT_OUT, invalid_rate};
use crate::metrics::boxes::Rectangle;
use crate::metrics::froc::{CPM_RATES, Image, Scored, detections, froc, rsna_of_image, rsna_score};

/// Most points of a curve.
pub(in crate::evaluated) const POINTS: usize = 400;

/// A picture with its boxes.
pub(in crate::evaluated) type Boxes = Image<Rectangle, Rectangle>;

fn rectangle(corners: [f64; 4]) -> Option<Rectangle> {
    let [x0, y0, x1, y1] = corners;
    (corners.iter().all(|c| c.is_finite()) && x0 <= x1 && y0 <= y1).then(|| Rectangle::from_corners(corners))
}

/// The pictures of a row: one for each instance that has a box of either kind. An invalid answer marks nothing. `label`
/// keeps the boxes of one label.
pub(in crate::evaluated) fn images(of: &Evaluation, row: &Row<'_>, label: Option<&str>) -> Vec<Boxes> {
    let mut out: BTreeMap<&str, Boxes> = BTreeMap::new();
    let wanted = |name: &str| label.is_none_or(|l| name.is_empty() || name.trim() == l);
    let empty = || Boxes {
        truth: Vec::new(),
        said: Vec::new(),
    };
    let truth = of
        .set
        .cases
        .get(row.case)
        .map(|c| c.truth.boxes.as_slice())
        .unwrap_or_default();
    for one in truth.iter().filter(|b| wanted(&b.label)) {
        if let Some(rectangle) = rectangle(one.corners) {
            out.entry(one.instance.as_str())
                .or_insert_with(empty)
                .truth
                .push(rectangle);
        }
    }
    // One picture and no name for it: whatever the truth calls it.
    let only = match out.keys().copied().collect::<Vec<_>>().as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    if row.said.invalid.is_none() {
        for one in row.recorded.boxes.iter().filter(|b| wanted(&b.label)) {
            let Some(said) = rectangle(one.corners) else {
                continue;
            };
            let score = one.score.filter(|s| s.is_finite()).unwrap_or(1.0);
            let at = if one.instance.is_empty() {
                only.unwrap_or("")
            } else {
                one.instance.as_str()
            };
            out.entry(at)
                .or_insert_with(empty)
                .said
                .push(Scored { said, score });
        }
    }
    if out.is_empty() {
        return vec![empty()];
    }
    out.into_values().collect()
}

/// All pictures of the rows.
pub(in crate::evaluated) fn all(of: &Evaluation, rows: &[Row<'_>], label: Option<&str>) -> Vec<Boxes> {
    rows.iter().flat_map(|row| images(of, row, label)).collect()
}

pub(super) fn headline(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    let images = all(of, rows, None);
    let score = |images: &[Boxes]| rsna_score(&images.iter().map(rsna_of_image).collect::<Vec<_>>());
    let valid: Vec<Row<'_>> = rows
        .iter()
        .filter(|r| r.said.invalid.is_none())
        .copied()
        .collect();
    let valid_images = all(of, &valid, None);
    let nothing = "Nothing is there and nothing was marked.";
    let mut out = vec![
        Figure::score("rsna_score", "RSNA score", score(&images), rows.len())
            .noted("Mean of TP / (TP + FP + FN) over overlaps of 0.40 to 0.75; pictures without any box are left out.")
            .undefined(nothing),
        invalid_rate(rows).noted("An invalid answer marks nothing."),
        Figure::score("rsna_score_valid_only", "RSNA score of valid answers", score(&valid_images), valid.len())
            .noted(LEFT_OUT)
            .undefined(nothing),
    ];
    for (overlap, suffix) in [(0.25, "25"), (0.5, "50")] {
        let found = detections(&images, overlap);
        let words = "Boxes of one picture are not independent, which only an interval by resampling knows.";
        let each = |mut figure: Figure| {
            // Without boxes there is no interval, and so no name of one.
            if figure.low.is_some() {
                "Wilson, each box by itself".clone_into(&mut figure.interval);
            }
            figure.noted(words)
        };
        out.push(each(Figure::share(
            &format!("box_sensitivity_{suffix}"),
            &format!("Boxes found, IoU > {overlap}"),
            found.tp,
            found.tp + found.fn_,
        )));
        out.push(each(Figure::share(
            &format!("box_precision_{suffix}"),
            &format!("Marks that hit, IoU > {overlap}"),
            found.tp,
            found.tp + found.fp,
        )));
        let rate = (!images.is_empty()).then(|| found.fp as f64 / images.len() as f64);
        out.push(
            Figure::plain(
                &format!("false_marks_{suffix}"),
                &format!("False marks a picture, IoU > {overlap}"),
                Unit::Number,
                rate,
                images.len(),
            )
            .noted(super::super::figure::BY_RESAMPLING),
        );
    }
    out.extend(free_response(of, rows).map(|curve| curve.figure));
    out
}

/// The free-response curve at an overlap above 0.25.
pub(in crate::evaluated) fn free_response(of: &Evaluation, rows: &[Row<'_>]) -> Option<Curve> {
    let images = all(of, rows, None);
    let found = froc(&images, 0.25)?;
    let rates = CPM_RATES.map(|r| r.to_string()).join(", ");
    Some(Curve {
        kind: CurveKind::Froc,
        label: String::new(),
        points: thinned(
            found
                .points
                .iter()
                .map(|p| [p.fp_per_image, p.sensitivity])
                .collect(),
        ),
        figure: Figure::score("cpm", "CPM", Some(found.cpm), rows.len()).noted(&format!(
            "Mean sensitivity at {rates} false marks a picture, IoU > 0.25."
        )),
    })
}

/// At most [`POINTS`] points, the first and last among them.
pub(in crate::evaluated) fn thinned(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let n = points.len();
    if n <= POINTS {
        return points;
    }
    (0..POINTS)
        .filter_map(|i| points.get(i * (n - 1) / (POINTS - 1)).copied())
        .collect()
}
