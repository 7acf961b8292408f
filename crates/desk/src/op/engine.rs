//! The engine for the command line: folders checked, traces computed, prompts rendered without a model.

use std::path::Path;

use overread_medgemma::template::render;
use overread_medgemma::{EngineError, LoadOptions};
use serde_json::{Value, json};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::op::given::Given;
use crate::op::pictures::open_picture;
use crate::op::{files, known};
use crate::wire::models::PrecisionName;

/// What a model folder holds.
pub fn check(desk: &Desk, path: &Path) -> Value {
    let report = files::report(desk, path);
    let known = known::recognised(desk, path);
    let model = known.as_ref().and_then(|k| k.model);
    json!({
        "usable": report.usable,
        "kind": report.kind,
        "lines": report.lines,
        "warning": report.warning,
        "parameters": report.parameters,
        "memory_bytes": {
            "f32": report.memory_f32,
            "bf16": report.memory_bf16,
            "q8_0": report.memory_q8_0,
            "q4_k": report.memory_q4_k,
        },
        "image_size": report.image_size,
        "tokens_per_image": report.tokens_per_image,
        "context": report.context,
        "known": known.as_ref().map(|k| json!({
            "title": k.title,
            "id": model.map(|m| &m.id),
            "published_as": model.map(|m| &m.published_as),
            "terms": model.map(|m| &m.licence.name),
            "terms_address": model.map(|m| &m.licence.terms),
            "terms_summary": model.map(|m| &m.licence.summary),
            "limits": model.map(|m| &m.limits),
            "preprocess": model.map(|m| m.preprocess.iter().map(|p| json!({"modality": p.modality, "ids": p.ids, "note": p.note})).collect::<Vec<_>>()),
        })),
    })
}

/// The engine's record of a case.
///
/// # Errors
/// Anything loading or reading may meet.
pub fn trace(
    folder: &Path,
    adapter: Option<&Path>,
    case: &Path,
    precision: PrecisionName,
    device: &str,
) -> Outcome<Value> {
    let name = case
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    std::fs::metadata(case).map_err(|error| crate::code::io(&case.display().to_string(), &error))?;
    let options = LoadOptions {
        precision: crate::op::precision::engines(precision),
        device: crate::op::precision::device(device)?,
        ..LoadOptions::default()
    };
    let traced = overread_medgemma::trace::trace_with(folder, adapter, case, options, &open_picture);
    traced.map_err(|error| match error {
        EngineError::BadFile { file, reason } if file == name => failure(
            "model.bad_case",
            format!("{name} is no case that can be traced: {reason}."),
            "Name a JSON file with messages, as docs/formats.md has it.",
        ),
        other => other.into(),
    })
}

/// The prompt as the chat template renders it, images as marks.
///
/// # Errors
/// When the messages do not fit the template.
pub fn rendered(given: &Given) -> Outcome<String> {
    Ok(render(&given.messages)?)
}
