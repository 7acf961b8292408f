//! MIMIC-CXR and MIMIC-CXR-JPG: labels by study, joined with the tables of images (`metadata`) and splits.

use std::collections::HashSet;

use super::cases::{Cases, agree, agree_on_split, in_order, note};
use super::chexpert::{OBSERVATIONS, notes_on_states, observations, states};
use super::table::{self, Table};
use super::{Format, Imported, Key};
use crate::case_set::{State, Task};
use crate::error::InputError;
use crate::score::Source;

/// Whether a header is that of one of its tables.
pub(super) fn recognise(table: &Table<'_>) -> bool {
    table.has(&["subject_id", "study_id"])
        && (observations(table).len() >= 5
            || table.has(&["dicom_id", "split"])
            || table.has(&["dicom_id", "ViewPosition"]))
        || table.has(&["study_id"]) && observations(table).len() >= 5
}

/// Of two tables of labels the better one counts: radiologists', then CheXpert's labeller, then any other.
fn rank(file: &str) -> u8 {
    let file = file.to_lowercase();
    if file.contains("test-set-labeled") {
        0
    } else if file.contains("chexpert") {
        1
    } else {
        2
    }
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut read = tables.iter().map(table::csv).collect::<Result<Vec<_>, _>>()?;
    read.sort_by_key(|table| rank(table.file));
    let mut cases = Cases::default();
    let mut labels: Vec<&str> = Vec::new();
    let (mut differing, mut twice) = (0, 0);
    let mut notes = Vec::new();
    for table in &read {
        let columns = observations(table);
        if columns.is_empty() {
            continue;
        }
        labels.extend(columns.iter().map(|(name, _)| *name));
        let (study, subject) = (table.need("study_id")?, table.column(&["subject_id"]));
        let source = if rank(table.file) == 0 { "expert" } else { "report" };
        let before: HashSet<String> = cases.all().iter().map(|case| case.case.id.clone()).collect();
        for row in &table.rows {
            let id = row.get(study);
            if id.is_empty() {
                return Err(table.error(row.line, "`study_id` is empty"));
            }
            if before.contains(&format!("s{id}")) {
                twice += 1;
                continue;
            }
            let case = cases.of(&format!("s{id}"), table, row);
            agree(&mut case.case.patient, row.opt(subject), "subject_id", table, row)?;
            source.clone_into(&mut case.case.truth.source);
            differing += states(&mut case.case.truth, &columns, table, row)?;
        }
    }
    if cases.len() == 0 {
        let file = tables.first().map_or("", |source| source.file);
        return Err(InputError::new(
            file,
            1,
            "no table has labels; give `mimic-cxr-2.0.0-chexpert.csv` or `-negbio.csv`, too",
        ));
    }
    let strangers = images(&read, &mut cases)?;
    for case in cases.all() {
        let folder = Key::Folder(case.case.id.clone());
        case.key(folder);
    }
    note(
        &mut notes,
        twice,
        ["study is", "studies are"],
        "labelled in several tables: radiologists' labels go before CheXpert's labeller, that before NegBio.",
    );
    note(
        &mut notes,
        strangers,
        ["image", "images"],
        "of studies without labels left out.",
    );
    notes.extend(notes_on_states(cases.states(State::Uncertain), differing));
    notes.push("MedGemma was trained on MIMIC-CXR: such cases are not new to it.".to_owned());
    notes.push("Dates are shifted for each subject.".to_owned());
    Ok(Imported {
        format: Format::MimicCxr,
        task: Task::YesNo,
        labels: in_order(&OBSERVATIONS, &labels),
        cases: cases.into_list(),
        notes,
    })
}

/// Joins the tables of images and splits; gives the number of images whose study has no labels.
fn images(read: &[Table<'_>], cases: &mut Cases) -> Result<usize, InputError> {
    let mut strangers = HashSet::new();
    for table in read {
        let (Some(dicom), Some(study)) = (table.column(&["dicom_id"]), table.column(&["study_id"])) else {
            continue;
        };
        let [subject, splits, view] =
            ["subject_id", "split", "ViewPosition"].map(|name| table.column(&[name]));
        for row in &table.rows {
            let image = row.get(dicom);
            let Some(case) = cases.find(&format!("s{}", row.get(study))) else {
                strangers.insert(image.to_owned());
                continue;
            };
            agree(&mut case.case.patient, row.opt(subject), "subject_id", table, row)?;
            agree_on_split(case, row.opt(splits), table, row)?;
            let key = Key::Stem(image.to_owned());
            let frontal = ["PA", "AP"].contains(&row.opt(view).to_uppercase().as_str());
            if frontal && !case.case.groups.contains_key("view") {
                case.group("view", row.opt(view));
                // The first frontal view goes before what stood first.
                case.also.retain(|other| *other != key);
                let others: Vec<Key> = case.keys.iter().filter(|other| **other != key).cloned().collect();
                for other in others.iter().rev() {
                    if !case.also.contains(other) {
                        case.also.insert(0, other.clone());
                    }
                }
                case.keys = [key].into_iter().chain(others).collect();
            } else if !case.keys.contains(&key) {
                if !case.keys.is_empty() {
                    case.also.push(key.clone());
                }
                case.keys.push(key);
            }
        }
    }
    Ok(strangers.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    const LABELS: &str = "subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices\n\
        10000032,50414267,,,,,,,,,1.0,,,,,\n10000032,53189527,,1.0,,-1.0,,,,,,0.0,,,,\n";

    #[test]
    fn labels_images_and_splits_are_joined() {
        let metadata = "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns\n\
            174413ec-aaaa,10000032,50414267,\"CHEST (PA, LAT)\",LATERAL,3056,2544\n\
            02aa804e-bbbb,10000032,50414267,\"CHEST (PA, LAT)\",PA,3056,2544\n\
            ffff0000-cccc,10000099,59999999,CHEST,AP,3056,2544\n";
        let splits = "dicom_id,study_id,subject_id,split\n02aa804e-bbbb,50414267,10000032,train\n174413ec-aaaa,50414267,10000032,train\n2a2277a9-dddd,53189527,10000032,validate\n";
        let sources = [
            Source {
                file: "mimic-cxr-2.0.0-metadata.csv.gz",
                text: metadata,
            },
            Source {
                file: "mimic-cxr-2.0.0-chexpert.csv.gz",
                text: LABELS,
            },
            Source {
                file: "mimic-cxr-2.0.0-split.csv.gz",
                text: splits,
            },
        ];
        assert_eq!(recognise(&sources), Some(Format::MimicCxr));
        let set = import(Format::MimicCxr, &sources).expect("reads");
        assert_eq!(set.labels, OBSERVATIONS);
        let first = &set.cases[0];
        let stem = |name: &str| Key::Stem(name.to_owned());
        assert_eq!(
            first.keys,
            [
                stem("02aa804e-bbbb"),
                stem("174413ec-aaaa"),
                Key::Folder("s50414267".into())
            ]
        );
        assert_eq!(first.also, [stem("174413ec-aaaa")]);
        assert_eq!(
            (first.case.patient.as_str(), first.case.split.as_str()),
            ("10000032", "train")
        );
        assert_eq!(first.case.truth.states["No Finding"], State::Present);
        let second = &set.cases[1].case;
        assert_eq!(second.split, "validation");
        assert_eq!(
            (second.truth.states["No Finding"], second.truth.states["Edema"]),
            (State::Blank, State::Uncertain)
        );
        assert!(
            set.notes
                .iter()
                .any(|note| note == "1 image of studies without labels left out."),
            "{:?}",
            set.notes
        );
        assert!(set.notes.iter().any(|note| note.contains("MedGemma was trained")));
    }

    #[test]
    fn radiologists_go_before_programs() {
        let people =
            "study_id,Airspace Opacity,Atelectasis,Cardiomegaly,Edema,No Finding\n53189527,1,0,0,1,\n";
        let set = import(
            Format::MimicCxr,
            &[
                Source {
                    file: "mimic-cxr-2.0.0-negbio.csv",
                    text: LABELS,
                },
                Source {
                    file: "mimic-cxr-2.1.0-test-set-labeled.csv",
                    text: people,
                },
            ],
        )
        .expect("reads");
        let case = set
            .cases
            .iter()
            .find(|case| case.case.id == "s53189527")
            .expect("there");
        assert_eq!(case.case.truth.states["Edema"], State::Present);
        assert_eq!(
            (
                case.case.truth.states["Lung Opacity"],
                case.case.truth.source.as_str()
            ),
            (State::Present, "expert")
        );
        assert!(
            set.notes[0].starts_with("1 study is labelled in several tables"),
            "{:?}",
            set.notes
        );
    }

    #[test]
    fn images_alone_are_no_truth() {
        let error = import(
            Format::MimicCxr,
            &[Source {
                file: "split.csv",
                text: "dicom_id,study_id,subject_id,split\na,1,2,train\n",
            }],
        )
        .expect_err("no labels");
        assert!(error.to_string().contains("no table has labels"), "{error}");
    }
}
