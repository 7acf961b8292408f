//! `eval run` and `eval merge`: reading, and putting parts together.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use overread_desk::op::evaluation::{merge as op_merge, run as op_run};
use overread_desk::wire::evaluation::RunEvent;
use overread_desk::{Cancel, Desk};
use serde_json::json;

use crate::eval::arguments::RunArguments;
use crate::files::{print_json, print_text};
use crate::{Outcome, Trouble};

/// Progress is told at most so often.
const EVERY: Duration = Duration::from_millis(500);

pub(crate) fn run(desk: &Desk, a: &RunArguments) -> Outcome {
    let options = op_run::RunOptions {
        case_set: a.set.clone(),
        run: a.run.clone(),
        readers: a.readers.clone(),
        limit: a.limit,
        only: only(a.only.as_deref())?,
        shard: a.shard.as_deref().map(shard).transpose()?,
        again: a.again,
    };
    let told = std::sync::Mutex::new(Cell::new(None::<Instant>));
    let heard = |event: RunEvent| match event {
        RunEvent::Preparing { what, fraction } if fraction <= 0.0 => eprintln!("{what}"),
        RunEvent::Progress {
            reader,
            done,
            of,
            errors,
            invalid,
            seconds_left,
            ..
        } => {
            let last = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if done < of && last.get().is_some_and(|at| at.elapsed() < EVERY) {
                return;
            }
            last.set(Some(Instant::now()));
            let left = seconds_left
                .filter(|s| *s >= 1.0)
                .map(|s| format!(", about {} left", span(s)))
                .unwrap_or_default();
            let trouble = match (errors, invalid) {
                (0, 0) => String::new(),
                (errors, invalid) => format!(", {errors} errors, {invalid} invalid"),
            };
            eprintln!("{reader}: {done} of {of}{trouble}{left}");
        }
        RunEvent::ReaderFailed { reader, error } => {
            eprintln!("{reader} cannot read: {} {}", error.message, error.hint)
        }
        _ => {}
    };
    let summary = op_run::read_all(desk, &options, &heard, &Cancel::default())?;
    if a.json {
        print_json(&json!(summary))?;
    } else {
        let mut text = format!(
            "{} read, {} kept, {} errors, {} invalid, in {}\n",
            summary.read,
            summary.kept,
            summary.errors,
            summary.invalid,
            span(summary.seconds)
        );
        for reader in &summary.readers {
            let pace = reader
                .seconds_per_case
                .map(|s| format!(", {s:.2} s a question"))
                .unwrap_or_default();
            text.push_str(&format!(
                "  {}: {} read, {} kept, {} errors, {} invalid{pace}\n",
                reader.reader, reader.read, reader.kept, reader.errors, reader.invalid
            ));
        }
        text.push_str(&format!("{}\n", summary.answers.display()));
        print_text(&text)?;
    }
    let failed: Vec<&str> = summary
        .readers
        .iter()
        .filter(|r| r.failed.is_some())
        .map(|r| r.reader.as_str())
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Trouble::failed(format!(
        "Not all readers could read: {}. The answers of the others are kept.",
        failed.join(", ")
    )))
}

pub(crate) fn merge(runs: &[PathBuf], out: &Path, for_machines: bool) -> Outcome {
    let done = op_merge::merge(runs, out)?;
    if for_machines {
        return print_json(&json!(done));
    }
    print_text(&format!(
        "{} answers of {} runs in {}, {} of them in several\n",
        done.answers,
        runs.len(),
        out.display(),
        done.folded
    ))
}

/// Ids with commas between, or the lines of a file.
fn only(text: Option<&str>) -> Result<Vec<String>, Trouble> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let ids = match text.strip_prefix('@') {
        None => text.split(',').map(|id| id.trim().to_owned()).collect::<Vec<_>>(),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| Trouble::failed(format!("{file}: {error}.")))?
            .lines()
            .map(|id| id.trim().to_owned())
            .collect(),
    };
    let ids: Vec<String> = ids.into_iter().filter(|id| !id.is_empty()).collect();
    if ids.is_empty() {
        return Err(Trouble::Usage(format!("`{text}` names no case.")));
    }
    Ok(ids)
}

fn shard(text: &str) -> Result<(usize, usize), Trouble> {
    let parts = text
        .split_once('/')
        .and_then(|(k, n)| Some((k.trim().parse().ok()?, n.trim().parse().ok()?)));
    parts.ok_or_else(|| Trouble::Usage(format!("`{text}` is no part: write 1/3 for the first of three.")))
}

/// Seconds in words.
fn span(seconds: f64) -> String {
    let s = seconds.round() as u64;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, _) => format!("{seconds:.0} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}
