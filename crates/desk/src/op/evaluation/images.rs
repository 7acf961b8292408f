//! A case's images, for the viewer.

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{CaseImages, EvaluationCaseRef};

/// The operation `open_evaluation_case`.
///
/// # Errors
/// When the images are not there.
pub fn images(_desk: &Desk, _arguments: &EvaluationCaseRef) -> Outcome<CaseImages> {
    Err(failure("eval.unfinished", "Cases cannot be opened yet.", ""))
}
