//! Attention without a score matrix: keys are read tile by tile and a running softmax is kept (as in FlashAttention,
//! Dao et al. 2022).

mod block;
mod pack;
mod scatter;
mod scratch;
mod tile;
mod tower;

use std::ops::Range;

use rayon::prelude::*;

use crate::level::{Kernels, Level};
use crate::rounding::from_f16;
use crate::stop::Stop;

/// Numbers of a cache.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a> {
    /// float32.
    F32(&'a [f32]),
    /// float16 bits.
    F16(&'a [u16]),
}

impl Elements<'_> {
    fn get(self, i: usize) -> f32 {
        match self {
            Self::F32(v) => v[i],
            Self::F16(v) => from_f16(v[i]),
        }
    }
}

/// Keys and values of some tokens, each `[kv heads, stride, d]`, of which the first rows are in use.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Keys, rotated.
    pub keys: Elements<'a>,
    /// Values.
    pub values: Elements<'a>,
    /// Rows from one head to the next.
    pub stride: usize,
}

/// Attention of the decoder. `q` and `out` are `[T, heads, d]`; head `h` reads key-value head `h * kv_heads / heads`.
/// `seen[t * segments.len() + s]` is the range of rows of segment `s` that query `t` sees; a query that sees nothing at
/// all gets zeros. Scores are `scale * q k`, softmax in float32.
///
/// # Panics
/// When shapes or ranges do not fit.
pub fn attend(
    _kernels: Kernels,
    q: &[f32],
    shape: Heads,
    segments: &[Segment<'_>],
    seen: &[Range<usize>],
    scale: f32,
    out: &mut [f32],
    stop: Stop<'_>,
) {
    let Heads { heads, kv_heads, d } = shape;
    out.par_chunks_exact_mut(heads * d)
        .enumerate()
        .for_each(|(t, out)| {
            if stop.is_set() {
                return;
            }
            for h in 0..heads {
                let query = &q[(t * heads + h) * d..][..d];
                let kv = h * kv_heads / heads;
                let (mut top, mut sum) = (f32::NEG_INFINITY, 0.0);
                let mut acc = vec![0.0; d];
                for (s, segment) in segments.iter().enumerate() {
                    for row in seen[t * segments.len() + s].clone() {
                        let at = (kv * segment.stride + row) * d;
                        let score: f32 =
                            (0..d).map(|i| query[i] * segment.keys.get(at + i)).sum::<f32>() * scale;
                        let higher = top.max(score);
                        let (old, new) = ((top - higher).exp(), (score - higher).exp());
                        for (i, a) in acc.iter_mut().enumerate() {
                            *a = *a * old + new * segment.values.get(at + i);
                        }
                        sum = sum * old + new;
                        top = higher;
                    }
                }
                for (o, a) in out[h * d..][..d].iter_mut().zip(acc) {
                    *o = if sum > 0.0 { a / sum } else { 0.0 };
                }
            }
        });
}

/// Shape of a grouped-query attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Query heads, `H`.
    pub heads: usize,
    /// Key-value heads, `K`.
    pub kv_heads: usize,
    /// Width of a head, `d`.
    pub d: usize,
}

/// How the tower's attention multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// float32 throughout.
    F32,
    /// Products of bfloat16 where the machine has them (float32 elsewhere), softmax and sums in float32.
    Bf16,
}

/// Attention of every token to every token. `q`, `k`, `v`, `out` are `[T, heads, d]`.
///
/// # Panics
/// When shapes do not fit.
pub fn attend_all(
    kernels: Kernels,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    heads: usize,
    d: usize,
    scale: f32,
    precision: Precision,
    out: &mut [f32],
    stop: Stop<'_>,
) {
    let length = q.len() / (heads * d).max(1);
    let total = length * heads * d;
    assert!(
        [q.len(), k.len(), v.len(), out.len()] == [total; 4],
        "queries, keys, values and result of {length} tokens"
    );
    let bf16 = precision == Precision::Bf16 && kernels.level() == Level::Avx512Bf16;
    let shape = tower::Shape {
        length,
        heads,
        d,
        per: if bf16 { 2 } else { 1 },
    };
    tower::attend(kernels, bf16, shape, [q, k, v], scale, out, stop);
}
