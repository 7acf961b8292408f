//! A filed disagreement.

use serde::{Deserialize, Serialize};

use crate::classes::error_class;
use crate::mark::{Mark, MarkError, is_uid};
use crate::radpeer::{Score, UnknownScore};
use crate::time::is_rfc3339;

/// Longest comment, in characters.
const LONGEST_COMMENT: usize = 20_000;
/// Most marks of one review.
const MOST_MARKS: usize = 1000;

/// The reading that is disagreed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingRef {
    /// Id of the reading in the store.
    pub id: String,
    /// Name of the reader: a model's name and the start of its weights hash, say.
    pub reader: String,
    /// Its answer as it stood.
    pub answer: String,
}

/// The truth it was held against, as it stood when the review was filed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthRef {
    /// Labels; usually one.
    pub labels: Vec<String>,
    /// Where it comes from, e.g. `biopsy`.
    pub source: String,
    /// Version of the truth, from 1.
    pub version: u32,
}

/// A mark as it stood when the review was filed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Id of the mark in the store.
    pub id: String,
    /// Version of the mark, from 1.
    pub version: u32,
    /// The mark.
    pub mark: Mark,
}

/// VOI LUT Function (PS3.3 C.11.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowFunction {
    /// LINEAR.
    Linear,
    /// LINEAR_EXACT.
    LinearExact,
    /// SIGMOID.
    Sigmoid,
}

/// What the values were shown by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Window {
    /// A window in modality values.
    Window {
        /// Centre.
        center: f64,
        /// Width.
        width: f64,
        /// Function.
        function: WindowFunction,
        /// Its explanation or preset name; may be empty.
        explanation: String,
    },
    /// An item of the file's VOI LUT Sequence.
    Table {
        /// From 1.
        item: u32,
        /// Its explanation; may be empty.
        explanation: String,
    },
}

/// How the picture stood on the screen, so that one can come back to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewState {
    /// Display set as it was named; a hint, since sets may be grouped anew when a series grows.
    pub display_set: String,
    /// SOP Instance UID of the image shown: what counts.
    pub sop_instance_uid: String,
    /// Frame number, from 1.
    pub frame_number: u32,
    /// What the values were shown by; `None` for colour.
    pub window: Option<Window>,
    /// Screen px per image px.
    pub zoom: f64,
    /// Image point (column, row), px, in the middle of the viewport.
    pub center: [f64; 2],
    /// Degrees clockwise: 0, 90, 180, 270.
    pub rotation: u32,
    /// Mirrored left to right before the rotation.
    pub flipped: bool,
    /// The user's inversion.
    pub inverted: bool,
}

/// Where a review stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// To be looked at.
    Open,
    /// Done.
    Closed,
}

impl ReviewState {
    /// `open` or `closed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// One version of a filed disagreement. Nothing in it names a patient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// The same through all versions.
    pub id: String,
    /// From 1; a change is a new version, the old one stays.
    pub version: u32,
    /// RFC 3339: when this version was filed.
    pub at: String,
    /// Who filed it, as the desk's settings name them.
    pub reviewer: String,
    /// Study Instance UID (0020,000D).
    pub study_instance_uid: String,
    /// Series Instance UID (0020,000E).
    pub series_instance_uid: String,
    /// The reading reviewed, if it is about one.
    pub reading: Option<ReadingRef>,
    /// The truth, if there was one.
    pub truth: Option<TruthRef>,
    /// The reviewer's own answer, if one was committed.
    pub own_answer: Option<String>,
    /// Marks that belong to it, as they stood.
    pub marks: Vec<Finding>,
    /// Score on its scale; `None` when not scored.
    pub score: Option<Score>,
    /// Error class ids, each once.
    pub classes: Vec<String>,
    /// Free text.
    pub comment: String,
    /// Where to come back to.
    pub view: ViewState,
    /// Where it stands.
    pub state: ReviewState,
}

/// Why a review cannot be filed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReviewError {
    /// No id.
    #[error("the review has no id; this is a fault of the program, please report it")]
    NoId,
    /// Versions count from 1.
    #[error("the review has version 0; this is a fault of the program, please report it")]
    VersionZero,
    /// Not a time.
    #[error("“{0}” is no time; this is a fault of the program, please report it")]
    Time(String),
    /// A UID that is none.
    #[error("this {what} has no usable UID, so the review could not be found again; repair the file first")]
    NoUid {
        /// `study`, `series` or `image`.
        what: &'static str,
    },
    /// Nothing is said.
    #[error("the review says nothing yet; give a score, an error class, a comment or a mark")]
    Empty,
    /// A score that does not exist.
    #[error(transparent)]
    Score(#[from] UnknownScore),
    /// An error class that does not exist.
    #[error("“{0}” is no error class; choose one of the list")]
    Class(String),
    /// The same class twice.
    #[error("the error class “{0}” is named twice; name it once")]
    ClassTwice(String),
    /// A mark that cannot be kept.
    #[error("mark {index} cannot be kept: {error}")]
    Mark {
        /// From 1.
        index: usize,
        /// Why.
        error: MarkError,
    },
    /// Too many marks.
    #[error("the review has {0} marks; 1000 is the most")]
    TooManyMarks(usize),
    /// Too much text.
    #[error("the comment has {0} characters; 20,000 is the most, so shorten it")]
    CommentTooLong(usize),
    /// A view that cannot be gone back to.
    #[error("the view cannot be kept ({0}); reset the view and file again")]
    View(&'static str),
}

impl Review {
    /// Says whether the review can be filed.
    ///
    /// # Errors
    /// [`ReviewError`], the first slip found.
    pub fn check(&self) -> Result<(), ReviewError> {
        if self.id.trim().is_empty() {
            return Err(ReviewError::NoId);
        }
        if self.version == 0 {
            return Err(ReviewError::VersionZero);
        }
        if !is_rfc3339(&self.at) {
            return Err(ReviewError::Time(self.at.clone()));
        }
        let uids = [
            ("study", &self.study_instance_uid),
            ("series", &self.series_instance_uid),
            ("image", &self.view.sop_instance_uid),
        ];
        if let Some((what, _)) = uids.into_iter().find(|(_, uid)| !is_uid(uid)) {
            return Err(ReviewError::NoUid { what });
        }
        if let Some(score) = &self.score {
            score.meaning()?;
        }
        for (i, class) in self.classes.iter().enumerate() {
            if error_class(class).is_none() {
                return Err(ReviewError::Class(class.clone()));
            }
            if self.classes[..i].contains(class) {
                return Err(ReviewError::ClassTwice(class.clone()));
            }
        }
        if self.marks.len() > MOST_MARKS {
            return Err(ReviewError::TooManyMarks(self.marks.len()));
        }
        for (i, finding) in self.marks.iter().enumerate() {
            finding
                .mark
                .check()
                .map_err(|error| ReviewError::Mark { index: i + 1, error })?;
        }
        let characters = self.comment.chars().count();
        if characters > LONGEST_COMMENT {
            return Err(ReviewError::CommentTooLong(characters));
        }
        let silent = self.comment.trim().is_empty() && self.classes.is_empty() && self.marks.is_empty();
        if silent && self.score.is_none() {
            return Err(ReviewError::Empty);
        }
        self.view.check()
    }

    /// True when the score goes to internal arbitration before it is submitted.
    pub fn needs_arbitration(&self) -> bool {
        self.score
            .as_ref()
            .and_then(|s| s.meaning().ok())
            .is_some_and(|m| m.arbitration)
    }
}

impl ViewState {
    fn check(&self) -> Result<(), ReviewError> {
        if self.frame_number == 0 {
            return Err(ReviewError::View("frames count from 1"));
        }
        if !(self.zoom.is_finite() && self.zoom > 0.0) {
            return Err(ReviewError::View("its zoom is no number above 0"));
        }
        if !self.center.iter().all(|v| v.is_finite()) {
            return Err(ReviewError::View("its middle is no point"));
        }
        if !matches!(self.rotation, 0 | 90 | 180 | 270) {
            return Err(ReviewError::View(
                "its rotation is none of 0, 90, 180, 270 degrees",
            ));
        }
        match &self.window {
            Some(Window::Window { center, width, .. })
                if !(center.is_finite() && width.is_finite() && *width > 0.0) =>
            {
                Err(ReviewError::View("its window has no width"))
            }
            Some(Window::Table { item: 0, .. }) => Err(ReviewError::View("tables count from 1")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::tests::arrow;

    fn review() -> Review {
        Review {
            id: "r1".to_owned(),
            version: 1,
            at: "2026-11-21T09:30:00Z".to_owned(),
            reviewer: "reader 1".to_owned(),
            study_instance_uid: "1.2.3".to_owned(),
            series_instance_uid: "1.2.3.4".to_owned(),
            reading: Some(ReadingRef {
                id: "a".into(),
                reader: "m".into(),
                answer: "normal".into(),
            }),
            truth: Some(TruthRef {
                labels: vec!["nodule".into()],
                source: "biopsy".into(),
                version: 1,
            }),
            own_answer: Some("nodule".to_owned()),
            marks: vec![Finding {
                id: "m1".to_owned(),
                version: 1,
                mark: arrow(),
            }],
            score: Some(Score::radpeer_2016("2b")),
            classes: vec!["perception".to_owned(), "wrong-side".to_owned()],
            comment: "missed".to_owned(),
            view: ViewState {
                display_set: "d".to_owned(),
                sop_instance_uid: "1.2.3.4.5".to_owned(),
                frame_number: 3,
                window: Some(Window::Window {
                    center: -600.0,
                    width: 1500.0,
                    function: WindowFunction::Linear,
                    explanation: "lung".to_owned(),
                }),
                zoom: 1.25,
                center: [256.0, 200.5],
                rotation: 90,
                flipped: false,
                inverted: true,
            },
            state: ReviewState::Open,
        }
    }

    #[test]
    fn a_sound_review_is_filed_and_comes_back_the_same() {
        let review = review();
        assert_eq!(review.check(), Ok(()));
        assert!(review.needs_arbitration());
        let json = serde_json::to_string(&review).unwrap();
        assert_eq!(serde_json::from_str::<Review>(&json).unwrap(), review);
    }

    #[test]
    fn every_slip_is_refused_with_a_sentence() {
        type Slip = (fn(&mut Review), &'static str);
        let slips: [Slip; 16] = [
            (|r| r.id.clear(), "no id"),
            (|r| r.version = 0, "version 0"),
            (|r| r.at = "yesterday".into(), "“yesterday” is no time"),
            (|r| r.series_instance_uid.clear(), "this series has no usable UID"),
            (
                |r| r.view.sop_instance_uid = "x".into(),
                "this image has no usable UID",
            ),
            (
                |r| r.score = Some(Score::radpeer_2016("4")),
                "choose one of 1, 2a, 2b, 3a, 3b",
            ),
            (|r| r.classes.push("blame".into()), "“blame” is no error class"),
            (|r| r.classes.push("perception".into()), "named twice"),
            (|r| r.marks[0].mark.points.clear(), "mark 1 cannot be kept"),
            (|r| r.marks = vec![r.marks[0].clone(); 1001], "1001 marks"),
            (|r| r.comment = "x".repeat(20_001), "20001 characters"),
            (|r| r.view.zoom = 0.0, "zoom"),
            (|r| r.view.rotation = 45, "rotation"),
            (|r| r.view.center[0] = f64::INFINITY, "middle"),
            (
                |r| {
                    r.view.window = Some(Window::Table {
                        item: 0,
                        explanation: String::new(),
                    });
                },
                "tables count from 1",
            ),
            (
                |r| {
                    r.comment = " ".into();
                    r.classes.clear();
                    r.marks.clear();
                    r.score = None;
                },
                "says nothing yet",
            ),
        ];
        for (slip, part) in slips {
            let mut review = review();
            slip(&mut review);
            let sentence = review.check().unwrap_err().to_string();
            assert!(sentence.contains(part), "{sentence}");
        }
    }
}
