//! Walks folders and reads headers in parallel, streaming what it finds. Reads no pixels.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::ImageHeader;
use crate::needed;
use crate::objects::ObjectHeader;
use crate::objects::kind;
use crate::parse::Keep;

/// Deepest folder below the root that is entered.
const DEEPEST_FOLDER: usize = 64;
/// Files handed to the readers at a time, so that results stream and memory stays flat.
const BATCH: usize = 256;

/// What a file turned out to be.
#[derive(Clone, Debug)]
pub enum Found {
    /// An image.
    Image(Box<ImageHeader>),
    /// Sound DICOM without an image.
    Object(Box<ObjectHeader>),
    /// DICOM that cannot be read.
    Unreadable(DicomError),
    /// Something else.
    NotDicom(String),
}

/// A file and what it is.
#[derive(Clone, Debug)]
pub struct ScannedFile {
    /// As found below the roots.
    pub path: PathBuf,
    /// What it is.
    pub found: Found,
    /// What an image means besides, when it is an object as well: a segmentation, a dose.
    pub also: Option<Box<ObjectHeader>>,
}

/// What streams out of a scan.
#[derive(Debug)]
pub enum ScanEvent {
    /// This many files were found so far while folders are walked.
    Listed(usize),
    /// A file was read.
    File(Box<ScannedFile>),
    /// A folder that could not be entered.
    Folder(PathBuf, String),
}

/// How a scan ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanSummary {
    /// Files read.
    pub files: usize,
    /// Stopped before all were read.
    pub cancelled: bool,
}

/// Scans files and folders. Events come from several threads, each file once; links are followed, loops are not.
///
/// # Errors
/// [`DicomError::NotFound`] when a root is not there.
pub fn scan(
    roots: &[PathBuf],
    events: &(dyn Fn(ScanEvent) + Sync),
    cancel: &AtomicBool,
) -> Result<ScanSummary, DicomError> {
    if let Some(missing) = roots.iter().find(|root| fs::metadata(root).is_err()) {
        return Err(DicomError::NotFound(missing.clone()));
    }
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    for root in roots {
        list(root, 0, &mut seen, &mut files, events, cancel);
    }
    let mut read = 0;
    for batch in files.chunks(BATCH) {
        if cancel.load(Ordering::Relaxed) {
            return Ok(ScanSummary {
                files: read,
                cancelled: true,
            });
        }
        batch.par_iter().for_each(|path| {
            if !cancel.load(Ordering::Relaxed) {
                events(ScanEvent::File(Box::new(examine_whole(path))));
            }
        });
        read += batch.len();
    }
    Ok(ScanSummary {
        files: read,
        cancelled: cancel.load(Ordering::Relaxed),
    })
}

fn list(
    path: &Path,
    depth: usize,
    seen: &mut HashSet<PathBuf>,
    files: &mut Vec<PathBuf>,
    events: &(dyn Fn(ScanEvent) + Sync),
    cancel: &AtomicBool,
) {
    if cancel.load(Ordering::Relaxed) {
        return;
    }
    let Ok(metadata) = fs::metadata(path) else {
        // A dangling link: named, so that nothing disappears silently.
        files.push(path.to_path_buf());
        return;
    };
    if metadata.is_file() {
        files.push(path.to_path_buf());
        if files.len().is_multiple_of(512) {
            events(ScanEvent::Listed(files.len()));
        }
        return;
    }
    if !metadata.is_dir() {
        return;
    }
    if depth > DEEPEST_FOLDER || !fs::canonicalize(path).is_ok_and(|real| seen.insert(real)) {
        return;
    }
    match fs::read_dir(path) {
        Ok(entries) => {
            let mut below: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
            // Order of the file system must not show in the result.
            below.sort();
            for entry in below {
                list(&entry, depth + 1, seen, files, events, cancel);
            }
        }
        Err(error) => events(ScanEvent::Folder(path.to_path_buf(), error.to_string())),
    }
    if depth == 0 {
        events(ScanEvent::Listed(files.len()));
    }
}

/// Reads one file's header.
pub fn examine(path: &Path) -> Found {
    identify(path, |keep| DicomFile::open_keeping(path, keep))
}

/// As [`examine`], with what a picture means besides.
pub fn examine_whole(path: &Path) -> ScannedFile {
    let found = examine(path);
    // Few classes are both; they are opened again, for a scan's selection leaves out what they mean.
    let both = match &found {
        Found::Image(header) => kind::of_class(&header.sop_class).is_some_and(kind::Kind::is_picture),
        _ => false,
    };
    let also = both
        .then(|| DicomFile::open(path).ok())
        .flatten()
        .map(|file| Box::new(ObjectHeader::read(&file)));
    ScannedFile {
        path: path.to_path_buf(),
        found,
        also,
    }
}

/// As [`examine`], of a file that is in memory; `path` is what its header will name.
pub fn examine_bytes(path: &Path, bytes: &[u8]) -> Found {
    identify(path, |keep| DicomFile::from_bytes(bytes.to_vec(), keep))
}

fn identify(path: &Path, open: impl Fn(Option<&Keep>) -> Result<DicomFile, DicomError>) -> Found {
    let file = match open(Some(&needed::is_needed)) {
        Ok(file) => file,
        Err(DicomError::NotDicom(reason)) => return Found::NotDicom(reason),
        Err(error) => return Found::Unreadable(error),
    };
    match ImageHeader::read(path, &file) {
        Ok(header) => Found::Image(Box::new(header)),
        Err(DicomError::NoImage(_) | DicomError::Video(_)) => {
            // What an object holds is told from all of its elements.
            let file = if file.pixels.is_some() {
                open(None).unwrap_or(file)
            } else {
                file
            };
            let object = ObjectHeader::read(&file);
            if object.sop_class.is_empty() && object.study_uid.is_empty() && !file.has_meta {
                return Found::NotDicom("it holds elements but is no DICOM object".to_owned());
            }
            Found::Object(Box::new(object))
        }
        Err(error) => Found::Unreadable(error),
    }
}
