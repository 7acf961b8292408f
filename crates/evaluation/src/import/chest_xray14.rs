//! NIH ChestX-ray14 (arXiv 1705.02315): labels joined by `|`, boxes in a table of their own, splits as lists of file names.

use super::cases::{Cases, agree, counted, note, stem};
use super::table::{self, Table, number};
use super::{Format, Imported, Key};
use crate::case_set::{Task, TruthBox};
use crate::error::InputError;
use crate::score::Source;

/// The labels in the order of the paper, then the one that says none.
pub(super) const LABELS: [&str; 15] = [
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
    "No Finding",
];

/// Whether a header is that of its tables of labels or boxes.
pub(super) fn recognise(table: &Table<'_>) -> bool {
    table.has(&["Image Index"]) && table.column(&["Finding Labels", "Finding Label"]).is_some()
}

/// The name of a label as the table of labels has it: that of boxes says `Infiltrate`.
fn known(word: &str) -> &str {
    let word = if word.eq_ignore_ascii_case("Infiltrate") {
        "Infiltration"
    } else {
        word
    };
    LABELS
        .into_iter()
        .find(|label| table::plain(label) == table::plain(word))
        .unwrap_or(word)
}

/// `train_val_list.txt`, `test_list.txt`: names of pictures, one a line, and no header.
fn is_list(source: &Source<'_>) -> bool {
    let mut lines = source
        .text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(3)
        .peekable();
    lines.peek().is_some()
        && lines.all(|line| line.to_lowercase().ends_with(".png") && !line.contains([',', ';']))
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let (lists, rest): (Vec<&Source<'_>>, Vec<&Source<'_>>) =
        tables.iter().partition(|source| is_list(source));
    let read = rest.into_iter().map(table::csv).collect::<Result<Vec<_>, _>>()?;
    let mut cases = Cases::default();
    let mut unknown: Vec<String> = Vec::new();
    let mut has_labels = false;
    for table in &read {
        let Some(finding) = table.column(&["Finding Labels"]) else {
            continue;
        };
        has_labels = true;
        let image = table.need("Image Index")?;
        let [patient, age, view, follow_up] =
            ["Patient ID", "Patient Age", "View Position", "Follow-up #"].map(|name| table.column(&[name]));
        let sex = table.column(&["Patient Gender", "Patient Sex"]);
        for row in &table.rows {
            let name = name_of(table, row.line, row.get(image))?;
            let case = cases.of(name, table, row);
            case.key(Key::Stem(stem(name).to_owned()));
            agree(&mut case.case.patient, row.opt(patient), "patient", table, row)?;
            for (group, column) in [
                ("sex", sex),
                ("age", age),
                ("view", view),
                ("follow_up", follow_up),
            ] {
                case.group(group, row.opt(column));
            }
            "report".clone_into(&mut case.case.truth.source);
            let words = row
                .get(finding)
                .split('|')
                .map(str::trim)
                .filter(|word| !word.is_empty());
            for word in words {
                let label = known(word);
                if !LABELS.contains(&label) && !unknown.iter().any(|u| u == label) {
                    unknown.push(label.to_owned());
                }
                case.label(label);
            }
        }
    }
    let (boxes, beside) = boxes(&read, &mut cases, has_labels)?;
    let listed = splits(&lists, &mut cases);
    let mut notes = Vec::new();
    note(
        &mut notes,
        boxes,
        ["box", "boxes"],
        "in px of the published PNG of 1024 x 1024.",
    );
    note(
        &mut notes,
        beside,
        ["box has", "boxes have"],
        "a label that the image does not have in the table of labels.",
    );
    if !unknown.is_empty() {
        notes.push(format!(
            "Labels that are not among the published ones: {}.",
            unknown.join(", ")
        ));
    }
    if !lists.is_empty() && listed < cases.len() {
        notes.push(format!(
            "{} in no list of splits.",
            counted(cases.len() - listed, "image is", "images are")
        ));
    }
    notes.push("Labels were read from reports by a program; a radiologist's review found many of them wrong (arXiv 1907.12720).".to_owned());
    notes.push(
        "The images of the RSNA pneumonia challenge are taken from this set: the two overlap.".to_owned(),
    );
    let labels = LABELS.into_iter().map(str::to_owned).chain(unknown).collect();
    let task = if has_labels { Task::YesNo } else { Task::Boxes };
    Ok(Imported {
        format: Format::ChestXray14,
        task,
        labels,
        cases: cases.into_list(),
        notes,
    })
}

fn name_of<'t>(table: &Table<'_>, line: u64, name: &'t str) -> Result<&'t str, InputError> {
    if name.is_empty() {
        return Err(table.error(line, "`Image Index` is empty"));
    }
    Ok(name)
}

/// Boxes as x, y, width, height behind `Bbox [x,y,w,h]`: the commas in the brackets make four columns of one name. Gives their
/// number, and how many have a label that the image has not.
fn boxes(read: &[Table<'_>], cases: &mut Cases, has_labels: bool) -> Result<(usize, usize), InputError> {
    let (mut count, mut beside) = (0, 0);
    for table in read {
        let (Some(image), Some(finding)) = (table.column(&["Image Index"]), table.column(&["Finding Label"]))
        else {
            continue;
        };
        let first = table
            .header
            .iter()
            .position(|name| table::plain(name).starts_with("bbox"));
        let first = first.ok_or_else(|| table.error(1, "no column is called `Bbox [x,y,w,h]`"))?;
        for row in &table.rows {
            let name = name_of(table, row.line, row.get(image))?;
            let mut sides = [0.0; 4];
            for (i, side) in sides.iter_mut().enumerate() {
                *side = number(row.get(first + i))
                    .ok_or_else(|| table.error(row.line, "the box is not x, y, width, height"))?;
            }
            let [x, y, width, height] = sides;
            if width < 0.0 || height < 0.0 {
                return Err(table.error(row.line, "the box has a negative width or height"));
            }
            let label = known(row.get(finding));
            let case = cases.of(name, table, row);
            case.key(Key::Stem(stem(name).to_owned()));
            if has_labels {
                beside += usize::from(!case.case.truth.labels.iter().any(|l| l == label));
            } else {
                case.label(label);
            }
            case.case.truth.boxes.push(TruthBox {
                label: label.to_owned(),
                corners: [x, y, x + width, y + height],
                ..TruthBox::default()
            });
            count += 1;
        }
    }
    Ok((count, beside))
}

fn splits(lists: &[&Source<'_>], cases: &mut Cases) -> usize {
    let mut listed = 0;
    for list in lists {
        let split = if list.file.to_lowercase().contains("test") {
            "test"
        } else {
            "train"
        };
        for name in list.text.lines().map(str::trim).filter(|name| !name.is_empty()) {
            if let Some(case) = cases.find(name) {
                split.clone_into(&mut case.case.split);
                listed += 1;
            }
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    const LABELS_TABLE: &str = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n\
        00000001_000.png,Cardiomegaly,0,1,058Y,M,PA,2682,2749,0.143,0.143,\n\
        00000001_001.png,Cardiomegaly|Emphysema,1,1,058Y,M,PA,2894,2729,0.143,0.143,\n\
        00000002_000.png,No Finding,0,2,081Y,M,PA,2500,2048,0.171,0.171,\n\
        00013118_008.png,Infiltration,8,13118,068Y,M,PA,2500,2048,0.171,0.171,\n";

    #[test]
    fn brackets_with_commas_and_the_empty_column_do_not_shift_the_rest() {
        let boxes = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n00013118_008.png,Infiltrate,225.084745762712,547.019216763771,86.7796610169491,79.1864406779661,,,\n\
            00013118_008.png,Atelectasis,1,2,3,4,,,\n";
        let sources = [
            Source {
                file: "Data_Entry_2017.csv",
                text: LABELS_TABLE,
            },
            Source {
                file: "BBox_List_2017.csv",
                text: boxes,
            },
            Source {
                file: "train_val_list.txt",
                text: "00000001_000.png\r\n00000001_001.png\r\n",
            },
            Source {
                file: "test_list.txt",
                text: "00000002_000.png\n",
            },
        ];
        assert_eq!(recognise(&sources), Some(Format::ChestXray14));
        let set = import(Format::ChestXray14, &sources).expect("reads");
        assert_eq!(set.labels, LABELS);
        assert_eq!(set.cases.len(), 4);
        let second = &set.cases[1];
        assert_eq!(second.keys, [Key::Stem("00000001_001".into())]);
        assert_eq!(second.case.truth.labels, ["Cardiomegaly", "Emphysema"]);
        assert_eq!(
            (second.case.patient.as_str(), second.case.split.as_str()),
            ("1", "train")
        );
        assert_eq!(
            (
                second.case.groups["age"].as_str(),
                second.case.groups["view"].as_str()
            ),
            ("058Y", "PA")
        );
        assert_eq!(set.cases[2].case.truth.labels, ["No Finding"]);
        assert_eq!(set.cases[2].case.split, "test");
        let boxed = &set.cases[3].case.truth;
        assert_eq!(
            boxed.boxes[0].label, "Infiltration",
            "the table of boxes says Infiltrate"
        );
        let expected = [
            225.084_745_762_712,
            547.019_216_763_771,
            311.864_406_779_661_1,
            626.205_657_441_737_1,
        ];
        for (corner, expected) in boxed.boxes[0].corners.iter().zip(expected) {
            assert!((corner - expected).abs() < 1e-9, "{corner} {expected}");
        }
        assert!(
            set.notes
                .iter()
                .any(|note| note.starts_with("1 box has a label that the image does not have"))
        );
        assert!(
            set.notes
                .iter()
                .any(|note| note.starts_with("1 image is in no list"))
        );
    }

    #[test]
    fn boxes_alone_are_a_set_of_boxes() {
        let text = "Image Index,Finding Label,Bbox [x,y,w,h]\na.png,Mass,1,2,3,4\na.png,Mass,x,2,3,4\n";
        let error = import(Format::ChestXray14, &[Source { file: "b.csv", text }]).expect_err("no number");
        assert_eq!(
            error.to_string(),
            "b.csv, line 3: the box is not x, y, width, height"
        );
        let set = import(
            Format::ChestXray14,
            &[Source {
                file: "b.csv",
                text: text.split("a.png,Mass,x").next().expect("head"),
            }],
        )
        .expect("reads");
        assert_eq!(
            (set.task, set.cases[0].case.truth.labels.as_slice()),
            (Task::Boxes, &["Mass".to_owned()][..])
        );
    }
}
