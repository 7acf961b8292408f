//! The case table and one case whole. In blind mode the desk withholds what its own user has not answered yet.

use std::path::Path;

use overread_evaluation::evaluated::cases::{CaseDetail, CaseQuery, CasesPage};
use overread_evaluation::evaluated::{case_detail, cases_page};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::op::app::settings;
use crate::op::case::is_hidden;
use crate::op::evaluation::loaded::{self, Loaded};
use crate::wire::evaluation::{CasesRequest, EvaluationCaseRef};

/// The operation `evaluation_cases`.
///
/// # Errors
/// When the evaluation cannot be read.
pub fn cases(desk: &Desk, arguments: &CasesRequest) -> Outcome<CasesPage> {
    page(desk, &desk.path(&arguments.evaluation)?, &arguments.query)
}

/// Rows of the case table.
///
/// # Errors
/// When the evaluation cannot be read.
pub fn page(desk: &Desk, at: &Path, query: &CaseQuery) -> Outcome<CasesPage> {
    let loaded = loaded::load(desk, at)?;
    let blind = settings(desk).blind;
    let hidden = |place: usize| blind && is_withheld(desk, &loaded, place);
    Ok(cases_page(&loaded.evaluation, query, &hidden))
}

/// The operation `evaluation_case`.
///
/// # Errors
/// When there is no such case.
pub fn case(desk: &Desk, arguments: &EvaluationCaseRef) -> Outcome<CaseDetail> {
    let at = desk.path(&arguments.evaluation)?;
    let loaded = loaded::load(desk, &at)?;
    let place = (arguments.number as usize).wrapping_sub(1);
    let hidden = settings(desk).blind && is_withheld(desk, &loaded, place);
    let found = case_detail(&loaded.evaluation, place, hidden);
    found.ok_or_else(|| {
        failure(
            "eval.no_such_case",
            format!("There is no case {} in this set.", arguments.number),
            "",
        )
    })
}

/// Blind mode holds for a case: its display set is not answered yet, or is not known to be.
fn is_withheld(desk: &Desk, loaded: &Loaded, place: usize) -> bool {
    loaded.display_set(place).is_none_or(|set| is_hidden(desk, &set))
}
