//! A geometry on an image.
//!
//! Points are image coordinates (column, row): (0,0) is the outer corner of the first pixel, centres lie at .5
//! (PS3.3 C.18.6.1.2); patient coordinates stand beside them when the image has a plane.

use serde::{Deserialize, Serialize};

/// Kind of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Tail, head.
    Arrow,
    /// Two opposite corners.
    Rectangle,
    /// Two opposite corners of the bounding box.
    Ellipse,
    /// Two ends.
    Length,
    /// Anchor.
    Text,
}

/// A mark as drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Id.
    pub id: String,
    /// Case (display set) it lies in.
    pub case: String,
    /// SOP Instance UID of the image.
    pub sop_instance_uid: String,
    /// Frame number, from 1.
    pub frame_number: u32,
    /// Kind.
    pub kind: MarkKind,
    /// (column, row), px.
    pub points: Vec<[f64; 2]>,
    /// The same in the patient, mm, LPS; empty without a plane.
    pub patient_points: Vec<[f64; 3]>,
    /// Text, or a note.
    pub text: String,
    /// What was measured, as printed.
    pub measured: Vec<String>,
    /// RFC 3339.
    pub at: String,
    /// Who drew it.
    pub reader: String,
}

/// A mark that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// Wrong number of points.
    #[error("this mark needs {needed} points and has {found}; draw it again")]
    Points {
        /// Needed.
        needed: usize,
        /// Found.
        found: usize,
    },
    /// Not a number, or far outside.
    #[error("a point of this mark lies nowhere near the image; draw it again")]
    Outside,
    /// A text mark without text.
    #[error("a text mark needs a text; type one, or take the mark away")]
    NoText,
}

impl MarkKind {
    /// Points it has.
    pub fn points(self) -> usize {
        if self == Self::Text { 1 } else { 2 }
    }
}

impl Mark {
    /// Checks a mark for an image of that size.
    ///
    /// # Errors
    /// [`MarkError`].
    pub fn check(&self, columns: u32, rows: u32) -> Result<(), MarkError> {
        if self.points.len() != self.kind.points() {
            return Err(MarkError::Points {
                needed: self.kind.points(),
                found: self.points.len(),
            });
        }
        let reach = f64::from(columns.max(rows)) * 2.0;
        if self
            .points
            .iter()
            .flatten()
            .any(|v| !v.is_finite() || v.abs() > reach)
        {
            return Err(MarkError::Outside);
        }
        if self.kind == MarkKind::Text && self.text.trim().is_empty() {
            return Err(MarkError::NoText);
        }
        Ok(())
    }
}
