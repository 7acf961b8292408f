//! Attention without a score matrix: keys are read tile by tile and a running softmax is kept (as in FlashAttention,
//! Dao et al. 2022).

mod block;
mod decoder;
mod pack;
mod plan;
mod scatter;
mod scratch;
#[cfg(test)]
mod tests;
mod thin;
mod tile;
mod tower;

use std::ops::Range;

use crate::level::{Kernels, Level};
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
    fn count(self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F16(v) => v.len(),
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
/// all gets zeros. Scores are `scale * q k`, softmax in float32. All arithmetic is float32.
///
/// # Panics
/// When shapes or ranges do not fit.
pub fn attend(
    kernels: Kernels,
    q: &[f32],
    shape: Heads,
    segments: &[Segment<'_>],
    seen: &[Range<usize>],
    scale: f32,
    out: &mut [f32],
    stop: Stop<'_>,
) {
    attend_with(
        kernels,
        Precision::F32,
        q,
        shape,
        segments,
        seen,
        scale,
        out,
        stop,
    );
}

/// [`attend`] with the arithmetic chosen. With [`Precision::Bf16`] queries, keys, values and probabilities are rounded to
/// bfloat16 where the machine multiplies it and there are more than a few queries: few wait for memory, not arithmetic.
///
/// # Panics
/// When shapes or ranges do not fit.
pub fn attend_with(
    kernels: Kernels,
    precision: Precision,
    q: &[f32],
    shape: Heads,
    segments: &[Segment<'_>],
    seen: &[Range<usize>],
    scale: f32,
    out: &mut [f32],
    stop: Stop<'_>,
) {
    let Heads { heads, kv_heads, d } = shape;
    if q.is_empty() {
        return;
    }
    assert!(
        heads > 0 && d > 0 && (1..=heads).contains(&kv_heads) && q.len().is_multiple_of(heads * d),
        "queries of {heads} heads of {d}, {kv_heads} heads of keys"
    );
    assert_eq!(out.len(), q.len(), "a result for each query");
    assert_eq!(
        seen.len(),
        q.len() / (heads * d) * segments.len(),
        "a range for each query and segment"
    );
    for (s, segment) in segments.iter().enumerate() {
        let end = seen
            .iter()
            .skip(s)
            .step_by(segments.len())
            .filter(|r| !r.is_empty())
            .map(|r| r.end)
            .max();
        let held = segment.keys.count().min(segment.values.count());
        let fits = end
            .is_none_or(|end| end <= segment.stride && held >= ((kv_heads - 1) * segment.stride + end) * d);
        assert!(fits, "segment {s} holds the rows that are seen");
    }
    let call = decoder::Call {
        shape,
        q,
        segments,
        seen,
        scale,
        stop,
    };
    let bf16 = precision == Precision::Bf16 && kernels.level() == Level::Avx512Bf16;
    decoder::attend(kernels, bf16, call, out);
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

/// How attention multiplies.
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
