//! The keys of GGUF files as a [`Config`].
//!
//! There is no key for the query scale and often none for the layer pattern and the local RoPE base: llama.cpp's own
//! rules fill them in.

use super::file::GgufFile;
use super::metadata::{Metadata, Value};
use crate::config::{Config, LayerKind, TextConfig, VisionConfig};
use crate::error::{EngineError, Result};

/// The 27B model, whose queries are scaled by hidden size over heads.
const LAYERS_27B: usize = 62;

/// What both files say.
pub(super) fn config(
    text: &GgufFile,
    vision: Option<&GgufFile>,
    image_token: Option<u32>,
    eos: Vec<u32>,
) -> Result<Config> {
    let decoder = decoder(text)?;
    let tower = vision.map(tower).transpose()?;
    let tokens_per_image = match (&tower, vision) {
        (Some(tower), Some(file)) => tokens_per_image(file, tower)?,
        _ => 256,
    };
    Ok(Config {
        text: decoder,
        model_type: if tower.is_some() { "gemma3" } else { "gemma3_text" }.to_owned(),
        image_token: image_token.filter(|_| tower.is_some()),
        vision: tower,
        tokens_per_image,
        eos,
    })
}

/// Reads numbers of one file with errors that name the key.
struct Keys<'a> {
    file: &'a GgufFile,
    prefix: &'a str,
}

impl Keys<'_> {
    fn metadata(&self) -> &Metadata {
        &self.file.metadata
    }

    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.prefix)
    }

    fn bad(&self, key: &str, what: &str) -> EngineError {
        self.file.file.bad(format!("its key {} {what}", self.key(key)))
    }

    fn count_or(&self, key: &str, default: Option<usize>) -> Result<usize> {
        match (self.metadata().get(&self.key(key)), default) {
            (None, Some(default)) => Ok(default),
            (None, None) => Err(self.bad(key, "is missing")),
            // Some writers give a list with one entry a layer: all the same in this family.
            (Some(Value::Numbers(list)), _)
                if list
                    .first()
                    .is_some_and(|v| list.iter().all(|w| w == v) && (1.0..1e9).contains(v)) =>
            {
                Ok(list[0] as usize)
            }
            (Some(Value::Whole(v)), _) if (1..1_000_000_000).contains(v) => Ok(*v as usize),
            (Some(_), _) => Err(self.bad(key, "is no sensible number")),
        }
    }

    fn count(&self, key: &str) -> Result<usize> {
        self.count_or(key, None)
    }

    fn real_or(&self, key: &str, default: f64) -> Result<f64> {
        match self.metadata().get(&self.key(key)) {
            None => Ok(default),
            Some(_) => self
                .metadata()
                .real(&self.key(key))
                .map(decimal)
                .filter(|v| v.is_finite() && *v > 0.0)
                .ok_or_else(|| self.bad(key, "is no sensible number")),
        }
    }
}

/// A float32 as the decimal number that it was written from: 1e-6, not 9.99999997e-7.
fn decimal(value: f64) -> f64 {
    let narrow = value as f32;
    if f64::from(narrow) == value {
        narrow.to_string().parse().unwrap_or(value)
    } else {
        value
    }
}

fn decoder(file: &GgufFile) -> Result<TextConfig> {
    let keys = Keys {
        file,
        prefix: "gemma3",
    };
    let depth = keys.count("block_count")?;
    let hidden_size = keys.count("embedding_length")?;
    let heads = keys.count("attention.head_count")?;
    let kv_heads = keys.count_or("attention.head_count_kv", Some(heads))?;
    let head_dim = keys.count_or("attention.key_length", Some(256))?;
    if depth > 1000 || heads % kv_heads != 0 || head_dim % 2 != 0 {
        return Err(file.file.bad(format!(
            "{depth} layers, {heads} heads and {kv_heads} key-value heads of {head_dim} do not fit together"
        )));
    }
    if keys.count_or("attention.value_length", Some(head_dim))? != head_dim {
        return Err(keys.bad("attention.value_length", "differs from that of the keys"));
    }
    let shape = |name: &str| {
        file.tensors
            .iter()
            .find(|t| t.name == name)
            .map(|t| t.shape.as_slice())
    };
    let vocab_size = match shape("token_embd.weight") {
        Some([rows, _]) => *rows,
        _ => return Err(EngineError::MissingTensors(vec!["token_embd.weight".to_owned()])),
    };
    let context = keys.count_or("context_length", Some(131_072))?;
    // A file without the key has no window: every layer then sees everything.
    let windowed = keys.metadata().real("gemma3.attention.sliding_window") != Some(0.0)
        && keys.metadata().get("gemma3.attention.sliding_window").is_some();
    let window = if windowed {
        keys.count("attention.sliding_window")?
    } else {
        context
    };
    let query_scale = if depth == LAYERS_27B {
        hidden_size as f64 / heads as f64
    } else {
        head_dim as f64
    };
    Ok(TextConfig {
        hidden_size,
        intermediate_size: keys.count("feed_forward_length")?,
        heads,
        kv_heads,
        head_dim,
        query_pre_attn_scalar: query_scale,
        layers: layers(&keys, depth, windowed)?,
        sliding_window: window,
        vocab_size,
        rms_norm_eps: keys.real_or("attention.layer_norm_rms_epsilon", 1e-6)?,
        rope_theta_global: keys.real_or("rope.freq_base", 1e6)?,
        rope_theta_local: keys.real_or("rope.freq_base_swa", 1e4)?,
        rope_factor: rope_factor(&keys)?,
        tied: shape("output.weight").is_none(),
        context,
        final_softcap: keys
            .metadata()
            .real("gemma3.final_logit_softcapping")
            .filter(|v| *v > 0.0),
    })
}

/// A period (the last layer of each is global), a list with true for local layers, or nothing: a period of 6.
fn layers(keys: &Keys<'_>, depth: usize, windowed: bool) -> Result<Vec<LayerKind>> {
    const KEY: &str = "attention.sliding_window_pattern";
    let kind = |local: bool| {
        if local {
            LayerKind::Local
        } else {
            LayerKind::Global
        }
    };
    if !windowed {
        return Ok(vec![LayerKind::Global; depth]);
    }
    let period = match keys.metadata().get(&keys.key(KEY)) {
        None => 6,
        Some(Value::Whole(v)) if (0..1000).contains(v) => *v as usize,
        Some(Value::Numbers(list)) if list.len() == depth => {
            return Ok(list.iter().map(|v| kind(*v != 0.0)).collect());
        }
        Some(_) => return Err(keys.bad(KEY, "fits no pattern of the layers")),
    };
    Ok((1..=depth)
        .map(|i| kind(period == 0 || i % period != 0))
        .collect())
}

fn rope_factor(keys: &Keys<'_>) -> Result<f64> {
    match keys.metadata().text("gemma3.rope.scaling.type") {
        Some("none") => Ok(1.0),
        None | Some("linear") => {
            let old = keys.real_or("rope.scale_linear", 1.0)?;
            keys.real_or("rope.scaling.factor", old)
        }
        Some(other) => Err(EngineError::Unsupported(format!("its RoPE scaling is {other}"))),
    }
}

fn tower(file: &GgufFile) -> Result<VisionConfig> {
    let metadata = &file.metadata;
    let projector = metadata
        .text("clip.projector_type")
        .or_else(|| metadata.text("clip.vision.projector_type"))
        .unwrap_or_default();
    if projector != "gemma3" {
        return Err(EngineError::Unsupported(format!(
            "{} holds a projector of type “{projector}”, not of Gemma 3",
            file.file.name
        )));
    }
    for (key, wanted) in [("image_mean", 0.5), ("image_std", 0.5)] {
        if let Some(list) = metadata.numbers(&format!("clip.vision.{key}"))
            && list.iter().any(|v| (v - wanted).abs() > 1e-6)
        {
            return Err(EngineError::Unsupported(format!(
                "{} normalises pictures with {key} {list:?}",
                file.file.name
            )));
        }
    }
    let keys = Keys {
        file,
        prefix: "clip.vision",
    };
    let config = VisionConfig {
        hidden_size: keys.count("embedding_length")?,
        intermediate_size: keys.count("feed_forward_length")?,
        layers: keys.count("block_count")?,
        heads: keys.count("attention.head_count")?,
        image_size: keys.count("image_size")?,
        patch_size: keys.count("patch_size")?,
        layer_norm_eps: keys.real_or("attention.layer_norm_epsilon", 1e-6)?,
    };
    let sane = config.hidden_size.is_multiple_of(config.heads)
        && config.image_size >= config.patch_size
        && config.layers <= 1000
        && config.image_size <= 8192;
    if sane {
        Ok(config)
    } else {
        Err(file.file.bad("the sizes of its tower make no sense"))
    }
}

/// Patches of a side over the pooling factor (4 unless said), squared.
fn tokens_per_image(file: &GgufFile, tower: &VisionConfig) -> Result<usize> {
    let keys = Keys {
        file,
        prefix: "clip.vision",
    };
    let factor = keys.count_or("projector.scale_factor", Some(4))?;
    let grid = tower.image_size / tower.patch_size;
    if !grid.is_multiple_of(factor) {
        return Err(file.file.bad(format!(
            "a pooling of {factor} does not divide a grid of {grid} x {grid} patches"
        )));
    }
    Ok((grid / factor).pow(2))
}
