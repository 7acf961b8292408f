//! Case sets, truth, label matching, metrics, intervals, comparisons, calibration.
//!
//! Pure: text and numbers in, numbers out; no files, no clock, no random number without a seed. The same inputs give
//! the same bytes.
//!
//! Words: a *reader* is whatever answers: a model, recorded answers, a person. An answer is *invalid* when it is none
//! of the labels; it counts as wrong, never as missing and never as the nearest label. An undefined number is `null`,
//! never NaN or 0.
//!
//! Entry points:
//! * [`score`] an answers file against a truth table: the `eval score` command;
//! * [`TruthTable::read`] a truth table of a desk, with flexible column names, and [`TruthTable::find`] in it;
//! * [`compare`] one reading with its truth;
//! * the metrics, one idea a file: [`confusion`], [`intervals`], [`mcnemar`], [`calibration`], [`selective`].
#![forbid(unsafe_code)]

mod answers;
pub mod calibration;
mod compare;
pub mod confusion;
mod csv_rows;
mod input;
pub mod intervals;
pub mod mcnemar;
mod report;
mod score;
pub mod selective;
mod special;
mod truth;
mod truth_json;

pub use compare::{Agreement, ReadAnswer, compare};
pub use input::{Input, InputError};
pub use report::{
    AccuracyIntervals, Duplicate, Ece, Intervals, LabelScore, Ordered, Pair, ReaderCase, ReaderScore,
    ScoreReport,
};
pub use score::score;
pub use truth::{CaseKeys, TruthMatch, TruthRow, TruthTable};
