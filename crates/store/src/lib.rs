//! What is kept: one SQLite file under the home folder, in WAL mode, every write one transaction with its audit row.
//!
//! Keys are UIDs, frame numbers and patient coordinates, so that a case moved to another folder is found again. A
//! patient's name is never kept. Readings, answers, marks, reviews and the audit log are append-only: what is changed
//! or taken away is a new version.
#![forbid(unsafe_code)]

mod error;
mod migrate;
mod open;
mod tables;
pub mod write;

pub use error::StoreError;
pub use open::Store;
pub use tables::{OwnAnswer, RecentFolder, StoredCheck, StoredReading, Truth, TruthKey};
