//! A calibrator fitted on one split, saved for the reading panel.

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{CalibratorSaved, UseCalibrator};

/// The operation `use_calibrator`.
///
/// # Errors
/// When there is nothing to fit on.
pub fn save(_desk: &Desk, _arguments: &UseCalibrator) -> Outcome<CalibratorSaved> {
    Err(failure("eval.unfinished", "Calibrators cannot be saved yet.", ""))
}
