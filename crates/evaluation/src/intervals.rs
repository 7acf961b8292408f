//! Confidence intervals of a proportion.

use crate::special::beta_quantile;

/// The 0.975 quantile of the normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Wilson score interval at 95 %, no continuity correction, exactly 0 at 0 right and 1 at all right; `None` when
/// `n` is 0.
pub fn wilson(right: u64, n: u64) -> Option<[f64; 2]> {
    if n == 0 {
        return None;
    }
    let (k, n_f) = (right as f64, n as f64);
    let (p, z2) = (k / n_f, Z95 * Z95);
    let middle = (p + z2 / (2.0 * n_f)) / (1.0 + z2 / n_f);
    let half = Z95 * (p * (1.0 - p) / n_f + z2 / (4.0 * n_f * n_f)).sqrt() / (1.0 + z2 / n_f);
    let low = if right == 0 { 0.0 } else { middle - half };
    let high = if right >= n { 1.0 } else { middle + half };
    Some([low, high])
}

/// Clopper-Pearson ("exact") interval at 95 %, from beta quantiles at 0.025 and 0.975; `None` when `n` is 0.
pub fn clopper_pearson(right: u64, n: u64) -> Option<[f64; 2]> {
    if n == 0 {
        return None;
    }
    let right = right.min(n);
    let (k, wrong) = (right as f64, (n - right) as f64);
    let low = if right == 0 {
        0.0
    } else {
        beta_quantile(k, wrong + 1.0, 0.025)
    };
    let high = if right == n {
        1.0
    } else {
        beta_quantile(k + 1.0, wrong, 0.975)
    };
    Some([low, high])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn none_and_all_right_touch_the_ends() {
        assert_eq!(wilson(0, 0), None);
        let [low, high] = wilson(0, 10).unwrap();
        assert!(low.abs() < f64::EPSILON && (high - 0.277_535).abs() < 1e-5);
        let [low, high] = clopper_pearson(10, 10).unwrap();
        // 0.025^(1/10)
        assert!((low - 0.025_f64.powf(0.1)).abs() < 1e-12 && (high - 1.0).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn both_hold_the_estimate_and_the_exact_one_is_wider_on_the_whole(n in 1_u64..400, k in 0_u64..400) {
            let k = k.min(n);
            let p = k as f64 / n as f64;
            for [low, high] in [wilson(k, n).unwrap(), clopper_pearson(k, n).unwrap()] {
                prop_assert!(low <= p && p <= high && low >= 0.0 && high <= 1.0);
            }
            // Mirrored.
            let [a, b] = clopper_pearson(k, n).unwrap();
            let [c, d] = clopper_pearson(n - k, n).unwrap();
            prop_assert!((a - (1.0 - d)).abs() < 1e-9 && (b - (1.0 - c)).abs() < 1e-9);
        }
    }
}
