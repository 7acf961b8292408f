//! adapter_config.json: the scale of each layer, and what is refused by name.

use fancy_regex::Regex;
use serde_json::Value;

/// What of the config matters for the numbers.
#[derive(Debug)]
pub(super) struct Settings {
    r: usize,
    alpha: f64,
    rank_stabilised: bool,
    ranks: Vec<(Regex, usize)>,
    alphas: Vec<(Regex, f64)>,
    /// Lengths of rows are trained too.
    pub(super) dora: bool,
    /// Where only one of embedding and head was saved, it stands for both.
    pub(super) tie: bool,
    /// The model that was trained; may be empty.
    pub(super) base_model: String,
}

/// Longest list of patterns; PEFT writes one entry for each exceptional layer, a model has a few hundred.
const MOST_PATTERNS: usize = 20_000;

impl Settings {
    /// Reads the config; the error is a reason in words.
    pub(super) fn parse(json: &Value) -> Result<Self, String> {
        match json["peft_type"].as_str() {
            Some("LORA") => {}
            Some(other) => {
                return Err(format!(
                    "it is of the kind {other}; LoRA, rsLoRA and DoRA are read"
                ));
            }
            None => return Err("its config has no peft_type".to_owned()),
        }
        refuse(json)?;
        let r = match &json["r"] {
            Value::Null => 8,
            value => rank(value)?,
        };
        let alpha = match &json["lora_alpha"] {
            Value::Null => 8.0,
            value => real(value, "lora_alpha")?,
        };
        Ok(Self {
            r,
            alpha,
            rank_stabilised: json["use_rslora"].as_bool().unwrap_or(false),
            ranks: patterns(&json["rank_pattern"], "rank_pattern", rank)?,
            alphas: patterns(&json["alpha_pattern"], "alpha_pattern", |v| {
                real(v, "alpha_pattern")
            })?,
            dora: json["use_dora"].as_bool().unwrap_or(false),
            tie: json["ensure_weight_tying"].as_bool().unwrap_or(false),
            base_model: json["base_model_name_or_path"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        })
    }

    /// Rank and scale of a layer, by its path in the model that was trained: the first pattern that fits decides, as
    /// PEFT's `get_pattern_key` has it.
    pub(super) fn layer(&self, path: &str) -> Result<(usize, f32), String> {
        let r = first(&self.ranks, path)?.unwrap_or(self.r);
        let alpha = first(&self.alphas, path)?.unwrap_or(self.alpha);
        let divisor = if self.rank_stabilised {
            (r as f64).sqrt()
        } else {
            r as f64
        };
        Ok((r, (alpha / divisor) as f32))
    }
}

/// Features that change the numbers in ways that are not computed here.
fn refuse(json: &Value) -> Result<(), String> {
    for key in ["fan_in_fan_out", "lora_bias", "use_qalora", "use_bdlora"] {
        if json[key].as_bool() == Some(true) {
            return Err(format!("it uses {key}, which is not supported"));
        }
    }
    for key in [
        "alora_invocation_tokens",
        "alora_invocation_string",
        "megatron_config",
        "layer_replication",
        "target_parameters",
        "trainable_token_indices",
        "arrow_config",
        "monteclora_config",
    ] {
        let empty = match &json[key] {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if !empty {
            return Err(format!("it uses {key}, which is not supported"));
        }
    }
    match json["bias"].as_str() {
        None | Some("none") => {}
        Some(other) => {
            return Err(format!(
                "it trains biases (bias: {other}), which is not supported"
            ));
        }
    }
    // These take the first low-rank part out of the base weights, which the original model files still have.
    if let Some(way) = json["init_lora_weights"].as_str()
        && ["pissa", "olora", "corda", "loftq", "lora_ga"]
            .iter()
            .any(|w| way.starts_with(w))
    {
        return Err(format!(
            "it belongs to a base model whose weights were changed first (init_lora_weights: {way}); save it converted to a plain LoRA"
        ));
    }
    Ok(())
}

fn rank(value: &Value) -> Result<usize, String> {
    value
        .as_u64()
        .filter(|r| (1..=65_536).contains(r))
        .map(|r| r as usize)
        .ok_or_else(|| format!("its rank is {value}"))
}

fn real(value: &Value, key: &str) -> Result<f64, String> {
    value
        .as_f64()
        .filter(|v| v.is_finite())
        .ok_or_else(|| format!("its {key} is {value}"))
}

/// Keys are regular expressions that must fit the end of a path, from a dot on.
fn patterns<T>(
    json: &Value,
    key: &str,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<(Regex, T)>, String> {
    let map = match json {
        Value::Null => return Ok(Vec::new()),
        Value::Object(map) if map.len() <= MOST_PATTERNS => map,
        _ => return Err(format!("its {key} is no list of patterns")),
    };
    map.iter()
        .map(|(pattern, value)| {
            let regex = Regex::new(&format!(r"^(.*\.)?({pattern})$"))
                .map_err(|error| format!("the pattern {pattern} of its {key} cannot be read ({error})"))?;
            Ok((regex, read(value)?))
        })
        .collect()
}

fn first<T: Copy>(patterns: &[(Regex, T)], path: &str) -> Result<Option<T>, String> {
    for (regex, value) in patterns {
        if regex
            .is_match(path)
            .map_err(|error| format!("a pattern could not be applied to {path} ({error})"))?
        {
            return Ok(Some(*value));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use serde_json::json;

    fn settings(extra: serde_json::Value) -> Result<Settings, String> {
        let mut json = json!({"peft_type": "LORA", "r": 8, "lora_alpha": 16});
        for (key, value) in extra.as_object().into_iter().flatten() {
            json[key] = value.clone();
        }
        Settings::parse(&json)
    }

    #[test]
    fn alpha_is_divided_by_the_rank_or_its_root() {
        let layer = "model.layers.0.mlp.up_proj";
        let plain = settings(json!({})).expect("plain");
        assert_eq!(plain.layer(layer), Ok((8, 2.0)));
        let stabilised = settings(json!({"r": 16, "use_rslora": true})).expect("rsLoRA");
        assert_eq!(stabilised.layer(layer), Ok((16, 4.0)));
    }

    #[test]
    fn patterns_are_suffixes_or_expressions_and_the_first_wins() {
        let it = settings(json!({
            "rank_pattern": {"q_proj": 4, r"layers\.[01]\.mlp\.up_proj": 2, "up_proj": 32},
            "alpha_pattern": {"layers.1.mlp.up_proj": 6, "^model.layers.2.mlp.up_proj": 64}
        }))
        .expect("patterns");
        assert_eq!(it.layer("model.layers.0.self_attn.q_proj"), Ok((4, 4.0)));
        // `q_proj` must begin at a dot.
        assert_eq!(it.layer("model.layers.0.self_attn.xq_proj"), Ok((8, 2.0)));
        assert_eq!(it.layer("model.layers.1.mlp.up_proj"), Ok((2, 3.0)));
        assert_eq!(it.layer("model.layers.2.mlp.up_proj"), Ok((32, 2.0)));
        assert_eq!(it.layer("model.layers.2.mlp.up_proj_extra"), Ok((8, 2.0)));
    }

    #[test]
    fn what_is_not_computed_is_refused_by_name() {
        for (extra, word) in [
            (json!({"peft_type": "IA3"}), "IA3"),
            (json!({"fan_in_fan_out": true}), "fan_in_fan_out"),
            (json!({"bias": "lora_only"}), "lora_only"),
            (
                json!({"alora_invocation_tokens": [1, 2]}),
                "alora_invocation_tokens",
            ),
            (json!({"megatron_config": {"a": 1}}), "megatron_config"),
            (json!({"use_qalora": true}), "use_qalora"),
            (json!({"layer_replication": [[0, 2]]}), "layer_replication"),
            (json!({"init_lora_weights": "pissa_niter_4"}), "pissa"),
            (json!({"r": 0}), "rank"),
            (json!({"lora_alpha": "x"}), "lora_alpha"),
            (json!({"rank_pattern": {"(": 2}}), "rank_pattern"),
        ] {
            let error = settings(extra).expect_err(word);
            assert!(error.contains(word), "{error}");
        }
    }
}
