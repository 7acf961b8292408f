//! Marks and filed disagreements.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::app::Handle;
use crate::wire::viewing::VoiChoice;

/// Kind of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum MarkKind {
    /// Points: tail, head.
    Arrow,
    /// Points: two opposite corners.
    Rectangle,
    /// Points: two opposite corners of the bounding box, axes along rows and columns.
    Ellipse,
    /// Points: two ends.
    Length,
    /// Points: anchor.
    Text,
}

/// A mark as drawn. Points are image coordinates (column, row), (0,0) the outer corner of the first pixel.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MarkDraft {
    /// Id to change an old mark, or empty for a new one.
    pub id: String,
    /// Display set.
    pub display_set: String,
    /// Frame, from 0.
    pub frame: u32,
    /// Kind.
    pub kind: MarkKind,
    /// (column, row) px.
    pub points: Vec<[f64; 2]>,
    /// Text of a text mark, or a note.
    pub text: String,
}

/// A kept mark with what the desk measured.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Mark {
    /// In the store.
    pub id: String,
    /// Display set.
    pub display_set: String,
    /// Frame, from 0.
    pub frame: u32,
    /// Kind.
    pub kind: MarkKind,
    /// (column, row) px.
    pub points: Vec<[f64; 2]>,
    /// Text.
    pub text: String,
    /// Lines to print beside it: `21.4 × 17.0 mm`, `mean 31 HU ± 6`; computed in Rust, with unit and class.
    pub measured: Vec<String>,
    /// RFC 3339: on disk since.
    pub saved_at: String,
}

/// Names a mark (`delete_mark`, `undo_mark`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct MarkRef {
    /// In the store.
    pub id: String,
}

/// How a picture stood on the screen.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ViewState {
    /// Frame, from 0.
    pub frame: u32,
    /// SOP Instance UID of the frame: what counts when the series grew or moved.
    pub sop_instance_uid: String,
    /// Frame number, from 1.
    pub frame_number: u32,
    /// Window or table; `None` for colour.
    pub voi: Option<VoiChoice>,
    /// Screen px per image px (CSS px, square pixels).
    pub zoom: f64,
    /// Image point (column, row) at the middle of the viewport.
    pub center: [f64; 2],
    /// Degrees clockwise: 0, 90, 180, 270.
    pub rotation: u32,
    /// Mirrored left to right before rotation.
    pub flipped: bool,
    /// User's inversion.
    pub inverted: bool,
}

/// A disagreement to file (`file_review`); with an `id` a new version of an old one.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReviewDraft {
    /// Empty for a new one.
    pub id: String,
    /// Display set.
    pub display_set: String,
    /// Reading reviewed, or empty.
    pub reading: String,
    /// Scale, `radpeer-2016`.
    pub scale: String,
    /// Score, e.g. `2b`; empty when not scored.
    pub score: String,
    /// Error class ids.
    pub classes: Vec<String>,
    /// Comment.
    pub comment: String,
    /// Marks that belong to it.
    pub marks: Vec<String>,
    /// Where to come back to.
    pub view: ViewState,
    /// `open` or `closed`.
    pub state: String,
}

/// A filed disagreement.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Review {
    /// In the store.
    pub id: String,
    /// RFC 3339.
    pub filed_at: String,
    /// Who.
    pub reader: String,
    /// What was filed.
    pub draft: ReviewDraft,
    /// Marks as they were.
    pub marks: Vec<Mark>,
    /// Line for the list: study and series description and date, no patient name.
    pub title: String,
    /// Model's answer, truth's label, own answer; empty when none.
    pub answers: [String; 3],
    /// Version, from 1.
    pub version: u32,
    /// Folder to open when the display set is not on the desk; `None` when its folder is not known.
    pub folder: Option<Handle>,
    /// True when the display set is on the desk now.
    pub here: bool,
}

/// A choice with its meaning (`review_vocabulary`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Choice {
    /// Kept.
    pub id: String,
    /// Shown.
    pub name: String,
    /// One sentence.
    pub meaning: String,
    /// Group, for error classes: `reader` or `model`.
    pub group: String,
}

/// What may be chosen in a review.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReviewVocabulary {
    /// RADPEER 2016 scores.
    pub scores: Vec<Choice>,
    /// Error classes.
    pub classes: Vec<Choice>,
}

/// Format of an export (`export_reviews`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ExportFormat {
    /// RFC 4180.
    Csv,
    /// One JSON array.
    Json,
}

/// Write the review list to a place (`export_reviews`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportReviews {
    /// Format.
    pub format: ExportFormat,
    /// From `pick`; `None` keeps it in the home's exports folder.
    pub target: Option<Handle>,
}

/// A finished export.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Exported {
    /// Where, for people.
    pub place: String,
    /// Rows.
    pub rows: u32,
}
