//! What is kept, for the command line: cases, scores, reviews by arguments, the audit log.

use std::path::Path;

use overread_dicom::DisplaySet;
use overread_evaluation::score::{Source, score as score_texts};
use serde_json::{Value, json};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::op::make::read_text;
use crate::wire::review::{ReviewDraft, ViewState};
use crate::wire::viewing::DisplaySetRef;

/// A case in a list.
///
/// # Errors
/// When the store cannot be read.
pub fn case_row(desk: &Desk, set: &DisplaySet) -> Outcome<Value> {
    let case = crate::op::case::case_of(
        desk,
        &DisplaySetRef {
            display_set: set.id.clone(),
        },
    )?;
    Ok(json!({
        "case": set.id,
        "study": set.study_uid,
        "series": set.series_uid,
        "modality": set.modality,
        "description": set.description,
        "images": set.frames.len(),
        "truth": case.truth.map(|t| t.labels),
        "readings": case.readings.len(),
        "hidden": case.hidden,
    }))
}

/// Truth beside each reading.
///
/// # Errors
/// When the store cannot be read.
pub fn compare(desk: &Desk, set: &DisplaySet) -> Outcome<Value> {
    let case = crate::op::case::case_of(
        desk,
        &DisplaySetRef {
            display_set: set.id.clone(),
        },
    )?;
    Ok(json!({
        "case": set.id,
        "hidden": case.hidden,
        "truth": case.truth,
        "own": case.own,
        "own_agreement": case.own_agreement,
        "order": case.order,
        "readings": case.readings,
    }))
}

/// `eval score` over files.
///
/// # Errors
/// Whatever is wrong with the inputs, with file and line.
pub fn score(answers: &Path, truth: &Path, labels: Option<&Path>) -> Outcome<Value> {
    let (answers_text, truth_text) = (read_text(answers)?, read_text(truth)?);
    let labels_text = labels.map(read_text).transpose()?;
    let name = |path: &Path| path.display().to_string();
    let (answers, truth, labels) = (name(answers), name(truth), labels.map(name));
    score_texts(
        Source {
            file: &answers,
            text: &answers_text,
        },
        Source {
            file: &truth,
            text: &truth_text,
        },
        labels
            .as_deref()
            .zip(labels_text.as_deref())
            .map(|(file, text)| Source { file, text }),
    )
    .map_err(|error| failure("eval.input", format!("{error}."), ""))
}

/// Files a review of a slice (the middle one when `None`).
///
/// # Errors
/// When it is refused or cannot be kept.
pub fn file_review(
    desk: &Desk,
    set: &DisplaySet,
    slice: Option<usize>,
    score: &str,
    classes: &[String],
    comment: &str,
) -> Outcome<Value> {
    let index = slice.map_or(set.middle(), |s| s.wrapping_sub(1));
    let frame = set
        .frames
        .get(index)
        .ok_or_else(|| failure("desk.no_such_frame", "There is no such slice.", ""))?;
    let [rows, columns] = frame.size();
    let draft = ReviewDraft {
        id: String::new(),
        display_set: set.id.clone(),
        reading: String::new(),
        scale: String::new(),
        score: score.to_owned(),
        classes: classes.to_vec(),
        comment: comment.to_owned(),
        marks: Vec::new(),
        view: ViewState {
            frame: u32::try_from(index).unwrap_or(0),
            sop_instance_uid: frame.header.sop_uid.clone(),
            frame_number: frame.frame,
            voi: None,
            zoom: 0.0,
            center: [f64::from(columns) / 2.0, f64::from(rows) / 2.0],
            rotation: 0,
            flipped: false,
            inverted: false,
        },
        state: String::new(),
    };
    Ok(json!(crate::op::reviews::file(desk, &draft)?))
}

/// Rows of the audit log, and its first fault.
///
/// # Errors
/// When the store cannot be read.
pub fn audit(desk: &Desk) -> Outcome<(usize, Option<String>)> {
    Ok(desk.store()?.audit()?)
}
