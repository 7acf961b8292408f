//! The figures that a task is about, the most important one first.

mod closed;

use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::{ConfusionTable, Figure};

/// The headline of one reader over its rows.
pub(super) fn of(evaluation: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    match evaluation.set.question.task {
        Task::Closed | Task::Choice | Task::YesNo | Task::Open | Task::Vqa | Task::Boxes => {
            closed::headline(evaluation, rows)
        }
    }
}

/// Key and name of the measure that a task is compared by: `accuracy`, or the task's own.
pub(super) fn measure(task: Task) -> (&'static str, &'static str) {
    match task {
        Task::Closed | Task::Choice => ("accuracy", "Accuracy"),
        Task::YesNo => ("macro_f1", "Macro F1 over labels"),
        Task::Open => ("right", "Right"),
        Task::Vqa => ("token_f1_plain", "Token F1 (plain)"),
        Task::Boxes => ("rsna_score", "RSNA score"),
    }
}

/// Invalid answers three ways begins here: their rate, with its interval.
pub(super) fn invalid_rate(rows: &[Row<'_>]) -> Figure {
    let invalid = rows.iter().filter(|r| r.said.invalid.is_some()).count();
    Figure::share("invalid_rate", "Invalid answers", invalid, rows.len())
}

/// Truth against answers, for tasks with one label a case.
pub(super) fn confusion_table(evaluation: &Evaluation, rows: &[Row<'_>]) -> ConfusionTable {
    closed::table(&evaluation.labels, &closed::confusion(evaluation, rows))
}
