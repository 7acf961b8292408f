//! Variance and covariance of areas under ROC curves (DeLong, DeLong, Clarke-Pearson 1988) by mid-ranks in
//! O(n log n) (Sun and Xu 2014), their intervals, and the paired comparison of two readers.

use serde::Serialize;

use super::special::{Z95, normal_cdf};

/// A variance at or below it is none: two readers with the same order of cases.
const NO_VARIANCE: f64 = 1e-18;

/// The areas of several readers over the same cases, and how they vary together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Areas {
    /// Positive cases.
    pub positives: usize,
    /// Negative cases.
    pub negatives: usize,
    /// One area a reader.
    pub auc: Vec<f64>,
    /// `[readers, readers]`; `None` unless each class has two cases.
    pub covariance: Option<Vec<Vec<f64>>>,
}

/// Ranks from 1; equal values share the mean of theirs.
pub fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| (values[*a] + 0.0).total_cmp(&(values[*b] + 0.0)));
    let mut ranks = vec![0.0; values.len()];
    let mut at = 0;
    while at < order.len() {
        let block = order[at..]
            .iter()
            .take_while(|i| values[**i] == values[order[at]])
            .count()
            .max(1);
        let rank = at as f64 + (block as f64 + 1.0) / 2.0;
        for i in &order[at..at + block] {
            ranks[*i] = rank;
        }
        at += block;
    }
    ranks
}

/// One reader's area and structural components: a share for each positive case, one for each negative.
struct Components {
    auc: f64,
    of_positives: Vec<f64>,
    of_negatives: Vec<f64>,
}

fn components(truth: &[bool], score: &[f64]) -> Components {
    let of = |class: bool| -> Vec<f64> {
        let own = truth.iter().zip(score).filter(|(t, _)| **t == class);
        own.map(|(_, s)| *s).collect()
    };
    let (yes, no) = (of(true), of(false));
    let (m, n) = (yes.len(), no.len());
    let all: Vec<f64> = yes.iter().chain(&no).copied().collect();
    let (ranks, among_yes, among_no) = (mid_ranks(&all), mid_ranks(&yes), mid_ranks(&no));
    let of_positives: Vec<f64> = (0..m).map(|i| (ranks[i] - among_yes[i]) / n as f64).collect();
    let of_negatives = (0..n)
        .map(|i| 1.0 - (ranks[m + i] - among_no[i]) / m as f64)
        .collect();
    Components {
        auc: (ranks[..m].iter().sum::<f64>() / m as f64 - (m as f64 + 1.0) / 2.0) / n as f64,
        of_positives,
        of_negatives,
    }
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / (n - 1.0)
}

/// Areas and DeLong covariances of readers that scored the same cases, `scores` as `[reader][case]`. `None` unless there
/// are cases of both classes, every reader has a score for each case and every score is a number.
pub fn areas(truth: &[bool], scores: &[&[f64]]) -> Option<Areas> {
    let positives = truth.iter().filter(|t| **t).count();
    let negatives = truth.len() - positives;
    let whole = |s: &&[f64]| s.len() == truth.len() && s.iter().all(|v| !v.is_nan());
    if positives == 0 || negatives == 0 || !scores.iter().all(whole) {
        return None;
    }
    let parts: Vec<Components> = scores.iter().map(|s| components(truth, s)).collect();
    let cell = |a: &Components, b: &Components| {
        covariance(&a.of_positives, &b.of_positives) / positives as f64
            + covariance(&a.of_negatives, &b.of_negatives) / negatives as f64
    };
    let mut cells = vec![vec![0.0; parts.len()]; parts.len()];
    for i in 0..parts.len() {
        for j in i..parts.len() {
            let value = cell(&parts[i], &parts[j]);
            cells[i][j] = value;
            cells[j][i] = value;
        }
    }
    Some(Areas {
        positives,
        negatives,
        auc: parts.iter().map(|p| p.auc).collect(),
        covariance: (positives > 1 && negatives > 1).then_some(cells),
    })
}

/// Plain 95 % interval of an area, clipped to 0 to 1. Its width is 0 at an area of 1: say so, or show another.
pub fn plain_interval(auc: f64, variance: f64) -> [f64; 2] {
    let half = Z95 * variance.max(0.0).sqrt();
    [(auc - half).max(0.0), (auc + half).min(1.0)]
}

/// 95 % interval on the scale of the logit; stays within 0 to 1. `None` at an area of 0 or 1.
pub fn logit_interval(auc: f64, variance: f64) -> Option<[f64; 2]> {
    if !(auc > 0.0 && auc < 1.0) {
        return None;
    }
    let centre = (auc / (1.0 - auc)).ln();
    let half = Z95 * variance.max(0.0).sqrt() / (auc * (1.0 - auc));
    Some([centre - half, centre + half].map(|x| 1.0 / (1.0 + (-x).exp())))
}

/// Two readers of the same cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairedAreas {
    /// Area of the first.
    pub auc_a: f64,
    /// Of the second.
    pub auc_b: f64,
    /// `[2, 2]`; `None` unless each class has two cases, and so are the figures below.
    pub covariance: Option<Vec<Vec<f64>>>,
    /// First less second.
    pub difference: f64,
    /// Variance of the difference.
    pub variance: Option<f64>,
    /// Difference over its standard error; `None` without variance.
    pub z: Option<f64>,
    /// Two-sided.
    pub p: Option<f64>,
    /// 95 % interval of the difference.
    pub ci: Option<[f64; 2]>,
}

/// DeLong's paired test of two areas. `None` where [`areas`] is.
pub fn paired(truth: &[bool], a: &[f64], b: &[f64]) -> Option<PairedAreas> {
    let both = areas(truth, &[a, b])?;
    let difference = both.auc[0] - both.auc[1];
    let variance = both
        .covariance
        .as_ref()
        .map(|c| c[0][0] + c[1][1] - 2.0 * c[0][1]);
    let test = variance.map(|v| {
        if v <= NO_VARIANCE {
            let p = if difference == 0.0 { 1.0 } else { 0.0 };
            return (None, p, [difference, difference]);
        }
        let (z, half) = (difference / v.sqrt(), Z95 * v.sqrt());
        let p = 2.0 * normal_cdf(-z.abs());
        (Some(z), p, [difference - half, difference + half])
    });
    Some(PairedAreas {
        auc_a: both.auc[0],
        auc_b: both.auc[1],
        covariance: both.covariance,
        difference,
        variance,
        z: test.and_then(|t| t.0),
        p: test.map(|t| t.1),
        ci: test.map(|t| t.2),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::roc::auc;

    #[test]
    fn ranks_are_shared() {
        assert_eq!(mid_ranks(&[2.0, 1.0, 2.0, 0.0, -0.0]), [4.5, 3.0, 4.5, 1.5, 1.5]);
        assert!(mid_ranks(&[]).is_empty());
    }

    #[test]
    fn what_cannot_vary_has_no_variance() {
        let truth = [false, false, true, true];
        let one = areas(&truth, &[&[0.1, 0.2, 0.8, 0.9]]).expect("both classes");
        assert_eq!((one.auc[0], one.covariance), (1.0, Some(vec![vec![0.0]])));
        assert_eq!(logit_interval(1.0, 0.0), None);
        let single = areas(&[true, false, false], &[&[0.5, 0.1, 0.6]]).expect("both classes");
        assert_eq!((single.auc[0], single.covariance), (0.5, None));
        assert_eq!(areas(&[true], &[&[0.5]]), None);
        let same = paired(&truth, &[0.4, 0.1, 0.2, 0.9], &[0.4, 0.1, 0.2, 0.9]).expect("both classes");
        assert_eq!((same.difference, same.z, same.p), (0.0, None, Some(1.0)));
    }

    fn cases() -> impl Strategy<Value = Vec<(bool, f64, f64, f64)>> {
        let score = || (0_u8..10).prop_map(f64::from);
        prop::collection::vec((any::<bool>(), score(), score(), score()), 4..40)
    }

    proptest! {
        #[test]
        fn covariances_are_symmetric_and_positive(cases in cases(), weights in prop::array::uniform3(-2.0_f64..2.0)) {
            let truth: Vec<bool> = cases.iter().map(|c| c.0).collect();
            let scores: [Vec<f64>; 3] = [
                cases.iter().map(|c| c.1).collect(),
                cases.iter().map(|c| c.2).collect(),
                cases.iter().map(|c| c.3).collect(),
            ];
            let slices: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
            if let Some(found) = areas(&truth, &slices) {
                for (own, score) in found.auc.iter().zip(&scores) {
                    prop_assert!((own - auc(&truth, score).expect("both classes")).abs() < 1e-12);
                }
                if let Some(c) = found.covariance {
                    let mut form = 0.0;
                    for i in 0..3 {
                        for j in 0..3 {
                            prop_assert_eq!(c[i][j], c[j][i]);
                            form += weights[i] * c[i][j] * weights[j];
                        }
                    }
                    prop_assert!(form > -1e-12);
                }
            }
        }

        #[test]
        fn the_test_is_the_same_from_the_other_side(cases in cases()) {
            let truth: Vec<bool> = cases.iter().map(|c| c.0).collect();
            let a: Vec<f64> = cases.iter().map(|c| c.1).collect();
            let b: Vec<f64> = cases.iter().map(|c| c.2).collect();
            if let (Some(one), Some(other)) = (paired(&truth, &a, &b), paired(&truth, &b, &a)) {
                prop_assert!((one.difference + other.difference).abs() < 1e-15);
                if let (Some(p), Some(q)) = (one.p, other.p) {
                    prop_assert!((p - q).abs() < 1e-9 && (0.0..=1.0).contains(&p));
                }
            }
        }
    }
}
