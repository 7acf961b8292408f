//! Answers on record: what a run writes line by line, and what other readers' recorded answers are brought to.
//!
//! One JSON object a line. The keys of `eval score` (`case`, `reader`, `label`, `confidence`, `probabilities`, `invalid`) come
//! first and mean the same, so that a run's answers can be scored by that command as they stand.

pub mod read;

pub use read::{Duplicate, Torn, Written, read};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::case_set::Arm;

/// One reader's answer to one case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recorded {
    /// Case id.
    pub case: String,
    /// Reader id.
    pub reader: String,
    /// The label as it counts; `None` when there is none.
    pub label: Option<String>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// By label (of yes, for yes/no lists).
    pub probabilities: Option<BTreeMap<String, f64>>,
    /// Kind of an invalid answer (`refusal`, `unparseable`, `ambiguous`, `truncated`, `loop`, `out-of-set`, `error` …).
    pub invalid: Option<String>,
    /// What the confidence is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_kind: Option<String>,
    /// Raw text of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Labels said to be present (multi-label answers without probabilities).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// Ranked diagnoses, the likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differential: Vec<String>,
    /// Boxes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<SaidBox>,
    /// Which arm of a pipeline; `None`: the answer that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<Arm>,
    /// The text of the first stage, for pipelines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<String>,
    /// `before` or `after` the reveal, for people in blind mode; `None`: the answer that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Cost, in the currency of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// SHA-256 of everything that decides the answer but the case: model, adapters, question, preprocessing, options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// Why it failed, for `invalid = "error"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Everything else that was recorded (tokens, provenance, prompt …), kept as it is.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// When a person answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before model and truth were seen.
    Before,
    /// After the model's answer was seen.
    After,
}

/// A box that was said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SaidBox {
    /// Label.
    pub label: String,
    /// Left, top, right, bottom: px of the slice.
    pub corners: [f64; 4],
    /// 0 to 1; `None`: all the same.
    pub score: Option<f64>,
    /// SOP Instance UID, where the case has several images; empty: the only one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instance: String,
}
