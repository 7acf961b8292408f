//! A person decides on an open answer.

use overread_evaluation::evaluated::cases::CaseDetail;

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::DecisionDraft;

/// The operation `decide`.
///
/// # Errors
/// When the answer is another by now, or the decision cannot be kept.
pub fn decide(_desk: &Desk, _arguments: &DecisionDraft) -> Outcome<CaseDetail> {
    Err(failure("eval.unfinished", "Decisions cannot be kept yet.", ""))
}
