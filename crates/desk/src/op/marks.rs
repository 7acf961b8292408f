//! Marks on images: measured here, on disk before the page says saved.

use std::sync::Arc;

use glam::DVec2;
use overread_dicom::DisplaySet as Images;
use overread_imaging::measure::{self, Outline};
use overread_review::{Mark as Kept, MarkKind as Kind};

use crate::Outcome;
use crate::code::failure;
use crate::convert::short_hash;
use crate::desk::Desk;
use crate::op::app::settings;
use crate::wire::review::{Mark, MarkDraft, MarkKind, MarkRef};
use crate::wire::viewing::DisplaySetRef;

pub(crate) fn kind(kind: MarkKind) -> Kind {
    match kind {
        MarkKind::Arrow => Kind::Arrow,
        MarkKind::Rectangle => Kind::Rectangle,
        MarkKind::Ellipse => Kind::Ellipse,
        MarkKind::Length => Kind::Length,
        MarkKind::Text => Kind::Text,
    }
}

fn wire_kind(kind: Kind) -> MarkKind {
    match kind {
        Kind::Arrow => MarkKind::Arrow,
        Kind::Rectangle => MarkKind::Rectangle,
        Kind::Ellipse => MarkKind::Ellipse,
        Kind::Length => MarkKind::Length,
        Kind::Text => MarkKind::Text,
    }
}

/// A kept mark as the page shows it; the frame is found by UID, so that it holds when the series grew.
pub(crate) fn to_wire(set: &Images, kept: Kept) -> Option<Mark> {
    let frame = set
        .frames
        .iter()
        .position(|f| f.header.sop_uid == kept.sop_instance_uid && f.frame == kept.frame_number)?;
    Some(Mark {
        id: kept.id,
        display_set: set.id.clone(),
        frame: u32::try_from(frame).ok()?,
        kind: wire_kind(kept.kind),
        points: kept.points,
        text: kept.text,
        measured: kept.measured,
        saved_at: kept.at,
    })
}

pub(crate) fn marks(desk: &Desk, arguments: &DisplaySetRef) -> Outcome<Vec<Mark>> {
    let set = desk.set(&arguments.display_set)?;
    let kept = desk.store()?.marks(&set.id)?;
    Ok(kept.into_iter().filter_map(|mark| to_wire(&set, mark)).collect())
}

/// The operation `measure`.
pub(crate) fn measure(desk: &Desk, draft: &MarkDraft) -> Outcome<Vec<String>> {
    let set = desk.set(&draft.display_set)?;
    let no_frame = || {
        failure(
            "desk.no_such_frame",
            "This image is not in the series any more.",
            "",
        )
    };
    let frame = desk
        .frames
        .get(set.frames.get(draft.frame as usize).ok_or_else(no_frame)?)?;
    let a = &frame.attributes;
    let [Some(p), Some(q)] =
        [draft.points.first(), draft.points.get(1)].map(|p| p.map(|p| DVec2::from_array(*p)))
    else {
        return Ok(Vec::new());
    };
    Ok(match draft.kind {
        MarkKind::Length => vec![measure::length(a, p, q).text()],
        MarkKind::Rectangle | MarkKind::Ellipse => {
            let [width, height] = measure::sides(a, p, q);
            let mut lines = vec![format!("{} × {}", width.number(), height.text())];
            let outline = if draft.kind == MarkKind::Ellipse {
                Outline::Ellipse
            } else {
                Outline::Rectangle
            };
            let unit = a.unit.symbol();
            match measure::region(&frame, outline, p, q) {
                Some(s) => {
                    lines.push(
                        format!(
                            "mean {:.1} ± {:.1} {unit}, {:.0} to {:.0}, n {}",
                            s.mean, s.sd, s.min, s.max, s.count
                        )
                        .replace(" ,", ","),
                    );
                    if let Some((kind, f)) = a.suv.as_ref().and_then(|suv| suv.first()) {
                        lines.push(format!(
                            "SUV{} mean {:.2} ± {:.2}, max {:.2}",
                            kind.word(),
                            s.mean * f,
                            s.sd * f,
                            s.max * f
                        ));
                    }
                }
                None if a.photometric.is_monochrome() => lines.push("no pixel inside".to_owned()),
                None => {}
            }
            lines
        }
        MarkKind::Arrow | MarkKind::Text => Vec::new(),
    })
}

/// The operation `save_mark`.
pub(crate) fn save(desk: &Desk, draft: &MarkDraft) -> Outcome<Mark> {
    let set = desk.set(&draft.display_set)?;
    let no_frame = || {
        failure(
            "desk.no_such_frame",
            "This image is not in the series any more.",
            "",
        )
    };
    let frame = set.frames.get(draft.frame as usize).ok_or_else(no_frame)?;
    let at = desk.clock.now();
    let id = if draft.id.is_empty() {
        format!(
            "mark-{}",
            short_hash(&format!("{at}{}{:?}", set.id, draft.points))
        )
    } else {
        draft.id.clone()
    };
    let plane = frame.plane();
    let kept = Kept {
        id,
        case: set.id.clone(),
        sop_instance_uid: frame.header.sop_uid.clone(),
        frame_number: frame.frame,
        kind: kind(draft.kind),
        points: draft.points.clone(),
        // Points use the corner convention, planes the centre convention: half a pixel apart.
        patient_points: plane.map_or_else(Vec::new, |plane| {
            draft
                .points
                .iter()
                .map(|p| plane.to_patient(DVec2::from_array(*p) - 0.5).to_array())
                .collect()
        }),
        text: draft.text.clone(),
        measured: measure(desk, draft)?,
        at,
        reader: settings(desk).reader,
    };
    let [rows, columns] = frame.size();
    kept.check(columns, rows).map_err(|error| {
        let text = error.to_string();
        let (message, hint) = text.split_once("; ").unwrap_or((&text, ""));
        failure("mark.refused", format!("{message}."), hint.to_owned())
    })?;
    desk.store()?.save_mark(&kept)?;
    let set: Arc<Images> = set;
    to_wire(&set, kept).ok_or_else(no_frame)
}

pub(crate) fn delete(desk: &Desk, arguments: &MarkRef) -> Outcome<()> {
    let who = settings(desk).reader;
    let gone = desk
        .store()?
        .delete_mark(&arguments.id, &who, &desk.clock.now())?;
    if gone {
        Ok(())
    } else {
        Err(failure("mark.unknown", "This mark is not there any more.", ""))
    }
}

pub(crate) fn undo(desk: &Desk, arguments: &DisplaySetRef) -> Outcome<Vec<Mark>> {
    let who = settings(desk).reader;
    desk.store()?
        .undo_mark(&arguments.display_set, &desk.since, &who, &desk.clock.now())?;
    marks(desk, arguments)
}
