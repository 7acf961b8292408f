//! Weighted figures: a case counted w times is w cases, and a patient left out is a patient who never came.

use overread_evaluation::metrics::agreement::{agreement, cross_table};
use overread_evaluation::metrics::bootstrap::Statistic;
use overread_evaluation::metrics::classification::Confusion;
use overread_evaluation::metrics::confidence::{
    Answer, equal_mass, equal_width, expected_error, maximum_error,
};
use overread_evaluation::metrics::multilabel::{self, Blank, Mark, Uncertain};
use overread_evaluation::metrics::patients::Patients;
use overread_evaluation::metrics::selective::RiskCoverage as Curve;
use overread_evaluation::metrics::weighted::{
    Auc, AveragePrecision, Between, EqualMass, EqualWidth, Labelled, Labels, OfLabel, Overall, Ratio,
    RiskCoverage, Scored, Summary, TwoReaders, YesNo, YesNoLists,
};
use proptest::prelude::*;

/// Truth, answer, confidence in twentieths, weight, patient.
type Case = (usize, Option<usize>, u8, u32, u8);
const K: usize = 3;

fn cases() -> impl Strategy<Value = Vec<Case>> {
    prop::collection::vec(
        (
            0..K,
            prop::option::weighted(0.9, 0..K),
            0..=20_u8,
            0..4_u32,
            0..9_u8,
        ),
        1..60,
    )
}

fn near(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn labels(rows: &[Case]) -> Labels {
    let each = rows.iter().enumerate();
    Labels::new(
        each.map(|(case, r)| Labelled {
            case,
            truth: r.0,
            answer: r.1,
        }),
        K,
        true,
    )
}

fn scored(rows: &[Case]) -> impl Iterator<Item = Scored> {
    rows.iter().enumerate().map(|(case, r)| Scored {
        case,
        score: f64::from(r.2) / 20.0,
        positive: r.1 == Some(r.0),
    })
}

fn confident(rows: &[Case]) -> impl Iterator<Item = (usize, Answer)> {
    scored(rows).map(|s| {
        let answer = Answer {
            confidence: s.score,
            right: s.positive,
        };
        (s.case, answer)
    })
}

fn lists(rows: &[Case]) -> YesNoLists {
    let each = rows.iter().enumerate().flat_map(|(case, r)| {
        (0..K).map(move |label| YesNo {
            case,
            label,
            truth: label == r.0,
            said: Some(label) == r.1 || u32::from(r.2) % 3 == label as u32,
        })
    });
    YesNoLists::new(each, K)
}

fn readers(rows: &[Case]) -> TwoReaders {
    TwoReaders::new(
        rows.iter()
            .enumerate()
            .filter_map(|(case, r)| Some((case, r.0, r.1?))),
        K,
    )
}

fn value(statistic: &dyn Statistic, weights: &[u32]) -> Vec<Option<f64>> {
    let mut out = vec![None; statistic.width()];
    statistic.evaluate(weights, &mut out);
    out
}

/// The same rows, each as often as its weight.
fn expanded(rows: &[Case]) -> Vec<Case> {
    rows.iter()
        .flat_map(|r| std::iter::repeat_n(*r, r.3 as usize))
        .collect()
}

/// Pairs of a right and a wrong answer in order, counted one by one.
fn pairs_in_order(rows: &[Case]) -> Option<f64> {
    let of = |right: bool| rows.iter().filter(move |r| (r.1 == Some(r.0)) == right);
    let (mut sum, mut n) = (0.0, 0.0);
    for a in of(true) {
        for b in of(false) {
            sum += if a.2 > b.2 {
                1.0
            } else if a.2 == b.2 {
                0.5
            } else {
                0.0
            };
            n += 1.0;
        }
    }
    (n > 0.0).then(|| sum / n)
}

proptest! {
    #[test]
    fn a_weight_is_so_many_cases(rows in cases()) {
        let weights: Vec<u32> = rows.iter().map(|r| r.3).collect();
        let all = expanded(&rows);
        let mut confusion = Confusion::new(K);
        all.iter().for_each(|r| confusion.add(r.0, r.1));
        let want = confusion.figures();
        let got = value(&labels(&rows), &weights);
        let of = |figure| got[Labels::summary(figure)];
        prop_assert!(near(of(Summary::Accuracy), want.accuracy) && near(of(Summary::InvalidRate), want.invalid_rate));
        prop_assert!(near(of(Summary::AccuracyValidOnly), want.accuracy_valid_only));
        prop_assert!(near(of(Summary::WeightedF1), want.weighted_f1) && near(of(Summary::Mcc), want.mcc));
        prop_assert!(near(of(Summary::Kappa), want.kappa));
        let lacks = (0..K).any(|k| rows.iter().any(|r| r.0 == k) && !all.iter().any(|r| r.0 == k));
        let unless = |x: Option<f64>| x.filter(|_| !lacks);
        prop_assert!(near(of(Summary::MacroF1), unless(want.macro_f1)));
        prop_assert!(near(of(Summary::BalancedAccuracy), unless(want.balanced_accuracy)));

        prop_assert!(near(value(&Auc::new(scored(&rows)), &weights)[0], pairs_in_order(&all)));
        let expected: Vec<Answer> = confident(&all).map(|c| c.1).collect();
        let bins = equal_width(&expected, 10);
        let width = value(&EqualWidth::new(confident(&rows), 10), &weights);
        prop_assert!(near(width[0], expected_error(&bins)) && near(width[1], maximum_error(&bins)));
        let mass = value(&EqualMass::new(confident(&rows), 10), &weights)[0];
        prop_assert!(near(mass, expected_error(&equal_mass(&expected, 10))));
        prop_assert!(near(value(&RiskCoverage::new(scored(&rows)), &weights)[0], Curve::new(&expected).area()));
        let mean = Ratio::mean(scored(&rows).map(|s| (s.case, s.score)));
        let plain = (!all.is_empty()).then(|| scored(&all).map(|s| s.score).sum::<f64>() / all.len() as f64);
        prop_assert!(near(value(&mean, &weights)[0], plain));
        // A case that counts three times is three cases with the same score.
        let precision = value(&AveragePrecision::new(scored(&rows)), &weights)[0];
        let ones = vec![1; all.len()];
        prop_assert!(near(precision, value(&AveragePrecision::new(scored(&all)), &ones)[0]));
    }

    /// Yes and no of three labels, by the multi-label definitions over the cases as often as they count; agreement of two
    /// readers by its own.
    #[test]
    fn lists_and_readers(rows in cases()) {
        let weights: Vec<u32> = rows.iter().map(|r| r.3).collect();
        let all = expanded(&rows);
        let each: Vec<Case> = rows.iter().map(|r| (r.0, r.1, r.2, 1, r.4)).collect();
        let marks = |rows: &[Case]| -> Vec<multilabel::Case> {
            rows.iter()
                .map(|r| multilabel::Case {
                    truth: (0..K).map(|k| if k == r.0 { Mark::Present } else { Mark::Absent }).collect(),
                    said: (0..K).map(|k| Some(k) == r.1 || u32::from(r.2) % 3 == k as u32).collect(),
                })
                .collect()
        };
        let want = multilabel::multilabel(&marks(&all), K, Uncertain::Zeros, Blank::Negative);
        let got = value(&lists(&rows), &weights);
        let lacks = (0..K).any(|k| each.iter().any(|r| r.0 == k) && !all.iter().any(|r| r.0 == k));
        let of = |figure| got[YesNoLists::overall(figure)];
        if !all.is_empty() {
            prop_assert!(near(of(Overall::MacroF1), want.macro_f1.filter(|_| !lacks)));
            prop_assert!(near(of(Overall::MacroF1Supported), want.macro_f1_supported.filter(|_| !lacks)));
            prop_assert!(near(of(Overall::MicroF1), Some(want.micro_f1)) && near(of(Overall::WeightedF1), want.weighted_f1));
            prop_assert!(near(of(Overall::HammingLoss), want.hamming_loss));
            for (k, counts) in want.per_label.iter().enumerate() {
                let of = |figure| got[YesNoLists::of_label(k, figure)];
                prop_assert!(near(of(OfLabel::Specificity), counts.specificity()));
                prop_assert!(near(of(OfLabel::Sensitivity), (counts.support() > 0).then(|| counts.recall())));
                prop_assert!(near(of(OfLabel::Accuracy), counts.accuracy()));
                prop_assert!(of(OfLabel::F1).is_none_or(|f1| near(Some(f1), Some(counts.f1()))));
            }
        }
        let pairs = all.iter().filter_map(|r| Some((r.0, r.1?)));
        let table = agreement(cross_table(K, pairs));
        let got = value(&readers(&rows), &weights);
        let of = |figure: Between| got[figure as usize];
        prop_assert!(near(of(Between::Observed), table.observed) && near(of(Between::Kappa), table.kappa));
        prop_assert!(near(of(Between::KappaQuadratic), table.kappa_quadratic));
        prop_assert!(near(of(Between::GwetAc1), table.gwet_ac1) && near(of(Between::ScottPi), table.scott_pi));
    }

    #[test]
    fn leaving_out_is_not_counting(rows in cases()) {
        let patients = Patients::group(&rows.iter().map(|r| r.4).collect::<Vec<_>>());
        let part = Auc::new(scored(&rows).filter(|s| s.case % 2 == 0));
        let all: [&dyn Statistic; 8] = [
            &labels(&rows),
            &Auc::new(scored(&rows)),
            &part,
            &EqualWidth::new(confident(&rows), 10),
            &Ratio::mean(scored(&rows).map(|s| (s.case, s.score))),
            &RiskCoverage::new(scored(&rows)),
            &lists(&rows),
            &readers(&rows),
        ];
        for (which, statistic) in all.into_iter().enumerate() {
            let width = statistic.width();
            let mut got = vec![None; width * patients.count()];
            statistic.leave_out(&patients, &mut got);
            for (patient, row) in got.chunks(width).enumerate() {
                let weights: Vec<u32> =
                    (0..rows.len()).map(|case| u32::from(patients.of(case) != Some(patient))).collect();
                for (g, w) in row.iter().zip(value(statistic, &weights)) {
                    prop_assert!(near(*g, w), "statistic {} patient {}: {:?} {:?}", which, patient, g, w);
                }
            }
        }
    }
}
