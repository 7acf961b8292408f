//! Where a file's bytes come from: the file itself, or memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// The bytes of a file.
#[derive(Debug)]
pub(crate) enum Content {
    /// An open file and its length.
    File(File, u64),
    /// All of them.
    Memory(Vec<u8>),
}

impl Content {
    /// Number of bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::File(_, length) => *length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Reads from an offset on.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn reader(&self, offset: u64) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::File(file, _) => {
                let mut file = file;
                file.seek(SeekFrom::Start(offset))?;
                Box::new(file)
            }
            Self::Memory(bytes) => {
                let at = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Box::new(&bytes[at..])
            }
        })
    }
}
