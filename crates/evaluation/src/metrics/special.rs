//! Special functions and distributions that the metrics need, accurate from one case to a million and more.
//!
//! The beta function follows Loader's saddle-point form of the binomial (C. Loader, Fast and accurate computation of
//! binomial probabilities, 2000): its error does not grow with the number of cases, as that of logarithms of
//! factorials does.

use std::f64::consts::{FRAC_2_SQRT_PI, SQRT_2, TAU};

use statrs::function::{erf, gamma};

/// The normal bound of 95 %, two-sided.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Standard normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x / SQRT_2)
}

/// Complementary error function, to the last digits (the library's own has eleven).
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 1.5 {
        // erf x = 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!, every term positive.
        let (mut term, mut sum, mut odd) = (x, x, 1.0);
        while term > sum * 1e-17 {
            odd += 2.0;
            term *= 2.0 * x * x / odd;
            sum += term;
        }
        return 1.0 - FRAC_2_SQRT_PI * (-x * x).exp() * sum;
    }
    // The continued fraction x + (1/2)/(x + 1/(x + (3/2)/(x + …))), from its far end.
    let tail = (1..=120).rev().fold(x, |below, k| x + 0.5 * f64::from(k) / below);
    0.5 * FRAC_2_SQRT_PI * (-x * x).exp() / tail
}

/// Standard normal density.
pub fn normal_pdf(x: f64) -> f64 {
    (-0.5 * x * x).exp() / TAU.sqrt()
}

/// Standard normal quantile; infinite at 0 and 1, `None` outside.
pub fn normal_quantile(p: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    if p == 0.0 || p == 1.0 {
        return Some(if p == 0.0 {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    let mut x = -SQRT_2 * erf::erfc_inv(2.0 * p);
    // One step of Newton takes the rational approximation to the last digits.
    let slope = normal_pdf(x);
    if slope > 1e-290 {
        x -= (normal_cdf(x) - p) / slope;
    }
    Some(x)
}

/// Two-sided normal bound of a level (0.95 gives [`Z95`]); `None` unless 0 < level < 1.
pub fn two_sided_z(level: f64) -> Option<f64> {
    if level == 0.95 {
        return Some(Z95);
    }
    (level > 0.0 && level < 1.0)
        .then(|| normal_quantile((1.0 - level) / 2.0))
        .flatten()
        .map(|z| -z)
}

/// Upper tail of the chi-squared distribution with `df` degrees of freedom.
pub fn chi_squared_sf(x: f64, df: f64) -> f64 {
    if x <= 0.0 || df <= 0.0 {
        return 1.0;
    }
    gamma::gamma_ur(df / 2.0, x / 2.0)
}

/// Upper tail of the F distribution.
pub fn f_sf(x: f64, df1: f64, df2: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    beta_regularised(df2 / 2.0, df1 / 2.0, df2 / (df2 + df1 * x))
}

/// Quantile of Student's t distribution with `df` degrees of freedom (any positive number).
pub fn student_t_quantile(p: f64, df: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0 && df > 0.0) {
        return None;
    }
    // t² / (df + t²) has the distribution Beta(1/2, df/2).
    let y = beta_quantile((2.0 * p - 1.0).abs(), 0.5, df / 2.0);
    let t = (df * y / (1.0 - y)).sqrt();
    Some(if p < 0.5 { -t } else { t })
}

/// ln n! - (n + 1/2) ln n + n - ln √(2π): the rest of Stirling's formula.
fn stirling_rest(n: f64) -> f64 {
    if n <= 15.0 {
        return gamma::ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - TAU.sqrt().ln();
    }
    let square = n * n;
    let series = 1.0 / 1680.0 - 1.0 / 1188.0 / square;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - series / square) / square) / square) / n
}

/// x ln(x / m) + m - x without cancellation for x near m.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// Binomial probability of `k` of `n` at probability `p`, with `q` = 1 - p; `k` and `n` need not be whole.
fn binomial_density(k: f64, n: f64, p: f64, q: f64) -> f64 {
    if p <= 0.0 || q <= 0.0 {
        let certain = if p <= 0.0 { 0.0 } else { n };
        return if k == certain { 1.0 } else { 0.0 };
    }
    if k <= 0.0 {
        return (n * (-p).ln_1p().max(f64::MIN)).exp();
    }
    if k >= n {
        return (n * p.ln()).exp();
    }
    let rest = stirling_rest(n) - stirling_rest(k) - stirling_rest(n - k);
    let away = deviance(k, n * p) + deviance(n - k, n * q);
    (rest - away).exp() * (n / (TAU * k * (n - k))).sqrt()
}

/// Binomial probability of exactly `k` of `n`.
pub fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    binomial_density(k as f64, n as f64, p, 1.0 - p)
}

/// Binomial probability of at most `k` of `n`.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_regularised((n - k) as f64, k as f64 + 1.0, 1.0 - p)
}

/// Hypergeometric probability: `k` marked among `drawn` of `total`, of which `marked` are marked.
pub fn hypergeometric_pmf(k: u64, drawn: u64, marked: u64, total: u64) -> f64 {
    if k > drawn || k > marked || drawn > total || marked > total || drawn - k > total - marked {
        return 0.0;
    }
    if drawn == 0 || drawn == total {
        return 1.0;
    }
    let p = drawn as f64 / total as f64;
    binomial_pmf(k, marked, p) * binomial_pmf(drawn - k, total - marked, p) / binomial_pmf(drawn, total, p)
}

/// Regularised incomplete beta function I_x(a, b), the distribution function of Beta(a, b).
pub fn beta_regularised(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || !(a > 0.0 && b > 0.0) {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let y = 1.0 - x;
    // x^a y^b / B(a, b)
    let front = binomial_density(a, a + b, x, y) * a * b / (a + b);
    if x < (a + 1.0) / (a + b + 2.0) {
        (front * beta_fraction(a, b, x) / a).clamp(0.0, 1.0)
    } else {
        (1.0 - front * beta_fraction(b, a, y) / b).clamp(0.0, 1.0)
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    // It converges within some multiples of the root of the larger argument.
    let most = 1000.0 + 20.0 * a.max(b).min(1e12).sqrt();
    let mut m = 1.0;
    while m < most {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
        m += 1.0;
    }
    fraction
}

/// The `q` quantile of Beta(a, b): Newton's steps kept inside a shrinking bracket.
pub fn beta_quantile(q: f64, a: f64, b: f64) -> f64 {
    if q <= 0.0 {
        return 0.0;
    }
    if q >= 1.0 {
        return 1.0;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..400 {
        let miss = beta_regularised(a, b, x) - q;
        if miss == 0.0 {
            return x;
        }
        if miss < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let density = binomial_density(a, a + b, x, 1.0 - x) * a * b / (a + b) / (x * (1.0 - x));
        let step = x - miss / density;
        let next = if step.is_finite() && step > low && step < high {
            step
        } else {
            f64::midpoint(low, high)
        };
        if (next - x).abs() <= 1e-16 * x || high - low <= f64::EPSILON * 0.5 * low {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, want: f64, tolerance: f64) {
        assert!(
            (got - want).abs() <= tolerance * want.abs().max(1e-300),
            "{got}, expected {want}"
        );
    }

    /// Values of SciPy 1.17.
    #[test]
    fn as_the_reference_library() {
        near(normal_quantile(0.975).expect("inside"), Z95, 4e-15);
        near(
            normal_quantile(0.001).expect("inside"),
            -3.090_232_306_167_813,
            1e-14,
        );
        near(normal_cdf(-1.7), 0.044_565_462_758_543_04, 1e-14);
        near(normal_cdf(-8.0), 6.220_960_574_271_74e-16, 1e-13);
        near(
            chi_squared_sf(9.130_434_782_608_695, 3.0),
            0.027_606_023_128_351_538,
            1e-12,
        );
        near(chi_squared_sf(5.0, 1.0), 0.025_347_318_677_468_325, 1e-12);
        near(
            student_t_quantile(0.975, 7.5).expect("inside"),
            2.333_039_626_864_974,
            1e-12,
        );
        near(
            student_t_quantile(0.975, 1e6).expect("inside"),
            1.959_966_356_814_107,
            1e-10,
        );
        near(f_sf(3.2, 2.0, 11.5), 0.078_543_030_472_262_12, 1e-12);
        near(
            beta_regularised(400_001.0, 600_000.0, 0.4003),
            0.729_477_333_165_759_2,
            1e-11,
        );
        assert_eq!(normal_quantile(1.5), None);
        assert_eq!(two_sided_z(1.0), None);
    }

    /// Distribution and quantile undo one another, small and large.
    #[test]
    fn the_beta_quantile_is_the_inverse() {
        for (a, b) in [
            (0.5, 10.5),
            (1.0, 1.0),
            (8037.0, 1964.0),
            (1.0, 1e6),
            (400_001.0, 600_000.0),
            (0.5, 0.5),
        ] {
            for q in [1e-6, 0.025, 0.5, 0.975, 0.999_999] {
                near(beta_regularised(a, b, beta_quantile(q, a, b)), q, 1e-10);
            }
        }
    }

    /// Beta(1, b) and Beta(a, 1) have closed forms.
    #[test]
    fn the_beta_function_where_it_is_known() {
        for b in [1.0, 3.0, 714.0, 1e6] {
            near(
                beta_regularised(1.0, b, 1e-3),
                -(b * (-1e-3_f64).ln_1p()).exp_m1(),
                1e-10,
            );
            near(
                beta_quantile(0.975, 1.0, b),
                -((0.025_f64).ln() / b).exp_m1(),
                1e-10,
            );
        }
    }

    #[test]
    fn binomials_add_up() {
        for (n, p) in [(1, 0.3), (10, 0.5), (500, 0.02), (4000, 0.5)] {
            let sum: f64 = (0..=n).map(|k| binomial_pmf(k, n, p)).sum();
            near(sum, 1.0, 1e-12);
            let half: f64 = (0..=n / 2).map(|k| binomial_pmf(k, n, p)).sum();
            near(binomial_cdf(n / 2, n, p), half, 1e-12);
        }
        near(hypergeometric_pmf(2, 5, 4, 10), 6.0 * 20.0 / 252.0, 1e-13);
    }
}
