//! One type for what turns a reader's probabilities into calibrated ones: temperature, Platt scaling, isotonic
//! regression, or none; fitted on one split, used on others.
//!
//! All work on log-odds (one yes or no) or on log-probabilities (a list of labels), so that a calibration fitted on
//! recorded probabilities is the one that a reading uses on its scores. A probability of 0 or 1 counts as 2.22e-16 from it.

use serde::{Deserialize, Serialize};

use super::isotonic::Isotonic;
use super::platt::{self, sigmoid};
use super::probabilities::Case;
use super::temperature::{LabelledScores, fit_temperature, softmax};

/// How calibrated probabilities are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As they are.
    #[default]
    Identity,
    /// One temperature; the order of the labels stays.
    Temperature,
    /// Slope and offset of the log-odds.
    Platt,
    /// A rising curve of the log-odds.
    Isotonic,
}

/// A fitted calibration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Calibrator {
    /// As they are.
    #[default]
    Identity,
    /// softmax(ln p / t); for one yes or no sigmoid(log-odds / t).
    Temperature {
        /// Above 0.
        t: f64,
    },
    /// sigmoid(a * log-odds + b).
    Platt {
        /// Slope.
        a: f64,
        /// Offset.
        b: f64,
    },
    /// A rising curve from log-odds to probability.
    Isotonic(Isotonic),
    /// One for each label: of a list each label against the rest, the results divided by their sum, so that the order of
    /// the labels may change; of several yes or no each question its own.
    PerLabel {
        /// In the order of the labels.
        labels: Vec<Calibrator>,
    },
}

/// Log-odds of a probability, finite.
pub fn log_odds(p: f64) -> f64 {
    let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    p.ln() - (-p).ln_1p()
}

/// Log of a probability, finite.
fn log(p: f64) -> f64 {
    p.clamp(f64::EPSILON, 1.0).ln()
}

impl Calibrator {
    /// True when its numbers can be used: what a file must hold.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Identity => true,
            Self::Temperature { t } => t.is_finite() && *t > 0.0,
            Self::Platt { a, b } => a.is_finite() && b.is_finite(),
            Self::Isotonic(curve) => curve.is_sound(),
            // One level: a list of lists has no meaning.
            Self::PerLabel { labels } => {
                !labels.is_empty()
                    && labels
                        .iter()
                        .all(|l| !matches!(l, Self::PerLabel { .. }) && l.is_sound())
            }
        }
    }

    /// The calibrated probability of yes to the one question there is; unchanged by one for each label.
    pub fn yes(&self, p: f64) -> f64 {
        match self {
            Self::Identity | Self::PerLabel { .. } => p,
            Self::Temperature { t } => sigmoid(log_odds(p) / t),
            Self::Platt { a, b } => sigmoid(a * log_odds(p) + b),
            Self::Isotonic(curve) => curve.at(log_odds(p)),
        }
    }

    /// The calibrated probability of yes to question `label`, counted from 0, of several.
    pub fn yes_to(&self, label: usize, p: f64) -> f64 {
        match self {
            Self::PerLabel { labels } => labels.get(label).map_or(p, |own| own.yes(p)),
            other => other.yes(p),
        }
    }

    /// The calibrated probabilities of a list of labels, in the same order. Platt and isotonic alone mean yes for each
    /// label against the rest, as in [`Calibrator::PerLabel`].
    pub fn list(&self, probabilities: &[f64]) -> Vec<f64> {
        match self {
            Self::Identity => probabilities.to_vec(),
            Self::Temperature { t } => {
                let scores: Vec<f64> = probabilities.iter().map(|p| log(*p)).collect();
                softmax(&scores, *t)
            }
            each => renormalised(probabilities, |i, p| each.yes_to(i, p)),
        }
    }

    /// What it does, for people.
    pub fn in_words(&self) -> String {
        match self {
            Self::Identity => "uncalibrated".to_owned(),
            Self::Temperature { t } => format!("temperature {t:.3}"),
            Self::Platt { a, b } => format!("Platt scaling with slope {a:.3} and offset {b:.3}"),
            Self::Isotonic(curve) => format!("isotonic regression with {} knots", curve.x.len()),
            Self::PerLabel { labels } => format!(
                "{}, for each of {} labels against the rest and divided by the sum",
                match labels.first() {
                    Some(Self::Platt { .. }) => "Platt scaling",
                    Some(Self::Isotonic(_)) => "isotonic regression",
                    _ => "a calibration",
                },
                labels.len()
            ),
        }
    }
}

fn renormalised(probabilities: &[f64], of: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let each: Vec<f64> = probabilities.iter().enumerate().map(|(i, p)| of(i, *p)).collect();
    let sum: f64 = each.iter().sum();
    if sum > 0.0 {
        each.iter().map(|p| p / sum).collect()
    } else {
        // Every label was calibrated away: nothing is known of this case.
        vec![1.0 / each.len().max(1) as f64; each.len()]
    }
}

/// A calibration with what it was fitted on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fitted {
    /// The calibration.
    #[serde(flatten)]
    pub calibrator: Calibrator,
    /// Cases used; of several questions those of the one with most.
    pub n: usize,
    /// 95 % interval of the temperature, or of the slope of Platt scaling.
    pub interval: Option<[f64; 2]>,
    /// Mean log loss on these cases before, nats.
    pub before: f64,
    /// After. On the fitting cases it flatters; judge it on another split.
    pub after: f64,
    /// The best temperature lies at the edge of what is looked at: all right, or the scores say nothing.
    pub at_edge: bool,
}

fn mean_loss(losses: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = losses.len().max(1) as f64;
    losses.sum::<f64>() / n
}

/// Fits yes and no: (probability of yes, truth). `None` where it cannot be fitted: no case, or one class only for Platt
/// scaling.
pub fn fit_yes_no(kind: Kind, cases: &[(f64, bool)]) -> Option<Fitted> {
    let cases: Vec<(f64, bool)> = cases.iter().copied().filter(|(p, _)| !p.is_nan()).collect();
    if cases.is_empty() {
        return None;
    }
    let odds: Vec<(f64, bool)> = cases.iter().map(|(p, t)| (log_odds(*p), *t)).collect();
    let (mut interval, mut at_edge) = (None, false);
    let calibrator = match kind {
        Kind::Identity => Calibrator::Identity,
        Kind::Temperature => {
            let of = |(odds, truth): &(f64, bool)| LabelledScores {
                scores: vec![*odds, 0.0],
                truth: usize::from(!*truth),
            };
            let fit = fit_temperature(&odds.iter().map(of).collect::<Vec<_>>())?;
            (interval, at_edge) = (Some(fit.interval), fit.at_edge);
            Calibrator::Temperature { t: fit.t }
        }
        Kind::Platt => {
            let fit = platt::fit_platt(&odds)?;
            interval = fit.interval;
            Calibrator::Platt { a: fit.a, b: fit.b }
        }
        Kind::Isotonic => {
            let of = |(odds, truth): &(f64, bool)| (*odds, f64::from(u8::from(*truth)));
            Calibrator::Isotonic(Isotonic::fit(&odds.iter().map(of).collect::<Vec<_>>())?)
        }
    };
    let loss = |p: f64, truth: bool| -log(if truth { p } else { 1.0 - p });
    Some(Fitted {
        n: cases.len(),
        interval,
        before: mean_loss(cases.iter().map(|(p, t)| loss(*p, *t))),
        after: mean_loss(cases.iter().map(|(p, t)| loss(calibrator.yes(*p), *t))),
        at_edge,
        calibrator,
    })
}

/// Fits a list of labels: one temperature, or Platt scaling or isotonic regression for each label against the rest. A
/// label that is never (or always) the truth keeps its probability. Cases without a probability for each of `labels`
/// labels, or without their truth among them, are left out. `None` without cases.
pub fn fit_list(kind: Kind, cases: &[Case], labels: usize) -> Option<Fitted> {
    let sound = |c: &&Case| {
        c.probabilities.len() == labels && c.truth < labels && c.probabilities.iter().all(|p| !p.is_nan())
    };
    let cases: Vec<&Case> = cases.iter().filter(sound).collect();
    if cases.is_empty() {
        return None;
    }
    let (mut interval, mut at_edge) = (None, false);
    let calibrator = match kind {
        Kind::Identity => Calibrator::Identity,
        Kind::Temperature => {
            let of = |c: &&Case| LabelledScores {
                scores: c.probabilities.iter().map(|p| log(*p)).collect(),
                truth: c.truth,
            };
            let fit = fit_temperature(&cases.iter().map(of).collect::<Vec<_>>())?;
            (interval, at_edge) = (Some(fit.interval), fit.at_edge);
            Calibrator::Temperature { t: fit.t }
        }
        Kind::Platt | Kind::Isotonic => {
            let of = |label: usize| {
                let own: Vec<(f64, bool)> = cases
                    .iter()
                    .map(|c| (c.probabilities[label], c.truth == label))
                    .collect();
                let both = own.iter().any(|c| c.1) && own.iter().any(|c| !c.1);
                let fitted = both.then(|| fit_yes_no(kind, &own)).flatten();
                fitted.map_or(Calibrator::Identity, |f| f.calibrator)
            };
            Calibrator::PerLabel {
                labels: (0..labels).map(of).collect(),
            }
        }
    };
    let after = |c: &&Case| Case {
        probabilities: calibrator.list(&c.probabilities),
        truth: c.truth,
    };
    Some(Fitted {
        n: cases.len(),
        interval,
        before: mean_loss(cases.iter().map(|c| c.log_loss())),
        after: mean_loss(cases.iter().map(|c| after(c).log_loss())),
        at_edge,
        calibrator,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_form_of_a_file() {
        let text = |c: &Calibrator| serde_json::to_string(c).expect("JSON");
        assert_eq!(text(&Calibrator::Identity), r#"{"kind":"identity"}"#);
        assert_eq!(
            text(&Calibrator::Temperature { t: 2.5 }),
            r#"{"kind":"temperature","t":2.5}"#
        );
        assert_eq!(
            text(&Calibrator::Platt { a: 1.5, b: -0.5 }),
            r#"{"kind":"platt","a":1.5,"b":-0.5}"#
        );
        let curve = Calibrator::Isotonic(Isotonic {
            x: vec![-1.0, 2.0],
            y: vec![0.1, 0.9],
        });
        assert_eq!(
            text(&curve),
            r#"{"kind":"isotonic","x":[-1.0,2.0],"y":[0.1,0.9]}"#
        );
        let list = Calibrator::PerLabel {
            labels: vec![curve, Calibrator::Identity],
        };
        assert_eq!(
            serde_json::from_str::<Calibrator>(&text(&list)).expect("reads"),
            list
        );
        assert!(list.is_sound());
        let nested = Calibrator::PerLabel { labels: vec![list] };
        assert!(!nested.is_sound() && !Calibrator::Temperature { t: 0.0 }.is_sound());
        assert!(
            !Calibrator::Isotonic(Isotonic {
                x: vec![1.0, 1.0],
                y: vec![0.0, 1.0]
            })
            .is_sound()
        );
    }

    #[test]
    fn yes_and_no_is_a_list_of_two() {
        let fitted = |t| Calibrator::Temperature { t };
        let list = fitted(2.0).list(&[0.9, 0.1]);
        assert!((list[0] - 0.75).abs() < 1e-12, "{list:?}"); // odds of 9 become 3
        assert!((fitted(2.0).yes(0.9) - 0.75).abs() < 1e-12);
        assert_eq!(
            (
                Calibrator::Identity.yes(0.3),
                Calibrator::Identity.list(&[0.2, 0.2])
            ),
            (0.3, vec![0.2, 0.2])
        );
        let none = Calibrator::Isotonic(Isotonic {
            x: vec![0.0],
            y: vec![0.0],
        });
        assert_eq!(none.list(&[0.5, 0.5]), [0.5, 0.5]);
    }

    /// The reading engine reads the same file and has the same values in its own test (`yes_and_lists_by_hand`).
    #[test]
    fn a_file_means_the_same_to_the_engine() {
        let curve = r#"{"kind":"isotonic","x":[-1.0,1.0],"y":[0.2,0.6]}"#;
        let list = format!(
            r#"{{"kind":"per_label","labels":[{curve},{{"kind":"identity"}},{{"kind":"identity"}}]}}"#
        );
        let list: Calibrator = serde_json::from_str(&list).expect("reads");
        let found = list.list(&[0.5, 0.25, 0.25]);
        assert!((found[0] - 0.4 / 0.9).abs() < 1e-12 && (found[1] - 0.25 / 0.9).abs() < 1e-12);
        assert!((list.yes_to(0, 0.5) - 0.4).abs() < 1e-12 && list.yes_to(7, 0.5) == 0.5);
    }

    #[test]
    fn what_cannot_be_fitted_is_not() {
        assert_eq!(fit_yes_no(Kind::Platt, &[(0.4, true)]), None);
        assert_eq!(fit_yes_no(Kind::Temperature, &[]), None);
        assert_eq!(fit_list(Kind::Platt, &[], 2), None);
        let never = [(0.6, 0.3), (0.2, 0.7), (0.5, 0.4), (0.3, 0.6)];
        let case = |(i, (a, b)): (usize, &(f64, f64))| Case {
            probabilities: vec![*a, *b, 0.1],
            truth: i % 2,
        };
        let cases: Vec<Case> = never.iter().enumerate().map(case).collect();
        let fitted = fit_list(Kind::Isotonic, &cases, 3).expect("cases");
        let Calibrator::PerLabel { labels } = &fitted.calibrator else {
            panic!("{fitted:?}");
        };
        assert_eq!(labels[2], Calibrator::Identity);
        assert!(fitted.calibrator.in_words().contains("against the rest"));
    }

    fn any_kind() -> impl Strategy<Value = Kind> {
        prop::sample::select(vec![
            Kind::Identity,
            Kind::Temperature,
            Kind::Platt,
            Kind::Isotonic,
        ])
    }

    proptest! {
        #[test]
        fn calibrated_lists_stay_lists(
            kind in any_kind(), list in prop::collection::vec((prop::array::uniform3(0.0_f64..1.0), 0_usize..3), 1..40)
        ) {
            let cases: Vec<Case> = list
                .iter()
                .map(|(w, t)| Case { probabilities: w.iter().map(|v| v / w.iter().sum::<f64>().max(1e-9)).collect(), truth: *t })
                .collect();
            let fitted = fit_list(kind, &cases, 3).expect("cases");
            prop_assert!(fitted.calibrator.is_sound());
            if kind == Kind::Temperature {
                prop_assert!(fitted.after <= fitted.before + 1e-9);
            }
            for case in &cases {
                let after = fitted.calibrator.list(&case.probabilities);
                prop_assert!(after.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)));
                prop_assert!(kind == Kind::Identity || (after.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn the_order_of_cases_stays(
            kind in any_kind(), list in prop::collection::vec((0.0_f64..=1.0, any::<bool>()), 2..60)
        ) {
            if let Some(fitted) = fit_yes_no(kind, &list) {
                let mut sorted: Vec<f64> = list.iter().map(|c| c.0).collect();
                sorted.sort_by(f64::total_cmp);
                let after: Vec<f64> = sorted.iter().map(|p| fitted.calibrator.yes(*p)).collect();
                prop_assert!(after.iter().all(|p| (0.0..=1.0).contains(p)));
                // Platt scaling of scores that stand the wrong way round turns them.
                let falls = matches!(fitted.calibrator, Calibrator::Platt { a, .. } if a < 0.0);
                prop_assert!(falls || after.windows(2).all(|w| w[0] <= w[1] + 1e-12));
            }
        }
    }
}
