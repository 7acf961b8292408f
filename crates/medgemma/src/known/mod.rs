//! The models that this program knows: terms, files, sizes, advice and limits, from `models/*.toml`.
//!
//! A folder is recognised by the sizes in its config. Where several models have the same sizes, what the folder says of
//! itself decides: its name, the name in its config, the head of its card.

mod recognise;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub use recognise::{Recognised, recognise};

/// One file of `models/`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownModel {
    /// Stable id, the file's name.
    pub id: String,
    /// For people.
    pub name: String,
    /// `medgemma`, `medsiglip` or `demo`.
    pub family: String,
    /// What is said where the sizes fit and nothing tells which of several models it is.
    pub shape: String,
    /// Who publishes it.
    pub publisher: String,
    /// The name under which it is published; empty for what is made here.
    pub published_as: String,
    /// Parameters, by the shapes.
    #[serde(default)]
    pub parameters: u64,
    /// What it is, in a sentence.
    pub about: String,
    /// Known limits, a sentence each.
    pub limits: Vec<String>,
    /// Terms of use.
    pub licence: Licence,
    /// How a folder is recognised.
    pub recognise: Recognise,
    /// What a download holds.
    pub files: Vec<ModelFile>,
    /// How to ask it.
    pub prompt: PromptAdvice,
    /// Preprocessing by modality.
    #[serde(default)]
    pub preprocess: Vec<Preprocess>,
    /// Bytes of the weights by the way they are held (`f32`, `bf16`, `q8_0`, `q4_k`).
    #[serde(default)]
    pub memory: BTreeMap<String, u64>,
    /// Published figures, with their conditions.
    #[serde(default)]
    pub published: Vec<Published>,
}

/// Terms of use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Name of the terms.
    pub name: String,
    /// Where a person reads them; never fetched.
    pub terms: String,
    /// In short, a sentence each.
    pub summary: Vec<String>,
}

/// How a folder is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognise {
    /// `model_type` of the config.
    pub model_type: String,
    /// Parts of names that mean this model; separators and case do not count.
    pub names: Vec<String>,
    /// Parts of names that mean another model of the same sizes.
    pub others: Vec<String>,
    /// Keys of the config, `text_config.…` and `vision_config.…`, and the numbers they must have.
    pub sizes: BTreeMap<String, u64>,
}

/// A file of a download.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Name, with `k` and `n` where shards are numbered.
    pub name: String,
    /// The model cannot be loaded without it.
    pub needed: bool,
    /// About this many bytes; 0 for small files.
    #[serde(default)]
    pub bytes: u64,
    /// What it is.
    pub about: String,
}

/// How to ask a model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptAdvice {
    /// Ids of templates that suit it, the first is the default.
    pub templates: Vec<String>,
    /// Order of the parts.
    pub order: String,
    /// `never`, `when asked` or `unasked`.
    pub thinking: String,
    /// Sentences.
    pub advice: Vec<String>,
}

/// Preprocessing ids for a modality, the first is the default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocess {
    /// DICOM modality; `XC` stands for photographs of any kind.
    pub modality: String,
    /// Ids.
    pub ids: Vec<String>,
    /// Why.
    pub note: String,
}

/// A published figure.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Task and set.
    pub task: String,
    /// Metric and unit.
    pub metric: String,
    /// Value.
    pub value: f64,
    /// Under which conditions.
    pub conditions: String,
}

const FILES: [(&str, &str); 6] = [
    (
        "medgemma-4b-it",
        include_str!("../../../../models/medgemma-4b-it.toml"),
    ),
    (
        "medgemma-1.5-4b-it",
        include_str!("../../../../models/medgemma-1.5-4b-it.toml"),
    ),
    (
        "medgemma-27b-it",
        include_str!("../../../../models/medgemma-27b-it.toml"),
    ),
    (
        "medgemma-27b-text-it",
        include_str!("../../../../models/medgemma-27b-text-it.toml"),
    ),
    (
        "medsiglip-448",
        include_str!("../../../../models/medsiglip-448.toml"),
    ),
    ("demo", include_str!("../../../../models/demo.toml")),
];

/// All known models. A file that does not parse is left out; a test holds that there is none.
pub fn all() -> &'static [KnownModel] {
    static ALL: LazyLock<Vec<KnownModel>> = LazyLock::new(|| {
        FILES
            .iter()
            .filter_map(|(_, text)| toml::from_str(text).ok())
            .collect()
    });
    &ALL
}

/// A known model by id.
pub fn by_id(id: &str) -> Option<&'static KnownModel> {
    all().iter().find(|model| model.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::Config;
    use crate::weights::{Precision, Stored, weight_bytes};
    use serde_json::{Value, json};

    /// Preprocessing ids that exist.
    const PREPROCESS: [&str; 10] = [
        "display/1",
        "ct-windows/1",
        "ct-windows-jpeg/1",
        "ct-windows-server/1",
        "ct-windows-report/1",
        "ct-windows-lung-bone/1",
        "mr-minmax/1",
        "mr-percentile/1",
        "cxr-server/1",
        "photo/1",
    ];

    /// A config that says nothing but what the file recognises by.
    fn config(model: &KnownModel) -> Value {
        let text_only = model.recognise.model_type == "gemma3_text";
        let mut json = json!({"model_type": model.recognise.model_type});
        for (key, value) in &model.recognise.sizes {
            let (part, key) = key.split_once('.').expect("a part");
            if text_only {
                json[key] = json!(value);
            } else {
                json[part][key] = json!(value);
            }
        }
        json
    }

    #[test]
    fn every_file_parses_and_bears_its_id() {
        for (id, text) in FILES {
            let model: KnownModel = toml::from_str(text).unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(model.id, id);
            assert_eq!(by_id(id), Some(&model));
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("models")
            .filter_map(|e| {
                e.ok()?
                    .file_name()
                    .to_str()?
                    .strip_suffix(".toml")
                    .map(str::to_owned)
            })
            .collect();
        let listed: BTreeSet<String> = FILES.iter().map(|(id, _)| (*id).to_owned()).collect();
        assert_eq!(on_disk, listed);
    }

    #[test]
    fn every_file_keeps_the_rules() {
        for model in all() {
            let id = &model.id;
            assert!(
                ["medgemma", "medsiglip", "demo"].contains(&model.family.as_str()),
                "{id}"
            );
            assert!(
                ["never", "when asked", "unasked"].contains(&model.prompt.thinking.as_str()),
                "{id}"
            );
            assert!(
                !model.limits.is_empty() && !model.prompt.templates.is_empty(),
                "{id}"
            );
            assert!(
                model.files.iter().any(|f| f.name == "config.json" && f.needed),
                "{id}"
            );
            let sentences = (model.limits.iter())
                .chain(&model.licence.summary)
                .chain(&model.prompt.advice)
                .chain(model.preprocess.iter().map(|p| &p.note))
                .chain([&model.about, &model.prompt.order]);
            for sentence in sentences {
                assert!(
                    sentence.ends_with('.') && !sentence.contains('\n'),
                    "{id}: {sentence}"
                );
            }
            for preprocess in &model.preprocess {
                assert!(!preprocess.ids.is_empty(), "{id}");
                for own in &preprocess.ids {
                    assert!(PREPROCESS.contains(&own.as_str()), "{id}: {own}");
                }
            }
            for published in &model.published {
                assert!(
                    (0.0..=100.0).contains(&published.value) && !published.conditions.is_empty(),
                    "{id}"
                );
            }
            for key in model.memory.keys() {
                assert!(
                    ["f32", "bf16", "q8_0", "q4_k"].contains(&key.as_str()),
                    "{id}: {key}"
                );
            }
            assert_eq!(model.published_as.is_empty(), model.family == "demo", "{id}");
        }
    }

    #[test]
    fn parameters_and_memory_follow_from_the_sizes() {
        for model in all().iter().filter(|m| m.family == "medgemma") {
            let mut json = config(model);
            if model.recognise.model_type == "gemma3_text" {
                json["vocab_size"] = json!(262_144);
            }
            let sizes = Config::from_json(&json, None).expect("a config");
            let parameters = sizes.parameters();
            assert_eq!(parameters, model.parameters, "{}", model.id);
            assert_eq!(model.memory["f32"], parameters * 4);
            assert_eq!(model.memory["bf16"], parameters * 2);
            for precision in [Precision::Q8_0, Precision::Q4K] {
                let held = weight_bytes(&sizes, precision, &|_| Stored::Bf16) as f64;
                let said = model.memory[precision.name()] as f64;
                assert!(
                    (said / held - 1.0).abs() < 0.002,
                    "{} {}: {said} for {held}",
                    model.id,
                    precision.name()
                );
            }
            let weights = model
                .files
                .iter()
                .find(|f| f.name.starts_with("model-"))
                .expect("weights");
            assert_eq!(weights.bytes, parameters * 2, "{}", model.id);
        }
    }
}
