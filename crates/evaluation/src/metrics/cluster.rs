//! A share over cases that come in patients: how much less they say than as many independent cases.

use serde::Serialize;

use super::patients::Patients;
use super::proportion::wilson_of_share;

/// A share with its standard error over patients; `None` where undefined.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Clustered {
    /// Right of all cases.
    pub estimate: Option<f64>,
    /// Patients.
    pub patients: usize,
    /// Cases.
    pub cases: usize,
    /// Standard error of the ratio over patients.
    pub ratio_se: Option<f64>,
    /// As if every case were a patient.
    pub naive_se: Option<f64>,
    /// Squared ratio of the two; undefined where all or none are right.
    pub design_effect: Option<f64>,
    /// Independent cases that would say as much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_n: Option<f64>,
    /// Wilson interval over them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wilson_effective_n: Option<[f64; 2]>,
}

/// From (right, cases) of each patient: variance m/(m-1)·Σ(x - p·n)² / N² (W. G. Cochran, Sampling Techniques, ratio
/// estimator).
pub fn clustered(patients: &[(usize, usize)], level: f64) -> Clustered {
    let m = patients.len();
    let (right, cases) = patients.iter().fold((0, 0), |(a, b), (x, n)| (a + x, b + n));
    let mut out = Clustered {
        patients: m,
        cases,
        ..Clustered::default()
    };
    if cases == 0 {
        return out;
    }
    let (total, p) = (cases as f64, right as f64 / cases as f64);
    out.estimate = Some(p);
    let naive = p * (1.0 - p) / total;
    out.naive_se = Some(naive.sqrt());
    if m < 2 {
        return out;
    }
    let rest: f64 = patients
        .iter()
        .map(|(x, n)| {
            let away = *x as f64 - p * *n as f64;
            away * away
        })
        .sum();
    let variance = m as f64 / (m - 1) as f64 * rest / (total * total);
    out.ratio_se = Some(variance.sqrt());
    out.design_effect = (naive > 0.0).then(|| variance / naive);
    out.effective_n = out.design_effect.filter(|d| *d > 0.0).map(|d| total / d);
    out.wilson_effective_n = out.effective_n.and_then(|n| wilson_of_share(p, n, level));
    out
}

/// The same from cases (case, right); patients without any of them do not count.
pub fn clustered_cases(patients: &Patients, cases: &[(usize, bool)], level: f64) -> Clustered {
    let mut rows = vec![(0, 0); patients.count()];
    for (case, right) in cases {
        if let Some(row) = patients.of(*case).and_then(|p| rows.get_mut(p)) {
            row.0 += usize::from(*right);
            row.1 += 1;
        }
    }
    rows.retain(|(_, n)| *n > 0);
    clustered(&rows, level)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patients whose cases are all alike say as much as one case each, but for m/(m-1).
    #[test]
    fn copies_add_nothing() {
        let once: Vec<(usize, usize)> = (0..20).map(|i| (usize::from(i < 14), 1)).collect();
        let thrice: Vec<(usize, usize)> = once.iter().map(|(x, n)| (x * 3, n * 3)).collect();
        let (a, b) = (clustered(&once, 0.95), clustered(&thrice, 0.95));
        assert!((a.ratio_se.expect("two") - b.ratio_se.expect("two")).abs() < 1e-15);
        assert!((a.effective_n.expect("some") - b.effective_n.expect("some")).abs() < 1e-9);
        assert!((b.design_effect.expect("some") - 3.0 * 20.0 / 19.0).abs() < 1e-12);
    }

    #[test]
    fn little_to_go_by() {
        assert_eq!(clustered(&[], 0.95), Clustered::default());
        let one = clustered(&[(2, 3)], 0.95);
        assert_eq!((one.ratio_se, one.effective_n), (None, None));
        let all = clustered(&[(2, 2), (3, 3)], 0.95);
        assert_eq!(
            (all.ratio_se, all.design_effect, all.wilson_effective_n),
            (Some(0.0), None, None)
        );
    }
}
