//! Plots as SVG: axes with units, marks told apart by shape as well as hue (the colours are Okabe and Ito's, which hold for
//! every common colour deficiency), a title and a description for those who cannot see them.

use std::fmt::Write;

use overread_evaluation::evaluated::figures::{Curve, CurveKind, Figure, ReliabilityBin, Unit};

use crate::escape::html;
use crate::evaluation::numbers;

const COLOURS: [&str; 7] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#8A6D00", "#000000",
];
const INK: &str = "#17181a";
const SOFT: &str = "#5b5d63";
const LINE: &str = "#c9cad0";

/// Characters of a name beside a row.
const LONGEST_NAME: usize = 56;

/// Where a mark stands, px.
type Place = (f64, f64);

/// The colour of the k-th reader.
pub(crate) fn colour(k: usize) -> &'static str {
    COLOURS[k % COLOURS.len()]
}

/// The k-th mark: after the colours have come round, the shape still differs.
fn mark(k: usize, (x, y): Place) -> String {
    let c = colour(k);
    match k % 5 {
        0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{c}\"/>"),
        1 => format!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" fill=\"{c}\"/>",
            x - 4.0,
            y - 4.0
        ),
        2 => format!("<path d=\"M{x:.1} {:.1}l5 9h-10z\" fill=\"{c}\"/>", y - 5.5),
        3 => format!("<path d=\"M{x:.1} {:.1}l5 5-5 5-5-5z\" fill=\"{c}\"/>", y - 5.0),
        _ => format!(
            "<path d=\"M{:.1} {:.1}l8 8m0-8l-8 8\" stroke=\"{c}\" stroke-width=\"2.4\" fill=\"none\"/>",
            x - 4.0,
            y - 4.0
        ),
    }
}

fn text(out: &mut String, at: Place, anchor: &str, class: &str, words: &str) {
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
        at.0,
        at.1,
        html(words)
    );
}

fn line(out: &mut String, a: Place, b: Place, style: &str) {
    let _ = write!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" {style}/>",
        a.0, a.1, b.0, b.1
    );
}

fn open(width: f64, height: f64, title: &str, description: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" role=\"img\" \
         font-family=\"Inter,Segoe UI,system-ui,sans-serif\" font-size=\"11.5\" fill=\"{INK}\">\
         <style>text.soft{{fill:{SOFT}}}</style><title>{}</title><desc>{}</desc>",
        html(title),
        html(description)
    )
}

/// A row of a forest plot.
pub(crate) struct ForestRow<'a> {
    pub(crate) name: &'a str,
    pub(crate) figure: &'a Figure,
    pub(crate) beside: String,
}

/// Readers (or differences) with their intervals, one a row.
pub(crate) fn forest(title: &str, rows: &[ForestRow<'_>], reference: Option<f64>) -> String {
    let longest = rows
        .iter()
        .map(|r| r.name.chars().count())
        .max()
        .unwrap_or(0)
        .min(LONGEST_NAME);
    let (left, right, row, top) = (longest as f64 * 6.6 + 16.0, 250.0, 26.0, 8.0);
    let width = left + right + 300.0;
    let height = top + row * rows.len() as f64 + 34.0;
    let unit = rows.first().map_or(Unit::Share, |r| r.figure.unit);
    let (low, high) = span(rows, unit, reference);
    let x = |v: f64| left + (v - low) / (high - low) * (width - left - right);
    let bottom = top + row * rows.len() as f64;
    let mut out = open(
        width,
        height,
        title,
        &rows
            .iter()
            .map(|r| format!("{}: {}", r.name, numbers::whole(r.figure)))
            .collect::<Vec<_>>()
            .join("; "),
    );
    let step = step(high - low);
    for k in 0..=((high - low) / step).round() as u32 {
        let v = low + step * f64::from(k);
        line(
            &mut out,
            (x(v), top),
            (x(v), bottom),
            &format!("stroke=\"{LINE}\""),
        );
        text(
            &mut out,
            (x(v), bottom + 14.0),
            "middle",
            "soft",
            &axis_value(unit, v),
        );
    }
    if let Some(v) = reference.filter(|v| (low..=high).contains(v)) {
        line(
            &mut out,
            (x(v), top),
            (x(v), bottom),
            &format!("stroke=\"{INK}\" stroke-dasharray=\"3 3\""),
        );
    }
    for (k, r) in rows.iter().enumerate() {
        let y = top + row * (k as f64 + 0.5);
        text(
            &mut out,
            (0.0, y + 4.0),
            "start",
            "",
            &short(r.name, LONGEST_NAME),
        );
        if let (Some(a), Some(b)) = (r.figure.low, r.figure.high) {
            line(
                &mut out,
                (x(a.clamp(low, high)), y),
                (x(b.clamp(low, high)), y),
                &format!("stroke=\"{}\" stroke-width=\"2\"", colour(k)),
            );
        }
        if let Some(v) = r.figure.value {
            out.push_str(&mark(k, (x(v.clamp(low, high)), y)));
        }
        let cell = numbers::whole(r.figure);
        text(&mut out, (width - right + 12.0, y + 4.0), "start", "", &cell);
        text(&mut out, (width, y + 4.0), "end", "soft", &r.beside);
    }
    text(
        &mut out,
        (left + (width - left - right) / 2.0, bottom + 30.0),
        "middle",
        "soft",
        "estimate with 95 % interval",
    );
    out.push_str("</svg>");
    out
}

/// Lower and upper end of an axis that holds all rows; shares never leave 0 to 1.
fn span(rows: &[ForestRow<'_>], unit: Unit, reference: Option<f64>) -> (f64, f64) {
    let ends = rows
        .iter()
        .flat_map(|r| [r.figure.low, r.figure.high, r.figure.value])
        .flatten()
        .chain(reference);
    let (mut low, mut high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
        (a.min(v), b.max(v))
    });
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    if high - low < 0.05 {
        (low, high) = (low - 0.025, high + 0.025);
    }
    let step = step(high - low);
    (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
    if matches!(unit, Unit::Share) {
        (low, high) = (low.max(0.0), high.min(1.0));
    }
    (low, high)
}

/// The distance of marks on an axis: a round number that gives at most six.
fn step(span: f64) -> f64 {
    [
        0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0,
    ]
    .into_iter()
    .find(|step| span / step <= 5.0 + 1e-9)
    .unwrap_or(span / 5.0)
}

fn axis_value(unit: Unit, v: f64) -> String {
    match unit {
        Unit::Share | Unit::Points => format!("{:.0} %", v * 100.0).replace('-', "−"),
        _ => format!("{v:.2}").replace('-', "−"),
    }
}

/// At most so many characters, with a mark where something was left out.
fn short(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        words.to_owned()
    } else {
        words.chars().take(most - 1).chain(['…']).collect()
    }
}

struct Square {
    side: f64,
    left: f64,
    top: f64,
}

impl Square {
    fn at(&self, x: f64, y: f64) -> Place {
        (
            self.left + x.clamp(0.0, 1.0) * self.side,
            self.top + (1.0 - y.clamp(0.0, 1.0)) * self.side,
        )
    }

    fn axes(&self, out: &mut String, x: &str, y: &str, x_end: &str) {
        let _ = write!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{s}\" height=\"{s}\" fill=\"none\" stroke=\"{LINE}\"/>",
            self.left,
            self.top,
            s = self.side
        );
        let (bottom, middle) = (self.top + self.side, self.top + self.side / 2.0);
        text(out, (self.left, bottom + 14.0), "middle", "soft", "0");
        text(
            out,
            (self.left + self.side, bottom + 14.0),
            "middle",
            "soft",
            x_end,
        );
        text(out, (self.left - 6.0, self.top + 4.0), "end", "soft", "1");
        text(
            out,
            (self.left + self.side / 2.0, bottom + 28.0),
            "middle",
            "soft",
            x,
        );
        let _ = write!(
            out,
            "<text transform=\"translate({:.1} {middle:.1}) rotate(-90)\" text-anchor=\"middle\" class=\"soft\">{}</text>",
            self.left - 16.0,
            html(y)
        );
    }
}

/// Confidence against share right, with Wilson bars; the size of a dot says nothing, the count stands in the table.
pub(crate) fn reliability(title: &str, bins: &[ReliabilityBin], k: usize) -> String {
    let square = Square {
        side: 220.0,
        left: 34.0,
        top: 8.0,
    };
    let described: Vec<String> = bins
        .iter()
        .filter_map(|b| {
            Some(format!(
                "confidence {:.2}: {:.0} % of {} right",
                b.confidence?,
                b.right? * 100.0,
                b.n
            ))
        })
        .collect();
    let mut out = open(270.0, 264.0, title, &described.join("; "));
    square.axes(&mut out, "confidence", "share right", "1");
    line(
        &mut out,
        square.at(0.0, 0.0),
        square.at(1.0, 1.0),
        &format!("stroke=\"{SOFT}\" stroke-dasharray=\"3 3\""),
    );
    for bin in bins {
        let (Some(c), Some(r)) = (bin.confidence, bin.right) else {
            continue;
        };
        if let (Some(a), Some(b)) = (bin.right_low, bin.right_high) {
            line(
                &mut out,
                square.at(c, a),
                square.at(c, b),
                &format!("stroke=\"{}\" stroke-width=\"1.5\"", colour(k)),
            );
        }
        out.push_str(&mark(k, square.at(c, r)));
    }
    out.push_str("</svg>");
    out
}

/// One curve in its square.
pub(crate) fn curve(title: &str, curve: &Curve, k: usize) -> String {
    let square = Square {
        side: 170.0,
        left: 34.0,
        top: 8.0,
    };
    let described = format!("{}: {}", curve.figure.name, numbers::whole(&curve.figure));
    let mut out = open(214.0, 214.0, title, &described);
    let (x, y) = match curve.kind {
        CurveKind::Roc => ("1 − specificity", "sensitivity"),
        CurveKind::PrecisionRecall => ("recall", "precision"),
        CurveKind::RiskCoverage => ("coverage", "risk"),
        CurveKind::Froc => ("false positives an image", "sensitivity"),
    };
    let widest = match curve.kind {
        CurveKind::Froc => curve.points.iter().map(|p| p[0]).fold(1.0, f64::max),
        _ => 1.0,
    };
    square.axes(&mut out, x, y, &numbers::value(Unit::Number, widest));
    if curve.kind == CurveKind::Roc {
        line(
            &mut out,
            square.at(0.0, 0.0),
            square.at(1.0, 1.0),
            &format!("stroke=\"{SOFT}\" stroke-dasharray=\"3 3\""),
        );
    }
    let points: Vec<String> = curve
        .points
        .iter()
        .filter(|p| p.iter().all(|v| v.is_finite()))
        .map(|p| {
            let (x, y) = square.at(p[0] / widest, p[1]);
            format!("{x:.1},{y:.1}")
        })
        .collect();
    let _ = write!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"/></svg>",
        points.join(" "),
        colour(k)
    );
    out
}
