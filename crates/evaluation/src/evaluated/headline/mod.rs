//! The figures that a task is about, the most important one first.

pub(super) mod binary;
pub(super) mod boxes;
pub(super) mod closed;
pub(super) mod open;
pub(super) mod yes_no;

use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::{ConfusionTable, Figure};

/// What stands with a figure of the valid answers.
pub(super) const LEFT_OUT: &str = "Invalid answers are left out here; everywhere else they are wrong.";

/// The headline of one reader over its rows.
pub(super) fn of(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    match of.set.question.task {
        Task::Closed => {
            let mut out = closed::headline(of, rows);
            out.extend(binary::headline(of, rows));
            out
        }
        Task::Choice => closed::headline(of, rows),
        Task::YesNo => yes_no::headline(of, rows),
        Task::Open => open::headline(of, rows),
        Task::Vqa => open::vqa(of, rows),
        Task::Boxes => boxes::headline(of, rows),
    }
}

/// The measure that readers, subgroups, arms and policies are compared by, over some rows.
pub(super) fn measure(of: &Evaluation, rows: &[Row<'_>]) -> Figure {
    match of.set.question.task {
        Task::Closed | Task::Choice => right("accuracy", "Accuracy", rows),
        Task::Open => right("right", "Right", rows),
        Task::YesNo | Task::Vqa | Task::Boxes => {
            let first = self::of(of, rows).into_iter().next();
            first.unwrap_or_else(|| right("right", "Right", rows))
        }
    }
}

/// The share of right answers; no value while answers wait for a person.
pub(super) fn right(key: &str, name: &str, rows: &[Row<'_>]) -> Figure {
    let decided = rows.iter().filter_map(Row::right);
    let (n, k) = decided.fold((0, 0), |(n, k), right| (n + 1, k + usize::from(right)));
    Figure::share_so_far(key, name, "right", [k, n, rows.len() - n])
}

/// Invalid answers three ways begin here: their rate, with its interval.
pub(super) fn invalid_rate(rows: &[Row<'_>]) -> Figure {
    let invalid = rows.iter().filter(|r| r.said.invalid.is_some()).count();
    Figure::share("invalid_rate", "Invalid answers", invalid, rows.len())
}

/// Truth against answers, for tasks with one label a case.
pub(super) fn confusion_table(of: &Evaluation, rows: &[Row<'_>]) -> ConfusionTable {
    closed::table(&of.labels, &closed::confusion(of, rows))
}
