//! Answering only when sure: the risk-coverage curve, its area, and the line below which a reader should abstain.
//!
//! Risk is the share of wrong answers among those kept when the least sure are handed to a person (El-Yaniv and Wiener
//! 2010; Geifman and El-Yaniv 2017). Answers of equal confidence cannot be told apart, so they share their errors.

use serde::Serialize;

use super::confidence::Answer;
use super::roc::descending;
use super::special::beta_quantile;

/// The risk after the k surest answers, k = 1 … n.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskCoverage {
    /// At k - 1: errors among the k surest, over k; ties share their errors evenly.
    pub risks: Vec<f64>,
    /// At the end of every block of equal confidence.
    pub blocks: Vec<Block>,
    errors: usize,
}

/// What is kept when answers at or above a confidence are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Block {
    /// Confidence.
    pub confidence: f64,
    /// Answers kept.
    pub kept: usize,
    /// Wrong ones among them.
    pub errors: usize,
}

impl RiskCoverage {
    /// Orders by falling confidence in O(n log n). An answer whose confidence is no number is left out.
    pub fn new(answers: &[Answer]) -> Self {
        let confidences: Vec<f64> = answers.iter().map(|a| a.confidence).collect();
        let order = descending(&confidences);
        let mut out = Self {
            risks: Vec::with_capacity(order.len()),
            ..Self::default()
        };
        let mut at = 0;
        while at < order.len() {
            let confidence = confidences[order[at]];
            let block = order[at..]
                .iter()
                .take_while(|i| confidences[**i] == confidence)
                .count()
                .max(1);
            let wrong = order[at..at + block]
                .iter()
                .filter(|i| !answers[**i].right)
                .count();
            for j in 1..=block {
                let errors = out.errors as f64 + wrong as f64 * j as f64 / block as f64;
                out.risks.push(errors / (at + j) as f64);
            }
            out.errors += wrong;
            at += block;
            out.blocks.push(Block {
                confidence,
                kept: at,
                errors: out.errors,
            });
        }
        out
    }

    /// Area under the curve: the mean of the risks. `None` without answers.
    pub fn area(&self) -> Option<f64> {
        let n = self.risks.len();
        (n > 0).then(|| self.risks.iter().sum::<f64>() / n as f64)
    }

    /// The area of a perfect order, in which every wrong answer comes last.
    pub fn least_area(&self) -> Option<f64> {
        let n = self.risks.len();
        let right = n - self.errors;
        let sum: f64 = (right + 1..=n).map(|k| (k - right) as f64 / k as f64).sum();
        (n > 0).then(|| sum / n as f64)
    }

    /// The area less that of a perfect order.
    pub fn excess_area(&self) -> Option<f64> {
        Some(self.area()? - self.least_area()?)
    }

    /// The risk when the surest share `coverage` of the answers is kept: the first ceil(coverage * n).
    pub fn risk_at(&self, coverage: f64) -> Option<f64> {
        let n = self.risks.len();
        let k = (coverage * n as f64 - 1e-12).ceil().max(1.0) as usize;
        self.risks.get(k - 1).copied()
    }
}

/// From which confidence on a reader may answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AbstainLine {
    /// Answers at or above it are kept; those below it go to a person.
    pub confidence: f64,
    /// Answers kept.
    pub kept: usize,
    /// Of all.
    pub n: usize,
    /// Wrong ones among the kept.
    pub errors: usize,
    /// Their share.
    pub risk: f64,
    /// Its one-sided upper bound.
    pub risk_upper: f64,
    /// The risk that was wanted at most.
    pub wanted: f64,
    /// Level of the bound, such as 0.95.
    pub level: f64,
}

/// Upper bound of a share of `x` of `n`, one-sided at `level` (Clopper-Pearson). 1 for n = 0.
pub fn upper_bound(x: usize, n: usize, level: f64) -> f64 {
    if x >= n {
        return 1.0;
    }
    beta_quantile(level, x as f64 + 1.0, (n - x) as f64)
}

/// Lines that [`abstain_line`] tries: at 5 %, 10 %, … 100 % of the answers kept.
pub const LINES: usize = 20;

/// The lowest confidence at and above which the risk is below `wanted`: of [`LINES`] lines the one that keeps most among
/// those whose upper bound is at most `wanted`. Because several lines are tried, each bound is held at
/// 1 - (1 - level) / [`LINES`] (Bonferroni), so the risk of the chosen line on new cases of the same kind is below
/// `wanted` with `level` as stated. Give answers of a split that nothing else was chosen on. `None` where no line holds,
/// as with too few answers.
pub fn abstain_line(answers: &[Answer], wanted: f64, level: f64) -> Option<AbstainLine> {
    let curve = RiskCoverage::new(answers);
    let n = curve.risks.len();
    let each = 1.0 - (1.0 - level) / LINES as f64;
    (1..=LINES).rev().find_map(|line| {
        let kept = (n * line).div_ceil(LINES);
        // Equal confidences stay together: the line is at the end of the block.
        let block = curve
            .blocks
            .get(curve.blocks.partition_point(|b| b.kept < kept))?;
        let risk_upper = upper_bound(block.errors, block.kept, each);
        (risk_upper <= wanted).then(|| AbstainLine {
            confidence: block.confidence,
            kept: block.kept,
            n,
            errors: block.errors,
            risk: block.errors as f64 / block.kept as f64,
            risk_upper,
            wanted,
            level,
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::confidence::tests::answers;

    #[test]
    fn risks_by_hand() {
        let curve = RiskCoverage::new(&answers(&[(0.9, true), (0.9, false), (0.2, false), (0.5, true)]));
        let wanted = [0.5, 0.5, 1.0 / 3.0, 0.5];
        assert!(
            curve.risks.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-15),
            "{curve:?}"
        );
        assert!((curve.least_area().expect("answers") - (1.0 / 3.0 + 0.5) / 4.0).abs() < 1e-15);
        assert_eq!(curve.risk_at(0.75), Some(curve.risks[2]));
        assert_eq!((curve.risk_at(0.0), curve.risk_at(1.0)), (Some(0.5), Some(0.5)));
        let none = RiskCoverage::new(&[]);
        assert_eq!(
            (none.area(), none.excess_area(), none.risk_at(0.5)),
            (None, None, None)
        );
    }

    #[test]
    fn a_line_needs_enough_answers() {
        // No error among n keeps the risk below 0.1 at 1 - 0.05 / 20 from n = 57 on: 0.9^57 = 0.0025.
        let right = |n: u32| {
            (0..n)
                .map(|i| (1.0 - f64::from(i) / 1000.0, true))
                .collect::<Vec<_>>()
        };
        assert_eq!(abstain_line(&answers(&right(56)), 0.1, 0.95), None);
        let line = abstain_line(&answers(&right(57)), 0.1, 0.95).expect("a line");
        assert_eq!((line.kept, line.errors), (57, 0));
        assert!((line.risk_upper - (1.0 - 0.0025_f64.powf(1.0 / 57.0))).abs() < 1e-9);
        // Errors below the line are handed over: of 80 the 60 right ones are kept.
        let mut list = right(60);
        list.extend((0..20).map(|i| (0.3 - f64::from(i) / 1000.0, false)));
        let line = abstain_line(&answers(&list), 0.1, 0.95).expect("a line");
        assert_eq!((line.kept, line.errors), (60, 0));
        assert!((line.confidence - 0.941).abs() < 1e-12);
        assert_eq!(abstain_line(&[], 0.1, 0.95), None);
    }

    proptest! {
        #[test]
        fn no_order_beats_the_perfect_one(list in prop::collection::vec(((0_u8..9).prop_map(f64::from), any::<bool>()), 1..60)) {
            let list = answers(&list);
            let curve = RiskCoverage::new(&list);
            prop_assert!(curve.excess_area().expect("answers") > -1e-12);
            let wrong = list.iter().filter(|a| !a.right).count() as f64 / list.len() as f64;
            prop_assert!((curve.risk_at(1.0).expect("answers") - wrong).abs() < 1e-12);
            let perfect: Vec<Answer> =
                list.iter().map(|a| Answer { confidence: f64::from(u8::from(a.right)), right: a.right }).collect();
            // All right ones share one confidence, all wrong ones another.
            prop_assert!(RiskCoverage::new(&perfect).excess_area().expect("answers").abs() < 1e-12);
        }

        #[test]
        fn a_higher_wanted_risk_keeps_more(list in prop::collection::vec((0.0_f64..1.0, prop::bool::weighted(0.8)), 30..120)) {
            let list = answers(&list);
            let kept = |wanted| abstain_line(&list, wanted, 0.9).map_or(0, |l| l.kept);
            prop_assert!(kept(0.2) <= kept(0.3) && kept(0.3) <= kept(0.5));
        }
    }
}
