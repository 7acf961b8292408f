//! The quantised copy: the same weights from the copy as from the files, and nothing that happens to it is fatal.

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overread_medgemma::files::ModelFiles;
use overread_medgemma::weights::{self, expected};
use overread_medgemma::{Cancel, EngineError, LoadOptions, Precision};

/// Packed bytes by name, whether they are from the copy, and the notes.
struct Loaded {
    bytes: BTreeMap<String, Vec<u8>>,
    from_copy: bool,
    notes: Vec<String>,
    sha256: String,
}

fn load(model: &Path, cache: Option<&Path>, precision: Precision) -> Loaded {
    let files = ModelFiles::open(model).expect("opens");
    let options = LoadOptions {
        precision,
        cache: cache.map(Path::to_path_buf),
        ..LoadOptions::default()
    };
    let mut weights = weights::load(&files, &options, &[], &mut |_| {}, &Cancel::default()).expect("loads");
    let mut bytes = BTreeMap::new();
    for (name, shape) in expected(&files.config) {
        if shape.len() == 1 || name.contains("position_embedding") {
            let values = weights.vector(&name).expect("there");
            bytes.insert(name, values.iter().flat_map(|v| v.to_le_bytes()).collect());
        } else {
            let matrix = weights.matrix(&name).expect("there");
            bytes.insert(name, matrix.bytes().to_vec());
        }
    }
    Loaded {
        bytes,
        from_copy: weights.from_copy,
        notes: weights.notes,
        sha256: weights.sha256,
    }
}

fn copies(cache: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(cache.join("weights")) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|x| x == "overread"))
        .collect();
    files.sort();
    files
}

#[test]
fn the_copy_holds_what_the_files_give() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = common::demo(&folder.path().join("model"));
    let cache = folder.path().join("cache");
    for precision in [Precision::Q8_0, Precision::Q4K] {
        let plain = load(&model, None, precision);
        let first = load(&model, Some(&cache), precision);
        let second = load(&model, Some(&cache), precision);
        assert!(!plain.from_copy && !first.from_copy && second.from_copy);
        assert!(plain.bytes == first.bytes && first.bytes == second.bytes);
        assert!(first.sha256 == plain.sha256 && second.sha256 == plain.sha256);
        assert_eq!((first.notes.len(), second.notes.len()), (0, 0));
    }
    assert_eq!(copies(&cache).len(), 2);
    // What is not rounded is not copied.
    load(&model, Some(&cache), Precision::Bf16);
    assert_eq!(copies(&cache).len(), 2);
}

#[test]
fn a_damaged_copy_is_made_again_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = common::demo(&folder.path().join("model"));
    let cache = folder.path().join("cache");
    let sound = load(&model, Some(&cache), Precision::Q4K);
    let copy = copies(&cache).remove(0);
    let bytes = std::fs::read(&copy).expect("reads");
    let harm: [&dyn Fn(&mut Vec<u8>); 6] = [
        &|b| b.truncate(b.len() / 2),
        &|b| b.clear(),
        &|b| b.push(0),
        &|b| b[9] = 0xff,
        &|b| b[40] ^= 1,
        // One bit of one weight: only the hash can tell.
        &|b| {
            let middle = b.len() / 2;
            b[middle] ^= 4;
        },
    ];
    for (i, harm) in harm.iter().enumerate() {
        let mut damaged = bytes.clone();
        harm(&mut damaged);
        std::fs::write(&copy, &damaged).expect("writes");
        let again = load(&model, Some(&cache), Precision::Q4K);
        assert!(again.bytes == sound.bytes, "{i}");
        assert!(
            again.notes.join(" ").contains("was made again"),
            "{i}: {:?}",
            again.notes
        );
        assert_eq!(std::fs::read(&copy).expect("reads"), bytes, "{i}");
        let next = load(&model, Some(&cache), Precision::Q4K);
        assert!(next.from_copy && next.notes.is_empty(), "{i}");
    }
}

#[test]
fn other_weights_at_the_same_place_are_not_mistaken() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = common::demo(&folder.path().join("model"));
    let cache = folder.path().join("cache");
    let first = load(&model, Some(&cache), Precision::Q8_0);
    overread_phantom::checkpoint::write_random_model(&model, 6).expect("writes");
    let second = load(&model, Some(&cache), Precision::Q8_0);
    assert!(!second.from_copy && second.sha256 != first.sha256 && second.bytes != first.bytes);
    // The same files at another place are the same weights.
    let moved = folder.path().join("moved");
    std::fs::rename(&model, &moved).expect("moves");
    let third = load(&moved, Some(&cache), Precision::Q8_0);
    assert!(third.from_copy && third.bytes == second.bytes);
}

#[test]
fn a_crash_leaves_nothing_that_is_taken_for_a_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = common::demo(&folder.path().join("model"));
    let cache = folder.path().join("cache");
    let sound = load(&model, Some(&cache), Precision::Q8_0);
    let copy = copies(&cache).remove(0);
    // As if the power had failed in the middle of writing.
    let half = std::fs::read(&copy).expect("reads");
    std::fs::write(copy.with_extension("1.part"), &half[..half.len() / 2]).expect("writes");
    std::fs::remove_file(&copy).expect("there");
    let again = load(&model, Some(&cache), Precision::Q8_0);
    assert!(!again.from_copy && again.bytes == sound.bytes && again.notes.is_empty());
    // The copies may be deleted at any time, with everything beside them.
    std::fs::remove_dir_all(&cache).expect("there");
    assert!(load(&model, Some(&cache), Precision::Q8_0).bytes == sound.bytes);
    assert_eq!(copies(&cache).len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = common::demo(&folder.path().join("model"));
    // A file where the folder should be: nothing can be made below it, whoever runs the test.
    let cache = folder.path().join("cache");
    std::fs::write(&cache, b"taken").expect("writes");
    let loaded = load(&model, Some(&cache), Precision::Q4K);
    assert!(
        loaded.notes.join(" ").contains("could not be kept"),
        "{:?}",
        loaded.notes
    );
    assert!(loaded.bytes == load(&model, None, Precision::Q4K).bytes);
}

#[test]
fn stopping_leaves_no_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = common::demo(&folder.path().join("model"));
    let cache = folder.path().join("cache");
    let files = ModelFiles::open(&model).expect("opens");
    let options = LoadOptions {
        precision: Precision::Q4K,
        cache: Some(cache.clone()),
        ..LoadOptions::default()
    };
    let cancel = Cancel::default();
    cancel.cancel();
    let stopped = weights::load(&files, &options, &[], &mut |_| {}, &cancel);
    assert!(matches!(stopped, Err(EngineError::Cancelled)));
    assert!(copies(&cache).is_empty());
}
