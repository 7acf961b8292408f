//! Figures of a yes or no question from its four counts. Clinical ones are `None` where nothing can be said of them.

use serde::{Serialize, Serializer};

use super::proportion::{clopper_pearson, wilson};

/// A ratio that may be infinite; written as the text `inf` then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Odds {
    /// A number.
    Finite(f64),
    /// Something over nothing.
    Infinite,
}

impl Serialize for Odds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Finite(x) => serializer.serialize_f64(*x),
            Self::Infinite => serializer.serialize_str("inf"),
        }
    }
}

/// The four counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Positive and said so.
    pub tp: usize,
    /// Negative, called positive.
    pub fp: usize,
    /// Positive, called negative.
    #[serde(rename = "fn")]
    pub missed: usize,
    /// Negative and said so.
    pub tn: usize,
}

/// Intervals at 95 %.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Both {
    /// Score interval.
    pub wilson: Option<[f64; 2]>,
    /// Exact interval.
    pub clopper_pearson: Option<[f64; 2]>,
}

/// Intervals of the clinical figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinaryIntervals {
    /// Of the sensitivity.
    pub sensitivity: Both,
    /// Of the specificity.
    pub specificity: Both,
    /// Of the positive predictive value, at the prevalence of these cases.
    pub ppv: Both,
    /// Of the negative predictive value, at the prevalence of these cases.
    pub npv: Both,
    /// Of the accuracy.
    pub accuracy: Both,
}

/// Everything that four counts give.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Binary {
    /// Cases.
    pub n: usize,
    /// Share right.
    pub accuracy: Option<f64>,
    /// Share of positives.
    pub prevalence: Option<f64>,
    /// tp / (tp + fn).
    pub sensitivity: Option<f64>,
    /// tn / (tn + fp).
    pub specificity: Option<f64>,
    /// tp / (tp + fp).
    pub ppv: Option<f64>,
    /// tn / (tn + fn).
    pub npv: Option<f64>,
    /// F with sensitivity and PPV alike.
    pub f1: Option<f64>,
    /// F with sensitivity twice as heavy.
    pub f2: Option<f64>,
    /// F with PPV twice as heavy.
    pub f0_5: Option<f64>,
    /// Mean of sensitivity and specificity.
    pub balanced_accuracy: Option<f64>,
    /// Sensitivity + specificity - 1.
    pub youden_j: Option<f64>,
    /// Sensitivity / (1 - specificity).
    pub lr_positive: Option<Odds>,
    /// (1 - sensitivity) / specificity.
    pub lr_negative: Option<Odds>,
    /// tp·tn / (fp·fn).
    pub diagnostic_odds_ratio: Option<Odds>,
    /// The same with ½ added to each count.
    pub dor_haldane: f64,
    /// Matthews' correlation; 0 where a margin is empty.
    pub mcc: f64,
    /// Cohen's kappa with the truth.
    pub kappa: Option<f64>,
    /// tp / (tp + fp + fn).
    pub jaccard: Option<f64>,
    /// Intervals.
    pub ci: BinaryIntervals,
}

/// Predictive values at another prevalence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtPrevalence {
    /// Positive.
    pub ppv: Option<f64>,
    /// Negative.
    pub npv: Option<f64>,
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (b != 0.0).then(|| a / b)
}

fn odds(a: f64, b: f64) -> Option<Odds> {
    match ratio(a, b) {
        Some(x) => Some(Odds::Finite(x)),
        None => (a > 0.0).then_some(Odds::Infinite),
    }
}

/// All figures of four counts.
pub fn binary(counts: Counts) -> Binary {
    let Counts { tp, fp, missed, tn } = counts;
    let [a, b, c, d] = [tp, fp, missed, tn].map(|x| x as f64);
    let n = a + b + c + d;
    let (sensitivity, specificity) = (ratio(a, a + c), ratio(d, d + b));
    let both = sensitivity.zip(specificity);
    // Products of counts in whole numbers: their difference may be small beside them.
    let [ia, ib, ic, id] = [tp, fp, missed, tn].map(|x| x as i128);
    let away = (ia.saturating_mul(id)).saturating_sub(ib.saturating_mul(ic)) as f64;
    let margins = (a + b).sqrt() * (a + c).sqrt() * (d + b).sqrt() * (d + c).sqrt();
    let by_chance = (ia + ib)
        .saturating_mul(ia + ic)
        .saturating_add((ic + id).saturating_mul(ib + id)) as f64
        / (n * n);
    let interval = |k: usize, n: usize| Both {
        wilson: wilson(k, n),
        clopper_pearson: clopper_pearson(k, n),
    };
    Binary {
        n: tp + fp + missed + tn,
        accuracy: ratio(a + d, n),
        prevalence: ratio(a + c, n),
        sensitivity,
        specificity,
        ppv: ratio(a, a + b),
        npv: ratio(d, d + c),
        f1: ratio(2.0 * a, 2.0 * a + b + c),
        f2: ratio(5.0 * a, 5.0 * a + 4.0 * c + b),
        f0_5: ratio(1.25 * a, 1.25 * a + 0.25 * c + b),
        balanced_accuracy: both.map(|(x, y)| f64::midpoint(x, y)),
        youden_j: both.map(|(x, y)| x + y - 1.0),
        lr_positive: both.and_then(|(x, _)| odds(x, b / (d + b))),
        lr_negative: both.and_then(|(_, y)| odds(c / (a + c), y)),
        diagnostic_odds_ratio: odds(a * d, b * c),
        dor_haldane: ((a + 0.5) * (d + 0.5)) / ((b + 0.5) * (c + 0.5)),
        mcc: if margins > 0.0 { away / margins } else { 0.0 },
        kappa: (n > 0.0 && by_chance != 1.0).then(|| ((a + d) / n - by_chance) / (1.0 - by_chance)),
        jaccard: ratio(a, a + b + c),
        ci: BinaryIntervals {
            sensitivity: interval(tp, tp + missed),
            specificity: interval(tn, tn + fp),
            ppv: interval(tp, tp + fp),
            npv: interval(tn, tn + missed),
            accuracy: interval(tp + tn, tp + fp + missed + tn),
        },
    }
}

/// Predictive values that this sensitivity and specificity give where `prevalence` (0…1) of the cases are positive.
pub fn at_prevalence(sensitivity: f64, specificity: f64, prevalence: f64) -> AtPrevalence {
    let (a, b) = (sensitivity * prevalence, (1.0 - specificity) * (1.0 - prevalence));
    let (c, d) = (specificity * (1.0 - prevalence), (1.0 - sensitivity) * prevalence);
    AtPrevalence {
        ppv: ratio(a, a + b),
        npv: ratio(c, c + d),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_of_no_positives() {
        let b = binary(Counts {
            fp: 3,
            tn: 17,
            ..Counts::default()
        });
        assert_eq!((b.sensitivity, b.ppv, b.youden_j), (None, Some(0.0), None));
        assert_eq!((b.lr_positive, b.diagnostic_odds_ratio, b.mcc), (None, None, 0.0));
    }

    #[test]
    fn over_nothing_is_infinite() {
        let b = binary(Counts {
            tp: 12,
            tn: 30,
            ..Counts::default()
        });
        assert_eq!(b.lr_positive, Some(Odds::Infinite));
        assert_eq!(
            serde_json::to_value(&b).expect("JSON")["diagnostic_odds_ratio"],
            "inf"
        );
    }

    /// Bayes' rule by hand: of 1000 patients 10 are ill, 9 of them found, 99 of the others called ill.
    #[test]
    fn a_rare_disease() {
        let at = at_prevalence(0.9, 0.9, 0.01);
        assert!((at.ppv.expect("defined") - 9.0 / 108.0).abs() < 1e-12);
        assert_eq!(at_prevalence(0.0, 1.0, 0.2).ppv, None);
    }

    /// A million cases: the correlation is that of the same table a hundred times smaller.
    #[test]
    fn many_cases() {
        let of = |m: usize| {
            binary(Counts {
                tp: 450 * m,
                fp: 70 * m,
                missed: 50 * m,
                tn: 1430 * m,
            })
        };
        let (small, large) = (of(1), of(1_000_000));
        assert!((small.mcc - large.mcc).abs() < 1e-12 && small.sensitivity == large.sensitivity);
    }
}
