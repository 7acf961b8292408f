//! Intervals of a proportion at 95 %: Wilson without continuity correction, Clopper-Pearson.

use statrs::function::beta::beta_reg;

const Z: f64 = 1.959_963_984_540_054;

/// Wilson score interval of `x` of `n`; exactly 0 and 1 at the ends. `None` for n = 0.
pub fn wilson(x: usize, n: usize) -> Option<[f64; 2]> {
    if n == 0 {
        return None;
    }
    let (p, m) = (x as f64 / n as f64, n as f64);
    let scale = 1.0 + Z * Z / m;
    let centre = (p + Z * Z / (2.0 * m)) / scale;
    let half = Z / scale * (p * (1.0 - p) / m + Z * Z / (4.0 * m * m)).sqrt();
    Some([
        if x == 0 { 0.0 } else { centre - half },
        if x == n { 1.0 } else { centre + half },
    ])
}

/// Clopper-Pearson interval of `x` of `n`. `None` for n = 0.
pub fn clopper_pearson(x: usize, n: usize) -> Option<[f64; 2]> {
    if n == 0 {
        return None;
    }
    let (a, b) = (x as f64, (n - x) as f64);
    let low = if x == 0 {
        0.0
    } else {
        beta_quantile(0.025, a, b + 1.0)
    };
    let high = if x == n {
        1.0
    } else {
        beta_quantile(0.975, a + 1.0, b)
    };
    Some([low, high])
}

/// The q quantile of Beta(a, b), by bisection to the last bit.
fn beta_quantile(q: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if beta_reg(a, b, middle) < q {
            low = middle
        } else {
            high = middle
        }
    }
    f64::midpoint(low, high)
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
}
