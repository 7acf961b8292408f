//! A share over cases that come in patients: how much less they say than as many independent cases.

use std::collections::BTreeMap;

use serde::Serialize;

use super::proportion::wilson_of_share;
use super::special::chi_squared_sf;

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

/// Two-sided p of a group's share against that of the rest from (patient, in the group, right), with the variance of the
/// linearised difference over patients (a patient may have cases in both), on the normal law. `None` where a side is
/// empty or nothing varies.
pub fn group_against_rest(cases: impl Iterator<Item = (u32, bool, bool)>) -> Option<f64> {
    // Right and cases, of the rest and of the group.
    let mut by: BTreeMap<u32, [[f64; 2]; 2]> = BTreeMap::new();
    let mut whole = [[0.0; 2]; 2];
    for (patient, inside, right) in cases {
        let [rest, group] = by.entry(patient).or_default();
        let [all_rest, all_group] = &mut whole;
        for side in if inside {
            [group, all_group]
        } else {
            [rest, all_rest]
        } {
            side[0] += f64::from(u8::from(right));
            side[1] += 1.0;
        }
    }
    let m = by.len() as f64;
    let [rest, group] = whole;
    if m < 2.0 || rest[1] == 0.0 || group[1] == 0.0 {
        return None;
    }
    let away = |own: [f64; 2], all: [f64; 2]| (own[0] - all[0] / all[1] * own[1]) / all[1];
    let squares: f64 = by
        .values()
        .map(|own| (away(own[1], group) - away(own[0], rest)).powi(2))
        .sum();
    let variance = m / (m - 1.0) * squares;
    let difference = group[0] / group[1] - rest[0] / rest[1];
    (variance > 0.0).then(|| chi_squared_sf(difference * difference / variance, 1.0))
}

/// Patients that differ above which the normal law stands in for the exact count.
const EXACT: usize = 1000;

/// Two-sided p of paired differences summed by patient (right of one reader less right of the other), all signs of a
/// patient flipped together: the exact randomisation test; with one case a patient it is McNemar's exact test. Above 1,000
/// patients that differ, (Σd)²/Σd² against chi-squared with one degree of freedom (Obuchowski 1998). `None` without
/// patients.
pub fn sign_flip(differences: &[i64]) -> Option<f64> {
    if differences.is_empty() {
        return None;
    }
    let sizes: Vec<usize> = differences
        .iter()
        .filter(|d| **d != 0)
        .map(|d| d.unsigned_abs() as usize)
        .collect();
    let total: usize = sizes.iter().sum();
    let sum: i64 = differences.iter().sum();
    if sizes.len() > EXACT || total > 20 * EXACT {
        let squares: f64 = sizes.iter().map(|d| (*d as f64) * (*d as f64)).sum();
        let sum = sum as f64;
        return Some(chi_squared_sf(sum * sum / squares, 1.0));
    }
    // Chance of each number of positive points.
    let mut chance = vec![0.0; total + 1];
    chance[0] = 1.0;
    let mut reached = 0;
    for size in sizes {
        for at in (0..=reached + size).rev() {
            let with = at.checked_sub(size).map_or(0.0, |rest| chance[rest]);
            let without = if at <= reached { chance[at] } else { 0.0 };
            chance[at] = 0.5 * (with + without);
        }
        reached += size;
    }
    let as_far = |positive: usize| (2 * positive).abs_diff(total) >= sum.unsigned_abs() as usize;
    let p: f64 = chance
        .iter()
        .enumerate()
        .filter(|(positive, _)| as_far(*positive))
        .map(|(_, chance)| chance)
        .sum();
    Some(p.min(1.0))
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

    #[test]
    fn signs_flip_by_patient() {
        use crate::metrics::paired::mcnemar;
        let single = [1, 1, 1, 1, 1, 1, 1, -1, -1, 0, 0];
        let p = sign_flip(&single).expect("patients");
        assert!((p - mcnemar(7, 2)[0]).abs() < 1e-12);
        // Three patients, all one way: 2 of 8 flips are as far, whatever their sizes.
        assert!((sign_flip(&[5, 1, 3]).expect("patients") - 0.25).abs() < 1e-12);
        // 4 - 1 = 3: of ±4 ± 1 all four are as far.
        assert!((sign_flip(&[4, -1]).expect("patients") - 1.0).abs() < 1e-12);
        assert_eq!((sign_flip(&[]), sign_flip(&[0, 0])), (None, Some(1.0)));
        let many: Vec<i64> = (0..1500).map(|i| if i % 20 < 11 { 1 } else { -1 }).collect();
        let near = sign_flip(&many).expect("patients");
        assert!((near - chi_squared_sf(150.0 * 150.0 / 1500.0, 1.0)).abs() < 1e-12);
    }

    #[test]
    fn copies_of_cases_make_no_difference_between_groups() {
        let once: Vec<(u32, bool, bool)> = (0..40)
            .map(|i| (i, i < 20, i % 20 < if i < 20 { 16 } else { 9 }))
            .collect();
        let thrice = || once.iter().flat_map(|one| [*one; 3]);
        let (a, b) = (
            group_against_rest(once.iter().copied()),
            group_against_rest(thrice()),
        );
        let a = a.expect("two sides");
        assert!((a - b.expect("two sides")).abs() < 1e-12);
        // z² = 0.35² / (40/39 · (0.16 + 0.2475) / 20).
        let wanted = chi_squared_sf(0.35 * 0.35 / (40.0 / 39.0 * (0.16 + 0.2475) / 20.0), 1.0);
        assert!((a - wanted).abs() < 1e-12);
        assert_eq!(
            group_against_rest([(0, true, true), (1, true, false)].into_iter()),
            None
        );
    }
}
