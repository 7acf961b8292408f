//! Layers, embedding and head.

use candle_core::{DType, Device, Tensor};

use crate::cancel::Cancel;
use crate::config::{LayerKind, TextConfig};
use crate::decoder::attention::attend;
use crate::decoder::cache::{Cache, LayerCache, Span};
use crate::decoder::norm::RmsNorm;
use crate::decoder::rope::Rotation;
use crate::error::Result;
use crate::weights::Weights;

/// Rows of the embedding that are multiplied at once for logits.
const ROWS_AT_ONCE: usize = 32_768;

/// x times the transposed weight; weights may be held in half the width.
fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    Ok(x.matmul(&weight.to_dtype(DType::F32)?.t()?)?)
}

#[derive(Debug)]
struct Layer {
    kind: LayerKind,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    o: Tensor,
    q_norm: RmsNorm,
    k_norm: RmsNorm,
    gate: Tensor,
    up: Tensor,
    down: Tensor,
    input_norm: RmsNorm,
    post_attention_norm: RmsNorm,
    pre_feedforward_norm: RmsNorm,
    post_feedforward_norm: RmsNorm,
}

impl Layer {
    fn take(weights: &mut Weights, config: &TextConfig, i: usize) -> Result<Self> {
        let name = |part: &str| format!("text.layers.{i}.{part}.weight");
        let eps = config.rms_norm_eps;
        Ok(Self {
            kind: config.layers[i],
            q: weights.tensor(&name("self_attn.q_proj"))?,
            k: weights.tensor(&name("self_attn.k_proj"))?,
            v: weights.tensor(&name("self_attn.v_proj"))?,
            o: weights.tensor(&name("self_attn.o_proj"))?,
            q_norm: RmsNorm::take(weights, &name("self_attn.q_norm"), eps)?,
            k_norm: RmsNorm::take(weights, &name("self_attn.k_norm"), eps)?,
            gate: weights.tensor(&name("mlp.gate_proj"))?,
            up: weights.tensor(&name("mlp.up_proj"))?,
            down: weights.tensor(&name("mlp.down_proj"))?,
            input_norm: RmsNorm::take(weights, &name("input_layernorm"), eps)?,
            post_attention_norm: RmsNorm::take(weights, &name("post_attention_layernorm"), eps)?,
            pre_feedforward_norm: RmsNorm::take(weights, &name("pre_feedforward_layernorm"), eps)?,
            post_feedforward_norm: RmsNorm::take(weights, &name("post_feedforward_layernorm"), eps)?,
        })
    }

    fn forward(
        &self,
        x: &Tensor,
        config: &TextConfig,
        span: &Span,
        rotation: &Rotation,
        cache: &mut LayerCache,
        persist: bool,
        cancel: &Cancel,
    ) -> Result<Tensor> {
        let length = x.dim(0)?;
        let u = self.input_norm.forward(x)?;
        let split = |t: Tensor, heads: usize| -> Result<Tensor> {
            Ok(t.reshape((length, heads, config.head_dim))?
                .transpose(0, 1)?
                .contiguous()?)
        };
        let q = rotation.apply(&self.q_norm.forward(&split(linear(&u, &self.q)?, config.heads)?)?)?;
        let k = rotation.apply(
            &self
                .k_norm
                .forward(&split(linear(&u, &self.k)?, config.kv_heads)?)?,
        )?;
        let v = split(linear(&u, &self.v)?, config.kv_heads)?;
        let (all_k, all_v, keys) = cache.with(&k, &v, span)?;
        let window = (self.kind == LayerKind::Local).then_some(config.sliding_window);
        let scale = config.query_pre_attn_scalar.powf(-0.5);
        let attended = attend(&q, &all_k, &all_v, span, &keys, window, scale, cancel)?;
        if persist {
            cache.keep(all_k, all_v, keys, self.kind, config.sliding_window)?;
        }
        cancel.check()?;
        let x = (x + self.post_attention_norm.forward(&linear(&attended, &self.o)?)?)?;
        let u = self.pre_feedforward_norm.forward(&x)?;
        let inner = (linear(&u, &self.gate)?.gelu()? * linear(&u, &self.up)?)?;
        cancel.check()?;
        Ok((&x + self.post_feedforward_norm.forward(&linear(&inner, &self.down)?)?)?)
    }
}

/// The decoder.
#[derive(Debug)]
pub struct Decoder {
    config: TextConfig,
    embedding: Tensor,
    head: Option<Tensor>,
    layers: Vec<Layer>,
    norm: RmsNorm,
}

impl Decoder {
    /// Takes the decoder's weights.
    ///
    /// # Errors
    /// Missing tensors.
    pub fn take(weights: &mut Weights, config: &TextConfig) -> Result<Self> {
        Ok(Self {
            config: config.clone(),
            embedding: weights.tensor("text.embed_tokens.weight")?,
            head: if config.tied {
                None
            } else {
                Some(weights.tensor("head.weight")?)
            },
            layers: (0..config.layers.len())
                .map(|i| Layer::take(weights, config, i))
                .collect::<Result<_>>()?,
            norm: RmsNorm::take(weights, "text.norm.weight", config.rms_norm_eps)?,
        })
    }

    /// An empty cache.
    pub fn cache(&self) -> Cache {
        Cache::new(self.layers.len())
    }

    /// Scaled embeddings `[T, D]` of ids; image positions get rows of `features` (in order, not scaled) instead.
    ///
    /// # Errors
    /// Arithmetic.
    pub fn embed(&self, ids: &[u32], blocks: &[i32], features: Option<&Tensor>) -> Result<Tensor> {
        // The image id may lie past the table: any row will do, it is replaced.
        let safe: Vec<u32> = ids
            .iter()
            .zip(blocks)
            .map(|(id, block)| if *block >= 0 { 0 } else { *id })
            .collect();
        let index = Tensor::from_vec(safe, ids.len(), &Device::Cpu)?;
        let scale = (self.config.hidden_size as f64).sqrt();
        let text = (self.embedding.index_select(&index, 0)?.to_dtype(DType::F32)? * scale)?;
        let Some(features) = features else { return Ok(text) };
        let mut parts = Vec::new();
        let (mut at, mut used) = (0, 0);
        while at < ids.len() {
            let image = blocks[at] >= 0;
            let run = blocks[at..].iter().take_while(|b| (**b >= 0) == image).count();
            if image {
                parts.push(features.narrow(0, used, run)?);
                used += run;
            } else {
                parts.push(text.narrow(0, at, run)?);
            }
            at += run;
        }
        Ok(Tensor::cat(&parts, 0)?)
    }

    /// Runs `[T, D]` through all layers; gives the hidden states after the last layer, not yet normed. With `persist`
    /// the cache grows by the span; without, it is left as it was (a branch that is thrown away).
    ///
    /// `watch` sees the last row after the embedding and after each layer, for traces.
    ///
    /// # Errors
    /// Cancelled, or arithmetic.
    pub fn forward(
        &self,
        embedded: Tensor,
        span: &Span,
        cache: &mut Cache,
        persist: bool,
        cancel: &Cancel,
        mut watch: Option<&mut dyn FnMut(&Tensor) -> Result<()>>,
    ) -> Result<Tensor> {
        let c = &self.config;
        let local = Rotation::new(&span.positions, c.head_dim, c.rope_theta_local, 1.0)?;
        let global = Rotation::new(&span.positions, c.head_dim, c.rope_theta_global, c.rope_factor)?;
        let mut x = embedded;
        for (layer, layer_cache) in self.layers.iter().zip(&mut cache.layers) {
            cancel.check()?;
            if let Some(watch) = watch.as_deref_mut() {
                watch(&x)?;
            }
            let rotation = if layer.kind == LayerKind::Local {
                &local
            } else {
                &global
            };
            x = layer.forward(&x, c, span, rotation, layer_cache, persist, cancel)?;
        }
        if persist {
            cache.length += span.len();
        }
        Ok(x)
    }

    /// The final norm.
    ///
    /// # Errors
    /// Arithmetic.
    pub fn finish(&self, hidden: &Tensor) -> Result<Tensor> {
        self.norm.forward(hidden)
    }

    /// Logits `[n, V]` of normed hidden states `[n, D]`.
    ///
    /// # Errors
    /// Arithmetic.
    pub fn logits(&self, normed: &Tensor) -> Result<Tensor> {
        // A part of the table at a time: half-width weights are widened for the product, never all at once.
        let table = self.head.as_ref().unwrap_or(&self.embedding);
        let parts = (0..table.dim(0)?)
            .step_by(ROWS_AT_ONCE)
            .map(|start| {
                linear(
                    normed,
                    &table.narrow(0, start, ROWS_AT_ONCE.min(table.dim(0)? - start))?,
                )
            })
            .collect::<Result<Vec<_>>>()?;
        let logits = Tensor::cat(&parts, 1)?;
        match self.config.final_softcap {
            Some(cap) => Ok(((logits / cap)?.tanh()? * cap)?),
            None => Ok(logits),
        }
    }
}
