//! RMSNorm scales by name, so that an adapter's own stand in for them.

use crate::error::Result;
use crate::linear::Pass;
use crate::weights::Weights;

/// An RMSNorm scale, `1 + w`.
#[derive(Debug)]
pub(crate) struct Norm {
    name: String,
    scale: Vec<f32>,
}

impl Norm {
    /// Takes `NAME.weight`.
    pub(crate) fn take(weights: &mut Weights, name: &str) -> Result<Self> {
        Ok(Self {
            scale: weights.norm(&format!("{name}.weight"))?,
            name: name.to_owned(),
        })
    }

    /// Of a scale at hand.
    #[cfg(test)]
    pub(crate) fn new(name: &str, scale: Vec<f32>) -> Self {
        Self {
            scale,
            name: name.to_owned(),
        }
    }

    /// The scale, the adapter's where it has one.
    pub(crate) fn scale<'a>(&'a self, pass: Pass<'a>) -> &'a [f32] {
        pass.vector(&self.name, "weight").unwrap_or(&self.scale)
    }
}
