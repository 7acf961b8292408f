//! Fitting a calibration on a user's own cases: a temperature for lists of labels, Platt scaling for yes and no.
//!
//! Scores are what readings keep (log-likelihoods, log-odds); the result goes into a calibration file with its number
//! of cases and its interval. It holds for the model, the question and the kind of patients that it was fitted on.

/// Half of the 0.95 quantile of chi-squared with one degree of freedom: by how much the negative log-likelihood may
/// rise within the interval.
const HALF_CHI: f64 = 1.920_729_410_347_062;
/// Slopes that are looked at, 1 / temperature.
const SLOPES: [f64; 2] = [1e-3, 1e3];
/// 0.975 quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A case: a score for each label, and the index of the true one.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledScores {
    /// One score a label.
    pub scores: Vec<f64>,
    /// Index of the true label.
    pub truth: usize,
}

/// A fitted temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    let loss = |slope: f64| cases.iter().map(|c| loss(c, slope).0).sum::<f64>();
    let rise = |slope: f64| cases.iter().map(|c| loss_and_rise(c, slope)).sum::<f64>();
    // Convex: the slope of the loss changes its sign once. Bisection of the logarithm, to the last bits.
    let ends = SLOPES.map(rise);
    let flat = ends == [0.0, 0.0];
    let best = if flat {
        1.0
    } else {
        bisect(SLOPES, |slope| rise(slope) <= 0.0)
    };
    let least = loss(best);
    let within = |slope: f64| loss(slope) - least <= HALF_CHI;
    let low = bisect([SLOPES[0], best], |slope| !within(slope));
    let high = bisect([best, SLOPES[1]], within);
    Some(Temperature {
        t: 1.0 / best,
        interval: [1.0 / high, 1.0 / low],
        n: cases.len(),
        before: loss(1.0) / n,
        after: least / n,
        at_edge: ends[0] >= 0.0 || ends[1] <= 0.0,
    })
}

/// Where `below` turns from true to false between two numbers above 0.
fn bisect([low, high]: [f64; 2], below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low.ln(), high.ln());
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if below(middle.exp()) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high).exp()
}

/// Negative log-likelihood of a case, and the shares.
fn loss(case: &LabelledScores, slope: f64) -> (f64, Vec<f64>) {
    let top = case.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = case.scores.iter().map(|s| ((s - top) * slope).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let own = (case.scores[case.truth] - top) * slope;
    (sum.ln() - own, weights.iter().map(|w| w / sum).collect())
}

/// Its derivative by the slope: the expected score less the true one's.
fn loss_and_rise(case: &LabelledScores, slope: f64) -> f64 {
    let (_, shares) = loss(case, slope);
    let expected: f64 = shares.iter().zip(&case.scores).map(|(p, s)| p * s).sum();
    expected - case.scores[case.truth]
}

/// A fitted Platt scaling: probability of yes = 1 / (1 + exp(-(a * log-odds + b))).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Platt {
    /// Slope.
    pub a: f64,
    /// Offset.
    pub b: f64,
    /// 95 % interval of `a` (Wald); `None` where it cannot be found.
    pub interval: Option<[f64; 2]>,
    /// Cases used.
    pub n: usize,
    /// Cases with yes.
    pub yes: usize,
    /// Mean negative log-likelihood of the log-odds as they are, nats.
    pub before: f64,
    /// After scaling.
    pub after: f64,
}

/// Fits slope and offset by Newton's method with step halving, with Platt's softened targets (Platt 1999; Lin, Lin,
/// Weng 2007), so that separated cases have a finite answer. `None` unless there are cases of both kinds.
pub fn fit_platt(cases: &[(f64, bool)]) -> Option<Platt> {
    let cases: Vec<(f64, bool)> = cases.iter().copied().filter(|(s, _)| s.is_finite()).collect();
    let yes = cases.iter().filter(|(_, truth)| *truth).count();
    let no = cases.len() - yes;
    if yes == 0 || no == 0 {
        return None;
    }
    let high = (yes as f64 + 1.0) / (yes as f64 + 2.0);
    let low = 1.0 / (no as f64 + 2.0);
    let targets: Vec<(f64, f64)> = cases
        .iter()
        .map(|(s, truth)| (*s, if *truth { high } else { low }))
        .collect();
    let (mut a, mut b) = (0.0, ((yes as f64 + 1.0) / (no as f64 + 1.0)).ln());
    let mut value = cross_entropy(&targets, a, b);
    let mut curvature = [1.0, 0.0, 1.0];
    for _ in 0..200 {
        let mut gradient = [0.0; 2];
        curvature = [1e-12, 0.0, 1e-12];
        for (s, t) in &targets {
            let p = sigmoid(a * s + b);
            let w = p * (1.0 - p);
            gradient[0] += (p - t) * s;
            gradient[1] += p - t;
            curvature[0] += w * s * s;
            curvature[1] += w * s;
            curvature[2] += w;
        }
        if gradient.iter().all(|g| g.abs() < 1e-10) {
            break;
        }
        let determinant = curvature[0] * curvature[2] - curvature[1] * curvature[1];
        let step = [
            -(curvature[2] * gradient[0] - curvature[1] * gradient[1]) / determinant,
            -(curvature[0] * gradient[1] - curvature[1] * gradient[0]) / determinant,
        ];
        let mut size = 1.0;
        let mut moved = false;
        while size > 1e-10 {
            let (na, nb) = (a + size * step[0], b + size * step[1]);
            let new = cross_entropy(&targets, na, nb);
            if new < value {
                (a, b, value) = (na, nb, new);
                moved = true;
                break;
            }
            size /= 2.0;
        }
        if !moved {
            break;
        }
    }
    let determinant = curvature[0] * curvature[2] - curvature[1] * curvature[1];
    let deviation = (curvature[2] / determinant).sqrt();
    let hard: Vec<(f64, f64)> = cases.iter().map(|(s, t)| (*s, f64::from(u8::from(*t)))).collect();
    let n = cases.len() as f64;
    Some(Platt {
        a,
        b,
        interval: deviation
            .is_finite()
            .then_some([a - Z * deviation, a + Z * deviation]),
        n: cases.len(),
        yes,
        before: cross_entropy(&hard, 1.0, 0.0) / n,
        after: cross_entropy(&hard, a, b) / n,
    })
}

fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        x.exp() / (1.0 + x.exp())
    }
}

/// Negative log-likelihood of targets in 0 to 1.
fn cross_entropy(targets: &[(f64, f64)], a: f64, b: f64) -> f64 {
    targets
        .iter()
        .map(|(s, t)| {
            let x = a * s + b;
            // log(1 + exp(x)) - t x, without overflow.
            x.max(0.0) + (-x.abs()).exp().ln_1p() - t * x
        })
        .sum()
}

#[cfg(test)]
mod tests {
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

    /// With many cases the softened targets are the plain ones: at each of two scores the fitted probability is the
    /// share of yes there.
    #[test]
    fn platt_meets_the_shares_at_two_scores() {
        let mut cases = Vec::new();
        for i in 0..20_000 {
            cases.push((1.0, i % 10 < 8));
            cases.push((-2.0, i % 10 < 3));
        }
        let fit = fit_platt(&cases).expect("both kinds");
        assert!((sigmoid(fit.a + fit.b) - 0.8).abs() < 1e-3, "{fit:?}");
        assert!((sigmoid(-2.0 * fit.a + fit.b) - 0.3).abs() < 1e-3);
        let interval = fit.interval.expect("an interval");
        assert!(interval[0] < fit.a && fit.a < interval[1] && interval[1] - interval[0] < 0.1);
        assert!(fit.after < fit.before);
    }

    #[test]
    fn separated_cases_have_a_finite_answer() {
        let cases: Vec<_> = (0..20).map(|i| (f64::from(i) - 9.5, i >= 10)).collect();
        let fit = fit_platt(&cases).expect("both kinds");
        assert!(fit.a > 0.0 && fit.a.is_finite() && fit.b.abs() < 1e-6, "{fit:?}");
        assert_eq!(fit_platt(&[(1.0, true), (2.0, true)]), None);
    }
}
