//! PadChest (arXiv 1901.07441): labels as Python lists in a text, set by physicians for a part and by a program for the rest.

use std::collections::BTreeMap;

use super::cases::{Cases, agree, counted, note, stem};
use super::table::{self, Table, list};
use super::{Format, Imported, Key};
use crate::case_set::Task;
use crate::error::InputError;
use crate::score::Source;

/// Said of the picture or its report, not of the patient.
const NOT_FINDINGS: [&str; 2] = ["suboptimal study", "unchanged"];

/// Whether a header is its own.
pub(super) fn recognise(table: &Table<'_>) -> bool {
    table.has(&["ImageID", "Labels"])
        && table
            .column(&["MethodLabel", "PatientSex_DICOM", "labelCUIS"])
            .is_some()
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut cases = Cases::default();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut excluded, mut silent, mut physicians, mut dropped) = (0, 0, 0, 0);
    for source in tables {
        let table = table::csv(source)?;
        let [image, words] = [table.need("ImageID")?, table.need("Labels")?];
        let [patient, study, method, sex, view, birth, date, places] = [
            "PatientID",
            "StudyID",
            "MethodLabel",
            "PatientSex_DICOM",
            "Projection",
            "PatientBirth",
            "StudyDate_DICOM",
            "Localizations",
        ]
        .map(|name| table.column(&[name]));
        for row in &table.rows {
            let name = row.get(image);
            if name.is_empty() {
                return Err(table.error(row.line, "`ImageID` is empty"));
            }
            let cell = row.get(words);
            let said = if cell.is_empty() || cell.eq_ignore_ascii_case("nan") {
                Vec::new()
            } else {
                list(cell).ok_or_else(|| {
                    table.error(
                        row.line,
                        format!("`Labels` is `{cell}`, not a list like ['normal']"),
                    )
                })?
            };
            if said.iter().any(|label| label == "exclude") {
                excluded += 1;
                continue;
            }
            let before = said.len();
            let said: Vec<String> = said
                .into_iter()
                .filter(|label| !NOT_FINDINGS.contains(&label.as_str()))
                .collect();
            dropped += before - said.len();
            if said.is_empty() {
                silent += 1;
                continue;
            }
            let case = cases.of(name, &table, row);
            case.key(Key::Stem(stem(name).to_owned()));
            agree(&mut case.case.patient, row.opt(patient), "patient", &table, row)?;
            case.group("study", row.opt(study));
            case.group("sex", row.opt(sex));
            case.group("view", row.opt(view));
            if let Some(age) = age(row.opt(birth), row.opt(date)) {
                case.group("age", &age.to_string());
            }
            let by_person = row.opt(method).eq_ignore_ascii_case("physician");
            physicians += usize::from(by_person);
            case.group("labelled_by", if by_person { "physician" } else { "program" });
            if by_person { "expert" } else { "model" }.clone_into(&mut case.case.truth.source);
            if let (1, Some(places)) = (said.len(), list(row.opt(places))) {
                side(&places).clone_into(&mut case.case.truth.side);
            }
            for label in said {
                case.label(&label);
                *counts.entry(label).or_default() += 1;
            }
        }
    }
    let programs = cases.len().saturating_sub(physicians);
    let mut notes = vec![format!(
        "{physicians} of {} labelled by physicians, {programs} by a program from the report: the group `labelled_by` tells them apart.",
        counted(cases.len(), "image was", "images were")
    )];
    note(
        &mut notes,
        excluded,
        ["image is", "images are"],
        "marked `exclude`: left out.",
    );
    note(
        &mut notes,
        dropped,
        [
            "entry `suboptimal study` or `unchanged` left out:",
            "entries `suboptimal study` or `unchanged` left out:",
        ],
        "said of the picture or an earlier one, not of what is seen.",
    );
    note(
        &mut notes,
        silent,
        ["image has", "images have"],
        "nothing else: what is missing is not normal, so they are left out.",
    );
    notes.push("The pictures have 16 bits in a wide range: look at one before reading.".to_owned());
    Ok(Imported {
        format: Format::Padchest,
        task: Task::YesNo,
        labels: counts.into_keys().collect(),
        cases: cases.into_list(),
        notes,
    })
}

/// Years between the year of birth and that of the study.
fn age(birth: &str, date: &str) -> Option<u32> {
    let year = |text: &str| {
        text.get(..4)
            .and_then(|year| year.parse::<u32>().ok())
            .filter(|year| (1850..2200).contains(year))
    };
    year(date)?.checked_sub(year(birth)?)
}

fn side(places: &[String]) -> &'static str {
    let said = |word: &str| {
        places
            .iter()
            .any(|place| place.split(' ').any(|part| part == word))
    };
    match (said("left"), said("right"), said("bilateral")) {
        (_, _, true) | (true, true, _) => "both",
        (true, false, _) => "left",
        (false, true, _) => "right",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    const TEXT: &str = ",ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,PatientSex_DICOM,Projection,MethodLabel,Labels,Localizations\n\
        0,20536686640136348236148679891455886468_k6ga29.png,0,20140915,205366866401363482361486798914558864681,839860488694292331637988235681460987,1930.0,F,PA,Physician,['normal'],[]\n\
        1,b.png,0,20120514,2,8,1961.0,M,L,RNN_model,\"[' pleural effusion', 'unchanged', '', 'exclude ']\",\"['loc right', 'loc basal']\"\n\
        2,c.png,0,20120514,3,8,1961.0,M,PA,RNN_model,\"['exclude', 'nodule']\",[]\n\
        3,d.png,0,20120514,4,9,1961.0,M,PA,RNN_model,\"['suboptimal study', 'unchanged']\",[]\n\
        4,e.png,0,20120514,4,9,1961.0,M,PA,Physician,\"[' nodule', 'unchanged']\",\"['loc right']\"\n";

    #[test]
    fn lists_are_read_and_what_is_no_finding_is_left_out() {
        let sources = [Source {
            file: "p.csv",
            text: TEXT,
        }];
        assert_eq!(recognise(&sources), Some(Format::Padchest));
        let set = import(Format::Padchest, &sources).expect("reads");
        let ids: Vec<&str> = set.cases.iter().map(|case| case.case.id.as_str()).collect();
        assert_eq!(
            ids,
            ["20536686640136348236148679891455886468_k6ga29.png", "e.png"]
        );
        let [normal, nodule] = [&set.cases[0].case, &set.cases[1].case];
        assert_eq!(
            normal.patient, "839860488694292331637988235681460987",
            "36 digits stay"
        );
        assert_eq!(
            (normal.truth.labels[0].as_str(), normal.truth.source.as_str()),
            ("normal", "expert")
        );
        assert_eq!(normal.groups["age"], "84");
        assert_eq!(
            (nodule.truth.labels.as_slice(), nodule.truth.side.as_str()),
            (&["nodule".to_owned()][..], "right")
        );
        assert!(
            set.notes
                .iter()
                .any(|note| note.starts_with("2 images are marked `exclude`")),
            "{:?}",
            set.notes
        );
        assert!(
            set.notes
                .iter()
                .any(|note| note.starts_with("1 image has nothing else")),
            "{:?}",
            set.notes
        );
    }

    #[test]
    fn a_program_is_told_from_a_physician() {
        let text = TEXT.replace(", 'exclude '", "");
        let set = import(
            Format::Padchest,
            &[Source {
                file: "p.csv",
                text: &text,
            }],
        )
        .expect("reads");
        let case = &set.cases[1].case;
        assert_eq!(
            (case.groups["labelled_by"].as_str(), case.truth.source.as_str()),
            ("program", "model")
        );
        assert_eq!(
            (case.truth.labels.as_slice(), case.truth.side.as_str()),
            (&["pleural effusion".to_owned()][..], "right")
        );
        assert!(
            set.notes[0].starts_with("2 of 3 images were labelled by physicians, 1 by a program"),
            "{:?}",
            set.notes
        );
    }
}
