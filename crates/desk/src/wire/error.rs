//! Failures as a page and the command line show them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A failure in words: what happened, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WireError {
    /// Stable code such as `dicom.truncated_pixels`, `model.missing_weights`, `store.locked`, `cancelled`.
    pub code: String,
    /// One sentence: what happened, to what.
    pub message: String,
    /// One sentence: what the user can do. Empty when there is nothing to do.
    pub hint: String,
}
