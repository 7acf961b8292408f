//! Runs of several parts put together: only what belongs together, and what differs is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use overread_evaluation::case_set::Arm;
use overread_evaluation::recorded::Recorded;
use serde::Serialize;
use serde_json::Value;

use crate::Outcome;
use crate::code::{failure, io};
use crate::op::evaluation::folder;
use crate::op::evaluation::journal::{lines, write_line};
use crate::op::evaluation::records::{is_findings, key};
use crate::op::evaluation::settings::{self, Settings};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Answers in the whole.
    pub answers: u32,
    /// Answers that stood in several runs, the same in each.
    pub folded: u32,
    /// First stages and ablation arms.
    pub stages: u32,
    /// Decisions.
    pub decisions: u32,
}

/// A run as it was read.
struct Part {
    name: String,
    answers: Vec<Recorded>,
    stages: Vec<Recorded>,
    settings: Vec<Settings>,
    decisions: Vec<Value>,
}

/// Reader, case, arm; for first stages with the hash of their settings.
type Place = (String, String, Option<Arm>, String);

/// Puts runs together into a folder that is not there yet.
///
/// # Errors
/// `eval.other_case_set`, `eval.other_settings`, `eval.differs` with what and where; those of the file system.
pub fn merge(runs: &[PathBuf], out: &Path) -> Outcome<Merged> {
    if folder::answers(out).exists() {
        return Err(failure(
            "eval.exists",
            format!("{} has answers already.", folder::name(out)),
            "Name a folder that is not there yet.",
        ));
    }
    let parts = runs.iter().map(|run| part(run)).collect::<Outcome<Vec<_>>>()?;
    one_case_set(&parts)?;
    one_setting_each(&parts)?;
    let (answers, folded) = put_together(&parts, |part| &part.answers)?;
    let (stages, _) = put_together(&parts, |part| &part.stages)?;
    let mut settings: Vec<&Settings> = Vec::new();
    let mut decisions: Vec<&Value> = Vec::new();
    for part in &parts {
        for line in &part.settings {
            if !settings.iter().any(|known| known.settings == line.settings) {
                settings.push(line);
            }
        }
        for line in &part.decisions {
            if !decisions.contains(&line) {
                decisions.push(line);
            }
        }
    }
    let wrong = |error: &std::io::Error| io(&out.display().to_string(), error);
    fs::create_dir_all(out).map_err(|e| wrong(&e))?;
    write(&folder::settings(out), &settings)?;
    write(&folder::stages(out), &stages)?;
    write(&folder::decisions(out), &decisions)?;
    // Last: a folder with answers is a whole one.
    write(&folder::answers(out), &answers)?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Merged {
        answers: count(answers.len()),
        folded,
        stages: count(stages.len()),
        decisions: count(decisions.len()),
    })
}

fn part(run: &Path) -> Outcome<Part> {
    if !folder::answers(run).is_file() {
        return Err(failure(
            "eval.no_run",
            format!("{} is no run: it has no answers.jsonl.", run.display()),
            "Name the folders that overread eval run wrote.",
        ));
    }
    Ok(Part {
        name: run.display().to_string(),
        answers: lines(&folder::answers(run))?,
        stages: lines(&folder::stages(run))?,
        settings: lines(&folder::settings(run))?,
        decisions: lines(&folder::decisions(run))?,
    })
}

fn case_set_of(line: &Recorded) -> Option<&str> {
    line.more.get("case_set").and_then(Value::as_str)
}

/// A case set may have grown while it was read: the last line says which it is.
fn one_case_set(parts: &[Part]) -> Outcome<()> {
    let mut first: Option<(&str, &str)> = None;
    for part in parts {
        let Some(hash) = part.answers.iter().rev().find_map(case_set_of) else {
            continue;
        };
        match first {
            None => first = Some((hash, &part.name)),
            Some((known, _)) if known == hash => {}
            Some((_, name)) => {
                return Err(failure(
                    "eval.other_case_set",
                    format!("{name} and {} were read from different case sets.", part.name),
                    "Put only runs of one case set together: same cases, same questions, same labels.",
                ));
            }
        }
    }
    Ok(())
}

fn one_setting_each(parts: &[Part]) -> Outcome<()> {
    let known: BTreeMap<&str, &Settings> = parts
        .iter()
        .flat_map(|part| &part.settings)
        .map(|s| (s.settings.as_str(), s))
        .collect();
    let mut of: BTreeMap<(&str, Option<Arm>), (&str, &str)> = BTreeMap::new();
    for part in parts {
        for line in part
            .answers
            .iter()
            .chain(part.stages.iter().filter(|line| !is_findings(line)))
        {
            let Some(hash) = line.settings.as_deref() else {
                continue;
            };
            let (_, _, arm) = key(line);
            let (before, name) = *of.entry((&line.reader, arm)).or_insert((hash, &part.name));
            if before == hash {
                continue;
            }
            let empty = BTreeMap::new();
            let parts_of = |hash: &str| known.get(hash).map_or(&empty, |s| &s.parts);
            let differences = settings::differences(parts_of(before), parts_of(hash));
            let what = if differences.is_empty() {
                "what differs is not on record".to_owned()
            } else {
                differences
                    .join(", ")
                    .replace(" before, ", " there, ")
                    .replace(" now)", " here)")
            };
            return Err(failure(
                "eval.other_settings",
                format!(
                    "The reader {} has other settings in {name} than in {}: {what}.",
                    line.reader, part.name
                ),
                "Put only runs with the same settings together.",
            ));
        }
    }
    Ok(())
}

/// What must be the same for two answers to be one: everything but times.
fn timeless(line: &Recorded) -> Recorded {
    Recorded {
        seconds: None,
        at: None,
        ..line.clone()
    }
}

fn put_together<'a>(
    parts: &'a [Part],
    of: impl Fn(&'a Part) -> &'a Vec<Recorded>,
) -> Outcome<(Vec<&'a Recorded>, u32)> {
    let mut whole: BTreeMap<Place, (&Recorded, &str)> = BTreeMap::new();
    let mut folded = 0;
    for part in parts {
        // Within a run the last line counts.
        let mut own: BTreeMap<Place, &Recorded> = BTreeMap::new();
        for line in of(part) {
            let (reader, case, arm) = key(line);
            let stage = if is_findings(line) {
                line.settings.clone().unwrap_or_default()
            } else {
                String::new()
            };
            own.insert((reader, case, arm, stage), line);
        }
        for (place, line) in own {
            let Some((before, name)) = whole.get(&place).copied() else {
                whole.insert(place, (line, &part.name));
                continue;
            };
            let is_error = |line: &Recorded| line.invalid.as_deref() == Some("error");
            if timeless(before) == timeless(line) {
                folded += 1;
            } else if is_error(before) || is_error(line) {
                // An error is no answer: the one that is there counts.
                if is_error(before) {
                    whole.insert(place, (line, &part.name));
                }
            } else {
                return Err(failure(
                    "eval.differs",
                    format!(
                        "The answers of {} to case {} differ in {name} and {}.",
                        place.0, place.1, part.name
                    ),
                    "One of the runs was changed, or read on another machine; leave one of them out.",
                ));
            }
        }
    }
    Ok((whole.into_values().map(|(line, _)| line).collect(), folded))
}

fn write<T: Serialize>(path: &Path, lines: &[T]) -> Outcome<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut bytes = Vec::new();
    for line in lines {
        write_line(&mut bytes, line)?;
    }
    overread_store::write::atomic(path, &bytes).map_err(|e| io(&folder::name(path), &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(reader: &str, case: &str, settings: &str, label: &str) -> Recorded {
        Recorded {
            case: case.to_owned(),
            reader: reader.to_owned(),
            label: Some(label.to_owned()),
            settings: Some(settings.to_owned()),
            seconds: Some(label.len() as f64),
            more: [("case_set".to_owned(), Value::from("s"))].into(),
            ..Recorded::default()
        }
    }

    fn run(place: &Path, name: &str, answers: &[Recorded], settings: &[Settings]) -> PathBuf {
        let run = place.join(name);
        fs::create_dir_all(&run).expect("a folder");
        write(&folder::answers(&run), answers).expect("written");
        write(&folder::settings(&run), settings).expect("written");
        run
    }

    fn settings(hash: &str, seed: &str) -> Settings {
        Settings {
            settings: hash.to_owned(),
            reader: "r".to_owned(),
            parts: [("seed".to_owned(), seed.to_owned())].into(),
            ..Settings::default()
        }
    }

    #[test]
    fn the_same_answer_folds_and_another_is_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let at = place.path();
        let s = [settings("h", "1")];
        let mut later = line("r", "a", "h", "x");
        later.seconds = Some(99.0);
        later.at = Some("2026-01-01T00:00:00Z".to_owned());
        let one = run(at, "1", &[line("r", "b", "h", "y"), line("r", "a", "h", "x")], &s);
        let two = run(at, "2", &[later, line("r", "c", "h", "z")], &s);
        let done = merge(&[one.clone(), two.clone()], &at.join("whole")).expect("merged");
        assert_eq!((done.answers, done.folded), (3, 1));
        let turned = merge(&[two.clone(), one.clone()], &at.join("turned")).expect("merged");
        assert_eq!((turned.answers, turned.folded), (3, 1));
        let cases = |run: &str| -> Vec<String> {
            let all: Vec<Recorded> = lines(&folder::answers(&at.join(run))).expect("reads");
            all.into_iter().map(|l| l.case).collect()
        };
        assert_eq!(cases("whole"), ["a", "b", "c"]);
        assert_eq!(cases("turned"), ["a", "b", "c"]);
        let other = run(at, "3", &[line("r", "a", "h", "y")], &s);
        let error = merge(&[one.clone(), other], &at.join("w2")).expect_err("differs");
        assert_eq!(error.code, "eval.differs");
        assert!(error.message.contains("case a"), "{}", error.message);
        assert!(!at.join("w2").exists(), "nothing is written");
        assert_eq!(
            merge(&[one], &at.join("whole")).expect_err("there").code,
            "eval.exists"
        );
    }

    #[test]
    fn mixed_settings_are_refused_by_name() {
        let place = tempfile::tempdir().expect("a folder");
        let at = place.path();
        let one = run(at, "1", &[line("r", "a", "h", "x")], &[settings("h", "1")]);
        let two = run(at, "2", &[line("r", "b", "g", "x")], &[settings("g", "2")]);
        let error = merge(&[one, two], &at.join("w")).expect_err("mixed");
        assert_eq!(error.code, "eval.other_settings");
        assert!(
            error.message.contains("seed (1 there, 2 here)"),
            "{}",
            error.message
        );
    }

    #[test]
    fn other_case_sets_are_refused_and_errors_give_way() {
        let place = tempfile::tempdir().expect("a folder");
        let at = place.path();
        let s = [settings("h", "1")];
        let mut failed = line("r", "a", "h", "");
        (failed.label, failed.invalid) = (None, Some("error".to_owned()));
        let one = run(at, "1", &[failed], &s);
        let two = run(at, "2", &[line("r", "a", "h", "x")], &s);
        for order in [[one.clone(), two.clone()], [two.clone(), one.clone()]] {
            let out = at.join(format!("w{}", order[0].ends_with("1")));
            merge(&order, &out).expect("merged");
            let all: Vec<Recorded> = lines(&folder::answers(&out)).expect("reads");
            assert_eq!(all[0].label.as_deref(), Some("x"));
        }
        let mut foreign = line("r", "b", "h", "x");
        foreign.more.insert("case_set".to_owned(), Value::from("t"));
        let three = run(at, "3", &[foreign], &s);
        let error = merge(&[two, three], &at.join("w3")).expect_err("another set");
        assert_eq!(error.code, "eval.other_case_set");
    }
}
