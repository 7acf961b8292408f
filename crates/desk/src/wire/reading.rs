//! Asking a model: the question, what it will cost, what happens, what came out.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::error::WireError;
pub use crate::wire::models::ModelInfo;
use crate::wire::models::PrecisionName;
use crate::wire::probes::Check;
pub use crate::wire::question::QuestionSpec;

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
    /// Seconds, all in all; `None` when nothing can be said.
    pub seconds: Option<f64>,
    /// Where they go.
    pub estimate: Option<Estimate>,
    /// The precision that will be used.
    pub precision: PrecisionName,
    /// Why this one, as a sentence.
    pub precision_reason: String,
    /// The prompt exactly as it will be tokenised, images as marks.
    pub rendered_prompt: String,
    /// What the user should know first (recipe does not fit, too many tokens, order by instance number differs …).
    pub warnings: Vec<String>,
    /// Why it cannot be asked; `None` when it can.
    pub refusal: Option<WireError>,
    /// Side of the square the model sees, px.
    pub model_image_size: Option<u32>,
}

/// Seconds that a question will take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Estimate {
    /// Loading weights; 0 when they are in memory.
    pub load: f64,
    /// Seeing pictures.
    pub vision: f64,
    /// Reading the prompt.
    pub prefill: f64,
    /// Scoring, or writing half of the most tokens.
    pub decode: f64,
    /// From what this machine did before with this model and precision; otherwise a guess from the model's size.
    pub measured: bool,
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
    /// Of an earlier examination that goes before.
    pub prior: bool,
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
        /// What is done: `reading the weights`, `packing them for the next time` …
        what: String,
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
        /// Seconds left, when known.
        seconds_left: Option<f64>,
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
    /// A piece of the thought, before the answer begins.
    Thought {
        /// Text to append.
        text: String,
    },
    /// An answer was sampled for agreement.
    Sample {
        /// Answers done.
        done: u32,
        /// Answers.
        of: u32,
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
    /// Must stand beside the answer (a model that knows nothing of such images …); empty when none.
    pub warning: String,
    /// Stands beside the answer quietly (what the model knows); empty when none.
    #[serde(default)]
    pub note: String,
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
    /// Boxes in the answer, when they were asked for.
    #[serde(default)]
    pub boxes: Vec<AnswerBox>,
    /// Tokens of the open answer with their probabilities.
    #[serde(default)]
    pub shown: Vec<ShownToken>,
    /// Agreement of sampled answers, when they were asked for.
    #[serde(default)]
    pub samples: Option<Samples>,
    /// The model's own word on whether its answer is true, when it was asked.
    #[serde(default)]
    pub p_true: Option<PTrue>,
    /// How labels were compared, line by line; empty for open answers.
    #[serde(default)]
    pub comparison: Vec<String>,
    /// Why writing ended, in a few words; empty for scored answers.
    #[serde(default)]
    pub ended: String,
    /// The question as it was put together, to ask it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub asked: Option<QuestionSpec>,
    /// Checks that belong to it, oldest first.
    #[serde(default)]
    pub checks: Vec<Check>,
}

/// A box of an answer, in the pixels of the slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AnswerBox {
    /// What the model calls it.
    pub label: String,
    /// Slice, from 1; `None` when the answer does not say which of several.
    pub slice: Option<u32>,
    /// Left, top, right, bottom: columns and rows, px from the slice's upper left corner.
    pub corners: [f64; 4],
    /// What had to be put right (`clamped to the picture`, `corners swapped` …); empty when nothing.
    pub note: String,
}

/// A token of an open answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ShownToken {
    /// Text.
    pub text: String,
    /// The probability that the model gave it.
    pub probability: f64,
}

/// One of the answers that were sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SampleVote {
    /// The answer as it counts.
    pub answer: String,
    /// How many say so.
    pub votes: u32,
}

/// Agreement of sampled answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Samples {
    /// Answers sampled.
    pub of: u32,
    /// The most frequent one's share.
    pub share: f64,
    /// Votes, most first.
    pub votes: Vec<SampleVote>,
    /// When two answers count as the same.
    pub rule: String,
}

/// The model's own word on its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PTrue {
    /// 0 to 1; uncalibrated.
    pub probability: f64,
    /// Id of the wording it was asked by.
    pub wording: String,
}

/// A label with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
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
    /// Among the listed by sums alone, before any correction.
    #[serde(default)]
    pub probability_by_sum: f64,
    /// Among the listed by means a token alone, before any correction.
    #[serde(default)]
    pub probability_by_mean: f64,
    /// Tokens of the likeliest spelling.
    #[serde(default)]
    pub tokens: u32,
    /// Log-likelihood without content that was taken off; `None` when nothing was.
    #[serde(default)]
    pub without_content: Option<f64>,
    /// What the probability is made of, after every correction and before any calibration: a log-likelihood, or the log-odds of
    /// yes. A calibration is fitted on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub score: Option<f64>,
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
