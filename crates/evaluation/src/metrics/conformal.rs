//! Conformal prediction: sets of labels that hold the truth with a stated probability (Vovk; Sadinle, Lei and Wasserman
//! 2019; Romano, Sesia and Candès 2020). No randomisation.
//!
//! The promise is marginal, over all cases together, and needs calibration cases and new ones of the same kind. Cases of
//! one patient are not independent: calibrate with one score a patient ([`worst_of_patient`]), and show the coverage of
//! each label, which may be far from the whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::proportion::wilson;

/// Comparisons are made with this slack, so that a sum of probabilities in another order decides nothing.
const SLACK: f64 = 1e-12;

/// How far a label is from what the reader expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Score {
    /// 1 - p(label): least ambiguous sets; small, may be empty.
    Lac,
    /// The probability of all labels down to this one, the most probable first: adaptive sets, never empty.
    Aps,
}

/// Labels from the most probable down; equal ones by their index.
fn order(probabilities: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| (probabilities[*b] + 0.0).total_cmp(&(probabilities[*a] + 0.0)));
    order
}

impl Score {
    /// The score of the label `truth`. `None` when it is not among the labels.
    pub fn of(self, probabilities: &[f64], truth: usize) -> Option<f64> {
        let own = probabilities.get(truth)?;
        if self == Self::Lac {
            return Some(1.0 - own);
        }
        let mut sum = 0.0;
        for label in order(probabilities) {
            sum += probabilities[label];
            if label == truth {
                break;
            }
        }
        Some(sum)
    }
}

/// The largest score of each patient: the threshold then covers all cases of a new patient together.
pub fn worst_of_patient<'a>(scores: impl IntoIterator<Item = (&'a str, f64)>) -> Vec<f64> {
    let mut worst: BTreeMap<&str, f64> = BTreeMap::new();
    for (patient, score) in scores {
        let own = worst.entry(patient).or_insert(score);
        *own = own.max(score);
    }
    worst.into_values().collect()
}

/// A threshold from calibration scores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Which score.
    pub score: Score,
    /// Share of new cases that may be missed.
    pub alpha: f64,
    /// Calibration scores.
    pub n: usize,
    /// ceil((n + 1) (1 - alpha)).
    pub rank: usize,
    /// The score of that rank; `None` for infinity, when there are too few scores: every set is full then.
    pub q: Option<f64>,
}

impl Threshold {
    /// The threshold for `alpha` in 0 to 1. `None` for another alpha.
    pub fn new(score: Score, calibration: &[f64], alpha: f64) -> Option<Self> {
        if !(alpha > 0.0 && alpha < 1.0) {
            return None;
        }
        let mut sorted: Vec<f64> = calibration.iter().copied().filter(|s| !s.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let rank = (((n + 1) as f64 * (1.0 - alpha) - SLACK).ceil()).max(1.0) as usize;
        Some(Self {
            score,
            alpha,
            n,
            rank,
            q: sorted.get(rank - 1).copied(),
        })
    }

    /// The labels of a new case, by rising index.
    pub fn set(&self, probabilities: &[f64]) -> Vec<usize> {
        let Some(q) = self.q else {
            return (0..probabilities.len()).collect();
        };
        let mut set = Vec::new();
        match self.score {
            Score::Lac => {
                set.extend((0..probabilities.len()).filter(|i| 1.0 - probabilities[*i] <= q + SLACK))
            }
            Score::Aps => {
                let mut sum = 0.0;
                for label in order(probabilities) {
                    set.push(label);
                    sum += probabilities[label];
                    if sum >= q - SLACK {
                        break;
                    }
                }
                set.sort_unstable();
            }
        }
        set
    }
}

/// How often the truth was in the set, for all cases or for those of one label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Covered {
    /// Cases.
    pub n: usize,
    /// Those whose set holds the truth.
    pub covered: usize,
    /// Their share; `None` without cases.
    pub coverage: Option<f64>,
    /// Its 95 % Wilson interval.
    pub wilson: Option<[f64; 2]>,
}

impl Covered {
    fn of(n: usize, covered: usize) -> Self {
        Self {
            n,
            covered,
            coverage: (n > 0).then(|| covered as f64 / n as f64),
            wilson: wilson(covered, n),
        }
    }
}

/// Sets held against the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// All cases.
    pub all: Covered,
    /// By the true label.
    pub per_label: Vec<Covered>,
    /// Mean number of labels in a set; `None` without cases.
    pub mean_size: Option<f64>,
    /// Sets with no label.
    pub empty: usize,
}

/// Coverage of `sets` against the indices of the true labels, over `labels` labels.
pub fn coverage(sets: &[Vec<usize>], truth: &[usize], labels: usize) -> Coverage {
    let pairs = || sets.iter().zip(truth);
    let n = pairs().count();
    let of = |label: Option<usize>| {
        let own = || pairs().filter(|(_, t)| label.is_none_or(|l| **t == l));
        Covered::of(own().count(), own().filter(|(set, t)| set.contains(t)).count())
    };
    Coverage {
        all: of(None),
        per_label: (0..labels).map(|l| of(Some(l))).collect(),
        mean_size: (n > 0).then(|| pairs().map(|(set, _)| set.len()).sum::<usize>() as f64 / n as f64),
        empty: pairs().filter(|(set, _)| set.is_empty()).count(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_and_sets_by_hand() {
        let p = [0.2, 0.5, 0.2, 0.1];
        assert_eq!(Score::Lac.of(&p, 1), Some(0.5));
        assert!((Score::Aps.of(&p, 2).expect("a label") - 0.9).abs() < 1e-15);
        assert_eq!(Score::Aps.of(&p, 4), None);
        let at = |score, q| Threshold {
            score,
            alpha: 0.1,
            n: 9,
            rank: 9,
            q,
        };
        assert_eq!(at(Score::Lac, Some(0.8)).set(&p), [0, 1, 2]);
        assert!(at(Score::Lac, Some(0.4)).set(&p).is_empty());
        assert_eq!(at(Score::Aps, Some(0.7)).set(&p), [0, 1]);
        assert_eq!(at(Score::Aps, None).set(&p), [0, 1, 2, 3]);
    }

    #[test]
    fn few_scores_have_no_threshold() {
        let scores = [0.1; 8];
        assert_eq!(
            Threshold::new(Score::Lac, &scores, 0.1).map(|t| (t.rank, t.q)),
            Some((9, None))
        );
        assert_eq!(
            Threshold::new(Score::Lac, &[0.1; 9], 0.1).map(|t| (t.rank, t.q)),
            Some((9, Some(0.1)))
        );
        assert_eq!(Threshold::new(Score::Aps, &scores, 1.0), None);
        assert_eq!(
            worst_of_patient([("b", 0.2), ("a", 0.4), ("b", 0.9), ("b", 0.1)]),
            [0.4, 0.9]
        );
    }

    /// Over all ways to take one of n + 1 exchangeable scores as the new one, at least 1 - alpha are covered.
    fn covered_in_turn(score: Score, cases: &[(Vec<f64>, usize)], alpha: f64) -> f64 {
        let scores: Vec<f64> = cases.iter().filter_map(|(p, t)| score.of(p, *t)).collect();
        let mut covered = 0;
        for (i, (p, truth)) in cases.iter().enumerate() {
            let mut others = scores.clone();
            others.remove(i);
            let threshold = Threshold::new(score, &others, alpha).expect("an alpha");
            covered += usize::from(threshold.set(p).contains(truth));
        }
        covered as f64 / cases.len() as f64
    }

    proptest! {
        #[test]
        fn exchangeable_cases_are_covered(
            list in prop::collection::vec((prop::array::uniform3(0.01_f64..1.0), 0_usize..3), 5..40),
            alpha in 0.05_f64..0.6
        ) {
            let cases: Vec<(Vec<f64>, usize)> = list
                .iter()
                .map(|(w, t)| (w.iter().map(|v| v / w.iter().sum::<f64>()).collect(), *t))
                .collect();
            prop_assert!(covered_in_turn(Score::Lac, &cases, alpha) >= 1.0 - alpha - 1e-9);
            prop_assert!(covered_in_turn(Score::Aps, &cases, alpha) >= 1.0 - alpha - 1e-9);
        }
    }
}
