//! What a path leads to: a file, or an entry of a zip; and whether it is still what it was.

use std::fs::{self, File, Metadata};
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
}

/// Why something that is no file and no folder is left alone.
pub(crate) const NOT_OPENED: &str = "it is a pipe, a socket or a device, and those are never opened";
