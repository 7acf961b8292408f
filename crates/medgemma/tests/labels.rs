//! Scored labels against the reference's recorded traces, all labels of a case in one batch; a printed skip where the
//! shared folder is absent.

mod reference;

use std::path::Path;

use overread_medgemma::{Cancel, Engine, LoadOptions, Message, Part, Question, Role, Task};
use serde_json::Value;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

fn question(folder: &Path) -> Question {
    let case = json(&folder.join("case.json"));
    let mut question = Question {
        prefix: case["prefix"].as_str().unwrap_or_default().to_owned(),
        ..Question::default()
    };
    for message in case["messages"].as_array().expect("messages") {
        let role = match message["role"].as_str() {
            Some("system") => Role::System,
            Some("user") => Role::User,
            _ => Role::Assistant,
        };
        let mut parts = Vec::new();
        if let Some(text) = message["content"].as_str() {
            parts.push(Part::Text(text.to_owned()));
        }
        for part in message["content"].as_array().into_iter().flatten() {
            if let Some(file) = part["file"].as_str() {
                let (picture, _) = reference::open(&folder.join(file)).expect("a picture");
                question.images.push(picture);
                parts.push(Part::Image);
            } else {
                parts.push(Part::Text(part["text"].as_str().unwrap_or_default().to_owned()));
            }
        }
        question.messages.push(Message { role, parts });
    }
    let labels = case["labels"].as_array().into_iter().flatten();
    question.task = Task::Score(labels.filter_map(Value::as_str).map(str::to_owned).collect());
    question
}

#[test]
fn batches_of_labels_have_the_references_likelihoods() {
    let Some(checkpoints) = overread_testkit::shared("checkpoints") else {
        return;
    };
    let cancel = Cancel::default();
    let (mut compared, mut worst) = (0, 0.0_f64);
    for model in ["tiny-hub", "wide-prefixed", "text-hub"] {
        let folder = checkpoints.join(model);
        let engine = Engine::load(&folder, LoadOptions::default(), &mut |_| {}, &cancel).expect("loads");
        for case in reference::cases(&folder) {
            let trace = json(&case.join("trace.json"));
            let question = question(&case);
            let expected: Vec<&Value> = trace["labels"].as_array().into_iter().flatten().collect();
            let prompt = engine
                .prompt(&question.messages, &question.prefix)
                .expect("a prompt");
            // The reference lets marks that a user types act; here they are text, and the ids differ.
            if expected.is_empty() || serde_json::json!(prompt.ids) != trace["input_ids"] {
                continue;
            }
            let answer = engine.read(&question, &mut |_| {}, &cancel).expect("answers");
            for (found, expected) in answer.labels.iter().zip(expected) {
                assert_eq!(
                    serde_json::json!(found.ids),
                    expected["joint"]["ids"],
                    "{}",
                    found.label
                );
                let sum = expected["joint"]["sum"].as_f64().expect("a number");
                let mean = expected["joint"]["mean"].as_f64().expect("a number");
                worst = worst.max((found.sum - sum).abs()).max((found.mean - mean).abs());
                compared += 1;
            }
        }
    }
    println!("{compared} labels, the worst {worst:.1e} off");
    assert!(compared >= 40, "{compared}");
    assert!(worst <= 2e-4, "{worst}");
}
