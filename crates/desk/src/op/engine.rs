//! The engine for the command line: folders checked, traces computed, prompts rendered without a model.

use std::path::Path;

use overread_medgemma::template::render;
use overread_medgemma::{LoadOptions, check};
use serde_json::{Value, json};

use crate::Outcome;
use crate::op::pictures::open_picture;
use crate::op::plan::{Resolved, messages};
use crate::wire::models::PrecisionName;

/// What a model folder holds.
pub fn check(folder: &Path) -> Value {
    let report = check::check(folder);
    json!({
        "usable": report.usable,
        "kind": report.kind,
        "lines": report.lines,
        "warning": report.warning,
        "parameters": report.parameters,
        "memory_bytes": {"f32": report.memory_f32, "bf16": report.memory_bf16, "q8_0": report.memory_q8_0, "q4_k": report.memory_q4_k},
        "image_size": report.image_size,
        "tokens_per_image": report.tokens_per_image,
        "context": report.context,
    })
}

/// The engine's record of a case.
///
/// # Errors
/// Anything loading or reading may meet.
pub fn trace(folder: &Path, case: &Path, precision: PrecisionName) -> Outcome<Value> {
    Ok(overread_medgemma::trace::trace(
        folder,
        case,
        LoadOptions {
            precision: crate::op::precision::engines(precision),
            ..LoadOptions::default()
        },
        &open_picture,
    )?)
}

/// The prompt as the chat template renders it, images as marks.
///
/// # Errors
/// When the messages do not fit the template.
pub fn rendered(resolved: &Resolved, images: usize) -> Outcome<String> {
    Ok(render(&messages(&resolved.wording, images))?)
}
