//! What a path leads to: a file, or an entry of a zip; and whether it is still what it was.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::archive::{self, Archive};
use crate::content::{Content, Span};
use crate::error::DicomError;

/// Length and time of change of a file: both as before means that what was read of it still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes.
    pub bytes: u64,
    /// Time of the last change, where the file system tells.
    pub modified: Option<SystemTime>,
}

impl Stamp {
    fn new(metadata: &Metadata) -> Self {
        Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }

    pub(crate) fn of(path: &Path) -> Result<Self, DicomError> {
        Ok(Self::new(&fs::metadata(path)?))
    }

    pub(crate) fn of_file(file: &File) -> Result<Self, DicomError> {
        Ok(Self::new(&file.metadata()?))
    }
}

/// Where an opened file came from.
#[derive(Clone, Debug, Default)]
pub enum Source {
    /// Memory.
    #[default]
    Memory,
    /// A file of its own, as it was then.
    File(Stamp),
    /// An entry of a zip.
    Entry(Arc<Archive>, u32),
}

impl Source {
    /// What a path leads to, and its bytes. Pipes and devices are not opened: reading one could wait for ever.
    pub(crate) fn open(path: &Path) -> Result<(Self, Content), DicomError> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => Self::open_file(path),
            Ok(metadata) if metadata.is_dir() => Err(DicomError::NotDicom("it is a folder".to_owned())),
            Ok(_) => Err(DicomError::NotDicom(NOT_OPENED.to_owned())),
            Err(error) => match archive::split(path) {
                Some((zip, name)) => {
                    let (archive, refused) = Archive::open(&zip)?;
                    match archive.find(&name) {
                        Some(entry) => Self::Entry(Arc::new(archive), entry).reopen(path),
                        None => Err(refused
                            .into_iter()
                            .find(|refused| refused.name == name)
                            .map_or(DicomError::NotFound(path.to_path_buf()), |refused| {
                                DicomError::Archive(refused.reason)
                            })),
                    }
                }
                None => Err(error.into()),
            },
        }
    }

    fn open_file(path: &Path) -> Result<(Self, Content), DicomError> {
        let file = File::open(path)?;
        let stamp = Stamp::of_file(&file)?;
        Ok((Self::File(stamp), Content::Span(Span::whole(file, stamp.bytes))))
    }

    /// The same bytes again; `path` is where they were found.
    ///
    /// # Errors
    /// [`DicomError::Changed`] when a file or zip is not what it was.
    pub(crate) fn reopen(&self, path: &Path) -> Result<(Self, Content), DicomError> {
        match self {
            Self::Memory => Self::open(path),
            Self::File(stamp) => {
                let (source, content) = Self::open_file(path)?;
                match &source {
                    Self::File(now) if now != stamp => Err(DicomError::Changed),
                    _ => Ok((source, content)),
                }
            }
            Self::Entry(archive, entry) => Ok((self.clone(), archive.content(*entry)?)),
        }
    }

    /// All bytes of what `path` leads to, be it DICOM or not, if it is still what it was.
    ///
    /// # Errors
    /// [`DicomError::Changed`] when it is not; [`DicomError::TooLarge`] for more than `most` bytes.
    pub fn bytes(&self, path: &Path, most: u64) -> Result<Vec<u8>, DicomError> {
        let (_, content) = self.reopen(path)?;
        all_of(&content, most)
    }
}

/// All bytes of a file or an entry of a zip, be it DICOM or not.
///
/// # Errors
/// When it cannot be read; [`DicomError::TooLarge`] for more than `most` bytes.
pub fn whole(path: &Path, most: u64) -> Result<(Source, Vec<u8>), DicomError> {
    let (source, content) = Source::open(path)?;
    let bytes = all_of(&content, most)?;
    Ok((source, bytes))
}

/// The first bytes of a file or an entry of a zip; fewer than `count` where it is shorter.
///
/// # Errors
/// When it cannot be read.
pub fn start(path: &Path, count: u64) -> Result<Vec<u8>, DicomError> {
    let (_, content) = Source::open(path)?;
    let mut bytes = Vec::new();
    content.reader(0)?.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn all_of(content: &Content, most: u64) -> Result<Vec<u8>, DicomError> {
    if content.length() > most {
        return Err(DicomError::TooLarge(format!("more than {} MB", most >> 20)));
    }
    let mut bytes = Vec::new();
    content.reader(0)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why something that is no file and no folder is left alone.
pub(crate) const NOT_OPENED: &str = "it is a pipe, a socket or a device, and those are never opened";
