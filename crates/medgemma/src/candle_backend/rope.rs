//! Rotary position embedding, rotate-half form, angles in float32 as the reference computes them.

use candle_core::{Device, Tensor};

use crate::error::Result;

/// cos and sin of a span of positions, `[T, d]` each, the halves repeated.
#[derive(Debug)]
pub(crate) struct Rotation {
    cos: Tensor,
    sin: Tensor,
}

impl Rotation {
    /// Angles p * theta^(-2i/d) / factor.
    pub(crate) fn new(
        positions: &[usize],
        head_dim: usize,
        theta: f64,
        factor: f64,
        device: &Device,
    ) -> Result<Self> {
        let half = head_dim / 2;
        let inverse: Vec<f32> = (0..half)
            .map(|i| (1.0 / theta.powf(2.0 * i as f64 / head_dim as f64) / factor) as f32)
            .collect();
        let angles: Vec<f32> = positions
            .iter()
            .flat_map(|p| {
                let row = inverse.iter().map(|f| *p as f32 * f);
                row.clone().chain(row).collect::<Vec<_>>()
            })
            .collect();
        let angles = Tensor::from_vec(angles, (positions.len(), head_dim), device)?;
        Ok(Self {
            cos: angles.cos()?,
            sin: angles.sin()?,
        })
    }

    /// Turns `[heads, T, d]`.
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let half = x.dim(2)? / 2;
        let (low, high) = (x.narrow(2, 0, half)?, x.narrow(2, half, half)?);
        let turned = Tensor::cat(&[&high.neg()?, &low], 2)?;
        Ok((x.broadcast_mul(&self.cos)? + turned.broadcast_mul(&self.sin)?)?)
    }
}
