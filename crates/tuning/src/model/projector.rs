//! Average pool, norm, matrix, forward and backward.

use overread_kernels::dense::Real;

use crate::ops::Pass;
use crate::ops::linear::Linear;
use crate::ops::norm::RmsNorm;
use crate::parameters::Gradients;

/// From patches `[images * grid^2, Dv]` to tokens `[images * side^2, D]`.
#[derive(Debug)]
pub(crate) struct Projector {
    pub(crate) grid: usize,
    pub(crate) side: usize,
    pub(crate) norm: RmsNorm,
    pub(crate) matrix: Linear,
}

/// What the backward pass needs.
#[derive(Debug)]
pub(crate) struct ProjectorKept<T> {
    pooled: Vec<T>,
    normed: Vec<T>,
}

impl Projector {
    /// The token that a patch of an image is pooled into; what the last whole pool leaves over belongs to none.
    fn token(&self, patch: usize) -> Option<usize> {
        let kernel = self.grid / self.side;
        let (y, x) = (patch / self.grid / kernel, patch % self.grid / kernel);
        (y < self.side && x < self.side).then_some(y * self.side + x)
    }

    /// Patch row and token row, for all images.
    fn pairs(&self, patches: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let (per_image, tokens) = (self.grid * self.grid, self.side * self.side);
        (0..patches).filter_map(move |row| {
            let token = self.token(row % per_image)?;
            Some((row, row / per_image * tokens + token))
        })
    }

    /// Means of the patches of each token, `[tokens, Dv]`.
    pub(crate) fn pool<T: Real>(&self, hidden: &[T]) -> Vec<T> {
        let width = self.matrix.inputs;
        let patches = hidden.len() / width;
        let tokens = patches / (self.grid * self.grid) * self.side * self.side;
        let mut pooled = vec![T::ZERO; tokens * width];
        for (patch, token) in self.pairs(patches) {
            let into = &mut pooled[token * width..][..width];
            for (o, v) in into.iter_mut().zip(&hidden[patch * width..][..width]) {
                *o += *v * self.share();
            }
        }
        pooled
    }

    /// Adds the gradient of [`Self::pool`] to `into`.
    pub(crate) fn pool_backward<T: Real>(&self, by_pooled: &[T], into: &mut [T]) {
        let width = self.matrix.inputs;
        for (patch, token) in self.pairs(into.len() / width) {
            let from = &by_pooled[token * width..][..width];
            for (i, d) in into[patch * width..][..width].iter_mut().zip(from) {
                *i += *d * self.share();
            }
        }
    }

    fn share<T: Real>(&self) -> T {
        T::of(1.0 / (self.grid / self.side).pow(2) as f64)
    }

    /// What was pooled to tokens, `[tokens, D]`.
    pub(crate) fn forward<T: Real>(&self, pass: Pass<'_, T>, pooled: Vec<T>) -> (Vec<T>, ProjectorKept<T>) {
        let normed = self.norm.forward(pass, &pooled);
        let out = self.matrix.forward(pass, &normed);
        (out, ProjectorKept { pooled, normed })
    }

    /// The gradient by what was pooled.
    pub(crate) fn backward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        kept: &ProjectorKept<T>,
        dy: &[T],
        gradients: &mut Gradients<T>,
    ) -> Vec<T> {
        let mut by_normed = vec![T::ZERO; kept.normed.len()];
        self.matrix
            .backward(pass, &kept.normed, dy, Some(&mut by_normed), gradients);
        let mut by_pooled = vec![T::ZERO; kept.pooled.len()];
        self.norm
            .backward(pass, &kept.pooled, &by_normed, &mut by_pooled, gradients);
        by_pooled
    }
}
