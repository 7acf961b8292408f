//! Truth tables, comparison, metrics and intervals. Pure: texts in, numbers out; no clock, no randomness.
//!
//! [`score::score`] is `overread eval score`; [`truth`] reads truth tables; [`compare`] holds a reading against one.
#![forbid(unsafe_code)]

pub mod answers;
pub mod case_set;
pub mod compare;
pub mod error;
pub mod evaluated;
pub mod golden;
pub mod import;
pub mod matching;
pub mod metrics;
pub mod published;
pub mod recorded;
pub mod score;
pub mod truth;

pub use error::InputError;
