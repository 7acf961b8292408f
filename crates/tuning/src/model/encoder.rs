//! The SigLIP tower, forward and backward.

use std::ops::Range;

use overread_kernels::dense::Real;

use crate::ops::activation::{gelu, gelu_slope};
use crate::ops::attention::{Heads, Qkv, Sight, attend, attend_backward};
use crate::ops::linear::Linear;
use crate::ops::norm::LayerNorm;
use crate::ops::{Pass, add};
use crate::parameters::{Gradients, Id};

/// x += out(attention(norm1(x))); x += fc2(gelu(fc1(norm2(x)))).
#[derive(Debug)]
pub(crate) struct EncoderLayer {
    pub(crate) norm1: LayerNorm,
    pub(crate) q: Linear,
    pub(crate) k: Linear,
    pub(crate) v: Linear,
    pub(crate) out: Linear,
    pub(crate) norm2: LayerNorm,
    pub(crate) fc1: Linear,
    pub(crate) fc2: Linear,
}

/// What a layer's backward pass needs.
#[derive(Debug)]
struct Kept<T> {
    u: Vec<T>,
    q: Vec<T>,
    k: Vec<T>,
    v: Vec<T>,
    attended: Vec<T>,
    middle: Vec<T>,
    u2: Vec<T>,
    wide: Vec<T>,
}

impl EncoderLayer {
    /// The maps that a pair can stand beside, in the order of the pass.
    pub(crate) fn linears(&self) -> [&Linear; 6] {
        [&self.q, &self.k, &self.v, &self.out, &self.fc1, &self.fc2]
    }

    /// The same, to be changed.
    pub(crate) fn linears_mut(&mut self) -> [&mut Linear; 6] {
        [
            &mut self.q,
            &mut self.k,
            &mut self.v,
            &mut self.out,
            &mut self.fc1,
            &mut self.fc2,
        ]
    }

    fn forward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        x: &[T],
        heads: Heads,
        sight: Sight<'_>,
    ) -> (Vec<T>, Kept<T>) {
        let u = self.norm1.forward(pass, x);
        let (q, k, v) = (
            self.q.forward(pass, &u),
            self.k.forward(pass, &u),
            self.v.forward(pass, &u),
        );
        let qkv = Qkv { q: &q, k: &k, v: &v };
        let attended = attend(heads, qkv, sight, pass.threads);
        let mut middle = self.out.forward(pass, &attended);
        add(&mut middle, x);
        let u2 = self.norm2.forward(pass, &middle);
        let wide = self.fc1.forward(pass, &u2);
        let active: Vec<T> = wide.iter().map(|z| gelu(*z)).collect();
        let mut y = self.fc2.forward(pass, &active);
        add(&mut y, &middle);
        let kept = Kept {
            u,
            q,
            k,
            v,
            attended,
            middle,
            u2,
            wide,
        };
        (y, kept)
    }

    /// The gradient by `x`.
    fn backward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        x: &[T],
        kept: &Kept<T>,
        dy: Vec<T>,
        heads: Heads,
        sight: Sight<'_>,
        gradients: &mut Gradients<T>,
    ) -> Vec<T> {
        let active: Vec<T> = kept.wide.iter().map(|z| gelu(*z)).collect();
        let mut by_wide = vec![T::ZERO; active.len()];
        self.fc2
            .backward(pass, &active, &dy, Some(&mut by_wide), gradients);
        for (d, z) in by_wide.iter_mut().zip(&kept.wide) {
            *d *= gelu_slope(*z);
        }
        let mut by_u2 = vec![T::ZERO; kept.u2.len()];
        self.fc1
            .backward(pass, &kept.u2, &by_wide, Some(&mut by_u2), gradients);
        let mut by_middle = dy;
        self.norm2
            .backward(pass, &kept.middle, &by_u2, &mut by_middle, gradients);
        let mut by_attended = vec![T::ZERO; kept.attended.len()];
        self.out.backward(
            pass,
            &kept.attended,
            &by_middle,
            Some(&mut by_attended),
            gradients,
        );
        let qkv = Qkv {
            q: &kept.q,
            k: &kept.k,
            v: &kept.v,
        };
        let [dq, dk, dv] = attend_backward(heads, qkv, sight, &kept.attended, &by_attended, pass.threads);
        let mut by_u = by_u2;
        by_u.fill(T::ZERO);
        for (linear, d) in [(&self.q, &dq), (&self.k, &dk), (&self.v, &dv)] {
            linear.backward(pass, &kept.u, d, Some(&mut by_u), gradients);
        }
        self.norm1.backward(pass, x, &by_u, &mut by_middle, gradients);
        by_middle
    }
}

/// Patches, positions, layers, last norm.
#[derive(Debug)]
pub(crate) struct Tower {
    pub(crate) patch: Linear,
    pub(crate) positions: Id,
    pub(crate) layers: Vec<EncoderLayer>,
    pub(crate) post_norm: LayerNorm,
    pub(crate) heads: Heads,
    pub(crate) image_size: usize,
    pub(crate) patch_size: usize,
    /// Something in it is learned.
    pub(crate) learned: bool,
    /// Only what goes into each layer is kept; the rest is computed again on the way back.
    pub(crate) recompute: bool,
}

/// What the tower's backward pass needs.
#[derive(Debug)]
pub(crate) struct TowerKept<T> {
    flat: Vec<T>,
    inputs: Vec<Vec<T>>,
    layers: Vec<Option<Kept<T>>>,
    last: Vec<T>,
    patches: Vec<Vec<usize>>,
}

/// A picture, `[3, side, side]`, and which of its patches are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look<'a> {
    pub(crate) picture: &'a [f32],
    /// `None`: all.
    pub(crate) patches: Option<&'a [usize]>,
}

impl Tower {
    /// Patches of an image.
    pub(crate) fn patches(&self) -> usize {
        (self.image_size / self.patch_size).pow(2)
    }

    /// The last hidden states of the patches looked at, `[patches, Dv]`, picture after picture.
    pub(crate) fn forward<T: Real>(&self, pass: Pass<'_, T>, looks: &[Look<'_>]) -> (Vec<T>, TowerKept<T>) {
        let all: Vec<usize> = (0..self.patches()).collect();
        let patches: Vec<Vec<usize>> = looks
            .iter()
            .map(|look| look.patches.unwrap_or(&all).to_vec())
            .collect();
        let flat: Vec<T> = looks
            .iter()
            .zip(&patches)
            .flat_map(|(look, patches)| self.flat(look.picture, patches))
            .collect();
        let mut x = self.patch.forward(pass, &flat);
        let width = self.patch.outputs;
        let positions = pass.parameters.values(self.positions);
        for (row, patch) in x.chunks_exact_mut(width).zip(patches.iter().flatten()) {
            add(row, &positions[patch * width..][..width]);
        }
        let (sequences, sees) = sight(&patches);
        let sight = Sight {
            sequences: &sequences,
            sees: &sees,
        };
        let (mut inputs, mut layers) = (Vec::new(), Vec::new());
        for layer in &self.layers {
            let (y, kept) = layer.forward(pass, &x, self.heads, sight);
            let before = std::mem::replace(&mut x, y);
            if self.learned {
                inputs.push(before);
                layers.push((!self.recompute).then_some(kept));
            }
        }
        let out = self.post_norm.forward(pass, &x);
        let kept = TowerKept {
            flat,
            inputs,
            layers,
            last: x,
            patches,
        };
        (out, kept)
    }

    pub(crate) fn backward<T: Real>(
        &self,
        pass: Pass<'_, T>,
        kept: TowerKept<T>,
        dy: &[T],
        gradients: &mut Gradients<T>,
    ) {
        let (sequences, sees) = sight(&kept.patches);
        let sight = Sight {
            sequences: &sequences,
            sees: &sees,
        };
        let mut by_x = vec![T::ZERO; kept.last.len()];
        self.post_norm
            .backward(pass, &kept.last, dy, &mut by_x, gradients);
        for ((layer, x), kept) in self.layers.iter().zip(&kept.inputs).zip(kept.layers).rev() {
            let kept = kept.unwrap_or_else(|| layer.forward(pass, x, self.heads, sight).1);
            by_x = layer.backward(pass, x, &kept, by_x, self.heads, sight, gradients);
        }
        if let Some(by_positions) = gradients.get_mut(self.positions) {
            let width = self.patch.outputs;
            for (row, patch) in by_x.chunks_exact(width).zip(kept.patches.iter().flatten()) {
                add(&mut by_positions[patch * width..][..width], row);
            }
        }
        self.patch.backward(pass, &kept.flat, &by_x, None, gradients);
    }

    /// Patches, each as the convolution reads it: channel, row, column.
    fn flat<T: Real>(&self, image: &[f32], patches: &[usize]) -> Vec<T> {
        let (side, p) = (self.image_size, self.patch_size);
        let grid = side / p;
        let mut flat = Vec::with_capacity(patches.len() * 3 * p * p);
        for patch in patches {
            let (top, left) = (patch / grid * p, patch % grid * p);
            for run in 0..3 * p {
                let (channel, y) = (run / p, run % p);
                let start = channel * side * side + (top + y) * side + left;
                flat.extend(image[start..start + p].iter().map(|v| T::of(f64::from(*v))));
            }
        }
        flat
    }
}

/// Every patch sees all that are looked at of its picture.
fn sight(patches: &[Vec<usize>]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (mut sequences, mut sees) = (Vec::new(), Vec::new());
    let mut first = 0;
    for patches in patches {
        let own = first..first + patches.len();
        sees.extend(std::iter::repeat_n(own.clone(), patches.len()));
        first = own.end;
        sequences.push(own);
    }
    (sequences, sees)
}
