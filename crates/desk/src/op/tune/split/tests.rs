//! The gate lets sound splits pass and tells each leak.

use std::path::PathBuf;

use overread_evaluation::case_set::{AskedQuestion, CaseTruth, FORMAT, ImageSpec, State};
use tempfile::TempDir;

use super::*;
use crate::DeskOptions;

/// Cases with a picture each, no two alike, in a folder of their own.
struct Place {
    folder: TempDir,
    set: CaseSet,
}

impl Place {
    fn new(task: Task, labels: &[&str]) -> Self {
        let set = CaseSet {
            format: FORMAT.to_owned(),
            question: AskedQuestion {
                task,
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                ..AskedQuestion::default()
            },
            ..CaseSet::default()
        };
        let folder = TempDir::new().expect("a folder");
        Self { folder, set }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn add(&mut self, split: &str, patient: &str, labels: &[&str]) -> &mut CaseSpec {
        let at = self.set.cases.len() as u32;
        let path = format!("{at}.png");
        // Places of the bright spot are apart, so that the pictures are.
        image::GrayImage::from_fn(32, 32, |x, y| {
            let far = (x + 1).abs_diff(5 * at % 32).pow(2) + (y + 1).abs_diff(11 * at % 32).pow(2);
            image::Luma([255 - far.min(250) as u8])
        })
        .save(self.path(&path))
        .expect("a picture");
        self.set.cases.push(CaseSpec {
            id: format!("c{at}"),
            patient: patient.to_owned(),
            split: split.to_owned(),
            images: vec![ImageSpec {
                path,
                ..ImageSpec::default()
            }],
            truth: CaseTruth {
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                ..CaseTruth::default()
            },
            ..CaseSpec::default()
        });
        self.set.cases.last_mut().expect("one was added")
    }

    /// Two labels, two cases each in `train`, one in the other splits.
    fn sound() -> Self {
        let mut place = Self::new(Task::Closed, &["normal", "nodule"]);
        for (split, patient, label) in [
            ("train", "a", "normal"),
            ("train", "b", "nodule"),
            ("validation", "c", "normal"),
            ("validation", "d", "nodule"),
            ("test", "e", "normal"),
        ] {
            place.add(split, patient, &[label]);
        }
        place
    }

    fn gate(&self, validation: &str, gives_text: bool) -> Outcome<Splits> {
        let desk = Desk::open(DeskOptions {
            home: self.path("home"),
            ..DeskOptions::default()
        });
        let wish = Wish {
            learned: TRAIN.to_owned(),
            validation: validation.to_owned(),
            gives_text,
        };
        let at = self.path("set.toml");
        gate(&desk, &at, &self.set, &wish, &Cancel::default(), &|_, _| {})
    }

    fn refused(&self, code: &str) -> String {
        let error = self.gate(VALIDATION, false).expect_err("is refused");
        assert_eq!(error.code, code, "{}", error.message);
        assert!(!error.hint.is_empty(), "{}", error.message);
        error.message
    }
}

#[test]
fn sound_splits_pass() {
    let place = Place::sound();
    let splits = place.gate(VALIDATION, true).expect("passes");
    assert_eq!(
        (splits.learned, splits.validation, splits.remarks),
        (vec![0, 1], vec![2, 3], vec![])
    );
    let alone = place.gate("", true).expect("passes");
    assert_eq!((alone.learned, alone.validation), (vec![0, 1], vec![]));
    assert_eq!(Wish::usual(&place.set, false).validation, VALIDATION);
    assert_eq!(
        Wish::usual(&Place::new(Task::Closed, &[]).set, false).validation,
        ""
    );
}

#[test]
fn splits_that_are_not_there_are_named_with_those_that_are() {
    let mut place = Place::sound();
    for case in &mut place.set.cases {
        if case.split == TRAIN {
            "learn".clone_into(&mut case.split);
        }
    }
    let told = place.refused("tuning.split");
    assert!(
        told.contains("no split train") && told.contains("learn (2)"),
        "{told}"
    );
    let error = Place::sound().gate(TRAIN, false).expect_err("one split twice");
    assert_eq!(error.code, "tuning.split");
    let mut place = Place::sound();
    place
        .set
        .cases
        .iter_mut()
        .filter(|case| case.split == VALIDATION)
        .for_each(|case| case.truth = CaseTruth::default());
    assert!(
        place
            .refused("tuning.split")
            .contains("No case of the split validation")
    );
}

#[test]
fn cases_without_one_label_are_left_out_and_said_to_be() {
    let mut place = Place::sound();
    place.add("train", "f", &[]);
    place.add("train", "g", &["normal", "nodule"]);
    let splits = place.gate(VALIDATION, false).expect("passes");
    assert_eq!(splits.learned, [0, 1]);
    assert_eq!(splits.remarks.len(), 2, "{:?}", splits.remarks);
}

#[test]
fn every_label_has_a_case_to_learn_from() {
    let mut place = Place::sound();
    place.set.question.labels.push("mass".to_owned());
    assert!(place.refused("tuning.labels").contains("mass"));
    let mut list = Place::new(Task::YesNo, &["nodule", "mass"]);
    for (split, patient) in [("train", "a"), ("train", "b"), ("validation", "c")] {
        let present = if patient == "a" {
            State::Absent
        } else {
            State::Present
        };
        list.add(split, patient, &["nodule"]).truth = CaseTruth {
            states: [
                ("nodule".to_owned(), State::Present),
                ("mass".to_owned(), present),
            ]
            .into(),
            ..CaseTruth::default()
        };
    }
    let told = list.refused("tuning.labels");
    assert!(told.contains("every case") && told.contains("nodule"), "{told}");
}

#[test]
fn a_patient_of_two_splits_is_refused_by_name() {
    let mut place = Place::sound();
    "a".clone_into(&mut place.set.cases[4].patient);
    let told = place.refused("tuning.leak");
    assert!(told.contains("c0 (patient a is in test and train)"), "{told}");
}

#[test]
fn a_copy_of_a_picture_in_another_split_is_refused() {
    let place = Place::sound();
    std::fs::copy(place.path("0.png"), place.path("4.png")).expect("copied");
    let told = place.refused("tuning.leak");
    assert!(told.contains("c4 (the same as case c0 of split train)"), "{told}");
}

#[test]
fn the_diagnosis_in_the_words_is_refused_where_words_are_learned() {
    let mut place = Place::sound();
    "A nodule was seen before.".clone_into(&mut place.set.cases[1].context);
    let error = place.gate(VALIDATION, true).expect_err("is refused");
    assert_eq!(error.code, "tuning.leak", "{}", error.message);
    place
        .gate(VALIDATION, false)
        .expect("a learner of pictures alone is not given the words");
}

#[test]
fn truths_under_other_names_and_lost_images_are_refused() {
    let mut place = Place::sound();
    place.add("train", "f", &["gout"]);
    let told = place.refused("tuning.leak");
    assert!(told.contains("c5 (gout)"), "{told}");
    let place = Place::sound();
    std::fs::remove_file(place.path("1.png")).expect("removed");
    assert!(place.refused("tuning.images").contains("c1"));
    let place = Place::sound();
    std::fs::remove_file(place.path("4.png")).expect("removed");
    let splits = place.gate(VALIDATION, false).expect("nothing is learned from it");
    assert_eq!(splits.remarks.len(), 1, "{:?}", splits.remarks);
}
