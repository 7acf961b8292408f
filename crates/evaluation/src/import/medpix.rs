//! MedPix 2.0 (arXiv 2407.02994): teaching cases in `Case_topic.json`, their pictures in `Descriptions.json`. Nearly every case has a
//! diagnosis of its own, so that answers are matched as open ones.

use serde_json::Value;

use super::cases::{Cases, counted, note, split_of_file, stem};
use super::json::{first_keys, rows, text, texts};
use super::{Format, Imported, Key};
use crate::case_set::Task;
use crate::error::InputError;
use crate::score::Source;

/// Whether a JSON text is one of its files.
pub(super) fn recognise(source: &Source<'_>) -> bool {
    let keys = first_keys(source);
    let has = |name: &str| keys.iter().any(|key| key == name);
    has("U_id") && (has("Case") || has("Description"))
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut cases = Cases::default();
    let (mut without, mut montages, mut drawn) = (0, Vec::new(), Vec::new());
    let mut descriptions: Vec<(&str, u64, Value)> = Vec::new();
    for source in tables {
        for (line, value) in rows(source)? {
            let id = text(&value, "U_id");
            if id.is_empty() {
                return Err(InputError::new(source.file, line, "`U_id` is missing"));
            }
            let Some(told) = value.get("Case") else {
                descriptions.push((source.file, line, value));
                continue;
            };
            if cases.find(&id).is_some() {
                return Err(InputError::new(
                    source.file,
                    line,
                    format!("case `{id}` stands there twice"),
                ));
            }
            let diagnosis = text(told, "Case Diagnosis");
            if diagnosis.is_empty() {
                without += 1;
                continue;
            }
            let case = cases.at(&id, || format!("{}, line {line}", source.file));
            split_of_file(source.file).clone_into(&mut case.case.split);
            case.case.patient = id;
            case.case.context = text(told, "History");
            case.case.truth.answers = vec![diagnosis];
            case.case.truth.findings = text(told, "Findings");
            case.case.truth.source = text(told, "Diagnosis By");
            if let Some(topic) = value.get("Topic") {
                case.group("category", &text(topic, "Category"));
            }
            let (ct, mr) = (texts(&value, "TAC"), texts(&value, "MRI"));
            match (ct.is_empty(), mr.is_empty()) {
                (false, true) => "CT".clone_into(&mut case.case.modality),
                (true, false) => "MR".clone_into(&mut case.case.modality),
                _ => {}
            }
            for image in ct.iter().chain(&mr) {
                add_image(case, image);
            }
        }
    }
    let mut strangers = 0;
    for (file, line, value) in descriptions {
        let image = text(&value, "image");
        if image.is_empty() {
            return Err(InputError::new(file, line, "`image` is missing"));
        }
        let Some(case) = cases.find(&text(&value, "U_id")) else {
            strangers += 1;
            continue;
        };
        add_image(case, &image);
        case.group("location", &text(&value, "Location Category"));
        if let Some(description) = value.get("Description") {
            case.group("sex", &text(description, "Sex"));
            case.group("age", &text(description, "Age"));
            let words = ["Caption", "Figure Part", "Plane", "Modality"]
                .map(|key| text(description, key))
                .join(" ")
                .to_lowercase();
            if ["montage", "composite", "collage"]
                .iter()
                .any(|word| words.contains(word))
            {
                montages.push(image);
            } else if ["3d", "3-d", "volume render", "surface render"]
                .iter()
                .any(|word| words.contains(word))
            {
                drawn.push(image);
            }
        }
    }
    let mut notes = Vec::new();
    note(
        &mut notes,
        without,
        ["case", "cases"],
        "without a diagnosis left out.",
    );
    note(
        &mut notes,
        strangers,
        ["picture", "pictures"],
        "of cases that are not there left out.",
    );
    for (what, list) in [
        ("montages of several pictures", montages),
        ("renderings in three dimensions", drawn),
    ] {
        if let Some(first) = list.first() {
            notes.push(format!(
                "{} to be {what}, by the caption: {first} …",
                counted(list.len(), "picture seems", "pictures seem")
            ));
        }
    }
    notes.push(
        "Nearly every case has a diagnosis of its own: answers are matched as open ones, not as labels."
            .to_owned(),
    );
    notes.push(
        "The history goes with the question; the findings are kept for a pipeline's ceiling, and name the diagnosis in about one case of seven. \
         Captions and differentials are not brought along."
            .to_owned(),
    );
    notes.push("Windows are burnt into the pictures; VQA-RAD and figures of publications share pictures with MedPix.".to_owned());
    Ok(Imported {
        format: Format::Medpix,
        task: Task::Open,
        labels: Vec::new(),
        cases: cases.into_list(),
        notes,
    })
}

fn add_image(case: &mut super::ImportedCase, image: &str) {
    let key = Key::Stem(stem(image).to_owned());
    if case.keys.contains(&key) {
        return;
    }
    if !case.keys.is_empty() {
        case.also.push(key.clone());
    }
    case.keys.push(key);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    const CASES: &str = r#"[{"U_id":"MPX1009","TAC":["MPX1009_synpic46295","MPX1009_synpic46283"],"MRI":[],
        "Case":{"Title":"Bladder Diverticulum","History":"73-year-old male with hematuria","Exam":"N/A","Findings":"Outpouching of the bladder",
        "Differential Diagnosis":"Bladder Diverticulum","Case Diagnosis":"Bladder Diverticulum","Diagnosis By":"N/A"},
        "Topic":{"Title":"Bladder Diverticulum","Disease Discussion":"…","ACR Code":"8.9","Category":"Obstructive Uropathy"}},
        {"U_id":"MPX1010","TAC":[],"MRI":["MPX1010_synpic1"],"Case":{"History":"N/A","Case Diagnosis":"N/A"}}]"#;
    const PICTURES: &str = r#"{"Type":"CT","U_id":"MPX1009","image":"MPX1009_synpic46295","Description":{"ACR Codes":"8.9","Age":"73","Caption":"Montage of axial CT","Figure Part":"N/A","Modality":"CT","Plane":"Axial","Sex":"male"},"Location":"Bladder","Location Category":"Reproductive and Urinary System"}
{"Type":"CT","U_id":"MPX9999","image":"x","Description":{}}
"#;

    #[test]
    fn cases_are_open_questions_with_several_pictures() {
        let sources = [
            Source {
                file: "Descriptions.json",
                text: PICTURES,
            },
            Source {
                file: "Case_topic.json",
                text: CASES,
            },
        ];
        assert_eq!(recognise(&sources), Some(Format::Medpix));
        let set = import(Format::Medpix, &sources).expect("reads");
        assert_eq!((set.task, set.cases.len()), (Task::Open, 1));
        let case = &set.cases[0];
        assert_eq!(case.keys[0], Key::Stem("MPX1009_synpic46295".into()));
        assert_eq!(case.also, [Key::Stem("MPX1009_synpic46283".into())]);
        assert_eq!(case.case.truth.answers, ["Bladder Diverticulum"]);
        assert_eq!(
            (case.case.truth.source.as_str(), case.case.modality.as_str()),
            ("", "CT"),
            "N/A is empty"
        );
        assert_eq!(case.case.context, "73-year-old male with hematuria");
        assert_eq!(case.case.groups["sex"], "male");
        assert_eq!(set.notes[0], "1 case without a diagnosis left out.");
        assert!(
            set.notes[2].starts_with("1 picture seems to be montages"),
            "{:?}",
            set.notes
        );
    }

    #[test]
    fn a_case_twice_is_an_error() {
        let twice = format!("{0}\n{0}", r#"{"U_id":"a","Case":{"Case Diagnosis":"x"}}"#);
        let error = import(
            Format::Medpix,
            &[Source {
                file: "c",
                text: &twice,
            }],
        )
        .expect_err("twice");
        assert_eq!(error.to_string(), "c, line 2: case `a` stands there twice");
    }
}
