//! Zipped folders, read in place: an entry is opened like a file, by the path `X.zip/dir/IM0001`. Nothing is unpacked to
//! disk; a scan inflates no more of an entry than its header.

mod directory;
mod name;

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use crate::content::{Content, Packed, Span};
use crate::error::DicomError;
use crate::source::Stamp;

pub(crate) use directory::Refused;
use directory::{Entry, Method};

/// Bytes of a local file header before the name.
const LOCAL: usize = 30;

/// A zip that lies open: its file, and where each entry is.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    span: Span,
    stamp: Stamp,
    /// By name.
    entries: Vec<Entry>,
}

impl Archive {
    /// Reads the directory of a zip. The second value has what is in it and cannot be opened, with the reason.
    ///
    /// # Errors
    /// [`DicomError::Io`], and [`DicomError::Archive`] where the directory is damaged or lies.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Refused>), DicomError> {
        let stamp = Stamp::of(path)?;
        let file = File::open(path)?;
        let span = Span::whole(file, stamp.bytes);
        let (entries, refused) = directory::read(&span).map_err(DicomError::Archive)?;
        let archive = Self {
            path: path.to_path_buf(),
            span,
            stamp,
            entries,
        };
        Ok((archive, refused))
    }

    /// The zip.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of entries that can be opened.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Name of an entry, with `/` between folders.
    pub(crate) fn name(&self, entry: u32) -> &str {
        self.entries.get(entry as usize).map_or("", |entry| &*entry.name)
    }

    /// The path by which an entry is known.
    pub(crate) fn entry_path(&self, entry: u32) -> PathBuf {
        self.below(self.name(entry))
    }

    /// The path of something in the zip.
    pub(crate) fn below(&self, name: &str) -> PathBuf {
        let mut path = self.path.clone();
        path.extend(name.split('/'));
        path
    }

    /// The entry of that name.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        let found = self
            .entries
            .binary_search_by(|entry| (*entry.name).cmp(name))
            .ok()?;
        u32::try_from(found).ok()
    }

    /// The bytes of an entry.
    ///
    /// # Errors
    /// [`DicomError::Changed`] when the zip is not what it was, [`DicomError::Archive`] when the entry does not stand
    /// where the directory says.
    pub(crate) fn content(&self, entry: u32) -> Result<Content, DicomError> {
        if Stamp::of_file(&self.span.file)? != self.stamp {
            return Err(DicomError::Changed);
        }
        let entry = self
            .entries
            .get(entry as usize)
            .ok_or_else(|| DicomError::NotFound(self.path.clone()))?;
        let span = self.packed_span(entry)?;
        Ok(match entry.method {
            Method::Stored => Content::Span(span),
            Method::Deflated => Content::Packed(Packed {
                span,
                length: entry.length,
                crc: entry.crc,
                whole: OnceLock::new(),
            }),
        })
    }

    /// Where the bytes of an entry lie, after its local header.
    fn packed_span(&self, entry: &Entry) -> Result<Span, DicomError> {
        let lies = || DicomError::Archive("its directory points at something that is no entry".to_owned());
        let mut header = [0_u8; LOCAL];
        self.span
            .reader(entry.offset)
            .read_exact(&mut header)
            .map_err(|_| lies())?;
        let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        if !header.starts_with(b"PK\x03\x04") || word(8) != entry.method as u16 {
            return Err(lies());
        }
        let start = entry
            .offset
            .checked_add(LOCAL as u64 + u64::from(word(26)) + u64::from(word(28)))
            .ok_or_else(lies)?;
        if start
            .checked_add(entry.packed)
            .is_none_or(|end| end > self.span.length)
        {
            return Err(DicomError::Archive(
                "it is cut short: an entry reaches beyond its end".to_owned(),
            ));
        }
        Ok(Span {
            start,
            length: entry.packed,
            ..self.span.clone()
        })
    }
}

/// True for a file that is called and begins like a zip.
pub(crate) fn is_zip(path: &Path) -> bool {
    let named = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    let mut mark = [0_u8; 4];
    named
        && path.is_file()
        && File::open(path).is_ok_and(|mut file| file.read_exact(&mut mark).is_ok())
        && matches!(&mark, b"PK\x03\x04" | b"PK\x05\x06" | b"PK\x07\x08")
}

/// True for a path that leads into a zip that is there.
pub fn leads_into(path: &Path) -> bool {
    split(path).is_some()
}

/// Splits a path that leads into a zip: the zip, and the name below it.
pub(crate) fn split(path: &Path) -> Option<(PathBuf, String)> {
    let zip = path.ancestors().skip(1).find(|above| above.is_file())?;
    if !is_zip(zip) {
        return None;
    }
    let below = path.strip_prefix(zip).ok()?;
    let parts: Option<Vec<&str>> = below
        .components()
        .map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    Some((zip.to_path_buf(), parts?.join("/")))
}
