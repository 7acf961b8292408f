//! Full attention over patches, a tile of queries at a time: never T x T.

use candle_core::{D, Tensor};

use crate::cancel::Cancel;
use crate::error::Result;

/// Queries in a tile.
const TILE: usize = 256;

/// `q`, `k`, `v` are `[H, T, d]`; gives `[H, T, d]`.
pub(crate) fn attend(q: &Tensor, k: &Tensor, v: &Tensor, scale: f64, cancel: &Cancel) -> Result<Tensor> {
    let length = q.dim(1)?;
    let keys = k.transpose(1, 2)?.contiguous()?;
    let v = v.contiguous()?;
    let mut out = Vec::new();
    for start in (0..length).step_by(TILE) {
        cancel.check()?;
        let tile = q.narrow(1, start, TILE.min(length - start))?.contiguous()?;
        let scores = (tile.matmul(&keys)? * scale)?;
        let weights = candle_nn::ops::softmax_last_dim(&scores)?;
        out.push(weights.matmul(&v)?);
    }
    debug_assert!(out.iter().all(|t| t.dim(D::Minus1).is_ok()));
    Ok(Tensor::cat(&out, 1)?)
}
