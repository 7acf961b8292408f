//! What a case's images say of themselves: identifiers, texts, values and looks; the ground on which leaks are found.

use std::collections::BTreeSet;

use overread_dicom::{DisplaySet, tags};
use overread_evaluation::case_set::leaks::ImageFacts;
use overread_evaluation::case_set::{CaseSet, ImageSpec};
use serde_json::Value;

use crate::desk::Desk;
use crate::op::evaluation::images::{CaseImage, Finder};
use crate::op::evaluation::looks;
use crate::op::plain;
use crate::{Failure, Outcome};

/// Slices of a series whose values are hashed: even ones over its length, so that a copy under other UIDs has the same.
const HASHED: usize = 5;
/// Longest text of an element that is looked at, characters.
const LONGEST: usize = 4096;
/// Elements in which people write what they think, by PS3.6 tag and keyword.
const TEXTS: [(&str, &str); 18] = [
    ("00081030", "StudyDescription"),
    ("0008103E", "SeriesDescription"),
    ("00081080", "AdmittingDiagnosesDescription"),
    ("00082111", "DerivationDescription"),
    ("001021B0", "AdditionalPatientHistory"),
    ("00104000", "PatientComments"),
    ("00180010", "ContrastBolusAgent"),
    ("00181030", "ProtocolName"),
    ("00181400", "AcquisitionDeviceProcessingDescription"),
    ("00184000", "AcquisitionComments"),
    ("00204000", "ImageComments"),
    ("00321030", "ReasonForStudy"),
    ("00321060", "RequestedProcedureDescription"),
    ("00324000", "StudyComments"),
    ("00400254", "PerformedProcedureStepDescription"),
    ("00401002", "ReasonForTheRequestedProcedure"),
    ("00402400", "ImagingServiceRequestComments"),
    ("40084000", "ResultsComments"),
];

/// The facts of one image, or why there are none.
pub(crate) type Found = Result<ImageFacts, (String, String, Failure)>;

/// The facts of a case's images.
pub(crate) fn of_case(desk: &Desk, finder: &Finder, set: &CaseSet, at: usize) -> Vec<Found> {
    let Some(case) = set.cases.get(at) else {
        return Vec::new();
    };
    let one = |image: &ImageSpec| {
        finder
            .image(image)
            .and_then(|found| facts(desk, finder, &found, set, image, &case.id))
            .map_err(|error| (case.id.clone(), image.path.clone(), error))
    };
    case.images.iter().map(one).collect()
}

fn facts(
    desk: &Desk,
    finder: &Finder,
    found: &CaseImage,
    of: &CaseSet,
    image: &ImageSpec,
    case: &str,
) -> Outcome<ImageFacts> {
    let set = &found.set;
    let chosen = found.chosen(&of.settings.slices)?;
    let shown = chosen.first().copied().unwrap_or(1).saturating_sub(1);
    let frame = set.frames.get(shown).unwrap_or_else(|| set.first());
    let looked = desk.frames.get(frame)?;
    let single = !image.instance.is_empty();
    let mut hashed = Vec::new();
    let places: BTreeSet<usize> = if single {
        BTreeSet::from([shown])
    } else {
        (0..HASHED)
            .map(|i| i * set.frames.len().saturating_sub(1) / (HASHED - 1))
            .collect()
    };
    for place in places {
        if let Some(frame) = set.frames.get(place) {
            hashed.push(desk.frames.get(frame)?);
        }
    }
    let header = &frame.header;
    let mut facts = ImageFacts {
        case: case.to_owned(),
        path: image.path.clone(),
        study_uid: if plain::is_plain(header) {
            String::new()
        } else {
            set.study_uid.clone()
        },
        series_uid: set.series_uid.clone(),
        sop_uids: if single {
            vec![header.sop_uid.clone()]
        } else {
            instances(set)
        },
        pixel_hash: looks::of_values(hashed.iter().map(AsRef::as_ref)),
        perceptual_hash: looks::perceptual(&looked),
        ..ImageFacts::default()
    };
    if !plain::is_plain(header) {
        let json = tags::json(&header.path)?;
        texts(&mut facts, &json);
        facts.acquisition = acquisition(&json, &set.study_uid);
        facts.reports = finder.reports(&found.path, &set.study_uid);
    }
    for overlay in &header.overlays {
        if !overlay.label.trim().is_empty() {
            facts
                .tags
                .push(("OverlayLabel".to_owned(), overlay.label.clone()));
        }
    }
    Ok(facts)
}

/// SOP Instance UIDs, each once.
fn instances(set: &DisplaySet) -> Vec<String> {
    let all: BTreeSet<&str> = set.frames.iter().map(|f| f.header.sop_uid.as_str()).collect();
    all.into_iter()
        .filter(|uid| !uid.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Values of an element as one text.
fn value(json: &Value, tag: &str) -> Option<String> {
    let values = json.get(tag)?.get("Value")?.as_array()?;
    let words: Vec<String> = values
        .iter()
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect();
    let text: String = words.join(" ").chars().take(LONGEST).collect();
    (!text.trim().is_empty()).then_some(text)
}

fn texts(facts: &mut ImageFacts, json: &Value) {
    for (tag, keyword) in TEXTS {
        if let Some(text) = value(json, tag) {
            facts.tags.push((keyword.to_owned(), text));
        }
    }
    facts.burned_in = match value(json, "00280301").as_deref().map(str::trim) {
        Some("YES") => Some(true),
        Some("NO") => Some(false),
        _ => None,
    };
}

/// What the reconstructions of one scan share: the acquisition's own UID, else study, frame of reference, number and time.
fn acquisition(json: &Value, study: &str) -> String {
    if let Some(uid) = value(json, "00080017") {
        return uid;
    }
    let time = value(json, "0008002A").or_else(|| Some(value(json, "00080022")? + &value(json, "00080032")?));
    let (Some(time), Some(number)) = (time, value(json, "00200012")) else {
        return String::new();
    };
    let place = value(json, "00200052").unwrap_or_default();
    format!("{study} {place} {number} {time}")
}
