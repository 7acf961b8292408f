//! Ground truth, the user's own answer, and the case that holds both beside the model's.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::app::Handle;
use crate::wire::reading::Reading;

/// Attach a truth table (`attach_truth`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AttachTruth {
    /// From `pick`.
    pub file: Handle,
}

/// What a truth table matched.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TruthAttached {
    /// Rows read.
    pub rows: u32,
    /// Display sets of the open folder that got a truth.
    pub matched: u32,
    /// First rows that matched nothing here, in words.
    pub unmatched: Vec<String>,
}

/// Type the truth in (`set_truth`); an empty label takes it away (a new version is kept, the old one stays on record).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SetTruth {
    /// Display set.
    pub display_set: String,
    /// Label.
    pub label: String,
    /// Where it comes from, e.g. `biopsy`, `report`.
    pub source: String,
}

/// Truth of a case.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TruthInfo {
    /// Labels; usually one.
    pub labels: Vec<String>,
    /// Where it comes from.
    pub source: String,
    /// RFC 3339.
    pub at: String,
}

/// The user's own answer (`commit_answer`). In blind mode it is what opens the reveal; later ones are kept as changes.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CommitAnswer {
    /// Display set.
    pub display_set: String,
    /// Label or free text.
    pub label: String,
    /// 0 to 1, or `None`.
    pub confidence: Option<f64>,
}

/// An own answer on record.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OwnAnswer {
    /// Label or free text.
    pub label: String,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// RFC 3339.
    pub at: String,
    /// True when given before model and truth were seen.
    pub before_reveal: bool,
}

/// Everything about the case of a display set (`case`). In blind mode `readings` and `truth` stay empty until the own
/// answer is committed: the desk withholds them, not the page.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Case {
    /// Display set.
    pub display_set: String,
    /// Blind mode holds and nothing was revealed yet.
    pub hidden: bool,
    /// Readings kept but withheld.
    pub withheld: u32,
    /// Own answers, oldest first.
    pub own: Vec<OwnAnswer>,
    /// Readings, newest first.
    pub readings: Vec<Reading>,
    /// Truth.
    pub truth: Option<TruthInfo>,
    /// The order in which things were seen, in words: `own answer 10:41, model 10:42, truth 10:42`.
    pub order: Vec<String>,
    /// Own answer against truth, one word of `Agreement`; empty when there is no own answer.
    pub own_agreement: String,
}
