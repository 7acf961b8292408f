//! Two readers of the same cases: the discordant ones decide (McNemar), and how far apart the readers may be (Newcombe).

use serde::Serialize;

use super::proportion::{LEVEL, wilson_at};
use super::special::{binomial_cdf, binomial_pmf, chi_squared_sf, two_sided_z};

/// The four kinds of case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PairedCounts {
    /// Both right.
    pub both: usize,
    /// Only the first right.
    pub a_only: usize,
    /// Only the second right.
    pub b_only: usize,
    /// None right.
    pub neither: usize,
}

/// Two readers compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// Cases.
    pub n: usize,
    /// The four kinds.
    #[serde(flatten)]
    pub counts: PairedCounts,
    /// McNemar's exact p; 1 without discordant cases.
    pub mcnemar_exact: f64,
    /// Mid-p.
    pub mcnemar_midp: f64,
    /// Without continuity correction; `None` without discordant cases.
    pub mcnemar_chi2: Option<f64>,
    /// Its p.
    pub mcnemar_chi2_p: f64,
    /// With continuity correction.
    pub mcnemar_chi2_cc: Option<f64>,
    /// Its p.
    pub mcnemar_chi2_cc_p: f64,
    /// Share right of the first less that of the second; `None` for no cases.
    pub difference: Option<f64>,
    /// Normal interval of it, for comparison with older reports.
    pub difference_wald: Option<[f64; 2]>,
    /// Hybrid score interval of it.
    pub difference_newcombe: Option<[f64; 2]>,
}

impl PairedCounts {
    /// Counts cases from (first right, second right).
    pub fn of(cases: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut out = Self::default();
        for case in cases {
            *match case {
                (true, true) => &mut out.both,
                (true, false) => &mut out.a_only,
                (false, true) => &mut out.b_only,
                (false, false) => &mut out.neither,
            } += 1;
        }
        out
    }

    /// Cases.
    pub fn n(&self) -> usize {
        self.both + self.a_only + self.b_only + self.neither
    }
}

/// Exact and mid-p values for `a` cases that only the first got right and `b` that only the second did.
pub fn mcnemar(a: usize, b: usize) -> [f64; 2] {
    let (m, d) = (a.min(b) as u64, (a + b) as u64);
    if d == 0 {
        return [1.0, 1.0];
    }
    let tail = binomial_cdf(m, d, 0.5);
    let exact = (2.0 * tail).min(1.0);
    let mid = if a == b {
        1.0
    } else {
        (2.0 * tail - binomial_pmf(m, d, 0.5)).clamp(0.0, 1.0)
    };
    [exact, mid]
}

/// Interval of the difference of two paired shares, hybrid of their score intervals with the correlation φ
/// (R. G. Newcombe, Statistics in Medicine 1998, method 10). `None` for no cases.
pub fn newcombe_paired(counts: PairedCounts, level: f64) -> Option<[f64; 2]> {
    let PairedCounts {
        both,
        a_only,
        b_only,
        neither,
    } = counts;
    let n = counts.n();
    let (first, second) = (both + a_only, both + b_only);
    let [l1, u1] = wilson_at(first, n, level)?;
    let [l2, u2] = wilson_at(second, n, level)?;
    let (p1, p2) = (first as f64 / n as f64, second as f64 / n as f64);
    let margins = first as f64 * (b_only + neither) as f64 * second as f64 * (a_only + neither) as f64;
    let product = both as f64 * neither as f64 - a_only as f64 * b_only as f64;
    let half = n as f64 / 2.0;
    let phi = if margins <= 0.0 {
        0.0
    } else {
        let corrected = if product > half {
            product - half
        } else {
            product.min(0.0)
        };
        corrected / margins.sqrt()
    };
    let d = (a_only as f64 - b_only as f64) / n as f64;
    let (dl1, du1, dl2, du2) = (p1 - l1, u1 - p1, p2 - l2, u2 - p2);
    let below = (dl1 * dl1 - 2.0 * phi * dl1 * du2 + du2 * du2).max(0.0).sqrt();
    let above = (du1 * du1 - 2.0 * phi * du1 * dl2 + dl2 * dl2).max(0.0).sqrt();
    Some([d - below, d + above])
}

/// Everything about a pair of readers, at 95 %.
pub fn paired(counts: PairedCounts) -> Paired {
    let n = counts.n();
    let (a, b) = (counts.a_only as f64, counts.b_only as f64);
    let [mcnemar_exact, mcnemar_midp] = mcnemar(counts.a_only, counts.b_only);
    let discordant = a + b;
    let square = |away: f64| (discordant > 0.0).then(|| away * away / discordant);
    let p = |x: Option<f64>| x.map_or(1.0, |x| chi_squared_sf(x, 1.0));
    let plain = square(a - b);
    let corrected = square(((a - b).abs() - 1.0).max(0.0));
    let difference = (n > 0).then(|| (a - b) / n as f64);
    let difference_wald = difference.zip(two_sided_z(LEVEL)).map(|(d, z)| {
        let m = n as f64;
        let half = z * ((discordant / m - d * d).max(0.0) / m).sqrt();
        [d - half, d + half]
    });
    Paired {
        n,
        counts,
        mcnemar_exact,
        mcnemar_midp,
        mcnemar_chi2: plain,
        mcnemar_chi2_p: p(plain),
        mcnemar_chi2_cc: corrected,
        mcnemar_chi2_cc_p: p(corrected),
        difference,
        difference_wald,
        difference_newcombe: newcombe_paired(counts, LEVEL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_tables() {
        assert_eq!(mcnemar(0, 0), [1.0, 1.0]);
        let [exact, mid] = mcnemar(1, 5);
        assert!((exact - 14.0 / 64.0).abs() < 1e-12 && (mid - 8.0 / 64.0).abs() < 1e-12);
        assert_eq!(mcnemar(3, 3), [1.0, 1.0]);
    }

    /// Newcombe's own worked example: 36, 12, 2, 0 gives 0.0569 to 0.3404.
    #[test]
    fn the_published_example() {
        let counts = PairedCounts {
            both: 36,
            a_only: 12,
            b_only: 2,
            neither: 0,
        };
        let [low, high] = newcombe_paired(counts, 0.95).expect("cases");
        assert!(
            (low - 0.0569).abs() < 6e-5 && (high - 0.3404).abs() < 6e-5,
            "{low} {high}"
        );
    }

    #[test]
    fn no_cases_have_no_difference() {
        let none = paired(PairedCounts::default());
        assert_eq!(
            (none.difference, none.difference_newcombe, none.mcnemar_exact),
            (None, None, 1.0)
        );
    }
}
