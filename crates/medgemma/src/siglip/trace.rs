//! The engine's own record of a MedSigLIP case, with the keys of the reference's traces.

use std::path::Path;

use serde_json::{Value, json};

use super::{MedSiglip, Resize};
use crate::cancel::Cancel;
use crate::config::read_json;
use crate::error::{EngineError, Result};
use crate::linear::Pass;
use crate::question::LoadOptions;
use crate::trace::OpenPicture;

/// Computes a trace; see [`crate::trace::trace`].
pub(crate) fn trace(
    folder: &Path,
    adapter: Option<&Path>,
    case_file: &Path,
    options: &LoadOptions,
    open: OpenPicture<'_>,
) -> Result<Value> {
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
    let strings = |key: &str| -> Result<Vec<String>> {
        let list = case[key]
            .as_array()
            .ok_or_else(|| bad(format!("it has no {key}")))?;
        list.iter()
            .map(|v| {
                v.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| bad(format!("{v} among its {key}")))
            })
            .collect()
    };
    let (texts, files) = (strings("texts")?, strings("images")?);
    let model = MedSiglip::load(folder, options, Resize::Processor, &mut |_| {}, &cancel)?;
    let adapter = adapter.map(|path| model.adapter(path, &cancel)).transpose()?;
    let adapter = adapter.as_ref();
    let (mut hashes, mut hidden, mut images) = (Vec::new(), Vec::new(), Vec::new());
    for file in &files {
        let (picture, _) = open(&root.join(file)).map_err(bad)?;
        let seen = model.seen(&picture)?;
        hashes.push(seen.sha256());
        let last = model.last_hidden(Pass::new(&cancel, adapter), &seen)?;
        hidden.push(last.into_iter().take(8).collect::<Vec<f32>>());
        images.push(model.embed_image(&picture, adapter, &cancel)?);
    }
    let ids = texts
        .iter()
        .map(|text| model.ids(text))
        .collect::<Result<Vec<_>>>()?;
    let texts = texts
        .iter()
        .map(|text| model.embed_text(text, adapter, &cancel))
        .collect::<Result<Vec<_>>>()?;
    let logits: Vec<Vec<f64>> = images
        .iter()
        .map(|image| texts.iter().map(|text| model.logit(image, text)).collect())
        .collect();
    let probabilities: Vec<Vec<f64>> = logits
        .iter()
        .map(|row| row.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect())
        .collect();
    let plain =
        |list: &[std::sync::Arc<Vec<f32>>]| json!(list.iter().map(|v| json!(**v)).collect::<Vec<_>>());
    Ok(json!({
        "id": case["id"],
        "reference": {
            "engine": "overread",
            "version": env!("CARGO_PKG_VERSION"),
            "dtype": options.precision.name(),
        },
        "input_ids": ids,
        "resized_rgb_sha256": hashes,
        "vision_last_hidden_first8": hidden,
        "image_embeds": plain(&images),
        "text_embeds": plain(&texts),
        "logits_per_image": logits,
        "probabilities": probabilities,
    }))
}
