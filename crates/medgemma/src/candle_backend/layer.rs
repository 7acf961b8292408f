//! One decoder layer.

use candle_core::{DType, Device, Tensor};

use super::attention::{Keys, attend};
use super::cache::LayerCache;
use super::norm::RmsNorm;
use super::rope::Rotation;
use crate::cancel::Cancel;
use crate::config::{LayerKind, TextConfig};
use crate::decoder::Span;
use crate::error::Result;
use crate::weights::Weights;

/// x times the transposed weight; weights may be held in half the width.
pub(crate) fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    Ok(x.matmul(&weight.to_dtype(DType::F32)?.t()?)?)
}

#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) kind: LayerKind,
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
    pub(crate) fn take(
        weights: &mut Weights,
        config: &TextConfig,
        i: usize,
        device: &Device,
    ) -> Result<Self> {
        let name = |part: &str| format!("text.layers.{i}.{part}.weight");
        let eps = config.rms_norm_eps;
        let matrix = |weights: &mut Weights, part: &str| -> Result<Tensor> {
            Ok(weights.tensor(&name(part))?.to_device(device)?)
        };
        let norm = |weights: &mut Weights, part: &str| RmsNorm::take(weights, &name(part), eps, device);
        Ok(Self {
            kind: config.layers[i],
            q: matrix(weights, "self_attn.q_proj")?,
            k: matrix(weights, "self_attn.k_proj")?,
            v: matrix(weights, "self_attn.v_proj")?,
            o: matrix(weights, "self_attn.o_proj")?,
            q_norm: norm(weights, "self_attn.q_norm")?,
            k_norm: norm(weights, "self_attn.k_norm")?,
            gate: matrix(weights, "mlp.gate_proj")?,
            up: matrix(weights, "mlp.up_proj")?,
            down: matrix(weights, "mlp.down_proj")?,
            input_norm: norm(weights, "input_layernorm")?,
            post_attention_norm: norm(weights, "post_attention_layernorm")?,
            pre_feedforward_norm: norm(weights, "pre_feedforward_layernorm")?,
            post_feedforward_norm: norm(weights, "post_feedforward_layernorm")?,
        })
    }

    pub(crate) fn forward(
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
        let (all_k, all_v) = cache.with(&k, &v)?;
        let keys = Keys {
            first: cache.first,
            trunk: if span.is_branched() {
                cache.rows()
            } else {
                all_k.dim(1)?
            },
        };
        let window = (self.kind == LayerKind::Local).then_some(config.sliding_window);
        let scale = config.query_pre_attn_scalar.powf(-0.5);
        let attended = attend(&q, &all_k, &all_v, span, keys, window, scale, cancel)?;
        if persist {
            cache.keep(all_k, all_v, self.kind, config.sliding_window)?;
        }
        cancel.check()?;
        let x = (x + self.post_attention_norm.forward(&linear(&attended, &self.o)?)?)?;
        let u = self.pre_feedforward_norm.forward(&x)?;
        let inner = (linear(&u, &self.gate)?.gelu()? * linear(&u, &self.up)?)?;
        cancel.check()?;
        Ok((&x + self.post_feedforward_norm.forward(&linear(&inner, &self.down)?)?)?)
    }
}
