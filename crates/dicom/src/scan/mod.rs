//! Walks folders and reads headers in parallel, streaming what it finds. Reads no pixels.

mod list;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::archive::Archive;
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::ImageHeader;
use crate::media::{self, Medium};
use crate::needed;
use crate::objects::{ObjectHeader, kind};
use crate::parse::Keep;
use crate::source::Source;
use crate::start;
use list::{Item, Walk};

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
    /// A DICOMDIR, held against the files found.
    Medium(Box<Medium>),
}

/// How a scan ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanSummary {
    /// Files read.
    pub files: usize,
    /// Stopped before all were read.
    pub cancelled: bool,
    /// Of the files, those without a byte.
    pub empty: usize,
    /// Of the files, those that macOS and Windows leave beside others.
    pub companions: usize,
    /// Pipes, sockets and devices, which were not opened.
    pub special: usize,
    /// Entries of zips that were not opened: encrypted, of an unknown method, with a name that leads elsewhere.
    pub refused: usize,
}

/// Scans files and folders, zips and what lies in them. Events come from several threads, each file once; links are
/// followed, loops are not. The DICOMDIRs that were met are told of last.
///
/// # Errors
/// [`DicomError::NotFound`] when a root is not there.
pub fn scan(
    roots: &[PathBuf],
    events: &(dyn Fn(ScanEvent) + Sync),
    cancel: &AtomicBool,
) -> Result<ScanSummary, DicomError> {
    let mut walk = Walk::new(events, cancel);
    for root in roots {
        walk.root(root)?;
    }
    let (empty, companions) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut summary = ScanSummary {
        special: walk.special,
        refused: walk.refused,
        ..ScanSummary::default()
    };
    let items = walk.items;
    for batch in items.chunks(BATCH) {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        batch.par_iter().for_each(|item| {
            if cancel.load(Ordering::Relaxed) {
                return;
            }
            let path = item.path();
            let mut found = match item {
                Item::File(path) => examine(path),
                Item::Entry(archive, entry) => examine_entry(&path, archive, *entry),
            };
            if let Found::NotDicom(reason) = &mut found {
                if reason == start::EMPTY {
                    empty.fetch_add(1, Ordering::Relaxed);
                } else if let Some(whose) = companion(&path) {
                    companions.fetch_add(1, Ordering::Relaxed);
                    whose.clone_into(reason);
                }
            }
            let also = besides(&found, || match item {
                Item::File(path) => DicomFile::open(path),
                Item::Entry(archive, entry) => open_entry(&path, archive, *entry, None),
            });
            events(ScanEvent::File(Box::new(ScannedFile { path, found, also })));
        });
        summary.files += batch.len();
    }
    summary.cancelled = cancel.load(Ordering::Relaxed);
    summary.empty = empty.into_inner();
    summary.companions = companions.into_inner();
    if !summary.cancelled {
        tell_media(&items, events);
    }
    Ok(summary)
}

/// What a picture means besides. Few classes are both; they are opened again, for a scan's selection leaves out what they mean.
fn besides(found: &Found, open: impl FnOnce() -> Result<DicomFile, DicomError>) -> Option<Box<ObjectHeader>> {
    let Found::Image(header) = found else {
        return None;
    };
    kind::of_class(&header.sop_class).filter(|kind| kind.is_picture())?;
    open().ok().map(|file| Box::new(ObjectHeader::read(&file)))
}

/// What systems leave beside the files of people, told after nothing else was found in it.
fn companion(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy();
    if name.starts_with("._") || name == ".DS_Store" {
        return Some("macOS left it beside the files");
    }
    ["Thumbs.db", "desktop.ini"]
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
        .then_some("Windows left it beside the files")
}

/// Tells what each DICOMDIR says, and what of that is not there.
fn tell_media(items: &[Item], events: &(dyn Fn(ScanEvent) + Sync)) {
    for item in items {
        // Of an entry's name the last part is enough, and names are many.
        let directory = match item {
            Item::File(path) => media::is_directory(path),
            Item::Entry(archive, entry) => media::is_directory(Path::new(archive.name(*entry))),
        };
        if !directory {
            continue;
        }
        let path = item.path();
        let folder = path.parent().unwrap_or(&path);
        let there: HashSet<String> = items
            .iter()
            .filter_map(|item| Some(media::spelled_path(item.path().strip_prefix(folder).ok()?)))
            .collect();
        let opened = match item {
            Item::File(path) => DicomFile::open(path),
            Item::Entry(archive, entry) => open_entry(&path, archive, *entry, None),
        };
        let medium = match opened {
            Ok(file) => media::read(&path, &file, &there),
            Err(error) => Medium {
                path: path.clone(),
                damage: Some(error.to_string()),
                ..Medium::default()
            },
        };
        events(ScanEvent::Medium(Box::new(medium)));
    }
}

fn open_entry(
    path: &Path,
    archive: &Arc<Archive>,
    entry: u32,
    keep: Option<&Keep>,
) -> Result<DicomFile, DicomError> {
    let (source, content) = Source::Entry(Arc::clone(archive), entry).reopen(path)?;
    DicomFile::open_source(source, content, keep)
}

fn examine_entry(path: &Path, archive: &Arc<Archive>, entry: u32) -> Found {
    identify(path, |keep| open_entry(path, archive, entry, keep))
}

/// Reads one file's header.
pub fn examine(path: &Path) -> Found {
    identify(path, |keep| DicomFile::open_keeping(path, keep))
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
