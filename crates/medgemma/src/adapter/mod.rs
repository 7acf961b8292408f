//! PEFT adapters: LoRA (Hu et al. 2021), rsLoRA (Kalajdzievski 2023) and DoRA (Liu et al. 2024), read into plain numbers.
//!
//! A folder holds `adapter_config.json` and `adapter_model.safetensors`. Every tensor of the file must find its place in
//! the model, with its partner and its shape: what is left over would be a model other than the trained one.

mod config;
mod merge;
mod names;
mod read;

use std::collections::BTreeMap;

pub use merge::{merge, stack};
pub(crate) use read::{Base, needed};

/// What an adapter adds to one linear layer `[n, k]`: `y = W x + scale B (A x)`, for DoRA with each output `i` multiplied
/// by `magnitude[i] / |row i of W + scale B A|`.
#[derive(Clone, Debug, PartialEq)]
pub struct LowRank {
    /// `[r, k]`, row-major.
    pub a: Vec<f32>,
    /// `[n, r]`, row-major.
    pub b: Vec<f32>,
    /// Rank.
    pub r: usize,
    /// `alpha / r`, or `alpha / sqrt(r)` for rsLoRA.
    pub scale: f32,
    /// DoRA: length of each merged row, `[n]`.
    pub magnitude: Option<Vec<f32>>,
}

impl LowRank {
    /// Inputs, `k`.
    pub fn columns(&self) -> usize {
        self.a.len() / self.r.max(1)
    }

    /// Outputs, `n`.
    pub fn rows(&self) -> usize {
        self.b.len() / self.r.max(1)
    }
}

/// An adapter, read and held against the model's shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct AdapterWeights {
    /// By internal name of the layer, without `.weight`; the output head is `head`, also where it is tied.
    pub entries: BTreeMap<String, LowRank>,
    /// Whole tensors that were trained (`modules_to_save`), by internal name: shape, values.
    ///
    /// Where a layer is among the entries too, these are the weights that the low-rank pair is added to.
    ///
    /// `head.weight` here unties a tied head: it is used for logits, the embedding for input, each as trained.
    pub replaced: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    /// SHA-256 over config and tensors.
    pub sha256: String,
    /// Folder's last part.
    pub name: String,
    /// `base_model_name_or_path`; empty when the config has none.
    pub base_model: String,
}

impl AdapterWeights {
    /// True when image features change under this adapter: what is cached of them belongs to it alone.
    pub fn changes_images(&self) -> bool {
        let sees = |name: &String| name.starts_with("vision.") || name.starts_with("projector.");
        self.entries.keys().any(sees) || self.replaced.keys().any(sees)
    }

    /// True when a part is DoRA.
    pub fn is_dora(&self) -> bool {
        self.entries.values().any(|entry| entry.magnitude.is_some())
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let each =
            |entry: &LowRank| entry.a.len() + entry.b.len() + entry.magnitude.as_ref().map_or(0, Vec::len);
        let entries: usize = self.entries.values().map(each).sum();
        let replaced: usize = self.replaced.values().map(|(_, values)| values.len()).sum();
        (entries + replaced) * size_of::<f32>()
    }
}
