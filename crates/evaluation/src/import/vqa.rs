//! VQA-RAD and SLAKE: questions on pictures with their answers, in JSON. Each question is a case; its picture is the cluster that
//! questions are resampled by.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cases::{Cases, counted, note, split, split_of_file, stem};
use super::json::{first_keys, rows, text};
use super::{Format, Imported, Key};
use crate::case_set::Task;
use crate::error::InputError;
use crate::score::Source;

/// Whether a JSON text is VQA-RAD's.
pub(super) fn recognise_vqa_rad(source: &Source<'_>) -> bool {
    let keys = first_keys(source);
    ["image_name", "question", "answer"]
        .iter()
        .all(|name| keys.iter().any(|key| key == name))
}

/// Whether a JSON text is SLAKE's.
pub(super) fn recognise_slake(source: &Source<'_>) -> bool {
    let keys = first_keys(source);
    ["img_name", "question", "q_lang"]
        .iter()
        .all(|name| keys.iter().any(|key| key == name))
}

/// What differs between the two.
struct Names {
    format: Format,
    image: &'static str,
    /// (key, name of the subgroup).
    groups: &'static [(&'static str, &'static str)],
}

const VQA_RAD: Names = Names {
    format: Format::VqaRad,
    image: "image_name",
    groups: &[("question_type", "question"), ("image_organ", "organ")],
};
const SLAKE: Names = Names {
    format: Format::Slake,
    image: "img_name",
    groups: &[
        ("content_type", "question"),
        ("location", "organ"),
        ("base_type", "base"),
    ],
};

pub(super) fn vqa_rad(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut images: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    let mut set = read(tables, &VQA_RAD, |value, _, image| {
        let split = if text(value, "phrase_type").starts_with("test") {
            "test"
        } else {
            "train"
        };
        images.entry(image.to_owned()).or_default().insert(split);
        split
    })?;
    let shared = images.values().filter(|splits| splits.len() > 1).count();
    note(
        &mut set.notes,
        shared,
        ["picture has", "pictures have"],
        "questions in both splits: the published test split is not apart from the training one, and a reader tuned on it has seen \
         these pictures.",
    );
    set.notes.push("The pictures come from MedPix.".to_owned());
    Ok(set)
}

pub(super) fn slake(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut chosen = 0;
    let mut set = read(tables, &SLAKE, |value, file, _| {
        let closed = text(value, "answer_type") == "CLOSED";
        chosen +=
            usize::from(closed && !["yes", "no"].contains(&text(value, "answer").to_lowercase().as_str()));
        split_of_file(file)
    })?;
    note(
        &mut set.notes,
        chosen,
        ["closed question has", "closed questions have"],
        "another answer than yes or no.",
    );
    set.notes
        .push("`mask.png` and `detection.json` beside the pictures are not read.".to_owned());
    Ok(set)
}

fn read(
    tables: &[Source<'_>],
    names: &Names,
    mut split_of: impl FnMut(&Value, &str, &str) -> &'static str,
) -> Result<Imported, InputError> {
    let mut cases = Cases::default();
    let (mut foreign, mut silent) = (0, 0);
    for source in tables {
        for (line, value) in rows(source)? {
            let language = text(&value, "q_lang");
            if !language.is_empty() && language != "en" {
                foreign += 1;
                continue;
            }
            let get = |key: &str| {
                let text = text(&value, key);
                if text.is_empty() {
                    Err(InputError::new(source.file, line, format!("`{key}` is missing")))
                } else {
                    Ok(text)
                }
            };
            let (image, question) = (get(names.image)?, get("question")?);
            let answer = text(&value, "answer");
            if answer.is_empty() {
                silent += 1;
                continue;
            }
            let number = text(&value, "qid");
            let id = if number.is_empty() {
                format!("{}-{line}", stem(source.file))
            } else {
                format!("q{number}")
            };
            if cases.find(&id).is_some() {
                return Err(InputError::new(
                    source.file,
                    line,
                    format!("question `{number}` stands there twice"),
                ));
            }
            let case = cases.at(&id, || format!("{}, line {line}", source.file));
            case.key(Key::Path(image.clone()));
            if !image.contains('/') {
                case.key(Key::Stem(stem(&image).to_owned()));
            }
            case.case.patient = cluster(&value, &image);
            split_of(&value, source.file, &image).clone_into(&mut case.case.split);
            case.case.question = question;
            case.case.truth.answers = vec![answer];
            // Some rows have `CLOSED ` with a space behind it.
            case.group("answer_type", text(&value, "answer_type").trim());
            for (key, group) in names.groups {
                case.group(group, &text(&value, key));
            }
            match text(&value, "modality").as_str() {
                "CT" => "CT".clone_into(&mut case.case.modality),
                "MRI" => "MR".clone_into(&mut case.case.modality),
                "X-Ray" => "DX".clone_into(&mut case.case.modality),
                _ => {}
            }
        }
    }
    let mut notes = Vec::new();
    note(
        &mut notes,
        foreign,
        ["question", "questions"],
        "in other languages left out.",
    );
    note(
        &mut notes,
        silent,
        ["question", "questions"],
        "without an answer left out.",
    );
    let pictures: BTreeSet<&str> = cases
        .seen()
        .iter()
        .map(|case| case.case.patient.as_str())
        .collect();
    notes.push(format!(
        "{} on {}: intervals are taken over pictures, not over questions.",
        counted(cases.len(), "question", "questions"),
        counted(pictures.len(), "picture", "pictures")
    ));
    Ok(Imported {
        format: names.format,
        task: Task::Vqa,
        labels: Vec::new(),
        cases: cases.into_list(),
        notes,
    })
}

/// What stands for the patient: the teaching case where it is named, else the picture.
fn cluster(value: &Value, image: &str) -> String {
    let case = text(value, "image_case_url");
    if !case.is_empty() {
        return case;
    }
    match image.split_once('/') {
        Some((folder, _)) if split(folder).is_none() => folder.to_owned(),
        _ => stem(image).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    #[test]
    fn vqa_rad_has_numbers_spaces_and_shared_pictures() {
        let text = r#"[
            {"qid":0,"phrase_type":"freeform","image_name":"synpic54610.jpg","image_organ":"HEAD","question":"Are regions of the brain infarcted?","question_type":"PRES","answer":"Yes","answer_type":"CLOSED "},
            {"qid":1,"phrase_type":"test_freeform","image_name":"synpic54610.jpg","image_organ":"HEAD","question":"How many?","question_type":"COUNT","answer":2,"answer_type":"OPEN"},
            {"qid":"2","phrase_type":"para","image_name":"synpic1.jpg","question":"q","question_type":"PRES, POS","answer":"","answer_type":"OPEN"}]"#;
        let sources = [Source {
            file: "VQA_RAD.json",
            text,
        }];
        assert_eq!(recognise(&sources), Some(Format::VqaRad));
        let set = import(Format::VqaRad, &sources).expect("reads");
        assert_eq!((set.task, set.cases.len()), (Task::Vqa, 2));
        let [first, second] = [&set.cases[0], &set.cases[1]];
        assert_eq!(first.case.groups["answer_type"], "CLOSED");
        assert_eq!(second.case.truth.answers, ["2"], "a number is an answer");
        assert_eq!(
            (first.case.split.as_str(), second.case.split.as_str()),
            ("train", "test")
        );
        assert_eq!(first.case.patient, second.case.patient);
        assert_eq!(first.keys[0], Key::Path("synpic54610.jpg".into()));
        assert!(
            set.notes
                .iter()
                .any(|note| note.starts_with("1 picture has questions in both splits")),
            "{:?}",
            set.notes
        );
        assert!(
            set.notes[0].starts_with("1 question without an answer"),
            "{:?}",
            set.notes
        );
    }

    #[test]
    fn slake_keeps_english_and_its_splits() {
        let row = |qid: u32, lang: &str, answer: &str| {
            format!(
                r#"{{"img_id":1,"img_name":"xmlab1/source.jpg","question":"What modality?","answer":"{answer}","q_lang":"{lang}","location":"Abdomen","modality":"MRI","answer_type":"CLOSED","base_type":"vqa","content_type":"Modality","triple":["vhead","_","_"],"qid":{qid}}}"#
            )
        };
        let train = format!("[{},{}]", row(0, "en", "MRI"), row(1, "zh", "磁共振"));
        let test = format!("[{}]", row(2, "en", "Yes"));
        let sources = [
            Source {
                file: "Slake/train.json",
                text: &train,
            },
            Source {
                file: "test.json",
                text: &test,
            },
        ];
        assert_eq!(recognise(&sources), Some(Format::Slake));
        let set = import(Format::Slake, &sources).expect("reads");
        let ids: Vec<&str> = set.cases.iter().map(|case| case.case.id.as_str()).collect();
        assert_eq!(ids, ["q0", "q2"]);
        assert_eq!(
            (
                set.cases[0].case.modality.as_str(),
                set.cases[0].case.patient.as_str()
            ),
            ("MR", "xmlab1")
        );
        assert_eq!(
            (set.cases[0].case.split.as_str(), set.cases[1].case.split.as_str()),
            ("train", "test")
        );
        assert_eq!(set.cases[0].keys, [Key::Path("xmlab1/source.jpg".into())]);
        assert!(
            set.notes
                .iter()
                .any(|note| note.starts_with("1 question in other languages"))
        );
        assert!(
            set.notes
                .iter()
                .any(|note| note.starts_with("1 closed question has another answer"))
        );
    }

    #[test]
    fn a_question_twice_is_an_error() {
        let row = r#"{"qid":7,"image_name":"a.jpg","question":"q","answer":"a"}"#;
        let error = import(
            Format::VqaRad,
            &[Source {
                file: "v",
                text: &format!("[{row},{row}]"),
            }],
        )
        .expect_err("twice");
        assert_eq!(error.to_string(), "v, line 2: question `7` stands there twice");
    }
}
