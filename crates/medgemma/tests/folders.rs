//! Damaged, mixed and mistaken model folders: each is refused with a sentence that says what is wrong, and never loaded.

mod common;

use std::path::{Path, PathBuf};

use common::{demo, json, tensors, write_safetensors, write_with_header};
use overread_medgemma::check::check;
use overread_medgemma::files::ModelFiles;
use serde_json::{Value, json};

type Tensor = (String, Vec<usize>, Vec<f32>);

struct Folder {
    _kept: tempfile::TempDir,
    path: PathBuf,
}

fn made() -> Folder {
    let kept = tempfile::tempdir().expect("a folder");
    let path = demo(&kept.path().join("model"));
    Folder { _kept: kept, path }
}

impl Folder {
    fn weights(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    fn tensors(&self) -> Vec<Tensor> {
        tensors(&self.weights())
    }

    /// Two shards with an index, `cut` tensors in the first.
    fn shard(&self, cut: usize) {
        let mut first = self.tensors();
        let second = first.split_off(cut);
        let names = [
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
        ];
        let mut map = serde_json::Map::new();
        for (name, tensors) in names.iter().zip([&first, &second]) {
            write_safetensors(&self.path.join(name), tensors);
            map.extend(tensors.iter().map(|t| (t.0.clone(), json!(name))));
        }
        self.write("model.safetensors.index.json", &json!({"weight_map": map}));
        std::fs::remove_file(self.weights()).expect("there");
    }

    fn write(&self, name: &str, value: &Value) {
        std::fs::write(self.path.join(name), value.to_string()).expect("writes");
    }

    fn edit(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut value = json(&self.path.join(name));
        change(&mut value);
        self.write(name, &value);
    }

    /// What is said, and that loading refuses for the same reason.
    fn said(&self) -> String {
        said(&self.path)
    }
}

fn said(path: &Path) -> String {
    let report = check(path);
    assert!(!report.usable, "{:?}", report.lines);
    assert!(ModelFiles::open(path).is_err());
    report.lines.join(" ")
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "“{part}” is not in: {text}");
    }
}

#[test]
fn a_sound_folder_is_usable_whole_and_in_shards() {
    let folder = made();
    assert!(check(&folder.path).usable);
    folder.shard(30);
    let report = check(&folder.path);
    assert!(report.usable, "{:?}", report.lines);
    assert!(report.memory_f32 > report.memory_bf16 && report.memory_bf16 > report.memory_q8_0);
}

#[test]
fn every_family_of_names_is_read() {
    let folder = made();
    let original = folder.tensors();
    let rename = |rules: &[(&str, &str)]| {
        let renamed: Vec<Tensor> = original
            .iter()
            .map(|(name, shape, values)| {
                let mut name = name.clone();
                for (from, to) in rules {
                    if let Some(rest) = name.strip_prefix(from) {
                        name = format!("{to}{rest}");
                        break;
                    }
                }
                (name, shape.clone(), values.clone())
            })
            .collect();
        write_safetensors(&folder.weights(), &renamed);
        let report = check(&folder.path);
        assert!(report.usable, "{rules:?}: {:?}", report.lines);
    };
    let tower = "vision_tower.vision_model.";
    rename(&[
        ("language_model.model.", "model.language_model."),
        (tower, "model.vision_tower.vision_model."),
        ("multi_modal_projector.", "model.multi_modal_projector."),
    ]);
    rename(&[
        ("language_model.model.", "model.language_model."),
        (tower, "model.vision_tower."),
        ("multi_modal_projector.", "model.multi_modal_projector."),
    ]);
    rename(&[(tower, "vision_tower.")]);
}

#[test]
fn missing_left_over_and_misshapen_tensors_are_all_named() {
    let folder = made();
    let mut list = folder.tensors();
    let gone = list.remove(3).0;
    let bent = list.iter_mut().find(|t| t.1.len() == 2).expect("a matrix");
    bent.1.reverse();
    let bent = bent.0.clone();
    list.push((
        "language_model.model.layers.0.extra.weight".to_owned(),
        vec![2],
        vec![0.0; 2],
    ));
    write_safetensors(&folder.weights(), &list);
    let text = folder.said();
    let gone = gone
        .rsplit_once('.')
        .expect("a dot")
        .0
        .rsplit_once('.')
        .expect("a dot")
        .1;
    contains(&text, &[gone, &bent, "extra", "missing", "shape", "also"]);
}

#[test]
fn shards_that_do_not_belong_together_are_refused() {
    let folder = made();
    folder.shard(30);
    std::fs::remove_file(folder.path.join("model-00002-of-00002.safetensors")).expect("there");
    contains(&folder.said(), &["model-00002-of-00002.safetensors"]);

    let folder = made();
    let list = folder.tensors();
    folder.shard(30);
    write_safetensors(&folder.path.join("model-00002-of-00002.safetensors"), &list[29..]);
    contains(&folder.said(), &["twice", &list[29].0]);

    let folder = made();
    folder.shard(30);
    folder.edit("model.safetensors.index.json", |index| {
        let map = index["weight_map"].as_object_mut().expect("a map");
        if let Some(shard) = map.values_mut().next() {
            *shard = json!("model-00002-of-00002.safetensors");
        }
    });
    contains(&folder.said(), &["index.json", "different downloads"]);

    let folder = made();
    folder.shard(30);
    for outside in [
        "../other.safetensors",
        "/etc/passwd",
        "weights.bin",
        ".hidden.safetensors",
    ] {
        folder.write(
            "model.safetensors.index.json",
            &json!({"weight_map": {"a": outside}}),
        );
        contains(&folder.said(), &["outside the folder"]);
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let folder = made();
    let path = folder.weights();
    let header = |text: &str, data: &[u8]| {
        write_with_header(&path, text, data);
        folder.said()
    };
    let entry = |dtype: &str, shape: Value, from: u64, to: u64| {
        json!({"language_model.model.norm.weight": {"dtype": dtype, "shape": shape, "data_offsets": [from, to]}})
            .to_string()
    };
    contains(&header("{", &[]), &["not JSON"]);
    contains(&header("[]", &[]), &["not an object"]);
    contains(&header(&entry("F32", json!([2]), 0, 8), &[0; 4]), &["cut short"]);
    contains(&header(&entry("F32", json!([2]), 0, 8), &[0; 12]), &["longer"]);
    contains(&header(&entry("F32", json!([2]), 4, 12), &[0; 12]), &["begin"]);
    contains(
        &header(&entry("F32", json!([3]), 0, 8), &[0; 8]),
        &["does not fit"],
    );
    let huge = json!([4_294_967_296_u64, 4_294_967_296_u64, 4]);
    contains(&header(&entry("F32", huge, 0, 8), &[0; 8]), &["does not fit"]);
    contains(
        &header(&entry("F32", json!([2]), 0, u64::MAX), &[0; 8]),
        &["does not fit"],
    );
    contains(
        &header(&entry("F8_E4M3", json!([8]), 0, 8), &[0; 8]),
        &["F8_E4M3", "norm.weight"],
    );
    contains(&header(&entry("I64", json!([1]), 0, 8), &[0; 8]), &["I64"]);
    let absmax = json!({"a.weight.absmax": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}});
    contains(&header(&absmax.to_string(), &[0; 8]), &["bitsandbytes"]);
    for (bytes, part) in [
        (vec![1, 2, 3], "too short"),
        (u64::MAX.to_le_bytes().to_vec(), "far too long"),
        (1_000_000_u64.to_le_bytes().to_vec(), "incomplete"),
        (
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            "git-lfs",
        ),
    ] {
        std::fs::write(&path, bytes).expect("writes");
        contains(&folder.said(), &[part]);
    }
    // A deep nest where a number should be.
    contains(&header(&"[".repeat(100_000), &[]), &["not JSON"]);
}

#[test]
fn what_is_no_model_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    contains(&said(&path.join("absent")), &["nothing at this place"]);
    contains(&said(path), &["config.json"]);
    std::fs::write(path.join("adapter_config.json"), "{}").expect("writes");
    let report = check(path);
    assert_eq!(report.kind, "adapter");
    contains(&report.lines.join(" "), &["adapter, not a model"]);
    let file = path.join("a.safetensors");
    std::fs::write(&file, "").expect("writes");
    contains(&said(&file), &["This is a file"]);

    let model = made();
    model.edit("config.json", |c| c["model_type"] = json!("siglip"));
    let report = check(&model.path);
    assert_eq!(report.kind, "siglip");
    assert!(!report.usable, "its towers are not those of MedSigLIP");
    let refused = ModelFiles::open(&model.path).expect_err("refused").to_string();
    contains(&refused, &["MedSigLIP"]);

    let model = made();
    model.edit("config.json", |c| {
        c["quantization_config"] = json!({"quant_method": "bitsandbytes", "load_in_4bit": true});
    });
    contains(&model.said(), &["bitsandbytes"]);

    let model = made();
    std::fs::rename(model.weights(), model.path.join("pytorch_model.bin")).expect("there");
    contains(&model.said(), &["pytorch_model.bin", "pickle"]);

    let model = made();
    std::fs::remove_file(model.weights()).expect("there");
    contains(&model.said(), &["no weights"]);
}

#[test]
fn a_tokenizer_of_another_model_is_told() {
    let folder = made();
    folder.edit("tokenizer.json", |t| {
        for token in t["added_tokens"].as_array_mut().expect("tokens") {
            if token["content"] == "<end_of_turn>" {
                token["content"] = json!("<|eot|>");
            }
        }
        let vocabulary = t["model"]["vocab"].as_object_mut().expect("a vocabulary");
        let id = vocabulary.remove("<end_of_turn>").expect("there");
        vocabulary.insert("<|eot|>".to_owned(), id);
    });
    contains(&folder.said(), &["<end_of_turn>", "different models"]);

    let folder = made();
    folder.edit("config.json", |c| c["image_token_index"] = json!(9));
    contains(&folder.said(), &["stands for images", "token 9"]);

    let folder = made();
    std::fs::remove_file(folder.path.join("tokenizer.json")).expect("there");
    contains(&folder.said(), &["tokenizer.json"]);
    std::fs::write(folder.path.join("tokenizer.json"), "{\"version\": ").expect("writes");
    contains(&folder.said(), &["tokenizer.json"]);
}
