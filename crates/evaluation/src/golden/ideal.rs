//! The ideal bootstrap: every resample there is, by enumeration, and the bounds that a seeded one must keep to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::{count, list, whole};
use crate::metrics::bootstrap::{Plan, Spread, bootstrap};
use crate::metrics::cluster::clustered;
use crate::metrics::patients::Patients;
use crate::metrics::proportion::LEVEL;
use crate::metrics::special::{Z95, binomial_pmf, normal_cdf, normal_pdf, normal_quantile};
use crate::metrics::weighted::Ratio;

/// Resamples that the bounds are wide enough for.
const RESAMPLES: usize = 40_000;

/// Values that a resample can have, rising, with their probabilities.
struct Distribution(Vec<(f64, f64)>);

impl Distribution {
    /// Values that agree in twelve places are one.
    fn new(atoms: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut all: Vec<(f64, f64)> = atoms
            .into_iter()
            .map(|(v, p)| ((v * 1e12).round_ties_even() / 1e12, p))
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut merged: Vec<(f64, f64)> = Vec::new();
        for (value, p) in all {
            match merged.last_mut().filter(|last| last.0 == value) {
                Some(last) => last.1 += p,
                None => merged.push((value, p)),
            }
        }
        Self(merged)
    }

    /// The smallest value whose cumulated probability reaches `q`.
    fn quantile(&self, q: f64) -> Option<f64> {
        let mut sum = 0.0;
        for (value, p) in &self.0 {
            sum += p;
            if sum >= q - 1e-13 {
                return Some(*value);
            }
        }
        self.0.last().map(|last| last.0)
    }

    fn report(&self, estimate: f64, left: &[f64]) -> Value {
        let mean: f64 = self.0.iter().map(|(v, p)| v * p).sum();
        let sd = self
            .0
            .iter()
            .map(|(v, p)| (v - mean) * (v - mean) * p)
            .sum::<f64>()
            .sqrt();
        let share =
            |of: &dyn Fn(f64) -> bool| self.0.iter().filter(|(v, _)| of(*v)).map(|a| a.1).sum::<f64>();
        let below = share(&|v| v < estimate - 1e-9) + share(&|v| (v - estimate).abs() <= 1e-9) / 2.0;
        let z0 = normal_quantile(below.clamp(0.0, 1.0)).unwrap_or(0.0);
        let centre = left.iter().sum::<f64>() / left.len() as f64;
        let squares: f64 = left.iter().map(|v| (centre - v).powi(2)).sum();
        let cubes: f64 = left.iter().map(|v| (centre - v).powi(3)).sum();
        let scale = 6.0 * squares.powf(1.5);
        let acceleration = if scale > 0.0 { cubes / scale } else { 0.0 };
        let alpha = [-Z95, Z95].map(|z| normal_cdf(z0 + (z0 + z) / (1.0 - acceleration * (z0 + z))));
        // Four standard errors of the level itself and of z0.
        let slack = |q: f64| {
            let draws = 10_000.0_f64;
            let of_z0 = (0.25 / draws).sqrt() / normal_pdf(z0);
            let at = normal_quantile(q).map_or(0.0, normal_pdf);
            4.0 * ((q * (1.0 - q) / draws).sqrt() + 2.5 * of_z0 * at)
        };
        let (w0, w1) = (slack(alpha[0]), slack(alpha[1]));
        let two = |a: f64, b: f64| json!([self.quantile(a), self.quantile(b)]);
        json!({
            "estimate": estimate,
            "ideal_mean": mean,
            "ideal_sd": sd,
            "ideal_percentile": two(0.025, 0.975),
            "percentile_lower_within": two(0.0185, 0.0325),
            "percentile_upper_within": two(0.9675, 0.9815),
            "bca": {
                "z0": z0,
                "acceleration": acceleration,
                "alpha": alpha,
                "ideal": two(alpha[0], alpha[1]),
                "lower_within": two((alpha[0] - w0).max(0.0), alpha[0] + w0),
                "upper_within": two(alpha[1] - w1, (alpha[1] + w1).min(1.0)),
            },
        })
    }
}

/// Adds what the seeded bootstrap gives, over `patients` of (right, cases).
fn with_seeded(mut out: Value, rows: &[(usize, usize)]) -> Result<Value, String> {
    let draws = (RESAMPLES * 4000 / rows.len().max(1)).clamp(10_000, RESAMPLES);
    let plan = Plan {
        resamples: draws,
        seed: 20_512,
        level: LEVEL,
    };
    let ratio = Ratio::new(
        rows.iter()
            .enumerate()
            .map(|(i, (x, n))| (i, *x as f64, *n as f64)),
    );
    let patients = Patients::each_its_own(rows.len());
    let spread: Spread = bootstrap(&patients, &[&ratio], &[], plan)
        .map_err(|e| e.to_string())?
        .into_iter()
        .next()
        .unwrap_or_default();
    out["estimate"] = json!(spread.estimate);
    out["resamples"] = json!(plan.resamples);
    out["sd"] = json!(spread.sd);
    out["percentile"] = json!(spread.percentile);
    if let Some(bca) = spread.bca {
        out["bca"]["z0"] = json!(bca.z0);
        out["bca"]["acceleration"] = json!(bca.acceleration);
        out["bca"]["interval"] = json!(bca.interval);
    }
    Ok(out)
}

pub(super) fn of_cases(input: &Value) -> Result<Value, String> {
    let (k, n) = (count(input, "k")?, count(input, "n")?);
    if n == 0 || k > n {
        return Err(format!("{k} of {n} is no share"));
    }
    let p = k as f64 / n as f64;
    let rows: Vec<(usize, usize)> = (0..n).map(|i| (usize::from(i < k), 1)).collect();
    if k == 0 || k == n {
        let out =
            json!({"estimate": p, "ideal_mean": p, "ideal_sd": 0.0, "ideal_percentile": [p, p], "bca": null});
        return with_seeded(out, &rows);
    }
    let atoms = (0..=n).map(|x| (x as f64 / n as f64, binomial_pmf(x as u64, n as u64, p)));
    let (right, others) = (k as f64, (n - 1) as f64);
    let left: Vec<f64> = (0..n)
        .map(|i| {
            if i < k {
                (right - 1.0) / others
            } else {
                right / others
            }
        })
        .collect();
    with_seeded(Distribution::new(atoms).report(p, &left), &rows)
}

/// Sums (right, cases) of as many draws as there are patients, with their probabilities.
fn sums(rows: &[(usize, usize)]) -> Option<BTreeMap<(usize, usize), f64>> {
    let share = 1.0 / rows.len() as f64;
    let mut all = BTreeMap::from([((0, 0), 1.0)]);
    for _ in rows {
        let mut next = BTreeMap::new();
        for ((right, cases), p) in &all {
            for (x, n) in rows {
                *next.entry((right + x, cases + n)).or_insert(0.0) += p * share;
            }
        }
        all = next;
        if all.len() * rows.len() > 4_000_000 {
            return None;
        }
    }
    Some(all)
}

pub(super) fn of_patients(input: &Value) -> Result<Value, String> {
    let mut rows = Vec::new();
    for cluster in list(input, "clusters")? {
        let pair = cluster
            .as_array()
            .filter(|pair| pair.len() == 2)
            .and_then(|pair| Some((whole(&pair[0])?, whole(&pair[1])?)))
            .ok_or("clusters holds something that is not [right, cases]")?;
        rows.push(pair);
    }
    let all = clustered(&rows, LEVEL);
    let estimate = all.estimate.ok_or("there are no cases")?;
    let (right, cases) = rows.iter().fold((0, 0), |(a, b), (x, n)| (a + x, b + n));
    let left: Vec<f64> = rows
        .iter()
        .filter(|(_, n)| cases > *n)
        .map(|(x, n)| (right - x) as f64 / (cases - n) as f64)
        .collect();
    let mut out = match sums(&rows) {
        Some(sums) => {
            let atoms = sums
                .into_iter()
                .filter(|((_, n), _)| *n > 0)
                .map(|((x, n), p)| (x as f64 / n as f64, p));
            Distribution::new(atoms).report(estimate, &left)
        }
        None => json!({"estimate": estimate, "bca": {}}),
    };
    for (key, value) in json!(all).as_object().into_iter().flatten() {
        out[key] = value.clone();
    }
    with_seeded(out, &rows)
}
