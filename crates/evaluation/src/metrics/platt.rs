//! Platt scaling: a score becomes the probability of yes by 1 / (1 + exp(-(a * score + b))) (Platt 1999; Lin, Lin and
//! Weng 2007).

use serde::Serialize;

use super::special::Z95;

/// A slope beyond it in units of the scores' spread means that nothing but rounding holds it: the classes are separated.
const STEEPEST: f64 = 1e4;

/// What the fit aims at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Targets {
    /// (N+ + 1)/(N+ + 2) and 1/(N- + 2): finite for separated classes too.
    Softened,
    /// 1 and 0: plain logistic regression.
    Plain,
}

/// A fitted Platt scaling.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
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
    /// Mean negative log-likelihood of the scores taken as log-odds, nats.
    pub before: f64,
    /// After scaling.
    pub after: f64,
}

/// 1 / (1 + exp(-x)), without overflow.
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        x.exp() / (1.0 + x.exp())
    }
}

/// Fits with softened targets. `None` unless there are cases of both kinds.
pub fn fit_platt(cases: &[(f64, bool)]) -> Option<Platt> {
    fit(cases, Targets::Softened).filter(|found| found.yes > 0 && found.yes < found.n)
}

/// Fits slope and offset by Newton's method with step halving. Cases whose score is not finite are left out. `None` without
/// cases; `None` too for plain targets when a threshold separates the kinds or there is one only, because nothing finite
/// is best. Softened targets of one kind are one number: the slope is 0.
pub fn fit(cases: &[(f64, bool)], targets: Targets) -> Option<Platt> {
    let cases: Vec<(f64, bool)> = cases.iter().copied().filter(|(s, _)| s.is_finite()).collect();
    let yes = cases.iter().filter(|(_, truth)| *truth).count();
    let no = cases.len() - yes;
    if cases.is_empty() || (targets == Targets::Plain && (yes == 0 || no == 0)) {
        return None;
    }
    let n = cases.len() as f64;
    // Newton's method on scores of mean 0 and spread 1: the curvature is then well conditioned whatever the unit.
    let mean = cases.iter().map(|c| c.0 / n).sum::<f64>();
    let spread = (cases.iter().map(|c| (c.0 - mean).powi(2) / n).sum::<f64>()).sqrt();
    // Equal scores have the spread of their mean's rounding.
    let same = cases.iter().all(|c| c.0 == cases[0].0);
    let (mean, unit) = if same { (cases[0].0, 1.0) } else { (mean, spread) };
    let (high, low) = match targets {
        Targets::Softened => ((yes as f64 + 1.0) / (yes as f64 + 2.0), 1.0 / (no as f64 + 2.0)),
        Targets::Plain => (1.0, 0.0),
    };
    let aims: Vec<(f64, f64)> = cases
        .iter()
        .map(|(s, truth)| ((s - mean) / unit, if *truth { high } else { low }))
        .collect();
    let [slope, offset, deviation] = newton(&aims);
    if targets == Targets::Plain && separated(&cases) || slope.abs() > STEEPEST {
        return None;
    }
    let (a, b) = (slope / unit, offset - slope * mean / unit);
    let deviation = deviation / unit;
    let hard: Vec<(f64, f64)> = cases.iter().map(|(s, t)| (*s, f64::from(u8::from(*t)))).collect();
    Some(Platt {
        a,
        b,
        interval: deviation
            .is_finite()
            .then_some([a - Z95 * deviation, a + Z95 * deviation]),
        n: cases.len(),
        yes,
        before: cross_entropy(&hard, 1.0, 0.0) / n,
        after: cross_entropy(&hard, a, b) / n,
    })
}

/// True when a threshold has all of one kind on each side (equal scores may stand on it).
fn separated(cases: &[(f64, bool)]) -> bool {
    let of = |kind: bool| cases.iter().filter(move |c| c.1 == kind).map(|c| c.0);
    let least = |kind| of(kind).fold(f64::INFINITY, f64::min);
    let most = |kind| of(kind).fold(f64::NEG_INFINITY, f64::max);
    let constant = least(true) == most(true) && least(false) == most(false) && least(true) == least(false);
    !constant && (most(false) <= least(true) || most(true) <= least(false))
}

/// Slope, offset and the standard error of the slope.
fn newton(aims: &[(f64, f64)]) -> [f64; 3] {
    let total: f64 = aims.iter().map(|a| a.1).sum();
    let (mut a, mut b) = (0.0, (total / (aims.len() as f64 - total)).ln());
    let mut value = cross_entropy(aims, a, b);
    let mut curvature = [1.0, 0.0, 1.0];
    for _ in 0..200 {
        let mut gradient = [0.0; 2];
        curvature = [1e-12, 0.0, 1e-12];
        for (s, t) in aims {
            let p = sigmoid(a * s + b);
            let w = p * (1.0 - p);
            gradient[0] += (p - t) * s;
            gradient[1] += p - t;
            curvature[0] += w * s * s;
            curvature[1] += w * s;
            curvature[2] += w;
        }
        if gradient.iter().all(|g| g.abs() < 1e-13 * aims.len() as f64) {
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
            let new = cross_entropy(aims, na, nb);
            // Beside the optimum the value no longer tells two points apart; a last whole step still sharpens it.
            if new < value || (size == 1.0 && new <= value + 1e-13 * value.abs()) {
                (a, b, value) = (na, nb, new);
                moved = true;
                break;
            }
            size /= 2.0;
        }
        if !moved || step.iter().all(|s| s.abs() < 1e-14) {
            break;
        }
    }
    let determinant = curvature[0] * curvature[2] - curvature[1] * curvature[1];
    [a, b, (curvature[2] / determinant).sqrt()]
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

    #[test]
    fn plain_targets_need_an_overlap() {
        let separated = [(1.0, false), (2.0, false), (2.0, true), (3.0, true)];
        assert_eq!(fit(&separated, Targets::Plain), None);
        assert!(fit(&separated, Targets::Softened).is_some());
        let one_kind = [(1.0, false), (2.0, false)];
        assert_eq!(
            (fit_platt(&one_kind), fit(&one_kind, Targets::Plain)),
            (None, None)
        );
        let level = fit(&one_kind, Targets::Softened).expect("cases");
        assert!(
            level.a.abs() < 1e-9 && (level.b - (1.0_f64 / 3.0).ln()).abs() < 1e-9,
            "{level:?}"
        );
        // Logistic regression by hand: at two scores the shares are met exactly.
        let mut cases = vec![(0.0, false); 3];
        cases.extend([(0.0, true), (1.0, false), (1.0, true), (1.0, true), (1.0, true)]);
        let found = fit(&cases, Targets::Plain).expect("an overlap");
        assert!((found.b - (1.0_f64 / 3.0).ln()).abs() < 1e-10, "{found:?}");
        assert!((found.a - 9.0_f64.ln()).abs() < 1e-10, "{found:?}");
    }

    #[test]
    fn the_unit_of_the_scores_does_not_matter() {
        let cases: Vec<(f64, bool)> = (0..40)
            .map(|i| (f64::from(i % 13) + f64::from(i % 5), i % 13 + i % 3 > 6))
            .collect();
        let scaled: Vec<(f64, bool)> = cases.iter().map(|(s, t)| (10.0 + 1e-3 * s, *t)).collect();
        let (one, other) = (
            fit_platt(&cases).expect("both"),
            fit_platt(&scaled).expect("both"),
        );
        assert!((one.after - other.after).abs() < 1e-9 && (other.a / one.a / 1e3 - 1.0).abs() < 1e-6);
        // Scores that are all the same say nothing: the slope is 0, the offset the softened share.
        let same = fit_platt(&[(0.1, true), (0.1, false), (0.1, false)]).expect("both");
        assert!(same.a.abs() < 1e-9 && same.b < 0.0);
    }
}
