//! What a MedSigLIP folder holds, what is missing or wrong, in words.

use std::path::Path;

use super::config::{SiglipConfig, internal};
use super::memory_needed;
use super::processor::{Processor, Resize};
use super::texts::Texts;
use crate::check::{CheckReport, sentence};
use crate::error::Result;
use crate::weights::{Precision, compare_with, safetensors};

/// Looks into a folder whose config is that of a SiglipModel.
pub(crate) fn check(folder: &Path, report: &mut CheckReport) {
    "siglip".clone_into(&mut report.kind);
    let config = match SiglipConfig::read(folder) {
        Ok(config) => config,
        Err(error) => return report.lines.push(sentence(&error)),
    };
    let weights = || -> Result<()> {
        let source = safetensors::open_as(folder, &internal)?;
        compare_with(config.expected(), &source)
    };
    let problems = [
        weights(),
        Texts::read(folder, &config.text).map(drop),
        Processor::read(folder, config.vision.image_size, Resize::Processor).map(drop),
    ];
    report
        .lines
        .extend(problems.iter().filter_map(|p| p.as_ref().err()).map(sentence));
    report.usable = report.lines.is_empty();
    report.parameters = config.parameters();
    report.image_size = Some(config.vision.image_size);
    report.context = config.text.positions;
    let memory = |precision| memory_needed(&config, precision);
    report.memory_f32 = memory(Precision::F32);
    report.memory_bf16 = memory(Precision::Bf16);
    report.memory_q8_0 = memory(Precision::Q8_0);
    report.memory_q4_k = memory(Precision::Q4K);
    if report.usable {
        report.lines.push(
            "Compares a picture with short labels; it answers no questions and writes no text.".to_owned(),
        );
        report.lines.push(format!(
            "Sees each picture as {0} x {0} px and {1} tokens of a text.",
            config.vision.image_size, config.text.positions
        ));
    }
}
