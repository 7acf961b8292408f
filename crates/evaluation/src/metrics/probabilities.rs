//! Probabilities over a label set against the true label: Brier, log loss, calibration, rank, areas one against the rest
//! and one against one. Nothing is renormalised.

use serde::Serialize;

use super::confidence::{self, Answer};
use super::roc;

/// A case: a probability for each label and the index of the true one.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// One a label.
    pub probabilities: Vec<f64>,
    /// Index of the true label.
    pub truth: usize,
}

impl Case {
    fn of_truth(&self) -> f64 {
        self.probabilities.get(self.truth).copied().unwrap_or(0.0)
    }

    /// The most probable label, the first of equal ones. `None` without labels.
    pub fn top(&self) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (i, p) in self.probabilities.iter().enumerate() {
            if best.is_none_or(|b| *p > self.probabilities[b]) {
                best = Some(i);
            }
        }
        best
    }

    /// The truth's place from 1: labels that are more probable, and equally probable ones that stand before it, come first.
    pub fn rank(&self) -> usize {
        let own = self.of_truth();
        let before = |(i, p): &(usize, &f64)| **p > own || (**p == own && *i < self.truth);
        1 + self.probabilities.iter().enumerate().filter(before).count()
    }

    /// Sum over the labels of (p - [the label is the truth])², 0 to 2.
    pub fn brier(&self) -> f64 {
        let square = |(i, p): (usize, &f64)| (p - f64::from(u8::from(i == self.truth))).powi(2);
        self.probabilities.iter().enumerate().map(square).sum()
    }

    /// -ln of the truth's probability, clipped to 2.22e-16 … 1, in nats.
    pub fn log_loss(&self) -> f64 {
        -self.of_truth().clamp(f64::EPSILON, 1.0).ln()
    }

    /// Entropy in nats.
    pub fn entropy(&self) -> f64 {
        -self
            .probabilities
            .iter()
            .filter(|p| **p > 0.0)
            .map(|p| p * p.ln())
            .sum::<f64>()
    }

    /// The most probable label's probability, and whether it is right.
    pub fn answer(&self) -> Option<Answer> {
        let top = self.top()?;
        Some(Answer {
            confidence: self.probabilities[top],
            right: top == self.truth,
        })
    }
}

/// Figures over all cases; `None` where undefined.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Probabilities {
    /// Cases.
    pub n: usize,
    /// Share whose most probable label is right.
    pub accuracy: Option<f64>,
    /// Share whose truth is among the two most probable.
    pub top_2_accuracy: Option<f64>,
    /// Mean of 1 / rank.
    pub mean_reciprocal_rank: Option<f64>,
    /// Mean Brier score, 0 to 2.
    pub brier: Option<f64>,
    /// The part of each label, 0 to 1.
    pub brier_per_label: Vec<Option<f64>>,
    /// 1 - Brier / Brier of the base rates.
    pub brier_skill: Option<f64>,
    /// Mean log loss in nats.
    pub log_loss: Option<f64>,
    /// ECE of the most probable label, ten bins of equal width.
    pub ece_equal_width_10: Option<f64>,
    /// Fifteen bins.
    pub ece_equal_width_15: Option<f64>,
    /// Ten bins of equal size.
    pub ece_equal_mass_10: Option<f64>,
    /// Largest gap.
    pub mce_equal_width_10: Option<f64>,
    /// Area under the risk-coverage curve.
    pub aurc: Option<f64>,
    /// Less that of a perfect order.
    pub e_aurc: Option<f64>,
    /// Mean over the labels of the ECE of the label's probability (Kull and others 2019).
    pub classwise_ece_10: Option<f64>,
    /// Area of each label against the rest.
    pub roc_auc_ovr: Vec<Option<f64>>,
    /// Their mean; `None` when one is undefined.
    pub roc_auc_ovr_macro: Option<f64>,
    /// Weighted by the labels' cases.
    pub roc_auc_ovr_weighted: Option<f64>,
    /// Mean over the pairs of labels, both directions (Hand and Till 2001); `None` for fewer than three labels.
    pub roc_auc_ovo_macro: Option<f64>,
    /// Mean entropy in nats.
    pub mean_entropy_nats: Option<f64>,
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

fn column(cases: &[Case], label: usize) -> Vec<f64> {
    cases
        .iter()
        .map(|c| c.probabilities.get(label).copied().unwrap_or(0.0))
        .collect()
}

fn one_against_rest(cases: &[Case], label: usize) -> Option<f64> {
    let truth: Vec<bool> = cases.iter().map(|c| c.truth == label).collect();
    roc::auc(&truth, &column(cases, label))
}

/// Mean over the pairs of labels of both directions' areas.
fn one_against_one(cases: &[Case], labels: usize) -> Option<f64> {
    let mut of_label: Vec<Vec<usize>> = vec![Vec::new(); labels];
    for (i, case) in cases.iter().enumerate() {
        of_label.get_mut(case.truth)?.push(i);
    }
    let area = |own: usize, other: usize| {
        let both = || of_label[own].iter().chain(&of_label[other]);
        let truth: Vec<bool> = both().map(|i| cases[*i].truth == own).collect();
        let score: Vec<f64> = both().map(|i| cases[*i].probabilities[own]).collect();
        roc::auc(&truth, &score)
    };
    let (mut sum, mut pairs) = (0.0, 0_usize);
    for i in 0..labels {
        for j in i + 1..labels {
            sum += f64::midpoint(area(i, j)?, area(j, i)?);
            pairs += 1;
        }
    }
    (pairs > 0).then(|| sum / pairs as f64)
}

/// Mean over the labels of the ECE of each label's own probability, bins of equal width.
pub fn classwise_ece(cases: &[Case], labels: usize, bins: usize) -> Option<f64> {
    let of = |label: usize| {
        let own: Vec<Answer> = column(cases, label)
            .into_iter()
            .zip(cases)
            .map(|(confidence, case)| Answer {
                confidence,
                right: case.truth == label,
            })
            .collect();
        confidence::expected_error(&confidence::equal_width(&own, bins))
    };
    let each: Option<Vec<f64>> = (0..labels).map(of).collect();
    mean(each?.into_iter())
}

/// Every figure over `labels` labels. Cases stand in the order that breaks ties of equal-mass bins. A case without a
/// probability for each label, or without its truth among them, is left out.
pub fn probabilities(cases: &[Case], labels: usize) -> Probabilities {
    let sound = |c: &&Case| c.probabilities.len() == labels && c.truth < labels;
    let cases: Vec<Case> = cases.iter().filter(sound).cloned().collect();
    let n = cases.len();
    let ranks: Vec<usize> = cases.iter().map(Case::rank).collect();
    let answers: Vec<Answer> = cases.iter().filter_map(Case::answer).collect();
    let of_confidence = confidence::confidence(&answers);
    let share = |label: usize| cases.iter().filter(|c| c.truth == label).count() as f64 / n as f64;
    let base: Vec<f64> = (0..labels).map(share).collect();
    let brier = mean(cases.iter().map(Case::brier));
    let reference = mean(cases.iter().map(|c| {
        let square = |(i, p): (usize, &f64)| (p - f64::from(u8::from(i == c.truth))).powi(2);
        base.iter().enumerate().map(square).sum()
    }));
    let per_label = |label: usize| {
        let truth: Vec<bool> = cases.iter().map(|c| c.truth == label).collect();
        roc::brier(&truth, &column(&cases, label))
    };
    let areas: Vec<Option<f64>> = (0..labels).map(|l| one_against_rest(&cases, l)).collect();
    let whole: Option<Vec<f64>> = areas.iter().copied().collect();
    Probabilities {
        n,
        accuracy: of_confidence.accuracy,
        top_2_accuracy: mean(ranks.iter().map(|r| f64::from(u8::from(*r <= 2)))),
        mean_reciprocal_rank: mean(ranks.iter().map(|r| 1.0 / *r as f64)),
        brier,
        brier_per_label: (0..labels).map(per_label).collect(),
        brier_skill: brier
            .zip(reference)
            .filter(|(_, r)| *r > 0.0)
            .map(|(b, r)| 1.0 - b / r),
        log_loss: mean(cases.iter().map(Case::log_loss)),
        ece_equal_width_10: of_confidence.ece_equal_width_10,
        ece_equal_width_15: of_confidence.ece_equal_width_15,
        ece_equal_mass_10: of_confidence.ece_equal_mass_10,
        mce_equal_width_10: of_confidence.mce_equal_width_10,
        aurc: of_confidence.aurc,
        e_aurc: of_confidence.e_aurc,
        classwise_ece_10: classwise_ece(&cases, labels, 10),
        roc_auc_ovr_macro: whole.as_ref().and_then(|w| mean(w.iter().copied())),
        roc_auc_ovr_weighted: whole
            .as_ref()
            .map(|w| w.iter().zip(&base).map(|(a, b)| a * b).sum()),
        roc_auc_ovo_macro: whole
            .filter(|_| labels > 2)
            .and_then(|_| one_against_one(&cases, labels)),
        roc_auc_ovr: areas,
        mean_entropy_nats: mean(cases.iter().map(Case::entropy)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn case(probabilities: &[f64], truth: usize) -> Case {
        Case {
            probabilities: probabilities.to_vec(),
            truth,
        }
    }

    #[test]
    fn ties_go_to_the_first_label() {
        let tied = case(&[0.4, 0.4, 0.2], 1);
        assert_eq!((tied.top(), tied.rank()), (Some(0), 2));
        assert_eq!(case(&[0.4, 0.4, 0.2], 0).rank(), 1);
        assert_eq!(case(&[], 0).top(), None);
    }

    #[test]
    fn certain_answers() {
        let right = probabilities(&[case(&[1.0, 0.0], 0), case(&[0.0, 1.0], 1)], 2);
        assert_eq!(
            (right.brier, right.log_loss, right.brier_skill),
            (Some(0.0), Some(0.0), Some(1.0))
        );
        assert_eq!(
            (right.roc_auc_ovr_macro, right.roc_auc_ovo_macro),
            (Some(1.0), None)
        );
        let wrong = probabilities(&[case(&[1.0, 0.0], 1)], 2);
        assert_eq!(
            (wrong.brier, wrong.brier_skill, wrong.roc_auc_ovr_macro),
            (Some(2.0), None, None)
        );
        assert!((wrong.log_loss.expect("a case") - 36.043_653_389_117_15).abs() < 1e-9);
        let none = probabilities(&[], 3);
        assert_eq!(
            (none.n, none.accuracy, none.brier, none.classwise_ece_10),
            (0, None, None, None)
        );
        assert_eq!(probabilities(&[case(&[0.5], 0), case(&[0.5, 0.5], 7)], 2).n, 0);
    }

    proptest! {
        #[test]
        fn two_labels_have_one_area(list in prop::collection::vec((0.0_f64..1.0, 0_usize..2), 2..50)) {
            let cases: Vec<Case> = list.iter().map(|(p, t)| case(&[*p, 1.0 - p], *t)).collect();
            let found = probabilities(&cases, 2);
            if let [Some(a), Some(b)] = found.roc_auc_ovr[..] {
                prop_assert!((a - b).abs() < 1e-12);
            }
            // The label's parts add up.
            let parts: f64 = found.brier_per_label.iter().flatten().sum();
            prop_assert!((parts - found.brier.expect("cases")).abs() < 1e-12);
        }
    }
}
