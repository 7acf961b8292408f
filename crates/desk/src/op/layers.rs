//! Segmentations and structure sets over a series: which fit, and their shapes on a frame.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use overread_dicom::file::DicomFile;
use overread_dicom::objects::rtstruct::{self, Shape, StructureSet};
use overread_dicom::objects::seg::{self, Coding, Segmentation};
use overread_dicom::objects::{ImageFrame, Kind, mask};
use overread_dicom::{DicomError, DisplaySet};
use overread_imaging::outline::outlines;

use crate::Outcome;
use crate::code::failure;
use crate::desk::{Desk, OpenObject, lock};
use crate::op::blind;
use crate::op::case::is_hidden;
use crate::wire::objects::{Layer, LayerPart, LayerShape, LayerSlice, LayerSliceRequest, ShapeForm};
use crate::wire::viewing::DisplaySetRef;

/// Layers kept open: what a person compares at a time.
const MOST_OPEN: usize = 6;
/// Half a slice where neither spacing nor thickness is known, mm.
const HALF_UNKNOWN: f64 = 0.5;

/// A layer's file, read.
#[derive(Debug)]
pub(crate) struct OpenLayer {
    id: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// The file is read at one place at a time.
    Segments(Box<(Segmentation, Mutex<DicomFile>)>),
    Structures(StructureSet),
}

/// True for what can be laid over a series.
pub(crate) fn is_layer(kind: Kind) -> bool {
    matches!(kind, Kind::Segmentation | Kind::StructureSet)
}

/// The operation `layers`.
pub(crate) fn layers(desk: &Desk, arguments: &DisplaySetRef) -> Outcome<Vec<Layer>> {
    let set = desk.set(&arguments.display_set)?;
    if is_hidden(desk, &set.id) {
        return Ok(Vec::new());
    }
    let objects: Vec<Arc<OpenObject>> = lock(&desk.opened).objects.values().cloned().collect();
    let mut found: Vec<Layer> = objects
        .iter()
        .filter(|o| is_layer(o.header.kind) && !blind::withholds(desk, o))
        .filter_map(|object| {
            Some(Layer {
                named: Fit::of(object).over(&set)?,
                object: object.id.clone(),
                kind: object.header.kind.name().to_owned(),
                label: object.header.label.clone(),
                summary: object.header.summary.clone(),
            })
        })
        .collect();
    found.sort_by_key(|l| (!l.named, l.label.clone(), l.object.clone()));
    Ok(found)
}

/// What an object can be laid over.
pub(crate) struct Fit<'a> {
    object: &'a OpenObject,
    named: HashSet<&'a str>,
}

impl<'a> Fit<'a> {
    pub(crate) fn of(object: &'a OpenObject) -> Self {
        let named = object.header.references.iter().map(String::as_str).collect();
        Self { object, named }
    }

    /// True when the object names images of a display set, false when it only lies in the same frame of reference,
    /// `None` when neither. Its own frames are no series below it.
    pub(crate) fn over(&self, set: &DisplaySet) -> Option<bool> {
        if set.frames.iter().any(|f| f.header.path == self.object.path) {
            return None;
        }
        if set
            .frames
            .iter()
            .any(|f| self.named.contains(f.header.sop_uid.as_str()))
        {
            return Some(true);
        }
        let places = &self.object.header.frames_of_reference;
        let same_place = set.frames.iter().any(|f| {
            let own = f.header.frame_of_reference.as_ref();
            f.plane().is_some() && own.is_some_and(|own| places.contains(own))
        });
        same_place.then_some(false)
    }
}

/// The object of that id.
///
/// # Errors
/// When it is not open any more.
pub(crate) fn object_of(desk: &Desk, id: &str) -> Outcome<Arc<OpenObject>> {
    lock(&desk.opened).objects.get(id).cloned().ok_or_else(|| {
        failure(
            "desk.unknown_object",
            "This object is not open.",
            "Open its folder again.",
        )
    })
}

/// A layer, read once and kept.
pub(crate) fn open(desk: &Desk, object: &OpenObject) -> Outcome<Arc<OpenLayer>> {
    let known = |all: &[Arc<OpenLayer>]| all.iter().find(|l| l.id == object.id).cloned();
    if let Some(found) = known(&lock(&desk.layers)) {
        return Ok(found);
    }
    let file = DicomFile::open(&object.path)?;
    let content = match object.header.kind {
        Kind::Segmentation => {
            let seg = seg::read(&object.path, &file)?;
            Content::Segments(Box::new((seg, Mutex::new(file))))
        }
        Kind::StructureSet => Content::Structures(rtstruct::read(&file)?),
        other => {
            return Err(DicomError::UnsupportedObject {
                kind: other.name(),
                wanted: "segmentation or structure set",
            }
            .into());
        }
    };
    let layer = Arc::new(OpenLayer {
        id: object.id.clone(),
        content,
    });
    let mut kept = lock(&desk.layers);
    if let Some(found) = known(&kept) {
        return Ok(found);
    }
    if kept.len() >= MOST_OPEN {
        kept.remove(0);
    }
    kept.push(Arc::clone(&layer));
    Ok(layer)
}

impl OpenLayer {
    /// Segments or regions.
    pub(crate) fn parts(&self) -> Vec<LayerPart> {
        let joined = |parts: &[&str]| {
            let said: Vec<&str> = parts.iter().copied().filter(|p| !p.is_empty()).collect();
            said.join(", ")
        };
        match &self.content {
            Content::Segments(content) => content
                .0
                .segments
                .iter()
                .map(|s| {
                    let property = s.property.as_ref().map(ToString::to_string).unwrap_or_default();
                    let property = if property == s.label {
                        String::new()
                    } else {
                        property
                    };
                    LayerPart {
                        part: u32::from(s.number),
                        name: s.label.clone(),
                        meaning: joined(&[&property, &s.algorithm.to_lowercase()]),
                        colour: s.colour,
                    }
                })
                .collect(),
            Content::Structures(set) => (0_u32..)
                .zip(&set.rois)
                .map(|(part, roi)| LayerPart {
                    part,
                    name: roi.name.clone(),
                    meaning: joined(&[&roi.interpreted_type, &roi.algorithm.to_lowercase()]),
                    colour: roi.colour,
                })
                .collect(),
        }
    }

    /// What a reader should know of how it is drawn.
    pub(crate) fn note(&self) -> String {
        match &self.content {
            Content::Segments(content) => match content.0.coding {
                Coding::Fractional { probability, .. } => format!(
                    "Stored as {}; drawn from half of the maximum on.",
                    if probability {
                        "probabilities"
                    } else {
                        "shares of a pixel"
                    }
                ),
                Coding::Binary | Coding::LabelMap => String::new(),
            },
            Content::Structures(set) => match set.unreadable {
                0 => String::new(),
                1 => "1 contour is unreadable and left out.".to_owned(),
                n => format!("{n} contours are unreadable and left out."),
            },
        }
    }
}

/// Half the way to the next other slice against the plane's normal and along it, else half the slice's thickness, mm.
fn reach(set: &DisplaySet, index: usize) -> [f64; 2] {
    let place = |i: usize| set.frames.get(i).and_then(|f| f.plane()).map(|p| p.distance());
    let Some(own) = place(index) else {
        return [HALF_UNKNOWN; 2];
    };
    let thickness = set.frames[index].header.thickness.filter(|t| *t > 0.0);
    // A gap in the series is no thicker slice: what lies in it lies on no slice.
    let known = |near: Option<f64>| match (near, thickness) {
        (Some(near), Some(thickness)) if near > 3.0 * thickness => Some(thickness / 2.0),
        (near, _) => near.map(|mm| mm / 2.0),
    };
    // Repeated slices at one place are no neighbours.
    let others = || (0..set.frames.len()).filter_map(place).map(|other| other - own);
    let above = known(others().filter(|d| *d > 0.01).reduce(f64::min));
    let below = known(others().filter(|d| *d < -0.01).map(f64::abs).reduce(f64::min));
    // The first and the last slice reach as far outwards as inwards.
    let else_known = thickness.map_or(HALF_UNKNOWN, |mm| mm / 2.0);
    [below.or(above), above.or(below)].map(|mm| mm.unwrap_or(else_known))
}

/// The operation `layer_slice`.
pub(crate) fn slice(desk: &Desk, arguments: &LayerSliceRequest) -> Outcome<LayerSlice> {
    let set = desk.set(&arguments.display_set)?;
    if is_hidden(desk, &set.id) {
        return Ok(LayerSlice { shapes: Vec::new() });
    }
    let object = object_of(desk, &arguments.object)?;
    blind::refuse(desk, &object)?;
    let index = arguments.frame as usize;
    let frame = set.frames.get(index).ok_or_else(|| {
        let message = format!(
            "There is no slice {}: the series has {}.",
            index + 1,
            set.frames.len()
        );
        failure("desk.no_such_frame", message, "")
    })?;
    let layout = &frame.header.layout;
    let image = ImageFrame {
        sop_uid: &frame.header.sop_uid,
        frame: frame.frame,
        frame_of_reference: frame.header.frame_of_reference.as_deref(),
        plane: frame.plane(),
        rows: layout.rows,
        columns: layout.columns,
        reach_mm: reach(&set, index),
    };
    let layer = open(desk, &object)?;
    let shapes = match &layer.content {
        Content::Segments(content) => {
            let (seg, file) = &**content;
            let masks = mask::masks(&lock(file), seg, &image)?;
            masks
                .into_iter()
                .map(|m| LayerShape {
                    part: u32::from(m.segment),
                    form: ShapeForm::Area,
                    lines: outlines(&m.cells, layout.columns as usize, layout.rows as usize)
                        .into_iter()
                        .map(|line| line.into_iter().flatten().map(f64::from).collect())
                        .collect(),
                })
                .collect()
        }
        Content::Structures(structures) => contours(structures, &image, &set),
    };
    Ok(LayerSlice { shapes })
}

/// Contours of a frame, those of one region and form together. Pixel centres are integers in the file's geometry and
/// lie at .5 on the page.
fn contours(structures: &StructureSet, image: &ImageFrame<'_>, set: &DisplaySet) -> Vec<LayerShape> {
    let mut shapes: Vec<LayerShape> = Vec::new();
    let mut shown = HashMap::new();
    for frame in &set.frames {
        *shown.entry(frame.header.sop_uid.as_str()).or_insert(0) += 1;
    }
    for placed in structures.on(image, &shown) {
        let part = u32::try_from(placed.roi).unwrap_or(u32::MAX);
        let form = match placed.shape {
            Shape::Closed | Shape::ClosedXor => ShapeForm::Closed,
            Shape::Open => ShapeForm::Open,
            Shape::Point => ShapeForm::Points,
        };
        // A hundredth of a pixel is finer than any screen shows.
        let rounded = |v: f64| ((v + 0.5) * 100.0).round() / 100.0;
        let line: Vec<f64> = placed
            .points
            .iter()
            .flat_map(|p| [rounded(p.x), rounded(p.y)])
            .collect();
        match shapes.iter_mut().find(|s| s.part == part && s.form == form) {
            Some(shape) => shape.lines.push(line),
            None => shapes.push(LayerShape {
                part,
                form,
                lines: vec![line],
            }),
        }
    }
    shapes
}
