//! RMSNorm of heads with the rotation of positions.

use super::norm::inverse_root;
use crate::lanes::{Lanes, Product, Work};

/// Norm and rotation of the heads of tokens.
pub(super) struct Rotate<'a> {
    pub(super) x: &'a mut [f32],
    pub(super) heads: usize,
    pub(super) scale: &'a [f32],
    pub(super) eps: f32,
    pub(super) cos: &'a [f32],
    pub(super) sin: &'a [f32],
}

impl Work for Rotate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        let d = self.scale.len();
        let half = d / 2;
        let tokens = self.x.chunks_exact_mut(self.heads * d);
        for (t, token) in tokens.enumerate() {
            let (cos, sin) = (&self.cos[t * half..][..half], &self.sin[t * half..][..half]);
            for head in token.chunks_exact_mut(d) {
                rotate(p.lanes(), head, self.scale, self.eps, cos, sin);
            }
        }
    }
}

#[inline(always)]
fn rotate<L: Lanes>(l: L, head: &mut [f32], scale: &[f32], eps: f32, cos: &[f32], sin: &[f32]) {
    let half = cos.len();
    let inverse = inverse_root(l, head, eps);
    let factor = l.splat(inverse);
    let (low, high) = head.split_at_mut(half);
    let (low_scale, high_scale) = scale.split_at(half);
    let whole = half - half % L::N;
    for i in (0..whole).step_by(L::N) {
        let a = l.mul(l.mul(l.read(&low[i..]), factor), l.read(&low_scale[i..]));
        let b = l.mul(l.mul(l.read(&high[i..]), factor), l.read(&high_scale[i..]));
        let (cos, sin) = (l.read(&cos[i..]), l.read(&sin[i..]));
        l.write(l.sub(l.mul(a, cos), l.mul(b, sin)), &mut low[i..]);
        l.write(l.madd(b, cos, l.mul(a, sin)), &mut high[i..]);
    }
    for i in whole..half {
        let (a, b) = (low[i] * inverse * low_scale[i], high[i] * inverse * high_scale[i]);
        low[i] = a * cos[i] - b * sin[i];
        high[i] = b * cos[i] + a * sin[i];
    }
}
