//! The list of studies: made anew at every call, for truths, readings and hidden names change while a folder is open.

use std::sync::Arc;

use overread_dicom::DisplaySet;

use crate::convert;
use crate::desk::{Desk, OpenObject, lock};
use crate::op::blind;
use crate::op::case::{is_hidden, truth_of};
use crate::op::layers::{Fit, is_layer};
use crate::op::naming;
use crate::op::objects::opens;
use crate::wire::studies::{DisplaySetTile, ObjectLine, Study};

/// The operation `studies`.
pub(crate) fn studies(desk: &Desk) -> Vec<Study> {
    let (known, sets, objects) = {
        let opened = lock(&desk.opened);
        let known: Vec<Study> = opened.studies.clone();
        let sets: Vec<_> = opened.sets.values().cloned().collect();
        (known, sets, opened.objects.clone())
    };
    known
        .into_iter()
        .map(|old| {
            // In the order that was shown.
            let sets: Vec<Arc<DisplaySet>> = old
                .display_sets
                .iter()
                .filter_map(|tile| sets.iter().find(|set| set.id == tile.id).cloned())
                .collect();
            let objects: Vec<_> = old
                .objects
                .iter()
                .filter_map(|line| objects.get(&line.id).cloned())
                .collect();
            shown(desk, study(desk, &old.uid, &sets, &objects))
        })
        .collect()
}

/// A study without the display sets that blind reading withholds.
pub(crate) fn shown(desk: &Desk, mut study: Study) -> Study {
    let is_withheld = |tile: &DisplaySetTile| {
        let set = lock(&desk.opened).sets.get(&tile.id).cloned();
        set.is_some_and(|set| blind::withholds_set(desk, &set))
    };
    let before = study.display_sets.len();
    study.display_sets.retain(|tile| !is_withheld(tile));
    if study.display_sets.is_empty() && before > 0 {
        // Whoever made the results named the study too.
        "Study of results".clone_into(&mut study.description);
    }
    study
}

/// A study with all of its display sets and what the store knows of its cases. Its sets and objects must be open.
pub(crate) fn study(desk: &Desk, uid: &str, sets: &[Arc<DisplaySet>], objects: &[Arc<OpenObject>]) -> Study {
    let hide = crate::op::app::settings(desk).hide_identity;
    let main = sets.iter().find(|set| !blind::is_result(set)).or(sets.first());
    let header = main.map(|set| Arc::clone(&set.first().header));
    let patient = header.as_ref().map(|h| h.patient.clone()).unwrap_or_default();
    let description = header
        .as_ref()
        .map(|h| h.study_description.clone())
        .filter(|d| !d.is_empty());
    let modality = main.map(|set| set.modality.clone()).unwrap_or_default();
    Study {
        id: format!("study-{}", convert::short_hash(uid)),
        uid: uid.to_owned(),
        description: description.unwrap_or_else(|| format!("{modality} study").trim().to_owned()),
        date: header.as_ref().map(|h| h.study_date.clone()).unwrap_or_default(),
        patient_name: if hide { String::new() } else { patient.name.clone() },
        patient_id: if hide { String::new() } else { patient.id.clone() },
        patient_details: if hide {
            String::new()
        } else {
            convert::patient_details(&patient)
        },
        display_sets: sets.iter().map(|set| tile(desk, set)).collect(),
        objects: objects
            .iter()
            .map(|o| line(o, sets, blind::withholds(desk, o)))
            .collect(),
    }
}

/// An object's line; while it is withheld it says what it is and not what it holds.
fn line(object: &OpenObject, sets: &[Arc<DisplaySet>], hidden: bool) -> ObjectLine {
    let header = &object.header;
    let fit = is_layer(header.kind).then(|| Fit::of(object));
    ObjectLine {
        id: object.id.clone(),
        opens: opens(header.kind),
        fits: fit.is_some_and(|fit| sets.iter().any(|set| fit.over(set).is_some())),
        modality: header.modality.clone(),
        label: if hidden {
            String::new()
        } else {
            header.label.clone()
        },
        summary: if hidden {
            format!("{}, withheld until your own answer is in", header.kind.name())
        } else {
            header.summary.clone()
        },
    }
}

fn tile(desk: &Desk, set: &DisplaySet) -> DisplaySetTile {
    // Before the reveal a list that tells that there is something tells too much.
    if is_hidden(desk, &set.id) {
        return DisplaySetTile {
            description: naming::title(desk, set),
            ..convert::tile(set)
        };
    }
    let readings = desk
        .store()
        .and_then(|store| Ok(store.reading_count(&set.id)?))
        .unwrap_or(0);
    DisplaySetTile {
        has_truth: truth_of(desk, set).is_some(),
        readings,
        description: naming::title(desk, set),
        ..convert::tile(set)
    }
}
