//! One step of learning against transformers, peft and torch on the same batch (`reference/make_step.py`).

use std::path::Path;
use std::sync::Arc;

use overread_medgemma::files::ModelFiles;
use overread_medgemma::{Cancel, LoadOptions, Precision};
use overread_tuning::lora::{Frozen, LoraSettings, write_adapter};
use overread_tuning::{AdamW, Example, Id, Learner, Manner, OptimiserSettings, Schedule, Seen};
use serde_json::Value;

const RECORDED: &str = include_str!("reference/step.json");
const PLACES: [usize; 3] = [0, 1, 17];

fn learner(folder: &Path) -> Learner<f32> {
    let files = ModelFiles::open(folder).expect("opens");
    let options = LoadOptions {
        precision: Precision::F32,
        ..LoadOptions::default()
    };
    let weights = overread_medgemma::weights::load(&files, &options, &[], &mut |_| {}, &Cancel::default())
        .expect("loads");
    Learner::build(&files.config, &mut Frozen(weights)).expect("builds")
}

/// The numbers that the script begins with, by PEFT's name.
fn numbers(name: &str, count: usize) -> Vec<f32> {
    let key = name.bytes().map(u64::from).sum::<u64>() % 97;
    (0..count)
        .map(|i| (0.05 * (0.37 * i as f64 + key as f64).sin()) as f32)
        .collect()
}

/// PEFT's name of a pair's part.
fn peft(name: &str, part: &str) -> String {
    let path = name
        .replace("text.", "model.language_model.")
        .replace("vision.", "model.vision_tower.vision_model.");
    format!("base_model.model.{path}.lora_{part}.weight")
}

fn pairs() -> LoraSettings {
    let mut targets = vec!["decoder".to_owned()];
    for layer in 0..3 {
        for end in ["self_attn.q_proj", "mlp.fc1"] {
            targets.push(format!("vision.encoder.layers.{layer}.{end}"));
        }
    }
    LoraSettings {
        rank: 4,
        alpha: 8.0,
        dropout: 0.0,
        targets,
        rank_stabilised: false,
    }
}

fn with_pairs(folder: &Path) -> Learner<f32> {
    let mut learner = learner(folder);
    learner.attach_pairs(&pairs(), 1).expect("attaches");
    let names: Vec<String> = learner.pairs().iter().map(|(name, ..)| name.clone()).collect();
    for name in names {
        for part in ["A", "B"] {
            let id = learner
                .parameters
                .find(&format!("{name}.lora_{part}"))
                .expect("there");
            let values = learner.parameters.values_mut(id);
            let first = numbers(&peft(&name, part), values.len());
            values.copy_from_slice(&first);
        }
    }
    learner
}

fn examples(learner: &Learner<f32>, recorded: &Value) -> Vec<Example> {
    let config = learner.config();
    let side = config.vision.as_ref().expect("a tower").image_size;
    let rows = recorded["rows"].as_array().expect("rows");
    rows.iter()
        .zip(recorded["answers"].as_array().expect("answers"))
        .zip([0.011, 0.023])
        .map(|((row, answer), step)| {
            let ids: Vec<u32> = row
                .as_array()
                .expect("ids")
                .iter()
                .map(|id| id.as_u64().expect("an id") as u32)
                .collect();
            let picture = (0..3 * side * side)
                .map(|i| (step * i as f64).sin() as f32)
                .collect();
            Example {
                blocks: ids
                    .iter()
                    .map(|id| if Some(*id) == config.image_token { 0 } else { -1 })
                    .collect(),
                answer: ids.len() - answer.as_u64().expect("a count") as usize..ids.len(),
                ids,
                seen: Seen::Pictures(vec![Arc::new(picture)]),
                weight: 1.0,
                patches: None,
            }
        })
        .collect()
}

/// A few numbers of a tensor, as the script wrote them.
fn few(values: &[f32]) -> Vec<f64> {
    PLACES
        .iter()
        .copied()
        .chain([values.len() - 1])
        .map(|i| f64::from(values[i]))
        .collect()
}

fn recorded(table: &Value, name: &str) -> Vec<f64> {
    table[name]
        .as_array()
        .unwrap_or_else(|| panic!("{name} was recorded"))
        .iter()
        .map(|v| v.as_f64().expect("a number"))
        .collect()
}

/// For each part of each pair, the few numbers of its tensor are those that a table has under PEFT's name.
fn alike<'a>(
    learner: &'a Learner<f32>,
    table: &Value,
    values: impl Fn(Id) -> &'a [f32],
    within: impl Fn(&[f64]) -> f64,
) {
    for (name, ..) in learner.pairs() {
        for part in ["A", "B"] {
            let id = learner.parameters.find(&format!("{name}.lora_{part}"));
            let found = few(values(id.expect("there")));
            let expected = recorded(table, &peft(&name, part));
            assert_eq!(found.len(), expected.len(), "{name} {part}");
            for (a, b) in found.iter().zip(&expected) {
                assert!(
                    (a - b).abs() < within(&expected),
                    "{name} {part}: {found:?} {expected:?}"
                );
            }
        }
    }
}

#[test]
fn a_step_is_the_step_of_the_reference() {
    let folder = tempfile::tempdir().expect("a folder");
    overread_phantom::checkpoint::write_random_model(folder.path(), 5).expect("writes");
    let table: Value = serde_json::from_str(RECORDED).expect("JSON");
    let mut learner = with_pairs(folder.path());
    let all = examples(&learner, &table);
    let batch: Vec<&Example> = all.iter().collect();
    let (losses, mut gradients) = learner.gradients(&batch, Manner::default());
    let loss = table["loss"].as_f64().expect("a loss");
    assert!(
        (losses.answer.mean() - loss).abs() < 1e-5,
        "{} {loss}",
        losses.answer.mean()
    );
    gradients.scale(1.0 / losses.answer.weight as f32);
    let names: Vec<String> = learner.pairs().iter().map(|(name, ..)| name.clone()).collect();
    assert_eq!(
        2 * names.len(),
        table["after"].as_object().expect("a table").len()
    );
    let largest = |values: &[f64]| values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    alike(
        &learner,
        &table["gradients"],
        |id| gradients.get(id).expect("learned"),
        |expected| 1e-5 * (1.0 + largest(expected)),
    );
    let optimiser = OptimiserSettings {
        weight_decay: 0.01,
        clip: 0.5,
        schedule: Schedule::Constant,
        ..OptimiserSettings::default()
    };
    let mut adam = AdamW::new(optimiser, &learner.parameters);
    let norm = adam.step(&mut learner.parameters, &mut gradients, 1e-3);
    let expected = table["norm"].as_f64().expect("a norm");
    assert!((norm / expected - 1.0).abs() < 1e-4, "{norm} {expected}");
    alike(
        &learner,
        &table["after"],
        |id| learner.parameters.values(id),
        |_| 1e-5,
    );

    // Written as PEFT's and read by the engine: the same loss as learned.
    let adapter = folder.path().join("adapter");
    write_adapter(&learner, &pairs(), "the demo model", &adapter).expect("writes");
    let again = overread_medgemma::AdapterWeights::read(&adapter, learner.config(), &Cancel::default())
        .expect("reads");
    assert_eq!(again.entries.len(), names.len());
    for (name, a, b) in learner.pairs() {
        let entry = &again.entries[&name];
        assert_eq!(
            (entry.a.as_slice(), entry.b.as_slice(), entry.r, entry.scale),
            (a, b, 4, 2.0)
        );
    }
}
