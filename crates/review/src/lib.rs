//! Marks, disagreements, RADPEER, states, audit records.
//!
//! Pure: types, their rules and their hashes; no I/O, no clock (times come in as RFC 3339 text), no patient names.
//!
//! Words: a [`Mark`] is a geometry on one frame; a [`Review`] is a filed disagreement: reading, truth, own answer,
//! marks, a score on a named scale, error classes, a comment and the view to come back to. A review is never changed:
//! a correction is its next version. A [`BlindRead`] says in which order own answer, model and truth were seen. An
//! [`AuditEntry`] is one link of a chain in which a changed or missing row shows.
//!
//! Entry points: [`Mark::check`], [`Review::check`], [`BlindRead::commit`], [`audit::verify`], and the vocabularies
//! [`RADPEER_2016`] and [`ERROR_CLASSES`].
#![forbid(unsafe_code)]

pub mod audit;
mod blind;
mod classes;
mod mark;
mod radpeer;
mod record;
mod time;

pub use audit::{AuditEntry, AuditFault};
pub use blind::{BlindError, BlindEvent, BlindRead, OwnAnswer, Seen, Step};
pub use classes::{ClassGroup, ERROR_CLASSES, ErrorClass, error_class};
pub use mark::{Mark, MarkError, MarkKind};
pub use radpeer::{RADPEER_2009, RADPEER_2016, Scale, Score, ScoreMeaning, UnknownScore, scale};
pub use record::{
    Finding, ReadingRef, Review, ReviewError, ReviewState, TruthRef, ViewState, Window, WindowFunction,
};
pub use time::is_rfc3339;
