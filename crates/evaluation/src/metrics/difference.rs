//! Two shares of different cases: their difference and whether chance explains it.

use serde::Serialize;

use super::proportion::{LEVEL, wilson_at};
use super::special::hypergeometric_pmf;

/// Two shares compared; `None` where one has no cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TwoProportions {
    /// First share less the second.
    pub difference: Option<f64>,
    /// Hybrid score interval at 95 %.
    pub newcombe: Option<[f64; 2]>,
    /// Fisher's exact test, two-sided.
    pub fisher_exact_p: Option<f64>,
}

/// `k1` of `n1` against `k2` of `n2`, other cases.
pub fn two_proportions(k1: usize, n1: usize, k2: usize, n2: usize) -> TwoProportions {
    let share = |k: usize, n: usize| (n > 0 && k <= n).then(|| k as f64 / n as f64);
    let both = share(k1, n1).zip(share(k2, n2));
    TwoProportions {
        difference: both.map(|(a, b)| a - b),
        newcombe: newcombe(k1, n1, k2, n2, LEVEL),
        fisher_exact_p: both.map(|_| fisher_exact(k1, n1, k2, n2)),
    }
}

/// Interval of the difference of two independent shares by squaring and adding the distances to their score intervals
/// (R. G. Newcombe, Statistics in Medicine 1998, method 10 of independent shares). `None` where one has no cases.
pub fn newcombe(k1: usize, n1: usize, k2: usize, n2: usize, level: f64) -> Option<[f64; 2]> {
    let ([l1, u1], [l2, u2]) = (wilson_at(k1, n1, level)?, wilson_at(k2, n2, level)?);
    let (p1, p2) = (k1 as f64 / n1 as f64, k2 as f64 / n2 as f64);
    let d = p1 - p2;
    Some([d - (p1 - l1).hypot(u2 - p2), d + (u1 - p1).hypot(p2 - l2)])
}

/// Fisher's exact test of two shares, two-sided: the tables with these margins that are not likelier than this one.
pub fn fisher_exact(k1: usize, n1: usize, k2: usize, n2: usize) -> f64 {
    let (k, drawn, total) = (k1 as u64, n1 as u64, (n1 + n2) as u64);
    let marked = (k1 + k2) as u64;
    if drawn == 0 || drawn == total || marked == 0 || marked == total {
        return 1.0;
    }
    let density = |x: u64| hypergeometric_pmf(x, drawn, marked, total);
    let (least, most) = ((drawn + marked).saturating_sub(total), drawn.min(marked));
    // Two tables that are equally likely may differ in the last digits of their computed probabilities.
    let here = density(k) * (1.0 + 1e-7);
    let mode = (((drawn + 1) as u128 * (marked + 1) as u128 / (total + 2) as u128) as u64).clamp(least, most);
    let (mut below, mut above) = (None, None);
    // Each side of the mode falls away from it, so where a side begins to count is found by halving.
    if density(least) <= here {
        let (mut yes, mut no) = (least, mode + 1);
        while no - yes > 1 {
            let middle = u64::midpoint(yes, no);
            if density(middle) <= here {
                yes = middle
            } else {
                no = middle
            }
        }
        below = Some(yes);
    }
    let begin = below.map_or(least, |b| b + 1);
    if begin <= most && density(most) <= here {
        let (mut no, mut yes) = (mode.max(begin).saturating_sub(1), most);
        while yes - no > 1 {
            let middle = u64::midpoint(no, yes);
            if density(middle) <= here {
                yes = middle
            } else {
                no = middle
            }
        }
        above = Some(yes);
    }
    // From there outwards the terms only fall: stop where they no longer add.
    let mut sum = 0.0;
    if let Some(from) = below {
        for x in (least..=from).rev() {
            let term = density(x);
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
    }
    if let Some(from) = above {
        for x in from..=most {
            let term = density(x);
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted out by hand from the hypergeometric probabilities of the tea tasting: 3 of 4 against 1 of 4.
    #[test]
    fn the_tea_tasting() {
        assert!((fisher_exact(3, 4, 1, 4) - 34.0 / 70.0).abs() < 1e-12);
        assert!((fisher_exact(4, 4, 0, 4) - 2.0 / 70.0).abs() < 1e-12);
        assert!((fisher_exact(0, 4, 4, 4) - 2.0 / 70.0).abs() < 1e-12);
        assert!((fisher_exact(2, 4, 2, 4) - 1.0).abs() < 1e-12);
    }

    /// Every table of small margins against adding up all of them.
    #[test]
    fn as_adding_up_every_table() {
        for n1 in 1..9_usize {
            for n2 in 1..9_usize {
                for k1 in 0..=n1 {
                    for k2 in 0..=n2 {
                        let p = |x: usize| {
                            hypergeometric_pmf(x as u64, n1 as u64, (k1 + k2) as u64, (n1 + n2) as u64)
                        };
                        let sum: f64 = (0..=n1).map(p).filter(|q| *q <= p(k1) * (1.0 + 1e-9)).sum();
                        let got = fisher_exact(k1, n1, k2, n2);
                        assert!(
                            (got - sum.min(1.0)).abs() < 1e-12,
                            "{k1}/{n1} {k2}/{n2}: {got} {sum}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn no_cases_no_difference() {
        let none = two_proportions(0, 0, 1, 2);
        assert_eq!(
            (none.difference, none.newcombe, none.fisher_exact_p),
            (None, None, None)
        );
    }
}
