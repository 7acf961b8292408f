//! A linear map of a tower or decoder: packed weights, maybe a bias, and whatever an adapter adds at run time.

use overread_kernels::input::{BLOCK, Wanted};
use overread_kernels::rows::gelu_tanh;
use overread_kernels::{Epilogue, Input, Kernels, Matrix, Stop};

use crate::adapted::Adapter;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::weights::{Precision, Weights};

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
    /// Activations are rounded to bytes twice, the second time what the first has left over.
    refined: bool,
}

impl Linear {
    /// Takes `NAME.weight`.
    pub(crate) fn take(weights: &mut Weights, name: &str) -> Result<Self> {
        Ok(Self {
            refined: weights.precision == Precision::Q8_0,
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
            refined: false,
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

    /// Applies the map to every row of the input; `out` is resized to `[rows, out]` unless it is added to.
    pub(crate) fn forward(&self, pass: Pass<'_>, input: &mut Input, out: &mut Vec<f32>, then: Then) {
        let rows = input.rows();
        if then != Then::Add {
            // What is there is overwritten: no need to clear it.
            out.resize(rows * self.width(), 0.0);
        }
        let refined = self.refined && self.matrix.wanted(pass.kernels) == Wanted::Int8;
        let change = pass.adapter.and_then(|adapter| adapter.change(&self.name));
        let bias = pass.vector(&self.name, "bias").or(self.bias.as_deref());
        if refined && change.is_none() {
            return self.forward_refined(pass, input, out, then);
        }
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

/// Rows of a refined product at a time.
const REFINED_ROWS: usize = 512;

impl Linear {
    /// The product with activations of about 15 bits: each row is followed by what rounding it to bytes has left over,
    /// and the two products are added. The weights are read once.
    fn forward_refined(&self, pass: Pass<'_>, input: &Input, out: &mut [f32], then: Then) {
        let (k, n) = (input.width(), self.width());
        let (mut doubled, mut product, mut both) = (Input::default(), Vec::new(), Vec::new());
        for (x, out) in input
            .values()
            .chunks(REFINED_ROWS * k)
            .zip(out.chunks_mut(REFINED_ROWS * n))
        {
            both.clear();
            both.extend_from_slice(x);
            both.extend(x.chunks(k).flat_map(|row| row.chunks(BLOCK)).flat_map(left_over));
            let rows = x.len() / k;
            doubled.load(&both, 2 * rows, k);
            product.resize(2 * rows * n, 0.0);
            self.matrix.multiply(
                pass.kernels,
                &mut doubled,
                &mut product,
                Epilogue::None,
                pass.stop(),
            );
            let (coarse, fine) = product.split_at_mut(rows * n);
            for (c, f) in coarse.iter_mut().zip(fine) {
                *c += *f;
            }
            finish(out, coarse, self.bias.as_deref(), then);
        }
    }
}

/// What [`Input`] loses of a block when it rounds it to bytes.
fn left_over(block: &[f32]) -> impl Iterator<Item = f32> {
    let largest = block.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    let scale = largest / 127.0;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    block
        .iter()
        .map(move |v| v - (v * inverse).round_ties_even() * scale)
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

#[cfg(test)]
mod tests {
    use super::*;
    use overread_kernels::Format;

    #[test]
    fn refined_products_are_nearly_those_of_the_weights() {
        let (m, n, k) = (5, 19, 75);
        let number = |i: usize| {
            ((i * 7919 % 1009) as f32 / 504.5 - 1.0) * if i.is_multiple_of(31) { 9.0 } else { 1.0 }
        };
        let matrix = Matrix::pack(Format::Q8_0, n, k, |r, row| {
            for (c, v) in row.iter_mut().enumerate() {
                *v = number(r * k + c);
            }
        });
        let x: Vec<f32> = (0..m * k).map(|i| number(i + 12_345)).collect();
        let mut exact = Vec::new();
        let mut row = vec![0.0; k];
        for x in x.chunks(k) {
            for r in 0..n {
                matrix.row(r, &mut row);
                exact.push(x.iter().zip(&row).map(|(a, b)| f64::from(a * b)).sum::<f64>());
            }
        }
        let mut worst = [0.0_f64; 2];
        for kernels in Kernels::all() {
            let cancel = Cancel::default();
            let pass = Pass {
                kernels,
                cancel: &cancel,
                adapter: None,
            };
            for refined in [false, true] {
                let mut linear = Linear::new("l", matrix.clone(), None);
                linear.refined = refined;
                let mut input = Input::default();
                input.load(&x, m, k);
                let mut out = Vec::new();
                linear.forward(pass, &mut input, &mut out, Then::Write);
                for (a, b) in out.iter().zip(&exact) {
                    let off = (f64::from(*a) - b).abs();
                    worst[usize::from(refined)] = worst[usize::from(refined)].max(off);
                }
            }
        }
        assert!(worst[1] < 2e-3 && worst[1] < worst[0] / 50.0, "{worst:?}");
    }
}
