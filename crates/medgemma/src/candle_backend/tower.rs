//! Patches, encoder layers, projector.

use candle_core::{DType, Device, Tensor};

use super::layer::linear;
use super::norm::RmsNorm;
use super::tower_attention::attend;
use crate::cancel::Cancel;
use crate::config::{Config, VisionConfig};
use crate::error::Result;
use crate::image::Picture;
use crate::weights::Weights;

#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn take(weights: &mut Weights, name: &str, device: &Device) -> Result<Self> {
        Ok(Self {
            weight: weights.tensor(&format!("{name}.weight"))?.to_device(device)?,
            bias: weights.tensor(&format!("{name}.bias"))?.to_device(device)?,
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
    fn take(weights: &mut Weights, name: &str, eps: f64, device: &Device) -> Result<Self> {
        let Linear { weight, bias } = Linear::take(weights, name, device)?;
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
    fn take(weights: &mut Weights, i: usize, eps: f64, device: &Device) -> Result<Self> {
        let name = |part: &str| format!("vision.encoder.layers.{i}.{part}");
        Ok(Self {
            norm1: LayerNorm::take(weights, &name("layer_norm1"), eps, device)?,
            q: Linear::take(weights, &name("self_attn.q_proj"), device)?,
            k: Linear::take(weights, &name("self_attn.k_proj"), device)?,
            v: Linear::take(weights, &name("self_attn.v_proj"), device)?,
            out: Linear::take(weights, &name("self_attn.out_proj"), device)?,
            norm2: LayerNorm::take(weights, &name("layer_norm2"), eps, device)?,
            fc1: Linear::take(weights, &name("mlp.fc1"), device)?,
            fc2: Linear::take(weights, &name("mlp.fc2"), device)?,
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
pub(crate) struct Tower {
    config: VisionConfig,
    device: Device,
    patch: Linear,
    positions: Tensor,
    layers: Vec<Layer>,
    post_norm: LayerNorm,
}

impl Tower {
    /// Takes the tower's weights.
    pub(crate) fn take(weights: &mut Weights, config: &VisionConfig, device: &Device) -> Result<Self> {
        let eps = config.layer_norm_eps;
        let grid = config.image_size / config.patch_size;
        Ok(Self {
            config: config.clone(),
            device: device.clone(),
            patch: Linear::take(weights, "vision.embeddings.patch_embedding", device)?,
            positions: weights
                .tensor("vision.embeddings.position_embedding.weight")?
                .reshape((grid * grid, config.hidden_size))?
                .to_device(device)?,
            layers: (0..config.layers)
                .map(|i| Layer::take(weights, i, eps, device))
                .collect::<Result<_>>()?,
            post_norm: LayerNorm::take(weights, "vision.post_layernorm", eps, device)?,
        })
    }

    /// Last hidden state `[patches, D]` of a picture of the tower's own size.
    pub(crate) fn forward(&self, picture: &Picture, cancel: &Cancel) -> Result<Tensor> {
        let mut x = self.patch.forward(&self.patches(picture)?)?;
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
        Ok(Tensor::from_vec(flat, (grid * grid, 3 * p * p), &self.device)?)
    }
}

/// Average pool, norm, matrix.
#[derive(Debug)]
pub(crate) struct Projector {
    grid: usize,
    side: usize,
    norm: RmsNorm,
    matrix: Tensor,
}

impl Projector {
    /// Takes the projector's weights.
    pub(crate) fn take(
        weights: &mut Weights,
        config: &Config,
        vision: &VisionConfig,
        device: &Device,
    ) -> Result<Self> {
        Ok(Self {
            grid: vision.image_size / vision.patch_size,
            side: config.tokens_per_image.isqrt(),
            norm: RmsNorm::take(
                weights,
                "projector.mm_soft_emb_norm.weight",
                vision.layer_norm_eps,
                device,
            )?,
            // Held as [out, in], as all matrices are.
            matrix: weights
                .tensor("projector.mm_input_projection_weight")?
                .to_device(device)?,
        })
    }

    /// `[patches, Dv]` to `[tokens, D]`.
    pub(crate) fn forward(&self, hidden: &Tensor) -> Result<Tensor> {
        let width = hidden.dim(1)?;
        let kernel = self.grid / self.side;
        // What fills no pool is left out.
        let read = self.side * kernel;
        let pooled = hidden
            .reshape((self.grid, self.grid, width))?
            .narrow(0, 0, read)?
            .narrow(1, 0, read)?
            .contiguous()?
            .reshape((self.side, kernel, self.side, kernel, width))?
            .mean(3)?
            .mean(1)?
            .reshape((self.side * self.side, width))?;
        let normed = self.norm.forward(&pooled)?;
        linear(&normed, &self.matrix)
    }
}
