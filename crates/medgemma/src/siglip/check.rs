//! A MedSigLIP folder as far as its headers tell.

use std::path::Path;

use super::{Resize, SiglipConfig, config, processor, texts};
use crate::error::Result;
use crate::weights::{compare_with, safetensors};

/// Reads everything but the weights, and compares their names and shapes with the config.
///
/// # Errors
/// Whatever is wrong with the folder.
pub fn open(folder: &Path) -> Result<SiglipConfig> {
    let found = SiglipConfig::read(folder)?;
    compare_with(
        found.expected(),
        &safetensors::open_as(folder, &config::internal)?,
    )?;
    texts::Texts::read(folder, &found.text)?;
    processor::Processor::read(folder, found.vision.image_size, Resize::Processor)?;
    Ok(found)
}
