//! Weight files to tensors: every name and shape checked before anything is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use sha2::{Digest, Sha256};

use crate::cancel::Cancel;
use crate::config::{Config, read_json};
use crate::error::{EngineError, Result};
use crate::map::map;
use crate::names::internal;

/// Tensors by internal name, and a hash over them all.
#[derive(Debug)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
    /// SHA-256 over names and bytes of all tensors, files and names in order.
    pub sha256: String,
}

impl Weights {
    /// Takes a tensor out; names were checked when the files were read.
    ///
    /// # Errors
    /// [`EngineError::MissingTensors`].
    pub fn take(&mut self, name: &str) -> Result<Tensor> {
        self.tensors
            .remove(name)
            .ok_or_else(|| EngineError::MissingTensors(vec![name.to_owned()]))
    }
}

/// Names and shapes that a config asks for, internal names, in order.
pub fn expected(config: &Config) -> Vec<(String, Vec<usize>)> {
    let mut all = Vec::new();
    let t = &config.text;
    let (d, f, q, kv) = (
        t.hidden_size,
        t.intermediate_size,
        t.heads * t.head_dim,
        t.kv_heads * t.head_dim,
    );
    all.push(("text.embed_tokens.weight".to_owned(), vec![t.vocab_size, d]));
    for i in 0..t.layers.len() {
        let mut layer = |name: &str, shape: &[usize]| {
            all.push((format!("text.layers.{i}.{name}.weight"), shape.to_vec()))
        };
        layer("self_attn.q_proj", &[q, d]);
        layer("self_attn.k_proj", &[kv, d]);
        layer("self_attn.v_proj", &[kv, d]);
        layer("self_attn.o_proj", &[d, q]);
        layer("self_attn.q_norm", &[t.head_dim]);
        layer("self_attn.k_norm", &[t.head_dim]);
        layer("mlp.gate_proj", &[f, d]);
        layer("mlp.up_proj", &[f, d]);
        layer("mlp.down_proj", &[d, f]);
        for norm in ["input", "post_attention", "pre_feedforward", "post_feedforward"] {
            layer(&format!("{norm}_layernorm"), &[d]);
        }
    }
    all.push(("text.norm.weight".to_owned(), vec![d]));
    if !t.tied {
        all.push(("head.weight".to_owned(), vec![t.vocab_size, d]));
    }
    if let Some(v) = &config.vision {
        let (h, p) = (v.hidden_size, v.patch_size);
        let patches = (v.image_size / p).pow(2);
        let mut put = |name: String, shape: Vec<usize>| all.push((format!("vision.{name}"), shape));
        put("embeddings.patch_embedding.weight".to_owned(), vec![h, 3, p, p]);
        put("embeddings.patch_embedding.bias".to_owned(), vec![h]);
        put(
            "embeddings.position_embedding.weight".to_owned(),
            vec![patches, h],
        );
        for i in 0..v.layers {
            for (name, out, inn) in [
                ("self_attn.q_proj", h, h),
                ("self_attn.k_proj", h, h),
                ("self_attn.v_proj", h, h),
                ("self_attn.out_proj", h, h),
                ("mlp.fc1", v.intermediate_size, h),
                ("mlp.fc2", h, v.intermediate_size),
            ] {
                put(format!("encoder.layers.{i}.{name}.weight"), vec![out, inn]);
                put(format!("encoder.layers.{i}.{name}.bias"), vec![out]);
            }
            for name in ["layer_norm1", "layer_norm2"] {
                put(format!("encoder.layers.{i}.{name}.weight"), vec![h]);
                put(format!("encoder.layers.{i}.{name}.bias"), vec![h]);
            }
        }
        put("post_layernorm.weight".to_owned(), vec![h]);
        put("post_layernorm.bias".to_owned(), vec![h]);
        all.push(("projector.mm_soft_emb_norm.weight".to_owned(), vec![h]));
        all.push(("projector.mm_input_projection_weight".to_owned(), vec![h, d]));
    }
    all
}

/// The safetensors files of a folder: the index's shards, else every `*.safetensors`.
///
/// # Errors
/// [`EngineError::MissingFile`] when there is none or a shard is missing, [`EngineError::Unsupported`] for pickles.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let indexed = folder.join("model.safetensors.index.json").is_file();
    let names = if indexed {
        shards(folder)?
    } else {
        all_files(folder)?
    };
    if names.is_empty() {
        return Err(EngineError::MissingFile("weights (*.safetensors)".to_owned()));
    }
    names
        .into_iter()
        .map(|name| {
            let path = folder.join(&name);
            if path.is_file() {
                Ok(path)
            } else {
                Err(EngineError::MissingFile(name))
            }
        })
        .collect()
}

fn shards(folder: &Path) -> Result<Vec<String>> {
    const INDEX: &str = "model.safetensors.index.json";
    let bad = |reason: &str| EngineError::BadFile {
        file: INDEX.to_owned(),
        reason: reason.to_owned(),
    };
    let index = read_json(folder, INDEX)?;
    let map = index["weight_map"]
        .as_object()
        .ok_or_else(|| bad("it has no weight_map"))?;
    let mut shards: Vec<String> = map
        .values()
        .filter_map(|v| v.as_str().map(str::to_owned))
        .collect();
    shards.sort();
    shards.dedup();
    // A shard is a file of this folder, whatever the index says.
    if shards
        .iter()
        .any(|name| name.contains(['/', '\\']) || name.starts_with('.'))
    {
        return Err(bad("it names files outside the folder"));
    }
    Ok(shards)
}

fn all_files(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).map_err(|error| EngineError::BadFile {
        file: folder.display().to_string(),
        reason: error.to_string(),
    })?;
    let mut found: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    if !found.iter().any(|name| name.ends_with(".safetensors"))
        && let Some(pickle) = found
            .iter()
            .find(|name| name.starts_with("pytorch_model") && name.ends_with(".bin"))
    {
        return Err(EngineError::Unsupported(format!(
            "{pickle} is a Python pickle, which can run code: use the safetensors files"
        )));
    }
    found.retain(|name| name.ends_with(".safetensors") && !name.starts_with("adapter_"));
    found.sort();
    Ok(found)
}

/// Reads the folder's weights. Matrices are held in `dtype`, norms and biases in f32.
///
/// # Errors
/// Any tensor that is missing, left over, misshapen or of an unsupported type is an error that names it.
pub fn load(
    folder: &Path,
    config: &Config,
    dtype: DType,
    progress: &mut dyn FnMut(f64),
    cancel: &Cancel,
) -> Result<Weights> {
    let wanted: BTreeMap<String, Vec<usize>> = expected(config).into_iter().collect();
    let paths = files(folder)?;
    let total: u64 = paths
        .iter()
        .filter_map(|p| p.metadata().ok())
        .map(|m| m.len())
        .sum();
    let mut tensors = BTreeMap::new();
    let (mut unknown, mut done) = (Vec::new(), 0_u64);
    let mut hasher = Sha256::new();
    for path in &paths {
        let file = path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let bad = |reason: String| EngineError::BadFile {
            file: file.clone(),
            reason,
        };
        let bytes = map(path).map_err(|error| bad(error.to_string()))?;
        let parsed = SafeTensors::deserialize(&bytes)
            .map_err(|error| bad(format!("it is no sound safetensors file ({error})")))?;
        let mut names = parsed.names();
        names.sort_unstable();
        for name in names {
            cancel.check()?;
            let view = parsed.tensor(name).map_err(|error| bad(error.to_string()))?;
            refuse_quantised(name)?;
            done += view.data().len() as u64;
            hasher.update(name.as_bytes());
            for piece in view.data().chunks(8 << 20) {
                cancel.check()?;
                hasher.update(piece);
            }
            let Some(own) = internal(name) else { continue };
            let Some(shape) = wanted.get(&own) else {
                // A tied head's own copy is ignored, as the reference does.
                if own != "head.weight" {
                    unknown.push(name.to_owned());
                }
                continue;
            };
            if view.shape() != shape.as_slice() {
                return Err(EngineError::WrongShape {
                    name: name.to_owned(),
                    found: view.shape().to_vec(),
                    expected: shape.clone(),
                });
            }
            let source = match view.dtype() {
                Dtype::F32 => DType::F32,
                Dtype::F16 => DType::F16,
                Dtype::BF16 => DType::BF16,
                other => {
                    return Err(EngineError::Unsupported(format!(
                        "tensor {name} is of type {other:?}"
                    )));
                }
            };
            let matrix = shape.len() == 2 && !own.contains("position_embedding");
            let held = if matrix { dtype } else { DType::F32 };
            let tensor = Tensor::from_raw_buffer(view.data(), source, shape, &Device::Cpu)?.to_dtype(held)?;
            if tensors.insert(own, tensor).is_some() {
                return Err(EngineError::UnknownTensors(vec![format!("{name} (twice)")]));
            }
            progress(done as f64 / total.max(1) as f64);
        }
    }
    if !unknown.is_empty() {
        return Err(EngineError::UnknownTensors(unknown));
    }
    let missing: Vec<String> = wanted
        .keys()
        .filter(|name| !tensors.contains_key(*name))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Err(EngineError::MissingTensors(missing));
    }
    let sha256 = hasher
        .finalize()
        .iter()
        .fold(String::new(), |text, b| text + &format!("{b:02x}"));
    Ok(Weights { tensors, sha256 })
}

/// Files of bitsandbytes hold scales beside packed weights: nothing here could read them.
pub(crate) fn refuse_quantised(name: &str) -> Result<()> {
    if name.contains(".quant_state") || name.ends_with(".absmax") {
        let reason = "its weights are quantised by bitsandbytes: use the original files";
        return Err(EngineError::Unsupported(reason.to_owned()));
    }
    Ok(())
}
