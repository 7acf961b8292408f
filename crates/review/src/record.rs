//! A filed disagreement: reading, truth, marks, score, classes, comment, and where to come back to.

use serde::{Deserialize, Serialize};

use crate::mark::Mark;
use crate::{classes, radpeer};

/// How the picture stood on the screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// SOP Instance UID.
    pub sop_instance_uid: String,
    /// Frame number, from 1.
    pub frame_number: u32,
    /// The rest of the page's view (window, zoom, centre, turn), as the page gave it.
    pub presentation: serde_json::Value,
}

/// One version of a review; versions are appended, never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Id, the same for all versions.
    pub id: String,
    /// From 1.
    pub version: u32,
    /// Case (display set).
    pub case: String,
    /// Reading reviewed; empty when none.
    pub reading: String,
    /// Study Instance UID.
    pub study_uid: String,
    /// Series Instance UID.
    pub series_uid: String,
    /// Line for the list, without the patient's name.
    pub title: String,
    /// Folder the case lay in.
    pub folder: String,
    /// Model's answer, truth, own answer, as they were.
    pub answers: [String; 3],
    /// Scale id.
    pub scale: String,
    /// Score; empty when not scored.
    pub score: String,
    /// Error class ids.
    pub classes: Vec<String>,
    /// Comment.
    pub comment: String,
    /// Ids of marks.
    pub marks: Vec<String>,
    /// The marks as they were when it was filed.
    #[serde(default)]
    pub marks_as_filed: Vec<Mark>,
    /// Where to come back to.
    pub view: View,
    /// `open` or `closed`.
    pub state: String,
    /// RFC 3339.
    pub at: String,
    /// Who filed it.
    pub reader: String,
}

/// A review that cannot be filed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Unknown score.
    #[error("{score} is no score of {scale}; choose 1, 2a, 2b, 3a or 3b")]
    Score {
        /// Score.
        score: String,
        /// Scale.
        scale: String,
    },
    /// Unknown class.
    #[error("there is no error class {0}; choose one of the list")]
    Class(String),
    /// Nothing said.
    #[error("there is nothing to file yet; give a score, an error class, a comment or a mark")]
    Empty,
    /// Unknown state.
    #[error("a review is open or closed, not {0}; choose one of the two")]
    State(String),
    /// 2b, 3a and 3b ask for a comment.
    #[error("a score of {0} needs a comment; say in a sentence what differs")]
    NeedsComment(String),
}

impl Review {
    /// Checks what can be checked without a store.
    ///
    /// # Errors
    /// [`ReviewError`].
    pub fn check(&self) -> Result<(), ReviewError> {
        if !self.score.is_empty() && !radpeer::is_score(&self.scale, &self.score) {
            return Err(ReviewError::Score {
                score: self.score.clone(),
                scale: self.scale.clone(),
            });
        }
        if let Some(class) = self.classes.iter().find(|c| !classes::is_class(c)) {
            return Err(ReviewError::Class(class.clone()));
        }
        if !matches!(self.state.as_str(), "open" | "closed") {
            return Err(ReviewError::State(self.state.clone()));
        }
        let said = !self.comment.trim().is_empty();
        if self.score.is_empty() && self.classes.is_empty() && !said && self.marks.is_empty() {
            return Err(ReviewError::Empty);
        }
        if matches!(self.score.as_str(), "2b" | "3a" | "3b") && !said {
            return Err(ReviewError::NeedsComment(self.score.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review() -> Review {
        Review {
            id: "r".into(),
            version: 1,
            case: "c".into(),
            reading: String::new(),
            study_uid: String::new(),
            series_uid: String::new(),
            title: String::new(),
            folder: String::new(),
            answers: Default::default(),
            scale: radpeer::SCALE.into(),
            score: "2a".into(),
            classes: vec!["perception".into()],
            comment: String::new(),
            marks: Vec::new(),
            marks_as_filed: Vec::new(),
            view: View {
                sop_instance_uid: String::new(),
                frame_number: 1,
                presentation: serde_json::Value::Null,
            },
            state: "open".into(),
            at: String::new(),
            reader: String::new(),
        }
    }

    #[test]
    fn significant_scores_need_a_comment() {
        assert_eq!(review().check(), Ok(()));
        assert_eq!(
            Review {
                score: "3b".into(),
                ..review()
            }
            .check(),
            Err(ReviewError::NeedsComment("3b".into()))
        );
        assert!(matches!(
            Review {
                score: "4".into(),
                ..review()
            }
            .check(),
            Err(ReviewError::Score { .. })
        ));
        assert!(matches!(
            Review {
                classes: vec!["x".into()],
                ..review()
            }
            .check(),
            Err(ReviewError::Class(_))
        ));
        let empty = Review {
            score: String::new(),
            classes: Vec::new(),
            ..review()
        };
        assert_eq!(empty.check(), Err(ReviewError::Empty));
    }
}
