//! What lies in a path, for the command line: every file with what it is, every display set with its geometry.

use std::path::PathBuf;
use std::sync::Mutex;

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
    let index = Mutex::new(Index::default());
    let take = |event| match event {
        scan::ScanEvent::File(file) => {
            let mut row = json!({
                "path": file.path.to_string_lossy(), "status": "", "reason": null, "sop_class": null,
                "modality": null, "transfer_syntax": null, "summary": null,
            });
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
                Found::Object(object) => {
                    row["status"] = json!("object");
                    row["reason"] = json!("it holds no image");
                    row["sop_class"] = json!(object.sop_class);
                    row["modality"] = json!(object.modality);
                    row["transfer_syntax"] = json!(object.transfer_syntax);
                    row["summary"] = json!(object.summary);
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
        scan::ScanEvent::Listed(_) => {}
    };
    scan::scan(paths, &take, cancel.flag())?;
    let mut files = files
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    files.sort_by(|a, b| a["path"].as_str().cmp(&b["path"].as_str()));
    let sets: Vec<Value> = lock(&index).display_sets(None).iter().map(describe).collect();
    Ok(json!({"files": files, "display_sets": sets}))
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
            if f.header.layout.frames > 1 {
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
        "rows": first.header.layout.rows,
        "columns": first.header.layout.columns,
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
