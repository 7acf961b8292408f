//! Objects beside the images: reports, key objects, documents, and what can be laid over a series.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names an object (`object`, `save_document`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ObjectRef {
    /// From its line.
    pub object: String,
}

/// What a page can do with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ObjectOpens {
    /// Read it: a report or a key object selection.
    Report,
    /// Lay it over a series: a segmentation or a structure set.
    Layer,
    /// Keep a copy of the document in it.
    Document,
    /// Nothing but read its line.
    Nothing,
}

/// Everything about an object but bytes and outlines.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ObjectDetail {
    /// Opaque.
    pub id: String,
    /// `structured report` …
    pub kind: String,
    /// What its maker called it; may be empty.
    pub label: String,
    /// One line.
    pub summary: String,
    /// What can be done with it.
    pub opens: ObjectOpens,
    /// The report in it.
    pub report: Option<ReportView>,
    /// Segments or regions of interest of a layer.
    pub parts: Vec<LayerPart>,
    /// Open display sets that it can be laid over, those that it names first.
    pub fits: Vec<String>,
    /// What a reader of the layer should know, e.g. how fractions are drawn; may be empty.
    pub note: String,
}

/// A structured report or key object selection.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReportView {
    /// Its title.
    pub title: String,
    /// A key object selection: what matters is which images.
    pub is_key_objects: bool,
    /// Whom it is of, from its own file; empty when hidden or absent.
    pub patient: String,
    /// `2024-03-12`, from its own file; may be empty.
    pub study_date: String,
    /// Open display sets of the same patient.
    pub of_patient: Vec<String>,
    /// Open display sets of the same study.
    pub of_study: Vec<String>,
    /// `complete`, `partial`, or empty.
    pub completion: String,
    /// `verified`, `unverified`, or empty where the object has no such flag.
    pub verification: String,
    /// `preliminary`, `final`, or empty.
    pub preliminary: String,
    /// Names, with organisation and time.
    pub verifiers: Vec<String>,
    /// Names.
    pub authors: Vec<String>,
    /// When it was written; may be empty.
    pub written: String,
    /// Content items in reading order.
    pub rows: Vec<ReportRow>,
    /// There are more items than are shown.
    pub is_cut: bool,
}

/// How a row is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum RowForm {
    /// A heading over what follows one deeper.
    Heading,
    /// Words.
    Text,
    /// A number with its unit.
    Number,
    /// An image, or a region on one.
    Image,
}

/// A content item.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReportRow {
    /// How it is set.
    pub form: RowForm,
    /// From 0.
    pub depth: u16,
    /// How it belongs to the item above, e.g. `inferred from`; empty for what is plainly contained.
    pub relationship: String,
    /// Concept name; may be empty.
    pub name: String,
    /// For people.
    pub value: String,
    /// Where it is to be seen.
    pub target: Option<ReportTarget>,
    /// The region on that image; its part means nothing.
    pub region: Option<LayerShape>,
}

/// An instance that a report names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReportTarget {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Frame number, from 1.
    pub frame_number: u32,
    /// The open display set that shows it; empty when none does.
    pub display_set: String,
    /// Its place in the display set, from 0.
    pub frame: u32,
    /// For people: series and slice; empty when it is not open.
    pub label: String,
}

/// What can be laid over a display set (`layers`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Layer {
    /// The object.
    pub object: String,
    /// `segmentation`, `radiotherapy structure set`.
    pub kind: String,
    /// What its maker called it; may be empty.
    pub label: String,
    /// One line.
    pub summary: String,
    /// It names images of this display set; else it only lies in the same frame of reference.
    pub named: bool,
}

/// A segment or a region of interest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LayerPart {
    /// Its key in shapes: the segment number, or the place in the list of regions.
    pub part: u32,
    /// Segment label or ROI name.
    pub name: String,
    /// What it is, who made it: property type, interpreted type, algorithm; may be empty.
    pub meaning: String,
    /// sRGB.
    pub colour: [u8; 3],
}

/// Asks for the shapes of a layer on a frame (`layer_slice`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LayerSliceRequest {
    /// The object.
    pub object: String,
    /// The display set below.
    pub display_set: String,
    /// Frame, from 0.
    pub frame: u32,
}

/// The shapes of a layer on a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LayerSlice {
    /// In the order to draw them.
    pub shapes: Vec<LayerShape>,
}

/// How the points of a shape are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ShapeForm {
    /// Closed and filled by the even-odd rule: a segment.
    Area,
    /// Closed, not filled.
    Closed,
    /// Not closed.
    Open,
    /// Points by themselves.
    Points,
}

/// Lines of one part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LayerShape {
    /// See [`LayerPart`].
    pub part: u32,
    /// How points are joined.
    pub form: ShapeForm,
    /// Each line flat: column, row, column, row … Image coordinates: (0,0) is the outer corner of the first pixel,
    /// centres lie at .5 (PS3.3 C.18.6.1.2).
    pub lines: Vec<Vec<f64>>,
}
