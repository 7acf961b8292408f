//! Where a run lies: `SET.run/` beside `SET.toml`, with `answers.jsonl` and `decisions.jsonl`, both only ever appended to.

use std::path::{Path, PathBuf};

/// The run's folder of a case set.
pub fn of(case_set: &Path) -> PathBuf {
    case_set.with_extension("run")
}

/// Answers, one a line ([`overread_evaluation::recorded::Recorded`]).
pub fn answers(run: &Path) -> PathBuf {
    run.join("answers.jsonl")
}

/// Decisions, one a line.
pub fn decisions(run: &Path) -> PathBuf {
    run.join("decisions.jsonl")
}
