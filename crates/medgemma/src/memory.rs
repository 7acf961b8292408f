//! How much memory a model takes, by the plan of its weights.

use overread_kernels::Format;

use crate::config::Config;
use crate::error::{EngineError, Result};
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

/// Holds when so many bytes are free: of `available`, or of what the system says; where it says nothing, always.
///
/// # Errors
/// [`EngineError::NotEnoughMemory`].
pub(crate) fn check(needed: u64, available: Option<u64>) -> Result<()> {
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    match available.or_else(self::available) {
        Some(available) if available < needed => Err(EngineError::NotEnoughMemory {
            needed_gib: gib(needed),
            available_gib: gib(available),
        }),
        _ => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_there_is_not_taken() {
        assert!(check(10, Some(10)).is_ok());
        let error = check(3 << 30, Some(1 << 30)).expect_err("refused").to_string();
        assert!(error.contains("3.0 GiB") && error.contains("1.0 GiB"), "{error}");
    }

    /// The sizes of the published 4B model: 4,300,079,472 weights, 671,252,480 of them in the embedding.
    #[test]
    fn the_4b_model_takes_what_its_formats_say() {
        let file = json!({
            "model_type": "gemma3",
            "text_config": {"hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34,
                "sliding_window": 1024, "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
            "vision_config": {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27,
                "num_attention_heads": 16, "image_size": 896, "patch_size": 14},
        });
        let config = Config::from_json(&file, None).expect("sound");
        assert_eq!(config.parameters(), 4_300_079_472);
        let weights = |precision| weight_bytes(&config, precision, &|_| Stored::Bf16) as f64;
        let near = |value: f64, expected: f64| (value / expected - 1.0).abs() < 0.001;
        let all = 4_300_079_472.0;
        assert!(near(weights(Precision::F32), all * 4.0));
        // Patches, positions and the projector's matrix stay in float32.
        let whole = 1152.0 * (3.0 * 14.0 * 14.0 + 4096.0 + 2560.0);
        assert!(near(weights(Precision::Bf16), (all - whole) * 2.0 + whole * 4.0));
        // The strips of the kernels hold the small scales of 4-bit blocks in whole bytes: 148 for 256 weights.
        let (embedding, rest) = (671_252_480.0, 3_880_263_168.0 - 671_252_480.0);
        // The rest of the tower stays in bfloat16.
        let tower = (all - embedding - rest - whole) * 2.0 + whole * 4.0;
        assert!(near(
            weights(Precision::Q8_0),
            (embedding + rest) * 34.0 / 32.0 + tower
        ));
        let mixed = embedding * 210.0 / 256.0 + rest * 148.0 / 256.0 + tower;
        let found = weights(Precision::Q4K);
        assert!(near(found, mixed), "{found} {mixed}");
        for precision in Precision::ALL {
            let beside = needed_by_config(&config, precision) as f64 - weights(precision);
            assert!(beside < 1.5 * f64::from(1 << 30), "{precision:?}: {beside}");
        }
    }
}
