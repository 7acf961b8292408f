//! RSNA pneumonia challenge: a row for each box (`stage_2_train_labels.csv`), classes in a second table.

use super::cases::{Cases, agree, counted};
use super::table::{self, Table, number};
use super::{Format, Imported, Key};
use crate::case_set::{State, Task, TruthBox};
use crate::error::InputError;
use crate::score::Source;

const LABEL: &str = "Lung Opacity";
const CLASSES: [&str; 3] = [LABEL, "No Lung Opacity / Not Normal", "Normal"];

/// Whether a header is that of one of its tables.
pub(super) fn recognise(table: &Table<'_>) -> bool {
    table.has(&["patientId", "Target", "x", "y", "width", "height"])
        || table.header.len() == 2 && table.header.iter().map(String::as_str).eq(["patientId", "class"])
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let read = tables.iter().map(table::csv).collect::<Result<Vec<_>, _>>()?;
    let has_boxes = read.iter().any(|table| table.has(&["Target"]));
    let mut cases = Cases::default();
    for table in &read {
        let id = table.need("patientId")?;
        let target = table.column(&["Target"]);
        let class = table.column(&["class"]);
        for row in &table.rows {
            let name = row.get(id);
            if name.is_empty() {
                return Err(table.error(row.line, "`patientId` is empty"));
            }
            let case = cases.of(name, table, row);
            case.key(Key::Stem(name.to_owned()));
            name.clone_into(&mut case.case.patient);
            "expert".clone_into(&mut case.case.truth.source);
            if let Some(target) = target {
                let sides = ["x", "y", "width", "height"].map(|side| row.opt(table.column(&[side])));
                let truth = &mut case.case.truth;
                let state = match (number(row.get(target)), corners(sides)) {
                    (Some(1.0), Some(corners)) => {
                        truth.boxes.push(TruthBox {
                            label: LABEL.to_owned(),
                            corners,
                            ..TruthBox::default()
                        });
                        State::Present
                    }
                    (Some(0.0), _) if sides.iter().all(|side| side.is_empty()) => State::Absent,
                    (Some(0.0), _) => return Err(table.error(row.line, "`Target` is 0 but there is a box")),
                    (Some(1.0), None) => {
                        return Err(
                            table.error(row.line, "`Target` is 1 but x, y, width and height are no box")
                        );
                    }
                    _ => {
                        return Err(
                            table.error(row.line, format!("`Target` is `{}`, not 0 or 1", row.get(target)))
                        );
                    }
                };
                let stands = *truth.states.entry(LABEL.to_owned()).or_insert(state);
                if stands != state {
                    return Err(table.error(row.line, "`Target` is 0 and 1 for one image"));
                }
            }
            if let Some(class) = class {
                let class = row.get(class);
                if has_boxes {
                    let mut of_image = case.case.groups.get("class").cloned().unwrap_or_default();
                    agree(&mut of_image, class, "class", table, row)?;
                    case.group("class", class);
                } else {
                    case.label(class);
                }
            }
        }
    }
    let boxes: usize = cases.all().iter().map(|case| case.case.truth.boxes.len()).sum();
    let labels = if has_boxes { &CLASSES[..1] } else { &CLASSES };
    let notes = vec![
        format!(
            "{} on {}: rows of one image are one case.",
            counted(boxes, "box", "boxes"),
            counted(cases.len(), "image", "images")
        ),
        "The images are taken from NIH ChestX-ray14: the two sets overlap.".to_owned(),
    ];
    Ok(Imported {
        format: Format::RsnaPneumonia,
        task: if has_boxes { Task::Boxes } else { Task::Closed },
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        cases: cases.into_list(),
        notes,
    })
}

fn corners(sides: [&str; 4]) -> Option<[f64; 4]> {
    let [x, y, width, height] = sides.map(number);
    let (x, y, width, height) = (x?, y?, width?, height?);
    (width >= 0.0 && height >= 0.0).then_some([x, y, x + width, y + height])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    const BOXES: &str = "patientId,x,y,width,height,Target\n0004cfab,,,,,0\n00436515,264.0,152.0,213.0,379.0,1\n00436515,562.0,152.0,256.0,453.0,1\n";
    const CLASS: &str = "patientId,class\n0004cfab,No Lung Opacity / Not Normal\n00436515,Lung Opacity\n00436515,Lung Opacity\n";

    #[test]
    fn rows_of_an_image_are_its_boxes() {
        let sources = [
            Source {
                file: "labels.csv",
                text: BOXES,
            },
            Source {
                file: "classes.csv",
                text: CLASS,
            },
        ];
        assert_eq!(recognise(&sources), Some(Format::RsnaPneumonia));
        let set = import(Format::RsnaPneumonia, &sources).expect("reads");
        assert_eq!(
            (set.cases.len(), set.task, set.labels.as_slice()),
            (2, Task::Boxes, &[LABEL.to_owned()][..])
        );
        let [none, two] = [&set.cases[0].case, &set.cases[1].case];
        assert_eq!(
            (none.truth.boxes.len(), none.truth.states[LABEL]),
            (0, State::Absent)
        );
        assert!(none.truth.is_known());
        assert_eq!(two.truth.boxes[1].corners, [562.0, 152.0, 818.0, 605.0]);
        assert_eq!(
            (two.patient.as_str(), two.groups["class"].as_str()),
            ("00436515", "Lung Opacity")
        );
    }

    #[test]
    fn classes_alone_are_a_closed_question() {
        let set = import(
            Format::RsnaPneumonia,
            &[Source {
                file: "c.csv",
                text: CLASS,
            }],
        )
        .expect("reads");
        assert_eq!((set.task, set.labels.len()), (Task::Closed, 3));
        assert_eq!(set.cases[0].case.truth.labels, ["No Lung Opacity / Not Normal"]);
    }

    #[test]
    fn a_target_and_its_box_agree() {
        for (row, reason) in [
            ("a,1,2,3,4,0", "`Target` is 0 but there is a box"),
            ("a,,,,,1", "`Target` is 1 but x, y, width and height are no box"),
            ("a,,,,,2", "`Target` is `2`, not 0 or 1"),
        ] {
            let text = format!("patientId,x,y,width,height,Target\n{row}\n");
            let error = import(
                Format::RsnaPneumonia,
                &[Source {
                    file: "l",
                    text: &text,
                }],
            )
            .expect_err("refused");
            assert_eq!(error.to_string(), format!("l, line 2: {reason}"));
        }
    }
}
