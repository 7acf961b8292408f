//! The list of evaluations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overread_evaluation::case_set::{CaseSet, ReaderKind};
use rayon::prelude::*;
use serde::Deserialize;

use crate::Outcome;
use crate::desk::Desk;
use crate::op::evaluation::{folder, loaded, set};
use crate::op::open::absolute;
use crate::wire::evaluation::{EvaluationInfo, EvaluationRef};

/// Most that are listed.
const LISTED: u32 = 20;

/// The operation `evaluations`.
///
/// # Errors
/// When the store cannot be read.
pub fn list(desk: &Desk) -> Outcome<Vec<EvaluationInfo>> {
    let kept = desk.store()?.evaluations(LISTED)?;
    // Each reads its case set and counts its answers.
    Ok(kept
        .into_par_iter()
        .map(|(path, opened_at)| info(desk, &PathBuf::from(path), opened_at))
        .collect())
}

/// The operation `open_evaluation`.
///
/// # Errors
/// When it is no case set.
pub fn open(desk: &Desk, arguments: &EvaluationRef) -> Outcome<EvaluationInfo> {
    remember(desk, &desk.path(&arguments.evaluation)?)
}

/// Puts a case set on the list.
///
/// # Errors
/// When it cannot be read, or the list not be kept.
pub(crate) fn remember(desk: &Desk, path: &Path) -> Outcome<EvaluationInfo> {
    let path = absolute(path);
    // What is opened is looked at next: read whole now, it is in memory then. A reader's faulty answers are told by the figures.
    let loaded = loaded::load(desk, &path);
    let read;
    let set = match &loaded {
        Ok(loaded) => loaded.evaluation.set(),
        Err(_) => {
            read = set::read(&path)?;
            &read
        }
    };
    let now = desk.clock.now();
    desk.store()?.remember_evaluation(&path.to_string_lossy(), &now)?;
    Ok(described(desk, &path, now, set))
}

/// The operation `forget_evaluation`.
///
/// # Errors
/// When the store cannot be written.
pub fn forget(desk: &Desk, arguments: &EvaluationRef) -> Outcome<Vec<EvaluationInfo>> {
    let path = absolute(&desk.path(&arguments.evaluation)?);
    desk.store()?.forget_evaluation(&path.to_string_lossy())?;
    list(desk)
}

fn info(desk: &Desk, path: &Path, opened_at: String) -> EvaluationInfo {
    match set::read(path) {
        Ok(set) => described(desk, path, opened_at, &set),
        Err(problem) => EvaluationInfo {
            present: path.is_file(),
            problem: Some(problem),
            ..described(desk, path, opened_at, &nameless(path))
        },
    }
}

/// What stands in for a set that cannot be read.
fn nameless(path: &Path) -> CaseSet {
    CaseSet {
        name: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        ..CaseSet::default()
    }
}

fn described(desk: &Desk, path: &Path, opened_at: String, set: &CaseSet) -> EvaluationInfo {
    let read = answered(path);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let ids: BTreeSet<&str> = set.cases.iter().map(|case| case.id.as_str()).collect();
    let none = BTreeSet::new();
    let to_read: usize = set
        .readers
        .iter()
        .filter(|reader| matches!(reader.kind, ReaderKind::Local | ReaderKind::Pipeline))
        .map(|reader| {
            let done = read.get(&reader.id).unwrap_or(&none);
            ids.len() - done.iter().filter(|case| ids.contains(case.as_str())).count()
        })
        .sum();
    EvaluationInfo {
        evaluation: desk.handle(path),
        name: set.name.clone(),
        task: set.question.task,
        cases: count(set.cases.len()),
        readers: set
            .readers
            .iter()
            .map(|reader| {
                if reader.name.is_empty() {
                    reader.id.clone()
                } else {
                    reader.name.clone()
                }
            })
            .collect(),
        answers: count(read.values().map(BTreeSet::len).sum()),
        to_read: count(to_read),
        opened_at,
        present: true,
        problem: None,
    }
}

/// Cases that a run answered, by reader. What the lines hold beside is not looked at here.
fn answered(case_set: &Path) -> BTreeMap<String, BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Line {
        reader: String,
        case: String,
    }
    let text = set::text(&folder::answers(&folder::of(case_set))).unwrap_or_default();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        if let Ok(line) = serde_json::from_str::<Line>(line) {
            found.entry(line.reader).or_default().insert(line.case);
        }
    }
    found
}
