//! The list of evaluations.

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{EvaluationInfo, EvaluationRef};

/// The operation `evaluations`.
///
/// # Errors
/// When the store cannot be read.
pub fn list(_desk: &Desk) -> Outcome<Vec<EvaluationInfo>> {
    Ok(Vec::new())
}

/// The operation `open_evaluation`.
///
/// # Errors
/// When it is no case set.
pub fn open(_desk: &Desk, _arguments: &EvaluationRef) -> Outcome<EvaluationInfo> {
    Err(failure(
        "eval.unfinished",
        "Evaluations cannot be opened yet.",
        "",
    ))
}

/// The operation `forget_evaluation`.
///
/// # Errors
/// When the store cannot be written.
pub fn forget(_desk: &Desk, _arguments: &EvaluationRef) -> Outcome<Vec<EvaluationInfo>> {
    Ok(Vec::new())
}
