//! VinDr-CXR (Scientific Data 2022; 9: 429): three readers of their own for each training image, a consensus for test images;
//! labels of images, and boxes of local ones.

use std::collections::BTreeMap;

use super::cases::{Cases, coded, note, split_of_file};
use super::table::{self, Row, Table, number};
use super::{Format, Imported, Key};
use crate::case_set::{State, Task, TruthBox, Vote};
use crate::error::InputError;
use crate::score::Source;

const CORNERS: [&str; 4] = ["x_min", "y_min", "x_max", "y_max"];

/// Whether a header is that of one of its tables.
pub(super) fn recognise(table: &Table<'_>) -> bool {
    let image = table.has(&["image_id"]);
    image && table.has(&CORNERS) && table.has(&["class_name"])
        || image && table.column(&["Aortic enlargement"]).is_some() && table.column(&["No finding"]).is_some()
}

/// The training tables say `Other diseases`, the test tables `Other disease`.
fn known(label: &str) -> &str {
    if label.eq_ignore_ascii_case("Other disease") {
        "Other diseases"
    } else {
        label
    }
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let read = tables.iter().map(table::csv).collect::<Result<Vec<_>, _>>()?;
    let mut cases = Cases::default();
    let mut labels: Vec<String> = Vec::new();
    let mut has_columns = false;
    // Image, truth reader: what this one called present.
    let mut votes: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for table in &read {
        let image = table.need("image_id")?;
        let reader = table.column(&["rad_id"]);
        let split = split_of_file(table.file);
        let class = table.column(&["class_name"]);
        let columns: Vec<(usize, String)> = if class.is_some() {
            Vec::new()
        } else {
            let label = |(i, name): (usize, &String)| (i, known(name).to_owned());
            (0..)
                .zip(&table.header)
                .filter(|(i, name)| *i != image && Some(*i) != reader && !name.is_empty())
                .map(label)
                .collect()
        };
        has_columns |= !columns.is_empty();
        for (_, label) in &columns {
            if !labels.contains(label) {
                labels.push(label.clone());
            }
        }
        let corners = CORNERS.map(|name| table.column(&[name]));
        for row in &table.rows {
            let id = row.get(image);
            if id.is_empty() {
                return Err(table.error(row.line, "`image_id` is empty"));
            }
            let case = cases.of(id, table, row);
            case.key(Key::Stem(id.to_owned()));
            if case.case.split.is_empty() {
                split.clone_into(&mut case.case.split);
            }
            let who = row.opt(reader).to_owned();
            let source = if who.is_empty() { "panel" } else { "majority" };
            source.clone_into(&mut case.case.truth.source);
            let said = votes.entry((id.to_owned(), who.clone())).or_default();
            for (column, label) in &columns {
                let cell = row.get(*column);
                match coded(cell) {
                    Some(State::Present) => said.push(label.clone()),
                    Some(State::Absent | State::Blank) => {}
                    _ => {
                        return Err(
                            table.error(row.line, format!("`{label}` is `{cell}`; 1 and 0 are the codes"))
                        );
                    }
                }
            }
            if let Some(class) = class {
                let label = known(row.get(class)).to_owned();
                if label.is_empty() {
                    return Err(table.error(row.line, "`class_name` is empty"));
                }
                if let Some(corners) = box_of(table, row, corners)? {
                    case.case.truth.boxes.push(TruthBox {
                        label: label.clone(),
                        corners,
                        reader: who,
                        ..TruthBox::default()
                    });
                }
                said.push(label);
            }
        }
    }
    // Tables of boxes alone name the labels that occur.
    let mut met: Vec<&String> = votes
        .values()
        .flatten()
        .filter(|label| !labels.contains(label))
        .collect();
    met.sort_unstable();
    met.dedup();
    let met: Vec<String> = met.into_iter().cloned().collect();
    labels.extend(met);
    give_votes(&mut cases, votes);
    let several = cases
        .all()
        .iter()
        .filter(|case| !case.case.truth.votes.is_empty())
        .count();
    let mut notes = Vec::new();
    note(
        &mut notes,
        several,
        ["image was", "images were"],
        "read by several readers, each alone: their votes are kept, and the policy of the set makes one truth of them (more than half, \
         unless it says otherwise).",
    );
    notes.push("Boxes are in px of the DICOM image; a global label has none.".to_owned());
    let task = if has_columns { Task::YesNo } else { Task::Boxes };
    Ok(Imported {
        format: Format::VindrCxr,
        task,
        labels,
        cases: cases.into_list(),
        notes,
    })
}

fn give_votes(cases: &mut Cases, votes: BTreeMap<(String, String), Vec<String>>) {
    for ((id, reader), mut said) in votes {
        let Some(case) = cases.find(&id) else {
            continue;
        };
        let mut seen = std::collections::HashSet::new();
        said.retain(|label| seen.insert(label.clone()));
        if reader.is_empty() {
            // A consensus: nothing present is known, too.
            if said.is_empty() {
                case.case
                    .truth
                    .states
                    .insert("No finding".to_owned(), State::Absent);
            }
            case.case.truth.labels = said;
        } else {
            case.case.truth.votes.push(Vote {
                reader,
                labels: said,
                ..Vote::default()
            });
        }
    }
}

/// Corners in px; `None` where all four are empty, as for `No finding`.
fn box_of(table: &Table<'_>, row: &Row, columns: [Option<usize>; 4]) -> Result<Option<[f64; 4]>, InputError> {
    let cells = columns.map(|column| row.opt(column));
    if cells
        .iter()
        .all(|cell| cell.is_empty() || cell.eq_ignore_ascii_case("nan"))
    {
        return Ok(None);
    }
    let mut corners = [0.0; 4];
    for (corner, cell) in corners.iter_mut().zip(cells) {
        *corner = number(cell)
            .ok_or_else(|| table.error(row.line, format!("a corner is `{cell}`, not a number")))?;
    }
    let [left, top, right, bottom] = corners;
    if left > right || top > bottom {
        return Err(table.error(row.line, "the box ends before it begins"));
    }
    Ok(Some(corners))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case_set::{TruthPolicy, Votes};
    use crate::import::{import, recognise};

    #[test]
    fn votes_of_three_readers_are_kept() {
        let labels = "image_id,rad_id,Aortic enlargement,Cardiomegaly,Pneumonia,Other diseases,No finding\n\
            aaa,R9,1,0,0,0,0\naaa,R8,1,1,0,0,0\naaa,R10,0,0,0,0,1\n";
        let boxes = "image_id,rad_id,class_name,x_min,y_min,x_max,y_max\n\
            aaa,R9,Aortic enlargement,691.5,1375,1653,1831\naaa,R10,No finding,,,,\naaa,R8,Aortic enlargement,700,1380,1660,1840\n";
        let sources = [
            Source {
                file: "image_labels_train.csv",
                text: labels,
            },
            Source {
                file: "annotations_train.csv",
                text: boxes,
            },
        ];
        assert_eq!(recognise(&sources), Some(Format::VindrCxr));
        let set = import(Format::VindrCxr, &sources).expect("reads");
        assert_eq!(
            set.labels,
            [
                "Aortic enlargement",
                "Cardiomegaly",
                "Pneumonia",
                "Other diseases",
                "No finding"
            ]
        );
        let case = &set.cases[0].case;
        assert_eq!(
            (set.cases.len(), case.split.as_str(), case.truth.votes.len()),
            (1, "train", 3)
        );
        assert_eq!(
            case.truth.boxes.len(),
            2,
            "`No finding` has an empty box, which is none"
        );
        assert_eq!(case.truth.boxes[0].reader, "R9");
        let policy = |votes| {
            TruthPolicy {
                votes,
                ..TruthPolicy::default()
            }
            .labels(&case.truth, &set.labels)
        };
        let yes = |states: Vec<Option<bool>>| states.iter().map(|s| *s == Some(true)).collect::<Vec<_>>();
        assert_eq!(
            yes(policy(Votes::Majority)),
            [true, false, false, false, false],
            "two of three"
        );
        assert_eq!(yes(policy(Votes::Any)), [true, true, false, false, true]);
    }

    #[test]
    fn the_test_tables_name_of_other_diseases_is_the_same_label() {
        let train = "image_id,rad_id,Aortic enlargement,Other diseases,No finding\naaa,R1,0,1,0\n";
        let test = "image_id,Aortic enlargement,Other disease,No finding\nbbb,0,1,0\nccc,0,0,0\n";
        let set = import(
            Format::VindrCxr,
            &[
                Source {
                    file: "image_labels_train.csv",
                    text: train,
                },
                Source {
                    file: "image_labels_test.csv",
                    text: test,
                },
            ],
        )
        .expect("reads");
        assert_eq!(set.labels, ["Aortic enlargement", "Other diseases", "No finding"]);
        let consensus = &set.cases[1].case;
        assert_eq!(
            (consensus.truth.labels[0].as_str(), consensus.split.as_str()),
            ("Other diseases", "test")
        );
        assert_eq!(consensus.truth.source, "panel");
        assert!(
            set.cases[2].case.truth.is_known(),
            "nothing present is known, too"
        );
    }
}
