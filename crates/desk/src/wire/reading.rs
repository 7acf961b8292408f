//! Asking a model: the question, what it will cost, what happens, what came out.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::app::Handle;
use crate::wire::error::WireError;
use crate::wire::viewing::WindowInfo;

/// A model that the desk knows (`models`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelInfo {
    /// Opens it.
    pub handle: Handle,
    /// Name for people.
    pub name: String,
    /// True when it can be loaded.
    pub usable: bool,
    /// What the folder holds, what is missing or wrong, line by line.
    pub report: Vec<String>,
    /// Plain warning that must stand beside every answer, e.g. that random weights answer noise; empty when none.
    pub warning: String,
    /// Terms of use in a few words; empty when unknown.
    pub terms: String,
    /// Parameters.
    pub parameters: f64,
    /// Bytes needed to load.
    pub memory: f64,
    /// True when it takes images.
    pub images: bool,
    /// True for the bundled demo model.
    pub demo: bool,
}

/// A question template (`templates`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TemplateInfo {
    /// e.g. `ct.liver-teaching`.
    pub id: String,
    /// One line for the list.
    pub title: String,
    /// Text shown (instruction and query).
    pub text: String,
    /// Where it was published, or `Overread`.
    pub source: String,
    /// `one`, `several` or `none`: the images it is for.
    pub images: String,
    /// The answer it is made for: `labels`, `yes_no`, `open`.
    pub answer: AnswerForm,
    /// Labels it proposes; may be empty.
    pub labels: Vec<String>,
}

/// What kind of answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum AnswerForm {
    /// One label of a closed set, scored.
    Labels,
    /// Each label: yes or no, scored.
    YesNo,
    /// Free text.
    Open,
}

/// A question as the user put it together.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct QuestionSpec {
    /// Display set it is about.
    pub display_set: String,
    /// Slice spec of the command line: `12`, `10-20`, `10-40/3`, `middle`, `official`, `all`, `3,7,9` (from 1).
    pub slices: String,
    /// Preprocessing id.
    pub preprocess: String,
    /// Window for `display/1`; the file's or automatic one when absent.
    pub window: Option<WindowInfo>,
    /// Id of the VOI table for `display/1`, when one is shown; goes before `window`.
    #[serde(default)]
    pub lut: Option<String>,
    /// The user's own inversion, for `display/1`.
    #[serde(default)]
    pub inverted: bool,
    /// Model.
    pub model: Handle,
    /// Template id, or empty for an own prompt.
    pub template: String,
    /// Own prompt, or the edited template text; empty = the template's.
    pub prompt: String,
    /// Answer wanted.
    pub form: AnswerForm,
    /// Labels for `labels` and `yes_no`.
    pub labels: Vec<String>,
    /// Most tokens to generate for `open`.
    pub max_new_tokens: u32,
    /// Sampling temperature; 0 is greedy.
    pub temperature: f64,
    /// Seed for sampling.
    pub seed: u32,
}

/// What a question will cost (`plan_question`), made without loading weights.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Plan {
    /// Names the pictures: `input/{id}/{k}/sent|seen`.
    pub id: String,
    /// Slices, from 1, in the order given.
    pub slices: Vec<PlannedSlice>,
    /// Input tokens.
    pub tokens: u32,
    /// The model's context; `None` when the model is not usable.
    pub context: Option<u32>,
    /// Bytes at the peak.
    pub memory: f64,
    /// Bytes free now.
    pub memory_available: f64,
    /// Seconds, from what this machine did before; `None` when it never ran this model.
    pub seconds: Option<f64>,
    /// The prompt exactly as it will be tokenised, images as marks.
    pub rendered_prompt: String,
    /// What the user should know first (recipe does not fit, too many tokens, order by instance number differs …).
    pub warnings: Vec<String>,
    /// Why it cannot be asked; `None` when it can.
    pub refusal: Option<WireError>,
    /// Side of the square the model sees, px.
    pub model_image_size: Option<u32>,
}

/// One picture of a plan.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlannedSlice {
    /// From 1, in display order.
    pub slice: u32,
    /// Instance Number, or empty.
    pub instance_number: String,
    /// Along the normal, mm.
    pub position: Option<f64>,
    /// px, before the model's resize.
    pub width: u32,
    /// px, before the model's resize.
    pub height: u32,
}

/// Events of the job `ask` (argument: [`QuestionSpec`]).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(export)]
pub enum ReadEvent {
    /// Reading weights.
    Loading {
        /// 0 to 1.
        fraction: f64,
    },
    /// Making the pictures.
    Preparing {
        /// Picture now, from 1.
        slice: u32,
        /// Pictures.
        of: u32,
    },
    /// The vision tower.
    Vision {
        /// Picture now, from 1.
        slice: u32,
        /// Pictures.
        of: u32,
        /// Seconds left, when known.
        seconds_left: Option<f64>,
    },
    /// The prompt.
    Prefill {
        /// Tokens done.
        done: u32,
        /// Tokens.
        of: u32,
    },
    /// Scoring labels.
    Scoring {
        /// Labels done.
        done: u32,
        /// Labels.
        of: u32,
    },
    /// A piece of the open answer.
    Token {
        /// Text to append.
        text: String,
    },
    /// The reading, already kept in the store.
    Done(Box<Reading>),
    /// The reading is kept, but hidden until the user's own answer is committed (blind mode).
    Withheld,
    /// Failed or cancelled (`code` = `cancelled`).
    Failed(WireError),
}

/// A kept answer.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Reading {
    /// In the store.
    pub id: String,
    /// RFC 3339.
    pub at: String,
    /// Display set.
    pub display_set: String,
    /// The question as asked.
    pub question: String,
    /// Form of the answer.
    pub form: AnswerForm,
    /// The chosen label, or empty.
    pub label: String,
    /// Each label's probability among the listed, in the order asked.
    pub probabilities: Vec<LabelProbability>,
    /// 0 to 1; `None` when there is none to give.
    pub confidence: Option<f64>,
    /// e.g. `softmax over 7 labels, uncalibrated`.
    pub confidence_kind: String,
    /// Open answer, without the thought.
    pub text: String,
    /// The model's thought, when it thinks.
    pub thought: String,
    /// `refusal`, `unparseable`, `truncated`, `out_of_set` …; empty when valid.
    pub invalid: String,
    /// Must stand beside the answer (noise model …); empty when none.
    pub warning: String,
    /// Everything needed to repeat it, as lines of (name, value).
    pub provenance: Vec<(String, String)>,
    /// `agree`, `disagree`, `no_truth`, `not_comparable`.
    pub agreement: Agreement,
    /// Why it is not comparable; empty otherwise.
    pub agreement_reason: String,
    /// Slices read, from 1.
    pub slices: Vec<u32>,
    /// Tokens in and out.
    pub tokens: [u32; 2],
    /// Seconds: load, vision, prefill, decode.
    pub seconds: [f64; 4],
}

/// A label with its numbers.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LabelProbability {
    /// Label.
    pub label: String,
    /// Among the listed labels (or of yes, for yes/no lists).
    pub probability: f64,
    /// Sum of log-likelihoods.
    pub log_likelihood: f64,
    /// The same a token.
    pub log_likelihood_per_token: f64,
}

/// Reading against truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Agreement {
    /// Same label.
    Agree,
    /// Another label.
    Disagree,
    /// Nothing to compare with.
    NoTruth,
    /// Other question, invalid answer, label outside the set.
    NotComparable,
}
