//! What lies in a path, for the command line: every file with what it is, every display set with its geometry.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use overread_dicom::objects::ObjectHeader;
use overread_dicom::scan::{self, Found};
use overread_dicom::{DisplaySet, Index};
use serde_json::{Value, json};

use crate::desk::lock;
use crate::{Cancel, Outcome};

/// `overread index`: files and display sets as the command line prints them.
///
/// # Errors
/// When a path is not there.
pub fn index(paths: &[PathBuf], cancel: &Cancel) -> Outcome<Value> {
    let files = Mutex::new(Vec::<Value>::new());
    let media = Mutex::new(Vec::<Value>::new());
    let index = Mutex::new(Index::default());
    let objects = Mutex::new(Vec::<Value>::new());
    let take = |event| match event {
        scan::ScanEvent::File(file) => {
            let mut row = json!({
                "path": file.path.to_string_lossy(), "status": "", "reason": null, "sop_class": null,
                "modality": null, "transfer_syntax": null, "summary": null,
            });
            if let Some(also) = &file.also {
                row["kind"] = json!(also.kind.word());
                lock(&objects).push(object(&file.path, also));
            }
            match file.found {
                Found::Image(header) => {
                    row["status"] = json!("image");
                    row["sop_class"] = json!(header.sop_class);
                    row["modality"] = json!(header.modality);
                    row["transfer_syntax"] = json!(header.syntax.uid);
                    let l = &header.layout;
                    row["summary"] = json!(format!(
                        "{} x {}, {} frames, {}",
                        l.columns, l.rows, l.frames, header.syntax.name
                    ));
                    if !lock(&index).add(*header) {
                        row["reason"] = json!("a further copy of an instance that is here already");
                    }
                }
                Found::Object(header) => {
                    row["status"] = json!("object");
                    row["reason"] = json!("it holds no image");
                    row["sop_class"] = json!(header.sop_class);
                    row["modality"] = json!(header.modality);
                    row["transfer_syntax"] = json!(header.transfer_syntax);
                    row["summary"] = json!(header.summary);
                    row["kind"] = json!(header.kind.word());
                    lock(&objects).push(object(&file.path, &header));
                }
                Found::Unreadable(error) => {
                    row["status"] = json!("unreadable");
                    row["reason"] = json!(error.to_string());
                }
                Found::NotDicom(reason) => {
                    row["status"] = json!("not_dicom");
                    row["reason"] = json!(reason);
                }
            }
            lock(&files).push(row);
        }
        scan::ScanEvent::Folder(path, reason) => {
            lock(&files)
                .push(json!({"path": path.to_string_lossy(), "status": "unreadable", "reason": reason}));
        }
        scan::ScanEvent::Medium(medium) => lock(&media).push(json!({
            "path": medium.path.to_string_lossy(), "patients": medium.patients, "studies": medium.studies,
            "series": medium.series, "instances": medium.instances, "missing": medium.missing,
            "refused": medium.refused, "damage": medium.damage, "trouble": medium.trouble(),
        })),
        scan::ScanEvent::Listed(_) => {}
    };
    let summary = scan::scan(paths, &take, cancel.flag())?;
    let mut files = files
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    files.sort_by(|a, b| a["path"].as_str().cmp(&b["path"].as_str()));
    let mut objects = objects
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    objects.sort_by(|a, b| a["path"].as_str().cmp(&b["path"].as_str()));
    let sets: Vec<Value> = lock(&index).display_sets(None).iter().map(describe).collect();
    let media = media
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(json!({
        "files": files,
        "display_sets": sets,
        "objects": objects,
        "media": media,
        "skipped": {
            "empty": summary.empty, "companions": summary.companions, "special": summary.special,
            "zip_entries": summary.refused,
        },
    }))
}

/// An object as the command line prints it.
pub(crate) fn object(path: &Path, header: &ObjectHeader) -> Value {
    json!({
        "path": path.to_string_lossy(),
        "kind": header.kind.word(),
        "summary": header.summary,
        "label": header.label,
        "modality": header.modality,
        "sop_class": header.sop_class,
        "sop_instance_uid": header.sop_uid,
        "series_uid": header.series_uid,
        "study_uid": header.study_uid,
        "frame_of_reference": header.frames_of_reference,
        "references": header.references,
    })
}

fn describe(set: &DisplaySet) -> Value {
    let first = set.first();
    let a = first.header.attributes(first.frame);
    let spacing = a.map(|a| a.spacing);
    let arrangement = set.arrangement.as_ref();
    let files: Vec<String> = set
        .frames
        .iter()
        .map(|f| {
            let path = f.header.path.to_string_lossy();
            // The slices of a mosaic are its frames 2 and on.
            if f.header.layout.frames > 1 || f.frame > 1 {
                format!("{path}#{}", f.frame)
            } else {
                path.into_owned()
            }
        })
        .collect();
    json!({
        "id": set.id,
        "study": set.study_uid,
        "series": set.series_uid,
        "modality": set.modality,
        "description": set.description,
        "files": files,
        "rows": a.map(|a| a.rows),
        "columns": a.map(|a| a.columns),
        "pixel_spacing_mm": spacing.and_then(|s| s.mm),
        "spacing_kind": spacing.map_or("none", |s| s.kind.word()),
        "suv": a.and_then(|a| a.suv.as_deref()).map(|suv| json!({
            "factors": suv.factors.iter().map(|(kind, factor)| (kind.word(), *factor)).collect::<std::collections::BTreeMap<_, _>>(),
            "reason": suv.reason,
            "inputs": suv.inputs,
        })),
        "slice_spacing_mm": arrangement.and_then(|a| a.spacing),
        "orientation": a.and_then(|a| a.plane).map(|p| {
            let (r, c) = (p.row_direction, p.column_direction);
            [r.x, r.y, r.z, c.x, c.y, c.z]
        }),
        "positions": set.frames.iter().map(|f| f.plane().map(|p| p.position.to_array())).collect::<Option<Vec<_>>>(),
        "volume": set.is_volume(),
        "tilt_deg": arrangement.map_or(0.0, |a| a.tilt),
        "shear_per_mm": arrangement.map_or([0.0; 2], |a| a.shear),
        "gaps": arrangement.map_or_else(Vec::new, |a| {
            a.gaps.iter().map(|g| json!({"after": g.after, "missing": g.missing})).collect()
        }),
        "warnings": set.warnings,
    })
}
