//! LIDC-IDRI XML: up to four readers a scan, each with outlined nodules of 3 mm and more, nodules below, and what is no nodule. No
//! nodule is the same between readers by name: outlines that overlap are one ([`super::outline`]).

use std::collections::BTreeMap;

use super::cases::{Cases, counted, note};
use super::outline::{Mask, together};
use super::xml::{self, Element};
use super::{Format, Imported, Key};
use crate::case_set::{Task, TruthBox, Vote};
use crate::error::InputError;
use crate::score::Source;

/// The label of a nodule of 3 mm and more.
const NODULE: &str = "nodule";
/// The ratings by their names in the file, 1 to 5 but internal structure (1 to 4) and calcification (1 to 6).
const RATINGS: [(&str, f64); 9] = [
    ("subtlety", 5.0),
    ("internalStructure", 4.0),
    ("calcification", 6.0),
    ("sphericity", 5.0),
    ("margin", 5.0),
    ("lobulation", 5.0),
    ("spiculation", 5.0),
    ("texture", 5.0),
    ("malignancy", 5.0),
];
/// Most points of an outline: a slice has no longer edge.
const MOST_POINTS: usize = 1 << 16;
/// Largest coordinate, px.
const MOST_PX: i32 = 1 << 15;

/// Whether a text is such a file, of CT or of chest radiographs.
pub(super) fn recognise(source: &Source<'_>) -> bool {
    let text = crate::error::without_mark(source.text);
    text.trim_start().starts_with('<')
        && xml::root(text).is_some_and(|root| root == "LidcReadMessage" || root == "IdriReadMessage")
}

/// A nodule as one reader outlined it.
struct Outlined {
    reader: usize,
    slices: BTreeMap<String, Mask>,
    ratings: BTreeMap<String, f64>,
}

/// What the file of a scan says.
struct Scan {
    series: String,
    study: String,
    readers: Vec<String>,
    outlined: Vec<Outlined>,
    small: usize,
    others: usize,
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut cases = Cases::default();
    let (mut radiographs, mut small, mut others, mut scans, mut nodules) = (0, 0, 0, 0, 0);
    for source in tables {
        let text = crate::error::without_mark(source.text);
        let root = xml::read(text).map_err(|(line, reason)| InputError::new(source.file, line, reason))?;
        match root.name.as_str() {
            "LidcReadMessage" => {}
            "IdriReadMessage" => {
                radiographs += 1;
                continue;
            }
            other => {
                let reason = format!("the outermost element is `{other}`, not `LidcReadMessage`");
                return Err(InputError::new(source.file, 1, reason));
            }
        }
        let scan = scan(&root).map_err(|reason| InputError::new(source.file, 1, reason))?;
        scans += 1;
        small += scan.small;
        others += scan.others;
        if cases.find(&scan.series).is_some() || cases.find(&format!("{}/nodule-1", scan.series)).is_some() {
            let reason = format!("series {} stands in an earlier file, too", scan.series);
            return Err(InputError::new(source.file, 1, reason));
        }
        nodules += add(&mut cases, &scan, source.file);
    }
    if scans == 0 {
        let file = tables.first().map_or("", |source| source.file);
        let reason = "only annotations of chest radiographs (`IdriReadMessage`) are there; those of CT are `LidcReadMessage`";
        return Err(InputError::new(file, 1, reason));
    }
    let mut notes = vec![
        format!(
            "{} in {}: outlines of different readers that overlap are one nodule.",
            counted(nodules, "nodule of 3 mm and more", "nodules of 3 mm and more"),
            counted(scans, "scan", "scans")
        ),
        "Each nodule is a case: its largest slice, the votes of all readers of the scan with their ratings, and the boxes of all nodules on that slice. \
         An outline is the first pixel outside; holes are taken out."
            .to_owned(),
    ];
    if small > 0 || others > 0 {
        notes.push(format!(
            "{} below 3 mm and {} that are no nodules are counted here only.",
            counted(small, "mark", "marks"),
            counted(others, "mark", "marks")
        ));
    }
    note(
        &mut notes,
        radiographs,
        ["file", "files"],
        "of chest radiographs left out.",
    );
    notes.push(
        "Readers are not the same persons from scan to scan: `reader 1` is only the first session of a file."
            .to_owned(),
    );
    Ok(Imported {
        format: Format::Lidc,
        task: Task::YesNo,
        labels: vec![NODULE.to_owned()],
        cases: cases.into_list(),
        notes,
    })
}

/// Makes a case of each nodule, or one without of a scan that has none; gives the number of nodules.
fn add(cases: &mut Cases, scan: &Scan, file: &str) -> usize {
    let patient = patient(file).unwrap_or_else(|| scan.study.clone());
    let begin = |cases: &mut Cases, id: &str| {
        let case = cases.at(id, || file.to_owned());
        case.case.patient.clone_from(&patient);
        "CT".clone_into(&mut case.case.modality);
        "majority".clone_into(&mut case.case.truth.source);
    };
    let groups = together(
        &scan
            .outlined
            .iter()
            .map(|outlined| &outlined.slices)
            .collect::<Vec<_>>(),
    );
    if groups.is_empty() {
        begin(cases, &scan.series);
        let case = cases.at(&scan.series, String::new);
        case.key(Key::Series(scan.series.clone()));
        case.case.truth.votes = scan
            .readers
            .iter()
            .map(|reader| Vote {
                reader: reader.clone(),
                ..Vote::default()
            })
            .collect();
        return 0;
    }
    for (number, group) in (1..).zip(&groups) {
        let id = format!("{}/nodule-{number}", scan.series);
        begin(cases, &id);
        let mut areas: BTreeMap<&str, usize> = BTreeMap::new();
        for outlined in group.iter().map(|i| &scan.outlined[*i]) {
            for (slice, mask) in &outlined.slices {
                *areas.entry(slice).or_default() += mask.area();
            }
        }
        let largest = areas
            .iter()
            .max_by_key(|(slice, area)| (**area, std::cmp::Reverse(**slice)))
            .map(|(slice, _)| *slice);
        let case = cases.at(&id, String::new);
        if let Some(slice) = largest {
            case.key(Key::Instance(slice.to_owned()));
        }
        case.key(Key::Series(scan.series.clone()));
        let truth = &mut case.case.truth;
        for (i, reader) in scan.readers.iter().enumerate() {
            let own = group
                .iter()
                .map(|i| &scan.outlined[*i])
                .find(|outlined| outlined.reader == i);
            truth.votes.push(Vote {
                reader: reader.clone(),
                labels: own.map(|_| NODULE.to_owned()).into_iter().collect(),
                ratings: own.map(|own| own.ratings.clone()).unwrap_or_default(),
            });
        }
        for (i, outlined) in scan.outlined.iter().enumerate() {
            for (slice, mask) in &outlined.slices {
                // Another nodule counts on the slice that is read, so that a box on it is not called false.
                if !(group.contains(&i) || largest == Some(slice.as_str())) {
                    continue;
                }
                if let Some(corners) = mask.corners() {
                    truth.boxes.push(TruthBox {
                        label: NODULE.to_owned(),
                        corners,
                        instance: slice.clone(),
                        reader: scan.readers.get(outlined.reader).cloned().unwrap_or_default(),
                    });
                }
            }
        }
        let marked = truth.votes.iter().filter(|vote| !vote.labels.is_empty()).count();
        case.group("readers", &format!("{marked} of {}", scan.readers.len()));
    }
    groups.len()
}

/// `LIDC-IDRI-0001` on the way to the file.
fn patient(file: &str) -> Option<String> {
    let part = file
        .split(['/', '\\'])
        .find(|part| part.starts_with("LIDC-IDRI-"))?;
    Some(part.split('.').next().unwrap_or(part).to_owned())
}

fn scan(root: &Element) -> Result<Scan, String> {
    let header = root
        .child("ResponseHeader")
        .ok_or("`ResponseHeader` is missing")?;
    // The file's own spelling is `SeriesInstanceUid`.
    let uid = |names: [&str; 2]| {
        names
            .iter()
            .map(|name| header.text_of(name))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    };
    let series = uid(["SeriesInstanceUid", "SeriesInstanceUID"]);
    if series.is_empty() {
        return Err("`SeriesInstanceUid` is missing".to_owned());
    }
    let mut scan = Scan {
        series: series.to_owned(),
        study: uid(["StudyInstanceUID", "StudyInstanceUid"]).to_owned(),
        readers: Vec::new(),
        outlined: Vec::new(),
        small: 0,
        others: 0,
    };
    for (reader, session) in root.all("readingSession").enumerate() {
        scan.readers.push(format!("reader {}", reader + 1));
        scan.others += session.all("nonNodule").count();
        for nodule in session.all("unblindedReadNodule") {
            match outlined(nodule, reader)? {
                Some(outlined) => scan.outlined.push(outlined),
                None => scan.small += 1,
            }
        }
    }
    if scan.readers.is_empty() {
        return Err("`readingSession` is missing: nobody has read this scan".to_owned());
    }
    Ok(scan)
}

/// A nodule of 3 mm and more; `None` for one below: a single point, without characteristics.
fn outlined(nodule: &Element, reader: usize) -> Result<Option<Outlined>, String> {
    let id = nodule.text_of("noduleID");
    let mut slices: BTreeMap<String, Mask> = BTreeMap::new();
    let mut holes: Vec<(String, Mask)> = Vec::new();
    let mut is_outlined = false;
    for roi in nodule.all("roi") {
        let points = points(roi).map_err(|reason| format!("nodule `{id}`: {reason}"))?;
        is_outlined |= points.len() > 1;
        if points.len() < 2 {
            continue;
        }
        let slice = roi.text_of("imageSOP_UID");
        if slice.is_empty() {
            return Err(format!("nodule `{id}`: `imageSOP_UID` is missing"));
        }
        let mask = Mask::inside(&points);
        match roi.text_of("inclusion").to_ascii_uppercase().as_str() {
            "TRUE" | "" => slices.entry(slice.to_owned()).or_default().add(&mask),
            "FALSE" => holes.push((slice.to_owned(), mask)),
            other => {
                return Err(format!(
                    "nodule `{id}`: `inclusion` is `{other}`, not TRUE or FALSE"
                ));
            }
        }
    }
    for (slice, hole) in holes {
        if let Some(mask) = slices.get_mut(&slice) {
            mask.take_out(&hole);
        }
    }
    slices.retain(|_, mask| mask.area() > 0);
    let mut ratings = BTreeMap::new();
    if let Some(given) = nodule.child("characteristics") {
        for (name, most) in RATINGS {
            let text = given.text_of(name);
            // Some files have an empty or 0 rating, which is none.
            if text.is_empty() || text == "0" {
                continue;
            }
            let value = text
                .parse::<f64>()
                .ok()
                .filter(|value| (1.0..=most).contains(value));
            let value =
                value.ok_or_else(|| format!("nodule `{id}`: `{name}` is `{text}`, not 1 to {most}"))?;
            ratings.insert(name.to_owned(), value);
        }
    }
    if (!is_outlined && ratings.is_empty()) || slices.is_empty() {
        return Ok(None);
    }
    Ok(Some(Outlined {
        reader,
        slices,
        ratings,
    }))
}

fn points(roi: &Element) -> Result<Vec<[i32; 2]>, String> {
    let mut points = Vec::new();
    for edge in roi.all("edgeMap") {
        let coordinate = |name: &str| {
            let text = edge.text_of(name);
            let value = text
                .parse::<i32>()
                .ok()
                .filter(|value| (-1..=MOST_PX).contains(value));
            value.ok_or_else(|| format!("`{name}` is `{text}`, not a pixel"))
        };
        points.push([coordinate("xCoord")?, coordinate("yCoord")?]);
        if points.len() > MOST_POINTS {
            return Err(format!("an outline has more than {MOST_POINTS} points"));
        }
    }
    Ok(points)
}

#[cfg(test)]
#[path = "lidc_tests.rs"]
mod tests;
