//! From scores to calibrated probabilities: what a calibration file may hold.

use serde::{Deserialize, Serialize};

use crate::score::{sigmoid, softmax};

/// How scores become probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scale {
    /// As they are: softmax(score), sigmoid(log-odds).
    Identity,
    /// softmax(score / t), one t for all labels; sigmoid(log-odds / t) for yes/no.
    Temperature {
        /// Above 0.
        t: f64,
    },
    /// sigmoid(a * log-odds + b), for yes/no.
    Platt {
        /// Slope.
        a: f64,
        /// Offset.
        b: f64,
    },
    /// A rising curve from log-odds to the probability of yes: linear between its knots, level outside.
    Isotonic {
        /// Log-odds, rising.
        x: Vec<f64>,
        /// Probabilities, never falling.
        y: Vec<f64>,
    },
    /// One for each label. Of a list, each label's probability against the rest, then divided by their sum; of a yes/no
    /// list, each question's own.
    PerLabel {
        /// In the order of the labels.
        labels: Vec<Scale>,
    },
}

impl Scale {
    /// True when its numbers can be used.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Identity => true,
            Self::Temperature { t } => t.is_finite() && *t > 0.0,
            Self::Platt { a, b } => a.is_finite() && b.is_finite(),
            Self::Isotonic { x, y } => {
                !x.is_empty()
                    && x.len() == y.len()
                    && x.iter().all(|v| v.is_finite())
                    && y.iter().all(|v| (0.0..=1.0).contains(v))
                    && x.windows(2).all(|w| w[0] < w[1])
                    && y.windows(2).all(|w| w[0] <= w[1])
            }
            // One level: a list of lists has no meaning.
            Self::PerLabel { labels } => {
                !labels.is_empty()
                    && labels
                        .iter()
                        .all(|l| !matches!(l, Self::PerLabel { .. }) && l.is_sound())
            }
        }
    }

    /// Probability of yes to question `label`, counted from 0, from its log-odds.
    pub fn yes(&self, label: usize, log_odds: f64) -> f64 {
        match self {
            Self::Identity => sigmoid(log_odds),
            Self::Temperature { t } => sigmoid(log_odds / t),
            Self::Platt { a, b } => sigmoid(a * log_odds + b),
            Self::Isotonic { x, y } => level(x, y, log_odds),
            Self::PerLabel { labels } => match labels.get(label) {
                Some(own) if !matches!(own, Self::PerLabel { .. }) => own.yes(label, log_odds),
                _ => sigmoid(log_odds),
            },
        }
    }

    /// Probabilities of a list of labels from their scores; they sum to 1.
    pub fn list(&self, scores: &[f64]) -> Vec<f64> {
        match self {
            Self::Identity => softmax(scores),
            Self::Temperature { t } => softmax(&scores.iter().map(|s| s / t).collect::<Vec<_>>()),
            each => {
                let odds = softmax(scores).into_iter().map(log_odds);
                let own: Vec<f64> = odds.enumerate().map(|(i, odds)| each.yes(i, odds)).collect();
                let sum: f64 = own.iter().sum();
                // Where every label was calibrated away nothing is known.
                let share = |p: &f64| {
                    if sum > 0.0 {
                        p / sum
                    } else {
                        1.0 / own.len() as f64
                    }
                };
                own.iter().map(share).collect()
            }
        }
    }

    /// What it does, for people.
    pub fn in_words(&self) -> String {
        match self {
            Self::Identity => "uncalibrated".to_owned(),
            Self::Temperature { t } => format!("temperature {t:.3}"),
            Self::Platt { a, b } => format!("Platt scaling {a:.3}, {b:.3}"),
            Self::Isotonic { x, .. } => format!("isotonic regression with {} knots", x.len()),
            Self::PerLabel { labels } => format!("a calibration for each of {} labels", labels.len()),
        }
    }
}

/// Log-odds of a probability, finite: 0 and 1 count as 2.22e-16 from them.
fn log_odds(p: f64) -> f64 {
    let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    p.ln() - (-p).ln_1p()
}

/// Linear between knots, level outside.
fn level(x: &[f64], y: &[f64], at: f64) -> f64 {
    let after = x.partition_point(|knot| *knot < at);
    let value = |i: usize| y.get(i).copied().unwrap_or(f64::NAN);
    match (after.checked_sub(1), x.get(after)) {
        (Some(before), Some(next)) => {
            let (from, to) = (value(before), value(after));
            from + (to - from) * ((at - x[before]) / (next - x[before]))
        }
        (None, _) => value(0),
        (Some(last), None) => value(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn yes_and_lists_by_hand() {
        assert!(near(Scale::Temperature { t: 2.0 }.yes(0, 9.0_f64.ln()), 0.75));
        let curve = Scale::Isotonic {
            x: vec![-1.0, 1.0],
            y: vec![0.2, 0.6],
        };
        for (odds, p) in [(-5.0, 0.2), (-1.0, 0.2), (0.0, 0.4), (1.0, 0.6), (9.0, 0.6)] {
            assert!(near(curve.yes(0, odds), p), "{odds}");
        }
        // 0.5 and 0.25, 0.25: the first is at log-odds 0 and becomes 0.4, the others stay; divided by 0.9.
        let list = Scale::PerLabel {
            labels: vec![curve.clone(), Scale::Identity, Scale::Identity],
        };
        let found = list.list(&[0.5_f64.ln(), 0.25_f64.ln(), 0.25_f64.ln()]);
        assert!(
            near(found[0], 0.4 / 0.9) && near(found[1], 0.25 / 0.9),
            "{found:?}"
        );
        assert!(near(list.yes(0, 0.0), 0.4) && near(list.yes(7, 0.0), 0.5));
    }

    #[test]
    fn what_is_not_sound() {
        let curve = |x: &[f64], y: &[f64]| Scale::Isotonic {
            x: x.to_vec(),
            y: y.to_vec(),
        };
        assert!(curve(&[0.0, 1.0], &[0.1, 0.1]).is_sound());
        for wrong in [
            curve(&[], &[]),
            curve(&[0.0], &[0.1, 0.2]),
            curve(&[0.0, 0.0], &[0.1, 0.2]),
            curve(&[0.0, 1.0], &[0.3, 0.2]),
            curve(&[0.0, 1.0], &[0.3, 1.2]),
            Scale::PerLabel { labels: Vec::new() },
            Scale::PerLabel {
                labels: vec![Scale::PerLabel {
                    labels: vec![Scale::Identity],
                }],
            },
        ] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
    }
}
