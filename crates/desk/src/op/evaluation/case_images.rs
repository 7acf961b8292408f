//! The images of a case, without a change of what the page has open.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use overread_dicom::DisplaySet;
use overread_evaluation::case_set::{CaseSpec, ImageSpec};

use crate::Outcome;
use crate::code::failure;
use crate::desk::{Desk, lock};
use crate::op::evaluation::folder;
use crate::op::open;

/// Folders that are kept as they were found: cases of one folder follow each other.
const KEPT: usize = 4;

/// An image of a case: its display set, and the slice spec that it says itself (empty: none).
#[derive(Clone, Debug)]
pub(crate) struct CaseImage {
    pub(crate) set: Arc<DisplaySet>,
    pub(crate) slices: String,
}

/// Finds images, and remembers where it looked.
#[derive(Debug)]
pub(crate) struct Finder {
    base: PathBuf,
    kept: Mutex<Vec<(PathBuf, Vec<Arc<DisplaySet>>)>>,
}

impl Finder {
    /// For a case set that lies at `at`: its paths are relative to its folder.
    pub(crate) fn of(at: &Path) -> Self {
        Self {
            base: at.parent().map(Path::to_path_buf).unwrap_or_default(),
            kept: Mutex::default(),
        }
    }

    /// A path of the case-set file.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    /// The images of a case in the order in which they are listed.
    ///
    /// # Errors
    /// When one is not there or cannot be read. The sentence names no path: it may be shown in blind mode.
    pub(crate) fn images(&self, desk: &Desk, case: &CaseSpec) -> Outcome<Vec<CaseImage>> {
        case.images.iter().map(|image| self.image(desk, image)).collect()
    }

    fn image(&self, desk: &Desk, image: &ImageSpec) -> Outcome<CaseImage> {
        let path = self.path(&image.path);
        let sets = self.sets(&path)?;
        let of_series: Vec<Arc<DisplaySet>> = sets
            .iter()
            .filter(|set| image.series.is_empty() || set.series_uid == image.series || set.id == image.series)
            .cloned()
            .collect();
        if image.instance.is_empty() {
            let set = open::choose(&of_series, None)
                .map_err(|_| missing("The series of the case is not among its images."))?;
            return Ok(CaseImage {
                set,
                slices: image.slices.clone(),
            });
        }
        let at = |set: &Arc<DisplaySet>| {
            let mut frames = set.frames.iter();
            frames.position(|frame| frame.header.sop_uid.as_str() == image.instance)
        };
        let (set, at) = of_series
            .iter()
            .find_map(|set| at(set).map(|at| (Arc::clone(set), at)))
            .ok_or_else(|| missing("The instance of the case is not among its images."))?;
        let slices = if image.slices.is_empty() {
            (at + 1).to_string()
        } else {
            image.slices.clone()
        };
        Ok(CaseImage { set, slices })
    }

    fn sets(&self, path: &Path) -> Outcome<Vec<Arc<DisplaySet>>> {
        if let Some((_, sets)) = lock(&self.kept).iter().find(|(kept, _)| kept == path) {
            return Ok(sets.clone());
        }
        let sets = open::found_in(path).map_err(|error| {
            // A folder's name may be the answer.
            let whole = path.display().to_string();
            let message = error
                .message
                .replace(&whole, "the images")
                .replace(&folder::name(path), "the image");
            crate::Failure { message, ..error }
        })?;
        let mut kept = lock(&self.kept);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((path.to_path_buf(), sets.clone()));
        Ok(sets)
    }
}

fn missing(what: &str) -> crate::Failure {
    failure("eval.no_image", what, "Run overread eval check on the case set.")
}
