//! Structured reports as truth: TID 1500 measurement groups, texts of basic reports, CAD reports, key object selections (PS3.16). The
//! desk reads the files; what they say comes here as flat rows in reading order. A code that is not known is shown by its
//! meaning, never dropped.

use std::collections::BTreeMap;

use super::cases::{Cases, note};
use super::{Format, Imported, ImportedCase, Key};
use crate::case_set::{Task, TruthBox, Vote};
use crate::error::InputError;

/// A report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SrReport {
    /// File, for [`super::ImportedCase::at`].
    pub file: String,
    /// Patient ID; may be empty.
    pub patient: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// Title: concept name of the root.
    pub title: String,
    /// A key object selection.
    pub is_key_objects: bool,
    /// Verification Flag is `VERIFIED`.
    pub is_verified: bool,
    /// The person who verified or wrote it; empty when none is named.
    pub person: String,
    /// The device that wrote it; empty when none is named.
    pub device: String,
    /// Content items below the root, in reading order.
    pub items: Vec<SrItem>,
}

/// A content item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SrItem {
    /// Below the root it is 0.
    pub depth: u16,
    /// Code of the concept name (`121071`); empty when it is not known.
    pub code: String,
    /// Meaning of the concept name (`Finding`).
    pub name: String,
    /// What it says.
    pub value: SrValue,
}

/// What a content item says.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SrValue {
    /// A heading, or nothing.
    #[default]
    Heading,
    /// A text.
    Text(String),
    /// A coded value, by its meaning.
    Code(String),
    /// A number as written, and its unit.
    Number(String, String),
    /// An image: SOP Instance UID.
    Image(String),
    /// A region: (column, row) pairs of an image, px; SOP Instance UID, empty when it is not named.
    Region(Vec<[f64; 2]>, String),
}

/// What a concept is for us: by code, or by meaning where there is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Concept {
    Finding,
    Site,
    Group,
    Impression,
    Description,
    Tracking,
    Laterality,
    Other,
}

fn concept(item: &SrItem) -> Concept {
    match item.code.as_str() {
        "121070" | "121071" | "111059" => return Concept::Finding,
        "363698007" | "G-C0E3" => return Concept::Site,
        "125007" => return Concept::Group,
        "121072" | "121073" | "121076" | "121077" => return Concept::Impression,
        "113012" => return Concept::Description,
        "112039" | "112040" => return Concept::Tracking,
        "272741003" | "G-C171" => return Concept::Laterality,
        _ => {}
    }
    match item.name.to_lowercase().as_str() {
        "finding" | "findings" | "single image finding" => Concept::Finding,
        "finding site" => Concept::Site,
        "measurement group" => Concept::Group,
        "impression" | "impressions" | "conclusion" | "conclusions" => Concept::Impression,
        "key object description" => Concept::Description,
        "tracking identifier" | "tracking unique identifier" => Concept::Tracking,
        "laterality" => Concept::Laterality,
        _ => Concept::Other,
    }
}

/// What a report says.
#[derive(Default)]
struct Said {
    labels: Vec<String>,
    /// Sentences: findings, sites, measurements, and codes as they are.
    sentences: Vec<String>,
    impressions: Vec<String>,
    boxes: Vec<TruthBox>,
    images: Vec<String>,
    sides: Vec<&'static str>,
}

/// Brings reports to cases: one a study, each report that a person answers for a vote of its own.
///
/// # Errors
/// [`InputError`] when there is no report, or one names no study.
pub fn import(reports: &[SrReport]) -> Result<Imported, InputError> {
    let first = reports
        .first()
        .ok_or_else(|| InputError::new("", 1, "there is no report"))?;
    let (mut cases, mut labels, mut devices, mut unverified, mut keys) =
        (Cases::default(), BTreeMap::new(), 0, 0, 0);
    // What people say goes first; what a device wrote counts only where nobody else speaks of the study.
    let (people, machines): (Vec<&SrReport>, Vec<&SrReport>) =
        reports.iter().partition(|report| is_a_persons(report));
    let mut beside = 0;
    for report in people.iter().chain(&machines) {
        if report.study_uid.is_empty() {
            return Err(InputError::new(&report.file, 1, "the report names no study"));
        }
        let by_person = is_a_persons(report);
        let spoken = cases
            .find(&report.study_uid)
            .is_some_and(|case| case.case.truth.source != "model");
        if !by_person && spoken {
            beside += 1;
            continue;
        }
        devices += usize::from(!by_person);
        unverified += usize::from(by_person && !report.is_verified && !report.is_key_objects);
        keys += usize::from(report.is_key_objects);
        let said = said(report);
        for label in &said.labels {
            *labels.entry(label.clone()).or_insert(0_usize) += 1;
        }
        let case = cases.at(&report.study_uid, || report.file.clone());
        fill(case, report, said, by_person);
    }
    for case in cases.all() {
        close(case);
    }
    let mut notes = Vec::new();
    for (n, one, many, text) in [
        (
            devices,
            "report was",
            "reports were",
            "written by a device and verified by nobody: a model's word, marked as such.",
        ),
        (
            beside,
            "report",
            "reports",
            "of devices left out, where a person has reported the same study.",
        ),
        (unverified, "report is", "reports are", "not verified."),
        (
            keys,
            "key object selection",
            "key object selections",
            "among them: images that somebody chose, not a truth of their own.",
        ),
    ] {
        note(&mut notes, n, [one, many], text);
    }
    notes.push("Labels are the meanings of codes as they stand in the reports; different words for one thing are different labels here.".to_owned());
    if cases.seen().iter().all(|case| !case.case.truth.is_known()) {
        return Err(InputError::new(
            &first.file,
            1,
            "no report says anything that could be a truth: no finding, impression or region",
        ));
    }
    let task = if labels.is_empty() {
        Task::Open
    } else {
        Task::YesNo
    };
    Ok(Imported {
        format: Format::DicomSr,
        task,
        labels: labels.into_keys().collect(),
        cases: cases.into_list(),
        notes,
    })
}

/// Verified, or written by a person.
fn is_a_persons(report: &SrReport) -> bool {
    report.is_verified || !report.person.is_empty() || report.device.is_empty()
}

fn fill(case: &mut ImportedCase, report: &SrReport, said: Said, by_person: bool) {
    for image in &said.images {
        let key = Key::Instance(image.clone());
        if !case.keys.is_empty() && !case.keys.contains(&key) {
            case.also.push(key.clone());
        }
        case.key(key);
    }
    let source = if by_person { "report" } else { "model" };
    if case.case.truth.source.is_empty() {
        source.clone_into(&mut case.case.truth.source);
    }
    if case.case.patient.is_empty() {
        case.case.patient.clone_from(&report.patient);
    }
    if report.is_key_objects {
        case.group("key_objects", &report.title);
    }
    let truth = &mut case.case.truth;
    let text = said.sentences.join("\n");
    if !text.is_empty() {
        truth.findings = if truth.findings.is_empty() {
            text
        } else {
            format!("{}\n{text}", truth.findings)
        };
    }
    truth.answers.extend(said.impressions);
    truth.boxes.extend(said.boxes);
    if let ([side], true) = (said.sides.as_slice(), said.labels.len() == 1) {
        (*side).clone_into(&mut truth.side);
    }
    if !said.labels.is_empty() {
        let name = [&report.person, &report.device, &report.title]
            .into_iter()
            .find(|name| !name.is_empty());
        let reader = name
            .cloned()
            .unwrap_or_else(|| format!("report {}", truth.votes.len() + 1));
        match truth.votes.iter_mut().find(|vote| vote.reader == reader) {
            Some(vote) => {
                for label in said.labels {
                    if !vote.labels.contains(&label) {
                        vote.labels.push(label);
                    }
                }
            }
            None => truth.votes.push(Vote {
                reader,
                labels: said.labels,
                ..Vote::default()
            }),
        }
    }
}

/// One reader's votes are the truth itself.
fn close(case: &mut ImportedCase) {
    let study = case.case.id.clone();
    case.key(Key::Study(study));
    let truth = &mut case.case.truth;
    if let [_] = truth.votes.as_slice() {
        truth.labels = truth.votes.remove(0).labels;
    }
}

fn said(report: &SrReport) -> Said {
    let mut said = Said::default();
    // The finding that what stands deeper belongs to.
    let mut within: Option<(u16, String)> = None;
    for (i, item) in report.items.iter().enumerate() {
        if within.as_ref().is_some_and(|(depth, _)| item.depth < *depth) {
            within = None;
        }
        match (concept(item), &item.value) {
            (Concept::Group, _) => {
                within = Some((item.depth.saturating_add(1), finding_of(&report.items, i)))
            }
            (Concept::Tracking, _) | (_, SrValue::Heading) => {}
            (Concept::Finding, SrValue::Code(meaning)) => {
                if !meaning.is_empty() && !said.labels.contains(meaning) {
                    said.labels.push(meaning.clone());
                }
                said.sentences.push(format!("{}: {meaning}", item.name));
                if within.as_ref().is_none_or(|(depth, _)| item.depth <= *depth) {
                    within = Some((item.depth, meaning.clone()));
                }
            }
            (Concept::Impression, SrValue::Text(text) | SrValue::Code(text)) => {
                said.impressions.push(text.trim().to_owned())
            }
            (Concept::Finding | Concept::Description, SrValue::Text(text)) => {
                said.sentences.push(text.trim().to_owned())
            }
            (_, SrValue::Image(uid)) => {
                if !uid.is_empty() && !said.images.contains(uid) {
                    said.images.push(uid.clone());
                }
            }
            (_, SrValue::Region(points, on)) => {
                let label = within
                    .as_ref()
                    .map(|(_, label)| label.clone())
                    .unwrap_or_default();
                if let Some(corners) = corners(points) {
                    said.boxes.push(TruthBox {
                        label,
                        corners,
                        instance: on.clone(),
                        ..TruthBox::default()
                    });
                }
                if !on.is_empty() && !said.images.contains(on) {
                    said.images.push(on.clone());
                }
            }
            (kind, SrValue::Code(meaning)) => {
                if kind == Concept::Laterality || kind == Concept::Site {
                    let lower = meaning.to_lowercase();
                    let side = ["left", "right"]
                        .into_iter()
                        .find(|side| lower.split(' ').any(|word| word == *side));
                    said.sides.extend(side.filter(|side| !said.sides.contains(side)));
                }
                said.sentences.push(format!("{}: {meaning}", item.name));
            }
            (_, SrValue::Number(value, unit)) => said
                .sentences
                .push(format!("{}: {value} {unit}", item.name).trim_end().to_owned()),
            (_, SrValue::Text(text)) => said.sentences.push(format!("{}: {}", item.name, text.trim())),
        }
    }
    said
}

/// The finding of the measurement group at `group`.
fn finding_of(items: &[SrItem], group: usize) -> String {
    let Some(depth) = items.get(group).map(|item| item.depth) else {
        return String::new();
    };
    let inside = items.iter().skip(group + 1).take_while(|item| item.depth > depth);
    let mut findings = inside
        .filter(|item| concept(item) == Concept::Finding)
        .filter_map(|item| match &item.value {
            SrValue::Code(meaning) => Some(meaning.clone()),
            _ => None,
        });
    findings.next().unwrap_or_default()
}

fn corners(points: &[[f64; 2]]) -> Option<[f64; 4]> {
    if points.len() < 2 || points.iter().flatten().any(|c| !c.is_finite()) {
        return None;
    }
    let of = |axis: usize, pick: fn(f64, f64) -> f64| points.iter().map(|point| point[axis]).reduce(pick);
    Some([
        of(0, f64::min)?,
        of(1, f64::min)?,
        of(0, f64::max)?,
        of(1, f64::max)?,
    ])
}

#[cfg(test)]
#[path = "dicom_sr_tests.rs"]
mod tests;
