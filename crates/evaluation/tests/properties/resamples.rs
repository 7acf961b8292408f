//! The bootstrap over patients.

use overread_evaluation::metrics::bootstrap::{
    Basis, BootstrapError, Figure, Plan, Spread, Statistic, bootstrap,
};
use overread_evaluation::metrics::confidence::Answer;
use overread_evaluation::metrics::generator::Generator;
use overread_evaluation::metrics::patients::Patients;
use overread_evaluation::metrics::special::binomial_cdf;
use overread_evaluation::metrics::weighted::{Auc, EqualWidth, Labelled, Labels, Ratio, Scored};
use proptest::prelude::*;

fn plan(resamples: usize, seed: u64) -> Plan {
    Plan {
        resamples,
        seed,
        level: 0.95,
    }
}

struct Made {
    patients: Vec<String>,
    labelled: Vec<Labelled>,
    scored: Vec<Scored>,
}

/// A made reader of `n` cases of about `n / 2` patients and four labels.
fn made(n: usize, seed: u64) -> Made {
    let mut g = Generator::new(seed, 0);
    let mut out = Made {
        patients: Vec::new(),
        labelled: Vec::new(),
        scored: Vec::new(),
    };
    for case in 0..n {
        out.patients.push(format!("p{}", g.below(n / 2 + 1)));
        let truth = g.below(4);
        let answer = (g.unit() > 0.02).then(|| if g.unit() < 0.7 { truth } else { g.below(4) });
        let positive = answer == Some(truth);
        let score = (g.unit() * 100.0).round() / 200.0 + if positive { 0.3 } else { 0.2 };
        out.labelled.push(Labelled { case, truth, answer });
        out.scored.push(Scored {
            case,
            score,
            positive,
        });
    }
    out
}

fn spreads(m: &Made, plan: Plan) -> Vec<Spread> {
    let labels = Labels::new(m.labelled.iter().copied(), 4, true);
    let auc = Auc::new(m.scored.iter().copied());
    let ece = EqualWidth::new(
        m.scored.iter().map(|s| {
            (
                s.case,
                Answer {
                    confidence: s.score,
                    right: s.positive,
                },
            )
        }),
        10,
    );
    let brier = Ratio::mean(
        m.scored
            .iter()
            .map(|s| (s.case, (s.score - f64::from(u8::from(s.positive))).powi(2))),
    );
    let all: [&dyn Statistic; 4] = [&labels, &auc, &ece, &brier];
    bootstrap(&Patients::group(&m.patients), &all, &[(0, 3), (24, 28)], plan).expect("a plan")
}

/// The same bits on one thread, two, and five.
#[test]
fn as_many_cores_as_you_like() {
    let m = made(301, 5);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| spreads(&m, plan(400, 9)))
    };
    let one = on(1);
    assert_eq!(format!("{one:?}"), format!("{:?}", on(2)));
    assert_eq!(format!("{one:?}"), format!("{:?}", on(5)));
    assert_ne!(
        format!("{one:?}"),
        format!("{:?}", spreads(&m, plan(400, 10))),
        "another seed"
    );
}

/// Cases in another order, patients with the same names: counts give the same to the bit, sums of numbers but for the
/// last digits.
#[test]
fn in_any_order_of_cases() {
    let m = made(200, 6);
    let n = m.patients.len();
    let turned = Made {
        patients: m.patients.iter().rev().cloned().collect(),
        labelled: m
            .labelled
            .iter()
            .rev()
            .map(|l| Labelled {
                case: n - 1 - l.case,
                ..*l
            })
            .collect(),
        scored: m
            .scored
            .iter()
            .rev()
            .map(|s| Scored {
                case: n - 1 - s.case,
                ..*s
            })
            .collect(),
    };
    let (a, b) = (spreads(&m, plan(500, 3)), spreads(&turned, plan(500, 3)));
    for (column, (x, y)) in a.iter().zip(&b).enumerate() {
        if column < 25 {
            assert_eq!(x, y, "column {column}");
        }
        let ([l, h], [p, q]) = (x.interval().expect("spread"), y.interval().expect("spread"));
        assert!((l - p).abs() < 1e-9 && (h - q).abs() < 1e-9, "column {column}");
    }
}

/// The percentile interval of a share of single cases holds the binomial's own quantiles.
#[test]
fn a_share_is_a_binomial() {
    for (k, n) in [(31_usize, 40_usize), (2, 10), (180, 200)] {
        let right = Ratio::share((0..n).map(|i| (i, i < k)));
        let [s] =
            &bootstrap(&Patients::each_its_own(n), &[&right], &[], plan(20_000, 1)).expect("a plan")[..]
        else {
            panic!("one figure");
        };
        let p = k as f64 / n as f64;
        let sd = (p * (1.0 - p) / n as f64).sqrt();
        assert!(
            (s.sd.expect("some") / sd - 1.0).abs() < 0.03
                && (s.mean.expect("some") - p).abs() < 4.0 * sd / 141.0
        );
        let [low, high] = s.percentile.expect("some").map(|v| (v * n as f64).round() as u64);
        let below = |x: u64| binomial_cdf(x, n as u64, p);
        assert!(
            below(low) > 0.02 && (low == 0 || below(low - 1) < 0.03),
            "{k}/{n}: {low}"
        );
        assert!(below(high) > 0.97 && below(high - 1) < 0.98, "{k}/{n}: {high}");
    }
}

/// Where no resample differs there is an interval all the same, and it says what it rests on.
#[test]
fn all_right() {
    let right = Ratio::share((0..12).map(|i| (i, true)));
    let single = bootstrap(&Patients::each_its_own(12), &[&right], &[], plan(200, 1)).expect("a plan");
    assert!(single[0].all_alike && single[0].bca.is_none());
    let basis = single[0].without_spread.expect("a share");
    assert_eq!((basis.basis, basis.n), (Basis::WilsonCases, 12));
    assert!((basis.interval[0] - 0.757_505_993_344_759).abs() < 1e-9 && basis.interval[1] == 1.0);
    let in_pairs = Patients::group(&(0..12).map(|i| i / 2).collect::<Vec<_>>());
    let pairs = bootstrap(&in_pairs, &[&right], &[], plan(200, 1)).expect("a plan");
    assert_eq!(
        pairs[0].without_spread.map(|w| (w.basis, w.n)),
        Some((Basis::WilsonPatients, 6))
    );
    // A mean is no share: no interval is made up.
    let mean = Ratio::mean((0..12).map(|i| (i, 0.25)));
    let flat = bootstrap(&in_pairs, &[&mean], &[(0, 0)], plan(200, 1)).expect("a plan");
    assert_eq!((flat[0].interval(), flat[1].p_no_difference), (None, Some(1.0)));
}

/// Resamples without a positive have no area; they are counted, not taken for 0.
#[test]
fn undefined_resamples_are_counted() {
    let auc = Auc::new((0..8).map(|case| Scored {
        case,
        score: case as f64,
        positive: case == 5,
    }));
    let s = bootstrap(&Patients::each_its_own(8), &[&auc], &[], plan(4000, 1)).expect("a plan");
    assert_eq!(s[0].defined + s[0].undefined, 4000);
    let share = s[0].undefined as f64 / 4000.0;
    assert!((share - (7.0_f64 / 8.0).powi(8)).abs() < 0.04, "{share}");
    assert!(s[0].percentile.expect("some")[0] > 0.2 && s[0].bca.is_none());
}

/// A closure is a figure too, and its patients can be left out.
#[test]
fn a_figure_of_ones_own() {
    let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
    let sum = |weights: &[u32]| -> Option<f64> {
        let n: u32 = weights.iter().sum();
        Some(
            weights
                .iter()
                .zip(values)
                .map(|(w, v)| f64::from(*w) * v)
                .sum::<f64>()
                / f64::from(n),
        )
    };
    let own = Figure { cases: 8, of: sum };
    let built_in = Ratio::mean(values.into_iter().enumerate());
    let s = bootstrap(
        &Patients::each_its_own(8),
        &[&own, &built_in],
        &[(0, 1)],
        plan(1000, 4),
    )
    .expect("a plan");
    let ([a, b], [c, d]) = (s[0].interval().expect("some"), s[1].interval().expect("some"));
    assert!((a - c).abs() < 1e-12 && (b - d).abs() < 1e-12);
    assert!(s[0].bca.expect("some").acceleration > 0.0, "skewed to the right");
    assert!(s[2].all_alike);
}

#[test]
fn refusals() {
    let ratio = Ratio::share([(3, true)]);
    let two = Patients::each_its_own(2);
    let error = |r: Result<Vec<Spread>, BootstrapError>| r.expect_err("refused");
    assert_eq!(
        error(bootstrap(&two, &[&ratio], &[], plan(10, 1))),
        BootstrapError::Cases { case: 3, cases: 2 }
    );
    assert_eq!(error(bootstrap(&two, &[], &[], plan(0, 1))), BootstrapError::Plan);
    let level = Plan {
        level: 1.0,
        ..plan(5, 1)
    };
    assert_eq!(error(bootstrap(&two, &[], &[], level)), BootstrapError::Plan);
    let four = Patients::each_its_own(4);
    assert_eq!(
        error(bootstrap(&four, &[&ratio], &[(0, 1)], plan(5, 1))),
        BootstrapError::Column(1)
    );
    assert!(matches!(
        error(bootstrap(&four, &[&ratio], &[], plan(usize::MAX, 1))),
        BootstrapError::TooMany { .. }
    ));
    assert_eq!(
        bootstrap(&Patients::each_its_own(0), &[], &[], plan(5, 1)),
        Ok(Vec::new())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Intervals lie within what the figure can be, around the middle of the resamples, wider at a higher level.
    #[test]
    fn intervals_are_sane(n in 2..60_usize, seed in 0..1000_u64) {
        let m = made(n, seed);
        let narrow = spreads(&m, Plan { level: 0.8, ..plan(300, seed) });
        for (x, y) in spreads(&m, plan(300, seed)).iter().zip(&narrow) {
            prop_assert_eq!(x.defined + x.undefined, 300);
            if let (Some([l, h]), Some([p, q])) = (x.percentile, y.percentile) {
                prop_assert!(l <= p && p <= q && q <= h && (-1.0..=1.0).contains(&l) && (-1.0..=1.0).contains(&h));
            }
            if let Some([l, h]) = x.interval() {
                prop_assert!(l <= h);
            }
            if let Some(p) = x.p_no_difference {
                prop_assert!((0.0..=1.0).contains(&p));
            }
        }
    }
}
