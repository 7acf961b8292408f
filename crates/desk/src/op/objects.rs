//! Objects beside the images: what they hold, for the page and for the command line; copies of documents.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use overread_dicom::DisplaySet;
use overread_dicom::file::DicomFile;
use overread_dicom::header;
use overread_dicom::objects::reference::InstanceReference;
use overread_dicom::objects::region::{self, Stroke};
use overread_dicom::objects::sr::{Item, ItemValue, Report};
use overread_dicom::objects::{Kind, ObjectHeader, document, rtstruct, seg, sr, sr_text};
use serde_json::{Value, json};

use crate::code::{failure, io};
use crate::desk::{Desk, OpenObject, lock};
use crate::op::app::settings;
use crate::op::blind;
use crate::op::index;
use crate::op::layers::{self, Fit, is_layer, object_of};
use crate::wire::objects::{
    LayerShape, ObjectDetail, ObjectOpens, ObjectRef, ReportRow, ReportTarget, ReportView, RowForm, ShapeForm,
};
use crate::wire::review::Exported;
use crate::{Outcome, Resource};

/// What a page can do with a kind of object.
pub(crate) fn opens(kind: Kind) -> ObjectOpens {
    match kind {
        Kind::Report | Kind::KeyObjects => ObjectOpens::Report,
        Kind::Document => ObjectOpens::Document,
        kind if is_layer(kind) => ObjectOpens::Layer,
        _ => ObjectOpens::Nothing,
    }
}

/// The operation `object`.
pub(crate) fn object(desk: &Desk, arguments: &ObjectRef) -> Outcome<ObjectDetail> {
    let object = object_of(desk, &arguments.object)?;
    blind::refuse(desk, &object)?;
    let header = &object.header;
    let opens = opens(header.kind);
    let mut sets: Vec<Arc<DisplaySet>> = lock(&desk.opened).sets.values().cloned().collect();
    sets.retain(|set| !blind::withholds_set(desk, set));
    let mut detail = ObjectDetail {
        id: object.id.clone(),
        kind: header.kind.name().to_owned(),
        label: header.label.clone(),
        summary: header.summary.clone(),
        opens,
        report: None,
        parts: Vec::new(),
        fits: Vec::new(),
        note: String::new(),
    };
    match opens {
        ObjectOpens::Report => {
            let file = DicomFile::open(&object.path)?;
            let report = sr::read(&file)?;
            let mut shown = view(&report, &Places::of(&sets));
            tell_whose(desk, &object, &file, &sets, &mut shown);
            detail.report = Some(shown);
        }
        ObjectOpens::Layer => {
            let layer = layers::open(desk, &object)?;
            detail.parts = layer.parts();
            detail.note = layer.note();
            let fit = Fit::of(&object);
            let mut found: Vec<(bool, String)> = sets
                .iter()
                .filter_map(|set| Some((!fit.over(set)?, set.id.clone())))
                .collect();
            found.sort();
            detail.fits = found.into_iter().map(|(_, id)| id).collect();
        }
        ObjectOpens::Document | ObjectOpens::Nothing => {}
    }
    Ok(detail)
}

/// Whom and which study a report is of, and what is open of them.
fn tell_whose(
    desk: &Desk,
    object: &OpenObject,
    file: &DicomFile,
    sets: &[Arc<DisplaySet>],
    shown: &mut ReportView,
) {
    let own = header::patient(&file.dataset);
    let ids = |of: &dyn Fn(&DisplaySet) -> bool| -> Vec<String> {
        sets.iter()
            .filter(|set| of(set))
            .map(|set| set.id.clone())
            .collect()
    };
    shown.of_study = ids(&|set| set.study_uid == object.header.study_uid);
    // Equal numbers with unlike names are no proof of one patient.
    shown.of_patient = ids(&|set| {
        let patient = &set.first().header.patient;
        patient.id == own.id && patient.name == own.name
    });
    shown.study_date = header::study_date(&file.dataset);
    if !settings(desk).hide_identity {
        let parts = [own.name.as_str(), own.id.as_str()];
        let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        shown.patient = said.join(" · ");
    }
}

/// Where the instances of open display sets are to be seen.
struct Places<'a> {
    by_uid: HashMap<&'a str, Vec<(usize, usize)>>,
    sets: &'a [Arc<DisplaySet>],
}

impl<'a> Places<'a> {
    fn of(sets: &'a [Arc<DisplaySet>]) -> Self {
        let mut by_uid: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
        for (s, set) in sets.iter().enumerate() {
            for (i, frame) in set.frames.iter().enumerate() {
                by_uid
                    .entry(frame.header.sop_uid.as_str())
                    .or_default()
                    .push((s, i));
            }
        }
        Self { by_uid, sets }
    }

    fn target(&self, reference: &InstanceReference) -> ReportTarget {
        let frame_number = reference.frames.first().copied().unwrap_or(1);
        let mut target = ReportTarget {
            sop_instance_uid: reference.sop_instance.clone(),
            frame_number,
            display_set: String::new(),
            frame: 0,
            label: String::new(),
        };
        let all = self.by_uid.get(reference.sop_instance.as_str());
        let here = all.into_iter().flatten().find_map(|(s, i)| {
            let set = &self.sets[*s];
            let frame = &set.frames[*i];
            (reference.frames.is_empty() || frame.frame == frame_number).then_some((set, *i))
        });
        if let Some((set, index)) = here {
            target.display_set = set.id.clone();
            target.frame = u32::try_from(index).unwrap_or(u32::MAX);
            let name = [set.modality.as_str(), set.description.as_str()].join(" ");
            target.label = format!("{} · slice {}", name.trim(), index + 1);
        }
        target
    }
}

fn view(report: &Report, places: &Places<'_>) -> ReportView {
    ReportView {
        title: report.title.clone(),
        is_key_objects: report.is_key_objects,
        patient: String::new(),
        study_date: String::new(),
        of_patient: Vec::new(),
        of_study: Vec::new(),
        completion: report.completion.to_lowercase(),
        verification: report.verification.to_lowercase(),
        preliminary: report.preliminary.to_lowercase(),
        verifiers: report.verifiers.clone(),
        authors: report.authors.clone(),
        written: report.content_time.clone(),
        rows: report
            .items
            .iter()
            .map(|item| row(report, item, places))
            .collect(),
        is_cut: report.is_cut,
    }
}

fn row(report: &Report, item: &Item, places: &Places<'_>) -> ReportRow {
    let (form, named) = match &item.value {
        ItemValue::Heading => (RowForm::Heading, None),
        ItemValue::Number { .. } => (RowForm::Number, None),
        ItemValue::Instance(reference) => (RowForm::Image, Some(reference)),
        ItemValue::Region { on, .. } => (RowForm::Image, on.as_ref()),
        _ => (RowForm::Text, None),
    };
    ReportRow {
        form,
        depth: item.depth,
        relationship: sr_text::relationship(item).unwrap_or_default(),
        name: item.name.clone(),
        value: match &item.value {
            // The image that it lies on is the row's target.
            ItemValue::Region { graphic, .. } => graphic.to_lowercase(),
            _ => sr_text::value(report, item),
        },
        target: named.map(|reference| places.target(reference)),
        region: match &item.value {
            ItemValue::Region { graphic, points, .. } => shape(graphic, points),
            _ => None,
        },
    }
}

fn shape(graphic: &str, points: &[f64]) -> Option<LayerShape> {
    let (stroke, line) = region::line(graphic, points)?;
    Some(LayerShape {
        part: 0,
        form: match stroke {
            Stroke::Closed => ShapeForm::Closed,
            Stroke::Open => ShapeForm::Open,
            Stroke::Points => ShapeForm::Points,
        },
        lines: vec![line],
    })
}

/// The document of an object.
fn document_of(desk: &Desk, id: &str) -> Outcome<document::Document> {
    let object = object_of(desk, id)?;
    blind::refuse(desk, &object)?;
    Ok(document::read(&DicomFile::open(&object.path)?)?)
}

/// The resource `document/…`. Nothing but PDF is named by its type: the page opens no markup from a file.
pub(crate) fn document_bytes(desk: &Desk, id: &str) -> Outcome<Resource> {
    let document = document_of(desk, id)?;
    Ok(Resource {
        content_type: if document.extension == "pdf" {
            "application/pdf"
        } else {
            "application/octet-stream"
        },
        bytes: document.bytes,
    })
}

/// The operation `save_document`: a copy below the desk's own folder, named by the object and not by its title, which
/// may name the patient.
pub(crate) fn save_document(desk: &Desk, arguments: &ObjectRef) -> Outcome<Exported> {
    let document = document_of(desk, &arguments.object)?;
    let folder = desk.home.join("exports");
    std::fs::create_dir_all(&folder).map_err(|error| io(&folder.display().to_string(), &error))?;
    let name: String = arguments
        .object
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let path = folder.join(format!(
        "{}.{}",
        name.replace("object-", "document-"),
        document.extension
    ));
    overread_store::write::atomic(&path, &document.bytes)
        .map_err(|error| io(&path.display().to_string(), &error))?;
    Ok(Exported {
        place: path.display().to_string(),
        rows: 1,
    })
}

/// What `overread object` prints.
#[derive(Clone, Debug)]
pub struct Described {
    /// For machines.
    pub json: Value,
    /// For people.
    pub text: String,
}

/// `overread object`: a file's report, segments, regions or line.
///
/// # Errors
/// When the file cannot be read, or is an image and nothing else.
pub fn describe(path: &Path) -> Outcome<Described> {
    if !path.exists() {
        return Err(failure(
            "file.not_found",
            format!("{} is not there.", path.display()),
            "Check the path.",
        ));
    }
    let file = DicomFile::open(path)?;
    let header = ObjectHeader::read(&file);
    if header.kind == Kind::Other && file.pixels.is_some() {
        return Err(failure(
            "dicom.an_image",
            "This is an image and no other object.",
            "Ask `overread index` or `overread pixels` about it.",
        ));
    }
    let mut value = index::object(path, &header);
    let mut text = format!("{}\n", header.summary);
    match header.kind {
        Kind::Report | Kind::KeyObjects => {
            let report = sr::read(&file)?;
            value["report"] = report_json(&report);
            text.push('\n');
            text.push_str(&sr_text::lines(&report));
        }
        Kind::Segmentation => {
            let seg = seg::read(path, &file)?;
            value["coding"] = json!(seg.coding.word());
            value["segments"] = seg.segments.iter().map(|s| segment_json(&seg, s)).collect();
            for s in &seg.segments {
                let frames = seg.frames.iter().filter(|f| f.segment == Some(s.number)).count();
                text.push_str(&format!("{:>5}  {}  {}", s.number, hex(s.colour), s.label));
                if frames > 0 {
                    text.push_str(&format!("  ({frames} frame{})", plural(frames)));
                }
                text.push('\n');
            }
        }
        Kind::StructureSet => {
            let set = rtstruct::read(&file)?;
            value["unreadable_contours"] = json!(set.unreadable);
            value["rois"] = set.rois.iter().map(roi_json).collect();
            for roi in &set.rois {
                let kind = roi.interpreted_type.to_lowercase();
                let n = roi.contours.len();
                text.push_str(&format!(
                    "{:>5}  {}  {}  {kind}  ({n} contour{})\n",
                    roi.number,
                    hex(roi.colour),
                    roi.name,
                    plural(n)
                ));
            }
        }
        Kind::Document => {
            let document = document::read(&file)?;
            value["document"] =
                json!({"title": document.title, "mime": document.mime, "bytes": document.bytes.len()});
        }
        _ => {}
    }
    Ok(Described { json: value, text })
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn hex(colour: [u8; 3]) -> String {
    format!("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2])
}

fn segment_json(seg: &seg::Segmentation, s: &seg::Segment) -> Value {
    let code = |c: &Option<overread_dicom::objects::code::Code>| {
        c.as_ref()
            .map(|c| json!({"value": c.value, "scheme": c.scheme, "meaning": c.meaning}))
    };
    // Frame numbers, from 1.
    let frames: Vec<usize> = seg
        .frames
        .iter()
        .enumerate()
        .filter(|(_, f)| f.segment == Some(s.number))
        .map(|(i, _)| i + 1)
        .collect();
    json!({
        "number": s.number, "label": s.label, "description": s.description, "category": code(&s.category),
        "type": code(&s.property), "algorithm": s.algorithm, "colour": hex(s.colour),
        "colour_given": s.colour_given, "frames": frames,
    })
}

fn roi_json(roi: &rtstruct::Roi) -> Value {
    let contours: Vec<Value> = roi
        .contours
        .iter()
        .map(|c| {
            json!({
                "shape": match c.shape {
                    rtstruct::Shape::Closed => "closed",
                    rtstruct::Shape::ClosedXor => "closed_xor",
                    rtstruct::Shape::Open => "open",
                    rtstruct::Shape::Point => "point",
                },
                "points_mm": c.points.iter().map(|p| p.to_array()).collect::<Vec<_>>(),
                "images": c.images.iter().map(|i| i.sop_instance.clone()).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "number": roi.number, "name": roi.name, "interpreted_type": roi.interpreted_type,
        "algorithm": roi.algorithm, "colour": hex(roi.colour),
        "frame_of_reference": roi.frame_of_reference, "contours": contours,
    })
}

fn report_json(report: &Report) -> Value {
    let reference = |r: &InstanceReference| json!({"sop_class": r.sop_class, "sop_instance_uid": r.sop_instance, "frames": r.frames, "segments": r.segments});
    let items: Vec<Value> = report
        .items
        .iter()
        .map(|item| {
            let mut row = json!({
                "depth": item.depth, "relationship": item.relationship, "name": item.name,
                "text": sr_text::value(report, item),
            });
            match &item.value {
                ItemValue::Heading => row["type"] = json!("container"),
                ItemValue::Text(_) => row["type"] = json!("text"),
                ItemValue::Code(c) => {
                    row["type"] = json!("code");
                    row["code"] = json!({"value": c.value, "scheme": c.scheme, "meaning": c.meaning});
                }
                ItemValue::Number {
                    value,
                    unit,
                    qualifier,
                } => {
                    row["type"] = json!("number");
                    row["value"] = json!(value);
                    row["unit"] = json!(unit);
                    row["qualifier"] = json!(qualifier);
                }
                ItemValue::Instance(r) => {
                    row["type"] = json!("instance");
                    row["reference"] = reference(r);
                }
                ItemValue::Region { graphic, points, on } => {
                    row["type"] = json!("region");
                    row["graphic"] = json!(graphic);
                    row["points_px"] = json!(points);
                    row["reference"] = json!(on.as_ref().map(reference));
                }
                ItemValue::Region3d {
                    graphic,
                    points,
                    frame_of_reference,
                } => {
                    row["type"] = json!("region_3d");
                    row["graphic"] = json!(graphic);
                    row["points_mm"] = json!(points);
                    row["frame_of_reference"] = json!(frame_of_reference);
                }
                ItemValue::Times(_) => row["type"] = json!("times"),
                ItemValue::Link(to) => {
                    row["type"] = json!("link");
                    row["item"] = json!(to);
                }
                ItemValue::Nothing => row["type"] = json!("empty"),
            }
            row
        })
        .collect();
    json!({
        "title": report.title, "completion": report.completion, "verification": report.verification,
        "preliminary": report.preliminary, "verifiers": report.verifiers, "authors": report.authors,
        "written": report.content_time, "items": items, "cut": report.is_cut,
    })
}
