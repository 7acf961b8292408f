//! Where a file's bytes come from: a stretch of a file on disk, an entry of a zip that is inflated as it is read, or
//! memory.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use flate2::Crc;
use flate2::read::DeflateDecoder;

/// The bytes of a file.
#[derive(Debug)]
pub(crate) enum Content {
    /// As they lie on disk.
    Span(Span),
    /// Deflated inside a zip.
    Packed(Packed),
    /// All of them.
    Memory(Vec<u8>),
}

/// A stretch of a file on disk: all of it, or an entry that a zip stores as it is.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Shared by the entries of one zip: reads name their offset and move nothing.
    pub(crate) file: Arc<File>,
    /// Offset of the first byte.
    pub(crate) start: u64,
    /// Number of bytes.
    pub(crate) length: u64,
}

/// A deflated entry.
#[derive(Debug)]
pub(crate) struct Packed {
    /// The deflated bytes.
    pub(crate) span: Span,
    /// Inflated length that the zip's directory claims: no more is ever inflated.
    pub(crate) length: u64,
    /// CRC-32 of the inflated bytes.
    pub(crate) crc: u32,
    /// All of it, once anything behind the header was asked for.
    pub(crate) whole: OnceLock<Vec<u8>>,
}

impl Content {
    /// Number of bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Span(span) => span.length,
            Self::Packed(packed) => packed.length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Reads from an offset on.
    ///
    /// # Errors
    /// When the file cannot be read, or the packed bytes are damaged.
    pub(crate) fn reader(&self, offset: u64) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Span(span) => Box::new(span.reader(offset)),
            Self::Packed(packed) if offset == 0 && packed.whole.get().is_none() => {
                Box::new(DeflateDecoder::new(packed.span.reader(0)).take(packed.length))
            }
            Self::Packed(packed) => Box::new(from(packed.whole()?, offset)),
            Self::Memory(bytes) => Box::new(from(bytes, offset)),
        })
    }
}

fn from(bytes: &[u8], offset: u64) -> &[u8] {
    let at = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    &bytes[at..]
}

impl Packed {
    /// The whole entry, inflated once and checked.
    fn whole(&self) -> io::Result<&[u8]> {
        if let Some(bytes) = self.whole.get() {
            return Ok(bytes);
        }
        let damaged = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason.to_owned());
        let length = usize::try_from(self.length).map_err(|_| damaged("it is too large"))?;
        // Room for what is claimed: the zip's directory was held against what deflate can do.
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(length)
            .map_err(|_| damaged("there is no room for it in memory"))?;
        let mut source = DeflateDecoder::new(self.span.reader(0)).take(self.length.saturating_add(1));
        source.read_to_end(&mut bytes)?;
        if bytes.len() != length {
            return Err(damaged("the zip holds another number of its bytes than it says"));
        }
        let mut crc = Crc::new();
        crc.update(&bytes);
        if crc.sum() != self.crc {
            return Err(damaged("its bytes in the zip do not match their checksum"));
        }
        Ok(self.whole.get_or_init(|| bytes))
    }
}

impl Span {
    /// A whole file.
    pub(crate) fn whole(file: File, length: u64) -> Self {
        Self {
            file: Arc::new(file),
            start: 0,
            length,
        }
    }

    /// Reads from an offset within the span on, to its end.
    pub(crate) fn reader(&self, offset: u64) -> SpanReader<'_> {
        let offset = offset.min(self.length);
        SpanReader {
            file: &self.file,
            at: self.start.saturating_add(offset),
            left: self.length - offset,
        }
    }
}

/// Reads a span from front to back.
#[derive(Debug)]
pub(crate) struct SpanReader<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for SpanReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let read = read_at(self.file, &mut into[..most], self.at)?;
        self.at = self.at.saturating_add(read as u64);
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, at)
}

#[cfg(windows)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, at)
}
