//! The figures of an evaluation are those of `eval score` over the same answers: the four example sets, and a printed
//! skip where the shared folder is absent.

use overread_evaluation::case_set::{self, AskedQuestion, CaseSet, CaseSpec, CaseTruth, Task};
use overread_evaluation::evaluated::figures::{Figure, Figures};
use overread_evaluation::evaluated::{Context, Evaluation, Request, by_formula};
use overread_evaluation::recorded::Recorded;
use overread_evaluation::score::{Source, score};
use serde_json::Value;

fn evaluation(answers: &str, truth: &str, labels: Option<&str>) -> Evaluation {
    let answers: Vec<Recorded> = answers
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| serde_json::from_str(l).expect("an answer"))
        .collect();
    let mut table = csv::Reader::from_reader(truth.trim_start_matches('\u{feff}').as_bytes());
    let header = table.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|h| h.trim() == name);
    let (id, label, patient) = (
        column("case").expect("case"),
        column("label").expect("label"),
        column("patient"),
    );
    let cases = table.records().map(|row| {
        let row = row.expect("a row");
        CaseSpec {
            id: row[id].trim().to_owned(),
            patient: patient.map_or_else(String::new, |p| row[p].trim().to_owned()),
            truth: CaseTruth {
                labels: vec![row[label].trim().to_owned()],
                ..CaseTruth::default()
            },
            ..CaseSpec::default()
        }
    });
    let set = CaseSet {
        format: case_set::FORMAT.to_owned(),
        name: "Example".to_owned(),
        question: AskedQuestion {
            task: Task::Closed,
            labels: labels
                .unwrap_or_default()
                .lines()
                .map(str::trim)
                .filter(|l| !l.is_empty())
                .map(str::to_owned)
                .collect(),
            ..AskedQuestion::default()
        },
        cases: cases.collect(),
        ..CaseSet::default()
    };
    Evaluation::new(set, answers, Context::default())
}

fn find<'a>(list: &'a [Figure], key: &str) -> Option<&'a Figure> {
    list.iter().find(|f| f.key == key)
}

/// The interval of a method that takes every case by itself: the first, or beside it where patients have several cases.
fn by_cases(figure: &Figure, method: &str) -> Option<[f64; 2]> {
    if figure.interval == method {
        return Some([figure.low?, figure.high?]);
    }
    let alone = format!("{method}, each case by itself");
    let found = figure
        .beside
        .iter()
        .find(|o| o.method == method || o.method == alone)?;
    Some([found.low, found.high])
}

fn same(at: &str, wanted: &Value, got: Option<f64>) {
    match (wanted.as_f64(), got) {
        (None, None) => {}
        (Some(w), Some(g)) => assert!(
            (w - g).abs() <= 1e-9 * w.abs().max(1.0),
            "{at}: {g}, eval score says {w}"
        ),
        (w, g) => panic!("{at}: {g:?}, eval score says {w:?}"),
    }
}

fn compare(expected: &Value, figures: &Figures) {
    assert_eq!(expected["labels"], serde_json::json!(figures.labels));
    let readers = expected["readers"].as_object().expect("readers");
    assert_eq!(readers.len(), figures.readers.len());
    for reader in &figures.readers {
        let own = &readers[&reader.id];
        let at = |key: &str| format!("{}/{key}", reader.id);
        assert_eq!(own["n"], reader.n, "{}", at("n"));
        let keys = [
            "accuracy",
            "accuracy_valid_only",
            "balanced_accuracy",
            "macro_f1",
            "weighted_f1",
            "mcc",
            "kappa",
            "invalid_rate",
        ];
        for key in keys {
            same(
                &at(key),
                &own[key],
                find(&reader.headline, key).expect("the figure").value,
            );
        }
        if reader.n > 0 {
            let accuracy = find(&reader.headline, "accuracy").expect("accuracy");
            for (method, key) in [("Wilson", "wilson"), ("Clopper-Pearson", "clopper_pearson")] {
                let [low, high] = by_cases(accuracy, method).expect("the interval");
                same(&at(key), &own["ci"]["accuracy"][key][0], Some(low));
                same(&at(key), &own["ci"]["accuracy"][key][1], Some(high));
            }
        }
        for kind in &reader.invalid {
            assert_eq!(own["invalid_kinds"][&kind.kind], kind.count);
        }
        assert_eq!(
            own["confusion"],
            serde_json::json!(reader.confusion.as_ref().expect("confusion").cells)
        );
        for label in &reader.per_label {
            let wanted = &own["per_label"][&label.label];
            assert_eq!(wanted["support"], label.support);
            same(
                &at("f1"),
                &wanted["f1"],
                find(&label.figures, "f1").expect("f1").value,
            );
            same(
                &at("specificity"),
                &wanted["specificity"],
                find(&label.figures, "specificity").expect("it").value,
            );
            // Zero over zero is 0 there and undefined here.
            for key in ["recall", "precision"] {
                let value = find(&label.figures, key).expect("it").value;
                same(&at(key), &wanted[key], Some(value.unwrap_or(0.0)));
            }
        }
        let Some(calibration) = &reader.calibration else {
            assert_eq!(own["n_confidence"], 0);
            continue;
        };
        assert_eq!(own["n_confidence"], calibration.n);
        same(
            &at("aurc"),
            &own["aurc"],
            find(&calibration.figures, "aurc").expect("aurc").value,
        );
        for key in ["equal_width_10", "equal_mass_10"] {
            let figure = find(&calibration.figures, &format!("ece_{key}")).expect("ece");
            if calibration.n >= 100 {
                same(&at(key), &own["ece"][key], figure.value);
            } else {
                assert!(
                    figure.value.is_none() && !figure.note.is_empty(),
                    "too few for one number"
                );
            }
        }
        if own["n_probabilities"] != 0 {
            for key in ["brier", "log_loss"] {
                same(
                    &at(key),
                    &own[key],
                    find(&calibration.figures, key).expect("it").value,
                );
            }
        }
    }
    let pairs = expected["pairs"].as_array().expect("pairs");
    let ours = figures
        .comparison
        .as_ref()
        .map(|c| c.pairs.as_slice())
        .unwrap_or_default();
    assert_eq!(pairs.len(), ours.len());
    for (wanted, pair) in pairs.iter().zip(ours) {
        assert_eq!(
            (&wanted["a"], &wanted["b"]),
            (&serde_json::json!(pair.a), &serde_json::json!(pair.b))
        );
        assert_eq!(wanted["n"], pair.n);
        assert_eq!(
            (&wanted["a_only"], &wanted["b_only"]),
            (&serde_json::json!(pair.a_only), &serde_json::json!(pair.b_only))
        );
        if pair.n > 0 {
            for key in ["mcnemar_exact", "mcnemar_midp"] {
                let test = pair.tests.iter().find(|t| t.key == key).expect("the test");
                same(key, &wanted[key], test.p);
            }
        }
    }
}

#[test]
fn the_example_sets_have_the_figures_of_eval_score() {
    let Some(sets) = overread_testkit::shared("golden/sets") else {
        return;
    };
    for entry in std::fs::read_dir(sets).expect("sets") {
        let set = entry.expect("an entry").path();
        let read = |name: &str| std::fs::read_to_string(set.join(name));
        let (answers, truth, labels) = (
            read("answers.jsonl").expect("answers"),
            read("truth.csv").expect("truth"),
            read("labels.txt").ok(),
        );
        let source = |file, text| Source { file, text };
        let expected = score(
            source("answers.jsonl", &answers),
            source("truth.csv", &truth),
            labels.as_deref().map(|text| source("labels.txt", text)),
        );
        let figures = by_formula(
            &evaluation(&answers, &truth, labels.as_deref()),
            &Request::default(),
        );
        compare(&expected.expect("a score"), &figures);
    }
}

/// The same on a small set of our own, with an invalid answer, an answer out of the set and one that is missing.
#[test]
fn a_small_set_has_them_too() {
    let answers = r#"{"case":"1","reader":"m","label":"a","probabilities":{"a":0.9,"b":0.1}}
{"case":"2","reader":"m","label":"z"}
{"case":"3","reader":"m","label":"b","invalid":"refusal"}
{"case":"1","reader":"p","label":"b","confidence":0.6}
{"case":"2","reader":"p","label":"b"}
{"case":"4","reader":"p","label":" a "}
{"case":"9","reader":"p","label":"a"}
"#;
    let truth = "case,label,patient\n1,a,x\n2,b,x\n3,b,y\n4,a,y\n";
    let source = |file, text| Source { file, text };
    let expected = score(source("a", answers), source("t", truth), None).expect("a score");
    compare(
        &expected,
        &by_formula(&evaluation(answers, truth, None), &Request::default()),
    );
}
