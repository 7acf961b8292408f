//! Annotations written in the published layout.

use std::fmt::Write as _;

use super::*;
use crate::case_set::{TruthPolicy, Votes};
use crate::import::{import, recognise};

/// An outline of every pixel around a rectangle, as the files have it.
fn roi(slice: &str, inclusion: &str, [left, top, right, bottom]: [i32; 4]) -> String {
    let mut out = format!(
        "<roi><imageZposition>-1.5 </imageZposition><imageSOP_UID>{slice}</imageSOP_UID><inclusion>{inclusion}</inclusion>"
    );
    let mut point = |x: i32, y: i32| {
        let _ = write!(out, "<edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>");
    };
    (left..right).for_each(|x| point(x, top));
    (top..bottom).for_each(|y| point(right, y));
    (left + 1..=right).rev().for_each(|x| point(x, bottom));
    (top + 1..=bottom).rev().for_each(|y| point(left, y));
    point(left, top);
    out + "</roi>"
}

fn nodule(id: &str, malignancy: u8, rois: &str) -> String {
    format!(
        "<unblindedReadNodule><noduleID>{id}</noduleID><characteristics><subtlety>5</subtlety><internalStructure>1</internalStructure><malignancy>{malignancy}</malignancy></characteristics>{rois}</unblindedReadNodule>"
    )
}

fn session(inside: &str) -> String {
    format!(
        "<readingSession><annotationVersion>3.12</annotationVersion><servicingRadiologistID>540461523</servicingRadiologistID>{inside}</readingSession>"
    )
}

fn message(series: &str, sessions: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<LidcReadMessage uid=\"1.3\" xmlns=\"http://www.nih.gov\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <ResponseHeader><SeriesInstanceUid>{series}</SeriesInstanceUid><StudyInstanceUID>9.9</StudyInstanceUID></ResponseHeader>{}</LidcReadMessage>",
        sessions.concat()
    )
}

#[test]
fn outlines_that_overlap_are_one_nodule_with_votes_and_ratings() {
    let point = "<unblindedReadNodule><noduleID>s</noduleID><roi><imageSOP_UID>1.1</imageSOP_UID><inclusion>TRUE</inclusion><edgeMap><xCoord>5</xCoord><yCoord>5</yCoord></edgeMap></roi></unblindedReadNodule>";
    let none = "<nonNodule><nonNoduleID>n</nonNoduleID><imageSOP_UID>1.1</imageSOP_UID><locus><xCoord>7</xCoord><yCoord>7</yCoord></locus></nonNodule>";
    let text = message(
        "1.2.3",
        &[
            session(
                &(nodule(
                    "Nodule 001",
                    5,
                    &(roi("1.1", "TRUE", [10, 10, 20, 20]) + &roi("1.2", "TRUE", [9, 9, 22, 22])),
                ) + point
                    + none),
            ),
            session(&nodule("IL0", 3, &roi("1.2", "TRUE", [15, 15, 30, 30]))),
            session(&nodule("x", 2, &roi("1.2", "TRUE", [100, 100, 104, 104]))),
            session(""),
        ],
    );
    let sources = [Source {
        file: "LIDC-IDRI-0001/069.xml",
        text: &text,
    }];
    assert_eq!(recognise(&sources), Some(Format::Lidc));
    let set = import(Format::Lidc, &sources).expect("reads");
    assert_eq!(set.cases.len(), 2);
    let first = &set.cases[0];
    assert_eq!(
        first.keys,
        [Key::Instance("1.2".into()), Key::Series("1.2.3".into())],
        "the largest slice"
    );
    assert_eq!(first.case.patient, "LIDC-IDRI-0001");
    let votes = &first.case.truth.votes;
    assert_eq!(
        votes.iter().map(|vote| vote.labels.len()).collect::<Vec<_>>(),
        [1, 1, 0, 0]
    );
    assert_eq!(
        (votes[0].ratings["malignancy"], votes[1].ratings["malignancy"]),
        (5.0, 3.0)
    );
    assert_eq!(first.case.groups["readers"], "2 of 4");
    // The first pixel outside is no part of it: 11 to 19, as corners 11 and 20.
    assert_eq!(first.case.truth.boxes[0].corners, [11.0, 11.0, 20.0, 20.0]);
    assert_eq!(
        first.case.truth.boxes.len(),
        4,
        "three of its own and the other nodule on the slice that is read"
    );
    let under = |votes| {
        TruthPolicy {
            votes,
            ..TruthPolicy::default()
        }
        .labels(&first.case.truth, &set.labels)
    };
    assert_eq!(
        (under(Votes::Any), under(Votes::Majority)),
        (vec![Some(true)], vec![Some(false)]),
        "two of four are no majority"
    );
    assert!(
        set.notes
            .iter()
            .any(|note| note.starts_with("1 mark below 3 mm and 1 mark that")),
        "{:?}",
        set.notes
    );
}

#[test]
fn a_hole_is_taken_out() {
    // A ring: what lies in its hole is another nodule.
    let ring = roi("1.1", "TRUE", [0, 0, 40, 40]) + &roi("1.1", "FALSE", [9, 9, 31, 31]);
    let text = message(
        "1.2.3",
        &[
            session(&nodule("a", 1, &ring)),
            session(&nodule("b", 1, &roi("1.1", "TRUE", [15, 15, 20, 20]))),
        ],
    );
    let set = import(
        Format::Lidc,
        &[Source {
            file: "a.xml",
            text: &text,
        }],
    )
    .expect("reads");
    assert_eq!(set.cases.len(), 2, "the two do not overlap");
    let whole = text.replace("FALSE", "TRUE");
    let set = import(
        Format::Lidc,
        &[Source {
            file: "a.xml",
            text: &whole,
        }],
    )
    .expect("reads");
    assert_eq!(set.cases.len(), 1);
}

#[test]
fn a_scan_without_nodules_is_a_case_that_nobody_marked() {
    let text = message("1.2.3", &[session(""), session("")]);
    let set = import(
        Format::Lidc,
        &[Source {
            file: "a.xml",
            text: &text,
        }],
    )
    .expect("reads");
    let case = &set.cases[0].case;
    assert!(case.truth.is_known());
    assert_eq!(
        TruthPolicy::default().labels(&case.truth, &set.labels),
        [Some(false)]
    );
    assert_eq!(case.patient, "9.9");
}

#[test]
fn radiographs_are_told_apart() {
    let radiograph =
        "<?xml version=\"1.0\"?><IdriReadMessage xmlns=\"u\"><CXRreadingSession/></IdriReadMessage>";
    let error = import(
        Format::Lidc,
        &[Source {
            file: "r.xml",
            text: radiograph,
        }],
    )
    .expect_err("none of CT");
    assert!(error.to_string().contains("chest radiographs"), "{error}");
    let ct = message("1", &[session("")]);
    let set = import(
        Format::Lidc,
        &[
            Source {
                file: "r.xml",
                text: radiograph,
            },
            Source {
                file: "c.xml",
                text: &ct,
            },
        ],
    )
    .expect("reads");
    assert!(
        set.notes
            .contains(&"1 file of chest radiographs left out.".to_owned()),
        "{:?}",
        set.notes
    );
}

#[test]
fn damaged_files_give_sentences() {
    for (text, reason) in [
        (message("", &[]), "`SeriesInstanceUid` is missing"),
        (message("1", &[]), "nobody has read"),
        (
            message(
                "1",
                &[session(&nodule("a", 9, &roi("1.1", "TRUE", [1, 1, 5, 5])))],
            ),
            "`malignancy` is `9`",
        ),
        (
            message(
                "1",
                &[session(&nodule("a", 1, &roi("1.1", "MAYBE", [1, 1, 5, 5])))],
            ),
            "`inclusion` is `MAYBE`",
        ),
        (
            message("1", &[session(&nodule("a", 1, &roi("", "TRUE", [1, 1, 5, 5])))]),
            "`imageSOP_UID` is missing",
        ),
        (
            message(
                "1",
                &[session(&nodule(
                    "a",
                    1,
                    "<roi><edgeMap><xCoord>99999999999</xCoord></edgeMap></roi>",
                ))],
            ),
            "not a pixel",
        ),
    ] {
        let error = import(
            Format::Lidc,
            &[Source {
                file: "a.xml",
                text: &text,
            }],
        )
        .expect_err(reason);
        assert!(error.to_string().contains(reason), "{error}");
    }
}
