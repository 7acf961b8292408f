//! Figures as a reader sees them. Undefined is said, never printed as 0; nothing is rounded to certainty.

use overread_evaluation::evaluated::figures::{Figure, Unit};

/// Stands where a figure is not defined.
pub(crate) const UNDEFINED: &str = "not defined";

/// A value in its unit.
pub(crate) fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Share => format!("{} %", share(value)),
        Unit::Score => format!("{value:.3}"),
        Unit::Number => number(value),
        Unit::Points => format!("{} points", signed(value * 100.0, 1)),
        Unit::Difference => signed(value, 3),
        Unit::Probability => probability(value),
        Unit::Seconds => format!("{} s", number(value)),
    }
}

/// Per cent with one decimal.
fn share(value: f64) -> String {
    if value > 0.0 && value < 0.0005 {
        "<0.1".to_owned()
    } else if (0.9995..1.0).contains(&value) {
        ">99.9".to_owned()
    } else {
        format!("{:.1}", value * 100.0)
    }
}

/// A p value.
pub(crate) fn probability(value: f64) -> String {
    if value < 0.001 {
        "<0.001".to_owned()
    } else if value > 0.999 && value < 1.0 {
        ">0.999".to_owned()
    } else {
        format!("{value:.3}")
    }
}

/// Three figures, no more decimals than that takes.
fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || value == value.trunc() {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// With its sign; a true minus, so that columns align.
fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    if text.chars().all(|c| c == '0' || c == '.') {
        text
    } else if value < 0.0 {
        format!("−{text}")
    } else {
        format!("+{text}")
    }
}

/// The estimate, or that there is none.
pub(crate) fn estimate(figure: &Figure) -> String {
    figure
        .value
        .map_or_else(|| UNDEFINED.to_owned(), |v| value(figure.unit, v))
}

/// The interval, as `79.1 to 89.6`; empty when there is none.
pub(crate) fn interval(figure: &Figure) -> String {
    let (Some(low), Some(high)) = (figure.low, figure.high) else {
        return String::new();
    };
    range(figure.unit, low, high)
}

/// Two ends in a unit, without naming the unit twice.
pub(crate) fn range(unit: Unit, low: f64, high: f64) -> String {
    let end = |v: f64| match unit {
        Unit::Share => share(v),
        Unit::Points => signed(v * 100.0, 1),
        _ => value(unit, v).trim_end_matches(" s").to_owned(),
    };
    format!("{} to {}", end(low), end(high))
}

/// Estimate and interval in one cell: `84.9 % (79.1 to 89.6)`.
pub fn whole(figure: &Figure) -> String {
    let interval = interval(figure);
    if interval.is_empty() {
        estimate(figure)
    } else {
        format!("{} ({interval})", estimate(figure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rounded_to_certainty() {
        assert_eq!(value(Unit::Share, 0.849), "84.9 %");
        assert_eq!(value(Unit::Share, 0.0001), "<0.1 %");
        assert_eq!(value(Unit::Share, 0.9999), ">99.9 %");
        assert_eq!(value(Unit::Share, 1.0), "100.0 %");
        assert_eq!(value(Unit::Probability, 0.0), "<0.001");
        assert_eq!(value(Unit::Points, -0.16), "−16.0 points");
        assert_eq!(value(Unit::Points, -0.0001), "0.0 points");
        assert_eq!(value(Unit::Difference, 0.0625), "+0.062");
        assert_eq!(range(Unit::Share, 0.0569, 0.51), "5.7 to 51.0");
        assert_eq!(value(Unit::Seconds, 1.234), "1.23 s");
        assert_eq!(value(Unit::Number, 12.0), "12");
    }
}
