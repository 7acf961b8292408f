//! The case table and one case whole.

use overread_evaluation::evaluated::cases::{CaseDetail, CasesPage};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{CasesRequest, EvaluationCaseRef};

/// The operation `evaluation_cases`.
///
/// # Errors
/// When the evaluation cannot be read.
pub fn cases(_desk: &Desk, _arguments: &CasesRequest) -> Outcome<CasesPage> {
    Err(failure("eval.unfinished", "Cases cannot be listed yet.", ""))
}

/// The operation `evaluation_case`.
///
/// # Errors
/// When there is no such case.
pub fn case(_desk: &Desk, _arguments: &EvaluationCaseRef) -> Outcome<CaseDetail> {
    Err(failure("eval.unfinished", "Cases cannot be shown yet.", ""))
}
