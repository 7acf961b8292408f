//! Intervals of shares.

use overread_evaluation::metrics::difference::{fisher_exact, newcombe, two_proportions};
use overread_evaluation::metrics::proportion::{
    clopper_pearson, proportion, wilson, wilson_at, wilson_of_share,
};
use overread_evaluation::metrics::special::binomial_pmf;
use proptest::prelude::*;

fn share() -> impl Strategy<Value = (usize, usize)> {
    (1..2_000_usize).prop_flat_map(|n| (0..=n, Just(n)))
}

proptest! {
    #[test]
    fn every_interval_holds_its_estimate((k, n) in share(), level in 0.5..0.999_f64) {
        let p = proportion(k, n, level);
        let estimate = p.estimate.expect("cases");
        for [low, high] in [p.wilson, p.clopper_pearson, p.jeffreys, p.agresti_coull, p.wald].into_iter().flatten() {
            prop_assert!(0.0 <= low && low <= estimate + 1e-12 && estimate <= high + 1e-12 && high <= 1.0);
        }
        prop_assert_eq!(p.one_sided_upper_95.is_some(), k == 0);
    }

    /// Right and wrong change places: the interval is mirrored.
    #[test]
    fn mirrored((k, n) in share()) {
        for of in [wilson, clopper_pearson] {
            let ([a, b], [c, d]) = (of(k, n).expect("cases"), of(n - k, n).expect("cases"));
            prop_assert!((a - (1.0 - d)).abs() < 1e-10 && (b - (1.0 - c)).abs() < 1e-10);
        }
    }

    /// Ten times the cases at the same share narrow it, a higher level widens it.
    #[test]
    fn narrower_with_cases_wider_with_level((k, n) in share()) {
        let width = |[low, high]: [f64; 2]| high - low;
        prop_assert!(width(wilson(10 * k, 10 * n).expect("cases")) < width(wilson(k, n).expect("cases")));
        prop_assert!(width(clopper_pearson(10 * k, 10 * n).expect("cases")) < width(clopper_pearson(k, n).expect("cases")));
        prop_assert!(width(wilson_at(k, n, 0.99).expect("cases")) > width(wilson_at(k, n, 0.9).expect("cases")));
    }

    /// The exact interval's ends are where the tails are 2.5 %.
    #[test]
    fn exact_ends_have_exact_tails((k, n) in (1..60_usize).prop_flat_map(|n| (1..=n, Just(n)))) {
        let [low, high] = clopper_pearson(k, n).expect("cases");
        let above: f64 = (k..=n).map(|x| binomial_pmf(x as u64, n as u64, low)).sum();
        prop_assert!((above - 0.025).abs() < 1e-9);
        if k < n {
            let below: f64 = (0..=k).map(|x| binomial_pmf(x as u64, n as u64, high)).sum();
            prop_assert!((below - 0.025).abs() < 1e-9);
        }
    }

    #[test]
    fn an_effective_number_that_is_whole_is_a_number((k, n) in share()) {
        let ([a, b], [c, d]) = (wilson(k, n).expect("cases"), wilson_of_share(k as f64 / n as f64, n as f64, 0.95).expect("cases"));
        prop_assert!((a - c).abs() < 1e-12 && (b - d).abs() < 1e-12);
    }

    /// The second reader first: the difference changes its sign, p does not change.
    #[test]
    fn differences_are_antisymmetric((k1, n1) in share(), (k2, n2) in share()) {
        let ([a, b], [c, d]) = (newcombe(k1, n1, k2, n2, 0.95).expect("cases"), newcombe(k2, n2, k1, n1, 0.95).expect("cases"));
        prop_assert!((a + d).abs() < 1e-12 && (b + c).abs() < 1e-12);
        let (p, q) = (fisher_exact(k1, n1, k2, n2), fisher_exact(k2, n2, k1, n1));
        prop_assert!((0.0..=1.0).contains(&p) && (p - q).abs() < 1e-9, "{} {}", p, q);
        let all = two_proportions(k1, n1, k2, n2);
        let d = all.difference.expect("cases");
        prop_assert!(a <= d + 1e-12 && d <= b + 1e-12 && (-1.0..=1.0).contains(&a) && (-1.0..=1.0).contains(&b));
    }
}

/// Mean coverage of Wilson over shares is close to its level, that of Clopper-Pearson never below.
#[test]
fn coverage() {
    for n in [5_usize, 10, 30, 100] {
        let covers = |of: fn(usize, usize) -> Option<[f64; 2]>, p: f64| -> f64 {
            (0..=n)
                .filter(|k| of(*k, n).is_some_and(|[low, high]| low <= p && p <= high))
                .map(|k| binomial_pmf(k as u64, n as u64, p))
                .sum()
        };
        let grid: Vec<f64> = (1..400).map(|i| f64::from(i) / 400.0).collect();
        let mean = grid.iter().map(|p| covers(wilson, *p)).sum::<f64>() / grid.len() as f64;
        let least = grid
            .iter()
            .map(|p| covers(clopper_pearson, *p))
            .fold(1.0, f64::min);
        println!("n = {n}: Wilson covers {mean:.4} on average, Clopper-Pearson {least:.4} at least");
        assert!((mean - 0.95).abs() < 0.012, "{n}: {mean}");
        assert!(least >= 0.95 - 1e-9, "{n}: {least}");
    }
}
