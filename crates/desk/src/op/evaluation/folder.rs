//! Where a run lies: `SET.run/` beside `SET.toml`. Its files are only ever appended to; the lock says who is at it.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use overread_evaluation::case_set::CaseSet;

use crate::Outcome;
use crate::code::{failure, io};
use crate::op::evaluation::set;

/// The run's folder of a case set.
pub fn of(case_set: &Path) -> PathBuf {
    case_set.with_extension("run")
}

/// Answers, one a line ([`overread_evaluation::recorded::Recorded`]).
pub fn answers(run: &Path) -> PathBuf {
    run.join("answers.jsonl")
}

/// First stages and ablation arms of pipelines, in the form of answers: apart, so that `answers.jsonl` holds one answer that
/// counts for each reader and case.
pub fn stages(run: &Path) -> PathBuf {
    run.join("stages.jsonl")
}

/// What the hashes in answers stand for, one a line.
pub fn settings(run: &Path) -> PathBuf {
    run.join("settings.jsonl")
}

/// Decisions, one a line.
pub fn decisions(run: &Path) -> PathBuf {
    run.join("decisions.jsonl")
}

/// A case set with its cases, those of its `cases_file` too.
///
/// # Errors
/// When it cannot be read or breaks a rule; the sentence has file and line.
pub fn case_set(at: &Path) -> Outcome<CaseSet> {
    set::read(at)
}

/// The name of a path for a sentence.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Held while a run writes. The system gives it back when the process ends, however it ends: a lock of a dead process
/// is none.
#[derive(Debug)]
pub(crate) struct Held(File);

impl Held {
    /// Takes the lock of a run's folder, which is made when it is not there.
    ///
    /// # Errors
    /// `eval.busy` when another run holds it; those of the file system.
    pub(crate) fn take(run: &Path, now: &str) -> Outcome<Self> {
        Self::take_as(run, "lock", now)
    }

    /// The lock of the decisions, which may be made while a run reads.
    ///
    /// # Errors
    /// As [`Held::take`].
    pub(crate) fn for_decisions(run: &Path, now: &str) -> Outcome<Self> {
        Self::take_as(run, "decisions.lock", now)
    }

    fn take_as(run: &Path, lock: &str, now: &str) -> Outcome<Self> {
        let trouble = |error: &std::io::Error| io(&run.display().to_string(), error);
        fs::create_dir_all(run).map_err(|e| trouble(&e))?;
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(run.join(lock))
            .map_err(|e| trouble(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut who = String::new();
                // What cannot be read is not told; that it is held is known already.
                drop(Read::by_ref(&mut file).take(200).read_to_string(&mut who));
                return Err(failure(
                    "eval.busy",
                    format!("Another run is reading into {} ({}).", name(run), who.trim()),
                    "Wait for it, stop it, or name another folder with --run.",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(trouble(&error)),
        }
        let words = format!("process {} since {now}\n", std::process::id());
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(words.as_bytes()));
        written.map_err(|e| trouble(&e))?;
        Ok(Self(file))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The system does it anyway when the file is closed.
        drop(self.0.unlock());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_do_not_write_at_once() {
        let place = tempfile::tempdir().expect("a folder");
        let run = place.path().join("a.run");
        let first = Held::take(&run, "2026-01-01T00:00:00Z").expect("free");
        let second = Held::take(&run, "2026-01-01T00:00:01Z").expect_err("held");
        assert_eq!(second.code, "eval.busy");
        assert!(
            second.message.contains("since 2026-01-01T00:00:00Z"),
            "{}",
            second.message
        );
        drop(first);
        Held::take(&run, "2026-01-01T00:00:02Z").expect("free again");
    }

    #[test]
    fn what_a_dead_process_left_is_no_lock() {
        let place = tempfile::tempdir().expect("a folder");
        let run = place.path().join("a.run");
        fs::create_dir_all(&run).expect("a folder");
        fs::write(
            run.join("lock"),
            "process 1 since 2020-01-01T00:00:00Z, and more words than now\n",
        )
        .expect("a file");
        drop(Held::take(&run, "2026-01-01T00:00:00Z").expect("free"));
        let left = fs::read_to_string(run.join("lock")).expect("a file");
        assert_eq!(
            left,
            format!("process {} since 2026-01-01T00:00:00Z\n", std::process::id())
        );
    }
}
