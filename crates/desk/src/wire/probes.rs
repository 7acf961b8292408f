//! Checks of a reading: is it looking, which slices, does the recipe decide. Each asks the model again.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::error::WireError;
use crate::wire::reading::{LabelProbability, QuestionSpec};

/// What is checked of which reading (`looking`, `which_slices`, `recipes`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CheckSpec {
    /// The question as it was asked.
    pub question: QuestionSpec,
    /// The reading that the check belongs to; empty keeps it with none.
    pub reading: String,
    /// Seed of the noise picture.
    #[serde(default)]
    pub seed: u32,
    /// `looking`: the display set of the other patient; empty lets the desk choose one of the opened folder.
    #[serde(default)]
    pub other: String,
    /// `recipes`: preprocessing ids; empty takes all that fit.
    #[serde(default)]
    pub recipes: Vec<String>,
    /// `which_slices`: most groups of slices to leave out, one after the other; 0 lets the desk choose.
    #[serde(default)]
    pub groups: u32,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CheckKind {
    /// Does the answer depend on the picture?
    Looking,
    /// On which slices does it depend?
    WhichSlices,
    /// Does it depend on the preprocessing?
    Recipes,
}

/// The same question over other pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LookingAnswer {
    /// `blank`, `noise`, `mirrored` or `other_patient`.
    pub picture: String,
    /// What it was, in words, e.g. which series of the other patient.
    pub about: String,
    /// The label that would be chosen; for a yes/no list those said yes to.
    pub label: String,
    /// Probabilities in the order asked.
    pub probabilities: Vec<LabelProbability>,
    /// How far the probabilities moved from the answer's: half the sum of absolute differences for a closed set, the
    /// largest difference for a yes/no list. 0 to 1.
    pub shift: f64,
}

/// Is it looking?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Looking {
    /// The question over other pictures.
    pub answers: Vec<LookingAnswer>,
    /// `total variation` or `largest difference`.
    pub measure: String,
    /// In a sentence.
    pub verdict: String,
    /// True when a picture without content gives nearly the same probabilities.
    pub suspicious: bool,
    /// What could not be tried, a sentence each.
    pub missing: Vec<String>,
}

/// Slices that were left out together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SliceWeight {
    /// Slices, from 1, in display order.
    pub slices: Vec<u32>,
    /// Change of the chosen label's log-odds when they are left out; below 0: they spoke for it.
    pub change: f64,
}

/// Which slices?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WhichSlices {
    /// The label whose log-odds are followed.
    pub label: String,
    /// Its log-odds with all slices.
    pub log_odds: f64,
    /// Groups in display order; every slice that was read is in one.
    pub groups: Vec<SliceWeight>,
    /// In a sentence.
    pub verdict: String,
}

/// The answer under one preprocessing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RecipeAnswer {
    /// Preprocessing id.
    pub recipe: String,
    /// The label that would be chosen.
    pub label: String,
    /// Probabilities in the order asked.
    pub probabilities: Vec<LabelProbability>,
    /// True when the label is another than the reading's.
    pub flips: bool,
}

/// Does the recipe decide?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RecipeCheck {
    /// One a recipe, that of the reading first.
    pub answers: Vec<RecipeAnswer>,
    /// True when one of them flips.
    pub flips: bool,
    /// In a sentence.
    pub verdict: String,
    /// Recipes that could not be tried, a sentence each.
    pub missing: Vec<String>,
}

/// A kept check. Exactly one of `looking`, `which_slices`, `recipes` is there: that of `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Check {
    /// In the store.
    pub id: String,
    /// Reading it belongs to, or empty.
    pub reading: String,
    /// RFC 3339.
    pub at: String,
    /// What was checked.
    pub kind: CheckKind,
    /// Is it looking?
    #[serde(default)]
    pub looking: Option<Looking>,
    /// Which slices?
    #[serde(default)]
    pub which_slices: Option<WhichSlices>,
    /// Does the recipe decide?
    #[serde(default)]
    pub recipes: Option<RecipeCheck>,
    /// Seconds it took, without loading.
    pub seconds: f64,
    /// Everything needed to repeat it, as lines of (name, value).
    pub provenance: Vec<(String, String)>,
}

/// Events of `looking`, `which_slices` and `recipes`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(export)]
pub enum CheckEvent {
    /// Reading weights.
    Loading {
        /// 0 to 1.
        fraction: f64,
        /// What is done: `reading the weights`, `packing them for the next time` …
        what: String,
    },
    /// The model is asked again.
    Asking {
        /// What is asked now, in words: `a blank picture`, `without slices 3 to 5`, `ct-windows/1` …
        what: String,
        /// From 1.
        done: u32,
        /// All.
        of: u32,
        /// Seconds left, when known.
        seconds_left: Option<f64>,
    },
    /// The check, already kept in the store.
    Done(Box<Check>),
    /// It is kept, but hidden until the user's own answer is committed (blind mode).
    Withheld,
    /// Failed or cancelled (`code` = `cancelled`).
    Failed(WireError),
}

/// What is encoded ahead of any question (`encode`). It waits while a question is read and stops when it is cancelled.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EncodeSpec {
    /// Display set.
    pub display_set: String,
    /// Model.
    pub model: crate::wire::app::Handle,
    /// Preprocessing id; empty: the default.
    #[serde(default)]
    pub preprocess: String,
    /// Slices; empty: the official sampling for volumes, the middle one else.
    #[serde(default)]
    pub slices: String,
}

/// Events of `encode`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(export)]
pub enum EncodeEvent {
    /// Reading weights.
    Loading {
        /// 0 to 1.
        fraction: f64,
    },
    /// A picture is in the cache.
    Encoded {
        /// Pictures done.
        done: u32,
        /// Pictures.
        of: u32,
        /// Seconds left, when known.
        seconds_left: Option<f64>,
    },
    /// It waits for a question.
    Waiting,
    /// All are in the cache.
    Done {
        /// Pictures.
        pictures: u32,
    },
    /// Failed or cancelled (`code` = `cancelled`; `encode.off` when the setting is off).
    Failed(WireError),
}
