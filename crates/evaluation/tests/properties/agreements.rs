//! Agreement and tables.

use overread_evaluation::metrics::agreement::{agreement, cross_table};
use overread_evaluation::metrics::binary::{Counts, at_prevalence, binary};
use overread_evaluation::metrics::classification::Confusion;
use overread_evaluation::metrics::raters::agreement_many;
use proptest::prelude::*;

fn near(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a.is_none() && b.is_none(),
    }
}

const K: usize = 4;

proptest! {
    #[test]
    fn two_readers(pairs in prop::collection::vec((0..K, 0..K), 1..120), shift in 1..K) {
        let a = agreement(cross_table(K, pairs.iter().copied()));
        // Readers change places.
        let b = agreement(cross_table(K, pairs.iter().map(|(x, y)| (*y, *x))));
        prop_assert!(near(a.kappa, b.kappa) && near(a.kappa_quadratic, b.kappa_quadratic) && near(a.gwet_ac1, b.gwet_ac1));
        prop_assert!(near(a.kappa_se, b.kappa_se) && near(a.scott_pi, b.scott_pi));
        // Categories change names: what knows no order does not change.
        let c = agreement(cross_table(K, pairs.iter().map(|(x, y)| ((x + shift) % K, (y + shift) % K))));
        prop_assert!(near(a.kappa, c.kappa) && near(a.gwet_ac1, c.gwet_ac1) && near(a.pabak, c.pabak));
        // The order turned round: what knows it does not change either.
        let d = agreement(cross_table(K, pairs.iter().map(|(x, y)| (K - 1 - x, K - 1 - y))));
        prop_assert!(near(a.kappa_linear, d.kappa_linear) && near(a.kappa_quadratic, d.kappa_quadratic));
        for x in [a.kappa, a.kappa_linear, a.kappa_quadratic, a.scott_pi, a.gwet_ac1, a.pabak].into_iter().flatten() {
            prop_assert!((-1.0 - 1e-9..=1.0 + 1e-9).contains(&x));
        }
        if let (Some(kappa), Some(most)) = (a.kappa, a.kappa_max) {
            prop_assert!(kappa <= most + 1e-9);
        }
        // Three times the cases: the same kappa, the error smaller by √3.
        let e = agreement(cross_table(K, pairs.iter().chain(&pairs).chain(&pairs).copied()));
        prop_assert!(near(a.kappa, e.kappa) && near(a.kappa_se.map(|s| s / 3_f64.sqrt()), e.kappa_se));
    }

    /// Two readers without gaps: Fleiss is Scott's pi, AC1 is that of two readers.
    #[test]
    fn many_readers_that_are_two(pairs in prop::collection::vec((0..K, 0..K), 1..80)) {
        let two = agreement(cross_table(K, pairs.iter().copied()));
        let rows: Vec<Vec<Option<usize>>> = pairs.iter().map(|(x, y)| vec![Some(*x), Some(*y)]).collect();
        let many = agreement_many(&rows, K, true);
        prop_assert!(near(many.fleiss_kappa, two.scott_pi), "{:?} {:?}", many.fleiss_kappa, two.scott_pi);
        prop_assert!(near(many.gwet_ac1, two.gwet_ac1) && near(many.percent_agreement, two.observed));
        // Alpha corrects Scott's pi for the number of ratings.
        let n = 2.0 * pairs.len() as f64;
        prop_assert!(near(many.krippendorff_nominal, two.scott_pi.map(|pi| 1.0 - (1.0 - pi) * (n - 1.0) / n)));
    }

    /// The order of readers and of items does not matter, nor do items with a single rating to alpha.
    #[test]
    fn many_readers(rows in prop::collection::vec(prop::collection::vec(prop::option::of(0..K), 5), 1..40)) {
        let all = agreement_many(&rows, K, true);
        let mut turned: Vec<Vec<Option<usize>>> = rows.iter().map(|r| r.iter().rev().copied().collect()).collect();
        turned.reverse();
        let other = agreement_many(&turned, K, true);
        prop_assert!(near(all.krippendorff_ordinal, other.krippendorff_ordinal) && near(all.gwet_ac1, other.gwet_ac1));
        let mut more = rows.clone();
        more.push(vec![Some(1), None, None, None, None]);
        let with_single = agreement_many(&more, K, true);
        prop_assert!(near(all.krippendorff_nominal, with_single.krippendorff_nominal));
        prop_assert!(near(all.krippendorff_interval, with_single.krippendorff_interval));
    }

    /// New names for the labels change no average.
    #[test]
    fn relabelling(cases in prop::collection::vec((0..K, prop::option::of(0..K)), 1..120), shift in 1..K) {
        let figures = |turn: usize| {
            let mut c = Confusion::new(K);
            for (truth, answer) in &cases {
                c.add((truth + turn) % K, answer.map(|a| (a + turn) % K));
            }
            c.figures()
        };
        let (a, b) = (figures(0), figures(shift));
        prop_assert!(near(a.macro_f1, b.macro_f1) && near(a.weighted_f1, b.weighted_f1) && near(a.mcc, b.mcc));
        prop_assert!(near(a.kappa, b.kappa) && near(a.balanced_accuracy, b.balanced_accuracy));
        prop_assert!(near(a.micro_f1, b.micro_f1) && near(a.micro_recall, a.accuracy) && near(a.weighted_recall, a.accuracy));
        prop_assert_eq!(a.n, a.confusion.iter().flatten().sum::<usize>());
    }

    /// At the prevalence of the cases themselves the moved predictive values are the plain ones.
    #[test]
    fn predictive_values(tp in 0..300_usize, fp in 0..300_usize, missed in 0..300_usize, tn in 0..300_usize) {
        let b = binary(Counts { tp, fp, missed, tn });
        if let (Some(sensitivity), Some(specificity), Some(prevalence)) = (b.sensitivity, b.specificity, b.prevalence) {
            let moved = at_prevalence(sensitivity, specificity, prevalence);
            prop_assert!(b.ppv.is_none() || near(moved.ppv, b.ppv));
            prop_assert!(b.npv.is_none() || near(moved.npv, b.npv));
        }
        let mirrored = binary(Counts { tp: tn, fp: missed, missed: fp, tn: tp });
        prop_assert!(near(b.sensitivity, mirrored.specificity) && near(b.kappa, mirrored.kappa));
        prop_assert!((b.mcc - mirrored.mcc).abs() < 1e-9 && (-1.0 - 1e-9..=1.0 + 1e-9).contains(&b.mcc));
    }
}
