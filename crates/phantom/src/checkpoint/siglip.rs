//! A checkpoint in the files and architecture of MedSigLIP, tiny, with random weights: for tests of what stands on image embeddings.
//! Compared with texts its answers are noise, but random features of pictures are features: a head learns from them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::weights::{Draw, packed};
use super::{CheckpointError, NOISE_NOTE, make};
use crate::dicom::write_bytes;

/// Width of both towers.
const HIDDEN: usize = 64;
/// Width of their MLPs.
const WIDE: usize = 128;
/// Layers of each.
const LAYERS: usize = 2;
/// Heads of each.
const HEADS: usize = 4;
/// Side of the square that the tower sees, px.
const IMAGE: usize = 112;
/// Side of a patch, px.
const PATCH: usize = 14;
/// Tokens of a text.
const POSITIONS: usize = 16;

/// Tokens: marks, then a space, letters and digits.
fn vocabulary() -> Vec<String> {
    let marks = ["<unk>", "</s>", "\u{2581}"].map(str::to_owned);
    let letters = ('a'..='z').chain('0'..='9').map(String::from);
    marks.into_iter().chain(letters).collect()
}

/// Writes the folder (made if absent; files of these names are replaced) and returns it: `config.json`, `model.safetensors` (BF16),
/// `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`, `preprocessor_config.json`, `overread.json`. The same seed
/// gives the same bytes.
///
/// # Errors
/// [`CheckpointError`].
pub fn write_siglip_model(dir: &Path, seed: u64) -> Result<PathBuf, CheckpointError> {
    make(dir)?;
    let marks = json!({"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"});
    let files = [
        ("config.json", config()),
        ("preprocessor_config.json", preprocessor()),
        ("tokenizer.json", tokenizer()),
        ("special_tokens_map.json", marks),
        (
            "tokenizer_config.json",
            json!({
                "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "</s>", "eos_token": "</s>", "unk_token": "<unk>",
                "model_max_length": POSITIONS, "do_lower_case": true, "padding_side": "right",
            }),
        ),
        (
            "overread.json",
            json!({"noise": true, "note": NOISE_NOTE, "seed": seed}),
        ),
    ];
    for (name, value) in files {
        write_bytes(&dir.join(name), format!("{value:#}\n").as_bytes())?;
    }
    write_bytes(&dir.join("model.safetensors"), &packed(tensors(), seed))?;
    Ok(dir.to_path_buf())
}

fn config() -> Value {
    let tower = json!({
        "hidden_size": HIDDEN, "intermediate_size": WIDE, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6, "attention_dropout": 0.0,
    });
    let (mut text, mut vision) = (tower.clone(), tower);
    text["model_type"] = json!("siglip_text_model");
    text["max_position_embeddings"] = json!(POSITIONS);
    text["projection_size"] = json!(HIDDEN);
    text["vocab_size"] = json!(vocabulary().len());
    vision["model_type"] = json!("siglip_vision_model");
    vision["image_size"] = json!(IMAGE);
    vision["patch_size"] = json!(PATCH);
    vision["num_channels"] = json!(3);
    json!({
        "architectures": ["SiglipModel"], "model_type": "siglip", "initializer_factor": 1.0, "torch_dtype": "bfloat16",
        "text_config": text, "vision_config": vision,
    })
}

fn preprocessor() -> Value {
    json!({
        "image_processor_type": "SiglipImageProcessor", "processor_class": "SiglipProcessor",
        "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true, "resample": 2,
        "rescale_factor": 1.0 / 255.0, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
        "size": {"height": IMAGE, "width": IMAGE},
    })
}

fn tokenizer() -> Value {
    let scored: Vec<Value> = vocabulary()
        .iter()
        .enumerate()
        .map(|(at, token)| json!([token, if at < 2 { 0.0 } else { -3.0 }]))
        .collect();
    let mark = |id: usize, content: &str| {
        json!({
            "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true,
        })
    };
    let spaces =
        json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true});
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [mark(0, "<unk>"), mark(1, "</s>")],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": spaces, "decoder": spaces,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}},
        },
        "model": {"type": "Unigram", "unk_id": 0, "vocab": scored},
    })
}

/// Name, shape and law of every tensor.
fn tensors() -> Vec<(String, Vec<usize>, Draw)> {
    let fan = |inputs: usize| Draw::Normal((inputs as f32).sqrt().recip());
    // What a layer adds is small beside what it is given, so that the pooled vector still holds what the patches are.
    let small = |inputs: usize| Draw::Normal(0.2 * (inputs as f32).sqrt().recip());
    let mut list: Vec<(String, Vec<usize>, Draw)> = Vec::new();
    let mut put = |name: String, shape: &[usize], draw: Draw| list.push((name, shape.to_vec(), draw));
    put("logit_scale".into(), &[1], Draw::One);
    put("logit_bias".into(), &[1], Draw::Zero);
    let (vision, text) = ("vision_model", "text_model");
    let patches = (IMAGE / PATCH).pow(2);
    put(
        format!("{vision}.embeddings.patch_embedding.weight"),
        &[HIDDEN, 3, PATCH, PATCH],
        fan(PATCH * PATCH),
    );
    put(
        format!("{vision}.embeddings.position_embedding.weight"),
        &[patches, HIDDEN],
        Draw::Normal(0.02),
    );
    put(
        format!("{text}.embeddings.token_embedding.weight"),
        &[vocabulary().len(), HIDDEN],
        Draw::Normal(0.3),
    );
    put(
        format!("{text}.embeddings.position_embedding.weight"),
        &[POSITIONS, HIDDEN],
        Draw::Normal(0.1),
    );
    put(format!("{vision}.head.probe"), &[1, 1, HIDDEN], Draw::Normal(0.3));
    put(
        format!("{vision}.head.attention.in_proj_weight"),
        &[3 * HIDDEN, HIDDEN],
        fan(HIDDEN),
    );
    put(
        format!("{vision}.head.attention.in_proj_bias"),
        &[3 * HIDDEN],
        Draw::Zero,
    );
    let mut pair = |name: String, shape: &[usize], draw: Draw| {
        put(format!("{name}.weight"), shape, draw);
        put(format!("{name}.bias"), &shape[..1], Draw::Zero);
    };
    for tower in [vision, text] {
        for layer in 0..LAYERS {
            let of = |rest: &str| format!("{tower}.encoder.layers.{layer}.{rest}");
            for map in ["q_proj", "k_proj", "v_proj"] {
                pair(of(&format!("self_attn.{map}")), &[HIDDEN, HIDDEN], fan(HIDDEN));
            }
            pair(of("self_attn.out_proj"), &[HIDDEN, HIDDEN], small(HIDDEN));
            pair(of("mlp.fc1"), &[WIDE, HIDDEN], fan(HIDDEN));
            pair(of("mlp.fc2"), &[HIDDEN, WIDE], small(WIDE));
            pair(of("layer_norm1"), &[HIDDEN], Draw::One);
            pair(of("layer_norm2"), &[HIDDEN], Draw::One);
        }
    }
    pair(format!("{vision}.post_layernorm"), &[HIDDEN], Draw::One);
    pair(format!("{vision}.head.layernorm"), &[HIDDEN], Draw::One);
    pair(
        format!("{vision}.head.attention.out_proj"),
        &[HIDDEN, HIDDEN],
        fan(HIDDEN),
    );
    pair(format!("{vision}.head.mlp.fc1"), &[WIDE, HIDDEN], fan(HIDDEN));
    pair(format!("{vision}.head.mlp.fc2"), &[HIDDEN, WIDE], small(WIDE));
    pair(format!("{text}.final_layer_norm"), &[HIDDEN], Draw::One);
    pair(format!("{text}.head"), &[HIDDEN, HIDDEN], fan(HIDDEN));
    put(
        "vision_model.embeddings.patch_embedding.bias".into(),
        &[HIDDEN],
        Draw::Zero,
    );
    list.sort_by(|a, b| a.0.cmp(&b.0));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_repeats_and_its_parts_fit_together() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_siglip_model(a.path(), 3).unwrap();
        write_siglip_model(b.path(), 3).unwrap();
        let mut total = 0;
        for entry in std::fs::read_dir(a.path()).unwrap() {
            let name = entry.unwrap().file_name();
            let bytes = std::fs::read(a.path().join(&name)).unwrap();
            assert_eq!(bytes, std::fs::read(b.path().join(&name)).unwrap(), "{name:?}");
            total += bytes.len();
        }
        assert!(total < 1_000_000, "{total}");
        assert_eq!((IMAGE % PATCH, HIDDEN % HEADS), (0, 0));
        let names: std::collections::BTreeSet<String> =
            tensors().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), tensors().len(), "no name stands there twice");
    }
}
