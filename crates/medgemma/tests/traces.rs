//! The engine against the reference's recorded traces; a printed skip where the shared folder is absent.

#![expect(clippy::print_stdout, reason = "figures and skips stand in the test's log")]

mod reference;

use std::path::Path;

use overread_medgemma::LoadOptions;
use overread_medgemma::trace::{trace, trace_with};
use serde_json::Value;

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|v| v.as_f64().unwrap_or(f64::NAN))
        .collect()
}

fn worst(a: &Value, b: &Value, what: &str) -> f64 {
    let (a, b) = (floats(a), floats(b));
    assert_eq!(a.len(), b.len(), "{what}: other length");
    a.iter().zip(&b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

fn compare(model: &str, device: &str) {
    let Some(checkpoints) = overread_testkit::shared("checkpoints") else {
        return;
    };
    compare_folders(&checkpoints.join(model), None, false, device);
}

/// A model, or a model with an adapter, which then has the cases.
fn compare_folders(folder: &Path, adapter: Option<&Path>, merged: bool, device: &str) {
    let source = adapter.unwrap_or(folder);
    let model = source.file_name().expect("a name").to_string_lossy();
    let options = LoadOptions {
        device: device.to_owned(),
        merge: adapter
            .filter(|_| merged)
            .map(Path::to_path_buf)
            .into_iter()
            .collect(),
        ..LoadOptions::default()
    };
    let beside = adapter.filter(|_| !merged);
    for case in reference::cases(source) {
        let name = format!("{model}/{}", case.file_name().expect("a name").to_string_lossy());
        let expected: Value =
            serde_json::from_slice(&std::fs::read(case.join("trace.json")).expect("a trace")).expect("JSON");
        let file = case.join("case.json");
        let got = trace_with(folder, beside, &file, options.clone(), &reference::open).expect("traces");
        assert_eq!(
            got["rendered_template"], expected["rendered_template"],
            "{name}: template"
        );
        assert_eq!(got["input_ids"], expected["input_ids"], "{name}: input ids");
        for (i, image) in expected["images"].as_array().into_iter().flatten().enumerate() {
            assert_eq!(
                got["images"][i]["resized_rgb_sha256"], image["resized_rgb_sha256"],
                "{name}: picture {i}"
            );
            assert!(
                worst(
                    &got["images"][i]["pixel_values_first8"],
                    &image["pixel_values_first8"],
                    &name
                ) < 1e-6
            );
        }
        let mut features = 0.0;
        if expected["image_features"].is_object() {
            let e = &expected["image_features"]["values"];
            let largest = floats(e).iter().map(|v| v.abs()).fold(0.0, f64::max);
            features = worst(&got["image_features"]["values"], e, &name) / largest;
            assert!(features <= 1e-5, "{name}: features {features}");
        }
        let logits = worst(&got["logits"]["all"], &expected["logits"]["all"], &name);
        let mut labels: f64 = 0.0;
        for (i, label) in expected["labels"].as_array().into_iter().flatten().enumerate() {
            for way in ["appended", "joint"] {
                assert_eq!(
                    got["labels"][i][way]["ids"], label[way]["ids"],
                    "{name}: label ids"
                );
                labels = labels.max(worst(
                    &got["labels"][i][way]["log_probs"],
                    &label[way]["log_probs"],
                    &name,
                ));
            }
        }
        println!("{name}: features {features:.1e} of the largest, logits {logits:.1e}, labels {labels:.1e}");
        assert!(logits <= 2e-4, "{name}: logits {logits}");
        assert!(labels <= 2e-4, "{name}: labels {labels}");
        assert_eq!(
            got["greedy"]["ids"], expected["greedy"]["ids"],
            "{name}: greedy ids"
        );
        assert_eq!(
            got["greedy"]["stopped_by_eos"], expected["greedy"]["stopped_by_eos"],
            "{name}: stop"
        );
    }
}

#[test]
fn tiny_hub() {
    compare("tiny-hub", "cpu");
}

#[test]
fn wide_prefixed() {
    compare("wide-prefixed", "cpu");
}

#[test]
fn tiny_v5() {
    compare("tiny-v5", "cpu");
}

#[test]
fn text_hub() {
    compare("text-hub", "cpu");
}

#[test]
fn candle_tensors_agree_too() {
    compare("tiny-hub", "candle");
    compare("wide-prefixed", "candle");
}

#[test]
fn tiny_gguf() {
    compare("tiny-gguf", "cpu");
}

/// LoRA, and DoRA with the scale of rsLoRA, on every layer of both towers.
#[test]
fn adapters_on_tiny_hub() {
    let Some(checkpoints) = overread_testkit::shared("checkpoints") else {
        return;
    };
    for adapter in ["tiny-lora", "tiny-lora-dora"] {
        for merged in [false, true] {
            compare_folders(
                &checkpoints.join("tiny-hub"),
                Some(&checkpoints.join(adapter)),
                merged,
                "cpu",
            );
        }
    }
}

/// Pictures against texts: ids and resized bytes exact, embeddings of length 1 and logits within 1e-4.
#[test]
fn medsiglip_tiny() {
    let Some(checkpoints) = overread_testkit::shared("checkpoints") else {
        return;
    };
    let folder = checkpoints.join("medsiglip-tiny");
    let case = folder.join("cases/zero-shot");
    let expected: Value =
        serde_json::from_slice(&std::fs::read(case.join("trace.json")).expect("a trace")).expect("JSON");
    let got = trace(
        &folder,
        &case.join("case.json"),
        LoadOptions::default(),
        &reference::open,
    )
    .expect("traces");
    for key in ["input_ids", "resized_rgb_sha256"] {
        assert_eq!(got[key], expected[key], "{key}");
    }
    for key in [
        "vision_last_hidden_first8",
        "image_embeds",
        "text_embeds",
        "logits_per_image",
        "probabilities",
    ] {
        let (got, expected) = (&got[key], &expected[key]);
        let rows = expected.as_array().expect("rows").len();
        assert_eq!(got.as_array().expect("rows").len(), rows, "{key}");
        let off = (0..rows)
            .map(|i| worst(&got[i], &expected[i], key))
            .fold(0.0, f64::max);
        println!("medsiglip-tiny/zero-shot: {key} {off:.1e}");
        assert!(off <= 1e-4, "{key}: {off}");
    }
}
