//! config.json of all generations (hub originals with sparse keys, transformers 4.52-4.57, transformers 5) to one form.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::error::{EngineError, Result};

/// Attention of a decoder layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// Sliding window, local RoPE.
    Local,
    /// All tokens, scaled global RoPE.
    Global,
}

/// The Gemma 3 decoder.
#[derive(Clone, Debug, PartialEq)]
pub struct TextConfig {
    /// D.
    pub hidden_size: usize,
    /// Width of the MLP.
    pub intermediate_size: usize,
    /// H.
    pub heads: usize,
    /// K.
    pub kv_heads: usize,
    /// d.
    pub head_dim: usize,
    /// Scores are scaled by this to the power of -1/2.
    pub query_pre_attn_scalar: f64,
    /// Keys a local query sees, itself included.
    pub sliding_window: usize,
    /// One entry a layer.
    pub layers: Vec<LayerKind>,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Epsilon of the norms.
    pub rms_norm_eps: f64,
    /// RoPE base of global layers.
    pub rope_theta_global: f64,
    /// RoPE base of local layers.
    pub rope_theta_local: f64,
    /// Linear scaling of global positions.
    pub rope_factor: f64,
    /// The head is the embedding.
    pub tied: bool,
    /// Longest context.
    pub context: usize,
    /// tanh soft cap on logits; Gemma 3 files have none.
    pub final_softcap: Option<f64>,
}

/// The SigLIP tower.
#[derive(Clone, Debug, PartialEq)]
pub struct VisionConfig {
    /// Hidden size.
    pub hidden_size: usize,
    /// Width of the MLP.
    pub intermediate_size: usize,
    /// Layers.
    pub layers: usize,
    /// Heads.
    pub heads: usize,
    /// Side of the square picture, px.
    pub image_size: usize,
    /// Side of a patch, px.
    pub patch_size: usize,
    /// Epsilon of the norms.
    pub layer_norm_eps: f64,
}

/// A model folder's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Decoder.
    pub text: TextConfig,
    /// Tower; `None` for text-only models.
    pub vision: Option<VisionConfig>,
    /// Tokens an image becomes.
    pub tokens_per_image: usize,
    /// Id that stands for image features.
    pub image_token: Option<u32>,
    /// Ids that end an answer.
    pub eos: Vec<u32>,
    /// `gemma3` or `gemma3_text`.
    pub model_type: String,
}

impl Config {
    /// Reads config.json and generation_config.json.
    ///
    /// # Errors
    /// [`EngineError::MissingFile`], [`EngineError::BadFile`], [`EngineError::Unsupported`].
    pub fn read(folder: &Path) -> Result<Self> {
        let config = read_json(folder, "config.json")?;
        let generation = read_json(folder, "generation_config.json").ok();
        Self::from_json(&config, generation.as_ref())
    }

    /// The same from parsed JSON.
    ///
    /// # Errors
    /// [`EngineError::BadFile`], [`EngineError::Unsupported`].
    pub fn from_json(config: &Value, generation: Option<&Value>) -> Result<Self> {
        if let Some(reason) = crate::check::foreign_quantisation(config) {
            return Err(EngineError::Unsupported(reason));
        }
        let model_type = config["model_type"].as_str().unwrap_or_default().to_owned();
        let (text_json, multimodal) = match model_type.as_str() {
            "gemma3" => (&config["text_config"], true),
            "gemma3_text" => (config, false),
            "siglip" => {
                return Err(EngineError::Unsupported(
                    "it is a MedSigLIP model, which labels images and answers no questions".to_owned(),
                ));
            }
            "" => return Err(bad("it names no model_type")),
            other => {
                return Err(EngineError::Unsupported(format!(
                    "it is of the family {other}, not Gemma 3"
                )));
            }
        };
        let text = text(text_json)?;
        let vision = if multimodal {
            Some(vision(&config["vision_config"])?)
        } else {
            None
        };
        let tokens_per_image = count(config, "mm_tokens_per_image", 256)?;
        if let Some(v) = &vision {
            let (grid, side) = (v.image_size / v.patch_size, tokens_per_image.isqrt());
            // What the last whole pool leaves over of the grid is not read, as in the reference.
            if side * side != tokens_per_image
                || grid.checked_div(side).and_then(|k| grid.checked_div(k)) != Some(side)
            {
                return Err(bad(&format!(
                    "{tokens_per_image} tokens an image cannot be pooled from a grid of {grid} x {grid} patches"
                )));
            }
        }
        let eos = [
            generation.map(|g| &g["eos_token_id"]),
            Some(&config["eos_token_id"]),
            Some(&text_json["eos_token_id"]),
        ]
        .into_iter()
        .flatten()
        .map(ids)
        .find(|ids| !ids.is_empty())
        .unwrap_or_else(|| vec![1]);
        let image_token = config["image_token_index"]
            .as_u64()
            .or_else(|| config["image_token_id"].as_u64())
            .unwrap_or(262_144);
        let config = Self {
            text,
            vision,
            tokens_per_image,
            image_token: multimodal.then_some(u32::try_from(image_token).unwrap_or(u32::MAX)),
            eos,
            model_type,
        };
        match crate::weights::expected(&config)
            .into_iter()
            .find(|(_, shape)| is_absurd(shape))
        {
            Some((name, shape)) => Err(bad(&format!("it asks for a tensor {name} of {shape:?}"))),
            None => Ok(config),
        }
    }

    /// Parameters of the model, by the shapes.
    pub fn parameters(&self) -> u64 {
        crate::weights::expected(self)
            .iter()
            .map(|(_, shape)| shape.iter().product::<usize>() as u64)
            .sum()
    }
}

/// Parses a JSON file of the folder.
///
/// # Errors
/// [`EngineError::MissingFile`], [`EngineError::BadFile`].
pub fn read_json(folder: &Path, name: &str) -> Result<Value> {
    let path = folder.join(name);
    if !path.is_file() {
        return Err(EngineError::MissingFile(name.to_owned()));
    }
    let unusable = |reason: String| EngineError::BadFile {
        file: name.to_owned(),
        reason,
    };
    let bytes = fs::read(&path).map_err(|error| unusable(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))
}

fn bad(reason: &str) -> EngineError {
    EngineError::BadFile {
        file: "config.json".to_owned(),
        reason: reason.to_owned(),
    }
}

/// Most weights of a tensor, some fifty times those of the largest there is: sums over all of them stay far inside 64
/// bits.
const MOST_WEIGHTS: usize = 1 << 36;

fn is_absurd(shape: &[usize]) -> bool {
    let count = shape
        .iter()
        .try_fold(1_usize, |product, n| product.checked_mul(*n));
    count.is_none_or(|count| count > MOST_WEIGHTS)
}

fn ids(value: &Value) -> Vec<u32> {
    let id = |v: &Value| v.as_u64().and_then(|v| u32::try_from(v).ok());
    match value {
        Value::Array(list) => list.iter().filter_map(id).collect(),
        other => id(other).into_iter().collect(),
    }
}

/// A positive whole number below a billion, or the default when the key is absent or null.
fn count(json: &Value, key: &str, default: usize) -> Result<usize> {
    match &json[key] {
        Value::Null => Ok(default),
        value => value
            .as_u64()
            .filter(|v| (1..1_000_000_000).contains(v))
            .map(|v| v as usize)
            .ok_or_else(|| bad(&format!("{key} is {value}"))),
    }
}

fn real(json: &Value, key: &str, default: f64) -> Result<f64> {
    match &json[key] {
        Value::Null => Ok(default),
        value => value
            .as_f64()
            .filter(|v| v.is_finite() && *v > 0.0)
            .ok_or_else(|| bad(&format!("{key} is {value}"))),
    }
}

/// Defaults as `configuration_gemma3.py` has them: sparse files lean on every one.
fn text(json: &Value) -> Result<TextConfig> {
    if json["use_bidirectional_attention"].as_bool() == Some(true) {
        let reason = "its decoder looks both ways (use_bidirectional_attention)";
        return Err(EngineError::Unsupported(reason.to_owned()));
    }
    if !json["attn_logit_softcapping"].is_null() {
        let reason = "it caps attention scores (attn_logit_softcapping)";
        return Err(EngineError::Unsupported(reason.to_owned()));
    }
    if json["attention_bias"].as_bool() == Some(true) {
        return Err(EngineError::Unsupported("its attention has biases".to_owned()));
    }
    let activation = json["hidden_activation"].as_str().unwrap_or("gelu_pytorch_tanh");
    if activation != "gelu_pytorch_tanh" {
        return Err(EngineError::Unsupported(format!(
            "its activation is {activation}"
        )));
    }
    let depth = count(json, "num_hidden_layers", 26)?;
    let (heads, kv_heads) = (
        count(json, "num_attention_heads", 8)?,
        count(json, "num_key_value_heads", 4)?,
    );
    let head_dim = count(json, "head_dim", 256)?;
    if heads % kv_heads != 0 || head_dim % 2 != 0 {
        return Err(bad(&format!(
            "{heads} heads, {kv_heads} key-value heads of {head_dim} do not fit together"
        )));
    }
    let rope = rope(json)?;
    Ok(TextConfig {
        hidden_size: count(json, "hidden_size", 2304)?,
        intermediate_size: count(json, "intermediate_size", 9216)?,
        heads,
        kv_heads,
        head_dim,
        query_pre_attn_scalar: real(json, "query_pre_attn_scalar", 256.0)?,
        sliding_window: count(json, "sliding_window", 4096)?,
        layers: layers(json, depth)?,
        vocab_size: count(json, "vocab_size", 262_208)?,
        rms_norm_eps: real(json, "rms_norm_eps", 1e-6)?,
        rope_theta_global: rope.0,
        rope_theta_local: rope.1,
        rope_factor: rope.2,
        tied: json["tie_word_embeddings"].as_bool().unwrap_or(true),
        context: count(json, "max_position_embeddings", 131_072)?,
        final_softcap: match &json["final_logit_softcapping"] {
            Value::Null => None,
            _ => Some(real(json, "final_logit_softcapping", 30.0)?),
        },
    })
}

/// `layer_types` wins over the pattern number; without both every sixth layer is global.
fn layers(json: &Value, depth: usize) -> Result<Vec<LayerKind>> {
    if depth > 1000 {
        return Err(bad(&format!("{depth} layers")));
    }
    if let Some(list) = json["layer_types"].as_array() {
        if list.len() != depth {
            return Err(bad(&format!("{} layer types for {depth} layers", list.len())));
        }
        return list
            .iter()
            .map(|kind| match kind.as_str() {
                Some("sliding_attention") => Ok(LayerKind::Local),
                Some("full_attention") => Ok(LayerKind::Global),
                _ => Err(bad(&format!("layer type {kind}"))),
            })
            .collect();
    }
    let old = !json["sliding_window_pattern"].is_null();
    let period = count(
        json,
        if old {
            "sliding_window_pattern"
        } else {
            "_sliding_window_pattern"
        },
        6,
    )?;
    let kind = |i: usize| {
        if i.is_multiple_of(period) {
            LayerKind::Global
        } else {
            LayerKind::Local
        }
    };
    Ok((1..=depth).map(kind).collect())
}

/// Global base, local base, global linear factor.
fn rope(json: &Value) -> Result<(f64, f64, f64)> {
    let factor = |scaling: &Value| match scaling["rope_type"].as_str().or_else(|| scaling["type"].as_str()) {
        None | Some("default") => Ok(1.0),
        Some("linear") => real(scaling, "factor", 1.0),
        Some(other) => Err(EngineError::Unsupported(format!("its RoPE scaling is {other}"))),
    };
    let parameters = &json["rope_parameters"];
    if parameters.is_object() {
        let (global, local) = (&parameters["full_attention"], &parameters["sliding_attention"]);
        if factor(local)? != 1.0 {
            return Err(EngineError::Unsupported("its local RoPE is scaled".to_owned()));
        }
        return Ok((
            real(global, "rope_theta", 1e6)?,
            real(local, "rope_theta", 1e4)?,
            factor(global)?,
        ));
    }
    let scale = if json["rope_scaling"].is_object() {
        factor(&json["rope_scaling"])?
    } else {
        1.0
    };
    Ok((
        real(json, "rope_theta", 1e6)?,
        real(json, "rope_local_base_freq", 1e4)?,
        scale,
    ))
}

fn vision(json: &Value) -> Result<VisionConfig> {
    let config = VisionConfig {
        hidden_size: count(json, "hidden_size", 768)?,
        intermediate_size: count(json, "intermediate_size", 3072)?,
        layers: count(json, "num_hidden_layers", 12)?,
        heads: count(json, "num_attention_heads", 12)?,
        image_size: count(json, "image_size", 224)?,
        patch_size: count(json, "patch_size", 16)?,
        layer_norm_eps: real(json, "layer_norm_eps", 1e-6)?,
    };
    let sane = config.hidden_size.is_multiple_of(config.heads)
        && config.image_size >= config.patch_size
        && config.layers <= 1000
        && config.image_size <= 8192;
    if sane {
        Ok(config)
    } else {
        Err(bad("its vision_config makes no sense"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sparse_hub_files_take_the_defaults() {
        let file = json!({
            "model_type": "gemma3",
            "text_config": {"num_hidden_layers": 7, "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
            "vision_config": {"image_size": 896, "patch_size": 14},
            "eos_token_id": [1, 106]
        });
        let config = Config::from_json(&file, None).expect("loads");
        let text = &config.text;
        assert_eq!(
            (text.hidden_size, text.heads, text.sliding_window),
            (2304, 8, 4096)
        );
        assert_eq!(text.layers.iter().filter(|k| **k == LayerKind::Global).count(), 1);
        assert_eq!(text.layers[5], LayerKind::Global);
        assert_eq!(
            (text.rope_factor, config.eos.as_slice()),
            (8.0, [1, 106].as_slice())
        );
    }

    #[test]
    fn layer_types_win_and_rope_parameters_may_lack_an_entry() {
        let file = json!({
            "model_type": "gemma3_text", "num_hidden_layers": 2, "sliding_window_pattern": 2,
            "layer_types": ["full_attention", "sliding_attention"],
            "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 4.0}}
        });
        let text = Config::from_json(&file, None).expect("loads").text;
        assert_eq!(text.layers, [LayerKind::Global, LayerKind::Local]);
        assert_eq!(
            (text.rope_theta_global, text.rope_theta_local, text.rope_factor),
            (1e6, 1e4, 4.0)
        );
    }

    #[test]
    fn tokens_of_an_image_are_whole_pools_of_the_grid() {
        let config = |side: usize, tokens: usize| {
            let file = json!({
                "model_type": "gemma3", "text_config": {}, "mm_tokens_per_image": tokens,
                "vision_config": {"image_size": side * 14 + 3, "patch_size": 14}
            });
            Config::from_json(&file, None)
        };
        // A pool of 2 leaves a row and a column of 9 x 9 over.
        for (side, tokens) in [(8, 4), (8, 64), (9, 16), (64, 256)] {
            assert!(config(side, tokens).is_ok(), "{side} {tokens}");
        }
        for (side, tokens) in [(8, 5), (7, 16), (3, 16)] {
            let error = config(side, tokens).expect_err("refused").to_string();
            assert!(error.contains("cannot be pooled"), "{error}");
        }
    }

    #[test]
    fn absurd_sizes_are_refused_before_anything_is_summed() {
        let huge = 999_999_998;
        for text in [
            json!({"hidden_size": huge, "vocab_size": huge}),
            json!({"num_attention_heads": huge, "num_key_value_heads": huge, "head_dim": huge}),
            json!({"intermediate_size": huge}),
        ] {
            let mut file = text;
            file["model_type"] = json!("gemma3_text");
            let error = Config::from_json(&file, None).expect_err("refused").to_string();
            assert!(error.contains("asks for a tensor"), "{error}");
        }
        let file = json!({"model_type": "gemma3", "text_config": {}, "vision_config": {
            "hidden_size": huge, "num_attention_heads": 2, "image_size": 8192, "patch_size": 1
        }, "mm_tokens_per_image": 1});
        assert!(Config::from_json(&file, None).is_err());
    }

    #[test]
    fn other_families_are_refused_by_name() {
        let error = Config::from_json(&json!({"model_type": "llama"}), None).expect_err("refused");
        assert!(error.to_string().contains("llama"));
    }
}
