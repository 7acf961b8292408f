//! RMSNorm (Zhang and Sennrich 2019) with a scale, and LayerNorm (Ba et al. 2016) with weight and bias.

use overread_kernels::dense::Real;

use super::{Pass, dot};
use crate::parameters::{Gradients, Id};

/// `y = x / sqrt(mean(x^2) + eps) * scale`, row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RmsNorm {
    pub(crate) scale: Id,
    pub(crate) eps: f64,
}

impl RmsNorm {
    /// 1 / sqrt(mean(x^2) + eps) of a row.
    fn factor<T: Real>(&self, row: &[T]) -> T {
        T::ONE / (dot(row, row) / T::of(row.len() as f64) + T::of(self.eps)).sqrt()
    }

    pub(crate) fn forward<T: Real>(&self, pass: Pass<'_, T>, x: &[T]) -> Vec<T> {
        let scale = pass.parameters.values(self.scale);
        let mut out = vec![T::ZERO; x.len()];
        for (row, out) in x.chunks_exact(scale.len()).zip(out.chunks_exact_mut(scale.len())) {
            let factor = self.factor(row);
            for ((o, v), s) in out.iter_mut().zip(row).zip(scale) {
                *o = *v * factor * *s;
            }
        }
        out
    }

    /// Adds the gradient by `x` to `into`.
    pub(crate) fn backward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        x: &[T],
        dy: &[T],
        into: &mut [T],
        gradients: &mut Gradients<T>,
    ) {
        let scale = pass.parameters.values(self.scale);
        let width = scale.len();
        let mut by_scale = gradients.get_mut(self.scale);
        let mut turned = vec![T::ZERO; width];
        for ((row, dy), into) in x
            .chunks_exact(width)
            .zip(dy.chunks_exact(width))
            .zip(into.chunks_exact_mut(width))
        {
            let factor = self.factor(row);
            for ((t, d), s) in turned.iter_mut().zip(dy).zip(scale) {
                *t = *d * *s;
            }
            let share = dot(&turned, row) * factor * factor * factor / T::of(width as f64);
            for ((i, t), v) in into.iter_mut().zip(&turned).zip(row) {
                *i += *t * factor - *v * share;
            }
            if let Some(by_scale) = by_scale.as_deref_mut() {
                for ((g, d), v) in by_scale.iter_mut().zip(dy).zip(row) {
                    *g += *d * *v * factor;
                }
            }
        }
    }
}

/// `y = (x - mean) / sqrt(variance + eps) * weight + bias`, row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNorm {
    pub(crate) weight: Id,
    pub(crate) bias: Id,
    pub(crate) eps: f64,
}

impl LayerNorm {
    /// Mean and 1 / sqrt(variance + eps).
    fn moments<T: Real>(&self, row: &[T]) -> (T, T) {
        let n = T::of(row.len() as f64);
        let mean = row.iter().copied().sum::<T>() / n;
        let variance = row.iter().map(|v| (*v - mean) * (*v - mean)).sum::<T>() / n;
        (mean, T::ONE / (variance + T::of(self.eps)).sqrt())
    }

    pub(crate) fn forward<T: Real>(&self, pass: Pass<'_, T>, x: &[T]) -> Vec<T> {
        let weight = pass.parameters.values(self.weight);
        let bias = pass.parameters.values(self.bias);
        let width = weight.len();
        let mut out = vec![T::ZERO; x.len()];
        for (row, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let (mean, factor) = self.moments(row);
            for (((o, v), w), b) in out.iter_mut().zip(row).zip(weight).zip(bias) {
                *o = (*v - mean) * factor * *w + *b;
            }
        }
        out
    }

    /// Adds the gradient by `x` to `into`.
    pub(crate) fn backward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        x: &[T],
        dy: &[T],
        into: &mut [T],
        gradients: &mut Gradients<T>,
    ) {
        let weight = pass.parameters.values(self.weight);
        let width = weight.len();
        let n = T::of(width as f64);
        let (mut turned, mut even) = (vec![T::ZERO; width], vec![T::ZERO; width]);
        let (mut by_weight, mut by_bias) = (vec![T::ZERO; width], vec![T::ZERO; width]);
        for ((row, dy), into) in x
            .chunks_exact(width)
            .zip(dy.chunks_exact(width))
            .zip(into.chunks_exact_mut(width))
        {
            let (mean, factor) = self.moments(row);
            for i in 0..width {
                turned[i] = dy[i] * weight[i];
                even[i] = (row[i] - mean) * factor;
                by_weight[i] += dy[i] * even[i];
                by_bias[i] += dy[i];
            }
            let level = turned.iter().copied().sum::<T>() / n;
            let slope = dot(&turned, &even) / n;
            for i in 0..width {
                into[i] += (turned[i] - level - even[i] * slope) * factor;
            }
        }
        for (id, sums) in [(self.weight, by_weight), (self.bias, by_bias)] {
            if let Some(gradient) = gradients.get_mut(id) {
                super::add(gradient, &sums);
            }
        }
    }
}
