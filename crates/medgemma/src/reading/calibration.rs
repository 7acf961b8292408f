//! Calibration files: a temperature or a Platt scaling that was fitted on a user's own cases, for one model and one
//! question.

use serde::{Deserialize, Serialize};

use crate::error::{EngineError, Result};

/// The format that is read and written.
pub const FORMAT: &str = "overread-calibration/1";

/// Below so many cases the interval is what counts, not the number.
pub const FEW_CASES: u64 = 100;

/// How scores become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scale {
    /// softmax(score / t), one t for all labels.
    Temperature {
        /// Above 0.
        t: f64,
    },
    /// sigmoid(a * log-odds + b), for yes/no.
    Platt {
        /// Slope.
        a: f64,
        /// Offset.
        b: f64,
    },
}

/// A calibration file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// [`FORMAT`].
    pub format: String,
    /// How scores become probabilities.
    #[serde(flatten)]
    pub scale: Scale,
    /// Cases it was fitted on.
    pub n: u64,
    /// 95 % interval of `t` (of `a`, for Platt), where it could be found.
    #[serde(default)]
    pub interval: Option<[f64; 2]>,
    /// The cases in words, or the hash of their list.
    pub fitted_on: String,
    /// SHA-256 over the weights.
    pub weights_sha256: String,
    /// SHA-256 of the adapter; absent for none.
    #[serde(default)]
    pub adapter_sha256: Option<String>,
    /// [`crate::Question::fingerprint`].
    pub question_sha256: String,
    /// RFC 3339.
    pub created: String,
}

/// What was done with a calibration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibrated {
    /// None was given: uncalibrated.
    #[default]
    None,
    /// A temperature given by hand.
    ByHand {
        /// The temperature.
        t: f64,
    },
    /// Used.
    Used {
        /// Cases it was fitted on.
        n: u64,
        /// The cases in words.
        fitted_on: String,
        /// True when they were fewer than [`FEW_CASES`].
        few: bool,
    },
    /// Given and not used: the probabilities are uncalibrated.
    NotUsed {
        /// Why, as a sentence.
        reason: String,
    },
}

/// What a calibration must have been fitted on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fits<'a> {
    pub(crate) weights_sha256: &'a str,
    pub(crate) adapter_sha256: Option<&'a str>,
    pub(crate) question_sha256: &'a str,
    pub(crate) yes_no: bool,
}

impl Calibration {
    /// Reads a calibration file's text.
    ///
    /// # Errors
    /// [`EngineError::BadFile`] that names `file`.
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let bad = |reason: String| EngineError::BadFile {
            file: file.to_owned(),
            reason,
        };
        let found: Self = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        if found.format != FORMAT {
            return Err(bad(format!("it is {} and this reads {FORMAT}", found.format)));
        }
        let sound = match found.scale {
            Scale::Temperature { t } => t.is_finite() && t > 0.0,
            Scale::Platt { a, b } => a.is_finite() && b.is_finite(),
        };
        if !sound {
            return Err(bad("its numbers are no temperature".to_owned()));
        }
        Ok(found)
    }

    /// Why it must not be used here; `None` when it may.
    pub(crate) fn objection(&self, here: Fits<'_>) -> Option<String> {
        if self.weights_sha256 != here.weights_sha256 {
            return Some("It was fitted on another model.".to_owned());
        }
        if self.adapter_sha256.as_deref() != here.adapter_sha256 {
            return Some("It was fitted with another adapter.".to_owned());
        }
        if self.question_sha256 != here.question_sha256 {
            return Some("It was fitted on another question, other labels or another scoring.".to_owned());
        }
        if matches!(self.scale, Scale::Platt { .. }) && !here.yes_no {
            return Some("Platt scaling is for yes and no; this question has a list of labels.".to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> String {
        r#"{"format":"overread-calibration/1","kind":"temperature","t":2.5,"n":40,"fitted_on":"40 chest CTs",
            "weights_sha256":"aa","question_sha256":"bb","created":"2026-01-01T00:00:00Z"}"#
            .to_owned()
    }

    fn here<'a>(weights: &'a str, question: &'a str) -> Fits<'a> {
        Fits {
            weights_sha256: weights,
            adapter_sha256: None,
            question_sha256: question,
            yes_no: false,
        }
    }

    #[test]
    fn only_the_same_model_and_question_are_calibrated() {
        let read = Calibration::read("c.json", &file()).expect("reads");
        assert_eq!(read.scale, Scale::Temperature { t: 2.5 });
        assert_eq!(read.objection(here("aa", "bb")), None);
        assert!(
            read.objection(here("ab", "bb"))
                .expect("refused")
                .contains("model")
        );
        assert!(
            read.objection(here("aa", "bc"))
                .expect("refused")
                .contains("question")
        );
        let again = Calibration::read("c.json", &serde_json::to_string(&read).expect("JSON")).expect("reads");
        assert_eq!(again, read);
    }

    #[test]
    fn broken_files_are_refused() {
        for text in [
            "{}",
            "[]",
            &file().replace("2.5", "0"),
            &file().replace("2.5", "-1"),
            &file().replace("2.5", "1e999"),
            &file().replace("calibration/1", "calibration/9"),
        ] {
            assert!(Calibration::read("c.json", text).is_err(), "{text}");
        }
    }
}
