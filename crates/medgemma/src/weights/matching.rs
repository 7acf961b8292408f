//! Tensors of the files against those that the config asks for: everything that is wrong, at once.

use std::collections::BTreeMap;

use super::expected::expected;
use super::source::Source;
use crate::config::Config;
use crate::error::{EngineError, Misshapen, Result};

/// Holds when every expected tensor is there in its shape and nothing is left over.
///
/// # Errors
/// [`EngineError::MissingTensors`], [`EngineError::UnknownTensors`], [`EngineError::WrongShapes`], or several of them.
pub(crate) fn compare(config: &Config, source: &Source) -> Result<()> {
    compare_with(expected(config), source)
}

/// The same for tensors by internal name and shape.
pub(crate) fn compare_with(wanted: Vec<(String, Vec<usize>)>, source: &Source) -> Result<()> {
    let mut wanted: BTreeMap<String, Vec<usize>> = wanted.into_iter().collect();
    let (mut unknown, mut misshapen) = (Vec::new(), Vec::new());
    for (own, entry) in &source.entries {
        match wanted.remove(own) {
            Some(expected) if expected != entry.shape => misshapen.push(Misshapen {
                name: entry.name.clone(),
                found: entry.shape.clone(),
                expected,
            }),
            Some(_) => {}
            // A tied head's own copy is ignored, as the reference does.
            None if own == "head.weight" => {}
            None => unknown.push(entry.name.clone()),
        }
    }
    let mut problems = Vec::new();
    if !wanted.is_empty() {
        problems.push(EngineError::MissingTensors(wanted.into_keys().collect()));
    }
    if !misshapen.is_empty() {
        problems.push(EngineError::WrongShapes(misshapen));
    }
    if !unknown.is_empty() {
        problems.push(EngineError::UnknownTensors(unknown));
    }
    match problems.len() {
        0 => Ok(()),
        1 => Err(problems.remove(0)),
        _ => Err(EngineError::Several(problems)),
    }
}
