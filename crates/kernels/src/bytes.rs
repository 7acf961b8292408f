//! Bytes of packed weights: owned and aligned, or mapped from a file.

use std::fs::File;
use std::io;
use std::sync::Arc;

use memmap2::Mmap;

/// Alignment of packed weights, bytes: a cache line, and a full vector register.
pub const ALIGNMENT: usize = 64;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

/// Bytes that begin at a multiple of [`ALIGNMENT`].
#[derive(Clone)]
pub struct Bytes {
    held: Held,
    offset: usize,
    length: usize,
}

#[derive(Clone)]
enum Held {
    Owned(Arc<Vec<Line>>),
    Mapped(Arc<Mmap>),
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.held {
            Held::Owned(_) => "owned",
            Held::Mapped(_) => "mapped",
        };
        write!(f, "Bytes({} {kind})", self.length)
    }
}

impl Bytes {
    /// `length` bytes written by `fill`, zeroed before.
    #[expect(unsafe_code, reason = "a view of cache lines as bytes")]
    pub fn filled(length: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        let mut lines = vec![Line([0; ALIGNMENT]); length.div_ceil(ALIGNMENT)];
        // SAFETY: lines are plain bytes without padding, and `length` is at most their size.
        fill(unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), length) });
        Self {
            held: Held::Owned(Arc::new(lines)),
            offset: 0,
            length,
        }
    }

    /// A whole file, mapped read-only.
    ///
    /// # Errors
    /// Whatever the system says.
    #[expect(unsafe_code, reason = "the one memory map")]
    pub fn map(file: &File) -> io::Result<Self> {
        // SAFETY: the map is read as plain bytes only. A file that another program shortens while it is mapped ends the
        // process; the files mapped here are the project's own cache and model files, opened for reading.
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

    #[expect(unsafe_code, reason = "a view of cache lines as bytes")]
    fn deref(&self) -> &[u8] {
        let all: &[u8] = match &self.held {
            // SAFETY: lines are plain bytes without padding.
            Held::Owned(lines) => unsafe {
                std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * ALIGNMENT)
            },
            Held::Mapped(map) => map,
        };
        &all[self.offset..self.offset + self.length]
    }
}
