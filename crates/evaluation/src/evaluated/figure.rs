//! How a figure is made: its value, its interval, the words beside it. No value that is no number ever leaves here.

use crate::evaluated::figures::{Figure, OtherInterval, Remark, Unit, Weight};
use crate::metrics::proportion::{clopper_pearson, wilson};

/// Why a figure has no interval before resamples are drawn.
pub(super) const BY_RESAMPLING: &str = "Its interval needs resampling.";

impl Figure {
    /// A value without an interval. What is no finite number becomes undefined.
    pub(super) fn plain(key: &str, name: &str, unit: Unit, value: Option<f64>, n: usize) -> Self {
        Self {
            key: key.to_owned(),
            name: name.to_owned(),
            unit,
            value: value.filter(|v| v.is_finite()),
            low: None,
            high: None,
            interval: String::new(),
            beside: Vec::new(),
            n: n as u32,
            note: String::new(),
        }
    }

    /// `k` of `n` with the Wilson interval, Clopper-Pearson beside it.
    pub(super) fn share(key: &str, name: &str, k: usize, n: usize) -> Self {
        let value = (n > 0).then(|| k as f64 / n as f64);
        let mut out = Self::plain(key, name, Unit::Share, value, n).between(wilson(k, n), "Wilson");
        if let Some(bounds) = clopper_pearson(k, n) {
            out = out.beside("Clopper-Pearson", bounds);
        }
        if n == 0 {
            out.note = "There are no cases for it.".to_owned();
        }
        out
    }

    /// `k` of `decided` while `waiting` answers more have no verdict: no value, for the decided ones are not drawn at
    /// random. The note has what it can become.
    pub(super) fn share_so_far(key: &str, name: &str, what: &str, [k, decided, waiting]: [usize; 3]) -> Self {
        if waiting == 0 {
            return Self::share(key, name, k, decided);
        }
        let n = decided + waiting;
        let share = |k: usize| 100.0 * k as f64 / n as f64;
        let wait = if waiting == 1 { "waits" } else { "wait" };
        let note = format!(
            "{} of {} {what} so far, {} {wait}: between {:.1} % and {:.1} %.",
            thousands(k),
            thousands(n),
            thousands(waiting),
            share(k),
            share(k + waiting)
        );
        Self::plain(key, name, Unit::Share, None, n).noted(&note)
    }

    /// A score whose interval needs resampling.
    pub(super) fn score(key: &str, name: &str, value: Option<f64>, n: usize) -> Self {
        Self::plain(key, name, Unit::Score, value, n).noted(BY_RESAMPLING)
    }

    /// With its interval.
    pub(super) fn between(mut self, bounds: Option<[f64; 2]>, how: &str) -> Self {
        if let Some([low, high]) = bounds.filter(|b| b.iter().all(|v| v.is_finite())) {
            (self.low, self.high) = (Some(low), Some(high));
            how.clone_into(&mut self.interval);
            if self.note == BY_RESAMPLING {
                self.note.clear();
            }
        }
        self
    }

    /// With another interval beside the first.
    pub(super) fn beside(mut self, method: &str, [low, high]: [f64; 2]) -> Self {
        if low.is_finite() && high.is_finite() {
            self.beside.retain(|other| other.method != method);
            self.beside.push(OtherInterval {
                method: method.to_owned(),
                low,
                high,
            });
        }
        self
    }

    /// With a sentence more.
    pub(super) fn noted(mut self, text: &str) -> Self {
        if !text.is_empty() && !self.note.contains(text) {
            if !self.note.is_empty() {
                self.note.push(' ');
            }
            self.note.push_str(text);
        }
        self
    }

    /// With a sentence where the value is undefined.
    pub(super) fn undefined(self, why: &str) -> Self {
        if self.value.is_some() {
            return self;
        }
        let mut out = self;
        out.note.clear();
        out.noted(why)
    }
}

impl Remark {
    pub(super) fn new(key: &str, weight: Weight, text: String, readers: &[&str]) -> Self {
        Self {
            key: key.to_owned(),
            weight,
            text,
            readers: readers.iter().map(|r| (*r).to_owned()).collect(),
        }
    }
}

/// A share in words: `70 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// A count with its word: `1 case`, `12 cases`.
pub(super) fn count(n: usize, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{} {one}s", thousands(n))
    }
}

/// With commas: `10,000`.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_undefined() {
        let figure = Figure::plain("x", "X", Unit::Score, Some(f64::NAN), 3);
        assert_eq!(figure.value, None);
        let figure = figure.between(Some([0.0, f64::INFINITY]), "none");
        assert_eq!((figure.low, figure.interval.as_str()), (None, ""));
        assert_eq!(figure.undefined("Why.").note, "Why.");
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            (count(1, "case"), count(0, "case")),
            ("1 case".to_owned(), "0 cases".to_owned())
        );
        assert_eq!(percent(0.7), "70 %");
    }

    #[test]
    fn a_share_has_both_intervals() {
        let figure = Figure::share("accuracy", "Accuracy", 7, 10);
        assert!((figure.low.expect("Wilson") - 0.396_778).abs() < 1e-6);
        assert_eq!(figure.beside.len(), 1);
        assert_eq!(Figure::share("accuracy", "Accuracy", 0, 0).value, None);
    }
}
