//! The model that knows phantoms: how it is made, and what the committed one answers.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::overread::{Place, text};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/overread-phantom")
}

#[test]
fn a_seed_makes_the_same_model_twice_and_it_reads() {
    let place = Place::new();
    let make = |name: &str| {
        let out = place.path(name);
        let arguments = [
            "tune",
            "demo-model",
            "--quick",
            "35",
            "--seed",
            "3",
            "--json",
            "--out",
        ];
        place.json(&[&arguments[..], &[text(&out)]].concat())
    };
    let (first, again) = (make("a"), make("b"));
    assert_eq!(first, again);
    for name in [
        "model.safetensors",
        "calibration.json",
        "README.md",
        "overread.json",
    ] {
        let bytes = |folder: &str| std::fs::read(place.path(folder).join(name)).expect("written");
        assert_eq!(bytes("a"), bytes("b"), "{name}");
    }
    assert_eq!(first["held_out"]["n"], 8);
    let told = place.json(&["model", "check", text(&place.path("a")), "--json"]);
    let warning = told["warning"].as_str().expect("a warning");
    assert!(warning.contains("phantoms"), "{told}");
}

/// Phantoms of a seed that nothing was learned from, on the slices that truth.csv names, as a user asks.
#[test]
fn the_committed_model_names_what_was_planted() {
    let place = Place::new();
    let cases = place.path("cases");
    place.done(&["phantom", "--out", text(&cases), "--n", "21", "--seed", "90210"]);
    let truths: Vec<Value> =
        serde_json::from_slice(&std::fs::read(cases.join("truth.json")).expect("truth")).expect("JSON");
    let (model, mut right) = (committed(), 0);
    let labels: Value =
        serde_json::from_slice(&std::fs::read(model.join("labels.json")).expect("labels")).expect("JSON");
    let names: Vec<&str> = labels["labels"]
        .as_array()
        .expect("labels")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for truth in &truths {
        let case = cases.join(truth["path"].as_str().expect("a path"));
        let slice = truth["slice"].to_string();
        let told = place.json(&[
            "ask",
            text(&case),
            "--model",
            text(&model),
            "--prompt",
            "Which finding is present?",
            "--labels",
            &names.join(","),
            "--slices",
            &slice,
            "--json",
        ]);
        let kind = told["confidence_kind"].as_str().expect("a kind");
        // Its own calibration, without a word.
        assert!(kind.ends_with(", calibrated on 500 cases"), "{kind}");
        assert!(told["warning"].is_null(), "{told}");
        right += usize::from(told["label"] == truth["label"]);
    }
    // 0.98 a case: fewer than 18 of 21 come once in ten thousand times.
    assert!(right >= 18, "{right} of {}", truths.len());
}
