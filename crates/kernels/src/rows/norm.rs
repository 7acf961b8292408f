//! RMSNorm and LayerNorm.

use crate::lanes::{Lanes, Product, Work};

/// Registers that are summed side by side, since one sum waits for itself.
const CHAINS: usize = 4;

/// Sum of `(v - mean)^2`.
#[inline(always)]
pub(super) fn squares<L: Lanes>(l: L, row: &[f32], mean: f32) -> f32 {
    let off = l.splat(mean);
    let mut sums = [l.splat(0.0); CHAINS];
    let mut parts = row.chunks_exact(CHAINS * L::N);
    for part in &mut parts {
        for (i, sum) in sums.iter_mut().enumerate() {
            let v = l.sub(l.read(&part[i * L::N..]), off);
            *sum = l.madd(v, v, *sum);
        }
    }
    let mut rest = parts.remainder().chunks_exact(L::N);
    for part in &mut rest {
        let v = l.sub(l.read(part), off);
        sums[0] = l.madd(v, v, sums[0]);
    }
    let last: f32 = rest.remainder().iter().map(|v| (v - mean) * (v - mean)).sum();
    l.sum(l.add(l.add(sums[0], sums[1]), l.add(sums[2], sums[3]))) + last
}

/// Sum of the numbers.
#[inline(always)]
fn sum<L: Lanes>(l: L, row: &[f32]) -> f32 {
    let mut sums = [l.splat(0.0); CHAINS];
    let mut parts = row.chunks_exact(CHAINS * L::N);
    for part in &mut parts {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = l.add(l.read(&part[i * L::N..]), *sum);
        }
    }
    let mut rest = parts.remainder().chunks_exact(L::N);
    for part in &mut rest {
        sums[0] = l.add(l.read(part), sums[0]);
    }
    let last: f32 = rest.remainder().iter().sum();
    l.sum(l.add(l.add(sums[0], sums[1]), l.add(sums[2], sums[3]))) + last
}

/// 1 / sqrt(mean(x^2) + eps).
#[inline(always)]
pub(super) fn inverse_root<L: Lanes>(l: L, row: &[f32], eps: f32) -> f32 {
    1.0 / (squares(l, row, 0.0) / row.len() as f32 + eps).sqrt()
}

/// RMSNorm of rows.
pub(super) struct Rms<'a> {
    pub(super) x: &'a [f32],
    pub(super) scale: &'a [f32],
    pub(super) eps: f32,
    pub(super) out: &'a mut [f32],
}

impl Work for Rms<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        let l = p.lanes();
        let width = self.scale.len();
        let whole = width - width % P::L::N;
        for (row, out) in self.x.chunks_exact(width).zip(self.out.chunks_exact_mut(width)) {
            let inverse = inverse_root(l, row, self.eps);
            let factor = l.splat(inverse);
            for i in (0..whole).step_by(P::L::N) {
                let v = l.mul(l.read(&row[i..]), factor);
                l.write(l.mul(v, l.read(&self.scale[i..])), &mut out[i..]);
            }
            for i in whole..width {
                out[i] = row[i] * inverse * self.scale[i];
            }
        }
    }
}

/// RMSNorm of rows, added.
pub(super) struct AddRms<'a> {
    pub(super) x: &'a mut [f32],
    pub(super) y: &'a [f32],
    pub(super) scale: &'a [f32],
    pub(super) eps: f32,
}

impl Work for AddRms<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        let l = p.lanes();
        let width = self.scale.len();
        let whole = width - width % P::L::N;
        for (out, row) in self.x.chunks_exact_mut(width).zip(self.y.chunks_exact(width)) {
            let inverse = inverse_root(l, row, self.eps);
            let factor = l.splat(inverse);
            for i in (0..whole).step_by(P::L::N) {
                let v = l.mul(l.read(&row[i..]), factor);
                let sum = l.madd(v, l.read(&self.scale[i..]), l.read(&out[i..]));
                l.write(sum, &mut out[i..]);
            }
            for i in whole..width {
                out[i] += row[i] * inverse * self.scale[i];
            }
        }
    }
}

/// LayerNorm of rows.
pub(super) struct Layer<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) eps: f32,
    pub(super) out: &'a mut [f32],
}

impl Work for Layer<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        let l = p.lanes();
        let width = self.weight.len();
        let whole = width - width % P::L::N;
        for (row, out) in self.x.chunks_exact(width).zip(self.out.chunks_exact_mut(width)) {
            let mean = sum(l, row) / width as f32;
            let inverse = 1.0 / (squares(l, row, mean) / width as f32 + self.eps).sqrt();
            let (off, factor) = (l.splat(mean), l.splat(inverse));
            for i in (0..whole).step_by(P::L::N) {
                let v = l.mul(l.sub(l.read(&row[i..]), off), factor);
                let v = l.madd(v, l.read(&self.weight[i..]), l.read(&self.bias[i..]));
                l.write(v, &mut out[i..]);
            }
            for i in whole..width {
                out[i] = (row[i] - mean) * inverse * self.weight[i] + self.bias[i];
            }
        }
    }
}
