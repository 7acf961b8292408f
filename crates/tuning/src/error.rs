//! What can go wrong while learning, in words that help.

use std::path::PathBuf;

/// A failure that the user can do something about.
#[derive(Debug, thiserror::Error)]
pub enum TuningError {
    /// The model.
    #[error(transparent)]
    Engine(#[from] overread_medgemma::EngineError),
    /// A file that could not be written or read.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Settings that make no sense together.
    #[error("{0}")]
    Settings(String),
    /// A state that belongs to another run.
    #[error(
        "the saved state in {path} belongs to another run: {reason}; start anew in another folder, or use the settings it was begun with."
    )]
    OtherRun {
        /// The folder.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// The loss is no number any more.
    #[error(
        "the loss at step {step} is not a finite number: lower the learning rate or clip the gradient more"
    )]
    Diverged {
        /// Counted from 1.
        step: usize,
    },
    /// Stopped by the user.
    #[error("stopped")]
    Cancelled,
}

/// Either a value or a failure.
pub type Result<T> = std::result::Result<T, TuningError>;
