//! How much memory a model takes, by the plan of its weights.

use overread_kernels::Format;

use crate::config::Config;
use crate::files::ModelFiles;
use crate::weights::{Precision, Stored, held_bytes, kind, weight_bytes};

/// Tokens that are planned for beside the weights: a slice with a long question and its answer.
const TOKENS: usize = 1024;

/// Bytes to hold an opened model's weights and to read a picture and a thousand tokens.
pub fn needed(files: &ModelFiles, precision: Precision) -> u64 {
    let stored = |name: &str| files.source.entries.get(name).map_or(Stored::Bf16, |e| e.stored);
    weight_bytes(&files.config, precision, &stored)
        + working(&files.config, precision)
        + packing(files, precision)
}

/// The same by the config alone, for weights that are not quantised yet.
pub fn needed_by_config(config: &Config, precision: Precision) -> u64 {
    weight_bytes(config, precision, &|_| Stored::Bf16) + working(config, precision)
}

/// Bytes that reading a picture and [`TOKENS`] tokens takes beside the weights.
fn working(config: &Config, precision: Precision) -> u64 {
    let t = &config.text;
    let tower = config.vision.as_ref().map_or(0, |v| {
        let patches = (v.image_size / v.patch_size).pow(2);
        // Hidden states, queries, keys, values and the widest of the MLP, with the rounded twin of what is multiplied.
        patches * (v.intermediate_size + 8 * v.hidden_size) * 6
    });
    let element = if precision.is_quantised() { 2 } else { 4 };
    let cache = t.layers.len() * 2 * t.kv_heads * t.head_dim * TOKENS * element;
    let decoder = 512 * (3 * t.intermediate_size + 8 * t.hidden_size) * 4 + t.vocab_size * 4 * 16;
    (tower + cache + decoder) as u64 + (128 << 20)
}

/// Blocks of a GGUF tensor lie in memory twice while they are packed: the largest, less what is packed after it.
fn packing(files: &ModelFiles, precision: Precision) -> u64 {
    let blocks = files.source.entries.iter().filter(|(name, e)| {
        let held = kind(name, &e.shape, e.stored, precision);
        e.stored.is_quantised()
            && held == crate::weights::Kind::Matrix(e.stored.exact_format().unwrap_or(Format::F32))
    });
    let (mut largest, mut all) = (0, 0);
    for (name, e) in blocks {
        largest = largest.max(e.bytes());
        all += held_bytes(kind(name, &e.shape, e.stored, precision), &e.shape);
    }
    (2 * largest).saturating_sub(all)
}

/// Bytes that programs may still take, where the system says.
pub fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}
