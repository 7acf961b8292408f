//! What blind reading withholds beside truths and readings: objects, and the display sets that are objects.

use std::collections::HashSet;
use std::sync::Arc;

use overread_dicom::DisplaySet;
use overread_dicom::objects::kind;

use crate::code::failure;
use crate::desk::{Desk, OpenObject, lock};
use crate::op::app::settings;
use crate::op::case::is_hidden;
use crate::{Failure, Outcome};

/// Parametric Map Storage (PS3.3 A.75).
const PARAMETRIC_MAP: &str = "1.2.840.10008.5.1.4.1.1.30";

/// A display set that is somebody's result and no acquisition: segmentation, label map, dose, parametric map.
pub(crate) fn is_result(set: &DisplaySet) -> bool {
    let class = set.first().header.sop_class.as_str();
    class == PARAMETRIC_MAP || kind::of_class(class).is_some_and(kind::Kind::is_picture)
}

/// What an object or a result says of the images it is about.
struct About<'a> {
    study: &'a str,
    names: HashSet<&'a str>,
    places: HashSet<&'a str>,
}

impl About<'_> {
    /// The series it names, else those of its frame of reference, must all be answered; of an object that tells of
    /// none, one answer in its study is enough.
    fn is_withheld(&self, desk: &Desk) -> bool {
        let images: Vec<Arc<DisplaySet>> = lock(&desk.opened)
            .sets
            .values()
            .filter(|set| !is_result(set))
            .cloned()
            .collect();
        let hidden = |set: &&Arc<DisplaySet>| is_hidden(desk, &set.id);
        let named: Vec<_> = images
            .iter()
            .filter(|set| {
                let mut frames = set.frames.iter();
                frames.any(|f| self.names.contains(f.header.sop_uid.as_str()))
            })
            .collect();
        if !named.is_empty() {
            return named.iter().any(hidden);
        }
        let placed: Vec<_> = images
            .iter()
            .filter(|set| {
                let place = set.first().header.frame_of_reference.as_deref();
                place.is_some_and(|place| self.places.contains(place))
            })
            .collect();
        if !placed.is_empty() {
            return placed.iter().any(hidden);
        }
        // A study without images has nothing that could be answered: withheld.
        images
            .iter()
            .filter(|set| set.study_uid == self.study)
            .all(|set| is_hidden(desk, &set.id))
    }
}

/// True while an object may tell the truth of a case that is still to be answered.
pub(crate) fn withholds(desk: &Desk, object: &OpenObject) -> bool {
    if !settings(desk).blind {
        return false;
    }
    let others: Vec<Arc<OpenObject>> = lock(&desk.opened).objects.values().cloned().collect();
    let mut names: HashSet<&str> = object.header.references.iter().map(String::as_str).collect();
    // A report of a segmentation is about what the segmentation is about.
    let further: Vec<&str> = others
        .iter()
        .filter(|other| names.contains(other.header.sop_uid.as_str()))
        .flat_map(|other| other.header.references.iter().map(String::as_str))
        .collect();
    names.extend(further);
    let places = &object.header.frames_of_reference;
    let about = About {
        study: &object.header.study_uid,
        names,
        places: places.iter().map(String::as_str).collect(),
    };
    about.is_withheld(desk)
}

/// True for a display set that is a result and is withheld as one.
pub(crate) fn withholds_set(desk: &Desk, set: &DisplaySet) -> bool {
    if !is_result(set) || !settings(desk).blind {
        return false;
    }
    let objects: Vec<Arc<OpenObject>> = lock(&desk.opened)
        .objects
        .values()
        .filter(|o| set.frames.iter().any(|f| f.header.path == o.path))
        .cloned()
        .collect();
    if !objects.is_empty() {
        return objects.iter().any(|object| withholds(desk, object));
    }
    let about = About {
        study: &set.study_uid,
        names: HashSet::new(),
        places: set
            .first()
            .header
            .frame_of_reference
            .as_deref()
            .into_iter()
            .collect(),
    };
    about.is_withheld(desk)
}

/// What is said of a withheld object, series or presentation state.
pub(crate) fn withheld(what: &str) -> Failure {
    failure(
        "object.withheld",
        format!("This {what} is withheld while you read blind."),
        "Commit your own answer first, or switch blind reading off.",
    )
}

/// A stored object may tell the truth of a case: before the reveal it stays closed.
///
/// # Errors
/// While it is withheld.
pub(crate) fn refuse(desk: &Desk, object: &OpenObject) -> Outcome<()> {
    if withholds(desk, object) {
        return Err(withheld("object"));
    }
    Ok(())
}
