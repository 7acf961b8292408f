//! RMSNorm, all in float32.

use candle_core::{Device, Tensor};

use crate::error::Result;
use crate::weights::Weights;

/// x / sqrt(mean(x^2) + eps) * scale over the last dimension, the scale holding the (1 + w).
#[derive(Debug)]
pub(crate) struct RmsNorm {
    scale: Tensor,
    eps: f64,
}

impl RmsNorm {
    pub(crate) fn take(weights: &mut Weights, name: &str, eps: f64, device: &Device) -> Result<Self> {
        Ok(Self {
            scale: Tensor::new(weights.norm(name)?, device)?,
            eps,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let last = x.rank() - 1;
        let mean = x.sqr()?.mean_keepdim(last)?;
        Ok(x.broadcast_div(&(mean + self.eps)?.sqrt()?)?
            .broadcast_mul(&self.scale)?)
    }
}
