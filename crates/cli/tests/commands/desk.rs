//! Case, answer, truth, review: the desk's work without a window, and the same as through the desk itself.

use std::fs;

use overread_desk::{Desk, DeskOptions};
use serde_json::{Value, json};

use crate::overread::{Place, text};

/// The demo model is made where it is wanted: a trace of a checkpoint proves the numbers elsewhere.
fn model(place: &Place) -> std::path::PathBuf {
    let folder = place.path("model");
    overread_phantom::checkpoint::write_random_model(&folder, 1).expect("a model");
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

#[test]
fn a_filed_review_keeps_its_marks_whatever_becomes_of_them() {
    let place = Place::new();
    let cases = place.phantoms(1, false);
    let open = || {
        let desk = Desk::open(DeskOptions {
            home: place.path("home"),
            ..DeskOptions::default()
        });
        let folder = json!({"folder": desk.handle(&cases)});
        desk.start("open", folder, &|_| {}, &overread_desk::Cancel::default())
            .expect("a scan");
        desk
    };
    let desk = open();
    let studies = desk.call("studies", json!({})).expect("studies");
    let set = studies[0]["display_sets"][0]["id"].clone();
    let shown = desk
        .call("display_set", json!({"display_set": set}))
        .expect("a display set");
    let mark = json!({
        "id": "", "display_set": set, "frame": 1, "kind": "length", "points": [[10.0, 10.0], [40.0, 10.0]], "text": "",
    });
    let mark = desk.call("save_mark", mark).expect("a mark");
    let review = json!({
        "id": "", "display_set": set, "reading": "", "scale": "", "score": "2a", "classes": [], "comment": "missed",
        "marks": [mark["id"]], "state": "open",
        "view": {
            "frame": 1, "sop_instance_uid": shown["frames"][1]["sop_instance_uid"], "frame_number": 1, "voi": null,
            "zoom": 1.0, "center": [64.0, 64.0], "rotation": 0, "flipped": false, "inverted": false,
        },
    });
    desk.call("file_review", review).expect("filed");
    drop(desk);

    // Days later: what was drawn before is no slip of the hand of today, and a mark taken away stays in the review.
    std::thread::sleep(std::time::Duration::from_millis(5));
    let desk = open();
    let marks = desk
        .call("undo_mark", json!({"display_set": set}))
        .expect("marks");
    assert_eq!(
        marks.as_array().map(Vec::len),
        Some(1),
        "nothing of today to take back"
    );
    desk.call("delete_mark", json!({"id": mark["id"]})).expect("gone");
    let reviews = desk.call("reviews", json!({})).expect("reviews");
    assert_eq!(reviews[0]["marks"][0]["points"], mark["points"]);
    drop(desk);
    let list = String::from_utf8(place.done(&["review", "list", "--json"])).expect("text");
    assert!(list.contains("mm"), "the measure goes with the list: {list}");
}

#[test]
fn a_truth_table_reaches_no_other_patient() {
    let place = Place::new();
    let cases = place.phantoms(2, false);
    let elsewhere = place.path("elsewhere");
    place.done(&["phantom", "--out", text(&elsewhere), "--n", "1", "--seed", "99"]);
    let moved = place.path("moved");
    fs::create_dir(&moved).expect("a folder");
    fs::rename(elsewhere.join("case-0001"), moved.join("other")).expect("a move");
    // Nothing of the table is in that folder: said, and nothing kept that could match by a folder's name later.
    let import = place.run(&[
        "case",
        "import",
        text(&cases.join("truth.csv")),
        "--path",
        text(&moved),
    ]);
    assert_eq!(
        import.status.code(),
        Some(1),
        "{}",
        crate::overread::words(&import)
    );
    fs::rename(moved.join("other"), moved.join("case-0001")).expect("a move");
    let list = place.json(&["case", "list", text(&moved), "--json"]);
    assert_eq!(list["cases"][0]["truth"], Value::Null);
}

#[test]
fn an_answer_twice_in_the_list_is_refused() {
    let place = Place::new();
    let cases = place.phantoms(1, false);
    let model = model(&place);
    let output = place.run(&[
        "ask",
        text(&cases),
        "--model",
        text(&model),
        "--prompt",
        "Which?",
        "--labels",
        "normal,Normal,nodule",
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(crate::overread::words(&output).contains("twice"));
}
