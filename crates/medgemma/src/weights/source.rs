//! Weight files as one table of tensors: where each lies, in what form, and its rows as float32.
//!
//! Files are read by position, not mapped: a page that was read does not stay in this process, so nothing is held
//! twice, and a file that shrinks under the reader is an error and no crash.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use overread_kernels::STRIP;

use super::stored::Stored;
use crate::cancel::Cancel;
use crate::error::{EngineError, Result};

/// One weight file, open.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Its last part, for messages.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) length: u64,
}

impl SourceFile {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let name = path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let bad = |error: io::Error| EngineError::BadFile {
            file: name.clone(),
            reason: error.to_string(),
        };
        let file = File::open(path).map_err(bad)?;
        let length = file.metadata().map_err(bad)?.len();
        Ok(Self {
            path: path.to_path_buf(),
            file,
            length,
            name,
        })
    }

    /// Fills `out` from byte `offset` on.
    pub(crate) fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        read_exact_at(&self.file, offset, out)
    }

    /// An error about this file.
    pub(crate) fn bad(&self, reason: impl Into<String>) -> EngineError {
        EngineError::BadFile {
            file: self.name.clone(),
            reason: reason.into(),
        }
    }
}

/// Fills `out` from byte `offset` of a file on.
#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

/// Fills `out` from byte `offset` of a file on.
#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                out = &mut out[n..];
                offset += n as u64;
            }
        }
    }
    Ok(())
}

/// A tensor of a file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Name in the file, for messages.
    pub(crate) name: String,
    pub(crate) stored: Stored,
    /// Rows first, whatever the file's order.
    pub(crate) shape: Vec<usize>,
    /// Which file.
    pub(crate) file: usize,
    /// First byte in the file.
    pub(crate) offset: u64,
}

impl Entry {
    /// Rows when the first dimension counts them: 1 for vectors.
    pub(crate) fn rows(&self) -> usize {
        if self.shape.len() < 2 { 1 } else { self.shape[0] }
    }

    /// Weights of a row: all dimensions but the first together.
    pub(crate) fn columns(&self) -> usize {
        self.shape[usize::from(self.shape.len() > 1)..].iter().product()
    }

    /// Bytes of the tensor; shapes were checked against the file when it was opened.
    pub(crate) fn bytes(&self) -> u64 {
        let count: usize = self.shape.iter().product();
        (count / self.stored.block()) as u64 * self.stored.bytes() as u64
    }
}

/// All tensors of a model's files by internal name.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) entries: BTreeMap<String, Entry>,
    /// RMSNorm weights hold `1 + w` already (GGUF) or `w` (safetensors).
    pub(crate) norms_hold_one: bool,
}

impl Source {
    /// Joins the tensors of all files; internal name first.
    ///
    /// # Errors
    /// A name that occurs twice.
    pub(crate) fn new(
        files: Vec<SourceFile>,
        list: Vec<(String, Entry)>,
        norms_hold_one: bool,
    ) -> Result<Self> {
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        let mut twice = Vec::new();
        for (own, entry) in list {
            let (name, file) = (entry.name.clone(), entry.file);
            if let Some(first) = entries.insert(own, entry) {
                twice.push(format!(
                    "{} of {} and {name} of {}",
                    first.name, files[first.file].name, files[file].name
                ));
            }
        }
        if !twice.is_empty() {
            return Err(EngineError::RepeatedTensors(twice));
        }
        Ok(Self {
            files,
            entries,
            norms_hold_one,
        })
    }

    /// Number types and how many tensors are of each, in words.
    pub(crate) fn types(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in self.entries.values() {
            *counts.entry(entry.stored.name()).or_default() += 1;
        }
        let words: Vec<String> = counts
            .iter()
            .map(|(name, n)| format!("{name} ({n} tensors)"))
            .collect();
        words.join(", ")
    }

    /// A whole tensor as float32, rows first.
    pub(crate) fn whole(&self, entry: &Entry) -> Result<Vec<f32>> {
        let mut bytes = vec![0; usize::try_from(entry.bytes()).unwrap_or(usize::MAX)];
        let file = &self.files[entry.file];
        file.read_at(entry.offset, &mut bytes)
            .map_err(|error| file.bad(error.to_string()))?;
        let mut out = vec![0.0; entry.shape.iter().product()];
        entry.stored.widen(&bytes, &mut out);
        Ok(out)
    }

    /// A reader of single rows, for several threads at once.
    pub(crate) fn rows<'a>(&'a self, entry: &'a Entry, cancel: &'a Cancel, read: &'a AtomicU64) -> Rows<'a> {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        Rows {
            file: &self.files[entry.file],
            entry,
            row_bytes: entry.columns() / entry.stored.block() * entry.stored.bytes(),
            token: COUNT.fetch_add(1, Ordering::Relaxed),
            cancel,
            read,
            failed: Mutex::new(None),
        }
    }
}

/// What a thread read last: of which reader, from which row on.
struct Window {
    token: u64,
    first: usize,
    bytes: Vec<u8>,
}

thread_local! {
    static WINDOW: RefCell<Window> = const { RefCell::new(Window { token: 0, first: 0, bytes: Vec::new() }) };
}

/// Rows of one tensor. A failure is kept and given at the end; rows after it are zero.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    file: &'a SourceFile,
    entry: &'a Entry,
    row_bytes: usize,
    token: u64,
    cancel: &'a Cancel,
    /// Bytes read, for the progress.
    read: &'a AtomicU64,
    failed: Mutex<Option<io::Error>>,
}

impl Rows<'_> {
    /// Row `row` as float32. Rows of a strip are read together.
    pub(crate) fn fill(&self, row: usize, out: &mut [f32]) {
        if self.cancel.is_cancelled() {
            return out.fill(0.0);
        }
        WINDOW.with_borrow_mut(|window| {
            let first = row / STRIP * STRIP;
            if (window.token, window.first) != (self.token, first) {
                let rows = STRIP.min(self.entry.rows() - first);
                window.bytes.resize(rows * self.row_bytes, 0);
                let offset = self.entry.offset + (first * self.row_bytes) as u64;
                if let Err(error) = self.file.read_at(offset, &mut window.bytes) {
                    if let Ok(mut failed) = self.failed.lock() {
                        failed.get_or_insert(error);
                    }
                    window.token = 0;
                    return out.fill(0.0);
                }
                (window.token, window.first) = (self.token, first);
                self.read.fetch_add(window.bytes.len() as u64, Ordering::Relaxed);
            }
            let bytes = &window.bytes[(row - first) * self.row_bytes..][..self.row_bytes];
            self.entry.stored.widen(bytes, out);
        });
    }

    /// What went wrong while rows were read, if anything did.
    pub(crate) fn finish(self) -> Result<()> {
        self.cancel.check()?;
        match self.failed.into_inner() {
            Ok(Some(error)) => Err(self.file.bad(error.to_string())),
            _ => Ok(()),
        }
    }
}
