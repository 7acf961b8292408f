//! `y = W x + b`, with a low-rank pair beside it where one is learned (Hu et al. 2021, arXiv 2106.09685).

use overread_kernels::Matrix;
use overread_kernels::dense::{Real, View, multiply};
use rayon::prelude::*;

use super::Pass;
use crate::parameters::{Gradients, Id};

/// Rows of a packed matrix that are opened at once.
pub(crate) const ROWS: usize = 512;
/// Rows of a strip, which are opened together.
const STRIP: usize = overread_kernels::STRIP;

/// The weights `[out, in]`.
#[derive(Debug)]
pub(crate) enum Weight {
    /// Plain numbers, learned or not.
    Plain(Id),
    /// Packed, in any format of the engine, and not learned: the gradient goes through the opened rows.
    Packed(Matrix),
}

/// `W + scale * B A`, A `[r, in]`, B `[out, r]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) a: Id,
    pub(crate) b: Id,
    pub(crate) rank: usize,
    pub(crate) scale: f64,
    /// Share of the inputs of A that is left out while learning.
    pub(crate) dropout: f64,
    /// Tells the draws of one pair from those of another.
    pub(crate) key: u64,
}

/// A linear map.
#[derive(Debug)]
pub(crate) struct Linear {
    /// Internal name, without `.weight`.
    pub(crate) name: String,
    /// in.
    pub(crate) inputs: usize,
    /// out.
    pub(crate) outputs: usize,
    pub(crate) weight: Weight,
    pub(crate) bias: Option<Id>,
    pub(crate) pair: Option<Pair>,
}

impl Linear {
    /// `[rows, in]` to `[rows, out]`.
    pub(crate) fn forward<T: Real>(&self, pass: Pass<'_, T>, x: &[T]) -> Vec<T> {
        let (k, n) = (self.inputs, self.outputs);
        let rows = x.len() / k;
        let mut out = vec![T::ZERO; rows * n];
        let mut keep = T::ZERO;
        if let Some(bias) = self.bias {
            let bias = pass.parameters.values(bias);
            out.chunks_exact_mut(n).for_each(|row| row.copy_from_slice(bias));
            keep = T::ONE;
        }
        self.blocks(pass, |first, count, w| {
            let w = View::rows(w, k).transposed();
            multiply(
                [rows, count, k],
                &mut out[first..],
                n,
                keep,
                View::rows(x, k),
                w,
                T::ONE,
                pass.threads,
            );
        });
        if let Some(pair) = &self.pair {
            let dropped = pair.dropped(pass, x);
            let low = pair.low(pass, dropped.as_deref().unwrap_or(x), k);
            let b = View::rows(pass.parameters.values(pair.b), pair.rank).transposed();
            let (shape, low) = ([rows, n, pair.rank], View::rows(&low, pair.rank));
            add_product(pass, shape, &mut out, low, b, T::of(pair.scale));
        }
        out
    }

    /// Adds the gradient by `x` to `into`, unless nothing before it is learned.
    pub(crate) fn backward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        x: &[T],
        dy: &[T],
        into: Option<&mut [T]>,
        gradients: &mut Gradients<T>,
    ) {
        let (k, n) = (self.inputs, self.outputs);
        let rows = x.len() / k;
        if let Some(by_bias) = self.bias.and_then(|bias| gradients.get_mut(bias)) {
            dy.chunks_exact(n).for_each(|row| super::add(by_bias, row));
        }
        if let Weight::Plain(id) = self.weight
            && let Some(by_weight) = gradients.get_mut(id)
        {
            let dy = View::rows(dy, n).transposed();
            add_product(pass, [n, k, rows], by_weight, dy, View::rows(x, k), T::ONE);
        }
        let mut into = into;
        if let Some(into) = into.as_deref_mut() {
            self.blocks(pass, |first, count, w| {
                let dy = View::rows(&dy[first..], n);
                add_product(pass, [rows, k, count], into, dy, View::rows(w, k), T::ONE);
            });
        }
        if let Some(pair) = &self.pair {
            pair.backward(pass, x, dy, into, [k, n], gradients);
        }
    }

    /// Hands the weights over: all of them, or opened a block of rows at a time (first row, rows, `[rows, in]`).
    fn blocks<T: Real>(&self, pass: Pass<'_, T>, mut each: impl FnMut(usize, usize, &[T])) {
        match &self.weight {
            Weight::Plain(id) => each(0, self.outputs, pass.parameters.values(*id)),
            Weight::Packed(matrix) => {
                let mut opened = Vec::new();
                for first in (0..self.outputs).step_by(ROWS) {
                    let count = ROWS.min(self.outputs - first);
                    open(matrix, first, count, &mut opened, pass.threads);
                    each(first, count, &opened);
                }
            }
        }
    }
}

/// `into += scale * a b`, `into` as wide as the product.
fn add_product<T: Real>(
    pass: Pass<'_, T>,
    shape: [usize; 3],
    into: &mut [T],
    a: View<'_, T>,
    b: View<'_, T>,
    scale: T,
) {
    multiply(shape, into, shape[1], T::ONE, a, b, scale, pass.threads);
}

/// `scale * a b`, `[m, n]` of a shape `[m, n, k]`.
fn product<T: Real>(
    pass: Pass<'_, T>,
    shape: [usize; 3],
    a: View<'_, T>,
    b: View<'_, T>,
    scale: T,
) -> Vec<T> {
    let mut out = vec![T::ZERO; shape[0] * shape[1]];
    multiply(shape, &mut out, shape[1], T::ZERO, a, b, scale, pass.threads);
    out
}

/// Rows of a packed matrix as plain numbers; `first` is the first row of a strip.
fn open<T: Real>(matrix: &Matrix, first: usize, count: usize, out: &mut Vec<T>, threads: usize) {
    let width = matrix.columns();
    out.resize(count * width, T::ZERO);
    let one = |row: &mut Vec<f32>, (i, out): (usize, &mut [T])| {
        row.resize(out.len(), 0.0);
        matrix.strip_rows(first / STRIP + i, row);
        out.iter_mut().zip(row).for_each(|(o, v)| *o = T::of_single(*v));
    };
    if threads > 1 {
        out.par_chunks_mut(STRIP * width)
            .enumerate()
            .for_each_init(Vec::new, one);
    } else {
        let mut row = Vec::new();
        let strips = out.chunks_mut(STRIP * width).enumerate();
        strips.for_each(|strip| one(&mut row, strip));
    }
}

impl Pair {
    /// `x A^T`, `[rows, r]`.
    fn low<T: Real>(&self, pass: Pass<'_, T>, x: &[T], k: usize) -> Vec<T> {
        let rows = x.len() / k;
        let a = View::rows(pass.parameters.values(self.a), k).transposed();
        product(pass, [rows, self.rank, k], View::rows(x, k), a, T::ONE)
    }

    /// The inputs with some left out and the others made larger; `None` where none are.
    fn dropped<T: Real>(&self, pass: Pass<'_, T>, x: &[T]) -> Option<Vec<T>> {
        let mut out = x.to_vec();
        self.drop(pass, &mut out).then_some(out)
    }

    /// The same in place, which is also the gradient's way. False where nothing is left out.
    fn drop<T: Real>(&self, pass: Pass<'_, T>, x: &mut [T]) -> bool {
        let Some(draw) = pass.draw.filter(|_| self.dropout > 0.0) else {
            return false;
        };
        let draw = draw.of(self.key);
        let grown = T::of(1.0 / (1.0 - self.dropout));
        for (i, v) in x.iter_mut().enumerate() {
            *v = if draw.unit(i as u64) < self.dropout {
                T::ZERO
            } else {
                *v * grown
            };
        }
        true
    }

    fn backward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        x: &[T],
        dy: &[T],
        into: Option<&mut [T]>,
        [k, n]: [usize; 2],
        gradients: &mut Gradients<T>,
    ) {
        let (rows, r, scale) = (x.len() / k, self.rank, T::of(self.scale));
        let dropped = self.dropped(pass, x);
        let seen = dropped.as_deref().unwrap_or(x);
        let low = self.low(pass, seen, k);
        let dy_view = View::rows(dy, n);
        if let Some(by_b) = gradients.get_mut(self.b) {
            let low = View::rows(&low, r);
            add_product(pass, [n, r, rows], by_b, dy_view.transposed(), low, scale);
        }
        let b = View::rows(pass.parameters.values(self.b), r);
        let by_low = product(pass, [rows, r, n], dy_view, b, scale);
        if let Some(by_a) = gradients.get_mut(self.a) {
            let by_low = View::rows(&by_low, r).transposed();
            add_product(pass, [r, k, rows], by_a, by_low, View::rows(seen, k), T::ONE);
        }
        let Some(into) = into else { return };
        let a = View::rows(pass.parameters.values(self.a), k);
        let mut by_x = product(pass, [rows, k, r], View::rows(&by_low, r), a, T::ONE);
        self.drop(pass, &mut by_x);
        super::add(into, &by_x);
    }
}
