//! Hashes of original files, remembered: reading 8.6 GB to hash them takes long, and they seldom change.
//!
//! A hash holds while every file has its place, its length, its time of change and what stands at a few places in it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::keep::stamp;
use crate::weights::source::{Source, SourceFile};
use crate::words::hex;

/// Places that are looked at, and bytes of each.
const PLACES: u64 = 16;
const SAMPLE: u64 = 16 << 10;

/// The remembered hash of these files, if they are still the same.
pub(in crate::weights) fn recall(folder: &Path, source: &Source) -> Option<String> {
    let text = fs::read_to_string(place(folder, source)).ok()?;
    let found: Value = serde_json::from_str(&text).ok()?;
    let sha256 = found["sha256"].as_str()?;
    let sound = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    (sound && found["files"] == files(source)?).then(|| sha256.to_owned())
}

/// Remembers a hash. A failure costs time at the next load and nothing else.
pub(in crate::weights) fn remember(folder: &Path, source: &Source, sha256: &str) {
    let place = place(folder, source);
    let beside = place.with_extension(format!("{}.part", std::process::id()));
    if let Some(files) = files(source) {
        let text = json!({"sha256": sha256, "files": files}).to_string();
        let written = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&beside, text))
            .and_then(|()| fs::rename(&beside, &place));
        if written.is_err() {
            drop(fs::remove_file(&beside));
        }
    }
}

/// One small file for each set of places.
fn place(folder: &Path, source: &Source) -> PathBuf {
    let mut hasher = Sha256::new();
    for file in &source.files {
        hasher.update(whole(file).as_os_str().as_encoded_bytes());
        hasher.update([0]);
    }
    folder.join(format!("{}.source", hex(&hasher.finalize()[..16])))
}

fn whole(file: &SourceFile) -> PathBuf {
    fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone())
}

fn files(source: &Source) -> Option<Value> {
    let entry = |file: &SourceFile| {
        Some(json!({
            "path": whole(file).to_string_lossy(),
            "changed": stamp(&file.path)?,
            "samples": samples(file)?,
        }))
    };
    source
        .files
        .iter()
        .map(entry)
        .collect::<Option<Vec<_>>>()
        .map(Value::from)
}

fn samples(file: &SourceFile) -> Option<String> {
    let mut hasher = Sha256::new();
    let n = SAMPLE.min(file.length);
    let mut piece = vec![0; n as usize];
    for i in 0..PLACES {
        let at = (file.length - n) / (PLACES - 1) * i;
        file.read_at(at, &mut piece).ok()?;
        hasher.update(&piece);
    }
    Some(hex(&hasher.finalize()))
}
