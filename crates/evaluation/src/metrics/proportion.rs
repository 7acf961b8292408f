//! A share of cases and what its count allows to say: Wilson, Clopper-Pearson, Jeffreys, Agresti-Coull.

use serde::Serialize;

use super::special::{beta_quantile, two_sided_z};

/// The level of an interval unless another is asked for.
pub const LEVEL: f64 = 0.95;

/// A share and its intervals; everything `None` for n = 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Proportion {
    /// k / n.
    pub estimate: Option<f64>,
    /// Score interval without continuity correction.
    pub wilson: Option<[f64; 2]>,
    /// From beta quantiles; never covers less than its level.
    pub clopper_pearson: Option<[f64; 2]>,
    /// Equal tails of Beta(k + ½, n - k + ½), 0 and 1 at the ends.
    pub jeffreys: Option<[f64; 2]>,
    /// Wald about the Wilson centre, cut to 0…1.
    pub agresti_coull: Option<[f64; 2]>,
    /// For comparison with older reports only: without width where all or none are right.
    pub wald: Option<[f64; 2]>,
    /// At k = 0: the largest share that none in n leaves possible, one-sided at 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_sided_upper_95: Option<f64>,
    /// At k = 0: 3 / n.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_of_three: Option<f64>,
}

/// Share of `k` in `n` with every interval at `level` (0…1, exclusive). Empty for n = 0, k > n or another level.
pub fn proportion(k: usize, n: usize, level: f64) -> Proportion {
    let (Some(z), true) = (two_sided_z(level), n > 0 && k <= n) else {
        return Proportion::default();
    };
    let (p, m) = (k as f64 / n as f64, n as f64);
    let half = z * (p * (1.0 - p) / m).sqrt();
    let more = m + z * z;
    let centre = (k as f64 + z * z / 2.0) / more;
    let reach = z * (centre * (1.0 - centre) / more).sqrt();
    Proportion {
        estimate: Some(p),
        wilson: wilson_at(k, n, level),
        clopper_pearson: clopper_pearson_at(k, n, level),
        jeffreys: beta_interval(k, n, level, [0.5, 0.5, 0.5, 0.5]),
        agresti_coull: Some([(centre - reach).max(0.0), (centre + reach).min(1.0)]),
        wald: Some([(p - half).max(0.0), (p + half).min(1.0)]),
        one_sided_upper_95: (k == 0).then(|| -(0.05_f64.ln() / m).exp_m1()),
        rule_of_three: (k == 0).then(|| 3.0 / m),
    }
}

/// Wilson score interval of `k` of `n` at 95 %; exactly 0 and 1 at the ends. `None` for n = 0 or k > n.
pub fn wilson(k: usize, n: usize) -> Option<[f64; 2]> {
    wilson_at(k, n, LEVEL)
}

/// Wilson score interval at a level.
pub fn wilson_at(k: usize, n: usize, level: f64) -> Option<[f64; 2]> {
    if k > n || n == 0 {
        return None;
    }
    let [low, high] = wilson_of_share(k as f64 / n as f64, n as f64, level)?;
    Some([if k == 0 { 0.0 } else { low }, if k == n { 1.0 } else { high }])
}

/// Wilson score interval of the share `p` of `n` cases, where `n` may be a fraction (an effective number of cases).
pub fn wilson_of_share(p: f64, n: f64, level: f64) -> Option<[f64; 2]> {
    let z = two_sided_z(level)?;
    if !(n > 0.0 && n.is_finite() && (0.0..=1.0).contains(&p)) {
        return None;
    }
    let scale = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / scale;
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / scale;
    Some([(centre - half).max(0.0), (centre + half).min(1.0)])
}

/// Clopper-Pearson interval of `k` of `n` at 95 %. `None` for n = 0 or k > n.
pub fn clopper_pearson(k: usize, n: usize) -> Option<[f64; 2]> {
    clopper_pearson_at(k, n, LEVEL)
}

/// Clopper-Pearson interval at a level.
pub fn clopper_pearson_at(k: usize, n: usize, level: f64) -> Option<[f64; 2]> {
    beta_interval(k, n, level, [0.0, 1.0, 1.0, 0.0])
}

/// Equal tails of Beta(k + add₀, n - k + add₁) below and Beta(k + add₂, n - k + add₃) above; 0 and 1 at the ends.
fn beta_interval(k: usize, n: usize, level: f64, add: [f64; 4]) -> Option<[f64; 2]> {
    if k > n || n == 0 || !(level > 0.0 && level < 1.0) {
        return None;
    }
    let (tail, right, wrong) = ((1.0 - level) / 2.0, k as f64, (n - k) as f64);
    let low = if k == 0 {
        0.0
    } else {
        beta_quantile(tail, right + add[0], wrong + add[1])
    };
    let high = if k == n {
        1.0
    } else {
        beta_quantile(1.0 - tail, right + add[2], wrong + add[3])
    };
    Some([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of R's binom package for 7 of 10.
    #[test]
    fn seven_of_ten() {
        let w = wilson(7, 10).expect("n > 0");
        assert!(
            (w[0] - 0.396_778_147_461).abs() < 1e-9 && (w[1] - 0.892_208_732_596).abs() < 1e-9,
            "{w:?}"
        );
        let c = clopper_pearson(7, 10).expect("n > 0");
        assert!(
            (c[0] - 0.347_547_15).abs() < 1e-7 && (c[1] - 0.933_260_52).abs() < 1e-7,
            "{c:?}"
        );
        assert_eq!(wilson(0, 5).expect("n > 0")[0], 0.0);
        assert_eq!(clopper_pearson(5, 5).expect("n > 0")[1], 1.0);
    }

    #[test]
    fn nothing_to_say_about_no_cases() {
        assert_eq!(proportion(0, 0, 0.95), Proportion::default());
        assert_eq!(proportion(3, 2, 0.95), Proportion::default());
        assert_eq!(proportion(1, 2, 1.0), Proportion::default());
        assert_eq!(wilson_of_share(0.5, f64::NAN, 0.95), None);
    }
}
