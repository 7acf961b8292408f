//! Truth tables, comparison, metrics and intervals. Pure: texts in, numbers out; no clock, no randomness.
//!
//! [`score::score`] is `overread eval score`; [`truth`] reads truth tables; [`compare`] holds a reading against one.
#![forbid(unsafe_code)]

pub mod answers;
pub mod calibration;
pub mod compare;
pub mod confusion;
pub mod error;
pub mod fit;
pub mod intervals;
pub mod matching;
pub mod pairs;
pub mod published;
pub mod score;
pub mod truth;

pub use error::InputError;
