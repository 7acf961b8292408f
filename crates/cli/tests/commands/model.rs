//! `model check`, `model trace`, `ask`: the engine behind the command line gives the reference's numbers.

use std::fs;
use std::path::Path;

use overread_phantom::dicom::{Samples, Window, Writer};
use overread_testkit::{Picture, shared};
use serde_json::Value;

use crate::overread::{Place, text, words};

const FAMILIES: [&str; 4] = ["tiny-hub", "wide-prefixed", "tiny-v5", "text-hub"];

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .map(|a| a.iter().filter_map(Value::as_f64).collect())
        .unwrap_or_default()
}

fn furthest(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter()
        .zip(theirs)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn every_trace_equals_the_reference() {
    let Some(checkpoints) = shared("checkpoints") else {
        return;
    };
    let place = Place::new();
    for family in FAMILIES {
        let model = checkpoints.join(family);
        for case in fs::read_dir(model.join("cases")).expect("cases").flatten() {
            let case = case.path();
            let ours = place.json(&[
                "model",
                "trace",
                text(&model),
                text(&case.join("case.json")),
                "--json",
            ]);
            let theirs = read(&case.join("trace.json"));
            for exact in ["rendered_template", "input_ids", "image_token_positions"] {
                assert_eq!(ours[exact], theirs[exact], "{}: {exact}", case.display());
            }
            assert_eq!(
                ours["greedy"]["ids"],
                theirs["greedy"]["ids"],
                "{}",
                case.display()
            );
            let images = theirs["images"].as_array().map_or(0, Vec::len);
            for k in 0..images {
                let hash = theirs["images"][k].as_object().and_then(|image| {
                    image
                        .keys()
                        .find(|key| key.contains("sha256") && !key.contains("torchvision"))
                });
                let hash = hash.expect("a hash of the resized bytes");
                assert_eq!(ours["images"][k][hash], theirs["images"][k][hash]);
            }
            let (f, g) = (
                numbers(&ours["image_features"]["values"]),
                numbers(&theirs["image_features"]["values"]),
            );
            let largest = g
                .iter()
                .fold(0.0_f64, |m, v| m.max(v.abs()))
                .max(f64::MIN_POSITIVE);
            let features = furthest(&f, &g) / largest;
            let logits = furthest(
                &numbers(&ours["logits"]["values"]),
                &numbers(&theirs["logits"]["values"]),
            );
            let sums = |trace: &Value| -> Vec<f64> {
                trace["labels"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .flat_map(|label| {
                        ["appended", "joint"].map(|way| label[way]["sum"].as_f64().unwrap_or(f64::NAN))
                    })
                    .filter(|v| v.is_finite())
                    .collect()
            };
            let labels = furthest(&sums(&ours), &sums(&theirs));
            println!(
                "{family}/{}: features {features:.1e}, logits {logits:.1e}, labels {labels:.1e}",
                case.file_name().unwrap_or_default().display()
            );
            assert!(features <= 1e-5 && logits <= 2e-4 && labels <= 2e-4);
        }
    }
}

#[test]
fn asking_about_one_picture_gives_the_traces_numbers() {
    let Some(model) = shared("checkpoints/tiny-hub") else {
        return;
    };
    let place = Place::new();
    let case = model.join("cases/one-image");
    let picture = Picture::read(&case.join("a.png")).expect("a picture");
    assert_eq!(picture.channels, 1);
    // A window of 256 around 128 shows eight bits as they are.
    let file = place.path("grey.dcm");
    let (rows, columns) = (
        u16::try_from(picture.height).unwrap(),
        u16::try_from(picture.width).unwrap(),
    );
    Writer::new("grey", rows, columns, Samples::U8(picture.bytes))
        .windows(&[Window::new(128.0, 256.0, "")])
        .write(&file)
        .expect("a file");
    let asked = read(&case.join("case.json"));
    let prompt = asked["messages"][0]["content"][1]["text"]
        .as_str()
        .expect("the question");
    for input in [file, case.join("a.png")] {
        let answer = place.json(&[
            "ask",
            text(&input),
            "--model",
            text(&model),
            "--preprocess",
            "display/1",
            "--prompt",
            prompt,
            "--labels",
            "normal,pneumonia,pneumothorax",
            "--json",
        ]);
        let trace = read(&case.join("trace.json"));
        let reference: Vec<f64> = trace["labels"]
            .as_array()
            .expect("labels")
            .iter()
            .map(|label| {
                label["joint"]["sum"]
                    .as_f64()
                    .or(label["appended"]["sum"].as_f64())
                    .expect("a sum")
            })
            .collect();
        let top = reference.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = reference.iter().map(|v| (v - top).exp()).sum();
        for (label, sum) in ["normal", "pneumonia", "pneumothorax"].iter().zip(&reference) {
            let ours = answer["probabilities"][label].as_f64().expect("a probability");
            let theirs = (sum - top).exp() / total;
            assert!((ours - theirs).abs() < 1e-4, "{label}: {ours} for {theirs}");
        }
        assert_eq!(
            answer["tokens"]["prompt"],
            trace["input_ids"].as_array().map(Vec::len).expect("ids")
        );
        assert!(
            answer["confidence_kind"]
                .as_str()
                .is_some_and(|kind| kind.contains("uncalibrated"))
        );
        assert!(
            answer["provenance"]["weights"]
                .as_str()
                .is_some_and(|hash| hash.len() == 64)
        );
    }
}

#[test]
fn a_real_series_is_read_as_a_slice_and_as_a_volume() {
    let Some(model) = shared("checkpoints/tiny-hub") else {
        return;
    };
    let Some(series) = shared("corpus/series/ct_head_64") else {
        return;
    };
    let place = Place::new();
    let ask = |slices: &[&str]| {
        let mut arguments = vec![
            "ask",
            text(&series),
            "--model",
            text(&model),
            "--prompt",
            "Is there a bleed?",
            "--labels",
            "yes,no",
            "--json",
        ];
        arguments.extend(slices);
        place.json(&arguments)
    };
    let slice = ask(&["--slices", "middle"]);
    let volume = ask(&["--volume"]);
    let again = ask(&["--volume"]);
    assert!(volume["tokens"]["prompt"].as_u64() > slice["tokens"]["prompt"].as_u64());
    assert_eq!(
        volume["probabilities"], again["probabilities"],
        "the same question, the same answer"
    );
    for answer in [&slice, &volume] {
        let sum: f64 = answer["probabilities"]
            .as_object()
            .expect("labels")
            .values()
            .filter_map(Value::as_f64)
            .sum();
        assert!((sum - 1.0).abs() < 1e-6);
    }
}

#[test]
fn a_folder_is_told_what_is_wrong_with_it() {
    let place = Place::new();
    let empty = place.path("empty");
    fs::create_dir(&empty).expect("a folder");
    let output = place.run(&["model", "check", text(&empty)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("config.json"), "{}", words(&output));

    let Some(model) = shared("checkpoints/tiny-hub") else {
        return;
    };
    let check = place.json(&["model", "check", text(&model), "--json"]);
    assert!(check.to_string().contains("memory"), "{check}");

    // Without weights, and with weights of another shape.
    let broken = place.path("broken");
    fs::create_dir(&broken).expect("a folder");
    for name in [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "preprocessor_config.json",
        "chat_template.jinja",
    ] {
        fs::copy(model.join(name), broken.join(name)).expect("a copy");
    }
    let image = place.path("any.dcm");
    Writer::new("any", 8, 8, Samples::U8(vec![7; 64]))
        .write(&image)
        .expect("a file");
    let ask = || {
        place.run(&[
            "ask",
            text(&image),
            "--model",
            text(&broken),
            "--labels",
            "a,b",
            "--prompt",
            "Which?",
        ])
    };
    let output = ask();
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("safetensors"), "{}", words(&output));

    fs::copy(model.join("model.safetensors"), broken.join("model.safetensors")).expect("a copy");
    let mut config = read(&broken.join("config.json"));
    config["text_config"]["hidden_size"] = 96.into();
    fs::write(broken.join("config.json"), config.to_string()).expect("a config");
    let output = ask();
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("shape"), "{}", words(&output));
}

#[test]
fn a_medsiglip_scores_labels_as_the_reference_does() {
    let Some(model) = shared("checkpoints/medsiglip-tiny") else {
        return;
    };
    let place = Place::new();
    let case = model.join("cases/zero-shot");
    let (asked, trace) = (read(&case.join("case.json")), read(&case.join("trace.json")));
    // Commas part labels on the command line.
    let texts: Vec<&str> = asked["texts"]
        .as_array()
        .expect("texts")
        .iter()
        .filter_map(Value::as_str)
        .filter(|text| !text.contains(','))
        .collect();
    let which: Vec<usize> = (0..5)
        .filter(|i| {
            asked["texts"][*i]
                .as_str()
                .is_some_and(|text| texts.contains(&text))
        })
        .collect();
    let labels = texts.join(",");
    let ask = |more: &[&str]| {
        let image = case.join("a.png");
        let start = [
            "ask",
            text(&image),
            "--model",
            text(&model),
            "--template",
            "plain/1",
            "--json",
        ];
        place.json(&[&start[..], more].concat())
    };
    let sigmoid = ask(&["--yesno", &labels]);
    for (label, i) in texts.iter().zip(&which) {
        let ours = sigmoid["probabilities"][label].as_f64().expect("a probability");
        let theirs = trace["probabilities"][0][*i].as_f64().expect("a probability");
        assert!((ours - theirs).abs() < 1e-5, "{label}: {ours} for {theirs}");
    }
    let softmax = ask(&["--labels", &labels]);
    let logits: Vec<f64> = which
        .iter()
        .filter_map(|i| trace["logits_per_image"][0][*i].as_f64())
        .collect();
    let total: f64 = logits.iter().map(|l| l.exp()).sum();
    for (label, logit) in texts.iter().zip(&logits) {
        let ours = softmax["probabilities"][label].as_f64().expect("a probability");
        assert!((ours - logit.exp() / total).abs() < 1e-5, "{label}");
    }
    let refused = place.run(&[
        "ask",
        text(&case.join("a.png")),
        "--model",
        text(&model),
        "--open",
        "--prompt",
        "Why?",
    ]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(words(&refused).contains("scores labels"), "{}", words(&refused));
}

#[test]
fn what_is_wrong_with_a_folder_is_said_once() {
    let place = Place::new();
    let empty = place.path("empty");
    std::fs::create_dir(&empty).expect("a folder");
    let output = place.run(&["model", "check", text(&empty)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("config.json"), "{}", words(&output));
    assert!(
        output.stdout.is_empty(),
        "the sentence stands on the standard error"
    );
}
