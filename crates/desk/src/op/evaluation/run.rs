//! Reading every case with every local reader; each answer is on disk before the next question.

use crate::Cancel;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{RunEvent, RunSpec};

/// The job `run_evaluation`.
pub fn run(_desk: &Desk, _arguments: &RunSpec, events: &(dyn Fn(RunEvent) + Sync), _cancel: &Cancel) {
    events(RunEvent::Failed(failure(
        "eval.unfinished",
        "Evaluations cannot be run yet.",
        "",
    )));
}
