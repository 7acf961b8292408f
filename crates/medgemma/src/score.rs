//! Label likelihoods: one prefix, all labels as branches of one batch.

use candle_core::{IndexOp, Tensor};

use crate::cancel::Cancel;
use crate::decoder::{Cache, Decoder, Span};
use crate::error::{EngineError, Result};

/// A label's tokens after the shared prefix, and their log-probabilities (natural log).
#[derive(Clone, Debug, PartialEq)]
pub struct LabelScore {
    /// The label.
    pub label: String,
    /// Its token ids from the first that leaves the prefix.
    pub ids: Vec<u32>,
    /// One log-probability an id.
    pub log_probs: Vec<f64>,
}

impl LabelScore {
    /// Log-likelihood of the label.
    pub fn sum(&self) -> f64 {
        self.log_probs.iter().sum()
    }

    /// Log-likelihood a token.
    pub fn mean(&self) -> f64 {
        if self.log_probs.is_empty() {
            f64::NEG_INFINITY
        } else {
            self.sum() / self.log_probs.len() as f64
        }
    }
}

/// Log-softmax of one row of logits at `ids`, accumulated in double.
pub(crate) fn log_probs_at(row: &[f32], ids: &[u32]) -> Vec<f64> {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|v| f64::from(v - top).exp()).sum();
    let norm = f64::from(top) + sum.ln();
    ids.iter()
        .map(|id| {
            row.get(*id as usize)
                .map_or(f64::NEG_INFINITY, |v| f64::from(*v) - norm)
        })
        .collect()
}

/// Scores all branches after the tokens in `cache` in one pass. `last_logits` is the row after the last cached token,
/// which scores every branch's first token. Branches see the cached trunk and themselves.
pub(crate) fn branches(
    decoder: &Decoder,
    cache: &Cache,
    last_logits: &[f32],
    branches: &[Vec<u32>],
    cancel: &Cancel,
) -> Result<Vec<Vec<f64>>> {
    if branches.iter().any(Vec::is_empty) {
        return Err(EngineError::BadQuestion(
            "a label has no tokens of its own".to_owned(),
        ));
    }
    let mut scores: Vec<Vec<f64>> = branches
        .iter()
        .map(|ids| log_probs_at(last_logits, &ids[..1]))
        .collect();
    // Every token but a branch's last predicts the one after it.
    let mut span = Span::default();
    let (mut ids, mut owners) = (Vec::new(), Vec::new());
    for (b, branch) in branches.iter().enumerate() {
        for (depth, id) in branch[..branch.len() - 1].iter().enumerate() {
            span.positions.push(cache.length + depth);
            span.blocks.push(-1);
            span.branches.push(i32::try_from(b).unwrap_or(i32::MAX));
            ids.push(*id);
            owners.push((b, depth));
        }
    }
    if ids.is_empty() {
        return Ok(scores);
    }
    let embedded = decoder.embed(&ids, &span.blocks, None)?;
    let mut scratch = cache.clone();
    let hidden = decoder.forward(embedded, &span, &mut scratch, false, cancel, None)?;
    let normed = decoder.finish(&hidden)?;
    for (row, (b, depth)) in owners.into_iter().enumerate() {
        cancel.check()?;
        let logits: Vec<f32> = decoder
            .logits(&normed.i(row..row + 1)?)?
            .flatten_all()?
            .to_vec1()?;
        scores[b].extend(log_probs_at(&logits, &branches[b][depth + 1..depth + 2]));
    }
    Ok(scores)
}

/// Softmax of scores, in double.
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return vec![0.0; scores.len()];
    }
    let weights: Vec<f64> = scores.iter().map(|s| (s - top).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// The last row of hidden states `[T, D]`, normed, as logits.
pub(crate) fn last_logits(decoder: &Decoder, hidden: &Tensor) -> Result<Vec<f32>> {
    let last = hidden.narrow(0, hidden.dim(0)? - 1, 1)?;
    Ok(decoder
        .logits(&decoder.finish(&last)?)?
        .flatten_all()?
        .to_vec1()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_probabilities_sum_to_one() {
        let row = [1.0_f32, 2.0, 3.0];
        let total: f64 = log_probs_at(&row, &[0, 1, 2]).iter().map(|p| p.exp()).sum();
        assert!((total - 1.0).abs() < 1e-12);
        assert_eq!(log_probs_at(&row, &[9]), [f64::NEG_INFINITY]);
    }

    #[test]
    fn softmax_of_nothing_known_is_nothing() {
        assert_eq!(softmax(&[f64::NEG_INFINITY, f64::NEG_INFINITY]), [0.0, 0.0]);
        assert!((softmax(&[0.0, 3.0_f64.ln()])[1] - 0.75).abs() < 1e-12);
    }
}
