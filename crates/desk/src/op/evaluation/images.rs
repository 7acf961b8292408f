//! A case's images: found without a change of what the page has open, and handed to the page when it asks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use overread_dicom::DisplaySet;
use overread_evaluation::case_set::{CaseSet, CaseSpec, ImageSpec};
use overread_protocol::slices;

use crate::code::{failure, sentences};
use crate::desk::{Desk, lock};
use crate::op::evaluation::set;
use crate::op::naming;
use crate::op::open::{self, FoundIn};
use crate::wire::evaluation::{CaseImages, EvaluationCaseRef};
use crate::{Failure, Outcome};

/// Folders that are kept as they were found: cases of one folder follow each other.
const KEPT: usize = 4;
/// What a slice spec is where nobody gives one.
const SLICES: &str = "middle";

/// An image of a case.
#[derive(Clone, Debug)]
pub(crate) struct CaseImage {
    /// Where it was found; opened, it shows the same display set.
    pub(crate) path: PathBuf,
    pub(crate) set: Arc<DisplaySet>,
    /// The slice spec that it says itself; empty: none.
    pub(crate) slices: String,
}

impl CaseImage {
    /// Its slices, from 1, by its own spec, else by `settings`, else the middle one.
    ///
    /// # Errors
    /// When the spec does not fit the series.
    pub(crate) fn chosen(&self, settings: &str) -> Outcome<Vec<usize>> {
        let spec = [self.slices.as_str(), settings, SLICES]
            .into_iter()
            .find(|spec| !spec.trim().is_empty())
            .unwrap_or(SLICES);
        slices::choose(spec, self.set.frames.len())
            .map_err(|error| sentences("question.slices", &error.to_string()))
    }
}

type Kept = (PathBuf, Arc<FoundIn>);

/// Finds images, and remembers where it looked.
#[derive(Debug)]
pub(crate) struct Finder {
    case_set: PathBuf,
    kept: Mutex<Vec<Kept>>,
}

impl Finder {
    /// For the case set at a path: what it names lies beside it.
    pub(crate) fn of(case_set: &Path) -> Self {
        Self {
            case_set: case_set.to_path_buf(),
            kept: Mutex::default(),
        }
    }

    /// A path of the case-set file.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        set::beside(&self.case_set, path)
    }

    /// The images of a case, in the order of the file.
    ///
    /// # Errors
    /// When one is not there or cannot be read. The sentences name no path: a folder's name may be the answer.
    pub(crate) fn images(&self, case: &CaseSpec) -> Outcome<Vec<CaseImage>> {
        case.images.iter().map(|image| self.image(image)).collect()
    }

    /// One image.
    ///
    /// # Errors
    /// As [`Finder::images`].
    pub(crate) fn image(&self, image: &ImageSpec) -> Outcome<CaseImage> {
        let path = self.path(&image.path);
        let found = self.found(&path)?;
        let sets = &found.sets;
        let meant: Vec<Arc<DisplaySet>> = sets
            .iter()
            .filter(|set| image.series.is_empty() || set.id == image.series || set.series_uid == image.series)
            .cloned()
            .collect();
        if image.instance.is_empty() {
            let set = open::choose(&meant, None)
                .map_err(|_| missing("The series of this case is not among its images any more."))?;
            return Ok(CaseImage {
                path,
                set,
                slices: image.slices.clone(),
            });
        }
        let found = meant.iter().find_map(|set| {
            let mut frames = set.frames.iter();
            let at = frames.position(|frame| frame.header.sop_uid == image.instance)?;
            Some((Arc::clone(set), at))
        });
        let (set, at) =
            found.ok_or_else(|| missing("The instance of this case is not among its images any more."))?;
        let slices = if image.slices.is_empty() {
            (at + 1).to_string()
        } else {
            image.slices.clone()
        };
        Ok(CaseImage { path, set, slices })
    }

    /// Titles of the structured reports of a study that lie with its images.
    pub(crate) fn reports(&self, path: &Path, study: &str) -> Vec<String> {
        let found = self.found(path).ok();
        let own = found
            .iter()
            .flat_map(|f| &f.reports)
            .filter(|(of, _)| of == study);
        own.map(|(_, title)| {
            let title = title.trim();
            if title.is_empty() { "a report" } else { title }.to_owned()
        })
        .collect()
    }

    fn found(&self, path: &Path) -> Outcome<Arc<FoundIn>> {
        if let Some((_, found)) = lock(&self.kept).iter().find(|(kept, _)| kept == path) {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(open::found_in(path).map_err(|error| neutral(path, error))?);
        let mut kept = lock(&self.kept);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((path.to_path_buf(), Arc::clone(&found)));
        Ok(found)
    }
}

/// A failure without the path: it may be shown in blind mode, and goes into files of answers.
fn neutral(path: &Path, error: Failure) -> Failure {
    match error.code.as_str() {
        "file.not_found" => missing("The images of this case are not where they were."),
        "open.no_dicom" => missing("There is no image at the place of this case any more."),
        _ => {
            let whole = path.display().to_string();
            Failure {
                message: error
                    .message
                    .replace(&whole, "the image")
                    .replace(&set::name(path), "the image"),
                ..error
            }
        }
    }
}

fn missing(what: &str) -> Failure {
    failure(
        "eval.no_image",
        what,
        "Put them back, or make the case set again; `overread eval check` lists all that are missing.",
    )
}

/// A case by its place, from 1.
///
/// # Errors
/// When the set has fewer.
pub(crate) fn case(set: &CaseSet, number: u32) -> Outcome<&CaseSpec> {
    let at = (number as usize).checked_sub(1);
    at.and_then(|at| set.cases.get(at)).ok_or_else(|| {
        failure(
            "eval.no_case",
            format!("There is no case {number}: the set has {}.", set.cases.len()),
            "Open the evaluation again.",
        )
    })
}

/// The display set of a case's first image, under which the desk keeps answers; `None` while it cannot be told. Cheap where
/// the case set names it, which those that are made here do for DICOM.
pub(crate) fn display_set_of(finder: &Finder, case: &CaseSpec) -> Option<String> {
    let image = case.images.first()?;
    if image.series.starts_with("ds-") && image.instance.is_empty() {
        return Some(image.series.clone());
    }
    finder.image(image).ok().map(|found| found.set.id.clone())
}

/// The operation `open_evaluation_case`.
///
/// # Errors
/// When the images are not there.
pub fn images(desk: &Desk, arguments: &EvaluationCaseRef) -> Outcome<CaseImages> {
    let path = desk.path(&arguments.evaluation)?;
    let set = set::read(&path)?;
    let case = case(&set, arguments.number)?;
    let image = case.images.first().ok_or_else(|| {
        failure(
            "eval.no_image",
            "This case has no image: it is text alone.",
            "Read it in the evaluation.",
        )
    })?;
    let found = Finder::of(&path).image(image)?;
    let slice = found.chosen(&set.settings.slices)?.first().copied().unwrap_or(1);
    Ok(CaseImages {
        folder: desk.handle_of_cases(&found.path),
        display_set: found.set.id.clone(),
        index: u32::try_from(slice.saturating_sub(1)).unwrap_or(0),
        title: if naming::hidden(desk) {
            format!("Case {}", arguments.number)
        } else {
            case.id.clone()
        },
    })
}
