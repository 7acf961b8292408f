//! Patches, encoder layers, projector.

use candle_core::{DType, Device, Tensor};

use crate::cancel::Cancel;
use crate::config::{Config, VisionConfig};
use crate::decoder::norm::RmsNorm;
use crate::error::Result;
use crate::image::Picture;
use crate::vision::attention::attend;
use crate::weights::Weights;

#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn take(weights: &mut Weights, name: &str) -> Result<Self> {
        Ok(Self {
            weight: weights.tensor(&format!("{name}.weight"))?,
            bias: weights.tensor(&format!("{name}.bias"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let weight = self.weight.to_dtype(DType::F32)?;
        Ok(x.matmul(&weight.t()?)?.broadcast_add(&self.bias)?)
    }
}

#[derive(Debug)]
struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    fn take(weights: &mut Weights, name: &str, eps: f64) -> Result<Self> {
        let Linear { weight, bias } = Linear::take(weights, name)?;
        Ok(Self { weight, bias, eps })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mean = x.mean_keepdim(1)?;
        let centred = x.broadcast_sub(&mean)?;
        let variance = centred.sqr()?.mean_keepdim(1)?;
        let scaled = centred.broadcast_div(&(variance + self.eps)?.sqrt()?)?;
        Ok(scaled.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)?)
    }
}

#[derive(Debug)]
struct Layer {
    norm1: LayerNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

impl Layer {
    fn take(weights: &mut Weights, i: usize, eps: f64) -> Result<Self> {
        let name = |part: &str| format!("vision.encoder.layers.{i}.{part}");
        Ok(Self {
            norm1: LayerNorm::take(weights, &name("layer_norm1"), eps)?,
            q: Linear::take(weights, &name("self_attn.q_proj"))?,
            k: Linear::take(weights, &name("self_attn.k_proj"))?,
            v: Linear::take(weights, &name("self_attn.v_proj"))?,
            out: Linear::take(weights, &name("self_attn.out_proj"))?,
            norm2: LayerNorm::take(weights, &name("layer_norm2"), eps)?,
            fc1: Linear::take(weights, &name("mlp.fc1"))?,
            fc2: Linear::take(weights, &name("mlp.fc2"))?,
        })
    }

    /// `[P, D]` to `[P, D]`.
    fn forward(&self, x: &Tensor, heads: usize, cancel: &Cancel) -> Result<Tensor> {
        let (length, width) = x.dims2()?;
        let split =
            |t: Tensor| -> Result<Tensor> { Ok(t.reshape((length, heads, width / heads))?.transpose(0, 1)?) };
        let u = self.norm1.forward(x)?;
        let (q, k, v) = (
            split(self.q.forward(&u)?)?,
            split(self.k.forward(&u)?)?,
            split(self.v.forward(&u)?)?,
        );
        let scale = ((width / heads) as f64).powf(-0.5);
        let attended = attend(&q, &k, &v, scale, cancel)?
            .transpose(0, 1)?
            .reshape((length, width))?;
        let x = (x + self.out.forward(&attended)?)?;
        cancel.check()?;
        let u = self.fc1.forward(&self.norm2.forward(&x)?)?.gelu()?;
        Ok((&x + self.fc2.forward(&u)?)?)
    }
}

/// The tower.
#[derive(Debug)]
pub struct Tower {
    config: VisionConfig,
    patch_weight: Tensor,
    patch_bias: Tensor,
    positions: Tensor,
    layers: Vec<Layer>,
    post_norm: LayerNorm,
}

impl Tower {
    /// Takes the tower's weights.
    ///
    /// # Errors
    /// Missing tensors.
    pub fn take(weights: &mut Weights, config: &VisionConfig) -> Result<Self> {
        let patch = 3 * config.patch_size * config.patch_size;
        Ok(Self {
            config: config.clone(),
            patch_weight: weights
                .tensor("vision.embeddings.patch_embedding.weight")?
                .reshape((config.hidden_size, patch))?,
            patch_bias: weights.tensor("vision.embeddings.patch_embedding.bias")?,
            positions: weights
                .tensor("vision.embeddings.position_embedding.weight")?
                .reshape(((config.image_size / config.patch_size).pow(2), config.hidden_size))?,
            layers: (0..config.layers)
                .map(|i| Layer::take(weights, i, config.layer_norm_eps))
                .collect::<Result<_>>()?,
            post_norm: LayerNorm::take(weights, "vision.post_layernorm", config.layer_norm_eps)?,
        })
    }

    /// Last hidden state `[patches, D]` of a picture of the tower's own size.
    ///
    /// # Errors
    /// Cancelled, or arithmetic.
    pub fn forward(&self, picture: &Picture, cancel: &Cancel) -> Result<Tensor> {
        let mut x = self
            .patches(picture)?
            .matmul(&self.patch_weight.t()?)?
            .broadcast_add(&self.patch_bias)?;
        x = (x + &self.positions)?;
        for layer in &self.layers {
            cancel.check()?;
            x = layer.forward(&x, self.config.heads, cancel)?;
        }
        self.post_norm.forward(&x)
    }

    /// Patches row by row, each as the convolution reads it: channel, row, column.
    fn patches(&self, picture: &Picture) -> Result<Tensor> {
        let (side, p) = (self.config.image_size, self.config.patch_size);
        let grid = side / p;
        let values = picture.resized(side).normalised();
        let mut flat = Vec::with_capacity(grid * grid * 3 * p * p);
        for gy in 0..grid {
            for gx in 0..grid {
                for channel in 0..3 {
                    for y in 0..p {
                        let start = channel * side * side + (gy * p + y) * side + gx * p;
                        flat.extend_from_slice(&values[start..start + p]);
                    }
                }
            }
        }
        Ok(Tensor::from_vec(flat, (grid * grid, 3 * p * p), &Device::Cpu)?)
    }
}

/// Average pool, norm, matrix.
#[derive(Debug)]
pub struct Projector {
    grid: usize,
    side: usize,
    norm: RmsNorm,
    matrix: Tensor,
}

impl Projector {
    /// Takes the projector's weights.
    ///
    /// # Errors
    /// Missing tensors.
    pub fn take(weights: &mut Weights, config: &Config, vision: &VisionConfig) -> Result<Self> {
        Ok(Self {
            grid: vision.image_size / vision.patch_size,
            side: config.tokens_per_image.isqrt(),
            norm: RmsNorm::take(
                weights,
                "projector.mm_soft_emb_norm.weight",
                vision.layer_norm_eps,
            )?,
            matrix: weights.tensor("projector.mm_input_projection_weight")?.t()?,
        })
    }

    /// `[patches, Dv]` to `[tokens, D]`.
    ///
    /// # Errors
    /// Arithmetic.
    pub fn forward(&self, hidden: &Tensor) -> Result<Tensor> {
        let width = hidden.dim(1)?;
        let kernel = self.grid / self.side;
        let pooled = hidden
            .reshape((self.side, kernel, self.grid / kernel, kernel, width))?
            .mean(3)?
            .mean(1)?
            .reshape((self.side * self.side, width))?;
        let normed = self.norm.forward(&pooled)?;
        Ok(normed.matmul(&self.matrix.to_dtype(DType::F32)?)?)
    }
}
