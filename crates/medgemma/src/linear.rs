//! A linear map of a tower or decoder: packed weights, maybe a bias, and whatever an adapter adds at run time.

use overread_kernels::rows::gelu_tanh;
use overread_kernels::{Epilogue, Input, Kernels, Matrix, Stop};

use crate::adapted::Adapter;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::weights::Weights;

/// What every step of a forward pass needs to know. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass<'a> {
    pub(crate) kernels: Kernels,
    pub(crate) cancel: &'a Cancel,
    pub(crate) adapter: Option<&'a Adapter>,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(cancel: &'a Cancel, adapter: Option<&'a Adapter>) -> Self {
        Self {
            kernels: Kernels::best(),
            cancel,
            adapter,
        }
    }

    /// A vector that the adapter has in place of `NAME.PART`.
    pub(crate) fn vector(self, name: &str, part: &str) -> Option<&'a [f32]> {
        self.adapter.and_then(|adapter| adapter.vector(name, part))
    }

    /// The flag that kernels look at.
    pub(crate) fn stop(self) -> Stop<'a> {
        Stop::when(self.cancel.flag())
    }
}

/// What follows a product, after the bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Written as it is.
    Write,
    /// GELU, tanh form.
    Gelu,
    /// Added to what the output holds.
    Add,
}

/// `y = W x + b`, weights `[out, in]`.
#[derive(Debug)]
pub(crate) struct Linear {
    name: String,
    matrix: Matrix,
    bias: Option<Vec<f32>>,
}

impl Linear {
    /// Takes `NAME.weight`.
    pub(crate) fn take(weights: &mut Weights, name: &str) -> Result<Self> {
        Ok(Self {
            matrix: weights.matrix(&format!("{name}.weight"))?,
            bias: None,
            name: name.to_owned(),
        })
    }

    /// Takes `NAME.weight` and `NAME.bias`.
    pub(crate) fn take_with_bias(weights: &mut Weights, name: &str) -> Result<Self> {
        Ok(Self {
            bias: Some(weights.vector(&format!("{name}.bias"))?),
            ..Self::take(weights, name)?
        })
    }

    /// A map of weights that are at hand.
    pub(crate) fn new(name: &str, matrix: Matrix, bias: Option<Vec<f32>>) -> Self {
        Self {
            name: name.to_owned(),
            matrix,
            bias,
        }
    }

    /// Internal name, without `.weight`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Values that come out.
    pub(crate) fn width(&self) -> usize {
        self.matrix.rows()
    }

    /// The weights, before any adapter.
    pub(crate) fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// Bytes of the weights.
    pub(crate) fn bytes(&self) -> usize {
        self.matrix.bytes().len()
    }

    /// Applies the map to every row of the input; `out` is resized to `[rows, out]` unless it is added to.
    pub(crate) fn forward(&self, pass: Pass<'_>, input: &mut Input, out: &mut Vec<f32>, then: Then) {
        let rows = input.rows();
        if then != Then::Add {
            // What is there is overwritten: no need to clear it.
            out.resize(rows * self.width(), 0.0);
        }
        let change = pass.adapter.and_then(|adapter| adapter.change(&self.name));
        let bias = pass.vector(&self.name, "bias").or(self.bias.as_deref());
        let Some(change) = change else {
            let epilogue = match (bias, then) {
                (None, Then::Write) => Epilogue::None,
                (Some(bias), Then::Write) => Epilogue::Bias(bias),
                (Some(bias), Then::Gelu) => Epilogue::BiasGelu(bias),
                (Some(bias), Then::Add) => Epilogue::BiasAdd(bias),
                (None, Then::Gelu | Then::Add) => {
                    let mut plain = Vec::new();
                    self.forward(pass, input, &mut plain, Then::Write);
                    return finish(out, &plain, None, then);
                }
            };
            self.matrix
                .multiply(pass.kernels, input, out, epilogue, pass.stop());
            return;
        };
        let mut product = vec![0.0; rows * self.width()];
        change.multiply(pass, &self.matrix, input, &mut product);
        finish(out, &product, bias, then);
    }
}

/// Bias and activation outside the kernels.
fn finish(out: &mut [f32], product: &[f32], bias: Option<&[f32]>, then: Then) {
    let width = bias.map_or(1, <[f32]>::len);
    for (i, (o, v)) in out.iter_mut().zip(product).enumerate() {
        let v = v + bias.map_or(0.0, |b| b[i % width]);
        *o = match then {
            Then::Write => v,
            Then::Gelu => gelu_tanh(v),
            Then::Add => *o + v,
        };
    }
}
