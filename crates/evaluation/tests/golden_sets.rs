//! The example sets of `eval score`, value by value, and byte for byte against itself.

use std::path::PathBuf;

use overread_evaluation::{Input, score};
use serde_json::Value;

fn golden() -> Option<PathBuf> {
    let shared = std::env::var_os("OVERREAD_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("golden");
    folder.is_dir().then_some(folder)
}

/// Every leaf of `want` in `got`: numbers within 1e-6 (absolute or relative), the rest exactly.
fn same(want: &Value, got: &Value, place: &str, leaves: &mut u64) {
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            for (key, value) in want {
                let at = format!("{place}.{key}");
                same(
                    value,
                    got.get(key).unwrap_or_else(|| panic!("{at} is missing")),
                    &at,
                    leaves,
                );
            }
        }
        (Value::Array(want), Value::Array(got)) => {
            assert_eq!(want.len(), got.len(), "{place}");
            for (i, (w, g)) in want.iter().zip(got).enumerate() {
                same(w, g, &format!("{place}[{i}]"), leaves);
            }
        }
        (Value::Number(want), Value::Number(got)) if want.is_f64() => {
            *leaves += 1;
            let (w, g) = (want.as_f64().unwrap(), got.as_f64().unwrap());
            assert!((w - g).abs() <= 1e-6 * w.abs().max(1.0), "{place}: {w} and {g}");
        }
        _ => {
            *leaves += 1;
            assert_eq!(want, got, "{place}");
        }
    }
}

#[test]
fn the_example_sets_give_the_expected_numbers() {
    let Some(golden) = golden() else {
        println!("skipped: shared/golden absent");
        return;
    };
    let mut sets = 0;
    for entry in std::fs::read_dir(golden.join("sets")).unwrap() {
        let set = entry.unwrap().path();
        let read = |name: &str| std::fs::read(set.join(name)).ok();
        let (answers, truth) = (read("answers.jsonl").unwrap(), read("truth.csv").unwrap());
        let labels = read("labels.txt");
        let run = || {
            score(
                &Input {
                    name: "answers.jsonl",
                    bytes: &answers,
                },
                &Input {
                    name: "truth.csv",
                    bytes: &truth,
                },
                labels
                    .as_deref()
                    .map(|bytes| Input {
                        name: "labels.txt",
                        bytes,
                    })
                    .as_ref(),
            )
            .unwrap()
            .to_json()
        };
        let text = run();
        assert_eq!(text, run(), "{}", set.display());
        let want: Value = serde_json::from_slice(&read("expected.json").unwrap()).unwrap();
        let got: Value = serde_json::from_str(&text).unwrap();
        let mut leaves = 0;
        same(&want, &got, "", &mut leaves);
        // The readers and lists hold nothing beyond what is expected.
        for key in ["readers", "pairs", "missing", "extra", "duplicates"] {
            let count = |v: &Value| {
                v[key]
                    .as_array()
                    .map_or_else(|| v[key].as_object().unwrap().len(), Vec::len)
            };
            assert_eq!(count(&want), count(&got), "{key}");
        }
        println!("{}: {leaves} values", set.file_name().unwrap().to_string_lossy());
        sets += 1;
    }
    assert!(sets >= 4);
}

/// The metrics behind `eval score` against the scenario file, wherever it has the same question.
#[test]
fn metrics_follow_the_scenarios() {
    use overread_evaluation::{calibration, intervals, mcnemar, selective};
    let Some(golden) = golden() else {
        println!("skipped: shared/golden absent");
        return;
    };
    let all: Value =
        serde_json::from_slice(&std::fs::read(golden.join("golden_metrics.json")).unwrap()).unwrap();
    let close = |place: &str, want: &Value, got: Option<f64>| match (want.as_f64(), got) {
        (Some(w), Some(g)) => assert!((w - g).abs() <= 1e-6 * w.abs().max(1.0), "{place}: {w} and {g}"),
        (None, None) => {}
        other => panic!("{place}: {other:?}"),
    };
    let mut checked = 0;
    for scenario in all["scenarios"].as_array().unwrap() {
        let (id, kind) = (
            scenario["id"].as_str().unwrap(),
            scenario["kind"].as_str().unwrap(),
        );
        let (input, expected) = (&scenario["input"], &scenario["expected"]);
        match kind {
            "proportion" if input["level"].as_f64().is_none_or(|l| (l - 0.95).abs() < 1e-12) => {
                let (k, n) = (input["k"].as_u64().unwrap(), input["n"].as_u64().unwrap());
                for (name, got) in [
                    ("wilson", intervals::wilson(k, n)),
                    ("clopper_pearson", intervals::clopper_pearson(k, n)),
                ] {
                    for end in 0..2 {
                        close(id, &expected[name][end], got.map(|i| i[end]));
                    }
                }
            }
            "paired" => {
                let right = |key: &str| -> Vec<bool> {
                    input[key]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|v| v.as_u64() == Some(1))
                        .collect()
                };
                let (a, b) = (right("a"), right("b"));
                let only =
                    |x: &[bool], y: &[bool]| x.iter().zip(y).filter(|(x, y)| **x && !**y).count() as u64;
                let test = mcnemar::mcnemar(only(&a, &b), only(&b, &a));
                close(id, &expected["mcnemar_exact"], Some(test.exact));
                close(id, &expected["mcnemar_midp"], Some(test.mid_p));
            }
            "confidence" => {
                let confidence: Vec<f64> = input["confidence"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_f64().unwrap())
                    .collect();
                let right: Vec<bool> = input["correct"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_u64() == Some(1))
                    .collect();
                let names: Vec<String> = match input["case"].as_array() {
                    Some(cases) => cases.iter().map(|c| c.as_str().unwrap().to_owned()).collect(),
                    None => (0..right.len()).map(|i| format!("{i:09}")).collect(),
                };
                let answers: Vec<calibration::Confident<'_>> = names
                    .iter()
                    .zip(confidence.iter().zip(&right))
                    .map(|(case, (confidence, right))| calibration::Confident {
                        case,
                        confidence: *confidence,
                        right: *right,
                    })
                    .collect();
                let pairs: Vec<(f64, bool)> = confidence.iter().copied().zip(right.iter().copied()).collect();
                close(
                    id,
                    &expected["ece_equal_width_10"],
                    calibration::ece_equal_width(&answers, 10),
                );
                close(
                    id,
                    &expected["ece_equal_width_15"],
                    calibration::ece_equal_width(&answers, 15),
                );
                close(
                    id,
                    &expected["ece_equal_mass_10"],
                    calibration::ece_equal_mass(&answers, 10),
                );
                close(id, &expected["aurc"], selective::aurc(&pairs));
            }
            "classification" => {
                let truth: Vec<&str> = input["truth"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_str().unwrap())
                    .collect();
                let labels: Vec<&str> = expected["labels"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_str().unwrap())
                    .collect();
                let at = |label: &str| labels.iter().position(|l| *l == label);
                let mut c = overread_evaluation::confusion::Confusion::new(labels.len());
                for (t, p) in truth.iter().zip(input["pred"].as_array().unwrap()) {
                    c.add(at(t).unwrap(), p.as_str().and_then(at));
                }
                for (name, got) in [
                    ("accuracy", c.accuracy()),
                    ("accuracy_valid_only", c.accuracy_valid_only()),
                    ("balanced_accuracy", c.balanced_accuracy()),
                    ("macro_f1", c.macro_f1()),
                    ("weighted_f1", c.weighted_f1()),
                    ("mcc", c.mcc()),
                    ("kappa", c.kappa()),
                    ("invalid_rate", c.invalid_rate()),
                ] {
                    close(&format!("{id} {name}"), &expected[name], got);
                }
            }
            _ => continue,
        }
        checked += 1;
    }
    println!("{checked} scenarios");
    assert!(checked > 20);
}
