//! Filed disagreements: filing, listing, exporting; the case as one HTML file.

use std::path::PathBuf;

use overread_review::mark::Mark;
use overread_review::{Review as Kept, View, classes, radpeer};

use crate::Outcome;
use crate::code::{failure, io, sentences};
use crate::convert::short_hash;
use crate::desk::{Desk, lock};
use crate::op::app::settings;
use crate::wire::review::{
    Choice, ExportFormat, ExportReviews, Exported, Review, ReviewDraft, ReviewVocabulary,
};
use crate::wire::viewing::DisplaySetRef;

/// The operation `review_vocabulary`.
pub(crate) fn vocabulary() -> ReviewVocabulary {
    ReviewVocabulary {
        scores: radpeer::SCORES
            .iter()
            .map(|(id, meaning)| Choice {
                id: (*id).to_owned(),
                name: (*id).to_owned(),
                meaning: (*meaning).to_owned(),
                group: radpeer::SCALE.to_owned(),
            })
            .collect(),
        classes: classes::CLASSES
            .iter()
            .map(|c| Choice {
                id: c.id.to_owned(),
                name: c.name.to_owned(),
                meaning: c.meaning.to_owned(),
                group: c.group.to_owned(),
            })
            .collect(),
    }
}

/// The operation `file_review`.
pub(crate) fn file(desk: &Desk, draft: &ReviewDraft) -> Outcome<Review> {
    let set = desk.set(&draft.display_set)?;
    let case = crate::op::case::case_of(
        desk,
        &DisplaySetRef {
            display_set: set.id.clone(),
        },
    )?;
    if case.hidden {
        return Err(failure(
            "review.blind",
            "Model and truth are still hidden.",
            "Commit your own answer first.",
        ));
    }
    let reading = case
        .readings
        .iter()
        .find(|r| r.id == draft.reading)
        .or_else(|| case.readings.first());
    let earlier = desk.store()?.reviews()?.into_iter().find(|r| r.id == draft.id);
    let at = desk.clock.now();
    let header = &set.first().header;
    let title = [
        header.study_description.as_str(),
        set.description.as_str(),
        header.study_date.as_str(),
    ];
    let root = lock(&desk.opened).root.clone().unwrap_or_default();
    let mut marks_as_filed = desk.store()?.marks(&set.id)?;
    marks_as_filed.retain(|mark| draft.marks.contains(&mark.id));
    let kept = Kept {
        id: if draft.id.is_empty() {
            format!("review-{}", short_hash(&format!("{at}{}", set.id)))
        } else {
            draft.id.clone()
        },
        version: earlier.map_or(1, |r| r.version + 1),
        case: set.id.clone(),
        reading: reading.map(|r| r.id.clone()).unwrap_or_default(),
        study_uid: set.study_uid.clone(),
        series_uid: set.series_uid.clone(),
        title: title
            .into_iter()
            .filter(|p| !p.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        folder: crate::op::open::absolute(&root).to_string_lossy().into_owned(),
        answers: [
            reading
                .map(|r| {
                    if r.label.is_empty() {
                        r.text.chars().take(120).collect()
                    } else {
                        r.label.clone()
                    }
                })
                .unwrap_or_default(),
            case.truth
                .as_ref()
                .map(|t| t.labels.join(", "))
                .unwrap_or_default(),
            case.own.last().map(|a| a.label.clone()).unwrap_or_default(),
        ],
        scale: if draft.scale.is_empty() {
            radpeer::SCALE.to_owned()
        } else {
            draft.scale.clone()
        },
        score: draft.score.clone(),
        classes: draft.classes.clone(),
        comment: draft.comment.trim().to_owned(),
        marks: draft.marks.clone(),
        marks_as_filed,
        view: View {
            sop_instance_uid: draft.view.sop_instance_uid.clone(),
            frame_number: draft.view.frame_number,
            presentation: serde_json::to_value(&draft.view).unwrap_or_default(),
        },
        state: if draft.state.is_empty() {
            "open".to_owned()
        } else {
            draft.state.clone()
        },
        at,
        reader: settings(desk).reader,
    };
    kept.check()
        .map_err(|error| sentences("review.refused", &error.to_string()))?;
    desk.store()?.file_review(&kept)?;
    to_wire(desk, kept)
}

fn to_wire(desk: &Desk, kept: Kept) -> Outcome<Review> {
    let set = lock(&desk.opened).sets.get(&kept.case).cloned();
    let marks = match &set {
        // As filed, whatever became of them since.
        Some(set) => kept
            .marks_as_filed
            .iter()
            .filter_map(|m| crate::op::marks::to_wire(set, m.clone()))
            .collect(),
        None => Vec::new(),
    };
    let folder = PathBuf::from(&kept.folder);
    let view = serde_json::from_value(kept.view.presentation.clone())
        .map_err(|_| failure("review.damaged", "The view of this review cannot be read.", ""))?;
    Ok(Review {
        filed_at: kept.at,
        reader: kept.reader,
        marks,
        title: kept.title,
        answers: kept.answers,
        version: kept.version,
        folder: folder.exists().then(|| desk.handle_of_cases(&folder)),
        here: set.is_some(),
        draft: ReviewDraft {
            id: kept.id.clone(),
            display_set: kept.case,
            reading: kept.reading,
            scale: kept.scale,
            score: kept.score,
            classes: kept.classes,
            comment: kept.comment,
            marks: kept.marks,
            view,
            state: kept.state,
        },
        id: kept.id,
    })
}

/// The operation `reviews`.
pub(crate) fn reviews(desk: &Desk) -> Outcome<Vec<Review>> {
    let kept = desk.store()?.reviews()?;
    kept.into_iter().map(|review| to_wire(desk, review)).collect()
}

/// The review list as CSV or JSON; UIDs and answers, no patient.
///
/// # Errors
/// When the store cannot be read.
pub fn list(desk: &Desk, format: ExportFormat) -> Outcome<(String, usize)> {
    let mut kept = desk.store()?.reviews()?;
    // A path can hold a patient's name, and means nothing elsewhere.
    for review in &mut kept {
        review.folder.clear();
    }
    let text = match format {
        ExportFormat::Json => serde_json::to_string_pretty(&kept).unwrap_or_default() + "\n",
        ExportFormat::Csv => {
            let mut out = "id,version,filed_at,reader,title,study,series,case,model,truth,own,scale,score,classes,comment,marks,state,sop_instance_uid,frame\r\n".to_owned();
            for r in &kept {
                let version = r.version.to_string();
                let frame = r.view.frame_number.to_string();
                let (classes, marks) = (r.classes.join(" "), marks_in_words(&r.marks_as_filed));
                let fields = [
                    r.id.as_str(),
                    &version,
                    &r.at,
                    &r.reader,
                    &r.title,
                    &r.study_uid,
                    &r.series_uid,
                    &r.case,
                    &r.answers[0],
                    &r.answers[1],
                    &r.answers[2],
                    &r.scale,
                    &r.score,
                    &classes,
                    &r.comment,
                    &marks,
                    &r.state,
                    &r.view.sop_instance_uid,
                    &frame,
                ];
                out.push_str(&fields.map(cell).join(","));
                out.push_str("\r\n");
            }
            out
        }
    };
    Ok((text, kept.len()))
}

/// `length on frame 3 of 1.2.3 (49.6 mm); …`.
fn marks_in_words(marks: &[Mark]) -> String {
    let one = |mark: &Mark| {
        let kind = serde_json::to_value(mark.kind).unwrap_or_default();
        let what: Vec<&str> = mark.measured.iter().map(String::as_str).collect();
        let what = [mark.text.as_str()]
            .into_iter()
            .filter(|t| !t.is_empty())
            .chain(what);
        format!(
            "{} on frame {} of {} ({})",
            kind.as_str().unwrap_or_default(),
            mark.frame_number,
            mark.sop_instance_uid,
            what.collect::<Vec<_>>().join(", ")
        )
    };
    marks.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// A cell as RFC 4180 has it; one that a spreadsheet would take for a formula gets an apostrophe.
fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn write(desk: &Desk, folder: Option<PathBuf>, name: &str, bytes: &[u8]) -> Outcome<String> {
    let folder = folder.unwrap_or_else(|| desk.home.join("exports"));
    std::fs::create_dir_all(&folder).map_err(|error| io(&folder.display().to_string(), &error))?;
    let path = folder.join(name);
    overread_store::write::atomic(&path, bytes).map_err(|error| io(&path.display().to_string(), &error))?;
    Ok(path.display().to_string())
}

/// The operation `export_reviews`.
pub(crate) fn export(desk: &Desk, arguments: &ExportReviews) -> Outcome<Exported> {
    let (text, rows) = list(desk, arguments.format)?;
    let name = match arguments.format {
        ExportFormat::Csv => "reviews.csv",
        ExportFormat::Json => "reviews.json",
    };
    let folder = arguments
        .target
        .as_ref()
        .map(|handle| desk.path(handle))
        .transpose()?;
    let place = write(desk, folder, name, text.as_bytes())?;
    Ok(Exported {
        place,
        rows: u32::try_from(rows).unwrap_or(u32::MAX),
    })
}

/// The operation `export_report`.
pub(crate) fn export_report(desk: &Desk, arguments: &DisplaySetRef) -> Outcome<Exported> {
    let case = crate::op::case::case_of(desk, arguments)?;
    let reading = case.readings.first().ok_or_else(|| {
        failure(
            "report.no_reading",
            "There is no answer to report yet.",
            "Ask a model first.",
        )
    })?;
    let set = desk.set(&arguments.display_set)?;
    let html = crate::op::report::html(desk, &set, &case, reading)?;
    let place = write(desk, None, &format!("{}.html", reading.id), html.as_bytes())?;
    Ok(Exported { place, rows: 1 })
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("plain"), "plain");
    }
}
