//! CheXpert (arXiv 1901.07031): `Path`, then 14 observations coded 1, 0, -1, blank. The study is the labelled unit, so that a
//! frontal and a lateral view are one case.

use super::cases::{Cases, agree, coded, counted, in_order, note, split};
use super::table::{self, Row, Table};
use super::{Format, Imported, Key};
use crate::case_set::{CaseTruth, State, Task};
use crate::error::InputError;
use crate::score::Source;

/// The observations in the published order.
pub(super) const OBSERVATIONS: [&str; 14] = [
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
];

/// The observations among a table's columns; `Airspace Opacity` is the later name of `Lung Opacity`.
pub(super) fn observations(table: &Table<'_>) -> Vec<(&'static str, usize)> {
    let names = |name: &'static str| {
        if name == "Lung Opacity" {
            vec![name, "Airspace Opacity"]
        } else {
            vec![name]
        }
    };
    OBSERVATIONS
        .into_iter()
        .filter_map(|name| Some((name, table.column(&names(name))?)))
        .collect()
}

/// Whether a header is that of such a table.
pub(super) fn recognise(table: &Table<'_>) -> bool {
    table.column(&["Path", "Study"]).is_some()
        && table.column(&["dicom_id", "study_id"]).is_none()
        && observations(table).len() >= 5
}

/// Reads the states of a row; a state that differs from an earlier row's of the same case is counted, the first counts.
pub(super) fn states(
    truth: &mut CaseTruth,
    columns: &[(&'static str, usize)],
    table: &Table<'_>,
    row: &Row,
) -> Result<usize, InputError> {
    let mut differing = 0;
    for (name, column) in columns {
        let cell = row.get(*column);
        let state = coded(cell).ok_or_else(|| {
            table.error(
                row.line,
                format!("`{name}` is `{cell}`; 1, 0, -1 and blank are the codes"),
            )
        })?;
        let stands = truth.states.entry((*name).to_owned()).or_insert(state);
        differing += usize::from(*stands != state);
    }
    Ok(differing)
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut cases = Cases::default();
    let mut labels: Vec<&'static str> = Vec::new();
    let (mut rows, mut differing) = (0, 0);
    for source in tables {
        let table = table::csv(source)?;
        let columns = observations(&table);
        let path = table
            .column(&["Path", "Study"])
            .ok_or_else(|| table.error(1, "no column is called `Path`"))?;
        if columns.is_empty() {
            return Err(table.error(1, "none of CheXpert's observations is a column"));
        }
        labels.extend(columns.iter().map(|(name, _)| *name));
        let [sex, age, view, projection] =
            ["Sex", "Age", "Frontal/Lateral", "AP/PA"].map(|name| table.column(&[name]));
        for row in &table.rows {
            let place = place(row.get(path)).ok_or_else(|| {
                table.error(
                    row.line,
                    format!("`{}` is no path of a patient, a study and a view", row.get(path)),
                )
            })?;
            rows += 1;
            let known = cases.find(&place.study).is_some();
            let case = cases.of(&place.study, &table, row);
            let lateral = row.opt(view).eq_ignore_ascii_case("lateral") || place.view.contains("lateral");
            let key = if place.view.is_empty() {
                Key::Folder(place.study.clone())
            } else {
                Key::Path(format!("{}/{}", place.study, place.view))
            };
            if known && !lateral && case.keys.iter().all(is_lateral) {
                case.also.splice(0..0, case.keys.clone());
                case.keys.insert(0, key);
            } else {
                if known {
                    case.also.push(key.clone());
                }
                case.key(key);
            }
            agree(&mut case.case.patient, &place.patient, "patient", &table, row)?;
            agree(&mut case.case.split, place.split, "split", &table, row)?;
            case.group("sex", row.opt(sex));
            case.group("age", row.opt(age));
            if !lateral {
                case.group("view", row.opt(projection));
            }
            // Training labels are read from reports by a program; the others were set by radiologists.
            let source = if place.split == "train" || place.split.is_empty() {
                "report"
            } else {
                "panel"
            };
            source.clone_into(&mut case.case.truth.source);
            differing += states(&mut case.case.truth, &columns, &table, row)?;
        }
    }
    let mut notes = vec![format!(
        "{} of {}: the study is what is labelled, its views are one case.",
        counted(cases.len(), "study", "studies"),
        counted(rows, "image", "images")
    )];
    notes.extend(notes_on_states(cases.states(State::Uncertain), differing));
    Ok(Imported {
        format: Format::Chexpert,
        task: Task::YesNo,
        labels: in_order(&OBSERVATIONS, &labels),
        cases: cases.into_list(),
        notes,
    })
}

/// What is to be known of such labels.
pub(super) fn notes_on_states(uncertain: usize, differing: usize) -> Vec<String> {
    let mut notes = vec![
        "A blank is a label that is not mentioned, not an absent one; `No Finding` is 1 or blank as a rule. The policy of the set says what \
         a blank counts as."
            .to_owned(),
    ];
    note(
        &mut notes,
        uncertain,
        ["entry is uncertain", "entries are uncertain"],
        "(-1): the policy of the set says what they count as; no policy is the best for every label.",
    );
    note(
        &mut notes,
        differing,
        ["label differs", "labels differ"],
        "between rows of one study; the first row counts.",
    );
    notes
}

fn is_lateral(key: &Key) -> bool {
    matches!(key, Key::Path(path) if path.contains("lateral"))
}

struct Place {
    /// `train/patient00001/study1`.
    study: String,
    patient: String,
    split: &'static str,
    /// File name; empty when the study is named.
    view: String,
}

fn place(path: &str) -> Option<Place> {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let patient = parts
        .iter()
        .position(|part| part.to_lowercase().starts_with("patient"))?;
    let study = patient + 1;
    let split = patient.checked_sub(1).and_then(|before| split(parts[before]));
    let first = if split.is_some() { patient - 1 } else { patient };
    Some(Place {
        study: parts.get(first..=study)?.join("/"),
        patient: parts[patient].to_owned(),
        split: split.unwrap_or_default(),
        view: parts.get(study + 1..)?.join("/"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    const HEADER: &str = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices";

    #[test]
    fn views_of_a_study_are_one_case_and_blank_is_not_absent() {
        let text = format!(
            "\u{FEFF}{HEADER}\r\n\
             CheXpert-v1.0-small/train/patient00002/study2/view2_lateral.jpg,Female,87,Lateral,,,,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,\r\n\
             CheXpert-v1.0-small/train/patient00002/study2/view1_frontal.jpg,Female,87,Frontal,AP,,,-1.0,1.0,,-1.0,-1.0,,-1.0,,-1.0,,1.0,\r\n\
             CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,,,,,,,,0.0,,,,1.0\r\n"
        );
        let sources = [Source {
            file: "train.csv",
            text: &text,
        }];
        assert_eq!(recognise(&sources), Some(Format::Chexpert));
        let set = import(Format::Chexpert, &sources).expect("reads");
        assert_eq!(set.labels, OBSERVATIONS);
        assert_eq!(set.cases.len(), 2);
        let two = &set.cases[0];
        assert_eq!(
            two.keys[0],
            Key::Path("train/patient00002/study2/view1_frontal.jpg".into())
        );
        assert_eq!(
            two.also,
            [Key::Path("train/patient00002/study2/view2_lateral.jpg".into())]
        );
        assert_eq!(
            (two.case.patient.as_str(), two.case.split.as_str()),
            ("patient00002", "train")
        );
        assert_eq!(two.case.groups["view"], "AP");
        assert_eq!(two.case.truth.states["Edema"], State::Uncertain);
        assert_eq!(two.case.truth.states["No Finding"], State::Blank, "never 0");
        let one = &set.cases[1].case.truth;
        assert_eq!(
            (one.states["No Finding"], one.states["Pneumothorax"]),
            (State::Present, State::Absent)
        );
        assert_eq!(one.source, "report");
        assert!(
            set.notes
                .iter()
                .any(|note| note.starts_with("5 entries are uncertain")),
            "{:?}",
            set.notes
        );
    }

    #[test]
    fn the_validation_files_are_a_panels() {
        let text = format!(
            "{HEADER}\nCheXpert-v1.0/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,0.0,1.0,1.0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0\n"
        );
        let set = import(
            Format::Chexpert,
            &[Source {
                file: "valid.csv",
                text: &text,
            }],
        )
        .expect("reads");
        assert_eq!(
            (
                set.cases[0].case.split.as_str(),
                set.cases[0].case.truth.source.as_str()
            ),
            ("validation", "panel")
        );
    }

    #[test]
    fn another_code_is_an_error() {
        let text = "Path,Edema\ntrain/patient1/study1/view1_frontal.jpg,2\n";
        let error = import(Format::Chexpert, &[Source { file: "t.csv", text }]).expect_err("2");
        assert_eq!(
            error.to_string(),
            "t.csv, line 2: `Edema` is `2`; 1, 0, -1 and blank are the codes"
        );
    }
}
