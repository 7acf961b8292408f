//! Folders of heads: the same bytes, and words for whatever is damaged.

use overread_medgemma::Cancel;
use proptest::prelude::*;

use super::*;
use crate::head::{Cases, Truths, fit};

fn made(kind: Kind) -> (Head, About) {
    let draw = crate::random::Draw::new(1);
    let classes: Vec<usize> = (0..24).map(|i| i % 2).collect();
    let cases = Cases {
        inputs: classes
            .iter()
            .enumerate()
            .map(|(i, class)| {
                (0..3)
                    .map(|d| (*class as f64 + 0.3 * draw.of(i as u64).normal(d)) as f32)
                    .collect()
            })
            .collect(),
        truths: Truths::One(classes),
        patients: (0..24).collect(),
    };
    let settings = Settings {
        kind,
        hidden: 4,
        epochs: 5,
        ..Settings::default()
    };
    let labels = ["normal", "nodule"].map(str::to_owned);
    let fitted = fit(&labels, &cases, None, &settings, &|_| {}, &Cancel::default()).expect("fits");
    let about = About {
        model: BaseModel {
            name: "tiny".to_owned(),
            weights_sha256: "ab".repeat(32),
            precision: "f32".to_owned(),
        },
        input: Input {
            embedding: EMBEDDING.to_owned(),
            preprocessing: vec!["display/1 (12)".to_owned()],
            slices: "middle".to_owned(),
            several: "mean".to_owned(),
            framing: "whole".to_owned(),
            window: String::new(),
        },
        training: Training {
            data_sha256: cases.sha256(),
            settings,
            chosen: fitted.chosen,
            ..Training::default()
        },
        figures: vec![Figure {
            name: "accuracy".to_owned(),
            estimate: Some(0.9),
            interval: Some([0.7, 0.97]),
            method: "Wilson".to_owned(),
            cases: 24,
            ..Figure::default()
        }],
    };
    (fitted.head, about)
}

#[test]
fn a_head_is_read_back_as_it_was_and_the_same_bytes_each_time() {
    for kind in [Kind::Linear, Kind::Mlp] {
        let (a, b) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        let (head, about) = made(kind);
        write(a.path(), &head, &about).expect("written");
        write(b.path(), &head, &about).expect("written");
        assert_eq!(read(a.path()).expect("reads"), (head, about));
        for name in [TENSORS, JSON, CARD] {
            let bytes = |folder: &Path| fs::read(folder.join(name)).expect("a file");
            assert_eq!(bytes(a.path()), bytes(b.path()), "{name}");
        }
        let card = fs::read_to_string(a.path().join(CARD)).expect("a card");
        for word in [
            "normal, nodule",
            "terms of use",
            "research only",
            "0.700 to 0.970",
        ] {
            assert!(card.contains(word), "{word}: {card}");
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = read(folder.path()).expect_err("nothing there").to_string();
    assert!(
        error.contains(JSON) && error.contains("overread tune head"),
        "{error}"
    );
    let (head, about) = made(Kind::Linear);
    write(folder.path(), &head, &about).expect("written");
    fs::remove_file(folder.path().join(TENSORS)).expect("removed");
    assert!(
        read(folder.path())
            .expect_err("half of it")
            .to_string()
            .contains(TENSORS)
    );
}

/// Writes tensors of other names, shapes or numbers with a hash that fits.
fn forged(change: &dyn Fn(&mut BTreeMap<String, (Vec<usize>, Vec<u8>)>)) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let (head, about) = made(Kind::Linear);
    write(folder.path(), &head, &about).expect("written");
    let packed = fs::read(folder.path().join(TENSORS)).expect("a file");
    let found = SafeTensors::deserialize(&packed).expect("tensors");
    let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = found
        .iter()
        .map(|(name, t)| (name.to_owned(), (t.shape().to_vec(), t.data().to_vec())))
        .collect();
    change(&mut tensors);
    let forged = pack(&tensors, Dtype::F32, Vec::new()).expect("packs");
    let json = fs::read_to_string(folder.path().join(JSON)).expect("a file");
    fs::write(
        folder.path().join(JSON),
        json.replace(&hex(&packed), &hex(&forged)),
    )
    .expect("written");
    fs::write(folder.path().join(TENSORS), &forged).expect("written");
    read(folder.path()).expect_err("is refused").to_string()
}

#[test]
fn tensors_of_another_head_are_refused_even_with_a_hash_that_fits() {
    let narrow = forged(&|tensors| {
        tensors.insert("mean".to_owned(), (vec![2], vec![0; 8]));
    });
    assert!(narrow.contains("mean is F32 [2]"), "{narrow}");
    let lost = forged(&|tensors| {
        let bias = tensors.remove("labels.bias").expect("a bias");
        tensors.insert("labels.offset".to_owned(), bias);
    });
    assert!(lost.contains("it has no labels.bias"), "{lost}");
    let more = forged(&|tensors| {
        tensors.insert("code".to_owned(), (vec![1], vec![0; 4]));
    });
    assert!(more.contains("5 tensors and not 4"), "{more}");
    let wild = forged(&|tensors| {
        let bias = &mut tensors.get_mut("labels.bias").expect("a bias").1;
        bias[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    assert!(wild.contains("no finite number"), "{wild}");
    let negative = forged(&|tensors| {
        let deviation = &mut tensors.get_mut("deviation").expect("deviations").1;
        deviation[..4].copy_from_slice(&(-1.0_f32).to_le_bytes());
    });
    assert!(negative.contains("below 0"), "{negative}");
}

#[test]
fn what_head_json_says_must_make_sense() {
    let (head, about) = made(Kind::Linear);
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &head, &about).expect("written");
    let path = folder.path().join(JSON);
    let json = fs::read_to_string(&path).expect("a file");
    for (from, to, word) in [
        (FORMAT, "overread-head/9", "overread-head/9"),
        ("\"kind\": \"linear\"", "\"kind\": \"tree\"", "tree"),
        (
            "\"kind\": \"linear\"",
            "\"kind\": \"mlp\"",
            "do not belong together",
        ),
        ("\"width\": 3", "\"width\": 0", "no sense"),
        ("\"width\": 3", "\"width\": 9000000000", "no sense"),
        ("\"width\": 3", "\"width\": -3", "-3"),
        ("\"nodule\"", "\" normal \"", "twice"),
        ("\"nodule\"", "\"\"", "empty"),
        (EMBEDDING, "other/1", "other/1"),
        ("\"several\": \"mean\"", "\"several\": \"max\"", "max"),
    ] {
        assert!(json.contains(from), "{from}");
        fs::write(&path, json.replace(from, to)).expect("written");
        let error = read(folder.path()).expect_err(word).to_string();
        assert!(error.contains(word), "{word}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Damage anywhere ends in words; a changed tensor is never read.
    #[test]
    fn damaged_files_end_in_words(
        which in 0_usize..2,
        at in any::<prop::sample::Index>(),
        with in any::<u8>(),
        cut: bool,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let (head, about) = made(Kind::Linear);
        write(folder.path(), &head, &about).expect("written");
        let name = [TENSORS, JSON][which];
        let path = folder.path().join(name);
        let whole = fs::read(&path).expect("a file");
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = with;
        }
        fs::write(&path, &bytes).expect("written");
        let found = read(folder.path());
        if bytes != whole && name == TENSORS {
            prop_assert!(found.is_err());
        }
        if let Err(error) = found {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
