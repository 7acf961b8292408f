//! Adapters into base rows, and several into one.

use sha2::{Digest, Sha256};

use super::{AdapterWeights, LowRank};
use crate::error::{EngineError, Result};

impl LowRank {
    /// Row `row` of `scale B A`, added to `out` `[k]` in double and rounded once; with DoRA the sum takes its trained
    /// length. Rows and columns out of range change nothing.
    pub fn merge_row(&self, row: usize, out: &mut [f32]) {
        let Some(b) = self
            .b
            .get(row.saturating_mul(self.r)..)
            .and_then(|rest| rest.get(..self.r))
        else {
            return;
        };
        let columns = self.columns();
        let mut sums = vec![0.0_f64; columns];
        for (a, weight) in self.a.chunks_exact(columns.max(1)).zip(b) {
            for (sum, value) in sums.iter_mut().zip(a) {
                *sum += f64::from(*value) * f64::from(*weight);
            }
        }
        for (sum, value) in sums.iter_mut().zip(out.iter()) {
            *sum = f64::from(*value) + f64::from(self.scale) * *sum;
        }
        let length = sums.iter().map(|v| v * v).sum::<f64>().sqrt();
        let factor = match self.magnitude.as_ref().and_then(|m| m.get(row)) {
            Some(magnitude) if length > 0.0 => f64::from(*magnitude) / length,
            _ => 1.0,
        };
        for (value, sum) in out.iter_mut().zip(&sums) {
            *value = (sum * factor) as f32;
        }
    }
}

/// Merges an adapter into row `row` of the layer `name` (internal, without `.weight`), `[k]`. Layers that the adapter
/// does not touch stay as they are; several adapters are merged by calling this for each in turn.
pub fn merge(adapter: &AdapterWeights, name: &str, row: usize, out: &mut [f32]) {
    if let Some(entry) = adapter.entries.get(name) {
        entry.merge_row(row, out);
    }
}

/// The sum of several adapters as one of the summed ranks; one alone is given back as it is.
///
/// # Errors
/// [`EngineError::BadAdapter`] for DoRA, whose lengths hold for one adapter only, and where two replace the same tensor.
pub fn stack(adapters: &[&AdapterWeights]) -> Result<AdapterWeights> {
    let bad = |adapter: &AdapterWeights, reason: String| {
        Err(EngineError::BadAdapter {
            name: adapter.name.clone(),
            reason,
        })
    };
    let [first, rest @ ..] = adapters else {
        return Err(EngineError::BadQuestion("no adapter is chosen".to_owned()));
    };
    if rest.is_empty() {
        return Ok((*first).clone());
    }
    let mut sum = AdapterWeights {
        entries: std::collections::BTreeMap::new(),
        replaced: std::collections::BTreeMap::new(),
        sha256: String::new(),
        name: adapters
            .iter()
            .map(|a| a.name.as_str())
            .collect::<Vec<_>>()
            .join(" + "),
        base_model: first.base_model.clone(),
    };
    let mut hasher = Sha256::new();
    for adapter in adapters {
        if adapter.is_dora() {
            return bad(
                adapter,
                "it is a DoRA, which cannot be added to another adapter; choose one".to_owned(),
            );
        }
        hasher.update(adapter.sha256.as_bytes());
        for (name, entry) in &adapter.entries {
            match sum.entries.remove(name) {
                None => sum.entries.insert(name.clone(), scaled(entry)),
                Some(own) if own.columns() == entry.columns() && own.rows() == entry.rows() => {
                    sum.entries.insert(name.clone(), joined(&own, &scaled(entry)))
                }
                Some(_) => {
                    return bad(
                        adapter,
                        format!("{name} has another shape than in the adapter before it"),
                    );
                }
            };
        }
        for (name, tensor) in &adapter.replaced {
            if sum.replaced.insert(name.clone(), tensor.clone()).is_some() {
                return bad(
                    adapter,
                    format!("it replaces {name}, and so does another adapter; choose one"),
                );
            }
        }
    }
    sum.sha256 = crate::words::hex(&hasher.finalize());
    Ok(sum)
}

/// The same with the scale inside `B`, so that entries of different scales can be joined.
fn scaled(entry: &LowRank) -> LowRank {
    LowRank {
        b: entry.b.iter().map(|v| v * entry.scale).collect(),
        scale: 1.0,
        ..entry.clone()
    }
}

/// `[A1; A2]` and `[B1, B2]`.
fn joined(one: &LowRank, two: &LowRank) -> LowRank {
    LowRank {
        a: one.a.iter().chain(&two.a).copied().collect(),
        b: one
            .b
            .chunks_exact(one.r)
            .zip(two.b.chunks_exact(two.r))
            .flat_map(|(x, y)| x.iter().chain(y).copied())
            .collect(),
        r: one.r + two.r,
        scale: 1.0,
        magnitude: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn adapter(entry: LowRank) -> AdapterWeights {
        AdapterWeights {
            entries: BTreeMap::from([("text.layers.0.mlp.up_proj".to_owned(), entry)]),
            replaced: BTreeMap::new(),
            sha256: "a".to_owned(),
            name: "one".to_owned(),
            base_model: String::new(),
        }
    }

    /// `[n, k] = [2, 3]`, rank 2.
    fn entry() -> LowRank {
        LowRank {
            a: vec![1.0, 2.0, 3.0, -1.0, 0.5, 0.0],
            b: vec![2.0, 4.0, -3.0, 1.0],
            r: 2,
            scale: 0.5,
            magnitude: None,
        }
    }

    #[test]
    fn a_row_gains_scale_b_a() {
        let mut row = [10.0, 20.0, 30.0];
        merge(&adapter(entry()), "text.layers.0.mlp.up_proj", 0, &mut row);
        // 0.5 (2 (1, 2, 3) + 4 (-1, 0.5, 0)) = (-1, 3, 3)
        assert_eq!(row, [9.0, 23.0, 33.0]);
        merge(&adapter(entry()), "text.layers.1.mlp.up_proj", 0, &mut row);
        assert_eq!(row, [9.0, 23.0, 33.0]);
    }

    #[test]
    fn dora_gives_the_sum_its_length() {
        let entry = LowRank {
            magnitude: Some(vec![1.0, 26.0]),
            ..entry()
        };
        let mut row = [4.0, 6.75, 16.5];
        // 0.5 (-3 (1, 2, 3) + (-1, 0.5, 0)) = (-2, -2.75, -4.5); the sum (2, 4, 12) is sqrt(164) long.
        merge(&adapter(entry), "text.layers.0.mlp.up_proj", 1, &mut row);
        let length = 164.0_f64.sqrt();
        for (value, sum) in row.iter().zip([2.0, 4.0, 12.0]) {
            assert!((f64::from(*value) - sum / length * 26.0).abs() < 1e-6);
        }
    }

    #[test]
    fn stacked_adapters_add_what_each_adds() {
        let one = adapter(entry());
        let two = adapter(LowRank {
            a: vec![1.0, 0.0, -1.0],
            b: vec![3.0, 1.0],
            r: 1,
            scale: 2.0,
            magnitude: None,
        });
        let both = stack(&[&one, &two]).expect("stacks");
        for row in 0..2 {
            let (mut apart, mut together) = ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]);
            for adapter in [&one, &two] {
                merge(adapter, "text.layers.0.mlp.up_proj", row, &mut apart);
            }
            merge(&both, "text.layers.0.mlp.up_proj", row, &mut together);
            assert_eq!(apart, together);
        }
        assert_eq!(both.entries["text.layers.0.mlp.up_proj"].r, 3);
    }

    #[test]
    fn dora_is_not_stacked() {
        let dora = adapter(LowRank {
            magnitude: Some(vec![1.0, 1.0]),
            ..entry()
        });
        let error = stack(&[&adapter(entry()), &dora])
            .expect_err("refused")
            .to_string();
        assert!(error.contains("DoRA"), "{error}");
    }
}
