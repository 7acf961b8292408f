//! Runs beside a case set.

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::desk::Desk;
use crate::op::tune::folder::{self, Record};
use crate::wire::evaluation::EvaluationRef;
use crate::wire::tuning::{TuneDone, TuneRun};

/// Where the page's runs lie.
pub(crate) fn beside(case_set: &Path) -> PathBuf {
    case_set.with_extension("adapters")
}

/// The operation `tunings`.
///
/// # Errors
/// A handle that is unknown.
pub(crate) fn tunings(desk: &Desk, arguments: &EvaluationRef) -> Outcome<Vec<TuneRun>> {
    let folder = beside(&desk.path(&arguments.evaluation)?);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    Ok(folders.iter().filter_map(|folder| run(desk, folder)).collect())
}

fn run(desk: &Desk, folder: &Path) -> Option<TuneRun> {
    let record = folder::read(folder)?;
    Some(TuneRun {
        name: folder.file_name()?.to_string_lossy().into_owned(),
        adapter: desk.handle(folder),
        model: record.base.name.clone(),
        split: record.data.split.clone(),
        validation: record.data.validation.clone(),
        prompt: record.data.prompt.clone(),
        settings: record.settings.clone(),
        of: record.steps,
        steps: record.history.steps.iter().map(folder::step).collect(),
        judged: folder::base(&record)
            .into_iter()
            .chain(
                record
                    .history
                    .judgements
                    .iter()
                    .map(|j| folder::judged(j, record.history.best)),
            )
            .collect(),
        done: done(desk, folder, &record),
    })
}

/// How a run ended, as events and lists tell it.
pub(crate) fn done(desk: &Desk, folder: &Path, record: &Record) -> Option<TuneDone> {
    let ending = record.ending.as_ref()?;
    Some(TuneDone {
        adapter: desk.handle(folder),
        steps: record.history.steps.len() as u32,
        best: ending.best,
        early: ending.early,
        seconds: ending.seconds,
        base: ending.base.clone(),
        tuned: ending.tuned.clone(),
        comparison: ending.comparison.clone(),
        remarks: record.remarks.clone(),
    })
}
