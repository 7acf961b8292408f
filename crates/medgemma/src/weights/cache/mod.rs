//! The quantised copy of a model's weights: packed once, read ever after.
//!
//! `FOLDER/SOURCE-PRECISION-LAYOUT.overread`, SOURCE being the beginning of the hash of the original files and LAYOUT a
//! fingerprint of how this version packs. The file: 8 bytes of magic, 8 of header length (little-endian), a JSON header,
//! zeros up to a multiple of 64, the tensors each at a multiple of 64, and at the end 32 bytes of hash over all before.
//! A file is written beside and renamed, so that it is there whole or not at all; it is hashed once after every change
//! (a small `.checked` file remembers when), and may be deleted at any time.

mod chunks;
mod keep;
mod read;
pub(super) mod remembered;
mod write;

use std::path::{Path, PathBuf};

use overread_kernels::{Format, Matrix};
use sha2::{Digest, Sha256};

use super::plan::{Held, Precision};
use crate::words::hex;

const MAGIC: [u8; 8] = *b"OVERREAD";
/// Changes with the header.
const VERSION: u64 = 1;
const EXTENSION: &str = "overread";
/// Longest header that is read, bytes.
const MOST_HEADER: u64 = 8 << 20;
/// Bytes of hash at the end.
const TRAILER: usize = 32;

/// A copy's place, and what it must hold.
#[derive(Debug)]
pub(super) struct Copy<'a> {
    /// The cache's folder for weights.
    pub(super) folder: &'a Path,
    /// Hash of the original files.
    pub(super) source: &'a str,
    pub(super) precision: Precision,
    /// Every tensor, in the order of names.
    pub(super) tensors: &'a [(String, Held)],
}

impl Copy<'_> {
    fn path(&self) -> PathBuf {
        let source = self.source.get(..32).unwrap_or(self.source);
        self.folder.join(format!(
            "{source}-{}-{}.{EXTENSION}",
            self.precision.name(),
            layout()
        ))
    }
}

/// A fingerprint of how rows are rounded and packed: another version of this program makes another copy.
fn layout() -> String {
    let mut hasher = Sha256::new();
    hasher.update(VERSION.to_le_bytes());
    for format in [Format::F32, Format::Q8_0, Format::Q4K, Format::Q6K] {
        let sample = Matrix::pack(format, 16, 256, |row, out: &mut [f32]| {
            for (i, o) in out.iter_mut().enumerate() {
                // Any fixed numbers that are not alike.
                let n = (row * 256 + i).wrapping_mul(2_654_435_761) % 65_521;
                *o = n as f32 / 32_760.0 - 1.0;
            }
        });
        hasher.update(&sample.bytes()[..]);
    }
    hex(&hasher.finalize()[..4])
}

pub(super) use keep::{any, touch};
pub(super) use read::{Found, read};
pub(super) use write::write;
