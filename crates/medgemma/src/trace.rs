//! The engine's own record of a case, with the keys of the reference's traces.

use std::path::Path;

use candle_core::{IndexOp, Tensor};
use serde_json::{Value, json};

use crate::cancel::Cancel;
use crate::config::read_json;
use crate::decoder::{Cache, Span};
use crate::engine::{Engine, LoadOptions, Precision, State, last_logits};
use crate::error::{EngineError, Result};
use crate::generate::greedy;
use crate::image::Picture;
use crate::prompt::{self, Prompt};
use crate::score::log_probs_at;
use crate::template::{Message, Part, Role};

/// Reads a picture file to RGB as Pillow's `convert("RGB")` does; given by the caller, so that this crate needs no codec.
pub type OpenPicture<'a> = &'a dyn Fn(&Path) -> std::result::Result<(Picture, &'static str), String>;

/// Computes a trace.
///
/// # Errors
/// A case that cannot be read, or anything loading or reading may meet.
pub fn trace(folder: &Path, case_file: &Path, precision: Precision, open: OpenPicture<'_>) -> Result<Value> {
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
    let options = LoadOptions {
        precision,
        memory_available: None,
    };
    let engine = Engine::load(folder, options, &mut |_| {}, &cancel)?;
    let (messages, files) = messages(&case).map_err(bad)?;
    let prefix = case["prefix"].as_str().unwrap_or_default();
    let prompt = prompt::build(&engine.config, &engine.tokenizer, &messages, prefix, true)?;

    let mut out = json!({
        "id": case["id"],
        "reference": {"engine": "overread", "version": env!("CARGO_PKG_VERSION"), "dtype": format!("{precision:?}").to_lowercase()},
        "rendered_template": prompt.rendered,
        "input_ids": prompt.ids,
    });
    let mut features = None;
    if !files.is_empty() {
        let side = engine.description().image_size.unwrap_or(0);
        let (mut records, mut hidden, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for file in &files {
            let (picture, mode) = open(&root.join(file)).map_err(bad)?;
            let resized = picture.resized(side);
            records.push(picture_record(file, mode, &picture, &resized));
            let (tower, own) = engine.encode(&resized, &cancel)?;
            hidden.push(tower.flatten_all()?.i(..8)?.to_vec1::<f32>()?);
            parts.push(own);
        }
        let all = Tensor::stack(&parts, 0)?;
        out["images"] = json!(records);
        out["image_token_positions"] = json!(
            prompt
                .blocks
                .iter()
                .enumerate()
                .filter(|(_, b)| **b >= 0)
                .map(|(i, _)| i)
                .collect::<Vec<_>>()
        );
        out["image_features"] = json!({
            "shape": all.dims(),
            "vision_last_hidden_first8": hidden,
            "values": all.flatten_all()?.to_vec1::<f32>()?,
        });
        features = Some(Tensor::cat(&parts, 0)?);
    }
    let mut states = Vec::new();
    let (cache, last) = forward(
        &engine,
        &prompt,
        &prompt.ids,
        features.as_ref(),
        Some(&mut states),
    )?;
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
        labels.push(label_record(&engine, &prompt, label, features.as_ref())?);
    }
    out["labels"] = json!(labels);
    let most = case["max_new_tokens"].as_u64().unwrap_or(0) as usize;
    let (ids, margins) = greedy_ids(&engine, engine.state(cache, last), most)?;
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

/// The whole of `ids` in one pass; logits after the last.
fn forward(
    engine: &Engine,
    prompt: &Prompt,
    ids: &[u32],
    features: Option<&Tensor>,
    states: Option<&mut Vec<Value>>,
) -> Result<(Cache, Vec<f32>)> {
    let (cache, hidden) = hidden(engine, prompt, ids, features, states)?;
    Ok((cache, last_logits(&engine.decoder, &hidden)?))
}

fn hidden(
    engine: &Engine,
    prompt: &Prompt,
    ids: &[u32],
    features: Option<&Tensor>,
    states: Option<&mut Vec<Value>>,
) -> Result<(Cache, Tensor)> {
    // Labels only add text after the prompt, so its blocks hold for the longer input too.
    let blocks: Vec<i32> = (0..ids.len())
        .map(|i| prompt.blocks.get(i).copied().unwrap_or(-1))
        .collect();
    let features = features.filter(|_| blocks.iter().any(|b| *b >= 0));
    let embedded = engine.decoder.embed(ids, &blocks, features)?;
    let mut cache = engine.decoder.cache();
    let span = Span::trunk(0, &blocks);
    let record = |x: &Tensor, layer: usize| -> Result<Value> {
        let row: Vec<f32> = x.i(x.dim(0)? - 1)?.to_vec1()?;
        let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        Ok(json!({"layer": layer, "first4": row[..4.min(row.len())], "norm": norm}))
    };
    let mut seen = Vec::new();
    let mut watch = |x: &Tensor| -> Result<()> {
        seen.push(record(x, seen.len())?);
        Ok(())
    };
    let cancel = Cancel::default();
    let watched: Option<&mut dyn FnMut(&Tensor) -> Result<()>> =
        if states.is_some() { Some(&mut watch) } else { None };
    let hidden = engine
        .decoder
        .forward(embedded, &span, &mut cache, true, &cancel, watched)?;
    if let Some(states) = states {
        let last = seen.len();
        *states = seen;
        // The reference lists the last layer after the final norm.
        let normed = engine.decoder.finish(&hidden)?;
        states.push(record(&normed, last)?);
    }
    Ok((cache, hidden))
}

/// Greedy ids after a prompt, and by how much each beat the next best.
fn greedy_ids(engine: &Engine, mut state: State, most: usize) -> Result<(Vec<u32>, Vec<f64>)> {
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
        engine.step(&mut state, id, None, &cancel)?;
    }
    Ok((ids, margins))
}

fn label_record(engine: &Engine, prompt: &Prompt, label: &str, features: Option<&Tensor>) -> Result<Value> {
    let alone = engine.tokenizer.encode(label)?;
    let joint = engine.tokenizer.encode(&(prompt.expanded.clone() + label))?;
    let shared = prompt.ids.iter().zip(&joint).take_while(|(a, b)| a == b).count();
    let score = |full: &[u32], start: usize| -> Result<(Vec<f64>, f64, f64)> {
        let (_, hidden) = hidden(engine, prompt, full, features, None)?;
        let normed = engine.decoder.finish(&hidden)?;
        let mut each = Vec::new();
        for j in start..full.len() {
            let row: Vec<f32> = engine
                .decoder
                .logits(&normed.i(j - 1..j)?)?
                .flatten_all()?
                .to_vec1()?;
            each.extend(log_probs_at(&row, &full[j..=j]));
        }
        let sum: f64 = each.iter().sum();
        let mean = sum / each.len().max(1) as f64;
        Ok((each, sum, mean))
    };
    let appended: Vec<u32> = prompt.ids.iter().chain(&alone).copied().collect();
    let (a, a_sum, a_mean) = score(&appended, prompt.ids.len())?;
    let (b, b_sum, b_mean) = score(&joint, shared)?;
    Ok(json!({
        "label": label,
        "appended": {"ids": alone, "log_probs": a, "sum": a_sum, "mean": a_mean},
        "joint": {"common_prefix_tokens": shared, "ids": joint[shared..], "log_probs": b, "sum": b_sum, "mean": b_mean},
    }))
}
