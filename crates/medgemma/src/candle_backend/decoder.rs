//! Embedding, layers, final norm and head; the same calls as the decoder on kernels.

use candle_core::{Device, Tensor};

use super::cache::Cache;
use super::layer::{Layer, linear};
use super::norm::RmsNorm;
use super::rope::Rotation;
use crate::cancel::Cancel;
use crate::config::{LayerKind, TextConfig};
use crate::decoder::{Span, Wanted};
use crate::error::Result;
use crate::weights::Weights;

/// Rows of the embedding that are multiplied at once for logits.
const ROWS_AT_ONCE: usize = 32_768;

/// The decoder.
#[derive(Debug)]
pub(crate) struct Decoder {
    config: TextConfig,
    device: Device,
    embedding: Tensor,
    scale: f64,
    head: Option<Tensor>,
    layers: Vec<Layer>,
    norm: RmsNorm,
}

impl Decoder {
    /// Takes the decoder's weights.
    pub(crate) fn take(
        weights: &mut Weights,
        config: &TextConfig,
        rounded_scale: bool,
        device: &Device,
    ) -> Result<Self> {
        let scale = (config.hidden_size as f64).sqrt();
        Ok(Self {
            config: config.clone(),
            device: device.clone(),
            embedding: weights.tensor("text.embed_tokens.weight")?.to_device(device)?,
            scale: if rounded_scale {
                half::bf16::from_f64(scale).to_f64()
            } else {
                scale
            },
            head: if config.tied {
                None
            } else {
                Some(weights.tensor("head.weight")?.to_device(device)?)
            },
            layers: (0..config.layers.len())
                .map(|i| Layer::take(weights, config, i, device))
                .collect::<Result<_>>()?,
            norm: RmsNorm::take(weights, "text.norm.weight", config.rms_norm_eps, device)?,
        })
    }

    /// An empty cache.
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(self.layers.len())
    }

    /// Scaled embeddings `[T, D]` of ids; image positions get rows of `features` (in order, not scaled) instead.
    pub(crate) fn embed(&self, ids: &[u32], blocks: &[i32], features: &[f32]) -> Result<Vec<f32>> {
        let width = self.config.hidden_size;
        let last = self.config.vocab_size as u32 - 1;
        // The image id may lie past the table: any row will do, it is replaced.
        let safe: Vec<u32> = ids.iter().map(|id| (*id).min(last)).collect();
        let index = Tensor::from_vec(safe, ids.len(), &self.device)?;
        let text = (self
            .embedding
            .index_select(&index, 0)?
            .to_dtype(candle_core::DType::F32)?
            * self.scale)?;
        let mut out: Vec<f32> = text.flatten_all()?.to_vec1()?;
        let mut images = features.chunks_exact(width);
        for (row, block) in out.chunks_exact_mut(width).zip(blocks) {
            if *block >= 0
                && let Some(feature) = images.next()
            {
                row.copy_from_slice(feature);
            }
        }
        Ok(out)
    }

    /// Runs `[T, D]` through all layers; gives the hidden states wanted, not yet normed.
    pub(crate) fn forward(
        &self,
        cancel: &Cancel,
        embedded: Vec<f32>,
        span: &Span,
        cache: &mut Cache,
        wanted: &Wanted,
        mut watch: Option<&mut dyn FnMut(&[f32])>,
    ) -> Result<Vec<f32>> {
        let c = &self.config;
        let turn = |theta, factor| Rotation::new(span.positions(), c.head_dim, theta, factor, &self.device);
        let (local, global) = (
            turn(c.rope_theta_local, 1.0)?,
            turn(c.rope_theta_global, c.rope_factor)?,
        );
        let mut x = Tensor::from_vec(embedded, (span.len(), c.hidden_size), &self.device)?;
        let (keep, rows) = match wanted {
            Wanted::Keep(n) => (true, (*n).min(span.len())),
            Wanted::Branches => (false, span.len()),
        };
        for (layer, layer_cache) in self.layers.iter().zip(&mut cache.layers) {
            cancel.check()?;
            if let Some(watch) = watch.as_deref_mut() {
                let row: Vec<f32> = x.narrow(0, span.len() - 1, 1)?.flatten_all()?.to_vec1()?;
                watch(&row);
            }
            let rotation = match layer.kind {
                LayerKind::Local => &local,
                LayerKind::Global => &global,
            };
            x = layer.forward(&x, c, span, rotation, layer_cache, keep, cancel)?;
        }
        if keep {
            cache.length += span.len();
        }
        if rows == 0 {
            return Ok(Vec::new());
        }
        Ok(x.narrow(0, span.len() - rows, rows)?.flatten_all()?.to_vec1()?)
    }

    /// The final norm of hidden states `[n, D]`.
    pub(crate) fn finish(&self, hidden: &[f32]) -> Result<Vec<f32>> {
        let width = self.config.hidden_size;
        let x = Tensor::from_slice(hidden, (hidden.len() / width, width), &self.device)?;
        Ok(self.norm.forward(&x)?.flatten_all()?.to_vec1()?)
    }

    /// Hands the logits of every normed hidden state to `each`, with its index.
    pub(crate) fn logits(
        &self,
        cancel: &Cancel,
        normed: &[f32],
        each: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<()> {
        let table = self.head.as_ref().unwrap_or(&self.embedding);
        let vocabulary = table.dim(0)?;
        for (i, row) in normed.chunks_exact(self.config.hidden_size).enumerate() {
            cancel.check()?;
            let x = Tensor::from_slice(row, (1, row.len()), &self.device)?;
            // A part of the table at a time: half-width weights are widened for the product, never all at once.
            let mut all = Vec::with_capacity(vocabulary);
            for start in (0..vocabulary).step_by(ROWS_AT_ONCE) {
                let part = table.narrow(0, start, ROWS_AT_ONCE.min(vocabulary - start))?;
                let mut logits = linear(&x, &part)?;
                if let Some(cap) = self.config.final_softcap {
                    logits = ((logits / cap)?.tanh()? * cap)?;
                }
                all.extend(logits.flatten_all()?.to_vec1::<f32>()?);
            }
            each(i, &all);
        }
        Ok(())
    }
}
