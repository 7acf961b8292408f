//! What is written of an evaluation.

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::wire::evaluation::{ExportEvaluation, PlotFile};
use crate::wire::review::Exported;

/// The operation `export_evaluation`.
///
/// # Errors
/// When it cannot be written.
pub fn export(_desk: &Desk, _arguments: &ExportEvaluation) -> Outcome<Exported> {
    Err(failure(
        "eval.unfinished",
        "Evaluations cannot be exported yet.",
        "",
    ))
}

/// The operation `save_plot`.
///
/// # Errors
/// When it is no SVG or PNG, or cannot be written.
pub fn plot(_desk: &Desk, _arguments: &PlotFile) -> Outcome<Exported> {
    Err(failure("eval.unfinished", "Plots cannot be saved yet.", ""))
}
