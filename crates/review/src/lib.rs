//! Marks, filed disagreements, scores, error classes and the audit record. Pure: no SQL, no clock.
#![forbid(unsafe_code)]

pub mod audit;
pub mod classes;
pub mod mark;
pub mod radpeer;
pub mod record;

pub use audit::AuditEntry;
pub use mark::{Mark, MarkKind};
pub use record::{Review, ReviewError, View};
