//! The engine's own record of a case, with the keys of the reference's traces.

use std::path::Path;

use serde_json::{Value, json};

use crate::adapted::Adapter;
use crate::cancel::Cancel;
use crate::config::read_json;
use crate::decoder::{Span, Wanted};
use crate::engine::{Engine, LoadOptions, State};
use crate::error::{EngineError, Result};
use crate::generate::greedy;
use crate::image::Picture;
use crate::linear::Pass;
use crate::model::{Cache, Tokens};
use crate::prompt::{self, Prompt};
use crate::score::log_probs_at;
use crate::template::{Message, Part, Role};

/// Reads a picture file to RGB as Pillow's `convert("RGB")` does; given by the caller, so that this crate needs no codec.
pub type OpenPicture<'a> = &'a dyn Fn(&Path) -> std::result::Result<(Picture, &'static str), String>;

/// Computes a trace.
///
/// # Errors
/// A case that cannot be read, or anything loading or reading may meet.
pub fn trace(folder: &Path, case_file: &Path, options: LoadOptions, open: OpenPicture<'_>) -> Result<Value> {
    trace_with(folder, None, case_file, options, open)
}

/// The same with the adapter of a folder.
///
/// # Errors
/// As [`trace`], and an adapter that does not fit.
pub fn trace_with(
    folder: &Path,
    adapter: Option<&Path>,
    case_file: &Path,
    options: LoadOptions,
    open: OpenPicture<'_>,
) -> Result<Value> {
    let precision = options.precision;
    let cancel = Cancel::default();
    let root = case_file.parent().unwrap_or(Path::new("."));
    let name = case_file
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let case = read_json(root, &name)?;
    let bad = |reason: String| EngineError::BadFile {
        file: name.clone(),
        reason,
    };
    if read_json(folder, "config.json").is_ok_and(|config| config["model_type"] == "siglip") {
        return crate::siglip::trace(folder, adapter, case_file, &options, open);
    }
    let engine = Engine::load(folder, options, &mut |_| {}, &cancel)?;
    let adapter = adapter.map(|path| engine.adapter(path, &cancel)).transpose()?;
    let adapter = adapter.as_ref();
    let (messages, files) = messages(&case).map_err(bad)?;
    let prefix = case["prefix"].as_str().unwrap_or_default();
    let prompt = prompt::build(&engine.config, &engine.tokenizer, &messages, prefix, true)?;

    let mut out = json!({
        "id": case["id"],
        "reference": {"engine": "overread", "version": env!("CARGO_PKG_VERSION"), "dtype": precision.name()},
        "rendered_template": prompt.rendered,
        "input_ids": prompt.ids,
    });
    let pass = Pass::new(&cancel, adapter);
    let mut features = Vec::new();
    if !files.is_empty() {
        let side = engine.description().image_size.unwrap_or(0);
        let (mut records, mut hidden) = (Vec::new(), Vec::new());
        for file in &files {
            let (picture, mode) = open(&root.join(file)).map_err(bad)?;
            let resized = picture.resized(side);
            records.push(picture_record(file, mode, &picture, &resized));
            let (tower, own) = engine.model.encode(pass, &resized)?;
            hidden.push(tower.into_iter().take(8).collect::<Vec<f32>>());
            features.extend(own);
        }
        out["images"] = json!(records);
        let positions = prompt.blocks.iter().enumerate().filter(|(_, b)| **b >= 0);
        out["image_token_positions"] = json!(positions.map(|(i, _)| i).collect::<Vec<_>>());
        out["image_features"] = json!({
            "shape": [files.len(), engine.config.tokens_per_image, engine.config.text.hidden_size],
            "vision_last_hidden_first8": hidden,
            "values": features,
        });
    }
    let tracer = Tracer {
        engine: &engine,
        prompt: &prompt,
        features: &features,
        pass,
    };
    let (cache, hidden, states) = tracer.hidden(&prompt.ids, 1)?;
    let mut last = Vec::new();
    engine.last_logits(pass, &hidden, &mut last)?;
    out["hidden_states_last_position"] = json!(states);
    let mut order: Vec<usize> = (0..last.len()).collect();
    order.sort_by(|a, b| last[*b].total_cmp(&last[*a]).then(a.cmp(b)));
    out["logits"] = json!({
        "position": prompt.ids.len() - 1,
        "size": last.len(),
        "top10": order.iter().take(10).map(|i| json!([i, last[*i]])).collect::<Vec<_>>(),
        "all": last,
    });
    let mut labels = Vec::new();
    for label in case["labels"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        labels.push(tracer.label(label)?);
    }
    out["labels"] = json!(labels);
    if let Some(adapter) = adapter {
        out["reference"]["adapter"] = json!(adapter.name);
    }
    let most = case["max_new_tokens"].as_u64().unwrap_or(0) as usize;
    let (ids, margins) = greedy_ids(&engine, engine.state(cache, last), most, adapter)?;
    out["greedy"] = json!({
        "text": engine.tokenizer.decode(&ids, true),
        "stopped_by_eos": ids.last().is_some_and(|id| engine.config.eos.contains(id)),
        "ids": ids,
        "margins": margins,
    });
    Ok(out)
}

/// Messages of a case and the picture files they name, in order.
fn messages(case: &Value) -> std::result::Result<(Vec<Message>, Vec<String>), String> {
    let mut files = Vec::new();
    let mut messages = Vec::new();
    for message in case["messages"].as_array().ok_or("it has no messages")? {
        let role = match message["role"].as_str() {
            Some("system") => Role::System,
            Some("user") => Role::User,
            Some("assistant" | "model") => Role::Assistant,
            other => return Err(format!("role {other:?}")),
        };
        let mut parts = Vec::new();
        if let Some(text) = message["content"].as_str() {
            parts.push(Part::Text(text.to_owned()));
        }
        for part in message["content"].as_array().into_iter().flatten() {
            match part["type"].as_str() {
                Some("text") => parts.push(Part::Text(part["text"].as_str().unwrap_or_default().to_owned())),
                Some("image") => {
                    files.push(part["file"].as_str().ok_or("an image names no file")?.to_owned());
                    parts.push(Part::Image);
                }
                other => return Err(format!("part {other:?}")),
            }
        }
        messages.push(Message { role, parts });
    }
    Ok((messages, files))
}

fn picture_record(file: &str, mode: &str, picture: &Picture, resized: &Picture) -> Value {
    let middle = resized.height / 2 * resized.width * 3;
    json!({
        "file": file,
        "mode": mode,
        "width": picture.width,
        "height": picture.height,
        "resized_to": [resized.height, resized.width],
        "resized_rgb_sha256": resized.sha256(),
        "resized_rgb_first48": resized.rgb[..48.min(resized.rgb.len())],
        "resized_rgb_middle_row48": resized.rgb[middle..(middle + 48).min(resized.rgb.len())],
        "resized_rgb_sum": resized.rgb.iter().map(|b| u64::from(*b)).sum::<u64>(),
        "pixel_values_first8": resized.normalised().into_iter().take(8).collect::<Vec<f32>>(),
    })
}

/// Greedy ids after a prompt, and by how much each beat the next best.
fn greedy_ids(
    engine: &Engine,
    mut state: State,
    most: usize,
    adapter: Option<&Adapter>,
) -> Result<(Vec<u32>, Vec<f64>)> {
    let (mut ids, mut margins) = (Vec::new(), Vec::new());
    let cancel = Cancel::default();
    for _ in 0..most {
        let id = greedy(state.last());
        let best = state.last()[id as usize];
        let second = state
            .last()
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != id as usize)
            .map(|(_, v)| *v)
            .fold(f32::NEG_INFINITY, f32::max);
        margins.push(f64::from(best - second));
        ids.push(id);
        if engine.config.eos.contains(&id) {
            break;
        }
        engine.step(&mut state, id, adapter, &cancel)?;
    }
    Ok((ids, margins))
}

/// What forward passes of a trace share.
struct Tracer<'a> {
    engine: &'a Engine,
    prompt: &'a Prompt,
    features: &'a [f32],
    pass: Pass<'a>,
}

impl Tracer<'_> {
    /// The whole of `ids` in one pass: the cache, hidden states of the last `wanted` tokens (not normed), and the
    /// residual stream of the last one after each layer.
    fn hidden(&self, ids: &[u32], wanted: usize) -> Result<(Cache, Vec<f32>, Vec<Value>)> {
        let (engine, pass) = (self.engine, self.pass);
        // Labels only add text after the prompt, so its blocks hold for the longer input too.
        let blocks: Vec<i32> = (0..ids.len())
            .map(|i| self.prompt.blocks.get(i).copied().unwrap_or(-1))
            .collect();
        let tokens = Tokens {
            ids,
            blocks: &blocks,
            features: self.features,
        };
        let mut cache = engine.empty_state().into_cache();
        let span = Span::trunk(0, &blocks);
        let width = engine.config.text.hidden_size;
        let record = |row: &[f32], layer: usize| {
            let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
            json!({"layer": layer, "first4": row[..4.min(row.len())], "norm": norm})
        };
        let mut states = Vec::new();
        let mut watch = |row: &[f32]| states.push(record(row, states.len()));
        let hidden = engine.model.forward(
            pass,
            tokens,
            &span,
            &mut cache,
            Wanted::Keep(wanted),
            Some(&mut watch),
        )?;
        // The reference lists the last layer after the final norm.
        let normed = engine.model.finish(pass, &hidden[hidden.len() - width..])?;
        states.push(record(&normed, states.len()));
        Ok((cache, hidden, states))
    }

    fn label(&self, label: &str) -> Result<Value> {
        let (tokenizer, prompt) = (&self.engine.tokenizer, self.prompt);
        let alone = tokenizer.encode(label)?;
        let joint = tokenizer.encode(&(prompt.expanded.clone() + label))?;
        let shared = prompt.ids.iter().zip(&joint).take_while(|(a, b)| a == b).count();
        let appended: Vec<u32> = prompt.ids.iter().chain(&alone).copied().collect();
        let (a, a_sum, a_mean) = self.score(&appended, prompt.ids.len())?;
        let (b, b_sum, b_mean) = self.score(&joint, shared)?;
        Ok(json!({
            "label": label,
            "appended": {"ids": alone, "log_probs": a, "sum": a_sum, "mean": a_mean},
            "joint": {"common_prefix_tokens": shared, "ids": joint[shared..], "log_probs": b, "sum": b_sum, "mean": b_mean},
        }))
    }

    /// Log-probabilities of `ids[start..]`, their sum and mean.
    fn score(&self, ids: &[u32], start: usize) -> Result<(Vec<f64>, f64, f64)> {
        let wanted = ids.len() - start + 1;
        let (_, hidden, _) = self.hidden(ids, wanted)?;
        let mut each = Vec::new();
        self.engine.model.logits(self.pass, &hidden, &mut |row, logits| {
            if let Some(id) = ids.get(start + row) {
                each.extend(log_probs_at(logits, &[*id]));
            }
        })?;
        let sum: f64 = each.iter().sum();
        let mean = sum / each.len().max(1) as f64;
        Ok((each, sum, mean))
    }
}
