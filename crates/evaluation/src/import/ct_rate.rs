//! CT-RATE (arXiv 2403.17834): 18 labels for each volume, predicted from reports. The name of a volume says its split, patient, scan
//! and reconstruction; reconstructions of a scan share a report, so one of them is scored.

use std::collections::BTreeMap;

use super::cases::{Cases, coded, in_order, note, stem};
use super::table::{self, Table};
use super::{Format, Imported, Key};
use crate::case_set::{State, Task};
use crate::error::InputError;
use crate::score::Source;

/// The labels in the published order.
pub(super) const LABELS: [&str; 18] = [
    "Medical material",
    "Arterial wall calcification",
    "Cardiomegaly",
    "Pericardial effusion",
    "Coronary artery wall calcification",
    "Hiatal hernia",
    "Lymphadenopathy",
    "Emphysema",
    "Atelectasis",
    "Lung nodule",
    "Lung opacity",
    "Pulmonary fibrotic sequela",
    "Pleural effusion",
    "Mosaic attenuation pattern",
    "Peribronchial thickening",
    "Consolidation",
    "Bronchiectasis",
    "Interlobular septal thickening",
];

/// Whether a header is that of one of its tables.
pub(super) fn recognise(table: &Table<'_>) -> bool {
    table.has(&["VolumeName"])
        && (table.has(&["Findings_EN"]) || table.has(&["Lung nodule"]) || table.has(&["RescaleSlope"]))
}

struct Name {
    split: &'static str,
    /// `valid_1`.
    patient: String,
    /// `valid_1_a`.
    scan: String,
    reconstruction: u32,
}

/// `valid_1_a_2.nii.gz`; `validation_` is `valid_` in another of its tables.
fn name(volume: &str) -> Option<Name> {
    let mut parts = stem(volume).split('_');
    let (split, short) = match parts.next()? {
        "train" => ("train", "train"),
        "valid" | "validation" => ("validation", "valid"),
        "test" => ("test", "test"),
        _ => return None,
    };
    let (number, letter, reconstruction) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || number.is_empty() || letter.is_empty() {
        return None;
    }
    let patient = format!("{short}_{number}");
    let scan = format!("{patient}_{letter}");
    Some(Name {
        split,
        patient,
        scan,
        reconstruction: reconstruction.parse().ok()?,
    })
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let read = tables.iter().map(table::csv).collect::<Result<Vec<_>, _>>()?;
    let mut cases = Cases::default();
    let mut reconstructions: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let (mut differing, mut unlabelled, mut labelled) = (0, 0, Vec::new());
    // Labels first: reports and metadata speak of scans that have some.
    for table in &read {
        let columns: Vec<(&str, usize)> = LABELS
            .into_iter()
            .filter_map(|label| Some((label, table.column(&[label])?)))
            .collect();
        if columns.is_empty() {
            continue;
        }
        labelled.extend(columns.iter().map(|(label, _)| *label));
        let volume = table.need("VolumeName")?;
        for row in &table.rows {
            let name = named(table, row.line, row.get(volume))?;
            let case = cases.of(&name.scan, table, row);
            case.case.patient = name.patient;
            name.split.clone_into(&mut case.case.split);
            "CT".clone_into(&mut case.case.modality);
            "model".clone_into(&mut case.case.truth.source);
            reconstructions
                .entry(name.scan)
                .or_default()
                .push(name.reconstruction);
            for (label, column) in &columns {
                let cell = row.get(*column);
                let state = coded(cell).ok_or_else(|| {
                    table.error(row.line, format!("`{label}` is `{cell}`; 1 and 0 are the codes"))
                })?;
                let stands = case.case.truth.states.entry((*label).to_owned()).or_insert(state);
                differing += usize::from(*stands != state);
            }
        }
    }
    for table in &read {
        let (Some(volume), Some(findings)) = (table.column(&["VolumeName"]), table.column(&["Findings_EN"]))
        else {
            continue;
        };
        let impression = table.column(&["Impressions_EN"]);
        for row in &table.rows {
            let name = named(table, row.line, row.get(volume))?;
            let Some(case) = cases.find(&name.scan) else {
                unlabelled += 1;
                continue;
            };
            if case.case.truth.findings.is_empty() {
                let texts = [row.get(findings), row.opt(impression)];
                case.case.truth.findings = texts
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n");
            }
        }
    }
    if cases.len() == 0 {
        let file = tables.first().map_or("", |source| source.file);
        return Err(InputError::new(
            file,
            1,
            "no table has labels; give `train_predicted_labels.csv` or `valid_predicted_labels.csv`, too",
        ));
    }
    let mut others = 0;
    for case in cases.all() {
        let mut of_scan = reconstructions.remove(&case.case.id).unwrap_or_default();
        of_scan.sort_unstable();
        of_scan.dedup();
        others += of_scan.len().saturating_sub(1);
        for reconstruction in of_scan {
            let volume = format!("{}_{reconstruction}", case.case.id);
            case.key(Key::Stem(volume.clone()));
            case.key(Key::Folder(volume));
        }
    }
    let mut notes = vec!["Labels were predicted from reports by a program, not set from images.".to_owned()];
    note(
        &mut notes,
        others,
        ["further reconstruction", "further reconstructions"],
        "of the same scans left out: one reconstruction of a scan is read, the first that is there.",
    );
    note(
        &mut notes,
        differing,
        ["label differs", "labels differ"],
        "between reconstructions of one scan; the first row counts.",
    );
    note(
        &mut notes,
        unlabelled,
        ["report", "reports"],
        "without labels left out.",
    );
    note(
        &mut notes,
        cases.states(State::Blank),
        ["entry is", "entries are"],
        "blank.",
    );
    notes.push("Clinical information is not brought along: it names what is looked for.".to_owned());
    Ok(Imported {
        format: Format::CtRate,
        task: Task::YesNo,
        labels: in_order(&LABELS, &labelled),
        cases: cases.into_list(),
        notes,
    })
}

fn named(table: &Table<'_>, line: u64, volume: &str) -> Result<Name, InputError> {
    name(volume).ok_or_else(|| {
        table.error(
            line,
            format!("`{volume}` is no volume's name like valid_1_a_1.nii.gz"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    #[test]
    fn reconstructions_of_a_scan_are_one_case() {
        let zeros = ["0"; 15].join(",");
        let labels = format!(
            "VolumeName,{}\nvalid_1_a_2.nii.gz,1,0,1,{zeros}\nvalid_1_a_1.nii.gz,1,0,1,{zeros}\nvalid_1_b_1.nii.gz,0,0,0,{zeros}\nvalid_2_a_1.nii.gz,0,0,0,{zeros}\n",
            LABELS.join(",")
        );
        let reports = "VolumeName,ClinicalInformation_EN,Technique_EN,Findings_EN,Impressions_EN\n\
            validation_1_a_1.nii.gz,Cough,CT,\"Heart is enlarged, wide.\",Cardiomegaly\nvalidation_9_a_1.nii.gz,,,x,y\n";
        let sources = [
            Source {
                file: "validation_reports.csv",
                text: reports,
            },
            Source {
                file: "valid_predicted_labels.csv",
                text: &labels,
            },
        ];
        assert_eq!(recognise(&sources), Some(Format::CtRate));
        let set = import(Format::CtRate, &sources).expect("reads");
        assert_eq!(set.labels, LABELS);
        assert_eq!(set.cases.len(), 3);
        let first = &set.cases[0];
        assert_eq!(first.case.id, "valid_1_a");
        assert_eq!(
            first.keys[0],
            Key::Stem("valid_1_a_1".into()),
            "the first reconstruction, whichever row was first"
        );
        assert_eq!(first.keys[2], Key::Stem("valid_1_a_2".into()));
        assert_eq!(
            (first.case.patient.as_str(), first.case.split.as_str()),
            ("valid_1", "validation")
        );
        assert_eq!(
            first.case.truth.findings,
            "Heart is enlarged, wide.\nCardiomegaly"
        );
        assert_eq!(first.case.truth.states["Cardiomegaly"], State::Present);
        assert_eq!(
            set.cases[1].case.patient, "valid_1",
            "another scan of the same patient"
        );
        assert!(
            set.notes[1].starts_with("1 further reconstruction"),
            "{:?}",
            set.notes
        );
        assert!(
            set.notes
                .iter()
                .any(|note| note == "1 report without labels left out.")
        );
        assert!(first.case.context.is_empty());
    }

    #[test]
    fn reports_alone_are_no_truth() {
        let error = import(
            Format::CtRate,
            &[Source {
                file: "r.csv",
                text: "VolumeName,Findings_EN\nvalid_1_a_1.nii.gz,x\n",
            }],
        )
        .expect_err("no labels");
        assert!(error.to_string().contains("no table has labels"), "{error}");
        assert!(name("valid_1_a.nii.gz").is_none() && name("other_1_a_1").is_none());
    }
}
