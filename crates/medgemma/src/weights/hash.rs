//! SHA-256 over weight files: of the one file, or of the lines `HASH  NAME` of several in the order of their names,
//! which is what `sha256sum *.safetensors | sha256sum` prints.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::source::SourceFile;
use crate::cancel::Cancel;
use crate::error::Result;
use crate::words::hex;

/// Bytes read at a time.
const PIECE: usize = 4 << 20;

/// The hash of one file's bytes.
pub(crate) fn file(file: &SourceFile, cancel: &Cancel, read: &AtomicU64) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    while at < file.length {
        cancel.check()?;
        let n = usize::try_from(file.length - at).map_or(PIECE, |left| left.min(PIECE));
        file.read_at(at, &mut piece[..n])
            .map_err(|error| file.bad(error.to_string()))?;
        hasher.update(&piece[..n]);
        at += n as u64;
        read.fetch_add(n as u64, Ordering::Relaxed);
    }
    Ok(hex(&hasher.finalize()))
}

/// The hash of a model by the hashes and names of its files.
pub(crate) fn joined(mut files: Vec<(String, String)>) -> String {
    if let [(hash, _)] = files.as_slice() {
        return hash.clone();
    }
    files.sort_by(|a, b| a.1.cmp(&b.1));
    let lines: String = files
        .iter()
        .map(|(hash, name)| format!("{hash}  {name}\n"))
        .collect();
    hex(&Sha256::digest(lines.as_bytes()))
}
