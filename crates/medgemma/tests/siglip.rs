//! A small SiglipModel, written here: scores that add up, adapters beside and within the weights, faults that are named.

use std::collections::BTreeMap;
use std::path::Path;

use overread_medgemma::check::check;
use overread_medgemma::siglip::{Asking, MedSiglip, Pairing, Resize, SiglipConfig, templates};
use overread_medgemma::trace::{trace, trace_with};
use overread_medgemma::{Cancel, EngineError, LoadOptions, Picture, Precision};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::{Value, json};
use tempfile::TempDir;

const SIDE: usize = 28;
const WIDTH: usize = 8;
const WORDS: [&str; 10] = [
    "<unk>",
    "</s>",
    "▁no",
    "▁left",
    "▁effusion",
    "▁lung",
    "▁a",
    "▁",
    "e",
    "s",
];

fn config() -> Value {
    json!({
        "model_type": "siglip",
        "text_config": {
            "hidden_size": WIDTH, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
            "max_position_embeddings": 6, "vocab_size": WORDS.len()
        },
        "vision_config": {
            "hidden_size": WIDTH, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 4,
            "image_size": SIDE, "patch_size": 14
        }
    })
}

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Names and shapes as the files have them, with numbers that repeat.
fn tensors() -> Tensors {
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("logit_scale".into(), vec![1]),
        ("logit_bias".into(), vec![1]),
        (
            "vision_model.embeddings.patch_embedding.weight".into(),
            vec![WIDTH, 3, 14, 14],
        ),
        ("vision_model.embeddings.patch_embedding.bias".into(), vec![WIDTH]),
        (
            "vision_model.embeddings.position_embedding.weight".into(),
            vec![4, WIDTH],
        ),
        ("vision_model.head.probe".into(), vec![1, 1, WIDTH]),
        (
            "vision_model.head.attention.in_proj_weight".into(),
            vec![3 * WIDTH, WIDTH],
        ),
        ("vision_model.head.attention.in_proj_bias".into(), vec![3 * WIDTH]),
        (
            "text_model.embeddings.token_embedding.weight".into(),
            vec![WORDS.len(), WIDTH],
        ),
        (
            "text_model.embeddings.position_embedding.weight".into(),
            vec![6, WIDTH],
        ),
    ];
    let mut linear = |name: String, out: usize, inn: usize| {
        shapes.push((format!("{name}.weight"), vec![out, inn]));
        shapes.push((format!("{name}.bias"), vec![out]));
    };
    linear("vision_model.head.attention.out_proj".into(), WIDTH, WIDTH);
    linear("vision_model.head.mlp.fc1".into(), 12, WIDTH);
    linear("vision_model.head.mlp.fc2".into(), WIDTH, 12);
    linear("text_model.head".into(), WIDTH, WIDTH);
    for tower in ["vision_model", "text_model"] {
        for i in 0..2 {
            for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                linear(
                    format!("{tower}.encoder.layers.{i}.self_attn.{part}"),
                    WIDTH,
                    WIDTH,
                );
            }
            linear(format!("{tower}.encoder.layers.{i}.mlp.fc1"), 12, WIDTH);
            linear(format!("{tower}.encoder.layers.{i}.mlp.fc2"), WIDTH, 12);
        }
    }
    for name in [
        "vision_model.post_layernorm",
        "vision_model.head.layernorm",
        "text_model.final_layer_norm",
    ] {
        shapes.push((format!("{name}.weight"), vec![WIDTH]));
        shapes.push((format!("{name}.bias"), vec![WIDTH]));
    }
    for tower in ["vision_model", "text_model"] {
        for i in 0..2 {
            for part in [
                "layer_norm1.weight",
                "layer_norm1.bias",
                "layer_norm2.weight",
                "layer_norm2.bias",
            ] {
                shapes.push((format!("{tower}.encoder.layers.{i}.{part}"), vec![WIDTH]));
            }
        }
    }
    let mut state = 7_u32;
    shapes
        .into_iter()
        .map(|(name, shape)| {
            let values = (0..shape.iter().product::<usize>())
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let value = (state >> 16) as f32 / 65_536.0 - 0.5;
                    if name.contains("norm") && name.ends_with("weight") {
                        value + 1.0
                    } else {
                        value
                    }
                })
                .collect();
            (name, (shape, values))
        })
        .collect()
}

fn write_tensors(path: &Path, tensors: &Tensors) {
    let bytes: Vec<Vec<u8>> = tensors
        .values()
        .map(|(_, values)| values.iter().flat_map(|v| v.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, (shape, _)), bytes)| {
        (
            name.clone(),
            TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor"),
        )
    });
    serialize_to_file(views, None, path).expect("a file");
}

fn write(folder: &Path, tensors: &Tensors) {
    let put = |name: &str, json: Value| std::fs::write(folder.join(name), json.to_string()).expect("a file");
    put("config.json", config());
    put(
        "preprocessor_config.json",
        json!({"resample": 2, "size": {"height": SIDE, "width": SIDE}}),
    );
    put(
        "tokenizer_config.json",
        json!({"tokenizer_class": "SiglipTokenizer", "pad_token": "</s>"}),
    );
    let vocabulary: Vec<Value> = WORDS
        .iter()
        .enumerate()
        .map(|(i, w)| json!([w, -(i as f64)]))
        .collect();
    let mark = json!({"SpecialToken": {"id": "</s>", "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    put(
        "tokenizer.json",
        json!({
            "version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [{"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true}],
            "normalizer": null,
            "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
            "post_processor": {"type": "TemplateProcessing", "single": [text.clone(), mark.clone()], "pair": [text, mark],
                "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
            "decoder": null,
            "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary, "byte_fallback": false}
        }),
    );
    write_tensors(&folder.join("model.safetensors"), tensors);
}

fn load(folder: &Path) -> Result<MedSiglip, EngineError> {
    MedSiglip::load(
        folder,
        &LoadOptions::default(),
        Resize::Processor,
        &mut |_| {},
        &Cancel::default(),
    )
}

fn model() -> (TempDir, MedSiglip) {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), &tensors());
    let model = load(folder.path()).expect("loads");
    (folder, model)
}

fn picture(shift: usize) -> Picture {
    Picture {
        width: 40,
        height: 30,
        rgb: (0..40 * 30 * 3)
            .map(|i| ((i * i / 7 + i * shift) % 256) as u8)
            .collect(),
    }
}

fn labels(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn asking(pairing: Pairing) -> Asking<'static> {
    Asking {
        pairing,
        template: &templates()[0],
        adapter: None,
    }
}

#[test]
fn embeddings_have_length_one_and_differ() {
    let (_folder, model) = model();
    let cancel = Cancel::default();
    let one = model.embed_image(&picture(1), None, &cancel).expect("a picture");
    let two = model.embed_image(&picture(2), None, &cancel).expect("a picture");
    let text = model.embed_text("effusion", None, &cancel).expect("a text");
    for embedding in [&one, &two, &text] {
        let length: f64 = embedding.iter().map(|v| f64::from(*v).powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-6, "{length}");
    }
    assert_ne!(one, two);
    // Asked again, it is the same one and not another copy.
    let again = model.embed_image(&picture(1), None, &cancel).expect("a picture");
    assert!(std::sync::Arc::ptr_eq(&one, &again));
}

#[test]
fn texts_are_cleaned_filled_up_and_cut() {
    let (_folder, model) = model();
    let ids = |text: &str| model.ids(text).expect("ids");
    assert_eq!(ids("Left, EFFUSION!"), [3, 4, 1, 1, 1, 1]);
    assert_eq!(
        ids("left effusion left effusion left effusion"),
        [3, 4, 3, 4, 3, 1]
    );
    // A mark that a user types is text.
    assert_eq!(ids("lung </s>"), [5, 7, 9, 1, 1, 1]);
    assert!(model.ids(" .,! ").is_err());
}

#[test]
fn labels_are_scored_in_three_ways_from_the_same_logits() {
    let (_folder, model) = model();
    let cancel = Cancel::default();
    let names = labels(&["left effusion", "lung"]);
    let score = |pairing| {
        model
            .scores(&picture(1), &names, asking(pairing), &mut |_| {}, &cancel)
            .expect("scores")
    };
    let (set, each, pairs) = (
        score(Pairing::Softmax),
        score(Pairing::Sigmoid),
        score(Pairing::PositiveNegative),
    );
    assert!((set.iter().map(|fit| fit.probability).sum::<f64>() - 1.0).abs() < 1e-12);
    let image = model.embed_image(&picture(1), None, &cancel).expect("a picture");
    for ((set, each), (pair, name)) in set.iter().zip(&each).zip(pairs.iter().zip(&names)) {
        let logit = |text: &str| model.logit(&image, &model.embed_text(text, None, &cancel).expect("a text"));
        let (yes, no) = (logit(name), logit(&format!("no {name}")));
        assert_eq!(
            (set.logits[0], each.logits[0], pair.logits.as_slice()),
            (yes, yes, [yes, no].as_slice())
        );
        assert!((each.probability - 1.0 / (1.0 + (-yes).exp())).abs() < 1e-12);
        assert!((pair.probability - yes.exp() / (yes.exp() + no.exp())).abs() < 1e-12);
    }
    let none = model.scores(&picture(1), &[], asking(Pairing::Softmax), &mut |_| {}, &cancel);
    assert!(matches!(none, Err(EngineError::BadQuestion(_))));
}

#[test]
fn an_adapter_beside_the_weights_is_the_same_as_within() {
    let folder = TempDir::new().expect("a folder");
    let base = tensors();
    write(folder.path(), &base);
    let adapter = TempDir::new().expect("a folder");
    let settings = json!({"peft_type": "LORA", "r": 1, "lora_alpha": 2, "bias": "none"});
    std::fs::write(adapter.path().join("adapter_config.json"), settings.to_string()).expect("a config");
    let mut merged = base.clone();
    let mut pairs = Tensors::new();
    let layers = [
        ("vision_model.encoder.layers.1.self_attn.q_proj", WIDTH, WIDTH),
        ("vision_model.head.mlp.fc1", 12, WIDTH),
        ("text_model.encoder.layers.0.mlp.fc2", WIDTH, 12),
    ];
    for (layer, n, k) in layers {
        let a: Vec<f32> = (0..k).map(|i| (i as f32 - 3.0) * 0.125).collect();
        let b: Vec<f32> = (0..n).map(|i| 0.5 - i as f32 * 0.0625).collect();
        let weight = &mut merged.get_mut(&format!("{layer}.weight")).expect("a layer").1;
        for (row, b) in weight.chunks_exact_mut(k).zip(&b) {
            for (v, a) in row.iter_mut().zip(&a) {
                *v += 2.0 * a * b;
            }
        }
        pairs.insert(format!("base_model.model.{layer}.lora_A.weight"), (vec![1, k], a));
        pairs.insert(format!("base_model.model.{layer}.lora_B.weight"), (vec![n, 1], b));
    }
    write_tensors(&adapter.path().join("adapter_model.safetensors"), &pairs);
    let within = TempDir::new().expect("a folder");
    write(within.path(), &merged);

    let cancel = Cancel::default();
    let (model, merged) = (
        load(folder.path()).expect("loads"),
        load(within.path()).expect("loads"),
    );
    let ready = model.adapter(adapter.path(), &cancel).expect("reads");
    let close = |one: &[f32], two: &[f32]| one.iter().zip(two).all(|(a, b)| (a - b).abs() < 2e-6);
    let plain = model.embed_image(&picture(1), None, &cancel).expect("a picture");
    let beside = model
        .embed_image(&picture(1), Some(&ready), &cancel)
        .expect("a picture");
    assert!(!close(&plain, &beside));
    assert!(close(
        &beside,
        &merged.embed_image(&picture(1), None, &cancel).expect("a picture")
    ));
    let plain = model.embed_text("left lung", None, &cancel).expect("a text");
    let beside = model
        .embed_text("left lung", Some(&ready), &cancel)
        .expect("a text");
    assert!(!close(&plain, &beside));
    assert!(close(
        &beside,
        &merged.embed_text("left lung", None, &cancel).expect("a text")
    ));
    // Switched off, the base answers as before.
    assert_eq!(
        plain,
        model.embed_text("left lung", None, &cancel).expect("a text")
    );
}

#[test]
fn weights_that_are_no_numbers_give_an_error_and_no_score() {
    let folder = TempDir::new().expect("a folder");
    let mut damaged = tensors();
    let norm = damaged
        .get_mut("vision_model.post_layernorm.weight")
        .expect("a norm");
    norm.1[0] = f32::NAN;
    write(folder.path(), &damaged);
    let model = load(folder.path()).expect("loads");
    let found = model.embed_image(&picture(1), None, &Cancel::default());
    assert!(matches!(found, Err(EngineError::Compute(_))));
}

#[test]
fn missing_and_foreign_tensors_are_named() {
    let folder = TempDir::new().expect("a folder");
    let refused = |tensors: &Tensors| {
        write(folder.path(), tensors);
        load(folder.path()).expect_err("refused").to_string()
    };
    let mut cut = tensors();
    cut.remove("vision_model.head.probe");
    assert!(refused(&cut).contains("head.probe"));
    let mut more = tensors();
    more.insert("vision_model.extra.weight".into(), (vec![1], vec![0.0]));
    assert!(refused(&more).contains("extra"));
    let mut other = tensors();
    other.insert("text_model.head.bias".into(), (vec![3], vec![0.0; 3]));
    assert!(refused(&other).contains("text_model.head.bias"));
    write(folder.path(), &tensors());
    std::fs::remove_file(folder.path().join("preprocessor_config.json")).expect("removed");
    assert!(
        matches!(load(folder.path()), Err(EngineError::MissingFile(file)) if file == "preprocessor_config.json")
    );
}

#[test]
fn a_stopped_read_and_a_broken_picture_say_so() {
    let (_folder, model) = model();
    let cancel = Cancel::default();
    cancel.cancel();
    assert!(matches!(
        model.embed_image(&picture(1), None, &cancel),
        Err(EngineError::Cancelled)
    ));
    let mut broken = picture(1);
    broken.rgb.pop();
    assert!(matches!(
        model.embed_image(&broken, None, &Cancel::default()),
        Err(EngineError::BadQuestion(_))
    ));
}

#[test]
fn the_trace_has_the_references_keys() {
    let (folder, _model) = model();
    let case = folder.path().join("case.json");
    std::fs::write(
        &case,
        json!({"id": "x", "texts": ["lung", "no lung"], "images": ["a.png"]}).to_string(),
    )
    .expect("a case");
    let open = |_: &Path| Ok((picture(1), "RGB"));
    let got = trace(folder.path(), &case, LoadOptions::default(), &open).expect("traces");
    let again = trace_with(folder.path(), None, &case, LoadOptions::default(), &open).expect("traces");
    assert_eq!(got, again);
    let config = SiglipConfig::from_json(&config()).expect("a config");
    assert_eq!(
        got["image_embeds"][0].as_array().map(Vec::len),
        Some(config.text.projection_size)
    );
    assert_eq!(got["logits_per_image"][0].as_array().map(Vec::len), Some(2));
    for key in [
        "id",
        "input_ids",
        "resized_rgb_sha256",
        "vision_last_hidden_first8",
        "text_embeds",
        "probabilities",
    ] {
        assert!(!got[key].is_null(), "{key}");
    }
}

#[test]
fn narrower_weights_stay_near() {
    let (folder, exact) = model();
    let cancel = Cancel::default();
    let image = exact.embed_image(&picture(1), None, &cancel).expect("a picture");
    let text = exact.embed_text("lung", None, &cancel).expect("a text");
    for precision in [Precision::Bf16, Precision::Q8_0, Precision::Q4K] {
        let options = LoadOptions {
            precision,
            ..LoadOptions::default()
        };
        let model =
            MedSiglip::load(folder.path(), &options, Resize::Processor, &mut |_| {}, &cancel).expect("loads");
        let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let near = cosine(
            &image,
            &model.embed_image(&picture(1), None, &cancel).expect("a picture"),
        );
        assert!(near > 0.999, "{precision:?}: {near}");
        let near = cosine(&text, &model.embed_text("lung", None, &cancel).expect("a text"));
        assert!(near > 0.999, "{precision:?}: {near}");
    }
}

#[test]
fn a_look_into_the_folder_says_what_it_is_and_what_is_wrong() {
    let (folder, _model) = model();
    let report = check(folder.path());
    assert!(report.usable, "{:?}", report.lines);
    assert_eq!(
        (report.kind.as_str(), report.image_size, report.context),
        ("siglip", Some(SIDE), 6)
    );
    let mut cut = tensors();
    cut.remove("text_model.head.weight");
    write(folder.path(), &cut);
    let report = check(folder.path());
    assert!(
        !report.usable && report.lines[0].contains("text.head.weight"),
        "{:?}",
        report.lines
    );
}
