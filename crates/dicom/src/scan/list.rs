//! The walk: which files lie below the roots. Each folder once, whatever links lead to it; zips are opened in place.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Found, ScanEvent, ScannedFile};
use crate::archive::{self, Archive};
use crate::error::DicomError;
use crate::media;
use crate::source::NOT_OPENED;

/// Deepest folder below the root that is entered.
const DEEPEST_FOLDER: usize = 64;
/// Files between two tellings of how many there are.
const TELL_EVERY: usize = 512;

/// A file to read.
#[derive(Debug)]
pub(super) enum Item {
    /// On disk.
    File(PathBuf),
    /// In a zip.
    Entry(Arc<Archive>, u32),
}

impl Item {
    /// Where it is, as its header will say.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Entry(archive, entry) => archive.entry_path(*entry),
        }
    }
}

/// What tells a folder from every other.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Folder {
    #[cfg(unix)]
    Node(u64, u64),
    #[cfg(not(unix))]
    Path(PathBuf),
}

impl Folder {
    #[cfg(unix)]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "elsewhere a folder may have no real path"
    )]
    fn of(_: &Path, metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self::Node(metadata.dev(), metadata.ino()))
    }

    #[cfg(not(unix))]
    fn of(path: &Path, _: &Metadata) -> Option<Self> {
        fs::canonicalize(path).ok().map(Self::Path)
    }
}

/// A walk under way.
pub(super) struct Walk<'a> {
    pub(super) events: &'a (dyn Fn(ScanEvent) + Sync),
    pub(super) cancel: &'a AtomicBool,
    entered: HashSet<Folder>,
    /// In the order in which they are read.
    pub(super) items: Vec<Item>,
    /// Pipes, sockets and devices that were met.
    pub(super) special: usize,
    /// Entries of zips that are not opened.
    pub(super) refused: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(events: &'a (dyn Fn(ScanEvent) + Sync), cancel: &'a AtomicBool) -> Self {
        Self {
            events,
            cancel,
            entered: HashSet::new(),
            items: Vec::new(),
            special: 0,
            refused: 0,
        }
    }

    /// Takes a root: a folder, a file, a zip, a folder or file within a zip, or a DICOMDIR, which stands for its folder.
    ///
    /// # Errors
    /// [`DicomError::NotFound`] when it is not there; a zip within which it should lie may be unreadable.
    pub(super) fn root(&mut self, root: &Path) -> Result<(), DicomError> {
        let root: PathBuf = root.components().collect();
        let Ok(metadata) = fs::metadata(&root) else {
            return self.root_in_zip(&root);
        };
        let above = root
            .parent()
            .filter(|_| metadata.is_file() && media::is_directory(&root));
        match above {
            Some(above) if above.as_os_str().is_empty() => self.path(Path::new("."), 0),
            Some(above) => self.path(above, 0),
            None => self.path(&root, 0),
        }
        (self.events)(ScanEvent::Listed(self.items.len()));
        Ok(())
    }

    fn root_in_zip(&mut self, root: &Path) -> Result<(), DicomError> {
        let nothing = || DicomError::NotFound(root.to_path_buf());
        let (zip, name) = archive::split(root).ok_or_else(nothing)?;
        let before = self.items.len();
        self.zip(&zip, &name)?;
        if self.items.len() == before {
            return Err(nothing());
        }
        (self.events)(ScanEvent::Listed(self.items.len()));
        Ok(())
    }

    fn path(&mut self, path: &Path, depth: usize) {
        match fs::metadata(path) {
            // A dangling link: named, so that nothing disappears silently.
            Err(_) => self.file(path.to_path_buf()),
            Ok(metadata) if metadata.is_dir() => self.folder(path, &metadata, depth),
            Ok(metadata) if metadata.is_file() => self.file(path.to_path_buf()),
            Ok(_) => self.special(path.to_path_buf()),
        }
    }

    fn folder(&mut self, path: &Path, metadata: &Metadata, depth: usize) {
        let known = Folder::of(path, metadata).is_none_or(|folder| !self.entered.insert(folder));
        if known {
            return;
        }
        let told = |reason: String| (self.events)(ScanEvent::Folder(path.to_path_buf(), reason));
        if depth > DEEPEST_FOLDER {
            told(format!(
                "it lies more than {DEEPEST_FOLDER} folders deep; open it by itself"
            ));
            return;
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return told(error.to_string()),
        };
        let mut below: Vec<(OsString, Option<FileType>)> = Vec::new();
        for entry in entries {
            if self.cancel.load(Ordering::Relaxed) {
                return;
            }
            match entry {
                Ok(entry) => below.push((entry.file_name(), entry.file_type().ok())),
                Err(error) => {
                    told(error.to_string());
                    break;
                }
            }
        }
        // Order of the file system must not show in the result.
        below.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in below {
            if self.cancel.load(Ordering::Relaxed) {
                return;
            }
            let path = path.join(name);
            match kind {
                Some(kind) if kind.is_file() => self.file(path),
                // Links, folders, and what the folder itself does not tell.
                _ => self.path(&path, depth + 1),
            }
        }
    }

    fn file(&mut self, path: PathBuf) {
        if archive::is_zip(&path) {
            if let Err(error) = self.zip(&path, "") {
                self.tell(path, Found::Unreadable(error));
            }
            return;
        }
        self.push(Item::File(path));
    }

    /// Takes the entries at or below `name`; all of them where that is empty.
    fn zip(&mut self, path: &Path, name: &str) -> Result<(), DicomError> {
        let (archive, refused) = Archive::open(path)?;
        let below = |entry: &str| {
            name.is_empty()
                || entry
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        for refused in refused.into_iter().filter(|refused| below(&refused.name)) {
            self.refused += 1;
            let found = Found::Unreadable(DicomError::Archive(refused.reason));
            self.tell(archive.below(&refused.name), found);
        }
        let archive = Arc::new(archive);
        for entry in 0..u32::try_from(archive.len()).unwrap_or(u32::MAX) {
            if below(archive.name(entry)) {
                self.push(Item::Entry(Arc::clone(&archive), entry));
            }
        }
        Ok(())
    }

    fn push(&mut self, item: Item) {
        self.items.push(item);
        if self.items.len().is_multiple_of(TELL_EVERY) {
            (self.events)(ScanEvent::Listed(self.items.len()));
        }
    }

    fn special(&mut self, path: PathBuf) {
        self.special += 1;
        self.tell(path, Found::NotDicom(NOT_OPENED.to_owned()));
    }

    fn tell(&self, path: PathBuf, found: Found) {
        (self.events)(ScanEvent::File(Box::new(ScannedFile {
            path,
            found,
            also: None,
        })));
    }
}
