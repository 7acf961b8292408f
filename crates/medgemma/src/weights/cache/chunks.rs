//! A hash that both cores can work on: SHA-256 over the SHA-256 of every 16 MiB.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::cancel::Cancel;

const CHUNK: usize = 16 << 20;

/// Of bytes at hand; `None` when cancelled.
pub(super) fn hash(bytes: &[u8], cancel: &Cancel) -> Option<[u8; 32]> {
    let parts: Vec<[u8; 32]> = bytes
        .par_chunks(CHUNK)
        .map(|chunk| (!cancel.is_cancelled()).then(|| Sha256::digest(chunk).into()))
        .collect::<Option<_>>()?;
    let mut all = Sha256::new();
    parts.iter().for_each(|part| all.update(part));
    Some(all.finalize().into())
}

/// Of bytes that come one after the other.
#[derive(Debug, Default)]
pub(super) struct Running {
    all: Sha256,
    part: Sha256,
    filled: usize,
}

impl Running {
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.filled));
            self.part.update(now);
            self.filled += now.len();
            if self.filled == CHUNK {
                self.close();
            }
            bytes = later;
        }
    }

    fn close(&mut self) {
        let part = std::mem::take(&mut self.part).finalize();
        self.all.update(part);
        self.filled = 0;
    }

    pub(super) fn finish(mut self) -> [u8; 32] {
        if self.filled > 0 {
            self.close();
        }
        self.all.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree_at_the_borders_of_chunks() {
        for n in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            let bytes: Vec<u8> = (0..n).map(|i| (i % 251) as u8).collect();
            let mut running = Running::default();
            for piece in bytes.chunks(999_983) {
                running.update(piece);
            }
            assert_eq!(Some(running.finish()), hash(&bytes, &Cancel::default()), "{n}");
        }
    }
}
