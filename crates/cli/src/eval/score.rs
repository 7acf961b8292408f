//! `eval score`: recorded answers against a truth table.

use std::path::Path;

use overread_desk::op::records;

use crate::files::{print_text, write_file};
use crate::{Outcome, Trouble};

pub(crate) fn score(answers: &Path, truth: &Path, labels: Option<&Path>, out: Option<&Path>) -> Outcome {
    // Anything wrong with the inputs is wrong usage: nothing is written.
    let usage = |failure: overread_desk::Failure| {
        Trouble::Usage(format!("{} {}", failure.message, failure.hint).trim().to_owned())
    };
    let scored = records::score(answers, truth, labels).map_err(usage)?;
    let text = serde_json::to_string_pretty(&scored).unwrap_or_default() + "\n";
    match out {
        Some(path) => write_file(path, text.as_bytes()),
        None => print_text(&text),
    }
}
