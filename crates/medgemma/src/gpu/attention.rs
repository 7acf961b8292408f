//! Grouped-query attention in tiles of queries: the score matrix of a tile is all that is ever held.

use candle_core::{Device, Tensor};

use crate::cancel::Cancel;
use crate::decoder::cache::Span;
use crate::error::Result;

/// Elements of a tile's score matrix, over all heads: 32 MiB of float32.
const TILE_ELEMENTS: usize = 8 << 20;

/// `q` is `[H, T, d]`, `k` and `v` are `[K, n, d]`; gives `[T, H * d]`.
pub(crate) fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    queries: &Span,
    keys: &Span,
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
        if let Some(mask) = mask(queries, start, rows, keys, window)? {
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
    queries: &Span,
    start: usize,
    rows: usize,
    keys: &Span,
    window: Option<usize>,
) -> Result<Option<Tensor>> {
    let n = keys.len();
    let mut values = vec![0.0_f32; rows * n];
    let mut any = false;
    for (r, row) in values.chunks_exact_mut(n).enumerate() {
        for (c, value) in row.iter_mut().enumerate() {
            if !queries.sees(start + r, keys, c, window) {
                *value = f32::NEG_INFINITY;
                any = true;
            }
        }
    }
    if !any {
        return Ok(None);
    }
    Ok(Some(Tensor::from_vec(values, (rows, n), &Device::Cpu)?))
}
