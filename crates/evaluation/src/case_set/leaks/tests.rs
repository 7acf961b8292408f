//! Each leak, and what looks like one and is none.

use super::*;
use crate::case_set::{AskedQuestion, CaseTruth, FORMAT, ImageSpec, ReaderSpec};

fn case(id: &str, label: &str) -> CaseSpec {
    CaseSpec {
        id: id.to_owned(),
        images: vec![ImageSpec {
            path: format!("images/{id}"),
            ..ImageSpec::default()
        }],
        truth: CaseTruth {
            labels: vec![label.to_owned()],
            ..CaseTruth::default()
        },
        patient: format!("p-{id}"),
        ..CaseSpec::default()
    }
}

fn set(cases: Vec<CaseSpec>) -> CaseSet {
    CaseSet {
        format: FORMAT.to_owned(),
        name: "n".to_owned(),
        question: AskedQuestion {
            labels: ["normal", "rib fracture", "pleural effusion"]
                .map(str::to_owned)
                .into(),
            ..AskedQuestion::default()
        },
        cases,
        ..CaseSet::default()
    }
}

fn facts(case: &str) -> ImageFacts {
    ImageFacts {
        case: case.to_owned(),
        path: format!("images/{case}"),
        ..ImageFacts::default()
    }
}

fn keys(set: &CaseSet, images: &[ImageFacts]) -> Vec<&'static str> {
    check(set, images, &Known::default())
        .iter()
        .map(|finding| finding.key)
        .collect()
}

#[test]
fn a_clean_set_has_no_findings() {
    let set = set(vec![case("a", "normal"), case("b", "rib fracture")]);
    assert_eq!(keys(&set, &[facts("a"), facts("b")]), Vec::<&str>::new());
}

#[test]
fn a_patient_is_in_one_split() {
    let mut two = set(vec![case("a", "normal"), case("b", "normal")]);
    for (case, split) in two.cases.iter_mut().zip(["train", "test"]) {
        split.clone_into(&mut case.split);
    }
    assert!(keys(&two, &[]).is_empty());
    two.cases[1].patient = two.cases[0].patient.clone();
    let found = check(&two, &[], &Known::default());
    assert_eq!(
        (found[0].key, found[0].grave, found[0].cases.len()),
        ("patient_in_two_splits", true, 2)
    );
    assert_eq!(found[0].cases[0].1, "patient p-a is in test and train");
}

#[test]
fn answers_are_found_by_words() {
    for (path, is) in [
        ("x/Rib_Fracture/1.dcm", true),
        ("x/ribfracture12.dcm", true),
        ("x/RibFractures01/1", true),
        ("x/fracture/1", false),
        ("x/tribfracture/1", false),
    ] {
        let mut one = set(vec![case("a", "rib fracture")]);
        one.cases[0].images[0].path = path.to_owned();
        assert_eq!(keys(&one, &[]).contains(&"answer_in_path"), is, "{path}");
    }
    let mut one = set(vec![case("a", "normal")]);
    one.cases[0].images[0].path = "abnormal/1.png".to_owned();
    assert!(keys(&one, &[]).is_empty(), "`normal` is not in `abnormal`");
    one.cases[0].truth.labels = vec!["0".to_owned()];
    one.question.labels = vec!["0".to_owned(), "1".to_owned()];
    one.cases[0].images[0].path = "0/10.png".to_owned();
    assert_eq!(keys(&one, &[]), ["answer_in_path"], "a folder may be a number");
    one.cases[0].images[0].path = "x/0.png".to_owned();
    assert!(keys(&one, &[]).is_empty());
}

#[test]
fn a_text_that_lists_the_labels_tells_nothing() {
    let mut one = set(vec![case("a", "rib fracture")]);
    one.question.prompt = "Which is it: normal, rib fracture or pleural effusion?".to_owned();
    assert!(keys(&one, &[]).is_empty());
    one.question.prompt = "Where is the rib fracture?".to_owned();
    assert_eq!(keys(&one, &[]), ["answer_in_prompt"]);
    one.question.prompt.clear();
    one.cases[0].context = "Fell; known rib fracture.".to_owned();
    assert_eq!(keys(&one, &[]), ["answer_in_context"]);
    one.cases[0].context = "Fluid?".to_owned();
    one.cases[0].truth.labels = vec!["pleural effusion".to_owned()];
    assert!(keys(&one, &[]).is_empty());
    let known = Known {
        synonyms: vec![("Pleural effusion".to_owned(), "fluid".to_owned())],
        ..Known::default()
    };
    assert_eq!(
        check(&one, &[], &known)[0].key,
        "answer_in_context",
        "by another name"
    );
}

#[test]
fn headers_and_reports_are_for_people() {
    let mut one = set(vec![case("a", "rib fracture")]);
    let mut image = facts("a");
    image.tags = vec![
        ("SeriesDescription".to_owned(), "CT RIB FRACTURE".to_owned()),
        ("Manufacturer".to_owned(), "x".to_owned()),
    ];
    image.reports = vec!["Chest report".to_owned()];
    image.burned_in = Some(true);
    let found = check(&one, &[image.clone()], &Known::default());
    assert!(found.iter().all(|finding| !finding.grave), "{found:?}");
    assert_eq!(found.len(), 3);
    one.readers.push(ReaderSpec {
        id: "p".to_owned(),
        kind: ReaderKind::Person,
        ..ReaderSpec::default()
    });
    let grave: Vec<&str> = check(&one, &[image.clone()], &Known::default())
        .iter()
        .filter(|finding| finding.grave)
        .map(|finding| finding.key)
        .collect();
    assert_eq!(grave, ["answer_in_tags", "report_in_study"]);
    image.tags = vec![
        ("Manufacturer".to_owned(), "rib fracture".to_owned()),
        ("SeriesDescription".to_owned(), "CT".to_owned()),
    ];
    image.reports.clear();
    image.burned_in = Some(false);
    assert!(keys(&one, &[image]).is_empty());
}

#[test]
fn the_same_image_scan_or_picture_twice() {
    let two = set(vec![case("a", "normal"), case("b", "normal")]);
    let with = |change: &dyn Fn(&mut ImageFacts, u64)| {
        let mut images = [facts("a"), facts("b")];
        for (i, image) in (0..).zip(&mut images) {
            image.series_uid = format!("1.{i}");
            change(image, i);
        }
        keys(&two, &images)
    };
    assert_eq!(
        with(&|image, i| image.sop_uids = vec!["1.2".to_owned(), format!("{i}")]),
        ["same_instance"]
    );
    assert!(with(&|image, i| image.sop_uids = vec![format!("{i}")]).is_empty());
    assert_eq!(
        with(&|image, _| image.pixel_hash = "x".to_owned()),
        ["same_pixels"]
    );
    assert!(with(&|image, i| image.pixel_hash = format!("{i}")).is_empty());
    assert_eq!(
        with(&|image, _| image.acquisition = "x".to_owned()),
        ["same_scan"]
    );
    assert!(with(&|image, i| image.acquisition = format!("{i}")).is_empty());
    let hash = 0x0F0F_1234_ABCD_5678_u64;
    assert_eq!(
        with(&|image, i| image.perceptual_hash = Some(hash ^ (i * 0x8000_0100_0010_0001))),
        ["similar_pixels"],
        "4 bits"
    );
    assert!(
        with(&|image, i| image.perceptual_hash = Some(hash ^ (i * 0x8000_0100_0010_0003))).is_empty(),
        "5 bits"
    );
    assert!(
        with(&|image, _| image.perceptual_hash = Some(0)).is_empty(),
        "empty pictures are all alike"
    );
}

#[test]
fn questions_on_one_picture_are_meant() {
    let mut two = set(vec![case("a", "x"), case("b", "y")]);
    two.question = AskedQuestion {
        task: Task::Vqa,
        ..AskedQuestion::default()
    };
    let mut images = [facts("a"), facts("b")];
    images
        .iter_mut()
        .for_each(|image| image.pixel_hash = "x".to_owned());
    assert_eq!(keys(&two, &images), ["same_pixels"], "of two patients");
    two.cases[1].patient = two.cases[0].patient.clone();
    assert!(keys(&two, &images).is_empty());
}

#[test]
fn what_is_missing_or_unknown_is_told() {
    let mut one = set(vec![case("a", "Normal"), case("b", "normal")]);
    one.cases[1].truth = CaseTruth::default();
    let mut image = facts("a");
    image.is_missing = true;
    assert_eq!(
        keys(&one, &[image]),
        ["unknown_label", "missing_file", "no_truth"]
    );
    one.cases.iter_mut().for_each(|case| case.patient.clear());
    assert!(keys(&one, &[]).contains(&"patients_unknown"));
}

#[test]
fn readers_are_not_scored_on_what_they_were_tuned_on() {
    let mut two = set(vec![case("a", "normal"), case("b", "normal")]);
    two.cases[0].split = "train".to_owned();
    two.cases[1].split = "test".to_owned();
    two.readers.push(ReaderSpec {
        id: "t".to_owned(),
        tuned_on_splits: vec!["train".to_owned()],
        ..ReaderSpec::default()
    });
    assert!(keys(&two, &[]).is_empty());
    two.cases[1].patient = two.cases[0].patient.clone();
    assert!(keys(&two, &[]).contains(&"tuned_on_these"));
    two.cases[1].patient = "other".to_owned();
    let known = Known {
        tuned_on: [("t".to_owned(), ["other".to_owned()].into())].into(),
        ..Known::default()
    };
    let found = check(&two, &[], &known);
    assert_eq!(
        (found[0].key, found[0].cases[0].0.as_str()),
        ("tuned_on_these", "b")
    );
}

#[test]
fn ten_thousand_images_are_compared_fast() {
    let many = set((0..10_000).map(|i| case(&format!("c{i}"), "normal")).collect());
    let images: Vec<ImageFacts> = (0..10_000_u64)
        .map(|i| {
            let mut image = facts(&format!("c{i}"));
            image.perceptual_hash = Some(i.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17) ^ 0x5555);
            image
        })
        .collect();
    let start = std::time::Instant::now();
    let _ = check(&many, &images, &Known::default());
    assert!(start.elapsed().as_secs_f64() < 10.0, "{:?}", start.elapsed());
}

fn learning(set: &CaseSet, images: &[ImageFacts], gives_text: bool) -> Vec<(&'static str, bool)> {
    let learning = Learning {
        learned: "train",
        validation: "validation",
        gives_text,
    };
    before_learning(set, images, &Known::default(), learning)
        .iter()
        .map(|finding| (finding.key, finding.grave))
        .collect()
}

fn split(id: &str, label: &str, split: &str) -> CaseSpec {
    CaseSpec {
        split: split.to_owned(),
        ..case(id, label)
    }
}

#[test]
fn what_is_learned_shares_no_patient_with_anything_else() {
    let of = |splits: [&str; 2]| {
        let mut two = set(vec![
            split("a", "normal", splits[0]),
            split("b", "normal", splits[1]),
        ]);
        two.cases[1].patient = "p-a".to_owned();
        learning(&two, &[], false)
    };
    let leak = vec![("patient_in_two_splits", true)];
    assert_eq!(of(["train", "train"]), vec![]);
    assert_eq!(of(["train", "test"]), leak);
    assert_eq!(of(["train", ""]), leak);
    assert_eq!(of(["validation", "test"]), leak);
    assert_eq!(
        of(["test", "other"]),
        vec![],
        "learning sees neither of these splits"
    );
    let mut nameless = set(vec![split("a", "normal", "train")]);
    nameless.cases[0].patient.clear();
    assert_eq!(learning(&nameless, &[], false), [("patients_unknown", false)]);
}

#[test]
fn what_is_learned_shares_no_picture_with_anything_else() {
    let of = |splits: [&str; 3]| {
        let cases = ["a", "b", "c"]
            .into_iter()
            .zip(splits)
            .map(|(id, name)| split(id, "normal", name))
            .collect();
        let mut images = [facts("a"), facts("b"), facts("c")];
        for image in &mut images {
            image.pixel_hash = "same".to_owned();
        }
        learning(&set(cases), &images, false)
    };
    let leak = vec![("same_pixels", true)];
    assert_eq!(of(["train", "train", "train"]), vec![]);
    assert_eq!(of(["train", "train", "test"]), leak);
    assert_eq!(of(["test", "other", "train"]), leak);
    assert_eq!(of(["test", "other", "other"]), vec![]);
}

#[test]
fn the_answer_in_words_counts_where_words_are_given() {
    let mut told = set(vec![
        split("a", "rib fracture", "train"),
        split("b", "normal", "test"),
    ]);
    told.cases[0].context = "Known rib fracture.".to_owned();
    assert_eq!(learning(&told, &[], true), [("answer_in_context", true)]);
    assert_eq!(learning(&told, &[], false), []);
    told.cases[0].split = "test".to_owned();
    assert_eq!(
        learning(&told, &[], true),
        [],
        "nothing is learned from this case"
    );
    let strange = set(vec![split("a", "gout", "train"), split("b", "gout", "test")]);
    assert_eq!(learning(&strange, &[], false), [("unknown_label", true)]);
}
