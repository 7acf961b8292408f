//! The four example sets of `eval score`; a printed skip where the shared folder is absent. One small set of our own
//! covers the same rules everywhere.

use overread_evaluation::score::{Source, score};
use serde_json::Value;

fn differences(expected: &Value, got: &Value, at: &str, out: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(e), Value::Object(g)) => {
            for (key, value) in e {
                match g.get(key) {
                    Some(own) => differences(value, own, &format!("{at}/{key}"), out),
                    None => out.push(format!("{at}/{key} is missing")),
                }
            }
        }
        (Value::Array(e), Value::Array(g)) if e.len() == g.len() => {
            e.iter()
                .zip(g)
                .enumerate()
                .for_each(|(i, (e, g))| differences(e, g, &format!("{at}[{i}]"), out));
        }
        (Value::Number(e), Value::Number(g)) => {
            let (e, g) = (e.as_f64().unwrap_or(f64::NAN), g.as_f64().unwrap_or(f64::NAN));
            if (e - g).abs() > 1e-6_f64.max(1e-6 * e.abs()) {
                out.push(format!("{at}: {g}, expected {e}"));
            }
        }
        (e, g) if e == g => {}
        (e, g) => out.push(format!("{at}: {g}, expected {e}")),
    }
}

#[test]
fn the_example_sets_score_as_expected() {
    let Some(sets) = overread_testkit::shared("golden/sets") else {
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(sets).expect("sets") {
        let set = entry.expect("an entry").path();
        let read = |name: &str| std::fs::read_to_string(set.join(name));
        let (answers, truth) = (
            read("answers.jsonl").expect("answers"),
            read("truth.csv").expect("truth"),
        );
        let labels = read("labels.txt").ok();
        let got = score(
            Source {
                file: "answers.jsonl",
                text: &answers,
            },
            Source {
                file: "truth.csv",
                text: &truth,
            },
            labels.as_deref().map(|text| Source {
                file: "labels.txt",
                text,
            }),
        )
        .expect("scores");
        let expected: Value = serde_json::from_str(&read("expected.json").expect("expected")).expect("JSON");
        let mut out = Vec::new();
        differences(&expected, &got, "", &mut out);
        assert!(out.is_empty(), "{}:\n{}", set.display(), out.join("\n"));
        count += 1;
    }
    println!("{count} sets as expected");
}

#[test]
fn a_small_set_by_hand() {
    let truth = "case,label,patient\na,x,1\nb,x,1\nc,y,2\nd,y,3\n";
    let answers = r#"
{"case":"a","reader":"m","label":"x","confidence":0.9}
{"case":"b","reader":"m","label":"y","confidence":0.8}
{"case":"c","reader":"m","label":"z"}
{"case":"d","reader":"m","label":"y","invalid":"refusal"}
{"case":"a","reader":"m","label":" x ","confidence":1.0}
{"case":"e","reader":"m","label":"x"}
"#;
    let got = score(
        Source {
            file: "a",
            text: answers,
        },
        Source {
            file: "t",
            text: truth,
        },
        None,
    )
    .expect("scores");
    let m = &got["readers"]["m"];
    assert_eq!(m["n"], 4);
    assert_eq!(m["accuracy"], 0.25);
    assert_eq!(m["accuracy_valid_only"], 0.5);
    assert_eq!(
        m["invalid_kinds"],
        serde_json::json!({"out-of-set": 1, "refusal": 1})
    );
    assert_eq!(m["confusion"], serde_json::json!([[1, 1, 0], [0, 0, 2]]));
    assert_eq!(m["n_patients"], 3);
    assert_eq!(
        got["duplicates"],
        serde_json::json!([{"reader": "m", "case": "a", "rows": 2}])
    );
    assert_eq!(got["extra"], serde_json::json!([{"reader": "m", "case": "e"}]));
}

#[test]
fn errors_name_file_and_line() {
    let bad = score(
        Source {
            file: "a.jsonl",
            text: "\n{\"case\":\"a\",\"reader\":\"m\",\"confidence\":1.5}",
        },
        Source {
            file: "t.csv",
            text: "case,label\na,x\n",
        },
        None,
    );
    assert_eq!(
        bad.expect_err("refused").to_string(),
        "a.jsonl, line 2: `confidence` is 1.5, not a number from 0 to 1"
    );
    let twice = score(
        Source { file: "a", text: "" },
        Source {
            file: "t.csv",
            text: "case,label\na,x\na,y\n",
        },
        None,
    );
    assert!(
        twice
            .expect_err("refused")
            .to_string()
            .starts_with("t.csv, line 3")
    );
}
