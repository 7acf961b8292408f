//! config.json of a SiglipModel: both towers, sparse files by the defaults of `configuration_siglip.py`.

use std::path::Path;

use serde_json::Value;

use crate::config::{VisionConfig, read_json};
use crate::error::{EngineError, Result};

/// The text tower.
#[derive(Clone, Debug, PartialEq)]
pub struct TextTower {
    /// Hidden size, D.
    pub hidden_size: usize,
    /// Width of the MLP.
    pub intermediate_size: usize,
    /// Layers.
    pub layers: usize,
    /// Heads.
    pub heads: usize,
    /// Tokens of every text: shorter ones are filled up, longer ones are cut.
    pub positions: usize,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Width of the embedding of a text; that of the image tower.
    pub projection_size: usize,
    /// Epsilon of the norms.
    pub layer_norm_eps: f64,
    /// Fills texts up where the tokenizer's files name no padding token.
    pub pad: u32,
}

/// A MedSigLIP folder's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct SiglipConfig {
    /// The image tower, with its pooling head.
    pub vision: VisionConfig,
    /// The text tower.
    pub text: TextTower,
}

impl SiglipConfig {
    /// Reads config.json of a folder.
    ///
    /// # Errors
    /// [`EngineError::MissingFile`], [`EngineError::BadFile`], [`EngineError::Unsupported`].
    pub fn read(folder: &Path) -> Result<Self> {
        Self::from_json(&read_json(folder, "config.json")?)
    }

    /// The same from parsed JSON.
    ///
    /// # Errors
    /// [`EngineError::BadFile`], [`EngineError::Unsupported`].
    pub fn from_json(json: &Value) -> Result<Self> {
        let model_type = json["model_type"].as_str().unwrap_or_default();
        if model_type != "siglip" {
            return Err(EngineError::Unsupported(format!(
                "it is of the family {model_type}, not SigLIP"
            )));
        }
        let (t, v) = (&json["text_config"], &json["vision_config"]);
        for (part, word) in [(t, "text"), (v, "image")] {
            let activation = part["hidden_act"].as_str().unwrap_or("gelu_pytorch_tanh");
            if activation != "gelu_pytorch_tanh" {
                return Err(EngineError::Unsupported(format!(
                    "the activation of its {word} tower is {activation}"
                )));
            }
        }
        if v["vision_use_head"].as_bool() == Some(false) {
            return Err(EngineError::Unsupported(
                "its image tower has no pooling head, so pictures cannot be compared with texts".to_owned(),
            ));
        }
        if count(v, "num_channels", 3)? != 3 {
            return Err(EngineError::Unsupported("its pictures are not RGB".to_owned()));
        }
        let hidden_size = count(t, "hidden_size", 768)?;
        let config = Self {
            vision: VisionConfig {
                hidden_size: count(v, "hidden_size", 768)?,
                intermediate_size: count(v, "intermediate_size", 3072)?,
                layers: count(v, "num_hidden_layers", 12)?,
                heads: count(v, "num_attention_heads", 12)?,
                image_size: count(v, "image_size", 224)?,
                patch_size: count(v, "patch_size", 16)?,
                layer_norm_eps: eps(v)?,
            },
            text: TextTower {
                hidden_size,
                intermediate_size: count(t, "intermediate_size", 3072)?,
                layers: count(t, "num_hidden_layers", 12)?,
                heads: count(t, "num_attention_heads", 12)?,
                positions: count(t, "max_position_embeddings", 64)?,
                vocab_size: count(t, "vocab_size", 32_000)?,
                projection_size: count(t, "projection_size", hidden_size)?,
                layer_norm_eps: eps(t)?,
                pad: t["pad_token_id"]
                    .as_u64()
                    .and_then(|v| u32::try_from(v).ok())
                    .unwrap_or(1),
            },
        };
        let (t, v) = (&config.text, &config.vision);
        if t.projection_size != v.hidden_size {
            return Err(bad(&format!(
                "texts become {} numbers and pictures {}: they cannot be compared",
                t.projection_size, v.hidden_size
            )));
        }
        let sane = v.hidden_size.is_multiple_of(v.heads)
            && t.hidden_size.is_multiple_of(t.heads)
            && v.image_size >= v.patch_size
            && v.image_size <= 8192
            && v.layers.max(t.layers) <= 1000
            && t.positions <= 1 << 16;
        if sane {
            Ok(config)
        } else {
            Err(bad("its sizes make no sense"))
        }
    }

    /// Names and shapes of the tensors, internal names, in order.
    pub(crate) fn expected(&self) -> Vec<(String, Vec<usize>)> {
        let (t, v) = (&self.text, &self.vision);
        let (h, p) = (v.hidden_size, v.patch_size);
        let mut all = vec![
            ("siglip.logit_scale".to_owned(), vec![1]),
            ("siglip.logit_bias".to_owned(), vec![1]),
            (
                "vision.embeddings.patch_embedding.weight".to_owned(),
                vec![h, 3, p, p],
            ),
            ("vision.embeddings.patch_embedding.bias".to_owned(), vec![h]),
            (
                "vision.embeddings.position_embedding.weight".to_owned(),
                vec![(v.image_size / p).pow(2), h],
            ),
        ];
        encoder(&mut all, "vision", h, v.intermediate_size, v.layers);
        let mut linear = |name: &str, out: usize, inn: usize| {
            all.push((format!("{name}.weight"), vec![out, inn]));
            all.push((format!("{name}.bias"), vec![out]));
        };
        linear("siglip.head.attention.out_proj", h, h);
        linear("siglip.head.mlp.fc1", v.intermediate_size, h);
        linear("siglip.head.mlp.fc2", h, v.intermediate_size);
        linear("siglip.text.head", t.projection_size, t.hidden_size);
        for (name, shape) in [
            ("siglip.head.probe", vec![1, 1, h]),
            ("siglip.head.attention.in_proj_weight", vec![3 * h, h]),
            ("siglip.head.attention.in_proj_bias", vec![3 * h]),
            (
                "siglip.text.embeddings.token_embedding.weight",
                vec![t.vocab_size, t.hidden_size],
            ),
            (
                "siglip.text.embeddings.position_embedding.weight",
                vec![t.positions, t.hidden_size],
            ),
        ] {
            all.push((name.to_owned(), shape));
        }
        for (name, width) in [
            ("vision.post_layernorm", h),
            ("siglip.head.layernorm", h),
            ("siglip.text.final_layer_norm", t.hidden_size),
        ] {
            all.push((format!("{name}.weight"), vec![width]));
            all.push((format!("{name}.bias"), vec![width]));
        }
        encoder(
            &mut all,
            "siglip.text",
            t.hidden_size,
            t.intermediate_size,
            t.layers,
        );
        all
    }

    /// Parameters of the model, by the shapes.
    pub fn parameters(&self) -> u64 {
        self.expected()
            .iter()
            .map(|(_, shape)| shape.iter().product::<usize>() as u64)
            .sum()
    }
}

fn encoder(all: &mut Vec<(String, Vec<usize>)>, prefix: &str, h: usize, ff: usize, layers: usize) {
    for i in 0..layers {
        let mut put = |name: &str, weight: Vec<usize>, out: usize| {
            all.push((format!("{prefix}.encoder.layers.{i}.{name}.weight"), weight));
            all.push((format!("{prefix}.encoder.layers.{i}.{name}.bias"), vec![out]));
        };
        for name in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            put(&format!("self_attn.{name}"), vec![h, h], h);
        }
        put("mlp.fc1", vec![ff, h], ff);
        put("mlp.fc2", vec![h, ff], h);
        put("layer_norm1", vec![h], h);
        put("layer_norm2", vec![h], h);
    }
}

/// The internal name of a tensor of a SiglipModel; `None` for tables that are computed here.
pub(crate) fn internal(name: &str) -> Option<String> {
    let name = name.strip_prefix("model.").unwrap_or(name);
    if name.ends_with(".position_ids") {
        return None;
    }
    Some(match name.split_once('.') {
        Some(("vision_model", rest)) if rest.starts_with("head.") => format!("siglip.{rest}"),
        Some(("vision_model", rest)) => format!("vision.{rest}"),
        Some(("text_model", rest)) => format!("siglip.text.{rest}"),
        _ => format!("siglip.{name}"),
    })
}

fn bad(reason: &str) -> EngineError {
    EngineError::BadFile {
        file: "config.json".to_owned(),
        reason: reason.to_owned(),
    }
}

/// A positive whole number of at most ten million, or the default when the key is absent or null.
fn count(json: &Value, key: &str, default: usize) -> Result<usize> {
    match &json[key] {
        Value::Null => Ok(default),
        value => value
            .as_u64()
            .filter(|v| (1..=10_000_000).contains(v))
            .map(|v| v as usize)
            .ok_or_else(|| bad(&format!("{key} is {value}"))),
    }
}

fn eps(json: &Value) -> Result<f64> {
    match &json["layer_norm_eps"] {
        Value::Null => Ok(1e-6),
        value => value
            .as_f64()
            .filter(|v| v.is_finite() && *v > 0.0)
            .ok_or_else(|| bad(&format!("layer_norm_eps is {value}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sparse_files_take_the_defaults() {
        let config = SiglipConfig::from_json(&json!({"model_type": "siglip"})).expect("reads");
        assert_eq!((config.vision.hidden_size, config.vision.patch_size), (768, 16));
        assert_eq!(
            (config.text.vocab_size, config.text.positions, config.text.pad),
            (32_000, 64, 1)
        );
        assert_eq!(config.text.projection_size, 768);
    }

    #[test]
    fn the_published_shape_has_the_published_parameters() {
        let tower = json!({
            "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16,
            "image_size": 448, "patch_size": 14
        });
        let json = json!({"model_type": "siglip", "text_config": tower, "vision_config": tower});
        let known = crate::known::by_id("medsiglip-448").expect("known");
        assert_eq!(
            SiglipConfig::from_json(&json).expect("reads").parameters(),
            known.parameters
        );
    }

    #[test]
    fn what_cannot_be_computed_is_refused() {
        for (config, word) in [
            (json!({"model_type": "clip"}), "clip"),
            (
                json!({"model_type": "siglip", "vision_config": {"hidden_act": "relu"}}),
                "relu",
            ),
            (
                json!({"model_type": "siglip", "vision_config": {"vision_use_head": false}}),
                "pooling",
            ),
            (
                json!({"model_type": "siglip", "text_config": {"projection_size": 5}}),
                "compared",
            ),
            (
                json!({"model_type": "siglip", "vision_config": {"num_attention_heads": 7}}),
                "sense",
            ),
            (
                json!({"model_type": "siglip", "vision_config": {"image_size": 1e9}}),
                "image_size",
            ),
        ] {
            let error = SiglipConfig::from_json(&config).expect_err(word).to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
