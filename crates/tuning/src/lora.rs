//! Low-rank adapters (Hu et al. 2021, arXiv 2106.09685): which maps they stand beside, how they begin, and the files
//! that PEFT reads.

use std::collections::BTreeMap;
use std::path::Path;

use overread_kernels::dense::Real;
use overread_medgemma::weights::Weights;
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Result, TuningError};
use crate::model::{Held, Learner, Tensors};
use crate::random::Draw;
use crate::state::{pack, write_whole};

/// Weights of the engine, all frozen, in the format they are held in.
#[derive(Debug)]
pub struct Frozen(pub Weights);

impl Tensors for Frozen {
    fn matrix(&mut self, name: &str, _: usize, _: usize) -> Result<Held> {
        Ok(Held::Packed(self.0.matrix(name)?))
    }

    fn vector(&mut self, name: &str, _: &[usize]) -> Result<Vec<f32>> {
        Ok(self.0.vector(name)?)
    }

    fn learned(&self, _: &str) -> bool {
        false
    }
}

/// Settings of the pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraSettings {
    /// r.
    pub rank: usize,
    /// The product of a pair is multiplied by `alpha / rank`.
    pub alpha: f64,
    /// Share of a pair's inputs that is left out while learning.
    pub dropout: f64,
    /// Groups ([`GROUPS`]) or ends of names, such as `q_proj`.
    pub targets: Vec<String>,
    /// The product is multiplied by `alpha / sqrt(rank)` instead (Kalajdzievski 2023, arXiv 2312.03732).
    pub rank_stabilised: bool,
}

/// Groups of maps by name, and what each means.
pub const GROUPS: [(&str, &str); 5] = [
    ("decoder", "attention and MLP of the decoder"),
    ("attention", "q, k, v and o of the decoder"),
    ("mlp", "gate, up and down of the decoder"),
    ("tower", "attention and MLP of the vision tower"),
    (
        "all-linear",
        "every linear map of decoder and tower, as PEFT means it",
    ),
];

impl Default for LoraSettings {
    /// Rank 16 beside every map of the decoder.
    fn default() -> Self {
        Self {
            rank: 16,
            alpha: 16.0,
            dropout: 0.05,
            targets: vec!["decoder".to_owned()],
            rank_stabilised: false,
        }
    }
}

impl LoraSettings {
    /// The published notebook's pairs: rank 16, alpha 16, dropout 0.05, every linear map. It also learned embedding and
    /// head whole, which is not done here.
    pub fn published() -> Self {
        Self {
            targets: vec!["all-linear".to_owned()],
            ..Self::default()
        }
    }

    /// What a pair's product is multiplied by.
    pub fn scale(&self) -> f64 {
        let rank = self.rank as f64;
        self.alpha / if self.rank_stabilised { rank.sqrt() } else { rank }
    }

    /// Is there a pair beside this map?
    pub(crate) fn fits(&self, name: &str) -> bool {
        let decoder = name.starts_with("text.");
        let tower = name.starts_with("vision.");
        self.targets.iter().any(|target| match target.as_str() {
            "all-linear" => decoder || tower,
            "decoder" => decoder,
            "tower" => tower,
            "attention" => decoder && name.contains(".self_attn."),
            "mlp" => decoder && name.contains(".mlp."),
            end => name == end || name.ends_with(&format!(".{end}")),
        })
    }

    /// # Errors
    /// [`TuningError::Settings`] in words.
    pub fn check(&self) -> Result<()> {
        let wrong = |reason: &str| Err(TuningError::Settings(reason.to_owned()));
        if self.rank == 0 || self.rank > 1024 {
            return wrong("a rank lies between 1 and 1024");
        }
        if !self.alpha.is_finite() || self.alpha <= 0.0 {
            return wrong("alpha is a positive number");
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return wrong("dropout lies between 0 and 1, without 1");
        }
        if self.targets.is_empty() {
            return wrong("an adapter needs maps to stand beside");
        }
        Ok(())
    }
}

impl<T: Real> Learner<T> {
    /// Puts a pair beside every map that the settings name: A uniform within 1 / sqrt(in) as PEFT begins, B zero, so
    /// that nothing changes before the first step.
    ///
    /// # Errors
    /// [`TuningError::Settings`] for settings that make no sense and targets that name no map.
    pub fn attach_pairs(&mut self, settings: &LoraSettings, seed: u64) -> Result<usize> {
        settings.check()?;
        let maps: Vec<_> = self
            .maps()
            .into_iter()
            .filter(|(name, ..)| settings.fits(name))
            .collect();
        for target in &settings.targets {
            let alone = LoraSettings {
                targets: vec![target.clone()],
                ..settings.clone()
            };
            if !maps.iter().any(|(name, ..)| alone.fits(name)) {
                return Err(TuningError::Settings(format!(
                    "{target} names no map of this model; use a group ({}) or the end of a name, such as q_proj",
                    GROUPS.map(|(name, _)| name).join(", ")
                )));
            }
        }
        let draw = Draw::new(seed).named("lora_A");
        for (name, inputs, outputs) in &maps {
            let draw = draw.named(name);
            let bound = (*inputs as f64).powf(-0.5);
            let a = (0..(settings.rank * inputs) as u64)
                .map(|i| T::of((2.0 * draw.unit(i) - 1.0) * bound))
                .collect();
            let b = vec![T::ZERO; settings.rank * outputs];
            self.attach(name, settings.rank, settings.scale(), settings.dropout, a, b);
        }
        Ok(maps.len())
    }
}

/// The path of a map in the running model of transformers 4.52 and later, as PEFT names it.
fn peft_path(name: &str, text_only: bool) -> String {
    let path = match (name.strip_prefix("text."), name.strip_prefix("vision.")) {
        (Some(rest), _) if text_only => format!("model.{rest}"),
        (Some(rest), _) => format!("model.language_model.{rest}"),
        (_, Some(rest)) => format!("model.vision_tower.vision_model.{rest}"),
        _ => name.to_owned(),
    };
    format!("base_model.model.{path}")
}

/// Writes `adapter_config.json` and `adapter_model.safetensors` (float32) as PEFT 0.18 does.
///
/// # Errors
/// [`TuningError::File`].
pub fn write_adapter(
    learner: &Learner<f32>,
    settings: &LoraSettings,
    base_model: &str,
    folder: &Path,
) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| TuningError::File {
        path: folder.to_path_buf(),
        reason: error.to_string(),
    })?;
    let text_only = learner.config().vision.is_none();
    let rank = settings.rank;
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let mut tensors = BTreeMap::new();
    let mut targets: Vec<String> = Vec::new();
    for (name, a, b) in learner.pairs() {
        let path = peft_path(&name, text_only);
        targets.push(path.trim_start_matches("base_model.model.").to_owned());
        tensors.insert(
            format!("{path}.lora_A.weight"),
            (vec![rank, a.len() / rank], bytes(a)),
        );
        tensors.insert(
            format!("{path}.lora_B.weight"),
            (vec![b.len() / rank, rank], bytes(b)),
        );
    }
    targets.sort();
    let config = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_model,
        "r": rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "use_rslora": settings.rank_stabilised,
        "use_dora": false,
        "bias": "none",
        "fan_in_fan_out": false,
        "init_lora_weights": true,
        "inference_mode": true,
        "modules_to_save": null,
        "rank_pattern": {},
        "alpha_pattern": {},
        // Whole paths: a short name would fit the maps of the other tower too.
        "target_modules": targets,
    });
    let metadata = vec![("format".to_owned(), "pt".to_owned())];
    write_whole(
        &folder.join("adapter_model.safetensors"),
        &pack(&tensors, Dtype::F32, metadata)?,
    )?;
    write_whole(
        &folder.join("adapter_config.json"),
        format!("{config:#}\n").as_bytes(),
    )
}
