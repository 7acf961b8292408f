//! A PEFT folder to numbers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use sha2::{Digest, Sha256};

use super::config::Settings;
use super::names::{Role, split};
use super::{AdapterWeights, LowRank};
use crate::cancel::Cancel;
use crate::config::{Config, read_json};
use crate::error::{EngineError, Misshapen, Result};
use crate::weights::source::{Entry, Source};
use crate::weights::{hash, safetensors};

const CONFIG: &str = "adapter_config.json";
const TENSORS: &str = "adapter_model.safetensors";

/// Internal name of a model's tensor by the name in its files, and the shapes by internal name.
pub(crate) struct Base<'a> {
    pub(crate) shapes: BTreeMap<String, Vec<usize>>,
    pub(crate) internal: &'a dyn Fn(&str) -> Option<String>,
}

/// Most bytes that an adapter of this folder takes once it is read: half-width numbers become float32.
pub(crate) fn needed(folder: &Path) -> u64 {
    let length = std::fs::metadata(folder.join(TENSORS)).map_or(0, |data| data.len());
    length.saturating_mul(2)
}

impl AdapterWeights {
    /// Reads an adapter for a MedGemma model.
    ///
    /// # Errors
    /// [`EngineError::MissingFile`], [`EngineError::BadFile`], [`EngineError::BadAdapter`] for whatever does not fit,
    /// named, and [`EngineError::WrongShapes`].
    pub fn read(folder: &Path, config: &Config, cancel: &Cancel) -> Result<Self> {
        let mut shapes: BTreeMap<_, _> = crate::weights::expected(config).into_iter().collect();
        // A tied head is no tensor of the files, and still a layer that an adapter may change.
        if let Some(embedding) = shapes.get("text.embed_tokens.weight").cloned() {
            shapes.entry("head.weight".to_owned()).or_insert(embedding);
        }
        let internal = |name: &str| crate::names::internal(name);
        Self::read_for(
            folder,
            &Base {
                shapes,
                internal: &internal,
            },
            cancel,
        )
    }

    /// Reads an adapter for a model of these names and shapes.
    pub(crate) fn read_for(folder: &Path, base: &Base<'_>, cancel: &Cancel) -> Result<Self> {
        let name = folder
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let bad = |reason: String| EngineError::BadAdapter {
            name: name.clone(),
            reason,
        };
        if !folder.join(CONFIG).is_file() {
            return Err(bad(format!(
                "its folder has no {CONFIG}; choose the folder that the training wrote"
            )));
        }
        let json = read_json(folder, CONFIG)?;
        let settings = Settings::parse(&json).map_err(bad)?;
        if !folder.join(TENSORS).is_file() {
            return Err(bad(if folder.join("adapter_model.bin").is_file() {
                "adapter_model.bin is a Python pickle, which can run code; save the adapter as safetensors"
                    .to_owned()
            } else {
                format!("its folder has no {TENSORS}")
            }));
        }
        let source = safetensors::open_file(&folder.join(TENSORS))?;
        let mut parts = Parts::default();
        for entry in source.entries.values() {
            cancel.check()?;
            parts
                .place(&source, entry, base)
                .map_err(|problem| problem.named(&name))?;
        }
        let (entries, mut replaced) = parts.finish(&settings, base).map_err(bad)?;
        if entries.is_empty() && replaced.is_empty() {
            return Err(bad("it holds no tensors".to_owned()));
        }
        if settings.tie {
            tie(&mut replaced);
        }
        let mut hasher = Sha256::new();
        hasher.update(json.to_string().as_bytes());
        for file in &source.files {
            hasher.update(hash::file(file, cancel, &AtomicU64::new(0))?.as_bytes());
        }
        Ok(Self {
            entries,
            replaced,
            sha256: crate::words::hex(&hasher.finalize()),
            name,
            base_model: settings.base_model,
        })
    }
}

/// A tensor that does not fit.
enum Problem {
    Words(String),
    Typed(EngineError),
}

impl Problem {
    fn named(self, name: &str) -> EngineError {
        match self {
            Self::Words(reason) => EngineError::BadAdapter {
                name: name.to_owned(),
                reason,
            },
            Self::Typed(error) => error,
        }
    }
}

type Whole = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Tensors on their way to pairs.
#[derive(Default)]
struct Parts {
    /// By internal name of the layer: its path in the file, and its tensors with their shapes.
    layers: BTreeMap<String, (String, BTreeMap<Role, (Vec<usize>, Vec<f32>)>)>,
    whole: Whole,
}

impl Parts {
    fn place(&mut self, source: &Source, entry: &Entry, base: &Base<'_>) -> std::result::Result<(), Problem> {
        let tensor = &entry.name;
        let values = || source.whole(entry).map_err(Problem::Typed);
        let unknown = || Problem::Words(format!("the model has no place for its tensor {tensor}"));
        let (path, role) = split(&entry.name).ok_or_else(unknown)?;
        let full = if role == Role::Whole {
            path.clone()
        } else {
            format!("{path}.weight")
        };
        let internal = (base.internal)(&full)
            .filter(|name| base.shapes.contains_key(name))
            .ok_or_else(unknown)?;
        let twice = || Problem::Words(format!("{tensor} is there twice under two names"));
        if role == Role::Whole {
            let expected = &base.shapes[&internal];
            if entry.shape != *expected {
                return Err(Problem::Typed(EngineError::WrongShapes(vec![Misshapen {
                    name: tensor.clone(),
                    found: entry.shape.clone(),
                    expected: expected.clone(),
                }])));
            }
            return match self.whole.insert(internal, (entry.shape.clone(), values()?)) {
                None => Ok(()),
                Some(_) => Err(twice()),
            };
        }
        let layer = internal.trim_end_matches(".weight").to_owned();
        let (own, tensors) = self
            .layers
            .entry(layer)
            .or_insert_with(|| (path.clone(), BTreeMap::new()));
        if *own != path || tensors.insert(role, (entry.shape.clone(), values()?)).is_some() {
            return Err(twice());
        }
        Ok(())
    }

    fn finish(
        self,
        settings: &Settings,
        base: &Base<'_>,
    ) -> std::result::Result<(BTreeMap<String, LowRank>, Whole), String> {
        let mut entries = BTreeMap::new();
        for (name, (path, mut tensors)) in self.layers {
            let shape = base.shapes.get(&format!("{name}.weight")).map(Vec::as_slice);
            let (Some([n, k]), false) = (shape, is_table(&name)) else {
                return Err(format!("{path} is no linear layer of this model"));
            };
            let (r, scale) = settings.layer(&path)?;
            let mut part = |role: Role, word: &str, shape: &[usize]| match tensors.remove(&role) {
                None => Err(format!("{path} has no {word}")),
                Some((found, values)) if found == shape => Ok(values),
                Some((found, _)) => Err(format!(
                    "{word} of {path} has shape {found:?} where {shape:?} is due"
                )),
            };
            let a = part(Role::A, "lora_A", &[r, *k])?;
            let b = part(Role::B, "lora_B", &[*n, r])?;
            let magnitude = if settings.dora {
                Some(part(Role::Magnitude, "lora_magnitude_vector", &[*n])?)
            } else {
                None
            };
            if !tensors.is_empty() {
                return Err(format!(
                    "{path} has a lora_magnitude_vector, and its config says nothing of DoRA"
                ));
            }
            entries.insert(
                name,
                LowRank {
                    a,
                    b,
                    r,
                    scale,
                    magnitude,
                },
            );
        }
        Ok((entries, self.whole))
    }
}

/// Tables of rows that are looked up, of tokens and of positions: a low-rank pair on them multiplies nothing.
fn is_table(name: &str) -> bool {
    name.ends_with("embed_tokens") || name.ends_with("_embedding")
}

/// `ensure_weight_tying`: embedding and head were trained as one.
fn tie(replaced: &mut Whole) {
    let (embedding, head) = ("text.embed_tokens.weight", "head.weight");
    for (from, to) in [(embedding, head), (head, embedding)] {
        if let Some(tensor) = replaced.get(from).cloned() {
            replaced.entry(to.to_owned()).or_insert(tensor);
        }
    }
}
