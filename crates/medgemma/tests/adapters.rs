//! PEFT folders, written here: what is read from them, and the sentence for each that does not fit.

use std::path::Path;

use overread_medgemma::adapter::merge;
use overread_medgemma::config::Config;
use overread_medgemma::{AdapterWeights, Cancel, EngineError};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::{Value, json};
use tempfile::TempDir;

/// One layer of 6 numbers, 2 heads of 4, a tower of one layer of 4 numbers.
fn model() -> Config {
    let file = json!({
        "model_type": "gemma3", "mm_tokens_per_image": 1,
        "text_config": {
            "num_hidden_layers": 2, "hidden_size": 6, "intermediate_size": 10, "num_attention_heads": 2,
            "num_key_value_heads": 1, "head_dim": 4, "vocab_size": 7
        },
        "vision_config": {
            "hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
            "image_size": 28, "patch_size": 14
        }
    });
    Config::from_json(&file, None).expect("a config")
}

struct Adapter {
    config: Value,
    tensors: Vec<(String, Vec<usize>)>,
}

/// A little adapter on one layer of each tower, with names as PEFT writes them.
fn adapter() -> Adapter {
    let mut it = Adapter {
        config: json!({
            "peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", "fan_in_fan_out": false,
            "base_model_name_or_path": "some/base"
        }),
        tensors: Vec::new(),
    };
    it.pair(
        "base_model.model.model.language_model.layers.1.mlp.up_proj",
        10,
        6,
        2,
    );
    it.pair(
        "base_model.model.model.vision_tower.vision_model.encoder.layers.0.self_attn.out_proj",
        4,
        4,
        2,
    );
    it
}

impl Adapter {
    fn put(&mut self, name: &str, shape: &[usize]) {
        self.tensors.push((name.to_owned(), shape.to_vec()));
    }

    fn pair(&mut self, layer: &str, n: usize, k: usize, r: usize) {
        self.put(&format!("{layer}.lora_A.weight"), &[r, k]);
        self.put(&format!("{layer}.lora_B.weight"), &[n, r]);
    }

    fn write(&self, folder: &Path) {
        std::fs::write(folder.join("adapter_config.json"), self.config.to_string()).expect("a config");
        let bytes: Vec<Vec<u8>> = self
            .tensors
            .iter()
            .enumerate()
            .map(|(t, (_, shape))| {
                (0..shape.iter().product::<usize>())
                    .flat_map(|i| (((t * 7 + i * 3) % 11) as f32 * 0.25 - 1.0).to_le_bytes())
                    .collect()
            })
            .collect();
        let views = self.tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
            (
                name.clone(),
                TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor"),
            )
        });
        serialize_to_file(views, None, &folder.join("adapter_model.safetensors")).expect("a file");
    }

    fn read(&self) -> Result<AdapterWeights, EngineError> {
        let folder = TempDir::new().expect("a folder");
        self.write(folder.path());
        AdapterWeights::read(folder.path(), &model(), &Cancel::default())
    }

    fn refused(&self) -> String {
        self.read().expect_err("is refused").to_string()
    }
}

#[test]
fn layers_of_both_towers_are_found_under_their_internal_names() {
    let read = adapter().read().expect("reads");
    let names: Vec<&str> = read.entries.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "text.layers.1.mlp.up_proj",
            "vision.encoder.layers.0.self_attn.out_proj"
        ]
    );
    let up = &read.entries["text.layers.1.mlp.up_proj"];
    assert_eq!((up.r, up.scale, up.rows(), up.columns()), (2, 2.0, 10, 6));
    assert_eq!(up.a[..3], [-1.0, -0.25, 0.5]);
    assert_eq!(read.base_model, "some/base");
    assert!(read.changes_images() && !read.is_dora());
}

#[test]
fn older_and_newer_writers_meet_in_the_same_layers() {
    let mut other = adapter();
    for (name, _) in &mut other.tensors {
        *name = name
            .replace("model.model.language_model.", "model.language_model.model.")
            .replace(
                "model.model.vision_tower.vision_model.",
                "model.model.vision_tower.",
            )
            .replace(".weight", ".default.weight");
    }
    let (one, two) = (adapter().read().expect("one"), other.read().expect("other"));
    assert_eq!(one.entries, two.entries);
}

#[test]
fn patterns_set_rank_and_scale_of_single_layers() {
    let mut it = adapter();
    it.config["rank_pattern"] = json!({r"layers\.0\.mlp\.gate_proj": 3});
    it.config["alpha_pattern"] = json!({"gate_proj": 12});
    it.config["use_rslora"] = json!(true);
    it.pair(
        "base_model.model.model.language_model.layers.0.mlp.gate_proj",
        10,
        6,
        3,
    );
    let read = it.read().expect("reads");
    let scale = |name: &str| read.entries[name].scale;
    assert_eq!(
        scale("text.layers.0.mlp.gate_proj"),
        (12.0 / 3.0_f64.sqrt()) as f32
    );
    assert_eq!(scale("text.layers.1.mlp.up_proj"), (4.0 / 2.0_f64.sqrt()) as f32);
}

#[test]
fn whole_tensors_replace_the_bases_own() {
    let mut it = adapter();
    it.put("base_model.model.lm_head.weight", &[7, 6]);
    it.put(
        "base_model.model.model.language_model.embed_tokens.modules_to_save.default.weight",
        &[7, 6],
    );
    it.put(
        "base_model.model.model.multi_modal_projector.mm_input_projection_weight",
        &[4, 6],
    );
    it.put("base_model.model.model.language_model.norm.weight", &[6]);
    let read = it.read().expect("reads");
    let names: Vec<&str> = read.replaced.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "head.weight",
            "projector.mm_input_projection_weight",
            "text.embed_tokens.weight",
            "text.norm.weight"
        ]
    );
    assert_ne!(
        read.replaced["head.weight"].1,
        read.replaced["text.embed_tokens.weight"].1
    );
}

#[test]
fn embedding_and_head_trained_as_one_stay_one() {
    let mut it = adapter();
    it.put(
        "base_model.model.model.language_model.embed_tokens.weight",
        &[7, 6],
    );
    assert!(!it.read().expect("reads").replaced.contains_key("head.weight"));
    it.config["ensure_weight_tying"] = json!(true);
    let read = it.read().expect("reads");
    assert_eq!(
        read.replaced["head.weight"],
        read.replaced["text.embed_tokens.weight"]
    );
}

#[test]
fn dora_rows_have_their_trained_length() {
    let mut it = adapter();
    it.config["use_dora"] = json!(true);
    let layers: Vec<(String, usize)> = it
        .tensors
        .iter()
        .filter_map(|(name, shape)| Some((name.strip_suffix(".lora_B.weight")?.to_owned(), shape[0])))
        .collect();
    for (layer, n) in layers {
        it.put(&format!("{layer}.lora_magnitude_vector"), &[n]);
    }
    let read = it.read().expect("reads");
    let name = "text.layers.1.mlp.up_proj";
    let magnitude = read.entries[name].magnitude.clone().expect("lengths");
    for (row, magnitude) in magnitude.iter().enumerate() {
        let mut values = [0.5, -1.0, 2.0, 0.25, 0.0, 1.5];
        merge(&read, name, row, &mut values);
        let length = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        assert!(
            (length - f64::from(magnitude.abs())).abs() < 1e-6,
            "row {row}: {length}"
        );
    }
}

#[test]
fn the_hash_changes_with_the_numbers_and_with_the_scale() {
    let one = adapter().read().expect("reads").sha256;
    assert_eq!(one, adapter().read().expect("reads").sha256);
    let mut scaled = adapter();
    scaled.config["lora_alpha"] = json!(5);
    assert_ne!(one, scaled.read().expect("reads").sha256);
    let mut other = adapter();
    other.tensors.swap(0, 2);
    assert_ne!(one, other.read().expect("reads").sha256);
}

#[test]
fn what_finds_no_place_is_named() {
    let layer = "base_model.model.model.language_model.layers.1.mlp.up_proj";
    let cases: [(&str, Vec<usize>, &str); 5] = [
        // Of a deeper model.
        (
            "base_model.model.model.language_model.layers.2.mlp.up_proj.lora_A.weight",
            vec![2, 6],
            "layers.2.mlp.up_proj",
        ),
        (
            "base_model.model.model.audio_tower.layers.0.fc.lora_A.weight",
            vec![2, 6],
            "audio_tower",
        ),
        (
            "base_model.model.model.language_model.embed_tokens.lora_embedding_A",
            vec![2, 7],
            "lora_embedding_A",
        ),
        (
            "base_model.model.model.language_model.layers.0.mlp.up_proj.lora_B.bias",
            vec![10],
            "lora_B.bias",
        ),
        // The same layer under an older name as well.
        (
            "base_model.model.language_model.model.layers.1.mlp.up_proj.lora_A.weight",
            vec![2, 6],
            "twice",
        ),
    ];
    for (name, shape, word) in cases {
        let mut it = adapter();
        it.put(name, &shape);
        let error = it.refused();
        assert!(error.contains(word), "{name}: {error}");
    }
    // Tables that are looked up are no layers: an update of them would have no effect.
    for (table, rows, columns) in [
        ("base_model.model.model.language_model.embed_tokens", 7, 6),
        (
            "base_model.model.model.vision_tower.vision_model.embeddings.position_embedding",
            4,
            4,
        ),
    ] {
        let mut it = adapter();
        it.pair(table, rows, columns, 2);
        let error = it.refused();
        assert!(error.contains("no linear layer"), "{table}: {error}");
    }
    for (part, word) in [(".lora_A.weight", "lora_A"), (".lora_B.weight", "lora_B")] {
        let mut it = adapter();
        it.tensors.retain(|(name, _)| *name != format!("{layer}{part}"));
        let error = it.refused();
        assert!(
            error.contains(word) && error.contains("layers.1.mlp.up_proj"),
            "{error}"
        );
    }
}

#[test]
fn shapes_are_held_against_the_model_and_the_rank() {
    for (index, shape) in [(0, vec![2, 5]), (1, vec![9, 2]), (0, vec![3, 6])] {
        let mut it = adapter();
        it.tensors[index].1 = shape.clone();
        let error = it.refused();
        assert!(
            error.contains(&format!("{shape:?}")) && error.contains("up_proj"),
            "{error}"
        );
    }
    let mut it = adapter();
    it.put("base_model.model.lm_head.weight", &[8, 6]);
    assert!(matches!(it.read(), Err(EngineError::WrongShapes(_))));
    // A norm is no linear layer.
    let mut it = adapter();
    it.pair("base_model.model.model.language_model.norm", 6, 6, 2);
    assert!(it.refused().contains("no linear layer"));
}

#[test]
fn dora_needs_its_lengths_and_its_word() {
    let mut it = adapter();
    it.config["use_dora"] = json!(true);
    assert!(it.refused().contains("lora_magnitude_vector"));
    let mut it = adapter();
    it.put(
        "base_model.model.model.language_model.layers.1.mlp.up_proj.lora_magnitude_vector",
        &[10],
    );
    assert!(it.refused().contains("DoRA"));
}

#[test]
fn folders_without_the_files_say_which() {
    let folder = TempDir::new().expect("a folder");
    let read = || {
        AdapterWeights::read(folder.path(), &model(), &Cancel::default())
            .expect_err("refused")
            .to_string()
    };
    assert!(read().contains("adapter_config.json"));
    std::fs::write(
        folder.path().join("adapter_config.json"),
        adapter().config.to_string(),
    )
    .expect("a config");
    assert!(read().contains("adapter_model.safetensors"));
    std::fs::write(folder.path().join("adapter_model.bin"), b"").expect("a file");
    assert!(read().contains("pickle"));
    std::fs::write(folder.path().join("adapter_model.safetensors"), [255; 64]).expect("a file");
    assert!(read().contains("safetensors"));
}

#[test]
fn a_stopped_read_says_so() {
    let folder = TempDir::new().expect("a folder");
    adapter().write(folder.path());
    let cancel = Cancel::default();
    cancel.cancel();
    let error = AdapterWeights::read(folder.path(), &model(), &cancel).expect_err("stopped");
    assert!(matches!(error, EngineError::Cancelled));
}
