//! Figures of boxes, resampled.

use super::Columns;
use super::statistics::{Places, head, invalid_rate};
use crate::evaluated::bench::Row;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::headline::boxes;
use crate::metrics::froc::{detections, rsna_of_image};
use crate::metrics::weighted::Ratio;

pub(super) fn marks(out: &mut Columns, of: &Evaluation, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    let of_row = |row: &Row<'_>| {
        let scores: Vec<f64> = boxes::images(of, row, None)
            .iter()
            .filter_map(rsna_of_image)
            .collect();
        (at.of(row), scores.iter().sum::<f64>(), scores.len() as f64)
    };
    out.add(
        Ratio::new(rows.iter().map(of_row)),
        vec![head(reader, "rsna_score")],
    );
    let valid = rows.iter().filter(|r| r.said.invalid.is_none()).map(of_row);
    out.add(Ratio::new(valid), vec![head(reader, "rsna_score_valid_only")]);
    invalid_rate(out, reader, rows, at);
    for (overlap, suffix) in [(0.25, "25"), (0.5, "50")] {
        let counts: Vec<(usize, [f64; 4])> = rows
            .iter()
            .map(|row| {
                let images = boxes::images(of, row, None);
                let found = detections(&images, overlap);
                (
                    at.of(row),
                    [found.tp, found.fp, found.fn_, images.len()].map(|x| x as f64),
                )
            })
            .collect();
        let mut ratio = |key: &str, parts: &dyn Fn(&[f64; 4]) -> (f64, f64)| {
            let rows = counts.iter().map(|(case, c)| {
                let (above, below) = parts(c);
                (*case, above, below)
            });
            out.add(Ratio::new(rows), vec![head(reader, &format!("{key}_{suffix}"))]);
        };
        ratio("box_sensitivity", &|[tp, _, missed, _]| (*tp, tp + missed));
        ratio("box_precision", &|[tp, fp, _, _]| (*tp, tp + fp));
        ratio("false_marks", &|[_, fp, _, images]| (*fp, *images));
    }
}
