//! Tuning a model on a case set's own split (job `tune`, operation `tunings`).

pub use overread_evaluation::evaluated::compared::Comparison;
pub use overread_evaluation::evaluated::figures::Figure;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use crate::op::tune::options::{Best, ScheduleName, Target, TuneSettings};
use crate::wire::app::Handle;
use crate::wire::error::WireError;

/// A run to be made (job `tune`). A run of the same name that was stopped is taken up.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TuneSpec {
    /// Case set.
    pub evaluation: Handle,
    /// Base model.
    pub model: Handle,
    /// Name of the adapter's folder, beside the case set in `NAME-OF-THE-SET.adapters`.
    pub name: String,
    /// Split that is learned from; empty: `train`.
    pub split: String,
    /// Split that is judged on; `None`: `validation` where there is one; empty: none.
    pub validation: Option<String>,
    /// Prompt of its own; empty: the set's.
    pub prompt: String,
    /// Settings.
    pub settings: TuneSettings,
    /// Stop after checks and estimate.
    pub dry_run: bool,
}

/// What a run will be, told before it starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TuneEstimate {
    /// Cases that are learned from.
    pub cases: u32,
    /// Cases that are judged on.
    pub validation: u32,
    /// Steps of the optimiser.
    pub steps: u32,
    /// Tokens of an example, images included, the mean of those looked at.
    pub tokens: u32,
    /// Numbers that are learned.
    #[ts(type = "number")]
    pub learned: u64,
    /// How base weights are held.
    pub precision: String,
    /// Most memory that it will take, bytes.
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// Free memory, bytes, where it is known.
    #[ts(type = "number | null")]
    pub memory_free: Option<u64>,
    /// Seconds for all steps without judging, from the machine's measured speed.
    pub seconds: Option<f64>,
    /// What should be known, a sentence each.
    pub remarks: Vec<String>,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TuneStep {
    /// Counted from 1.
    pub step: u32,
    /// Mean negative log-likelihood of an answer's token, nats.
    pub loss: f64,
    /// Share of the answers' tokens that were the likeliest.
    pub right: f64,
    /// Norm of the gradients before clipping.
    pub norm: f64,
    /// Learning rate.
    pub rate: f64,
}

/// A judgement on the validation split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TuneJudged {
    /// After which step; 0: the base model.
    pub step: u32,
    /// Mean negative log-likelihood of an answer's token, nats; `None` for what could not be computed.
    pub loss: Option<f64>,
    /// The task's own figures, the same as an evaluation's, each with its interval.
    pub figures: Vec<Figure>,
    /// The best so far.
    pub best: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TuneDone {
    /// The adapter's folder.
    pub adapter: Handle,
    /// Steps made.
    pub steps: u32,
    /// The step whose state is in the adapter.
    pub best: u32,
    /// It got no better and was stopped.
    pub early: bool,
    /// Seconds of this start, judging included.
    pub seconds: f64,
    /// Base model on the validation split.
    pub base: Vec<Figure>,
    /// Tuned model on the validation split.
    pub tuned: Vec<Figure>,
    /// Base (a) against tuned (b) on the same cases: McNemar's test and differences.
    pub comparison: Option<Comparison>,
    /// What must be known with the figures.
    pub remarks: Vec<String>,
}

/// Events of `tune`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(export)]
pub enum TuneEvent {
    /// Checks, loading, pictures, judging.
    Preparing {
        /// What is done.
        what: String,
        /// 0 to 1.
        fraction: f64,
    },
    /// Checks are passed; before anything is learned.
    Estimated(Box<TuneEstimate>),
    /// An earlier start is taken up: its steps and judgements.
    Resumed {
        /// Steps.
        steps: Vec<TuneStep>,
        /// Judgements.
        judged: Vec<TuneJudged>,
    },
    /// A step was made.
    Step {
        /// It.
        step: TuneStep,
        /// Steps in all.
        of: u32,
        /// Seconds left, judging included, when known.
        seconds_left: Option<f64>,
    },
    /// The validation split was read.
    Judged(Box<TuneJudged>),
    /// Done.
    Done(Box<TuneDone>),
    /// A dry run: nothing was learned.
    Checked,
    /// Failed or cancelled (`code` = `cancelled`); the state is kept.
    Failed(WireError),
}

/// A run beside a case set.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TuneRun {
    /// Its name.
    pub name: String,
    /// Its folder; an adapter when it is done.
    pub adapter: Handle,
    /// Base model, by name.
    pub model: String,
    /// Split that is learned from.
    pub split: String,
    /// Split that is judged on; empty: none.
    pub validation: String,
    /// Prompt of its own; empty: the set's.
    pub prompt: String,
    /// Settings.
    pub settings: TuneSettings,
    /// Steps in all.
    pub of: u32,
    /// Steps made.
    pub steps: Vec<TuneStep>,
    /// Judgements, that of the base first.
    pub judged: Vec<TuneJudged>,
    /// How it ended; `None`: it was stopped and can be taken up.
    pub done: Option<TuneDone>,
}
