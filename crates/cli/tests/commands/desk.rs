//! Case, answer, truth, review: the desk's work without a window, and the same as through the desk itself.

use std::fs;

use overread_desk::{Desk, DeskOptions};
use serde_json::{Value, json};

use crate::overread::{Place, text};

/// The demo model is made where it is wanted: a trace of a checkpoint proves the numbers elsewhere.
fn model(place: &Place) -> std::path::PathBuf {
    let folder = place.path("model");
    overread_phantom::checkpoint::write_demo_model(&folder, 1).expect("a model");
    folder
}

#[test]
fn a_case_goes_from_truth_to_answer_to_review() {
    let place = Place::new();
    let cases = place.phantoms(2, false);
    let model = model(&place);
    let truth = cases.join("truth.csv");
    let imported = place.json(&["case", "import", text(&truth), "--path", text(&cases), "--json"]);
    assert_eq!(imported["matched"], 2, "{imported}");
    let list = place.json(&["case", "list", text(&cases), "--json"]);
    let first = list["cases"][0]["case"].as_str().expect("a case").to_owned();
    place.json(&[
        "ask",
        text(&cases),
        "--display-set",
        &first,
        "--model",
        text(&model),
        "--slices",
        "middle",
        "--prompt",
        "Which finding is present?",
        "--labels",
        "normal,nodule,pneumothorax",
        "--json",
    ]);
    let compared = place.json(&["case", "compare", text(&cases), "--display-set", &first, "--json"]);
    let words = compared.to_string();
    assert!(
        ["agree", "disagree", "not_comparable"]
            .iter()
            .any(|w| words.contains(w)),
        "{words}"
    );
    for format in ["csv", "json"] {
        let out = place.path(&format!("reviews.{format}"));
        place.done(&["review", "export", "--format", format, "--out", text(&out)]);
        assert!(fs::read(&out).is_ok_and(|bytes| !bytes.is_empty()));
    }
    place.done(&["audit", "verify"]);
}

#[test]
fn the_window_and_the_command_line_prepare_the_same_question() {
    let place = Place::new();
    let cases = place.phantoms(1, false);
    let model = model(&place);
    let answer = place.json(&[
        "ask",
        text(&cases),
        "--model",
        text(&model),
        "--slices",
        "middle",
        "--preprocess",
        "ct-windows/1",
        "--prompt",
        "Which finding is present?",
        "--labels",
        "normal,nodule",
        "--json",
    ]);
    let desk = Desk::open(DeskOptions {
        home: place.path("other"),
        ..DeskOptions::default()
    });
    let folder = json!(desk.handle(&cases));
    let events = std::sync::Mutex::new(Vec::<Value>::new());
    let take = |event: Value| events.lock().expect("no panic").push(event);
    let cancel = overread_desk::Cancel::default();
    desk.start("open", json!({"folder": folder}), &take, &cancel)
        .expect("a scan");
    let studies = desk.call("studies", json!({})).expect("studies");
    let set = &studies[0]["display_sets"][0];
    let middle = set["frames"].as_u64().expect("frames") / 2 + 1;
    let spec = json!({
        "display_set": set["id"], "slices": middle.to_string(), "preprocess": "ct-windows/1", "window": null,
        "model": desk.handle(&model), "template": "", "prompt": "Which finding is present?", "form": "labels",
        "labels": ["normal", "nodule"], "seed": 0, "temperature": 0.0, "max_new_tokens": 8,
    });
    desk.start("ask", spec, &take, &cancel).expect("an answer");
    let events = events.into_inner().expect("no panic");
    let done = events
        .iter()
        .rfind(|e| e["event"] == "done")
        .unwrap_or_else(|| panic!("{events:?}"));
    let by_desk: Vec<(String, f64)> = done["probabilities"]
        .as_array()
        .unwrap_or_else(|| panic!("{done}"))
        .iter()
        .map(|p| {
            (
                p["label"].as_str().unwrap_or_default().to_owned(),
                p["probability"].as_f64().unwrap_or(-1.0),
            )
        })
        .collect();
    for (label, probability) in by_desk {
        let ours = answer["probabilities"][&label].as_f64().expect("a probability");
        assert!(
            (ours - probability).abs() < 1e-9,
            "{label}: {ours} for {probability}"
        );
    }
}
