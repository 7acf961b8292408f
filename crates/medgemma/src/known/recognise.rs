//! Which known model a folder holds.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::{KnownModel, all};
use crate::config::Config;

/// Most bytes of a card that are looked at.
const CARD_BYTES: u64 = 64 << 10;

/// What a folder was recognised as.
#[derive(Clone, Debug, PartialEq)]
pub struct Recognised {
    /// The model, when it is known which.
    pub model: Option<&'static KnownModel>,
    /// Known models of these sizes.
    pub candidates: Vec<&'static KnownModel>,
    /// For people: the model's name, else what can be said of it.
    pub title: String,
}

/// Recognises a folder by its config, and by what it says of itself where several models have the same sizes.
/// `None` when no known model has these sizes.
pub fn recognise(folder: &Path, config: &Value) -> Option<Recognised> {
    let sizes = sizes(config)?;
    let model_type = config["model_type"].as_str().unwrap_or_default();
    let candidates: Vec<&'static KnownModel> = all()
        .iter()
        .filter(|model| model.recognise.model_type == model_type)
        .filter(|model| {
            let fits = |(key, value): (&String, &u64)| sizes.get(key) == Some(value);
            model.recognise.sizes.iter().all(fits)
        })
        .collect();
    let first = *candidates.first()?;
    if first.family == "demo" {
        // Sizes alone make no demonstration model: the folder itself says what it is.
        return folder.join("overread.json").is_file().then(|| Recognised {
            model: Some(first),
            title: first.name.clone(),
            candidates,
        });
    }
    for hint in hints(folder, config) {
        let best = candidates
            .iter()
            .filter_map(|model| Some((longest(&hint, &model.recognise.names)?, *model)))
            .max_by_key(|(length, _)| *length);
        if let Some((_, model)) = best {
            return Some(Recognised {
                model: Some(model),
                title: model.name.clone(),
                candidates,
            });
        }
        // A plain model of the same sizes is no MedGemma, whatever else the folder says.
        if let Some(other) = (first.recognise.others.iter()).find(|name| hint.contains(&bare(name))) {
            return Some(Recognised {
                model: None,
                title: format!("{other}, not a medical model"),
                candidates,
            });
        }
    }
    let title = first.shape.clone();
    Some(Recognised {
        model: None,
        candidates,
        title,
    })
}

/// Length of the longest of these names that occurs in the hint.
fn longest(hint: &str, names: &[String]) -> Option<usize> {
    names
        .iter()
        .map(|name| bare(name))
        .filter(|name| hint.contains(name.as_str()))
        .map(|name| name.len())
        .max()
}

/// Letters and digits in lower case: writers differ in everything between.
fn bare(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_lowercase()
}

/// What the folder says of itself, the most telling first: its name, the name in the config, the card's head (the lines
/// between `---`, and the first heading; the text below compares with other models).
fn hints(folder: &Path, config: &Value) -> Vec<String> {
    let mut hints = Vec::new();
    if let Some(name) = folder.file_name() {
        hints.push(bare(&name.to_string_lossy()));
    }
    for key in ["_name_or_path", "name_or_path"] {
        if let Some(name) = config[key].as_str() {
            hints.push(bare(name));
        }
    }
    let mut card = String::new();
    let read = std::fs::File::open(folder.join("README.md"))
        .and_then(|file| file.take(CARD_BYTES).read_to_string(&mut card));
    if read.is_ok() {
        let mut lines = card.lines().peekable();
        if lines.next_if(|line| line.trim() == "---").is_some() {
            let head: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "---").collect();
            hints.push(bare(&head.join(" ")));
        }
        if let Some(heading) = lines.find(|line| line.starts_with('#')) {
            hints.push(bare(heading));
        }
    }
    hints
}

/// The sizes of a config by key, absent keys by their defaults.
fn sizes(config: &Value) -> Option<BTreeMap<String, u64>> {
    let mut sizes = BTreeMap::new();
    let mut put = |key: &str, value: usize| {
        sizes.insert(key.to_owned(), value as u64);
    };
    if config["model_type"] == "siglip" {
        let config = crate::siglip::SiglipConfig::from_json(config).ok()?;
        let (t, v) = (&config.text, &config.vision);
        put("text_config.hidden_size", t.hidden_size);
        put("text_config.intermediate_size", t.intermediate_size);
        put("text_config.num_hidden_layers", t.layers);
        put("text_config.num_attention_heads", t.heads);
        put("text_config.max_position_embeddings", t.positions);
        put("text_config.vocab_size", t.vocab_size);
        put_vision(&mut put, v);
        return Some(sizes);
    }
    let config = Config::from_json(config, None).ok()?;
    let t = &config.text;
    put("text_config.hidden_size", t.hidden_size);
    put("text_config.intermediate_size", t.intermediate_size);
    put("text_config.num_hidden_layers", t.layers.len());
    put("text_config.num_attention_heads", t.heads);
    put("text_config.num_key_value_heads", t.kv_heads);
    put("text_config.head_dim", t.head_dim);
    if let Some(v) = &config.vision {
        put_vision(&mut put, v);
    }
    Some(sizes)
}

fn put_vision(put: &mut impl FnMut(&str, usize), v: &crate::config::VisionConfig) {
    put("vision_config.hidden_size", v.hidden_size);
    put("vision_config.intermediate_size", v.intermediate_size);
    put("vision_config.num_hidden_layers", v.layers);
    put("vision_config.num_attention_heads", v.heads);
    put("vision_config.image_size", v.image_size);
    put("vision_config.patch_size", v.patch_size);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tempfile::TempDir;

    /// The config of the 4B models as it is published: sparse.
    fn four_b() -> Value {
        json!({
            "model_type": "gemma3",
            "text_config": {"hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34},
            "vision_config": {
                "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16,
                "image_size": 896, "patch_size": 14
            }
        })
    }

    fn title(name: &str, config: &Value, card: &str) -> Option<(String, Option<&'static str>)> {
        let root = TempDir::new().expect("a folder");
        let folder = root.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        if !card.is_empty() {
            std::fs::write(folder.join("README.md"), card).expect("a card");
        }
        let found = recognise(&folder, config)?;
        Some((found.title, found.model.map(|m| m.id.as_str())))
    }

    #[test]
    fn models_of_one_shape_are_told_apart_by_what_the_folder_says() {
        let say = |name: &str, config: &Value, card: &str| title(name, config, card).expect("known sizes");
        let config = four_b();
        assert_eq!(
            say("medgemma-1.5-4b-it", &config, "").1,
            Some("medgemma-1.5-4b-it")
        );
        assert_eq!(say("MedGemma_4B_it", &config, "").1, Some("medgemma-4b-it"));
        assert_eq!(say("model", &config, "").0, "MedGemma 4B, version not known");
        assert_eq!(
            say("gemma-3-4b-it", &config, "").0,
            "gemma-3-4b, not a medical model"
        );
        let card = "---\nlicense: other\nbase_model: google/medgemma-1.5-4b-it\n---\n# Mine\nBetter than medgemma-4b-it.\n";
        assert_eq!(say("download", &config, card).1, Some("medgemma-1.5-4b-it"));
        // Below its head a card speaks of other models too.
        let card = "Some words.\n\nBetter than medgemma-4b-it.\n";
        assert_eq!(say("download", &config, card).1, None);
        let mut named = four_b();
        named["_name_or_path"] = json!("google/medgemma-4b-it");
        assert_eq!(say("download", &named, "").1, Some("medgemma-4b-it"));
    }

    #[test]
    fn sizes_decide_before_names() {
        let mut other = four_b();
        other["text_config"]["num_hidden_layers"] = json!(33);
        assert_eq!(title("medgemma-4b-it", &other, ""), None);
        let text = json!({
            "model_type": "gemma3_text", "hidden_size": 5376, "intermediate_size": 21504, "num_hidden_layers": 62,
            "num_attention_heads": 32, "num_key_value_heads": 16, "head_dim": 128
        });
        let found = title("medgemma-27b-text-it", &text, "").expect("known sizes");
        assert_eq!(found.1, Some("medgemma-27b-text-it"));
        assert_eq!(title("x", &json!({"model_type": "llama"}), ""), None);
    }
}
