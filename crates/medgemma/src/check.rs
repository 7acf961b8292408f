//! What a model's files hold, what is missing or wrong, and the memory they will take, in words.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::config::{Config, read_json};
use crate::error::EngineError;
use crate::files::{ModelFiles, fits};
use crate::gguf::folder as gguf;
pub use crate::memory::available as memory_available;
use crate::memory::{needed, needed_by_config};
use crate::tokenizer::Tokenizer;
use crate::weights::{Precision, compare, safetensors};

/// What a folder turned out to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckReport {
    /// It can be loaded, as far as can be told without loading.
    pub usable: bool,
    /// `gemma3`, `gemma3_text`, `siglip`, `adapter`, `gguf`, or empty.
    pub kind: String,
    /// What was seen, one sentence each; problems first.
    pub lines: Vec<String>,
    /// Parameters; 0 when unknown.
    pub parameters: u64,
    /// Bytes to load in float32 and to read one picture.
    pub memory_f32: u64,
    /// The same with matrices in bfloat16.
    pub memory_bf16: u64,
    /// The same in blocks of 8 bits.
    pub memory_q8_0: u64,
    /// The same with the decoder in blocks of 4 bits.
    pub memory_q4_k: u64,
    /// Side of the square the tower sees, px.
    pub image_size: Option<usize>,
    /// Tokens an image becomes.
    pub tokens_per_image: usize,
    /// Longest context.
    pub context: usize,
    /// Said by the folder itself (`overread.json`): its answers are noise, or another plain warning.
    pub warning: String,
    /// Said by the folder itself: it was trained on made phantoms alone, and knows nothing else.
    pub phantoms_only: bool,
    /// Said by the folder itself (`labels.json`): the question that it was made to answer.
    pub question: Option<OwnQuestion>,
}

/// The question that a model was made to answer, with its closed set of labels.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OwnQuestion {
    /// The wording.
    pub prompt: String,
    /// In the order in which they are scored.
    pub labels: Vec<String>,
}

/// Looks into a folder or a GGUF file; never fails, says instead.
pub fn check(path: &Path) -> CheckReport {
    let about = read_json(path, "overread.json").unwrap_or_default();
    let mut report = CheckReport {
        warning: about["note"].as_str().unwrap_or_default().to_owned(),
        phantoms_only: about["phantoms_only"] == true,
        question: own_question(path),
        ..CheckReport::default()
    };
    if gguf::is_gguf(path) {
        gguf_files(path, &mut report);
    } else if let Some((kind, line)) = no_model(path) {
        kind.clone_into(&mut report.kind);
        report.lines.push(line);
    } else if read_json(path, "config.json").is_ok_and(|c| c["model_type"] == "siglip") {
        siglip(path, &mut report);
    } else {
        folder(path, &mut report);
    }
    report
}

/// A question that could be asked as it stands, else none.
fn own_question(path: &Path) -> Option<OwnQuestion> {
    let json = read_json(path, "labels.json").ok()?;
    let found: OwnQuestion = serde_json::from_value(json).ok()?;
    let is_whole = !found.prompt.trim().is_empty() && found.labels.len() > 1;
    is_whole.then_some(found)
}

/// What is recognised as something else than a model of this family.
fn no_model(path: &Path) -> Option<(&'static str, String)> {
    let say = |kind, line: &str| Some((kind, line.to_owned()));
    if !path.exists() {
        return say(
            "",
            "There is nothing at this place. Choose the folder that holds the downloaded model files.",
        );
    }
    if !path.is_dir() {
        return say(
            "",
            "This is a file. Choose the folder that holds the downloaded model files, or a GGUF file.",
        );
    }
    let has = |name: &str| path.join(name).is_file();
    if !has("config.json") && (has("adapter_config.json") || has("adapter_model.safetensors")) {
        return say(
            "adapter",
            "This is an adapter, not a model: it changes a model that must be loaded first. Choose the model that it was \
             trained on, then add the adapter to it.",
        );
    }
    if !has("config.json") && has("adapter_model.bin") {
        return say(
            "adapter",
            "This is an adapter in a Python pickle, which can run code. Save it again as safetensors.",
        );
    }
    None
}

fn gguf_files(path: &Path, report: &mut CheckReport) {
    "gguf".clone_into(&mut report.kind);
    match ModelFiles::open(path) {
        Ok(files) => {
            files.config.model_type.clone_into(&mut report.kind);
            describe(report, &files.config);
            memory(report, &|precision| needed(&files, precision));
            report.lines.extend(files.notes.iter().cloned());
            report
                .lines
                .push(format!("Its weights are {}.", files.source.types()));
        }
        Err(error) => report.lines.push(sentence(&error)),
    }
}

fn siglip(path: &Path, report: &mut CheckReport) {
    "siglip".clone_into(&mut report.kind);
    match crate::siglip::open(path) {
        Ok(config) => {
            report.usable = true;
            report.parameters = config.parameters();
            report.image_size = Some(config.vision.image_size);
            report.context = config.text.positions;
            report.lines.push(format!(
                "Compares pictures of {0} x {0} px with texts of at most {1} tokens; {2}. It scores labels and writes nothing.",
                config.vision.image_size,
                config.text.positions,
                size(report.parameters)
            ));
            memory(report, &|precision| {
                crate::siglip::memory_needed(&config, precision)
            });
        }
        Err(error) => report.lines.push(sentence(&error)),
    }
}

fn folder(path: &Path, report: &mut CheckReport) {
    let config = match Config::read(path) {
        Ok(config) => config,
        Err(error) => {
            report.lines.push(sentence(&error));
            return;
        }
    };
    report.kind.clone_from(&config.model_type);
    let mut problems = Vec::new();
    if let Err(error) = safetensors::open(path).and_then(|source| compare(&config, &source)) {
        problems.push(sentence(&error));
    }
    if let Err(error) = Tokenizer::read(path).and_then(|tokenizer| fits(&config, &tokenizer)) {
        problems.push(sentence(&error));
    }
    if problems.is_empty() {
        describe(report, &config);
    }
    sizes(report, &config);
    memory(report, &|precision| needed_by_config(&config, precision));
    if !problems.is_empty() {
        report.lines = problems;
    }
}

fn sizes(report: &mut CheckReport, config: &Config) {
    report.parameters = config.parameters();
    report.image_size = config.vision.as_ref().map(|v| v.image_size);
    report.tokens_per_image = config.vision.as_ref().map_or(0, |_| config.tokens_per_image);
    report.context = config.text.context;
}

/// A model that can be loaded.
fn describe(report: &mut CheckReport, config: &Config) {
    report.usable = true;
    sizes(report, config);
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
}

fn memory(report: &mut CheckReport, needed: &dyn Fn(Precision) -> u64) {
    report.memory_f32 = needed(Precision::F32);
    report.memory_bf16 = needed(Precision::Bf16);
    report.memory_q8_0 = needed(Precision::Q8_0);
    report.memory_q4_k = needed(Precision::Q4K);
    report.lines.push(format!(
        "Needs {} of memory in float32, {} in bfloat16, {} in 8 bits (q8_0), {} in 4 bits (q4_k).",
        gib(report.memory_f32),
        gib(report.memory_bf16),
        gib(report.memory_q8_0),
        gib(report.memory_q4_k)
    ));
    if let Some(free) = memory_available().filter(|free| *free < report.memory_q4_k) {
        report.lines.push(format!(
            "{} are free now, which is too little for any of them.",
            gib(free)
        ));
    }
}

fn sentence(error: &EngineError) -> String {
    let text = error.to_string();
    // The name of a file begins as it is written.
    if text.split(' ').next().is_some_and(|word| word.contains('.')) {
        return format!("{text}.");
    }
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

/// The way the files of a config say that their weights are quantised by another program, if they do.
pub(crate) fn foreign_quantisation(config: &Value) -> Option<String> {
    let quantised = &config["quantization_config"];
    quantised.is_object().then(|| {
        let method = quantised["quant_method"].as_str().unwrap_or("another program");
        format!("its weights are quantised by {method}: use the original files")
    })
}
