//! Likelihoods of labels: sums, means, softmax.

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
