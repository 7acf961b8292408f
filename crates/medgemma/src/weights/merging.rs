//! Adapters merged into the weights while these are packed: nothing is left to compute beside them.

use sha2::{Digest, Sha256};

use crate::adapter::AdapterWeights;
use crate::config::Config;
use crate::error::{EngineError, Result};
use crate::words::hex;

/// What adapters do to one tensor, in their order.
pub(super) struct Merging<'a> {
    adapters: &'a [AdapterWeights],
    /// Name of the tensor.
    name: &'a str,
    /// Name of the map, without `.weight`.
    layer: &'a str,
    touched: bool,
}

impl<'a> Merging<'a> {
    pub(super) fn of(adapters: &'a [AdapterWeights], name: &'a str) -> Self {
        let layer = name.trim_end_matches(".weight");
        Self {
            touched: adapters
                .iter()
                .any(|a| a.replaced.contains_key(name) || a.entries.contains_key(layer)),
            adapters,
            name,
            layer,
        }
    }

    /// True when no adapter touches the tensor.
    pub(super) fn is_empty(&self) -> bool {
        !self.touched
    }

    /// True when an adapter brings the whole tensor.
    pub(super) fn replaces(&self) -> bool {
        self.adapters.iter().any(|a| a.replaced.contains_key(self.name))
    }

    /// Row `row` of the base becomes that of the merged tensor.
    pub(super) fn row(&self, row: usize, out: &mut [f32]) {
        if !self.touched {
            return;
        }
        for adapter in self.adapters {
            if let Some((_, values)) = adapter.replaced.get(self.name)
                && let Some(own) = values.get(row * out.len()..(row + 1) * out.len())
            {
                out.copy_from_slice(own);
            }
            crate::adapter::merge(adapter, self.layer, row, out);
        }
    }

    /// The same for a tensor that is not taken by rows.
    pub(super) fn whole(&self, values: Vec<f32>) -> Vec<f32> {
        let last = self.adapters.iter().rev().find_map(|a| a.replaced.get(self.name));
        last.map_or(values, |(_, own)| own.clone())
    }
}

/// Refuses what cannot be merged: a head or an embedding of its own on a model that has one table for both.
pub(super) fn check(adapters: &[AdapterWeights], config: &Config) -> Result<()> {
    let head = |a: &AdapterWeights| a.entries.contains_key("head") || a.replaced.contains_key("head.weight");
    let embedding = |a: &AdapterWeights| a.replaced.contains_key("text.embed_tokens.weight");
    let parted = |a: &&AdapterWeights| head(a) || embedding(a);
    match adapters.iter().find(parted) {
        Some(adapter) if config.text.tied => Err(EngineError::BadAdapter {
            name: adapter.name.clone(),
            reason: format!(
                "it changes the {}, and this model has one table for both; use it beside the weights, not merged",
                if head(adapter) {
                    "head apart from the embedding"
                } else {
                    "embedding apart from the head"
                }
            ),
        }),
        _ => Ok(()),
    }
}

/// The hash of weights with adapters merged; that of the weights alone without any.
pub(super) fn hash(weights: &str, adapters: &[AdapterWeights]) -> String {
    if adapters.is_empty() {
        return weights.to_owned();
    }
    let mut hasher = Sha256::new();
    hasher.update(weights);
    for adapter in adapters {
        hasher.update(b"+");
        hasher.update(&adapter.sha256);
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    /// Beside the weights such a tensor changes one end of the model; merged it would change both.
    #[test]
    fn one_end_of_a_shared_table_is_not_merged() {
        let config = |tied: bool| {
            let file = json!({"model_type": "gemma3_text", "tie_word_embeddings": tied});
            Config::from_json(&file, None).expect("a configuration")
        };
        for (tensor, word) in [
            ("text.embed_tokens.weight", "embedding apart"),
            ("head.weight", "head apart"),
        ] {
            let adapter = AdapterWeights {
                entries: BTreeMap::new(),
                replaced: BTreeMap::from([(tensor.to_owned(), (vec![1, 1], vec![0.5]))]),
                sha256: String::new(),
                name: "a".to_owned(),
                base_model: String::new(),
            };
            let adapters = [adapter];
            let error = check(&adapters, &config(true)).expect_err("refused").to_string();
            assert!(error.contains(word), "{error}");
            assert!(check(&adapters, &config(false)).is_ok());
        }
    }
}
