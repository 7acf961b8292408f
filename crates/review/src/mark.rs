//! Marks on an image.

use serde::{Deserialize, Serialize};

/// Longest text of a mark, in characters.
const LONGEST_TEXT: usize = 2000;
/// Furthest a point may lie from the image's corner, px: far outside any image, near enough to keep sums exact.
const FURTHEST: f64 = 1e6;

/// Kind of a mark; each says what its points mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Tail, head.
    Arrow,
    /// Two opposite corners.
    Rectangle,
    /// Two opposite corners of the bounding box, axes along rows and columns.
    Ellipse,
    /// Two ends.
    Length,
    /// One anchor.
    Text,
}

impl MarkKind {
    /// How many points it has.
    pub fn points(self) -> usize {
        if self == Self::Text { 1 } else { 2 }
    }

    /// `arrow`, `rectangle`, `ellipse`, `length`, `text`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Arrow => "arrow",
            Self::Rectangle => "rectangle",
            Self::Ellipse => "ellipse",
            Self::Length => "length",
            Self::Text => "text",
        }
    }
}

/// A mark on one frame of one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// SOP Instance UID (0008,0018) of the image: what finds it again when files move.
    pub sop_instance_uid: String,
    /// Frame number, from 1.
    pub frame_number: u32,
    /// Kind.
    pub kind: MarkKind,
    /// (column, row) in px; (0,0) is the outer corner of the first pixel, as SCOORD has it (PS3.3 C.18.6).
    pub points: Vec<[f64; 2]>,
    /// The same points in patient coordinates, mm, LPS, when the image's plane is known; as many as `points`.
    pub patient_mm: Option<Vec<[f64; 3]>>,
    /// Text of a text mark, or a note.
    pub text: String,
}

/// Why a mark cannot be kept.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MarkError {
    /// Without a UID it could never be found again.
    #[error(
        "this image has no usable SOP Instance UID, so a mark on it could not be found again; repair the file first"
    )]
    NoUid,
    /// Frames count from 1.
    #[error("the mark names frame 0; frames count from 1")]
    FrameZero,
    /// Wrong number of points.
    #[error("a mark of kind {kind} has {wanted} points, but {given} came; draw it again")]
    Points {
        /// Kind.
        kind: &'static str,
        /// Points it has.
        wanted: usize,
        /// Points given.
        given: usize,
    },
    /// Not a number, or far outside of any image.
    #[error("a point of the mark lies nowhere near the image; draw it again")]
    OutOfReach,
    /// Both ends in one place.
    #[error("the mark has no size; drag from one end to the other")]
    NoSize,
    /// Too much text.
    #[error("the mark's text has {0} characters; 2000 is the most")]
    TextTooLong(usize),
    /// A text mark without text.
    #[error("the text mark is empty; type its text")]
    NoText,
}

/// True for a UID as PS3.5 section 9.1 has it: digits and dots, at most 64 characters. Leading zeros of a component
/// are let through, for files that have them.
pub(crate) fn is_uid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

impl Mark {
    /// Says whether the mark can be kept.
    ///
    /// # Errors
    /// [`MarkError`].
    pub fn check(&self) -> Result<(), MarkError> {
        if !is_uid(&self.sop_instance_uid) {
            return Err(MarkError::NoUid);
        }
        if self.frame_number == 0 {
            return Err(MarkError::FrameZero);
        }
        let wanted = self.kind.points();
        let given = match &self.patient_mm {
            Some(mm) if self.points.len() == wanted => mm.len(),
            _ => self.points.len(),
        };
        if given != wanted {
            return Err(MarkError::Points {
                kind: self.kind.word(),
                wanted,
                given,
            });
        }
        let numbers = self
            .points
            .iter()
            .flatten()
            .chain(self.patient_mm.iter().flatten().flatten());
        if numbers.into_iter().any(|v| !v.is_finite() || v.abs() > FURTHEST) {
            return Err(MarkError::OutOfReach);
        }
        let [first, .., last] = self.points.as_slice() else {
            return self.check_text();
        };
        let (dx, dy) = ((last[0] - first[0]).abs(), (last[1] - first[1]).abs());
        let flat = match self.kind {
            MarkKind::Rectangle | MarkKind::Ellipse => dx == 0.0 || dy == 0.0,
            _ => dx == 0.0 && dy == 0.0,
        };
        if flat {
            return Err(MarkError::NoSize);
        }
        self.check_text()
    }

    fn check_text(&self) -> Result<(), MarkError> {
        let characters = self.text.chars().count();
        if characters > LONGEST_TEXT {
            return Err(MarkError::TextTooLong(characters));
        }
        if self.kind == MarkKind::Text && self.text.trim().is_empty() {
            return Err(MarkError::NoText);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn arrow() -> Mark {
        Mark {
            sop_instance_uid: "1.2.826.0.1.5".to_owned(),
            frame_number: 1,
            kind: MarkKind::Arrow,
            points: vec![[0.0, 0.0], [12.5, 7.25]],
            patient_mm: Some(vec![[-100.0, -90.5, 12.0], [-93.75, -86.875, 12.0]]),
            text: String::new(),
        }
    }

    #[test]
    fn a_sound_mark_is_kept_whole() {
        let mark = arrow();
        assert_eq!(mark.check(), Ok(()));
        let json = serde_json::to_string(&mark).unwrap();
        assert!(json.contains("\"kind\":\"arrow\""), "{json}");
        assert_eq!(serde_json::from_str::<Mark>(&json).unwrap(), mark);
    }

    #[test]
    fn every_slip_has_its_sentence() {
        type Slip = (fn(&mut Mark), MarkError);
        let slips: [Slip; 9] = [
            (|m| m.sop_instance_uid.clear(), MarkError::NoUid),
            (|m| m.sop_instance_uid = "1.2..3".into(), MarkError::NoUid),
            (|m| m.frame_number = 0, MarkError::FrameZero),
            (
                |m| m.points.truncate(1),
                MarkError::Points {
                    kind: "arrow",
                    wanted: 2,
                    given: 1,
                },
            ),
            (
                |m| m.patient_mm = Some(vec![]),
                MarkError::Points {
                    kind: "arrow",
                    wanted: 2,
                    given: 0,
                },
            ),
            (|m| m.points[0][0] = f64::NAN, MarkError::OutOfReach),
            (|m| m.points[1] = m.points[0], MarkError::NoSize),
            (|m| m.text = "x".repeat(2001), MarkError::TextTooLong(2001)),
            (
                |m| {
                    m.kind = MarkKind::Text;
                    m.points.truncate(1);
                    m.patient_mm = None;
                },
                MarkError::NoText,
            ),
        ];
        for (slip, error) in slips {
            let mut mark = arrow();
            slip(&mut mark);
            assert_eq!(mark.check(), Err(error));
        }
        let mut flat = arrow();
        flat.kind = MarkKind::Ellipse;
        flat.points[1][1] = 0.0;
        assert_eq!(flat.check(), Err(MarkError::NoSize));
    }
}
