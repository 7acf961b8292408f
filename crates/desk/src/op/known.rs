//! Models that Overread knows: which of them are here, and what to do for those that are not. Nothing is downloaded.

use std::path::Path;

use overread_medgemma::files::ModelFiles;
use overread_medgemma::known::{self, KnownModel, Recognised};
use serde_json::{Value, json};

use crate::Outcome;
use crate::desk::Desk;
use crate::op::models::listed;
use crate::op::{bundled, files, precision};
use crate::wire::models::{
    KnownFigure, KnownFile, KnownModelInfo, KnownPreprocess, KnownState, PrecisionMemory, PrecisionName,
};

/// A config is a few kilobytes.
const CONFIG_BYTES: u64 = 1 << 20;

/// What a model's folder or file was recognised as.
pub(crate) fn recognised(desk: &Desk, path: &Path) -> Option<Recognised> {
    let config = path.join("config.json");
    let small = std::fs::metadata(&config).is_ok_and(|m| m.len() <= CONFIG_BYTES);
    let value: Value = if small {
        serde_json::from_str(&std::fs::read_to_string(config).ok()?).ok()?
    } else {
        of_sizes(files::opened(desk, path).ok()?.as_ref())
    };
    known::recognise(path, &value)
}

/// The config of a GGUF, as far as models are told apart by it.
fn of_sizes(files: &ModelFiles) -> Value {
    let t = &files.config.text;
    let vision = files.config.vision.as_ref().map(|v| {
        json!({
            "hidden_size": v.hidden_size,
            "intermediate_size": v.intermediate_size,
            "num_hidden_layers": v.layers,
            "num_attention_heads": v.heads,
            "image_size": v.image_size,
            "patch_size": v.patch_size,
        })
    });
    let text = json!({
        "model_type": "gemma3_text",
        "hidden_size": t.hidden_size,
        "intermediate_size": t.intermediate_size,
        "num_hidden_layers": t.layers.len(),
        "num_attention_heads": t.heads,
        "num_key_value_heads": t.kv_heads,
        "head_dim": t.head_dim,
    });
    match vision {
        Some(vision) => json!({"model_type": "gemma3", "text_config": text, "vision_config": vision}),
        None => text,
    }
}

/// The operation `known_models`.
///
/// # Errors
/// When the list cannot be read.
pub fn known_models(desk: &Desk) -> Outcome<Vec<KnownModelInfo>> {
    let mut here = Vec::new();
    let own = bundled::write(desk).ok();
    for path in listed(desk).into_iter().chain(own) {
        let id = recognised(desk, &path)
            .and_then(|r| r.model)
            .map(|m| m.id.clone());
        let usable = files::report(desk, &path).usable;
        here.push((path, id, usable));
    }
    let free = precision::available(desk);
    let describe = |model: &'static KnownModel| {
        let of_it = |usable: bool| {
            let id = Some(&model.id);
            here.iter()
                .find(|(_, known, u)| known.as_ref() == id && *u == usable)
        };
        let found = of_it(true).or_else(|| of_it(false));
        let state = match found {
            Some((_, _, true)) => KnownState::Here,
            Some(_) => KnownState::Incomplete,
            None => KnownState::NotHere,
        };
        info(desk, model, state, found.map(|(path, ..)| path.as_path()), free)
    };
    Ok(known::all().iter().map(describe).collect())
}

fn info(
    desk: &Desk,
    m: &KnownModel,
    state: KnownState,
    path: Option<&Path>,
    free: Option<u64>,
) -> KnownModelInfo {
    let memory = |precision: PrecisionName| {
        let bytes = *m.memory.get(precision::name(precision))?;
        Some(PrecisionMemory {
            precision,
            bytes: bytes as f64,
            fits: free.is_none_or(|free| bytes <= free),
        })
    };
    let all = [
        PrecisionName::F32,
        PrecisionName::Bf16,
        PrecisionName::Q8_0,
        PrecisionName::Q4K,
    ];
    KnownModelInfo {
        id: m.id.clone(),
        name: m.name.clone(),
        family: m.family.clone(),
        publisher: m.publisher.clone(),
        published_as: m.published_as.clone(),
        about: m.about.clone(),
        parameters: m.parameters as f64,
        licence: m.licence.name.clone(),
        terms: m.licence.terms.clone(),
        terms_summary: m.licence.summary.clone(),
        limits: m.limits.clone(),
        files: m
            .files
            .iter()
            .map(|f| KnownFile {
                name: f.name.clone(),
                needed: f.needed,
                bytes: f.bytes as f64,
                about: f.about.clone(),
            })
            .collect(),
        templates: m.prompt.templates.clone(),
        advice: m.prompt.advice.clone(),
        thinking: m.prompt.thinking.clone(),
        preprocess: m
            .preprocess
            .iter()
            .map(|p| KnownPreprocess {
                modality: p.modality.clone(),
                ids: p.ids.clone(),
                note: p.note.clone(),
            })
            .collect(),
        memory_by: all.into_iter().filter_map(memory).collect(),
        published: m
            .published
            .iter()
            .map(|p| KnownFigure {
                task: p.task.clone(),
                metric: p.metric.clone(),
                value: p.value,
                conditions: p.conditions.clone(),
            })
            .collect(),
        state,
        handle: path.map(|path| desk.handle(path)),
        guidance: guidance(m, state, path.is_some_and(|path| path == bundled::folder(desk))),
    }
}

/// How to get a model, a sentence each.
fn guidance(m: &KnownModel, state: KnownState, demo: bool) -> Vec<String> {
    if state == KnownState::Here || demo {
        return Vec::new();
    }
    if state == KnownState::Incomplete {
        return vec!["Something in its folder is missing or wrong: the list of models says what.".to_owned()];
    }
    if m.published_as.is_empty() {
        return vec!["It comes with Overread; nothing is needed.".to_owned()];
    }
    let needed: Vec<&str> = m
        .files
        .iter()
        .filter(|f| f.needed)
        .map(|f| f.name.as_str())
        .collect();
    vec![
        format!("{} publishes it as {} on Hugging Face.", m.publisher, m.published_as),
        format!("Read and accept its terms there ({}).", m.licence.name),
        format!("Download it with your own account; it needs {}.", needed.join(", ")),
        "Keep all files in one folder, under any name, and add that folder here. A GGUF file with its mmproj file does as well."
            .to_owned(),
        "Overread downloads nothing and sends nothing: the model runs on this machine.".to_owned(),
    ]
}
