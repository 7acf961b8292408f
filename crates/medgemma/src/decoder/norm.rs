//! RMSNorm with (1 + w), all in float32.

use candle_core::Tensor;

use crate::error::Result;
use crate::weights::Weights;

/// x / sqrt(mean(x^2) + eps) * (1 + w) over the last dimension.
#[derive(Debug)]
pub(crate) struct RmsNorm {
    scale: Tensor,
    eps: f64,
}

impl RmsNorm {
    pub(crate) fn take(weights: &mut Weights, name: &str, eps: f64) -> Result<Self> {
        Ok(Self {
            scale: Tensor::new(weights.norm(name)?, &candle_core::Device::Cpu)?,
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
