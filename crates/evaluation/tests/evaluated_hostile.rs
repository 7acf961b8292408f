//! Whatever the answers are, no figure is a number that is none, and the same inputs give the same bytes.

use std::collections::BTreeMap;

use overread_evaluation::case_set::{
    self, Arm, AskedQuestion, CaseSet, CaseSpec, CaseTruth, ReaderSpec, State, Task, TruthBox, TruthPolicy,
    Vote,
};
use overread_evaluation::evaluated::cases::{CaseOrder, CaseQuery};
use overread_evaluation::evaluated::filter::Filter;
use overread_evaluation::evaluated::{
    Context, Evaluation, Request, Resamples, by_formula, case_detail, cases_page, resampled,
};
use overread_evaluation::matching::{Decision, Verdict, answer_hash};
use overread_evaluation::recorded::{Phase, Recorded, SaidBox};
use proptest::prelude::*;

const LABELS: [&str; 3] = ["normal", "pneumonia", "mass"];
const TASKS: [Task; 6] = [
    Task::Closed,
    Task::YesNo,
    Task::Choice,
    Task::Open,
    Task::Vqa,
    Task::Boxes,
];

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..=1.0_f64,
        1 => prop::sample::select(vec![0.0, 1.0, -1.0, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX]),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "normal",
        "pneumonia",
        "mass",
        " mass ",
        "",
        "B",
        "yes",
        "unheard of",
    ])
    .prop_map(str::to_owned)
}

fn answer() -> impl Strategy<Value = Recorded> {
    let ids = (
        0..9_u8,
        0..4_u8,
        prop::option::of(name()),
        prop::option::of(number()),
    );
    let more = (
        prop::option::weighted(0.5, prop::collection::btree_map(name(), number(), 0..4)),
        prop::option::weighted(0.2, prop::sample::select(vec!["", "refusal", "loop", "odd"])),
        prop::option::weighted(0.3, name()),
        prop::option::weighted(0.3, prop::collection::vec(name(), 0..3)),
        prop::option::weighted(
            0.2,
            prop::sample::select(vec![Arm::Own, Arm::None, Arm::Truth, Arm::Other]),
        ),
        prop::option::weighted(0.2, prop::sample::select(vec![Phase::Before, Phase::After])),
        prop::collection::vec((number(), number(), number(), prop::option::of(number())), 0..3),
    );
    (ids, more).prop_map(
        |((case, reader, label, confidence), (probabilities, invalid, text, labels, arm, phase, boxes))| {
            Recorded {
                case: format!("c{case}"),
                reader: format!("r{reader}"),
                label,
                confidence,
                probabilities: probabilities.map(BTreeMap::from_iter),
                invalid: invalid.map(str::to_owned),
                text,
                differential: labels.clone().unwrap_or_default(),
                labels,
                arm,
                phase,
                seconds: confidence,
                cost: confidence,
                settings: Some(format!("s{}", case % 2)),
                boxes: boxes
                    .into_iter()
                    .map(|(x, y, side, score)| SaidBox {
                        corners: [x, y, x + side, y + side],
                        score,
                        ..SaidBox::default()
                    })
                    .collect(),
                ..Recorded::default()
            }
        },
    )
}

fn case(at: usize, truth: Vec<String>, extra: u8) -> CaseSpec {
    let mut states = BTreeMap::new();
    if extra & 1 == 1 {
        states.insert(
            "mass".to_owned(),
            [State::Uncertain, State::Blank, State::Absent][at % 3],
        );
    }
    let mut out = CaseSpec {
        id: format!("c{at}"),
        patient: format!("p{}", at / 2),
        split: ["validation", "test"][at % 2].to_owned(),
        modality: ["CT", ""][usize::from(extra & 2 == 2)].to_owned(),
        options: LABELS.map(str::to_owned).to_vec(),
        truth: CaseTruth {
            answers: truth.clone(),
            labels: truth,
            states,
            ..CaseTruth::default()
        },
        ..CaseSpec::default()
    };
    out.groups.insert("sex".to_owned(), ["F", "M"][at % 2].to_owned());
    if extra & 4 == 4 {
        out.truth.boxes.push(TruthBox {
            corners: [0.0, 0.0, 1.0, f64::from(extra)],
            ..TruthBox::default()
        });
    }
    if extra & 8 == 8 {
        for reader in 0..3 {
            out.truth.votes.push(Vote {
                reader: format!("t{reader}"),
                labels: vec![LABELS[(at + reader) % 3].to_owned()],
                ..Vote::default()
            });
        }
    }
    out
}

fn evaluation(
    task: Task,
    cases: Vec<(Vec<String>, u8)>,
    answers: Vec<Recorded>,
    labels: usize,
) -> Evaluation {
    let set = CaseSet {
        format: case_set::FORMAT.to_owned(),
        name: "Hostile".to_owned(),
        question: AskedQuestion {
            task,
            labels: LABELS[..labels].iter().map(|l| (*l).to_owned()).collect(),
            ordinal: cases.len().is_multiple_of(2),
            ..AskedQuestion::default()
        },
        truth: TruthPolicy {
            prevalences: vec![0.1, f64::NAN, 2.0],
            ..TruthPolicy::default()
        },
        readers: (0..3)
            .map(|i| ReaderSpec {
                id: format!("r{i}"),
                ..ReaderSpec::default()
            })
            .collect(),
        cases: cases
            .into_iter()
            .enumerate()
            .map(|(at, (truth, extra))| case(at, truth, extra))
            .collect(),
        ..CaseSet::default()
    };
    let decisions = answers.iter().take(3).map(|a| Decision {
        reader: a.reader.clone(),
        case: a.case.clone(),
        verdict: Verdict::Right,
        label: None,
        who: "A".to_owned(),
        why: "seen".to_owned(),
        at: String::new(),
        answer_hash: answer_hash(a.text.as_deref().unwrap_or("gone")),
    });
    let context = Context {
        decisions: decisions.collect(),
        ..Context::default()
    };
    Evaluation::new(set, answers, context)
}

/// Every figure in the text: low and high have a name, and an interval holds only numbers.
fn sound(value: &serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            if let (Some(low), Some(how)) = (map.get("low"), map.get("interval")) {
                assert_eq!(low.is_null(), how.as_str() == Some(""), "{map:?}");
                if let (Some(low), Some(high)) = (low.as_f64(), map["high"].as_f64()) {
                    assert!(low <= high, "{map:?}");
                }
                if map["value"].is_number() && low.is_null() {
                    assert_ne!(map["note"], "", "neither interval nor reason: {map:?}");
                }
            }
            map.values().for_each(sound);
        }
        serde_json::Value::Array(list) => list.iter().for_each(sound),
        _ => {}
    }
}

/// What JSON writes for a number that is none, where the shape has a plain number.
fn has_no_number_missing(text: &str) {
    for field in [
        "\"points\":[[null",
        "\"points\":[[0.0,null",
        "\"risk\":null",
        "\"alpha\":null",
    ] {
        assert!(!text.contains(field), "{field}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_figure_is_not_a_number(
        task in 0..6_usize,
        labels in 1..=3_usize,
        cases in prop::collection::vec((prop::collection::vec(name(), 0..3), any::<u8>()), 0..8),
        answers in prop::collection::vec(answer(), 0..60),
        filtered in any::<bool>(),
    ) {
        let of = evaluation(TASKS[task], cases, answers, labels);
        let mut request = Request::default();
        if filtered {
            request.filter = Filter {
                splits: vec!["test".to_owned()],
                invalid: vec!["any".to_owned()],
                ..Filter::default()
            };
        }
        let figures = by_formula(&of, &request);
        let resamples = Resamples { count: 40, seed: 7 };
        let all = resampled(&of, &request, resamples, figures.clone(), &|_| true).expect("resamples");
        for figures in [&figures, &all] {
            let text = serde_json::to_string(figures).expect("JSON");
            has_no_number_missing(&text);
            let back: overread_evaluation::evaluated::figures::Figures = serde_json::from_str(&text).expect("every number is one");
            prop_assert_eq!(&back, figures);
            sound(&serde_json::from_str(&text).expect("JSON"));
        }
        for order in [CaseOrder::Set, CaseOrder::ConfidentlyWrong, CaseOrder::Confidence, CaseOrder::Disagreement, CaseOrder::Undecided] {
            let query = CaseQuery { order, filter: request.filter.clone(), ..CaseQuery::default() };
            let page = cases_page(&of, &query, &|case| case == 1);
            serde_json::to_string(&page).expect("JSON");
            for row in &page.rows {
                let detail = case_detail(&of, row.number as usize - 1, row.hidden).expect("a case");
                prop_assert!(!row.hidden || detail.answers.is_empty() && detail.truth.is_empty());
            }
        }
    }
}

#[test]
fn the_same_bytes_on_one_core_and_on_two() {
    let answers: Vec<Recorded> = (0..3)
        .flat_map(|reader| {
            (0..60).map(move |i| Recorded {
                case: format!("c{i}"),
                reader: format!("r{reader}"),
                label: Some(LABELS[(i * (reader + 2) / 3) % 3].to_owned()),
                confidence: Some(f64::from(((i * 37 + reader * 11) % 100) as u32) / 100.0),
                ..Recorded::default()
            })
        })
        .collect();
    let cases = (0..60).map(|i| (vec![LABELS[i % 3].to_owned()], 0)).collect();
    let of = evaluation(Task::Closed, cases, answers, 3);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| {
            let figures = by_formula(&of, &Request::default());
            let resamples = Resamples { count: 500, seed: 3 };
            let all = resampled(&of, &Request::default(), resamples, figures, &|_| true).expect("resamples");
            serde_json::to_string(&all).expect("JSON")
        })
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert!(
        one.contains("bootstrap over 30 patients, BCa, 500 resamples, seed 3"),
        "{one}"
    );
}

#[test]
fn resampling_can_be_stopped() {
    let cases = (0..20).map(|i| (vec![LABELS[i % 3].to_owned()], 0)).collect();
    let answers = (0..20).map(|i| Recorded {
        case: format!("c{i}"),
        reader: "r0".to_owned(),
        label: Some("mass".to_owned()),
        ..Recorded::default()
    });
    let of = evaluation(Task::Closed, cases, answers.collect(), 3);
    let figures = by_formula(&of, &Request::default());
    let resamples = Resamples {
        count: 10_000,
        seed: 1,
    };
    let stopped = resampled(&of, &Request::default(), resamples, figures, &|done| done < 10);
    assert!(stopped.is_err());
}
