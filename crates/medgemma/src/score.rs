//! Likelihoods: log-softmax, softmax, and which branches can be computed together.

use crate::weights::Precision;
use std::collections::BTreeMap;

/// Tokens after a prefix, and the first of them whose likelihood is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Token ids after the prefix.
    pub(crate) ids: Vec<u32>,
    /// Index of the first whose log-probability is wanted; those before it are context.
    pub(crate) from: usize,
}

/// What one pass computes for some branches: bodies that hold every token but each branch's last, shared where one
/// begins another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bodies {
    /// Tokens, none empty.
    pub(crate) bodies: Vec<Vec<u32>>,
    /// For each branch the body that holds its tokens; `None` when it has one token only.
    pub(crate) of: Vec<Option<usize>>,
}

/// For a row of a body, the branches and the index of the token in each that the row predicts.
pub(crate) type Wanted = BTreeMap<(usize, usize), Vec<(usize, usize)>>;

impl Bodies {
    /// The bodies of `branches`.
    pub(crate) fn of(branches: &[Branch]) -> Self {
        let body = |branch: &Branch| branch.ids[..branch.ids.len().saturating_sub(1)].to_vec();
        let mut order: Vec<usize> = (0..branches.len()).collect();
        // Longest first among those that share their beginning: whatever begins another comes after it.
        order.sort_by_key(|i| std::cmp::Reverse(branches[*i].ids.len()));
        let mut out = Self {
            bodies: Vec::new(),
            of: vec![None; branches.len()],
        };
        for i in order {
            let own = body(&branches[i]);
            if own.is_empty() {
                continue;
            }
            out.of[i] = Some(match out.bodies.iter().position(|b| b.starts_with(&own)) {
                Some(b) => b,
                None => {
                    out.bodies.push(own);
                    out.bodies.len() - 1
                }
            });
        }
        out
    }

    /// The rows whose logits are wanted, by body and row. A branch's first token is predicted by the prefix instead.
    pub(crate) fn wanted(&self, branches: &[Branch]) -> Wanted {
        let mut wanted = Wanted::new();
        for (b, branch) in branches.iter().enumerate() {
            let Some(body) = self.of[b] else { continue };
            for depth in branch.from.max(1)..branch.ids.len() {
                wanted.entry((body, depth - 1)).or_default().push((b, depth));
            }
        }
        wanted
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

/// Log of the sum of exponentials, in double.
pub fn log_sum_exp(values: &[f64]) -> f64 {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return top;
    }
    top + values.iter().map(|v| (v - top).exp()).sum::<f64>().ln()
}

/// Log-likelihoods that lie closer than this (nats) may change places by rounding alone: about twice what the reference
/// cases show, see `tests/precision.rs`. Nothing in float32.
pub fn close(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 0.0,
        Precision::Bf16 => 0.5,
        Precision::Q8_0 => 0.75,
        Precision::Q4K => 1.5,
    }
}

/// By how much the first of these scores leads, where that is less than rounding moves them.
pub(crate) fn close_lead(scores: &[f64], precision: Precision) -> Option<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    match sorted.as_slice() {
        [first, second, ..] => Some(first - second).filter(|lead| *lead < close(precision)),
        _ => None,
    }
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

/// 1 / (1 + exp(-x)).
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
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
        assert!((log_sum_exp(&[0.25_f64.ln(), 0.5_f64.ln()]) - 0.75_f64.ln()).abs() < 1e-12);
        assert!((sigmoid(3.0_f64.ln()) - 0.75).abs() < 1e-12 && (sigmoid(-800.0)).abs() < 1e-300);
    }

    #[test]
    fn branches_with_the_same_beginning_share_a_body() {
        let branch = |ids: &[u32]| Branch {
            ids: ids.to_vec(),
            from: 0,
        };
        let found = Bodies::of(&[
            branch(&[7, 8, 1]),
            branch(&[7, 8, 2]),
            branch(&[7, 3]),
            branch(&[5]),
            branch(&[9, 8, 1]),
        ]);
        assert_eq!(found.bodies, [vec![7, 8], vec![9, 8]]);
        assert_eq!(found.of, [Some(0), Some(0), Some(0), None, Some(1)]);
    }
}
