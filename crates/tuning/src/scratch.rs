//! Training from nothing: first values, and the files of what was learned.

use std::collections::BTreeMap;
use std::path::Path;

use overread_kernels::rounding::{from_bf16, to_bf16};
use safetensors::tensor::Dtype;

use crate::error::Result;
use crate::model::{Held, Learner, Tensors};
use crate::random::Draw;
use crate::state::{pack, write_whole};

/// First values of every tensor, all learned. Matrices are normal with deviation 1 / sqrt(in) (LeCun et al. 1998),
/// the embedding and the positions with a small fixed one; the last map of each branch begins at a fraction, so that a
/// deep stack begins near the identity (as in GPT-2).
#[derive(Clone, Debug)]
pub struct FirstValues {
    draw: Draw,
    /// Layers of the tower.
    layers: usize,
    /// Tensors that are given, by internal name, in place of random ones.
    given: BTreeMap<String, Vec<f32>>,
}

impl FirstValues {
    /// Of a seed.
    pub fn new(seed: u64, tower_layers: usize) -> Self {
        Self {
            draw: Draw::new(seed),
            layers: tower_layers,
            given: BTreeMap::new(),
        }
    }

    /// Gives a tensor its first values.
    #[must_use]
    pub fn with(mut self, name: &str, values: Vec<f32>) -> Self {
        self.given.insert(name.to_owned(), values);
        self
    }

    fn normal(&self, name: &str, count: usize, deviation: f64) -> Vec<f32> {
        let draw = self.draw.named(name);
        (0..count as u64)
            .map(|i| (deviation * draw.normal(i)) as f32)
            .collect()
    }
}

impl Tensors for FirstValues {
    fn matrix(&mut self, name: &str, out: usize, inputs: usize) -> Result<Held> {
        if let Some(values) = self.given.get(name) {
            return Ok(Held::Plain(values.clone()));
        }
        let width = (inputs as f64).powf(-0.5);
        let last = ["out_proj.weight", "fc2.weight"]
            .iter()
            .any(|end| name.ends_with(end));
        let deviation = if name == "text.embed_tokens.weight" {
            // Scaled by sqrt(D) where it is read: rows of length 1 there.
            width
        } else if last {
            width * (2.0 * self.layers as f64).powf(-0.5)
        } else {
            width
        };
        Ok(Held::Plain(self.normal(name, out * inputs, deviation)))
    }

    fn vector(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        if let Some(values) = self.given.get(name) {
            return Ok(values.clone());
        }
        let count = shape.iter().product();
        if name.ends_with("position_embedding.weight") {
            return Ok(self.normal(name, count, 0.1));
        }
        let is_norm = name.contains("norm") && name.ends_with("weight");
        let value = if is_norm { 1.0 } else { 0.0 };
        Ok(vec![value; count])
    }

    fn learned(&self, _: &str) -> bool {
        true
    }
}

/// The published name (hub form) of an internal one.
fn published(name: &str) -> String {
    if let Some(rest) = name.strip_prefix("text.") {
        return format!("language_model.model.{rest}");
    }
    if let Some(rest) = name.strip_prefix("vision.") {
        return format!("vision_tower.vision_model.{rest}");
    }
    if let Some(rest) = name.strip_prefix("projector.") {
        return format!("multi_modal_projector.{rest}");
    }
    name.replace("head.weight", "language_model.lm_head.weight")
}

/// Rounds everything that is learned to bfloat16, as the files will hold it, so that what is judged is what is
/// written. RMSNorm scales are rounded as `w`, not as `1 + w`.
pub fn round(learner: &mut Learner<f32>) {
    for (_, parameter) in learner.parameters.iter_mut() {
        let shift = shift(&parameter.name);
        for value in &mut parameter.values {
            *value = from_bf16(to_bf16(*value - shift)) + shift;
        }
    }
}

/// Files hold RMSNorm scales as `w`, the model as `1 + w`.
fn shift(name: &str) -> f32 {
    let is_rms = !name.starts_with("vision.") && name.contains("norm") && name.ends_with("weight");
    f32::from(u8::from(is_rms))
}

/// Writes `model.safetensors`: every tensor of the model in bfloat16 under its published name. The auxiliary head is
/// left out.
///
/// # Errors
/// [`crate::TuningError::File`].
pub fn write_model(learner: &Learner<f32>, path: &Path) -> Result<()> {
    let mut tensors = BTreeMap::new();
    for (_, parameter) in learner.parameters.iter() {
        let name = parameter.name.as_str();
        if name.starts_with("auxiliary.") {
            continue;
        }
        let shift = shift(name);
        let (mut shape, mut values) = (parameter.shape.clone(), parameter.values.clone());
        if name == "projector.mm_input_projection_weight" {
            // Stored input first.
            let (out, inputs) = (shape[0], shape[1]);
            values = (0..out * inputs)
                .map(|i| parameter.values[i % out * inputs + i / out])
                .collect();
            shape = vec![inputs, out];
        } else if name == "vision.embeddings.patch_embedding.weight" {
            let patch = (shape[1] / 3).isqrt();
            shape = vec![shape[0], 3, patch, patch];
        }
        let bytes = values
            .iter()
            .flat_map(|v| to_bf16(v - shift).to_le_bytes())
            .collect();
        tensors.insert(published(name), (shape, bytes));
    }
    let metadata = vec![("format".to_owned(), "pt".to_owned())];
    write_whole(path, &pack(&tensors, Dtype::BF16, metadata)?)
}
