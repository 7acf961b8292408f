//! The SigLIP encoder layer, shared by the tower of MedGemma and both towers of MedSigLIP.

use overread_kernels::Input;
use overread_kernels::attention::{Precision as Arithmetic, attend_all};
use overread_kernels::rows::layer_norm;

use crate::error::Result;
use crate::linear::{Linear, Pass, Then};
use crate::weights::Weights;

/// LayerNorm with weight and bias.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    name: String,
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl LayerNorm {
    pub(crate) fn take(weights: &mut Weights, name: &str, eps: f64) -> Result<Self> {
        Ok(Self {
            weight: weights.vector(&format!("{name}.weight"))?,
            bias: weights.vector(&format!("{name}.bias"))?,
            eps: eps as f32,
            name: name.to_owned(),
        })
    }

    /// Each row of `x` `[rows, width]` into `out` of the same shape.
    pub(crate) fn forward(&self, pass: Pass<'_>, x: &[f32], out: &mut [f32]) {
        let weight = pass.vector(&self.name, "weight").unwrap_or(&self.weight);
        let bias = pass.vector(&self.name, "bias").unwrap_or(&self.bias);
        layer_norm(pass.kernels, x, weight, bias, self.eps, out);
    }
}

/// Buffers of a pass through the encoder.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    input: Input,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    attended: Vec<f32>,
    wide: Vec<f32>,
}

/// x += out(attention(norm1(x))); x += fc2(gelu(fc1(norm2(x)))).
#[derive(Debug)]
pub(crate) struct EncoderLayer {
    norm1: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

impl EncoderLayer {
    /// Takes the layer of that prefix, e.g. `vision.encoder.layers.3`.
    pub(crate) fn take(weights: &mut Weights, prefix: &str, eps: f64) -> Result<Self> {
        let name = |part: &str| format!("{prefix}.{part}");
        Ok(Self {
            norm1: LayerNorm::take(weights, &name("layer_norm1"), eps)?,
            q: Linear::take_with_bias(weights, &name("self_attn.q_proj"))?,
            k: Linear::take_with_bias(weights, &name("self_attn.k_proj"))?,
            v: Linear::take_with_bias(weights, &name("self_attn.v_proj"))?,
            out: Linear::take_with_bias(weights, &name("self_attn.out_proj"))?,
            norm2: LayerNorm::take(weights, &name("layer_norm2"), eps)?,
            fc1: Linear::take_with_bias(weights, &name("mlp.fc1"))?,
            fc2: Linear::take_with_bias(weights, &name("mlp.fc2"))?,
        })
    }

    /// Its maps, for adapters.
    pub(crate) fn linears(&self) -> [&Linear; 6] {
        [&self.q, &self.k, &self.v, &self.out, &self.fc1, &self.fc2]
    }

    /// `x` is `[T, D]`.
    fn forward(
        &self,
        pass: Pass<'_>,
        x: &mut Vec<f32>,
        heads: usize,
        arithmetic: Arithmetic,
        buffers: &mut Buffers,
    ) -> Result<()> {
        let width = self.q.width();
        let length = x.len() / width;
        let b = buffers;
        self.norm1.forward(pass, x, b.input.fill(length, width));
        self.q.forward(pass, &mut b.input, &mut b.q, Then::Write);
        self.k.forward(pass, &mut b.input, &mut b.k, Then::Write);
        self.v.forward(pass, &mut b.input, &mut b.v, Then::Write);
        pass.cancel.check()?;
        let d = width / heads;
        let scale = (d as f64).powf(-0.5) as f32;
        b.attended.resize(length * width, 0.0);
        attend_all(
            pass.kernels,
            &b.q,
            &b.k,
            &b.v,
            heads,
            d,
            scale,
            arithmetic,
            &mut b.attended,
            pass.stop(),
        );
        self.out.load(pass, &mut b.input, &b.attended, length);
        self.out.forward(pass, &mut b.input, x, Then::Add);
        pass.cancel.check()?;
        self.norm2.forward(pass, x, b.input.fill(length, width));
        self.fc1.forward(pass, &mut b.input, &mut b.wide, Then::Gelu);
        self.fc2.load(pass, &mut b.input, &b.wide, length);
        self.fc2.forward(pass, &mut b.input, x, Then::Add);
        pass.cancel.check()
    }
}

/// Runs `x` `[T, D]` through all layers; `progress` hears the layers done.
pub(crate) fn encode(
    pass: Pass<'_>,
    layers: &[EncoderLayer],
    x: &mut Vec<f32>,
    heads: usize,
    arithmetic: Arithmetic,
    progress: &mut dyn FnMut(usize),
) -> Result<()> {
    let mut buffers = Buffers::default();
    for (i, layer) in layers.iter().enumerate() {
        layer.forward(pass, x, heads, arithmetic, &mut buffers)?;
        progress(i + 1);
    }
    Ok(())
}
