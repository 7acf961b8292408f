//! Patches, encoder layers, projector.

use overread_kernels::Input;
use overread_kernels::attention::Precision as Arithmetic;
use overread_kernels::rows::rms_norm;

use crate::config::{Config, VisionConfig};
use crate::error::Result;
use crate::image::Picture;
use crate::linear::{Linear, Pass, Then};
use crate::norm::Norm;
use crate::vision::encoder::{EncoderLayer, LayerNorm, encode};
use crate::weights::Weights;

/// The tower.
#[derive(Debug)]
pub struct Tower {
    config: VisionConfig,
    arithmetic: Arithmetic,
    patch: Linear,
    positions: Vec<f32>,
    layers: Vec<EncoderLayer>,
    post_norm: LayerNorm,
}

impl Tower {
    /// Takes the tower's weights.
    pub(crate) fn take(weights: &mut Weights, config: &VisionConfig, arithmetic: Arithmetic) -> Result<Self> {
        Ok(Self {
            config: config.clone(),
            arithmetic,
            patch: Linear::take_with_bias(weights, "vision.embeddings.patch_embedding")?,
            positions: weights.vector("vision.embeddings.position_embedding.weight")?,
            layers: (0..config.layers)
                .map(|i| {
                    EncoderLayer::take(
                        weights,
                        &format!("vision.encoder.layers.{i}"),
                        config.layer_norm_eps,
                    )
                })
                .collect::<Result<_>>()?,
            post_norm: LayerNorm::take(weights, "vision.post_layernorm", config.layer_norm_eps)?,
        })
    }

    /// Last hidden state `[patches, D]` of a picture, resized to the tower's own size where it is not.
    pub(crate) fn forward(
        &self,
        pass: Pass<'_>,
        picture: &Picture,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<f32>> {
        let values = picture.resized(self.config.image_size).normalised();
        self.forward_values(pass, &values, progress)
    }

    /// The same for normalised values of a picture of the tower's own size, planar `[3, H, W]`.
    pub(crate) fn forward_values(
        &self,
        pass: Pass<'_>,
        values: &[f32],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<f32>> {
        let mut input = Input::default();
        self.patches(values, &mut input);
        let replaced = pass.vector("vision.embeddings.position_embedding", "weight");
        let mut x = replaced.map_or_else(|| self.positions.clone(), <[f32]>::to_vec);
        self.patch.forward(pass, &mut input, &mut x, Then::Add);
        pass.cancel.check()?;
        encode(
            pass,
            &self.layers,
            &mut x,
            self.config.heads,
            self.arithmetic,
            progress,
        )?;
        let mut out = vec![0.0; x.len()];
        self.post_norm.forward(pass, &x, &mut out);
        Ok(out)
    }

    /// All its maps, for adapters.
    pub(crate) fn linears(&self) -> impl Iterator<Item = &Linear> {
        std::iter::once(&self.patch).chain(self.layers.iter().flat_map(EncoderLayer::linears))
    }

    /// Patches row by row, each as the convolution reads it: channel, row, column.
    fn patches(&self, values: &[f32], input: &mut Input) {
        let (side, p) = (self.config.image_size, self.config.patch_size);
        let grid = side / p;
        let flat = input.fill(grid * grid, 3 * p * p);
        for (i, run) in flat.chunks_exact_mut(p).enumerate() {
            let (patch, rest) = (i / (3 * p), i % (3 * p));
            let (gy, gx, channel, y) = (patch / grid, patch % grid, rest / p, rest % p);
            let start = channel * side * side + (gy * p + y) * side + gx * p;
            run.copy_from_slice(&values[start..start + p]);
        }
    }
}

/// Average pool, norm, matrix.
#[derive(Debug)]
pub struct Projector {
    grid: usize,
    side: usize,
    norm: Norm,
    eps: f32,
    matrix: Linear,
}

impl Projector {
    /// Takes the projector's weights.
    pub(crate) fn take(weights: &mut Weights, config: &Config, vision: &VisionConfig) -> Result<Self> {
        Ok(Self {
            grid: vision.image_size / vision.patch_size,
            side: config.tokens_per_image.isqrt(),
            norm: Norm::take(weights, "projector.mm_soft_emb_norm")?,
            eps: vision.layer_norm_eps as f32,
            matrix: Linear::new(
                "projector.mm_input_projection",
                weights.transposed("projector.mm_input_projection_weight")?,
                None,
            ),
        })
    }

    /// Its map, for adapters.
    pub(crate) fn linear(&self) -> &Linear {
        &self.matrix
    }

    /// `[patches, Dv]` to `[tokens, D]`.
    pub(crate) fn forward(&self, pass: Pass<'_>, hidden: &[f32]) -> Result<Vec<f32>> {
        let norm = self.norm.scale(pass);
        let (width, kernel) = (norm.len(), self.grid / self.side);
        let tokens = self.side * self.side;
        let mut pooled = vec![0.0; tokens * width];
        for (patch, row) in hidden.chunks_exact(width).enumerate() {
            let (y, x) = (patch / self.grid / kernel, patch % self.grid / kernel);
            if y >= self.side || x >= self.side {
                // Less than a pool.
                continue;
            }
            let into = &mut pooled[(y * self.side + x) * width..][..width];
            for (o, v) in into.iter_mut().zip(row) {
                *o += v;
            }
        }
        let share = 1.0 / (kernel * kernel) as f32;
        for v in &mut pooled {
            *v *= share;
        }
        let mut input = Input::default();
        rms_norm(pass.kernels, &pooled, norm, self.eps, input.fill(tokens, width));
        let mut out = Vec::new();
        self.matrix.forward(pass, &mut input, &mut out, Then::Write);
        pass.cancel.check()?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Cancel;
    use overread_kernels::{Format, Matrix};

    #[test]
    fn patches_that_fill_no_pool_are_left_out() {
        let one = Matrix::pack(Format::F32, 2, 2, |row, out: &mut [f32]| {
            out.iter_mut()
                .enumerate()
                .for_each(|(i, o)| *o = f32::from(u8::from(i == row)));
        });
        let projector = Projector {
            grid: 5,
            side: 2,
            norm: Norm::new("projector.mm_soft_emb_norm", vec![1.0; 2]),
            eps: 0.0,
            matrix: Linear::new("projector.mm_input_projection", one, None),
        };
        // The second number says the row; the fifth row and column would spoil every mean.
        let hidden: Vec<f32> = (0..25)
            .flat_map(|i| {
                if i / 5 == 4 || i % 5 == 4 {
                    [1e6, -1e6]
                } else {
                    [1.0, (i / 5) as f32]
                }
            })
            .collect();
        let cancel = Cancel::default();
        let out = projector
            .forward(Pass::new(&cancel, None), &hidden)
            .expect("projects");
        for (token, row) in out.chunks(2).enumerate() {
            let mean = [0.5, 0.5, 2.5, 2.5][token];
            assert!((row[1] / row[0] - mean).abs() < 1e-6, "{token}: {row:?}");
        }
    }
}
