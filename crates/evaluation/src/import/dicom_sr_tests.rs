//! Reports as the desk tells them.

use super::*;

fn item(depth: u16, code: &str, name: &str, value: SrValue) -> SrItem {
    SrItem {
        depth,
        code: code.to_owned(),
        name: name.to_owned(),
        value,
    }
}

fn code(meaning: &str) -> SrValue {
    SrValue::Code(meaning.to_owned())
}

fn report(person: &str, items: Vec<SrItem>) -> SrReport {
    SrReport {
        file: "a.dcm".to_owned(),
        study_uid: "1.2".to_owned(),
        title: "Imaging Measurement Report".to_owned(),
        is_verified: !person.is_empty(),
        person: person.to_owned(),
        items,
        ..SrReport::default()
    }
}

fn group(finding: &str) -> Vec<SrItem> {
    let points = vec![[10.0, 20.0], [30.0, 20.0], [30.0, 44.0]];
    vec![
        item(0, "126010", "Imaging Measurements", SrValue::Heading),
        item(1, "125007", "Measurement Group", SrValue::Heading),
        item(
            2,
            "112039",
            "Tracking Identifier",
            SrValue::Text("Lesion 1".to_owned()),
        ),
        item(
            2,
            "111030",
            "Image Region",
            SrValue::Region(points, "1.2.9".to_owned()),
        ),
        item(2, "121071", "Finding", code(finding)),
        item(2, "363698007", "Finding Site", code("Left upper lobe")),
        item(
            2,
            "103339001",
            "Long Axis",
            SrValue::Number("12.5".to_owned(), "mm".to_owned()),
        ),
        item(2, "99X", "Something of a maker", code("A meaning of its own")),
    ]
}

#[test]
fn measurement_groups_are_findings_with_boxes() {
    let set = import(&[report("Doe^J", group("Nodule"))]).expect("reads");
    assert_eq!(
        (set.task, set.labels.as_slice()),
        (Task::YesNo, &["Nodule".to_owned()][..])
    );
    let case = &set.cases[0];
    assert_eq!(
        case.keys,
        [Key::Instance("1.2.9".into()), Key::Study("1.2".into())]
    );
    let truth = &case.case.truth;
    assert_eq!(
        (
            truth.labels.as_slice(),
            truth.side.as_str(),
            truth.source.as_str()
        ),
        (&["Nodule".to_owned()][..], "left", "report")
    );
    assert_eq!(
        (truth.boxes[0].label.as_str(), truth.boxes[0].corners),
        ("Nodule", [10.0, 20.0, 30.0, 44.0])
    );
    assert!(
        truth
            .findings
            .contains("Something of a maker: A meaning of its own"),
        "unknown codes are shown"
    );
    assert!(truth.findings.contains("Long Axis: 12.5 mm") && !truth.findings.contains("Lesion 1"));
}

#[test]
fn people_go_before_devices() {
    let mut device = report("", group("Mass"));
    device.device = "CAD".to_owned();
    let set = import(&[device.clone(), report("Doe^J", group("Nodule"))]).expect("reads");
    assert_eq!(set.cases[0].case.truth.labels, ["Nodule"]);
    assert_eq!(
        set.notes[0],
        "1 report of devices left out, where a person has reported the same study."
    );
    let alone = import(&[device]).expect("reads");
    assert_eq!(alone.cases[0].case.truth.source, "model");
    assert!(
        alone.notes[0].starts_with("1 report was written by a device"),
        "{:?}",
        alone.notes
    );
}

#[test]
fn two_readers_of_a_study_are_votes() {
    let set = import(&[report("Doe^J", group("Nodule")), report("Roe^R", group("Mass"))]).expect("reads");
    let truth = &set.cases[0].case.truth;
    assert_eq!(
        (
            truth.labels.len(),
            truth.votes.len(),
            truth.votes[1].reader.as_str()
        ),
        (0, 2, "Roe^R")
    );
}

#[test]
fn texts_and_key_objects() {
    let text = |value: &str| SrValue::Text(value.to_owned());
    let basic = report(
        "Doe^J",
        vec![
            item(1, "121071", "Finding", text(" Clear lungs. ")),
            item(1, "", "Impression", text("Normal chest")),
        ],
    );
    let set = import(&[basic]).expect("reads");
    assert_eq!(set.task, Task::Open);
    assert_eq!(
        (
            set.cases[0].case.truth.findings.as_str(),
            set.cases[0].case.truth.answers[0].as_str()
        ),
        ("Clear lungs.", "Normal chest")
    );
    let mut keys = report("Doe^J", vec![item(0, "", "", SrValue::Image("1.9".to_owned()))]);
    keys.is_key_objects = true;
    keys.title = "Of Interest".to_owned();
    let error = import(&[keys.clone()]).expect_err("says nothing");
    assert!(error.to_string().contains("no report says anything"), "{error}");
    let set = import(&[report("Doe^J", group("Nodule")), keys]).expect("reads");
    assert_eq!(set.cases[0].also, [Key::Instance("1.9".into())]);
    assert_eq!(set.cases[0].case.groups["key_objects"], "Of Interest");
}

#[test]
fn a_cad_finding_carries_its_outline() {
    let points = vec![[1.0, 2.0], [3.0, 4.0]];
    let mut cad = report(
        "",
        vec![
            item(
                1,
                "111059",
                "Single Image Finding",
                code("Mammography breast density"),
            ),
            item(2, "111041", "Outline", SrValue::Region(points, "1.5".to_owned())),
        ],
    );
    cad.device = "CAD".to_owned();
    let set = import(&[cad]).expect("reads");
    assert_eq!(
        set.cases[0].case.truth.boxes[0].label,
        "Mammography breast density"
    );
    assert!(import(&[]).is_err());
    assert!(import(&[SrReport::default()]).is_err());
}
