//! Calibration files: a temperature, Platt scaling or isotonic regression that was fitted on a user's own cases, for one
//! model and one question.

use serde::{Deserialize, Serialize};

use crate::error::{EngineError, Result};
use crate::question::{Question, Task};
pub use crate::reading::scale::Scale;

/// The format that is read and written.
pub const FORMAT: &str = "overread-calibration/1";

/// Below so many cases the interval is what counts, not the number.
pub const FEW_CASES: u64 = 100;

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
    /// What it was fitted on in detail, where an evaluation fitted it.
    #[serde(flatten)]
    pub fit: FitOf,
}

/// What a calibration was fitted on. Files from before evaluations have none of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FitOf {
    /// Patients among the cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patients: Option<u64>,
    /// The split whose cases were used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// SHA-256 of the case set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_set_sha256: Option<String>,
    /// SHA-256 of the reader's settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings_sha256: Option<String>,
    /// Mean log loss on these cases before and after, nats. It flatters: they are the cases it was fitted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<[f64; 2]>,
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
        if !found.scale.is_sound() {
            return Err(bad("its numbers make no calibration".to_owned()));
        }
        Ok(found)
    }

    /// True when it was fitted on these weights (SHA-256) and this question, adapter and scoring included.
    pub fn fits(&self, weights_sha256: &str, question: &Question) -> bool {
        let question_sha256 = question.fingerprint();
        let here = Fits {
            weights_sha256,
            adapter_sha256: question.adapter().map(|adapter| adapter.sha256.as_str()),
            question_sha256: &question_sha256,
            yes_no: matches!(question.task, Task::YesNo(_)),
        };
        self.objection(here).is_none()
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
        if matches!(self.scale, Scale::Platt { .. } | Scale::Isotonic { .. }) && !here.yes_no {
            let sentence =
                "It is for yes and no; this question has a list of labels, each of which needs its own.";
            return Some(sentence.to_owned());
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
            &file().replace(
                r#""kind":"temperature","t":2.5"#,
                r#""kind":"isotonic","x":[1.0,0.0],"y":[0.1,0.2]"#,
            ),
            &file().replace("calibration/1", "calibration/9"),
        ] {
            assert!(Calibration::read("c.json", text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_evaluation_says_more_and_old_files_still_read() {
        let more = file().replace(
            "\"n\":40",
            r#""n":40,"patients":31,"split":"calibration","case_set_sha256":"cc","settings_sha256":"dd","log_loss":[0.9,0.7]"#,
        );
        let read = Calibration::read("c.json", &more).expect("reads");
        assert_eq!(
            (read.fit.patients, read.fit.split.as_deref()),
            (Some(31), Some("calibration"))
        );
        let again = Calibration::read("c.json", &serde_json::to_string(&read).expect("JSON")).expect("reads");
        assert_eq!(again, read);
        let old = Calibration::read("c.json", &file()).expect("reads");
        assert_eq!(old.fit, FitOf::default());
        assert!(!serde_json::to_string(&old).expect("JSON").contains("split"));
        let list = r#""kind":"per_label","labels":[{"kind":"platt","a":1.0,"b":0.5},{"kind":"identity"}]"#;
        let list = Calibration::read("c.json", &file().replace(r#""kind":"temperature","t":2.5"#, list))
            .expect("reads");
        assert_eq!(list.objection(here("aa", "bb")), None);
        let one = file().replace(
            r#""kind":"temperature","t":2.5"#,
            r#""kind":"platt","a":1.0,"b":0.5"#,
        );
        let one = Calibration::read("c.json", &one).expect("reads");
        assert!(
            one.objection(here("aa", "bb"))
                .expect("refused")
                .contains("list of labels")
        );
    }
}
