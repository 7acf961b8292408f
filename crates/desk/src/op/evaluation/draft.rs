//! A folder and a truth table to a case set, with what matched and what did not.

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{CaseSetDraft, CaseSetMapping, EvaluationInfo};

/// The operation `draft_case_set`.
///
/// # Errors
/// When folder or tables cannot be read.
pub fn mapping(_desk: &Desk, _arguments: &CaseSetDraft) -> Outcome<CaseSetMapping> {
    Err(failure("eval.unfinished", "Case sets cannot be made yet.", ""))
}

/// The operation `make_case_set`.
///
/// # Errors
/// When nothing matches, or the file cannot be written.
pub fn make(_desk: &Desk, _arguments: &CaseSetDraft) -> Outcome<EvaluationInfo> {
    Err(failure("eval.unfinished", "Case sets cannot be made yet.", ""))
}
