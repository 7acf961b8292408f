//! All answers of an evaluation: of local readers from the run, recorded ones from their files, people's from the desk.

use std::path::Path;

use overread_evaluation::case_set::CaseSet;
use overread_evaluation::recorded::Recorded;

use crate::Outcome;
use crate::desk::Desk;
use crate::op::evaluation::journal;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// Answers, in the order of the set's readers; of a reader, in the order of its file. `reader` is the reader's id in the
    /// set. The last line for a (reader, case, arm, phase) counts, and only that one is here.
    pub answers: Vec<Recorded>,
    /// What a user should know: lines for unknown cases, files that are not there, lines that were answered twice.
    pub notes: Vec<String>,
}

/// Gathers the answers of every reader of a case set that lies at `at`.
///
/// # Errors
/// When a file that is there cannot be read.
pub fn recorded_of(_desk: &Desk, _at: &Path, _set: &CaseSet) -> Outcome<Gathered> {
    Ok(Gathered::default())
}

/// The lines of a file of recorded answers.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn file(path: &Path) -> Outcome<Vec<Recorded>> {
    journal::lines(path)
}
