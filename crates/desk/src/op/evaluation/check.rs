//! Leaks, duplicates, missing files, unknown labels.

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{EvaluationCheck, EvaluationRef};

/// The operation `check_evaluation`.
///
/// # Errors
/// When the case set cannot be read.
pub fn check(_desk: &Desk, _arguments: &EvaluationRef) -> Outcome<EvaluationCheck> {
    Err(failure("eval.unfinished", "Case sets cannot be checked yet.", ""))
}
