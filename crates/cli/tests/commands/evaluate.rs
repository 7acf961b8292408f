//! `eval score`: the four example sets, and errors that name file and line.

use std::fs;

use overread_testkit::shared;
use serde_json::Value;

use crate::overread::{Place, text, words};

/// Keys of `expected` in `ours`, numbers within 1e-6, absolute or relative.
fn same(ours: &Value, expected: &Value, at: &str) {
    match expected {
        Value::Object(keys) => keys
            .iter()
            .for_each(|(key, value)| same(&ours[key], value, &format!("{at}.{key}"))),
        Value::Array(values) => {
            assert_eq!(ours.as_array().map(Vec::len), Some(values.len()), "{at}");
            values
                .iter()
                .enumerate()
                .for_each(|(i, value)| same(&ours[i], value, &format!("{at}[{i}]")));
        }
        Value::Number(_) => {
            let (a, b) = (ours.as_f64(), expected.as_f64().unwrap_or(f64::NAN));
            let a = a.unwrap_or_else(|| panic!("{at}: no number"));
            assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{at}: {a} for {b}");
        }
        _ => assert_eq!(ours, expected, "{at}"),
    }
}

#[test]
fn the_example_sets_score_as_expected() {
    let Some(sets) = shared("golden/sets") else { return };
    let place = Place::new();
    for set in fs::read_dir(&sets).expect("sets").flatten() {
        let set = set.path();
        let (answers, truth) = (set.join("answers.jsonl"), set.join("truth.csv"));
        let labels = set.join("labels.txt");
        let mut arguments = vec![
            "eval",
            "score",
            "--answers",
            text(&answers),
            "--truth",
            text(&truth),
        ];
        if labels.exists() {
            arguments.extend(["--labels", text(&labels)]);
        }
        let ours = place.json(&arguments);
        let expected: Value =
            serde_json::from_slice(&fs::read(set.join("expected.json")).expect("expected")).expect("JSON");
        same(&ours, &expected, "");
        assert_eq!(place.done(&arguments), place.done(&arguments));
    }
}

#[test]
fn a_wrong_input_ends_with_two_and_names_its_line() {
    let place = Place::new();
    let (answers, truth, out) = (place.path("a.jsonl"), place.path("t.csv"), place.path("out.json"));
    fs::write(&truth, "case,label\n1,yes\n2,no\n").expect("a truth");
    let run = |lines: &str| {
        fs::write(&answers, lines).expect("answers");
        place.run(&[
            "eval",
            "score",
            "--answers",
            text(&answers),
            "--truth",
            text(&truth),
            "--out",
            text(&out),
        ])
    };
    let output = run(
        "{\"case\":\"1\",\"reader\":\"r\",\"label\":\"yes\"}\n{\"case\":\"2\",\"reader\":\"r\",\"confidence\":1.5}\n",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(
        words(&output).contains("a.jsonl") && words(&output).contains('2'),
        "{}",
        words(&output)
    );
    assert!(!out.exists(), "nothing is written");
    assert!(
        run("{\"case\":\"1\",\"reader\":\"r\",\"label\":\"yes\"}\n")
            .status
            .success()
    );
    assert!(out.exists());
}
