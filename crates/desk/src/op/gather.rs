//! What lies below a path, all at once and beside what is open: for the command line and for evaluations.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use overread_dicom::objects::ObjectHeader;
use overread_dicom::scan::{self, Found};
use overread_dicom::{DicomError, DisplaySet, Index};
use rayon::prelude::*;

use crate::code::failure;
use crate::desk::lock;
use crate::op::plain;
use crate::{Cancel, Failure, Outcome};

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Images.
    pub(crate) index: Index,
    /// Plain pictures, in the order of their paths; they join the index by [`Gathered::read_pictures`].
    pub(crate) pictures: Vec<PathBuf>,
    /// Reports, segmentations and other objects, by path.
    pub(crate) objects: Vec<(PathBuf, Box<ObjectHeader>)>,
    /// What could not be read, and why, by path.
    pub(crate) troubles: Vec<(PathBuf, Failure)>,
    /// Files of which a further copy is in the index, by path.
    pub(crate) copies: Vec<PathBuf>,
    /// Everything else, by path.
    pub(crate) others: Vec<PathBuf>,
    /// Files looked at.
    pub(crate) files: usize,
}

/// Walks a folder, zip or file to the end. `progress` hears how many files were read.
///
/// # Errors
/// When it is not there, or the walk was cancelled.
pub(crate) fn gather(path: &Path, cancel: &Cancel, progress: &(dyn Fn(usize) + Sync)) -> Outcome<Gathered> {
    let found = Mutex::new(Gathered::default());
    let take = |event| {
        let scan::ScanEvent::File(file) = event else {
            return;
        };
        let scan::ScannedFile {
            path,
            found: what,
            also,
        } = *file;
        let is_picture = matches!(what, Found::NotDicom(_)) && plain::is_picture(&path);
        let mut all = lock(&found);
        all.files += 1;
        if let Some(also) = also {
            all.objects.push((path.clone(), also));
        }
        match what {
            Found::Image(header) => {
                if !all.index.add(*header) {
                    all.copies.push(path);
                }
            }
            Found::Object(object) => all.objects.push((path, object)),
            Found::Unreadable(error) => all.troubles.push((path, Failure::from(error))),
            Found::NotDicom(_) if is_picture => all.pictures.push(path),
            Found::NotDicom(reason) => {
                let reason = failure("dicom.not_dicom", format!("Not a DICOM file: {reason}."), "");
                all.others.push(path.clone());
                all.troubles.push((path, reason));
            }
        }
        progress(all.files);
    };
    scan::scan(&[path.to_path_buf()], &take, cancel.flag())?;
    if cancel.is_cancelled() {
        return Err(failure("cancelled", "Stopped.", ""));
    }
    let mut all = found
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // The order of arrival must not show.
    all.pictures.sort();
    all.copies.sort();
    all.others.sort();
    all.objects.sort_by(|a, b| a.0.cmp(&b.0));
    all.troubles.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

impl Gathered {
    /// Reads the heads of the plain pictures, in parallel, into the index. `progress` hears done and all.
    pub(crate) fn read_pictures(&mut self, cancel: &Cancel, progress: &(dyn Fn(usize, usize) + Sync)) {
        let done = AtomicUsize::new(0);
        let of = self.pictures.len();
        let read: Vec<Result<_, (PathBuf, DicomError)>> = self
            .pictures
            .par_iter()
            .filter(|_| !cancel.is_cancelled())
            .map(|path| {
                let header = plain::header(path).map_err(|error| (path.clone(), error));
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, of);
                header
            })
            .collect();
        for header in read {
            match header {
                Ok(header) => {
                    let path = header.path.clone();
                    if !self.index.add(header) {
                        self.copies.push(path);
                    }
                }
                Err((path, error)) => self.troubles.push((path, Failure::from(error))),
            }
        }
    }

    /// All display sets.
    pub(crate) fn display_sets(&self) -> Vec<Arc<DisplaySet>> {
        self.index.display_sets(None).into_iter().map(Arc::new).collect()
    }

    /// Why there is no image.
    pub(crate) fn nothing(mut self, path: &Path) -> Failure {
        if self.troubles.len() + self.objects.len() == 1 {
            if let Some((_, object)) = self.objects.first() {
                let message = format!("This is a {}, which holds no image.", object.summary);
                return failure("dicom.no_image", message, "");
            }
            return self.troubles.remove(0).1;
        }
        failure(
            "open.no_dicom",
            format!("There is no DICOM image in {}.", path.display()),
            "Name a folder or file that holds DICOM images or plain pictures.",
        )
    }
}
