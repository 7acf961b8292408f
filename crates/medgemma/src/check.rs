//! What a model folder holds, what is missing or wrong, and the memory it will take, in words.

use std::path::Path;

use crate::config::{Config, read_json};
use crate::engine::Precision;
use crate::error::EngineError;
use crate::tokenizer::Tokenizer;
use crate::weights::{compare, safetensors};

/// What a folder turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckReport {
    /// It can be loaded, as far as can be told without loading.
    pub usable: bool,
    /// `gemma3`, `gemma3_text`, `siglip`, `gguf`, or empty.
    pub kind: String,
    /// Findings, one sentence each; problems first.
    pub lines: Vec<String>,
    /// Parameters; 0 when unknown.
    pub parameters: u64,
    /// Bytes to load in float32 and to read one picture.
    pub memory_f32: u64,
    /// The same with matrices in bfloat16.
    pub memory_bf16: u64,
    /// Side of the square the tower sees, px.
    pub image_size: Option<usize>,
    /// Tokens an image becomes.
    pub tokens_per_image: usize,
    /// Longest context.
    pub context: usize,
    /// Said by the folder itself (`overread.json`): its answers are noise, or another plain warning.
    pub warning: String,
}

/// Looks into a folder; never fails, says instead.
pub fn check(folder: &Path) -> CheckReport {
    let mut report = CheckReport {
        usable: false,
        kind: String::new(),
        lines: Vec::new(),
        parameters: 0,
        memory_f32: 0,
        memory_bf16: 0,
        image_size: None,
        tokens_per_image: 0,
        context: 0,
        warning: read_json(folder, "overread.json")
            .ok()
            .and_then(|v| v["note"].as_str().map(str::to_owned))
            .unwrap_or_default(),
    };
    if !folder.is_dir() {
        report.lines.push(
            "This is not a folder. Choose the folder that holds the downloaded model files.".to_owned(),
        );
        return report;
    }
    if !folder.join("config.json").is_file() && has_extension(folder, "gguf") {
        "gguf".clone_into(&mut report.kind);
        report.lines.push(
            "GGUF files are not read yet. Use the original folder with config.json and safetensors files."
                .to_owned(),
        );
        return report;
    }
    let config = match Config::read(folder) {
        Ok(config) => config,
        Err(error) => {
            if read_json(folder, "config.json").is_ok_and(|c| c["model_type"] == "siglip") {
                "siglip".clone_into(&mut report.kind);
            }
            report.lines.push(sentence(&error));
            return report;
        }
    };
    report.kind.clone_from(&config.model_type);
    report.parameters = config.parameters();
    report.memory_f32 = memory_needed(&config, Precision::F32);
    report.memory_bf16 = memory_needed(&config, Precision::Bf16);
    report.image_size = config.vision.as_ref().map(|v| v.image_size);
    report.tokens_per_image = if config.vision.is_some() {
        config.tokens_per_image
    } else {
        0
    };
    report.context = config.text.context;
    let mut problems = Vec::new();
    if let Err(error) = tensors(folder, &config) {
        problems.push(sentence(&error));
    }
    if let Err(error) = Tokenizer::read(folder) {
        problems.push(sentence(&error));
    }
    report.usable = problems.is_empty();
    report.lines = problems;
    if report.usable {
        let kind = if config.vision.is_some() {
            "images and text"
        } else {
            "text only"
        };
        report.lines.push(format!(
            "Reads {kind}; {}, {} layers, context of {} tokens.",
            size(report.parameters),
            config.text.layers.len(),
            config.text.context
        ));
        if let Some(vision) = &config.vision {
            report.lines.push(format!(
                "Sees each image as {0} x {0} px and {1} tokens.",
                vision.image_size, config.tokens_per_image
            ));
        }
        report.lines.push(format!(
            "Needs {} of memory in float32, {} in bfloat16.",
            gib(report.memory_f32),
            gib(report.memory_bf16)
        ));
    }
    report
}

/// Compares every tensor's name and shape with the config by the files' headers alone.
fn tensors(folder: &Path, config: &Config) -> Result<(), EngineError> {
    compare(config, &safetensors::open(folder)?)
}

/// Bytes to hold the weights and to read a picture and a thousand tokens.
pub fn memory_needed(config: &Config, precision: Precision) -> u64 {
    let each = match precision {
        Precision::F32 => 4,
        Precision::Bf16 | Precision::Q8_0 | Precision::Q4K => 2,
    };
    let t = &config.text;
    let widest = (t.intermediate_size.max(t.hidden_size) * t.hidden_size * 4) as u64;
    let working = if precision == Precision::Bf16 {
        widest + (32_768 * t.hidden_size * 4) as u64
    } else {
        0
    };
    let vision = config.vision.as_ref().map_or(0, |v| {
        let patches = (v.image_size / v.patch_size).pow(2);
        (patches * (v.intermediate_size + 6 * v.hidden_size) * 4 + v.heads * 256 * patches * 8) as u64
    });
    let cache = (t.layers.len() * 2 * t.kv_heads * t.head_dim * 1024 * 4) as u64;
    config.parameters() * each + working + vision + cache + (64 << 20)
}

/// Bytes that programs may still take, where the system says.
pub fn memory_available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

fn has_extension(folder: &Path, wanted: &str) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .filter_map(std::result::Result::ok)
            .any(|e| e.path().extension().is_some_and(|x| x == wanted))
    })
}

fn sentence(error: &EngineError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn size(parameters: u64) -> String {
    match parameters {
        0..1_000_000 => format!("{parameters} parameters"),
        1_000_000..1_000_000_000 => format!("{:.1} million parameters", parameters as f64 / 1e6),
        _ => format!("{:.1} billion parameters", parameters as f64 / 1e9),
    }
}

fn gib(bytes: u64) -> String {
    let gib = bytes as f64 / f64::from(1 << 30);
    if gib < 1.0 {
        format!("{:.0} MiB", gib * 1024.0)
    } else {
        format!("{gib:.1} GiB")
    }
}
