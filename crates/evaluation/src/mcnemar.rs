//! McNemar's test for two readers on the same cases.

use statrs::function::gamma::ln_gamma;

/// Two-sided p-values from the discordant counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// min(1, 2 P(X ≤ m)), X ~ Bin(d, ½), m the smaller count, d the sum.
    pub exact: f64,
    /// 2 P(X ≤ m) − P(X = m); 1 when the counts are equal.
    pub mid_p: f64,
}

/// The test for `a_only` cases that only the first and `b_only` that only the second reader got right; both p-values
/// are 1 without discordant cases.
pub fn mcnemar(a_only: u64, b_only: u64) -> McNemar {
    let (m, d) = (a_only.min(b_only), a_only + b_only);
    if d == 0 {
        return McNemar {
            exact: 1.0,
            mid_p: 1.0,
        };
    }
    let (m_f, d_f) = (m as f64, d as f64);
    let ln_point =
        ln_gamma(d_f + 1.0) - ln_gamma(m_f + 1.0) - ln_gamma(d_f - m_f + 1.0) - d_f * std::f64::consts::LN_2;
    let point = ln_point.exp();
    // Downwards from m the terms fall by k / (d - k + 1), which is below 1.
    let (mut share, mut tail, mut k) = (1.0, 1.0, m_f);
    while k > 0.0 {
        share *= k / (d_f - k + 1.0);
        tail += share;
        if share < tail * 1e-18 {
            break;
        }
        k -= 1.0;
    }
    let twice = 2.0 * point * tail;
    McNemar {
        exact: twice.min(1.0),
        mid_p: if a_only == b_only { 1.0 } else { twice - point },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_by_hand() {
        let t = mcnemar(1, 0);
        assert!((t.exact - 1.0).abs() < 1e-12 && (t.mid_p - 0.5).abs() < 1e-12);
        // 2 (1 + 10) / 2^10 and that less 10 / 2^10.
        let t = mcnemar(1, 9);
        assert!((t.exact - 22.0 / 1024.0).abs() < 1e-12 && (t.mid_p - 12.0 / 1024.0).abs() < 1e-12);
        let t = mcnemar(4, 4);
        assert!((t.exact - 1.0).abs() < 1e-12 && (t.mid_p - 1.0).abs() < 1e-12);
        assert_eq!(
            mcnemar(0, 0),
            McNemar {
                exact: 1.0,
                mid_p: 1.0
            }
        );
    }

    #[test]
    fn large_counts_follow_the_normal_tail() {
        // z = (5200 - 4800 - 1) / 100 = 3.99: two-sided 6.6e-5.
        let t = mcnemar(4800, 5200);
        assert!((t.exact / 6.608e-5 - 1.0).abs() < 0.01, "{t:?}");
        assert!(mcnemar(0, 5000).exact >= 0.0);
    }
}
