//! Tiny checkpoints with the files and the architecture of the MedGemma family.
//!
//! [`write_reader_files`] writes everything but the weights of the model that learns to read phantoms.
//! [`write_random_model`] writes a smaller one with random weights, for tests of loading, checking and asking that must
//! not lean on what a model knows: its answers are noise, and the folder says so in `overread.json` and in its card.

mod siglip;
mod template;
mod tokenizer;
mod weights;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::dicom::{WriteError, write_bytes};
use crate::finding::LABELS;

pub use siglip::write_siglip_model;
pub use template::CHAT_TEMPLATE;

/// The question that the labels of `labels.json` answer.
pub const PROMPT: &str = "Which finding is present?";

/// What the folder of random weights says about itself in `overread.json`.
pub const NOISE_NOTE: &str = "This model has random weights: it has learned nothing, its answers are noise. \
     It is here for tests of the program alone.";

/// What can go wrong while the folder is written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The folder could not be made.
    #[error(
        "the model folder “{path}” could not be made ({source}); choose another place or free some space"
    )]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Sizes of a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) hidden: usize,
    pub(crate) intermediate: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) rows: usize,
    pub(crate) vision_hidden: usize,
    pub(crate) vision_intermediate: usize,
    pub(crate) vision_layers: usize,
    pub(crate) vision_heads: usize,
    pub(crate) image: usize,
    pub(crate) patch: usize,
    pub(crate) image_tokens: usize,
}

impl Shape {
    /// The model with random weights, with an embedding of at least `tokens` rows (a few stay without a string, as in the
    /// published models).
    fn random(tokens: usize) -> Self {
        Self {
            hidden: 64,
            intermediate: 144,
            layers: 6,
            heads: 4,
            kv_heads: 2,
            head_dim: 24,
            rows: (tokens + 1).next_multiple_of(64),
            vision_hidden: 48,
            vision_intermediate: 112,
            vision_layers: 3,
            vision_heads: 4,
            image: 224,
            patch: 14,
            image_tokens: 16,
        }
    }

    /// The model that learns to read the phantoms: about 2.2 million parameters.
    fn reader(tokens: usize) -> Self {
        Self {
            hidden: 128,
            intermediate: 256,
            layers: 6,
            heads: 4,
            kv_heads: 2,
            head_dim: 32,
            rows: (tokens + 1).next_multiple_of(64),
            vision_hidden: 160,
            vision_intermediate: 480,
            vision_layers: 4,
            vision_heads: 4,
            image: 224,
            patch: 14,
            image_tokens: 64,
        }
    }
}

/// Writes what a model that learns to read the phantoms needs before it has weights: config, tokenizer, template,
/// processor, labels. Files of these names are replaced.
///
/// # Errors
/// [`CheckpointError`].
pub fn write_reader_files(dir: &Path) -> Result<(), CheckpointError> {
    make(dir)?;
    let tokenizer = tokenizer::Tokenizer::build();
    for (name, bytes) in shared_files(&Shape::reader(tokenizer.len()), &tokenizer) {
        write_bytes(&dir.join(name), &bytes)?;
    }
    Ok(())
}

/// Writes the folder (made if absent; files of these names are replaced) and returns it: `config.json`,
/// `generation_config.json`, `model.safetensors` (BF16), `tokenizer.json`, `tokenizer_config.json`,
/// `special_tokens_map.json`, `added_tokens.json`, `chat_template.jinja`, `preprocessor_config.json`,
/// `processor_config.json`, `labels.json`, `overread.json`, `README.md`. The same seed gives the same bytes.
pub fn write_random_model(dir: &Path, seed: u64) -> Result<PathBuf, CheckpointError> {
    make(dir)?;
    let tokenizer = tokenizer::Tokenizer::build();
    let shape = Shape::random(tokenizer.len());
    let own = [
        (
            "overread.json",
            json(&json!({"noise": true, "note": NOISE_NOTE, "seed": seed})),
        ),
        ("README.md", card(&shape, seed).into_bytes()),
        ("model.safetensors", weights::safetensors(&shape, seed)),
    ];
    for (name, bytes) in shared_files(&shape, &tokenizer).into_iter().chain(own) {
        write_bytes(&dir.join(name), &bytes)?;
    }
    Ok(dir.to_path_buf())
}

fn make(dir: &Path) -> Result<(), CheckpointError> {
    std::fs::create_dir_all(dir).map_err(|source| CheckpointError::Folder {
        path: dir.display().to_string(),
        source,
    })
}

fn json(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

/// The files that do not depend on the weights.
fn shared_files(shape: &Shape, tokenizer: &tokenizer::Tokenizer) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("config.json", json(&config(shape, tokenizer))),
        ("generation_config.json", json(&generation())),
        ("preprocessor_config.json", json(&preprocessor(shape))),
        (
            "processor_config.json",
            json(&json!({"image_seq_length": shape.image_tokens, "processor_class": "Gemma3Processor"})),
        ),
        ("tokenizer.json", tokenizer.to_json().to_string().into_bytes()),
        ("tokenizer_config.json", json(&tokenizer.config())),
        ("special_tokens_map.json", json(&tokenizer::special_tokens())),
        (
            "added_tokens.json",
            json(&json!({"<image_soft_token>": tokenizer.image_token()})),
        ),
        ("chat_template.jinja", CHAT_TEMPLATE.as_bytes().to_vec()),
        ("labels.json", json(&json!({"prompt": PROMPT, "labels": LABELS}))),
    ]
}

fn config(shape: &Shape, tokenizer: &tokenizer::Tokenizer) -> Value {
    json!({
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "boi_token_index": tokenizer.start_of_image(),
        "eoi_token_index": tokenizer.end_of_image(),
        "image_token_index": tokenizer.image_token(),
        "eos_token_id": [1, 106],
        "initializer_range": 0.02,
        "mm_tokens_per_image": shape.image_tokens,
        "torch_dtype": "bfloat16",
        "text_config": {
            "model_type": "gemma3_text",
            "vocab_size": shape.rows,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.intermediate,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "head_dim": shape.head_dim,
            "query_pre_attn_scalar": shape.head_dim,
            "hidden_activation": "gelu_pytorch_tanh",
            "max_position_embeddings": 32768,
            "rms_norm_eps": 1e-6,
            "rope_theta": 1_000_000.0,
            "rope_local_base_freq": 10_000.0,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "sliding_window": 512,
            "sliding_window_pattern": 6,
            "attention_bias": false,
            "tie_word_embeddings": true,
        },
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": shape.vision_hidden,
            "intermediate_size": shape.vision_intermediate,
            "num_hidden_layers": shape.vision_layers,
            "num_attention_heads": shape.vision_heads,
            "num_channels": 3,
            "image_size": shape.image,
            "patch_size": shape.patch,
            "hidden_act": "gelu_pytorch_tanh",
            "layer_norm_eps": 1e-6,
            "vision_use_head": false,
        },
    })
}

fn generation() -> Value {
    json!({
        "bos_token_id": 2,
        "eos_token_id": [1, 106],
        "pad_token_id": 0,
        "cache_implementation": "hybrid",
        "do_sample": true,
        "top_k": 64,
        "top_p": 0.95,
    })
}

fn preprocessor(shape: &Shape) -> Value {
    json!({
        "image_processor_type": "Gemma3ImageProcessor",
        "processor_class": "Gemma3Processor",
        "do_convert_rgb": null,
        "do_resize": true,
        "size": {"height": shape.image, "width": shape.image},
        "resample": 2,
        "do_rescale": true,
        "rescale_factor": 1.0 / 255.0,
        "do_normalize": true,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "image_seq_length": shape.image_tokens,
        "do_pan_and_scan": null,
        "pan_and_scan_min_crop_size": null,
        "pan_and_scan_max_num_crops": null,
        "pan_and_scan_min_ratio_to_activate": null,
    })
}

fn card(shape: &Shape, seed: u64) -> String {
    let labels = LABELS.join(", ");
    let Shape {
        layers,
        hidden,
        image,
        image_tokens,
        ..
    } = shape;
    format!(
        "# Random model\n\n\
         **{NOISE_NOTE}**\n\n\
         - Architecture: that of the MedGemma family (a SigLIP tower of {image} x {image} pixels, {image_tokens} tokens \
         an image; a Gemma 3 decoder of {layers} layers and {hidden} channels), far smaller.\n\
         - Weights: random, from seed {seed}. Nothing was trained, nothing was copied.\n\
         - Tokenizer and chat template: made for this folder; they follow Gemma's rules, not its vocabulary.\n\
         - Labels: {labels}.\n\n\
         For tests. Never use an answer of this model for anything.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_complete_repeats_and_says_that_it_is_noise() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write_random_model(a.path(), 3).unwrap();
        write_random_model(b.path(), 3).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(a.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names.len(), 13);
        let mut total = 0;
        for name in &names {
            let bytes = std::fs::read(a.path().join(name)).unwrap();
            assert_eq!(bytes, std::fs::read(b.path().join(name)).unwrap(), "{name:?}");
            total += bytes.len();
        }
        assert!(total < 2_000_000, "{total}");
        let read = |name: &str| -> Value {
            serde_json::from_slice(&std::fs::read(a.path().join(name)).unwrap()).unwrap()
        };
        assert_eq!(read("overread.json")["noise"], json!(true));
        assert_eq!(
            read("labels.json")["labels"].as_array().unwrap().len(),
            LABELS.len()
        );
        assert!(read("overread.json")["note"].as_str().unwrap().contains("noise"));
        write_random_model(b.path(), 4).unwrap();
        let weights = |dir: &Path| std::fs::read(dir.join("model.safetensors")).unwrap();
        assert_ne!(weights(a.path()), weights(b.path()));
    }

    #[test]
    fn a_path_that_is_a_file_is_refused_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("taken");
        std::fs::write(&file, b"x").unwrap();
        let error = write_random_model(&file, 1).unwrap_err().to_string();
        assert!(
            error.contains("taken") && error.contains("choose another place"),
            "{error}"
        );
    }
}
