//! What a question will cost before it is asked: memory by its tokens, time by a short measurement of this machine.

use std::sync::OnceLock;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};

use crate::config::{Config, LayerKind};

/// Bytes of keys and values of a prompt of `tokens`: local layers keep their window, global layers everything; once for
/// the prefix and once for the branch of the longest label.
pub fn cache_bytes(config: &Config, tokens: usize) -> u64 {
    let t = &config.text;
    let kept: usize = t
        .layers
        .iter()
        .map(|layer| match layer {
            LayerKind::Local => tokens.min(t.sliding_window),
            LayerKind::Global => tokens,
        })
        .sum();
    (2 * kept * 2 * t.kv_heads * t.head_dim * 4) as u64
}

/// Multiplications and additions of reading `images` and a prompt of `tokens`: twice the weights for each token, and
/// the attention of the tower, which is as dear as its weights.
pub fn operations(config: &Config, images: usize, tokens: usize) -> f64 {
    let t = &config.text;
    let per_layer =
        t.hidden_size * t.head_dim * (2 * t.heads + 2 * t.kv_heads) + 3 * t.hidden_size * t.intermediate_size;
    let decoder = 2.0 * (per_layer * t.layers.len()) as f64 * tokens as f64;
    let tower = config.vision.as_ref().map_or(0.0, |v| {
        let patches = (v.image_size / v.patch_size).pow(2) as f64;
        let weights = (4 * v.hidden_size * v.hidden_size + 2 * v.hidden_size * v.intermediate_size) as f64;
        let attention = 2.0 * patches * v.hidden_size as f64;
        2.0 * v.layers as f64 * patches * (weights + attention)
    });
    decoder + tower * images as f64
}

/// Operations a second of this machine on a matrix of a model's size, measured once (some tens of milliseconds).
pub fn speed() -> f64 {
    static SPEED: OnceLock<f64> = OnceLock::new();
    *SPEED.get_or_init(|| measure().unwrap_or(1e10))
}

fn measure() -> candle_core::Result<f64> {
    const SIDE: usize = 768;
    let one = Tensor::ones((SIDE, SIDE), DType::F32, &Device::Cpu)?;
    one.matmul(&one)?;
    let start = Instant::now();
    one.matmul(&one)?;
    let seconds = start.elapsed().as_secs_f64().max(1e-6);
    Ok(2.0 * (SIDE * SIDE * SIDE) as f64 / seconds)
}

/// Seconds a first question will take, roughly: half of the machine's speed on large matrices is what a whole model
/// reaches. Measured times replace it after the first answer.
pub fn seconds(config: &Config, images: usize, tokens: usize) -> f64 {
    2.0 * operations(config, images, tokens) / speed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let folder = tempfile::tempdir().expect("a folder");
        let text = r#"{"architectures":["Gemma3ForConditionalGeneration"],"model_type":"gemma3",
            "text_config":{"hidden_size":64,"intermediate_size":128,"num_attention_heads":4,"num_key_value_heads":2,
            "head_dim":16,"num_hidden_layers":6,"sliding_window":32,"vocab_size":100,"sliding_window_pattern":6},
            "vision_config":{"hidden_size":32,"intermediate_size":64,"num_hidden_layers":2,"num_attention_heads":2,
            "image_size":56,"patch_size":14},"mm_tokens_per_image":4}"#;
        std::fs::write(folder.path().join("config.json"), text).expect("a file");
        Config::read(folder.path()).expect("a configuration")
    }

    #[test]
    fn local_layers_stop_growing_at_their_window() {
        let config = config();
        let each = 2 * 2 * 2 * 16 * 4;
        assert_eq!(cache_bytes(&config, 10), 6 * 10 * each);
        assert_eq!(cache_bytes(&config, 1000), (5 * 32 + 1000) * each);
    }

    #[test]
    fn more_work_takes_longer() {
        let config = config();
        let few = seconds(&config, 1, 100);
        assert!(few > 0.0 && few.is_finite());
        assert!(seconds(&config, 2, 100) > few && seconds(&config, 1, 200) > few);
    }
}
