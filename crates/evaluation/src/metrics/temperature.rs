//! One temperature for a list of labels, fitted on cases kept for it (Guo and others 2017).
//!
//! Scores are what readings keep (log-likelihoods); the result holds for the model, the question and the kind of patients
//! that it was fitted on.

use serde::Serialize;

/// Half of the 0.95 quantile of chi-squared with one degree of freedom: by how much the negative log-likelihood may
/// rise within the interval.
const HALF_CHI: f64 = 1.920_729_410_347_062;
/// Slopes that are looked at, 1 / temperature.
const SLOPES: [f64; 2] = [1e-6, 1e3];

/// A case: a score for each label, and the index of the true one.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledScores {
    /// One score a label.
    pub scores: Vec<f64>,
    /// Index of the true label.
    pub truth: usize,
}

/// A fitted temperature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Temperature {
    /// Scores are divided by it before the softmax.
    pub t: f64,
    /// 95 % interval by the profile of the likelihood; an end that reaches the edge of what is looked at stands there.
    pub interval: [f64; 2],
    /// Cases used.
    pub n: usize,
    /// Mean negative log-likelihood at a temperature of 1, nats.
    pub before: f64,
    /// At the fitted one.
    pub after: f64,
    /// True when the best lies at the edge of what is looked at: the cases are all right, or the scores say nothing.
    pub at_edge: bool,
}

/// Fits one temperature by the least negative log-likelihood of softmax(score / t), convex in 1 / t (Guo et al. 2017).
/// Cases without a finite score for each label, or without their truth among them, are left out. `None` without cases.
pub fn fit_temperature(cases: &[LabelledScores]) -> Option<Temperature> {
    let cases: Vec<&LabelledScores> = cases
        .iter()
        .filter(|c| c.truth < c.scores.len() && c.scores.iter().all(|s| s.is_finite()))
        .collect();
    if cases.is_empty() {
        return None;
    }
    let n = cases.len() as f64;
    let total = |slope: f64| cases.iter().map(|c| loss(c, slope).0).sum::<f64>();
    let rise = |slope: f64| cases.iter().map(|c| loss(c, slope).1).sum::<f64>();
    // Convex: the slope of the loss changes its sign once. Bisection of the logarithm, to the last bits.
    let ends = SLOPES.map(rise);
    let flat = ends == [0.0, 0.0];
    let best = if flat {
        1.0
    } else {
        bisect(SLOPES, |slope| rise(slope) <= 0.0)
    };
    let least = total(best);
    let within = |slope: f64| total(slope) - least <= HALF_CHI;
    let low = bisect([SLOPES[0], best], |slope| !within(slope));
    let high = bisect([best, SLOPES[1]], within);
    Some(Temperature {
        t: 1.0 / best,
        interval: [1.0 / high, 1.0 / low],
        n: cases.len(),
        before: total(1.0) / n,
        after: least / n,
        at_edge: ends[0] >= 0.0 || ends[1] <= 0.0,
    })
}

/// Where `below` turns from true to false between two numbers above 0.
fn bisect([low, high]: [f64; 2], below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low.ln(), high.ln());
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if below(middle.exp()) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high).exp()
}

/// softmax(score / t). Sums to 1; `scores` must be finite.
pub fn softmax(scores: &[f64], t: f64) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|s| ((s - top) / t).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

/// Negative log-likelihood of a case, and its derivative by the slope: the expected score less the true one's.
fn loss(case: &LabelledScores, slope: f64) -> (f64, f64) {
    let top = case.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for score in &case.scores {
        let weight = ((score - top) * slope).exp();
        sum += weight;
        weighted += weight * (score - top);
    }
    let own = case.scores[case.truth] - top;
    (sum.ln() - own * slope, weighted / sum - own)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn case(scores: &[f64], truth: usize) -> LabelledScores {
        LabelledScores {
            scores: scores.to_vec(),
            truth,
        }
    }

    /// Two labels 2 apart, right in three of four cases: by hand, sigmoid(2 / t) = 3/4, so t = 2 / ln 3.
    #[test]
    fn the_temperature_that_can_be_found_by_hand() {
        let cases: Vec<_> = (0..40)
            .map(|i| case(&[2.0, 0.0], usize::from(i % 4 == 0)))
            .collect();
        let fit = fit_temperature(&cases).expect("cases");
        assert!((fit.t - 2.0 / 3.0_f64.ln()).abs() < 1e-9, "{fit:?}");
        assert!((fit.after - (0.75 * (4.0_f64 / 3.0).ln() + 0.25 * 4.0_f64.ln())).abs() < 1e-12);
        assert!(fit.after < fit.before && !fit.at_edge && fit.n == 40);
        // At both ends of the interval the likelihood has fallen by exp(-1.92).
        for t in fit.interval {
            let p = 1.0 / (1.0 + (-2.0 / t).exp());
            let loss = -(30.0 * p.ln() + 10.0 * (1.0 - p).ln());
            assert!((loss - 40.0 * fit.after - HALF_CHI).abs() < 1e-6, "{t}");
        }
    }

    #[test]
    fn what_says_nothing_is_said() {
        assert_eq!(fit_temperature(&[]), None);
        assert_eq!(
            fit_temperature(&[case(&[1.0, f64::NAN], 0), case(&[1.0], 3)]),
            None
        );
        let right: Vec<_> = (0..10).map(|_| case(&[1.0, 0.0], 0)).collect();
        assert!(fit_temperature(&right).expect("cases").at_edge);
        let wrong: Vec<_> = (0..10).map(|_| case(&[1.0, 0.0], 1)).collect();
        let flat = fit_temperature(&wrong).expect("cases");
        assert!(flat.at_edge && flat.t > 900.0);
        let same: Vec<_> = (0..10).map(|_| case(&[1.0, 1.0], 1)).collect();
        let same = fit_temperature(&same).expect("cases");
        assert!(same.at_edge && (same.t - 1.0).abs() < 1e-12, "{same:?}");
    }

    proptest! {
        #[test]
        fn the_order_of_labels_stays_and_the_loss_never_rises(
            list in prop::collection::vec((prop::array::uniform3(-4.0_f64..4.0), 0_usize..3), 1..30)
        ) {
            let cases: Vec<LabelledScores> = list.iter().map(|(s, t)| case(s, *t)).collect();
            let fit = fit_temperature(&cases).expect("cases");
            prop_assert!(fit.after <= fit.before + 1e-9);
            prop_assert!(fit.interval[0] <= fit.t * (1.0 + 1e-9) && fit.t <= fit.interval[1] * (1.0 + 1e-9));
            for own in &cases {
                let (before, after) = (softmax(&own.scores, 1.0), softmax(&own.scores, fit.t));
                for i in 0..3 {
                    for j in 0..3 {
                        prop_assert!(before[i] <= before[j] || after[i] >= after[j]);
                    }
                }
                prop_assert!((after.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
}
