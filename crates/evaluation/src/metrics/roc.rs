//! Scores against yes and no at every threshold: ROC, precision-recall, operating points, net benefit.
//!
//! A case is called positive when its score is at or above the threshold. Scores may be any numbers (log-odds,
//! probabilities); one that is not a number leaves its case out.

use serde::Serialize;

/// The counts at or above one score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The score.
    pub threshold: f64,
    /// Positive cases with this score or a higher one.
    pub tp: usize,
    /// Negative ones.
    pub fp: usize,
}

/// The counts at every distinct score, from the highest down, and the cases of each class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    /// From the highest score down.
    pub steps: Vec<Step>,
    /// Positive cases.
    pub positives: usize,
    /// Negative cases.
    pub negatives: usize,
}

/// A point of the ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RocPoint {
    /// 1 - specificity; `None` without negatives.
    pub fpr: Option<f64>,
    /// Sensitivity; `None` without positives.
    pub tpr: Option<f64>,
    /// Cases at or above it are called positive; infinity for the first point, which calls none.
    pub threshold: f64,
}

/// The point with the largest Youden J.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Youden {
    /// Sensitivity + specificity - 1.
    pub j: f64,
    /// The highest threshold that has it; infinity where calling none is best.
    pub threshold: f64,
}

/// A point of the precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PrPoint {
    /// Sensitivity.
    pub recall: f64,
    /// Positive predictive value.
    pub precision: f64,
    /// Cases at or above it are called positive.
    pub threshold: f64,
}

fn share(a: usize, b: usize) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64)
}

/// Indices of the numbers in `values` from the largest down; equal ones in their own order, not-a-numbers left out.
pub fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).filter(|i| !values[*i].is_nan()).collect();
    // + 0.0 makes one zero of the two.
    order.sort_by(|a, b| (values[*b] + 0.0).total_cmp(&(values[*a] + 0.0)));
    order
}

impl Steps {
    /// Counts in O(n log n).
    pub fn new(truth: &[bool], score: &[f64]) -> Self {
        let n = truth.len().min(score.len());
        let mut out = Self::default();
        for i in descending(&score[..n]) {
            if truth[i] {
                out.positives += 1;
            } else {
                out.negatives += 1;
            }
            let now = Step {
                threshold: score[i],
                tp: out.positives,
                fp: out.negatives,
            };
            match out.steps.last_mut() {
                Some(last) if last.threshold == score[i] => *last = now,
                _ => out.steps.push(now),
            }
        }
        out
    }

    /// Cases counted.
    pub fn n(&self) -> usize {
        self.positives + self.negatives
    }

    /// Area under the ROC curve: the share of pairs of a positive and a negative case that stand in the right order,
    /// ties counted half (Mann-Whitney). `None` unless there are both.
    pub fn auc(&self) -> Option<f64> {
        let (mut twice, mut tp, mut fp) = (0_u128, 0, 0);
        for step in &self.steps {
            twice += (step.fp - fp) as u128 * (tp + step.tp) as u128;
            (tp, fp) = (step.tp, step.fp);
        }
        let pairs = self.positives as f64 * self.negatives as f64;
        (pairs > 0.0).then(|| twice as f64 / (2.0 * pairs))
    }

    /// The points of the ROC curve, from the highest threshold down; the first calls no case positive.
    pub fn roc(&self) -> Vec<RocPoint> {
        let point = |tp, fp, threshold| RocPoint {
            fpr: share(fp, self.negatives),
            tpr: share(tp, self.positives),
            threshold,
        };
        std::iter::once(point(0, 0, f64::INFINITY))
            .chain(self.steps.iter().map(|s| point(s.tp, s.fp, s.threshold)))
            .collect()
    }

    /// The points of the precision-recall curve, from the highest threshold down. Empty without positives.
    pub fn precision_recall(&self) -> Vec<PrPoint> {
        if self.positives == 0 {
            return Vec::new();
        }
        let point = |s: &Step| PrPoint {
            recall: s.tp as f64 / self.positives as f64,
            precision: s.tp as f64 / (s.tp + s.fp) as f64,
            threshold: s.threshold,
        };
        self.steps.iter().map(point).collect()
    }

    /// Average precision: the step sum of (rise of recall) times precision. 1 without negatives, `None` without
    /// positives.
    pub fn average_precision(&self) -> Option<f64> {
        let (mut sum, mut before) = (0.0, 0.0);
        for point in self.precision_recall() {
            sum += (point.recall - before) * point.precision;
            before = point.recall;
        }
        (self.positives > 0).then_some(sum)
    }

    /// Area under the precision-recall curve by the trapezoid rule, from recall 0 at precision 1. Too kind to a reader;
    /// for comparison with others' figures. `None` unless there are both classes.
    pub fn pr_auc_trapezoid(&self) -> Option<f64> {
        if self.positives == 0 || self.negatives == 0 {
            return None;
        }
        let (mut sum, mut before) = (0.0, (0.0, 1.0));
        for point in self.precision_recall() {
            sum += (point.recall - before.0) * (point.precision + before.1) / 2.0;
            before = (point.recall, point.precision);
        }
        Some(sum)
    }

    /// The point with the largest Youden J; of equal ones the highest threshold. `None` unless there are both classes.
    pub fn youden(&self) -> Option<Youden> {
        let mut best: Option<Youden> = None;
        for point in self.roc() {
            let j = point.tpr? - point.fpr?;
            if best.is_none_or(|b| j > b.j) {
                best = Some(Youden {
                    j,
                    threshold: point.threshold,
                });
            }
        }
        best
    }

    /// The largest sensitivity among thresholds whose specificity is at least `wanted`.
    pub fn sensitivity_at_specificity(&self, wanted: f64) -> Option<f64> {
        let sound = |p: &RocPoint| Some((1.0 - p.fpr?, p.tpr?));
        self.best(wanted, sound)
    }

    /// The largest specificity among thresholds whose sensitivity is at least `wanted`.
    pub fn specificity_at_sensitivity(&self, wanted: f64) -> Option<f64> {
        self.best(wanted, |p| Some((p.tpr?, 1.0 - p.fpr?)))
    }

    fn best(&self, wanted: f64, of: impl Fn(&RocPoint) -> Option<(f64, f64)>) -> Option<f64> {
        // The slack lets 9 of 10 be 0.9 whatever the rounding.
        self.roc()
            .iter()
            .filter_map(of)
            .filter(|(held, _)| *held >= wanted - 1e-12)
            .map(|(_, value)| value)
            .reduce(f64::max)
    }

    /// Net benefit of treating at or above a probability of `threshold` (Vickers and Elkin 2006):
    /// TP/n - FP/n * t/(1-t). `None` without cases.
    pub fn net_benefit(&self, threshold: f64) -> Option<f64> {
        let above = self.steps.partition_point(|s| s.threshold >= threshold);
        let (tp, fp) = above.checked_sub(1).map_or((0, 0), |last| {
            let step = self.steps[last];
            (step.tp, step.fp)
        });
        let n = self.n();
        let odds = threshold / (1.0 - threshold);
        Some(share(tp, n)? - share(fp, n)? * odds)
    }
}

/// Area under the ROC curve, see [`Steps::auc`].
pub fn auc(truth: &[bool], score: &[f64]) -> Option<f64> {
    Steps::new(truth, score).auc()
}

/// Brier score of two-class probabilities: the mean squared distance from 0 or 1. `None` without cases.
pub fn brier(truth: &[bool], probability: &[f64]) -> Option<f64> {
    let n = truth.len().min(probability.len());
    let square = |(t, p): (&bool, &f64)| (p - f64::from(u8::from(*t))).powi(2);
    (n > 0).then(|| truth.iter().zip(probability).map(square).sum::<f64>() / n as f64)
}

/// Mean log loss of two-class probabilities in nats, clipped to [eps, 1 - eps] with eps = 2.22e-16. `None` without cases.
pub fn log_loss(truth: &[bool], probability: &[f64]) -> Option<f64> {
    let n = truth.len().min(probability.len());
    let loss = |(t, p): (&bool, &f64)| {
        let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        -(if *t { p } else { 1.0 - p }).ln()
    };
    (n > 0).then(|| truth.iter().zip(probability).map(loss).sum::<f64>() / n as f64)
}

/// Standard error of an AUC by Hanley and McNeil (1982), from the AUC and the number of cases of each class alone.
pub fn hanley_mcneil_se(auc: f64, positives: usize, negatives: usize) -> Option<f64> {
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (p, n) = (positives as f64, negatives as f64);
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let sum = auc * (1.0 - auc) + (p - 1.0) * (q1 - auc * auc) + (n - 1.0) * (q2 - auc * auc);
    Some((sum.max(0.0) / (p * n)).sqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brute(truth: &[bool], score: &[f64]) -> Option<f64> {
        let of = |class: bool| -> Vec<f64> {
            truth
                .iter()
                .zip(score)
                .filter(|(t, _)| **t == class)
                .map(|(_, s)| *s)
                .collect()
        };
        let (yes, no) = (of(true), of(false));
        let pairs = (yes.len() * no.len()) as f64;
        let mut right = 0.0;
        for y in &yes {
            for n in &no {
                right += if y > n {
                    1.0
                } else if y == n {
                    0.5
                } else {
                    0.0
                };
            }
        }
        (pairs > 0.0).then(|| right / pairs)
    }

    #[test]
    fn a_curve_by_hand() {
        let steps = Steps::new(&[true, false, true, false], &[0.9, 0.8, 0.8, 0.1]);
        assert_eq!(steps.steps.len(), 3);
        assert_eq!(steps.auc(), Some(0.875));
        // Recall 1/2 at precision 1, recall 1 at precision 2/3.
        assert!((steps.average_precision().expect("positives") - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-15);
        let best = steps.youden().expect("both classes");
        assert_eq!((best.j, best.threshold), (0.5, 0.9));
        assert_eq!(steps.sensitivity_at_specificity(0.9), Some(0.5));
        assert_eq!(steps.specificity_at_sensitivity(0.9), Some(0.5));
        assert_eq!(steps.net_benefit(0.5), Some(0.25));
        assert_eq!(steps.net_benefit(0.95), Some(0.0));
    }

    #[test]
    fn without_cases_nothing_is_defined() {
        let none = Steps::new(&[], &[]);
        assert_eq!(
            (none.auc(), none.average_precision(), none.youden()),
            (None, None, None)
        );
        assert_eq!(
            (none.net_benefit(0.1), brier(&[], &[]), log_loss(&[], &[])),
            (None, None, None)
        );
        let one = Steps::new(&[true, true], &[0.1, 0.2]);
        assert_eq!(
            (one.auc(), one.average_precision(), one.pr_auc_trapezoid()),
            (None, Some(1.0), None)
        );
        assert_eq!(Steps::new(&[true, false], &[f64::NAN, 0.2]).n(), 1);
    }

    fn cases() -> impl Strategy<Value = Vec<(bool, f64)>> {
        prop::collection::vec(
            (any::<bool>(), (0_u8..12).prop_map(|v| f64::from(v) / 8.0 - 0.5)),
            0..60,
        )
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_order(cases in cases()) {
            let (truth, score): (Vec<bool>, Vec<f64>) = cases.into_iter().unzip();
            match (auc(&truth, &score), brute(&truth, &score)) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-12),
                (a, b) => prop_assert_eq!(a, b),
            }
        }

        #[test]
        fn a_rising_map_changes_nothing_and_a_falling_one_mirrors(cases in cases()) {
            let (truth, score): (Vec<bool>, Vec<f64>) = cases.into_iter().unzip();
            let rising: Vec<f64> = score.iter().map(|s| (3.0 * s).exp() + 1.0).collect();
            let falling: Vec<f64> = score.iter().map(|s| -s).collect();
            let (own, up) = (Steps::new(&truth, &score), Steps::new(&truth, &rising));
            prop_assert_eq!(own.auc(), up.auc());
            prop_assert_eq!(own.average_precision(), up.average_precision());
            if let (Some(a), Some(b)) = (own.auc(), auc(&truth, &falling)) {
                prop_assert!((a + b - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn the_curve_rises_to_the_corner(cases in cases()) {
            let (truth, score): (Vec<bool>, Vec<f64>) = cases.into_iter().unzip();
            let steps = Steps::new(&truth, &score);
            let points = steps.roc();
            for two in points.windows(2) {
                prop_assert!(two[0].threshold > two[1].threshold);
                prop_assert!(two[0].tpr <= two[1].tpr && two[0].fpr <= two[1].fpr);
            }
            // The trapezoids under it are the area.
            if let Some(area) = steps.auc() {
                let sum: f64 = points.windows(2).map(|w| {
                    let (x, y) = (|p: &RocPoint| p.fpr.unwrap_or(0.0), |p: &RocPoint| p.tpr.unwrap_or(0.0));
                    (x(&w[1]) - x(&w[0])) * (y(&w[1]) + y(&w[0])) / 2.0
                }).sum();
                prop_assert!((sum - area).abs() < 1e-12);
            }
        }
    }
}
