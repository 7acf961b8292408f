//! Grouped-query attention in tiles of queries: the score matrix of a tile is all that is ever held.

use candle_core::Tensor;

use crate::cancel::Cancel;
use crate::decoder::Span;
use crate::error::Result;

/// Elements of a tile's score matrix, over all heads: 32 MiB of float32.
const TILE_ELEMENTS: usize = 8 << 20;

/// Where the keys stand: the trunk's from position `first` on, then the span's own when it is branched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    pub(crate) first: usize,
    pub(crate) trunk: usize,
}

/// `q` is `[H, T, d]`, `k` and `v` are `[K, n, d]`; gives `[T, H * d]`.
pub(crate) fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    span: &Span,
    keys: Keys,
    window: Option<usize>,
    scale: f64,
    cancel: &Cancel,
) -> Result<Tensor> {
    let (heads, length, dim) = q.dims3()?;
    let (kv_heads, n, _) = k.dims3()?;
    let group = heads / kv_heads;
    let transposed = k.transpose(1, 2)?.contiguous()?;
    let v = v.contiguous()?;
    let tile = (TILE_ELEMENTS / (heads * n).max(1)).clamp(1, 512);
    let mut out = Vec::new();
    for start in (0..length).step_by(tile) {
        cancel.check()?;
        let rows = tile.min(length - start);
        // Heads that share keys become rows of one product.
        let part = q
            .narrow(1, start, rows)?
            .reshape((kv_heads, group * rows, dim))?
            .contiguous()?;
        let mut scores = (part.matmul(&transposed)? * scale)?;
        if let Some(mask) = mask(span, start, rows, keys, n, window) {
            let mask = Tensor::from_vec(mask, (rows, n), q.device())?;
            scores = scores
                .reshape((kv_heads, group, rows, n))?
                .broadcast_add(&mask)?
                .reshape((kv_heads, group * rows, n))?;
        }
        let weights = candle_nn::ops::softmax_last_dim(&scores)?;
        let tile_out = weights.matmul(&v)?.reshape((heads, rows, dim))?;
        out.push(tile_out.transpose(0, 1)?.reshape((rows, heads * dim))?);
    }
    Ok(Tensor::cat(&out, 0)?)
}

/// 0 where a query sees a key, minus infinity elsewhere; `None` when all is seen.
fn mask(
    span: &Span,
    start: usize,
    rows: usize,
    keys: Keys,
    n: usize,
    window: Option<usize>,
) -> Option<Vec<f32>> {
    let mut values = vec![0.0_f32; rows * n];
    let mut any = false;
    for (r, row) in values.chunks_exact_mut(n).enumerate() {
        let trunk = span.sees(start + r, window);
        let own = span.sees_of_branch(start + r, window);
        for (c, value) in row.iter_mut().enumerate() {
            let seen = if c < keys.trunk {
                trunk.contains(&(keys.first + c))
            } else {
                own.contains(&(c - keys.trunk))
            };
            if !seen {
                *value = f32::NEG_INFINITY;
                any = true;
            }
        }
    }
    any.then_some(values)
}
