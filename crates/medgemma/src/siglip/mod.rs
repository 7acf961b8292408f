//! MedSigLIP and any other SiglipModel: pictures against short texts, without generation.
//!
//! A picture and a text each become a vector of length 1; their logit is `exp(scale) cos + bias`. Google recommends
//! MedSigLIP over MedGemma for classification.

mod check;
mod config;
mod labels;
mod processor;
mod spiece;
mod texts;
mod towers;
mod trace;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use overread_kernels::attention::Precision as Arithmetic;
use sha2::{Digest, Sha256};

use crate::adapted::Adapter;
use crate::adapter::{AdapterWeights, Base};
use crate::cancel::Cancel;
use crate::embeddings::Embeddings;
use crate::error::{EngineError, Result};
use crate::image::Picture;
use crate::linear::Pass;
use crate::question::{LoadOptions, Precision};
use crate::vision::Tower;
use crate::weights;
use crate::words::hex;

pub use check::open;
pub use config::{SiglipConfig, TextTower};
pub use labels::{LabelFit, Pairing, Template, templates};
pub use processor::Resize;
pub(crate) use trace::trace;

/// What was loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct SiglipDescription {
    /// Folder's last part.
    pub name: String,
    /// Folder.
    pub folder: PathBuf,
    /// Parameters.
    pub parameters: u64,
    /// SHA-256 over the weights.
    pub weights_sha256: String,
    /// SHA-256 of the vocabulary's file.
    pub tokenizer_sha256: String,
    /// Side of the square the tower sees, px.
    pub image_size: usize,
    /// Tokens of a text; what is longer is cut.
    pub text_tokens: usize,
    /// Numbers of an embedding.
    pub width: usize,
    /// How matrices are held.
    pub precision: Precision,
    /// How pictures become the tower's square.
    pub resize: Resize,
}

/// A loaded model. Everything takes `&self`: several threads may use it.
pub struct MedSiglip {
    config: SiglipConfig,
    description: SiglipDescription,
    texts: texts::Texts,
    processor: processor::Processor,
    tower: Tower,
    head: towers::PoolingHead,
    text: towers::TextModel,
    /// `exp(logit_scale)`.
    scale: f32,
    bias: f32,
    kept: Mutex<Embeddings>,
}

impl std::fmt::Debug for MedSiglip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MedSiglip")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// Bytes to load a model and to compare one picture with texts.
pub fn memory_needed(config: &SiglipConfig, precision: Precision) -> u64 {
    let (t, v) = (&config.text, &config.vision);
    let weights = weights::bytes_of(&config.expected(), precision, &|_| weights::Stored::F32);
    let patches = (v.image_size / v.patch_size).pow(2);
    let row = |hidden: usize, wide: usize| hidden * 8 + wide * 2;
    let working = (patches * row(v.hidden_size, v.intermediate_size))
        .max(t.positions * row(t.hidden_size, t.intermediate_size))
        .saturating_add(v.image_size * v.image_size * 3 * 3);
    weights.saturating_add(working as u64 * 4)
}

impl MedSiglip {
    /// Loads a model folder.
    ///
    /// # Errors
    /// Whatever is wrong with the folder, too little memory, or cancelled.
    pub fn load(
        folder: &Path,
        options: &LoadOptions,
        resize: Resize,
        progress: &mut dyn FnMut(f64),
        cancel: &Cancel,
    ) -> Result<Self> {
        let config = SiglipConfig::read(folder)?;
        if options.device != "cpu" {
            return Err(EngineError::Unsupported(format!(
                "MedSigLIP runs on the CPU, not on {}",
                options.device
            )));
        }
        let texts = texts::Texts::read(folder, &config.text)?;
        let processor = processor::Processor::read(folder, config.vision.image_size, resize)?;
        let needed = memory_needed(&config, options.precision);
        crate::memory::check(needed, options.memory_available)?;
        let mut weights = weights::load_as(
            folder,
            config.expected(),
            &config::internal,
            options.precision,
            progress,
            cancel,
        )?;
        let arithmetic = match options.precision {
            Precision::F32 => Arithmetic::F32,
            Precision::Bf16 | Precision::Q8_0 | Precision::Q4K => Arithmetic::Bf16,
        };
        let mut number = |name: &str| -> Result<f32> {
            let values = weights.vector(name)?;
            values
                .first()
                .copied()
                .ok_or_else(|| EngineError::MissingTensors(vec![name.to_owned()]))
        };
        let (scale, bias) = (number("siglip.logit_scale")?.exp(), number("siglip.logit_bias")?);
        Ok(Self {
            tower: Tower::take(&mut weights, &config.vision, arithmetic)?,
            head: towers::PoolingHead::take(&mut weights, &config)?,
            text: towers::TextModel::take(&mut weights, &config, arithmetic)?,
            description: SiglipDescription {
                name: folder
                    .file_name()
                    .map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
                folder: folder.to_path_buf(),
                parameters: config.parameters(),
                weights_sha256: weights.sha256,
                tokenizer_sha256: texts.sha256.clone(),
                image_size: config.vision.image_size,
                text_tokens: config.text.positions,
                width: config.text.projection_size,
                precision: options.precision,
                resize,
            },
            config,
            texts,
            processor,
            scale,
            bias,
            kept: Mutex::new(Embeddings::new(
                options.cache.as_ref().map(|f| f.join("embeddings")),
            )),
        })
    }

    /// What was loaded.
    pub fn description(&self) -> &SiglipDescription {
        &self.description
    }

    /// The picture as the tower sees it, 8 bit.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for a broken picture.
    pub fn seen(&self, picture: &Picture) -> Result<Picture> {
        let pixels = picture
            .width
            .checked_mul(picture.height)
            .and_then(|n| n.checked_mul(3));
        if picture.rgb.is_empty() || pixels != Some(picture.rgb.len()) {
            return Err(EngineError::BadQuestion(
                "the picture is empty or broken".to_owned(),
            ));
        }
        Ok(self.processor.resized(picture))
    }

    /// Ids of a text, as many as the text tower has positions.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for an empty text.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        self.texts.encode(text)
    }

    /// Embedding of a picture, of length 1. Kept for the next question.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`], cancelled.
    pub fn embed_image(
        &self,
        picture: &Picture,
        adapter: Option<&Adapter>,
        cancel: &Cancel,
    ) -> Result<Arc<Vec<f32>>> {
        let seen = self.seen(picture)?;
        let what = format!("picture {} {:?}", seen.sha256(), self.processor);
        self.keep(&what, adapter, || {
            let pass = Pass::new(cancel, adapter);
            let hidden = self.last_hidden(pass, &seen)?;
            self.head.forward(pass, &hidden)
        })
    }

    /// Last hidden state `[patches, D]` of a picture of the tower's own size.
    fn last_hidden(&self, pass: Pass<'_>, seen: &Picture) -> Result<Vec<f32>> {
        self.tower
            .forward_values(pass, &self.processor.values(seen), &mut |_| {})
    }

    /// Embedding of a text, of length 1. Kept for the next question.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`], cancelled.
    pub fn embed_text(
        &self,
        text: &str,
        adapter: Option<&Adapter>,
        cancel: &Cancel,
    ) -> Result<Arc<Vec<f32>>> {
        let ids = self.texts.encode(text)?;
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        let what = format!("text {}", hex(&Sha256::digest(&bytes)));
        self.keep(&what, adapter, || {
            self.text.forward(Pass::new(cancel, adapter), &ids)
        })
    }

    /// What was computed before, else `compute`, brought to length 1.
    fn keep(
        &self,
        what: &str,
        adapter: Option<&Adapter>,
        compute: impl FnOnce() -> Result<Vec<f32>>,
    ) -> Result<Arc<Vec<f32>>> {
        let key = Embeddings::key(
            what,
            &self.description.weights_sha256,
            self.description.precision.name(),
            adapter.map(|a| a.sha256.as_str()),
        );
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = lock().get(&key, self.description.width) {
            return Ok(kept);
        }
        let mut values = compute()?;
        let length = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        if !length.is_normal() {
            let reason =
                "its embedding has no direction: weights or adapter are damaged, or do not belong together";
            return Err(EngineError::Compute(candle_core::Error::msg(reason)));
        }
        for value in &mut values {
            *value = (f64::from(*value) / length) as f32;
        }
        let values = Arc::new(values);
        lock().put(&key, Arc::clone(&values));
        Ok(values)
    }

    /// The logit of two embeddings: `exp(scale) cos + bias`.
    pub fn logit(&self, image: &[f32], text: &[f32]) -> f64 {
        let cosine: f64 = image
            .iter()
            .zip(text)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum();
        f64::from(self.scale) * cosine + f64::from(self.bias)
    }

    /// How well each label fits a picture; `events` hears how many labels are done.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] without labels or for an empty one, cancelled.
    pub fn scores(
        &self,
        picture: &Picture,
        labels: &[String],
        asking: Asking<'_>,
        events: &mut dyn FnMut(usize),
        cancel: &Cancel,
    ) -> Result<Vec<LabelFit>> {
        if labels.is_empty() {
            return Err(EngineError::BadQuestion("it has no labels".to_owned()));
        }
        if labels.iter().any(|label| label.trim().is_empty()) {
            return Err(EngineError::BadQuestion("a label is empty".to_owned()));
        }
        let image = self.embed_image(picture, asking.adapter, cancel)?;
        let mut fits = Vec::with_capacity(labels.len());
        for (i, label) in labels.iter().enumerate() {
            let texts = asking.pairing.texts(asking.template, label);
            let logits = texts
                .iter()
                .map(|text| Ok(self.logit(&image, &self.embed_text(text, asking.adapter, cancel)?)))
                .collect::<Result<Vec<f64>>>()?;
            fits.push((label.clone(), texts, logits));
            events(i + 1);
        }
        let logits: Vec<Vec<f64>> = fits.iter().map(|(_, _, logits)| logits.clone()).collect();
        let probabilities = asking.pairing.probabilities(&logits);
        Ok(fits
            .into_iter()
            .zip(probabilities)
            .map(|((label, texts, logits), probability)| LabelFit {
                label,
                texts,
                logits,
                probability,
            })
            .collect())
    }

    /// Reads an adapter's folder and makes it ready: it is passed beside a question, the base stays as it is.
    ///
    /// # Errors
    /// Whatever does not fit, named.
    pub fn adapter(&self, folder: &Path, cancel: &Cancel) -> Result<Adapter> {
        let base = Base {
            shapes: self.config.expected().into_iter().collect(),
            internal: &config::internal,
        };
        let weights = AdapterWeights::read_for(folder, &base, cancel)?;
        // Read once when the model is loaded: an adapter beside it would be ignored.
        let fixed = [
            "siglip.logit_scale",
            "siglip.logit_bias",
            "siglip.head.attention.in_proj_bias",
        ];
        if let Some(name) = fixed
            .into_iter()
            .find(|name| weights.replaced.contains_key(*name))
        {
            return Err(EngineError::BadAdapter {
                name: weights.name,
                reason: format!("it replaces {name}, which is not supported"),
            });
        }
        let find = |name: &str| {
            let towers = self.tower.linears().chain(self.text.linears());
            towers
                .chain(self.head.linears())
                .find(|linear| linear.name() == name)
        };
        Adapter::build(&weights, &find)
    }
}

/// How labels are compared.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// How logits become probabilities.
    pub pairing: Pairing,
    /// Texts in which the labels are put.
    pub template: &'a Template,
    /// A trained change of the model.
    pub adapter: Option<&'a Adapter>,
}
