//! One read, as it is reported.

use serde::{Serialize, Serializer};

use crate::escape::base64;
use crate::{NOTICE, ReportError};

/// A named value, in the order in which it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is, e.g. `Slice thickness`.
    pub name: String,
    /// Its value with the unit, e.g. `2.5 mm`.
    pub value: String,
}

impl Fact {
    /// A fact.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// A picture that is embedded in the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// What is seen, e.g. `Slice 50 of 128, lung window`.
    pub caption: String,
    /// A whole PNG file.
    #[serde(rename = "png_base64", serialize_with = "as_base64")]
    pub png: Vec<u8>,
}

fn as_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&base64(bytes))
}

/// What was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The words given to the reader.
    pub prompt: String,
    /// The system message, if there was one.
    pub system: Option<String>,
    /// The id of the template the words come from.
    pub template: Option<String>,
    /// The id of the preprocessing, e.g. `ct-windows/1`.
    pub preprocess: String,
    /// Which slices were given, e.g. `10-40/3`.
    pub slices: String,
    /// The form of the answer, e.g. `one label of 7`.
    pub form: String,
}

/// One option's probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probability {
    /// The label.
    pub label: String,
    /// 0 to 1.
    pub probability: f64,
}

/// A confidence, never without its kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confidence {
    /// 0 to 1.
    pub value: f64,
    /// What the number is, e.g. `softmax over the listed labels, uncalibrated`.
    pub kind: String,
}

/// What the reader answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Answer {
    /// The chosen label of a closed set.
    pub label: Option<String>,
    /// Free text.
    pub text: Option<String>,
    /// Why the answer is invalid, if it is.
    pub invalid: Option<String>,
    /// Every option, in the order of the question.
    pub probabilities: Vec<Probability>,
    /// How sure the reader is.
    pub confidence: Option<Confidence>,
}

/// Who answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReaderNote {
    /// The reader's name, e.g. the model folder's.
    pub name: String,
    /// A plain warning about this reader that must stand beside its answer, e.g. that it knows nothing of such images.
    pub warning: Option<String>,
    /// A quiet line beside its answer, e.g. what it was trained on.
    pub note: Option<String>,
}

/// The user's own answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnAnswer {
    /// What it was when it was committed.
    pub committed: String,
    /// Was it committed before the reader's answer and the truth were shown?
    pub before_reveal: bool,
    /// What it was changed to afterwards, if it was.
    pub changed_to: Option<String>,
}

/// What is held to be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TruthStatement {
    /// The reference label(s).
    pub label: String,
    /// Where it comes from.
    pub source: String,
}

/// How answer and truth compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum Agreement {
    /// They say the same.
    Agree,
    /// They differ.
    Disagree,
    /// No truth is attached.
    NoTruth,
    /// They cannot be compared, and why.
    NotComparable(String),
}

impl Agreement {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Agree => "agrees with the truth".to_owned(),
            Self::Disagree => "differs from the truth".to_owned(),
            Self::NoTruth => "no truth attached".to_owned(),
            Self::NotComparable(reason) => format!("not comparable: {reason}"),
        }
    }
}

/// One read with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadReport {
    /// Title of the page, e.g. the case's name.
    pub title: String,
    /// Facts of the display set.
    pub display_set: Vec<Fact>,
    /// Pictures of what was read.
    pub pictures: Vec<Picture>,
    /// What was asked.
    pub question: Question,
    /// Who answered.
    pub reader: ReaderNote,
    /// What was answered.
    pub answer: Answer,
    /// The user's own answer.
    pub own: Option<OwnAnswer>,
    /// What is held to be true.
    pub truth: Option<TruthStatement>,
    /// How answer and truth compare.
    pub agreement: Agreement,
    /// Hashes, versions and settings: everything needed to repeat the read.
    pub provenance: Vec<Fact>,
    /// A command line that repeats it.
    pub command: String,
    /// Name and version of the application, and when the report was made, as the caller words it.
    pub made_by: String,
}

impl ReadReport {
    /// JSON with `"format": "overread.read/1"` and the notice; pictures in base64.
    pub fn to_json(&self) -> Result<String, ReportError> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            format: &'static str,
            notice: &'static str,
            #[serde(flatten)]
            read: &'a ReadReport,
        }
        self.check()?;
        let envelope = Envelope {
            format: "overread.read/1",
            notice: NOTICE,
            read: self,
        };
        serde_json::to_string_pretty(&envelope).map_err(|e| ReportError::Encoding(e.to_string()))
    }

    /// Pictures are PNG and probabilities are probabilities.
    pub(crate) fn check(&self) -> Result<(), ReportError> {
        for picture in &self.pictures {
            if !picture.png.starts_with(b"\x89PNG\r\n\x1a\n") {
                return Err(ReportError::NotPng {
                    caption: picture.caption.clone(),
                });
            }
        }
        let options = self.answer.probabilities.iter();
        let options = options.map(|p| (format!("the probability of “{}”", p.label), p.probability));
        let confidence = self
            .answer
            .confidence
            .iter()
            .map(|c| ("the confidence".to_owned(), c.value));
        for (what, value) in options.chain(confidence) {
            if !(0.0..=1.0 + 1e-6).contains(&value) {
                return Err(ReportError::NotProbability { what, value });
            }
        }
        Ok(())
    }
}
