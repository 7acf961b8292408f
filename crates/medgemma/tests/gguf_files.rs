//! GGUF made from a model folder, by a writer of the tests' own: the same weights, config and ids come out.

mod common;

use std::path::Path;

use common::gguf::{Gguf, Meta, convert};
use overread_medgemma::check::check;
use overread_medgemma::config::{Config, LayerKind};
use overread_medgemma::files::ModelFiles;
use overread_medgemma::weights::{self, Weights, expected};
use overread_medgemma::{Cancel, EngineError, LoadOptions, Precision};

fn load(files: &ModelFiles, precision: Precision) -> Weights {
    let options = LoadOptions {
        precision,
        ..LoadOptions::default()
    };
    weights::load(files, &options, &[], &mut |_| {}, &Cancel::default()).expect("loads")
}

/// Every matrix and vector of both, row by row, with the projector's matrix apart by its rounding to float16.
fn compare(config: &Config, mut a: Weights, mut b: Weights) {
    for (name, shape) in expected(config) {
        let vector = shape.len() == 1 || name.contains("position_embedding");
        if vector {
            assert_eq!(
                a.vector(&name).expect("there"),
                b.vector(&name).expect("there"),
                "{name}"
            );
            continue;
        }
        let (a, b) = (a.matrix(&name).expect("there"), b.matrix(&name).expect("there"));
        assert_eq!(
            (a.rows(), a.columns(), a.format()),
            (b.rows(), b.columns(), b.format()),
            "{name}"
        );
        let (mut x, mut y) = (vec![0.0; a.columns()], vec![0.0; a.columns()]);
        for row in 0..a.rows() {
            a.row(row, &mut x);
            b.row(row, &mut y);
            let near = |(p, q): (&f32, &f32)| {
                if name.contains("projection") {
                    (p - q).abs() <= q.abs() / 1024.0 + 1e-7
                } else {
                    p == q
                }
            };
            assert!(x.iter().zip(&y).all(near), "{name}, row {row}");
        }
    }
}

fn made(folder: &Path) -> (Gguf, Gguf) {
    let model = common::demo(&folder.join("model"));
    let (text, vision) = convert(&model);
    std::fs::create_dir(folder.join("gguf")).expect("a folder");
    text.write(&folder.join("gguf/text.gguf"));
    vision.write(&folder.join("gguf/mmproj.gguf"));
    (text, vision)
}

#[test]
fn the_same_model_comes_out() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let original = ModelFiles::open(&folder.path().join("model")).expect("opens");
    let gguf = ModelFiles::open(&folder.path().join("gguf")).expect("opens");
    assert_eq!(gguf.config.text, original.config.text);
    assert_eq!(gguf.config.vision, original.config.vision);
    assert_eq!(gguf.config.tokens_per_image, original.config.tokens_per_image);
    assert_eq!(gguf.config.image_token, original.config.image_token);
    assert_eq!(gguf.config.eos, [1, 106]);
    for text in [
        "<bos><start_of_turn>user\nIs there a pleural effusion?",
        "No é 漢 <b>x</b>\n\n\n<h1>",
    ] {
        let ids = |files: &ModelFiles| files.tokenizer.encode(text).expect("encodes");
        assert_eq!(ids(&gguf), ids(&original), "{text}");
    }
    for precision in [Precision::F32, Precision::Bf16, Precision::Q8_0] {
        compare(
            &original.config,
            load(&gguf, precision),
            load(&original, precision),
        );
    }
}

#[test]
fn the_file_itself_is_a_model_and_without_mmproj_it_reads_text() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let text = folder.path().join("gguf/text.gguf");
    assert!(ModelFiles::open(&text).expect("opens").config.vision.is_some());
    std::fs::remove_file(folder.path().join("gguf/mmproj.gguf")).expect("there");
    for path in [&text, &folder.path().join("gguf")] {
        let report = check(path);
        assert!(report.usable, "{:?}", report.lines);
        assert!(report.image_size.is_none());
        assert!(
            report.lines.iter().any(|l| l.contains("text only")),
            "{:?}",
            report.lines
        );
    }
}

#[test]
fn swapped_names_of_older_files_are_told_by_shape() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, mut vision) = made(folder.path());
    for (name, ..) in &mut vision.tensors {
        *name = if name.contains("ffn_up") {
            name.replace("ffn_up", "ffn_down")
        } else {
            name.replace("ffn_down", "ffn_up")
        };
    }
    vision.write(&folder.path().join("gguf/mmproj.gguf"));
    let original = ModelFiles::open(&folder.path().join("model")).expect("opens");
    let gguf = ModelFiles::open(&folder.path().join("gguf")).expect("opens");
    compare(
        &original.config,
        load(&gguf, Precision::F32),
        load(&original, Precision::F32),
    );
}

#[test]
fn patterns_are_a_number_a_list_or_six() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut text, _) = made(folder.path());
    let path = folder.path().join("gguf/text.gguf");
    let mut layers = |value: Option<Meta>| {
        text.remove("gemma3.attention.sliding_window_pattern");
        if let Some(value) = value {
            text.set("gemma3.attention.sliding_window_pattern", value);
        }
        text.write(&path);
        let config = ModelFiles::open(&path)?.config;
        let global = config.text.layers.iter().enumerate();
        Ok::<Vec<usize>, EngineError>(
            global
                .filter(|(_, k)| **k == LayerKind::Global)
                .map(|(i, _)| i)
                .collect(),
        )
    };
    assert_eq!(layers(None).expect("opens"), [5]);
    assert_eq!(layers(Some(Meta::U32(3))).expect("opens"), [2, 5]);
    let list = vec![true, false, true, true, true, false];
    assert_eq!(layers(Some(Meta::Flags(list))).expect("opens"), [1, 5]);
    assert!(layers(Some(Meta::Flags(vec![true]))).is_err());
}

#[test]
fn a_list_without_the_image_row_gives_it_the_next_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut text, _) = made(folder.path());
    let path = folder.path().join("gguf/text.gguf");
    let mut count = 0;
    for (key, value) in &mut text.meta {
        match (key.as_str(), value) {
            ("tokenizer.ggml.tokens", Meta::Texts(list)) => {
                assert_eq!(list.pop().as_deref(), Some("<image_soft_token>"));
                count = list.len();
            }
            ("tokenizer.ggml.scores", Meta::Floats(list)) => drop(list.pop()),
            ("tokenizer.ggml.token_type", Meta::Ints(list)) => drop(list.pop()),
            _ => {}
        }
    }
    let (_, shape, _, bytes) = text
        .tensors
        .iter_mut()
        .find(|(name, ..)| name == "token_embd.weight")
        .expect("there");
    bytes.truncate(count * shape[1] * 4);
    shape[0] = count;
    text.write(&path);
    let files = ModelFiles::open(&path).expect("opens");
    assert_eq!(files.config.image_token, Some(count as u32));
    assert_eq!(
        files
            .tokenizer
            .encode("<image_soft_token><image_soft_token>")
            .expect("encodes"),
        [count as u32; 2]
    );
}

#[test]
fn other_files_are_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let (text, vision) = made(folder.path());
    let place = folder.path().join("gguf");
    let path = place.join("text.gguf");
    let said = |path: &Path| {
        let report = check(path);
        assert!(!report.usable);
        report.lines.join(" ")
    };
    let with = |key: &str, value: Meta| {
        let mut file = text.clone();
        file.set(key, value);
        file.write(&path);
        said(&path)
    };
    let other = with("general.architecture", Meta::Text("llama".to_owned()));
    assert!(other.contains("llama"), "{other}");
    let tokens = with("tokenizer.ggml.model", Meta::Text("gpt2".to_owned()));
    assert!(tokens.contains("gpt2"), "{tokens}");
    let rope = with("gemma3.rope.scaling.type", Meta::Text("yarn".to_owned()));
    assert!(rope.contains("yarn"), "{rope}");
    let width = with("gemma3.feed_forward_length", Meta::U32(145));
    assert!(width.contains("ffn_") && width.contains("145"), "{width}");
    let lone = said(&place.join("mmproj.gguf"));
    assert!(lone.contains("mmproj"), "{lone}");
    let mut kind = text.clone();
    kind.tensors[0].2 = 23;
    kind.write(&path);
    assert!(said(&path).contains("IQ4_XS"));
    text.write(&path);
    text.write(&place.join("another.gguf"));
    assert!(said(&place).contains("several GGUF models"));
    std::fs::remove_file(place.join("another.gguf")).expect("there");
    vision.write(&place.join("mmproj-2.gguf"));
    let report = check(&place);
    assert!(report.usable, "{:?}", report.lines);
    assert!(
        report.lines.join(" ").contains("Of several mmproj files"),
        "{:?}",
        report.lines
    );
    std::fs::remove_file(place.join("mmproj-2.gguf")).expect("there");
    std::fs::remove_file(&path).expect("there");
    assert!(said(&place).contains("only the tower"));
}

#[test]
fn numbered_parts_are_one_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let (text, _) = made(folder.path());
    let place = folder.path().join("gguf");
    std::fs::remove_file(place.join("text.gguf")).expect("there");
    let mut first = text.clone();
    let second = Gguf {
        meta: vec![("split.no".to_owned(), Meta::U32(1))],
        tensors: first.tensors.split_off(20),
    };
    first.write(&place.join("m-00001-of-00002.gguf"));
    assert!(check(&place).lines.join(" ").contains("m-00002-of-00002.gguf"));
    second.write(&place.join("m-00002-of-00002.gguf"));
    let original = ModelFiles::open(&folder.path().join("model")).expect("opens");
    let gguf = ModelFiles::open(&place).expect("opens");
    compare(
        &original.config,
        load(&gguf, Precision::F32),
        load(&original, Precision::F32),
    );
}

#[test]
fn damaged_files_end_in_words_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (text, _) = made(folder.path());
    let path = folder.path().join("gguf/text.gguf");
    let sound = text.bytes();
    let header = sound.len() - text.tensors.iter().map(|t| t.3.len()).sum::<usize>();
    for cut in [0, 3, 4, 8, 23, 24, 60, header / 2, header, sound.len() - 1] {
        std::fs::write(&path, &sound[..cut]).expect("writes");
        assert!(ModelFiles::open(&path).is_err(), "{cut} bytes");
    }
    // A number sequence of its own, so that the damage is the same every time.
    let mut state = 17_u64;
    let mut roll = |sides: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    let mut opened = 0;
    for _ in 0..400 {
        let mut bytes = sound.clone();
        for _ in 0..=roll(3) {
            let at = roll(header);
            let damage = [0, 0xff, 0x7f, bytes[at] ^ (1 << roll(8))][roll(4)];
            let run = [1, 4, 8][roll(3)];
            bytes[at..(at + run).min(header)].fill(damage);
        }
        std::fs::write(&path, &bytes).expect("writes");
        opened += usize::from(ModelFiles::open(&path).is_ok());
    }
    // Some damage hits texts that nothing depends on.
    assert!(opened < 390, "{opened} of 400 damaged files were taken for sound");
}
