//! Largest number, and the sum of exponentials.

use crate::lanes::exp::exp;
use crate::lanes::{Lanes, Product, Work};

/// Registers that are reduced side by side.
const CHAINS: usize = 4;
/// Lanes of the widest register.
const WIDEST: usize = 16;

/// Largest number; what is not a number is passed over.
pub(super) struct Top<'a> {
    pub(super) row: &'a [f32],
}

impl Work for Top<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<P: Product>(self, p: P) -> f32 {
        let l = p.lanes();
        let mut tops = [l.splat(f32::NEG_INFINITY); CHAINS];
        let mut parts = self.row.chunks_exact(CHAINS * P::L::N);
        for part in &mut parts {
            for (i, top) in tops.iter_mut().enumerate() {
                *top = l.max(l.read(&part[i * P::L::N..]), *top);
            }
        }
        let top = l.max(l.max(tops[0], tops[1]), l.max(tops[2], tops[3]));
        parts.remainder().iter().copied().fold(l.top(top), f32::max)
    }
}

/// Sum of `e^(v - top)`: a few registers together in float32, these sums in double.
pub(super) struct SumExp<'a> {
    pub(super) row: &'a [f32],
    pub(super) top: f32,
}

impl Work for SumExp<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<P: Product>(self, p: P) -> f64 {
        let l = p.lanes();
        let n = P::L::N;
        let top = l.splat(self.top);
        let mut total = 0.0;
        let mut parts = self.row.chunks_exact(CHAINS * n);
        for part in &mut parts {
            let mut sums = [l.splat(0.0); CHAINS];
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = exp(l, l.sub(l.read(&part[i * n..]), top));
            }
            let sum = l.add(l.add(sums[0], sums[1]), l.add(sums[2], sums[3]));
            total += f64::from(l.sum(sum));
        }
        for part in parts.remainder().chunks(n) {
            let mut rest = [f32::NEG_INFINITY; WIDEST];
            rest[..part.len()].copy_from_slice(part);
            total += f64::from(l.sum(exp(l, l.sub(l.read(&rest), top))));
        }
        total
    }
}
