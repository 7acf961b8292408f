//! Bytes of packed weights: owned and aligned, or mapped from a file.

use std::fs::File;
use std::io;
use std::sync::Arc;

use memmap2::{Mmap, MmapMut};

/// Alignment of packed weights, bytes: a cache line, and a full vector register.
pub const ALIGNMENT: usize = 64;

/// From here on memory is asked of the system directly: in large pages, each of them zeroed by the thread that first
/// writes to it.
const LARGE: usize = 1 << 20;

/// Bytes that begin at a multiple of [`ALIGNMENT`].
#[derive(Clone)]
pub struct Bytes {
    held: Held,
    offset: usize,
    length: usize,
}

#[derive(Clone)]
enum Held {
    Owned(Arc<Vec<u8>>),
    Anonymous(Arc<MmapMut>),
    Mapped(Arc<Mmap>),
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.held {
            Held::Owned(_) | Held::Anonymous(_) => "owned",
            Held::Mapped(_) => "mapped",
        };
        write!(f, "Bytes({} {kind})", self.length)
    }
}

impl Bytes {
    /// `length` bytes written by `fill`, zeroed before.
    pub fn filled(length: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        if length >= LARGE
            && let Ok(mut map) = MmapMut::map_anon(length)
        {
            // Only a hint: small pages hold the same bytes.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            fill(&mut map);
            return Self {
                held: Held::Anonymous(Arc::new(map)),
                offset: 0,
                length,
            };
        }
        let mut bytes = vec![0; length + ALIGNMENT];
        let offset = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        fill(&mut bytes[offset..offset + length]);
        Self {
            held: Held::Owned(Arc::new(bytes)),
            offset,
            length,
        }
    }

    /// A whole file, mapped read-only.
    ///
    /// # Errors
    /// Whatever the system says.
    #[expect(unsafe_code, reason = "the one memory map")]
    pub fn map(file: &File) -> io::Result<Self> {
        // SAFETY: the map is read as plain bytes only. A file that another program shortens while it is mapped ends
        // the process; the files mapped here are the project's own cache and model files, opened for reading.
        let map = unsafe { Mmap::map(file) }?;
        Ok(Self {
            offset: 0,
            length: map.len(),
            held: Held::Mapped(Arc::new(map)),
        })
    }

    /// A part that shares the memory; `None` past the end or where `offset` is not a multiple of [`ALIGNMENT`].
    pub fn part(&self, offset: usize, length: usize) -> Option<Self> {
        let end = offset.checked_add(length)?;
        (end <= self.length && offset.is_multiple_of(ALIGNMENT)).then(|| Self {
            held: self.held.clone(),
            offset: self.offset + offset,
            length,
        })
    }

    /// True when the bytes lie in a file's map.
    pub fn is_mapped(&self) -> bool {
        matches!(self.held, Held::Mapped(_))
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let all: &[u8] = match &self.held {
            Held::Owned(bytes) => bytes,
            Held::Anonymous(map) => map,
            Held::Mapped(map) => map,
        };
        &all[self.offset..self.offset + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_aligned_and_shared() {
        for length in [0, 1, 200, LARGE + 5] {
            let bytes = Bytes::filled(length, |b| {
                assert!(b.iter().all(|v| *v == 0));
                b.iter_mut().enumerate().for_each(|(i, v)| *v = i as u8);
            });
            assert_eq!((bytes.len(), bytes.as_ptr().addr() % ALIGNMENT), (length, 0));
            assert!(!bytes.is_mapped());
            assert!(bytes.part(1, 0).is_none() && bytes.part(0, length + 1).is_none());
            assert!(bytes.part(ALIGNMENT, usize::MAX).is_none());
            if let Some(part) = bytes.part(128, 3) {
                assert_eq!(part[..], [128, 129, 130]);
                assert_eq!(part.as_ptr(), bytes[128..].as_ptr());
            }
        }
    }
}
