//! Model files looked into once: the report and the tokenizer of a true model take seconds to read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use overread_medgemma::check::{CheckReport, check};
use overread_medgemma::files::ModelFiles;

use crate::Outcome;
use crate::desk::{Desk, lock};

/// Models whose files are kept in mind.
const MOST: usize = 4;

/// What tells whether files are still what they were: their number, bytes and the newest change.
type Stamp = (usize, u64, Option<SystemTime>);

/// What was seen of a model's files.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    path: PathBuf,
    stamp: Stamp,
    report: CheckReport,
    files: Option<Arc<ModelFiles>>,
}

fn stamp(path: &Path) -> Stamp {
    let own = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let all = own
        .into_iter()
        .chain(entries.filter_map(|entry| entry.metadata().ok()));
    all.fold((0, 0, None), |(n, bytes, newest), file| {
        (n + 1, bytes + file.len(), newest.max(file.modified().ok()))
    })
}

fn known(desk: &Desk, path: &Path, stamp: Stamp) -> Option<Seen> {
    let seen = lock(&desk.seen_files);
    seen.iter().find(|s| s.path == path && s.stamp == stamp).cloned()
}

fn remember(desk: &Desk, new: Seen) {
    let mut seen = lock(&desk.seen_files);
    seen.retain(|s| s.path != new.path);
    seen.push(new);
    let drop = seen.len().saturating_sub(MOST);
    seen.drain(..drop);
}

/// What a model's files hold.
pub(crate) fn report(desk: &Desk, path: &Path) -> CheckReport {
    let stamp = stamp(path);
    if let Some(seen) = known(desk, path, stamp) {
        return seen.report;
    }
    let report = check(path);
    let seen = Seen {
        path: path.to_path_buf(),
        stamp,
        report: report.clone(),
        files: None,
    };
    remember(desk, seen);
    report
}

/// A MedGemma's config and tokenizer.
///
/// # Errors
/// Whatever is wrong with the files.
pub(crate) fn opened(desk: &Desk, path: &Path) -> Outcome<Arc<ModelFiles>> {
    let stamp = stamp(path);
    let seen = known(desk, path, stamp);
    if let Some(files) = seen.as_ref().and_then(|s| s.files.clone()) {
        return Ok(files);
    }
    let files = Arc::new(ModelFiles::open(path)?);
    let report = seen.map_or_else(|| check(path), |s| s.report);
    let seen = Seen {
        path: path.to_path_buf(),
        stamp,
        report,
        files: Some(Arc::clone(&files)),
    };
    remember(desk, seen);
    Ok(files)
}
