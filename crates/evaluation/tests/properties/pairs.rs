//! Paired tests and several of them.

use overread_evaluation::metrics::cochran::cochran;
use overread_evaluation::metrics::multiple::{benjamini_hochberg, bonferroni, holm};
use overread_evaluation::metrics::paired::{PairedCounts, mcnemar, paired};
use overread_evaluation::metrics::power::{mcnemar_cases, wilson_cases, wilson_half_width};
use proptest::prelude::*;

fn counts() -> impl Strategy<Value = PairedCounts> {
    (0..400_usize, 0..200_usize, 0..200_usize, 0..400_usize).prop_map(|(both, a_only, b_only, neither)| {
        PairedCounts {
            both,
            a_only,
            b_only,
            neither,
        }
    })
}

proptest! {
    #[test]
    fn p_is_a_probability_and_symmetric(a in 0..3_000_usize, b in 0..3_000_usize) {
        let [exact, mid] = mcnemar(a, b);
        prop_assert!((0.0..=1.0).contains(&exact) && (0.0..=1.0).contains(&mid) && mid <= exact);
        prop_assert_eq!(mcnemar(b, a), [exact, mid]);
    }

    /// Of the same discordant cases, a more uneven split is never less surprising.
    #[test]
    fn uneven_splits_are_more_surprising(d in 1..300_usize, at in 0..150_usize) {
        let few = at.min(d / 2);
        prop_assert!(few == 0 || mcnemar(few - 1, d - few + 1)[0] <= mcnemar(few, d - few)[0] + 1e-12);
    }

    #[test]
    fn swapping_readers_changes_the_sign(c in counts()) {
        let other = PairedCounts { a_only: c.b_only, b_only: c.a_only, ..c };
        let (x, y) = (paired(c), paired(other));
        prop_assert_eq!(x.mcnemar_exact, y.mcnemar_exact);
        prop_assert_eq!(x.mcnemar_chi2_p, y.mcnemar_chi2_p);
        if let (Some([a, b]), Some([e, f]), Some(d)) = (x.difference_newcombe, y.difference_newcombe, x.difference) {
            prop_assert!((a + f).abs() < 1e-12 && (b + e).abs() < 1e-12);
            prop_assert!(a <= d && d <= b && a >= -1.0 - 1e-12 && b <= 1.0 + 1e-12);
        }
        for p in [x.mcnemar_chi2_p, x.mcnemar_chi2_cc_p] {
            prop_assert!((0.0..=1.0).contains(&p));
        }
        prop_assert!(x.mcnemar_chi2_cc_p >= x.mcnemar_chi2_p);
    }

    /// Holm is never below the raw p, never above Bonferroni; Benjamini and Hochberg lie between raw and Holm.
    #[test]
    fn adjusted_p(p in prop::collection::vec(0.0..=1.0_f64, 0..12)) {
        let (h, b, f) = (holm(&p), bonferroni(&p), benjamini_hochberg(&p));
        for i in 0..p.len() {
            prop_assert!(p[i] <= f[i] + 1e-12 && f[i] <= h[i] + 1e-12 && h[i] <= b[i] + 1e-12 && b[i] <= 1.0);
            for j in 0..p.len() {
                prop_assert!(p[i] > p[j] || h[i] <= h[j], "Holm keeps the order");
            }
        }
    }

    /// Readers may be named in any order, and cases that all got right or all wrong add nothing to Q.
    #[test]
    fn cochran_is_about_the_others(rows in prop::collection::vec(prop::collection::vec(any::<bool>(), 4), 1..60)) {
        let all = cochran(4, &rows);
        let turned: Vec<Vec<bool>> = rows.iter().map(|r| r.iter().rev().copied().collect()).collect();
        let told: Vec<Vec<bool>> = rows.iter().filter(|r| r.iter().any(|x| *x != r[0])).cloned().collect();
        prop_assert_eq!(all.q, cochran(4, &turned).q);
        prop_assert_eq!(all.q, cochran(4, &told).q);
        prop_assert!((0.0..=1.0).contains(&all.p) && all.q.is_none_or(|q| q >= 0.0));
        prop_assert_eq!(all.pairs.len(), 6);
    }

    /// The number of cases is the first that is enough.
    #[test]
    fn numbers_of_cases(p in 0.0..=1.0_f64, width in 0.005..0.4_f64) {
        let n = wilson_cases(p, width, 0.95).expect("a share");
        prop_assert!(wilson_half_width(p, n, 0.95).expect("cases") <= width);
        prop_assert!(n == 1 || wilson_half_width(p, n - 1, 0.95).expect("cases") > width);
        prop_assert!(mcnemar_cases(0.3, 0.1, 0.05, 0.9) > mcnemar_cases(0.3, 0.1, 0.05, 0.8));
    }
}
