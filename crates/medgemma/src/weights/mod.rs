//! Weights: read from any of their forms, checked by name and shape, held as packed matrices.
//!
//! * `safetensors` and [`crate::gguf`] make a `Source`: one table of tensors under internal names.
//! * `matching` compares it with what the config asks for (`expected`).
//! * `plan` says which form each tensor is held in under a [`Precision`]; `load` packs them.

mod cache;
mod expected;
pub(crate) mod hash;
mod load;
mod matching;
mod merging;
mod plan;
pub(crate) mod safetensors;
pub(crate) mod source;
mod stored;

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use overread_kernels::{Format, Matrix};

use crate::adapter::AdapterWeights;
use crate::cancel::Cancel;
use crate::error::{EngineError, Result};
use crate::files::ModelFiles;
use crate::question::LoadOptions;

use cache::{Found, remembered};
pub use expected::expected;
pub(crate) use matching::{compare, compare_with};
pub use plan::Precision;
pub(crate) use plan::{Kind, PROJECTION, bytes_of, held_bytes, kind, weight_bytes};
pub(crate) use stored::Stored;

/// Tensors by internal name, and a hash over the files that they came from. A clone shares the matrices' memory.
#[derive(Clone, Debug)]
pub struct Weights {
    matrices: BTreeMap<String, Matrix>,
    vectors: BTreeMap<String, Vec<f32>>,
    /// How matrices were asked to be held.
    pub precision: Precision,
    /// SHA-256 of the one weight file, or of the lines `HASH  NAME` of several.
    pub sha256: String,
    /// They came from the quantised copy.
    pub from_copy: bool,
    /// What a user should know about how they were loaded, a sentence each.
    pub notes: Vec<String>,
}

impl Weights {
    /// Takes a matrix out, `[out, in]`. The patch embedding is `[hidden, 3 * patch * patch]`.
    ///
    /// # Errors
    /// [`EngineError::MissingTensors`].
    pub fn matrix(&mut self, name: &str) -> Result<Matrix> {
        self.matrices.remove(name).ok_or_else(|| missing(name))
    }

    /// Takes a matrix out that files store `[in, out]`: packed `[out, in]`.
    ///
    /// # Errors
    /// [`EngineError::MissingTensors`].
    pub fn transposed(&mut self, name: &str) -> Result<Matrix> {
        self.matrix(name)
    }

    /// Takes a vector out: a bias, a LayerNorm weight, position rows one after the other.
    ///
    /// # Errors
    /// [`EngineError::MissingTensors`].
    pub fn vector(&mut self, name: &str) -> Result<Vec<f32>> {
        self.vectors.remove(name).ok_or_else(|| missing(name))
    }

    /// Takes an RMSNorm scale out: `1 + w`, whichever of the two the file holds.
    ///
    /// # Errors
    /// [`EngineError::MissingTensors`].
    pub fn norm(&mut self, name: &str) -> Result<Vec<f32>> {
        self.vector(name)
    }

    /// True while a tensor of this name has not been taken out.
    pub fn holds(&self, name: &str) -> bool {
        self.matrices.contains_key(name) || self.vectors.contains_key(name)
    }

    /// Takes a tensor out for candle: a matrix `[out, in]`, in half the width when it is not held in float32, or a
    /// vector.
    ///
    /// # Errors
    /// [`EngineError::MissingTensors`], [`EngineError::Compute`].
    pub fn tensor(&mut self, name: &str) -> Result<Tensor> {
        if let Some(values) = self.vectors.remove(name) {
            return Ok(Tensor::new(values, &Device::Cpu)?);
        }
        let matrix = self.matrix(name)?;
        let (rows, columns) = (matrix.rows(), matrix.columns());
        let mut values = vec![0.0_f32; rows * columns];
        for (row, out) in values.chunks_exact_mut(columns).enumerate() {
            matrix.row(row, out);
        }
        let held = if matrix.format() == Format::F32 {
            DType::F32
        } else {
            DType::BF16
        };
        Ok(Tensor::from_vec(values, (rows, columns), &Device::Cpu)?.to_dtype(held)?)
    }
}

fn missing(name: &str) -> EngineError {
    EngineError::MissingTensors(vec![name.to_owned()])
}

/// Reads a model's weights. With a cache folder, quantised weights are packed once and read from a copy
/// from then on. Adapters are
/// merged while packing.
///
/// # Errors
/// A file that cannot be read to its end, or cancelled; names and shapes were checked when the model was opened.
pub fn load(
    files: &ModelFiles,
    options: &LoadOptions,
    adapters: &[AdapterWeights],
    progress: &mut dyn FnMut(f64),
    cancel: &Cancel,
) -> Result<Weights> {
    let (source, precision) = (&files.source, options.precision);
    merging::check(adapters, &files.config)?;
    let tensors = load::held(source, &files.config, precision)?;
    let Some(folder) = options.cache.as_ref().map(|folder| folder.join("weights")) else {
        let mut weights = load::load(source, &tensors, precision, None, adapters, progress, cancel)?;
        weights.sha256 = merging::hash(&weights.sha256, adapters);
        return Ok(weights);
    };
    let mut known = remembered::recall(&folder, source);
    // Files at another place may be those of a copy that is there: hashing takes seconds, quantising minutes.
    if known.is_none() && precision.is_quantised() && cache::any(&folder) {
        let sha256 = load::hash_alone(source, progress, cancel)?;
        remembered::remember(&folder, source, &sha256);
        known = Some(sha256);
    }
    let mut notes = Vec::new();
    if let Some(sha256) = known.as_deref().filter(|_| precision.is_quantised()) {
        let merged = merging::hash(sha256, adapters);
        let copy = cache::Copy {
            folder: &folder,
            source: &merged,
            precision,
            tensors: &tensors,
        };
        match cache::read(&copy, cancel)? {
            Found::Whole(mut weights) => {
                cache::touch(&copy);
                weights.notes = load::notes(source, precision);
                progress(1.0);
                return Ok(weights);
            }
            Found::Damaged(reason) => notes.push(format!(
                "The quantised copy could not be used ({reason}); it was made again."
            )),
            Found::Nothing => {}
        }
    }
    let mut weights = load::load(
        source,
        &tensors,
        precision,
        known.as_deref(),
        adapters,
        progress,
        cancel,
    )?;
    if known.is_none() {
        remembered::remember(&folder, source, &weights.sha256);
    }
    weights.sha256 = merging::hash(&weights.sha256, adapters);
    if precision.is_quantised() {
        let copy = cache::Copy {
            folder: &folder,
            source: &weights.sha256,
            precision,
            tensors: &tensors,
        };
        notes.extend(cache::write(&copy, &weights, cancel)?);
    }
    weights.notes.append(&mut notes);
    Ok(weights)
}

/// Reads the weights of a model of another family: its tensors by internal name and shape, and how their names in the
/// files become internal ones.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_as(
    folder: &Path,
    tensors: Vec<(String, Vec<usize>)>,
    internal: &dyn Fn(&str) -> Option<String>,
    precision: Precision,
    progress: &mut dyn FnMut(f64),
    cancel: &Cancel,
) -> Result<Weights> {
    let source = safetensors::open_as(folder, internal)?;
    compare_with(tensors.clone(), &source)?;
    let held = load::held_as(&source, tensors, precision)?;
    load::load(&source, &held, precision, None, &[], progress, cancel)
}
