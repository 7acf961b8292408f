//! All answers of an evaluation: of local readers from the run, recorded ones from their files, people's from the desk.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use overread_evaluation::case_set::{Arm, CaseSet, ReaderKind, ReaderSpec};
use overread_evaluation::recorded::{Phase, Recorded, Written, read};
use rayon::prelude::*;

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::op::evaluation::images::{self, Finder};
use crate::op::evaluation::{folder, journal, pipeline, records, set};

/// Names in a note at most.
const NAMED: usize = 5;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// Answers, in the order of the set's readers; of a reader, in the order of its file. `reader` is the reader's id in the
    /// set. The last line for a (reader, case, arm, phase) counts, and only that one is here.
    pub answers: Vec<Recorded>,
    /// What a user should know: lines for unknown cases, files that are not there, lines that were answered twice.
    pub notes: Vec<String>,
}

/// Gathers the answers of every reader of a case set that lies at `at`, from the run beside it.
///
/// # Errors
/// When a file that is there cannot be read.
pub fn recorded_of(desk: &Desk, at: &Path, set: &CaseSet) -> Outcome<Gathered> {
    gathered(desk, at, &folder::of(at), set)
}

/// The same from a run elsewhere.
///
/// # Errors
/// As [`recorded_of`].
pub fn gathered(desk: &Desk, at: &Path, run: &Path, set: &CaseSet) -> Outcome<Gathered> {
    let finder = Finder::of(at);
    let mut out = Gathered::default();
    let mut read: BTreeMap<&str, Vec<Recorded>> = BTreeMap::new();
    if set.readers.iter().any(pipeline::reads_here) {
        let mut lines: Vec<Recorded> = journal::lines(&folder::answers(run))?;
        let stages: Vec<Recorded> = journal::lines(&folder::stages(run))?;
        lines.extend(stages.into_iter().filter(|line| !records::is_findings(line)));
        let ids: BTreeSet<&str> = set
            .readers
            .iter()
            .filter(|r| pipeline::reads_here(r))
            .map(|r| r.id.as_str())
            .collect();
        for line in lines {
            if let Some(id) = ids.get(line.reader.as_str()) {
                read.entry(id).or_default().push(line);
            }
        }
    }
    let known: HashSet<&str> = set.cases.iter().map(|c| c.id.as_str()).collect();
    let mut files = Files::read(&finder, set);
    for reader in &set.readers {
        let lines = if pipeline::reads_here(reader) {
            read.remove(reader.id.as_str()).unwrap_or_default()
        } else if !reader.answers.is_empty() {
            of_file(&finder, reader, &mut files, &mut out.notes)?
        } else if reader.kind == ReaderKind::Person {
            at_this_desk(desk, &finder, set, reader, &mut out.notes)?
        } else {
            out.notes
                .push(format!("{} has neither a model nor recorded answers.", reader.id));
            Vec::new()
        };
        last_of_each(&known, reader, lines, &mut out);
    }
    Ok(out)
}

/// The last line of each case, arm and phase, in the order of the file.
fn last_of_each(known: &HashSet<&str>, reader: &ReaderSpec, lines: Vec<Recorded>, out: &mut Gathered) {
    let mut unknown = BTreeSet::new();
    let mut kept: Vec<Recorded> = Vec::with_capacity(lines.len());
    let mut places: HashMap<(String, Option<Arm>, Option<Phase>), usize> = HashMap::new();
    for line in lines {
        if !known.contains(line.case.as_str()) {
            unknown.insert(line.case);
            continue;
        }
        let place = (line.case.clone(), records::key(&line).2, line.phase);
        if let Some(at) = places.get(&place) {
            if let Some(old) = kept.get_mut(*at) {
                *old = line;
            }
            continue;
        }
        places.insert(place, kept.len());
        kept.push(line);
    }
    note(
        reader,
        "answers to cases that are not in the set",
        &unknown,
        &mut out.notes,
    );
    out.answers.append(&mut kept);
}

/// Says what is odd about a reader's answers to some cases.
fn note(reader: &ReaderSpec, what: &str, cases: &BTreeSet<String>, notes: &mut Vec<String>) {
    if cases.is_empty() {
        return;
    }
    let named: Vec<&str> = cases.iter().take(NAMED).map(String::as_str).collect();
    let more = if cases.len() > NAMED {
        format!(" and {} more", cases.len() - NAMED)
    } else {
        String::new()
    };
    notes.push(format!("{} has {what}: {}{more}.", reader.id, named.join(", ")));
}

/// Files of recorded answers, each read once however many readers stand in it, side by side.
struct Files(BTreeMap<PathBuf, (usize, Outcome<Written>)>);

impl Files {
    fn read(finder: &Finder, set: &CaseSet) -> Self {
        let mut uses: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for reader in &set.readers {
            if reader.answers.is_empty() || pipeline::reads_here(reader) {
                continue;
            }
            let path = finder.path(&reader.answers);
            if path.is_file() {
                *uses.entry(path).or_default() += 1;
            }
        }
        Self(
            uses.into_par_iter()
                .map(|(path, uses)| {
                    let read = file(&path);
                    (path, (uses, read))
                })
                .collect(),
        )
    }

    /// What a file holds; its last user gets it without a copy.
    fn take(&mut self, path: &Path) -> Outcome<Written> {
        match self.0.get_mut(path) {
            Some((uses, read)) if *uses > 1 => {
                *uses -= 1;
                read.clone()
            }
            Some(_) => self.0.remove(path).map_or_else(|| file(path), |(_, read)| read),
            None => file(path),
        }
    }
}

/// Answers on record, under the reader's id.
fn of_file(
    finder: &Finder,
    reader: &ReaderSpec,
    files: &mut Files,
    notes: &mut Vec<String>,
) -> Outcome<Vec<Recorded>> {
    let path = finder.path(&reader.answers);
    if !path.is_file() {
        notes.push(format!(
            "The recorded answers of {} are not there: {}.",
            reader.id, reader.answers
        ));
        return Ok(Vec::new());
    }
    let name = if reader.recorded_as.is_empty() {
        &reader.id
    } else {
        &reader.recorded_as
    };
    let written = files.take(&path)?;
    // A file of one reader need not name it.
    let unnamed = written.answers.iter().all(|line| line.reader.is_empty());
    let is_own = |of: &str| unnamed || of == name;
    let twice = written
        .duplicates
        .iter()
        .filter(|d| is_own(&d.reader))
        .map(|d| d.case.clone());
    note(
        reader,
        "more than one answer, of which the last counts, to",
        &twice.collect(),
        notes,
    );
    let mut own: Vec<Recorded> = written
        .answers
        .into_iter()
        .filter(|line| is_own(&line.reader))
        .collect();
    if own.is_empty() {
        notes.push(format!("{} has no answers of {name}.", reader.answers));
    }
    let first = first_stage(finder, reader)?;
    for line in &mut own {
        line.reader.clone_from(&reader.id);
        if line.findings.is_none() && line.arm.is_none_or(|arm| arm == Arm::Own) {
            line.findings = first.get(&line.case).cloned();
        }
    }
    Ok(own)
}

/// Findings on record of a pipeline whose second stage is on record too.
fn first_stage(finder: &Finder, reader: &ReaderSpec) -> Outcome<BTreeMap<String, String>> {
    let path = reader
        .findings
        .as_ref()
        .map(|f| f.answers.as_str())
        .unwrap_or_default();
    if path.is_empty() || !finder.path(path).is_file() {
        return Ok(BTreeMap::new());
    }
    let written = file(&finder.path(path))?;
    Ok(written
        .answers
        .into_iter()
        .filter_map(|line| Some((line.case, line.text?)))
        .collect())
}

/// What was answered at this desk in blind mode: the first answer before the reveal, the last after it.
fn at_this_desk(
    desk: &Desk,
    finder: &Finder,
    set: &CaseSet,
    reader: &ReaderSpec,
    notes: &mut Vec<String>,
) -> Outcome<Vec<Recorded>> {
    let here = |r: &&ReaderSpec| r.kind == ReaderKind::Person && r.answers.is_empty();
    if set.readers.iter().filter(here).count() > 1 {
        notes.push(format!(
            "{} is one of several people of this desk, whose answers it does not tell apart: export each one's answers to a \
             file, and name it.",
            reader.id
        ));
        return Ok(Vec::new());
    }
    let shown: Vec<Option<String>> = set
        .cases
        .iter()
        .map(|case| images::display_set_of(finder, case))
        .collect();
    let mut cases_of: BTreeMap<&String, usize> = BTreeMap::new();
    for shown in shown.iter().flatten() {
        *cases_of.entry(shown).or_default() += 1;
    }
    let (mut out, mut shared) = (Vec::new(), BTreeSet::new());
    for (case, shown) in set.cases.iter().zip(&shown) {
        let Some(shown) = shown else { continue };
        // An answer is kept with the images shown: of two cases of one series nobody knows which one was meant.
        if cases_of.get(shown).is_some_and(|n| *n > 1) {
            shared.insert(case.id.clone());
            continue;
        }
        let answers = desk.store()?.answers(shown)?;
        let before = answers.iter().find(|a| a.before_reveal);
        let after = answers.iter().rev().find(|a| !a.before_reveal);
        for (answer, phase) in [(before, Phase::Before), (after, Phase::After)] {
            if let Some(answer) = answer {
                out.push(Recorded {
                    case: case.id.clone(),
                    reader: reader.id.clone(),
                    label: Some(answer.label.clone()).filter(|label| !label.is_empty()),
                    confidence: answer.confidence,
                    confidence_kind: answer.confidence.map(|_| "the person's own".to_owned()),
                    phase: Some(phase),
                    at: Some(answer.at.clone()),
                    ..Recorded::default()
                });
            }
        }
    }
    note(
        reader,
        "no answers that can be told apart, for the images are those of several cases, to",
        &shared,
        notes,
    );
    Ok(out)
}

/// A file of recorded answers: JSON Lines, JSON or CSV.
///
/// # Errors
/// When it cannot be read; the message has file and line.
pub(crate) fn file(path: &Path) -> Outcome<Written> {
    read(&set::name(path), &set::text(path)?).map_err(|error| {
        failure(
            "eval.input",
            format!("{error}."),
            "docs/formats.md says what recorded answers hold.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeskOptions;
    use overread_evaluation::case_set::FORMAT;

    #[test]
    fn the_last_line_counts_under_the_name_of_the_set() {
        let place = tempfile::tempdir().expect("a folder");
        let desk = Desk::open(DeskOptions {
            home: place.path().join("home"),
            ..DeskOptions::default()
        });
        let lines = [
            r#"{"case":"a","reader":"gpt-4","label":"x"}"#,
            r#"{"case":"b","reader":"gpt-4","label":"y"}"#,
            r#"{"case":"a","reader":"gpt-4","label":"z"}"#,
            r#"{"case":"a","reader":"gpt-4","label":"w","arm":"none"}"#,
            r#"{"case":"a","reader":"gemini","label":"v"}"#,
            r#"{"case":"q","reader":"gpt-4","label":"y"}"#,
        ];
        std::fs::write(place.path().join("r.jsonl"), lines.join("\n")).expect("a file");
        let text = format!(
            "format = \"{FORMAT}\"\nname = \"t\"\n[question]\ntask = \"closed\"\nlabels = [\"x\", \"y\", \"z\"]\n\
             [[readers]]\nid = \"other\"\nkind = \"recorded\"\nanswers = \"r.jsonl\"\nrecorded_as = \"gpt-4\"\n\
             [[readers]]\nid = \"gone\"\nkind = \"recorded\"\nanswers = \"gone.jsonl\"\n\
             [[cases]]\nid = \"a\"\n[[cases]]\nid = \"b\"\n"
        );
        let at = place.path().join("set.toml");
        std::fs::write(&at, text).expect("a file");
        let set = folder::case_set(&at).expect("a case set");
        let found = recorded_of(&desk, &at, &set).expect("gathered");
        let said: Vec<(&str, Option<&str>, Option<Arm>)> = found
            .answers
            .iter()
            .map(|a| (a.case.as_str(), a.label.as_deref(), a.arm))
            .collect();
        assert_eq!(
            said,
            [
                ("b", Some("y"), None),
                ("a", Some("z"), None),
                ("a", Some("w"), Some(Arm::None))
            ]
        );
        assert!(found.answers.iter().all(|a| a.reader == "other"));
        assert_eq!(found.notes.len(), 3, "{:?}", found.notes);
    }

    #[test]
    fn people_answer_before_and_after_the_reveal() {
        use overread_store::OwnAnswer;

        let place = tempfile::tempdir().expect("a folder");
        let desk = Desk::open(DeskOptions {
            home: place.path().join("home"),
            ..DeskOptions::default()
        });
        let answer = |label: &str, before_reveal: bool| OwnAnswer {
            label: label.to_owned(),
            confidence: Some(0.8),
            at: "2026-11-21T10:00:00Z".to_owned(),
            before_reveal,
        };
        {
            let mut store = desk.store().expect("a store");
            for (set, label, before) in [
                ("ds-a", "x", true),
                ("ds-a", "y", false),
                ("ds-a", "z", false),
                ("ds-b", "y", false),
                ("ds-c", "z", true),
            ] {
                store.add_answer(set, &answer(label, before), "A").expect("kept");
            }
        }
        let text = |people: &str| {
            let mut out = format!(
                "format = \"{FORMAT}\"\nname = \"t\"\n[question]\ntask = \"closed\"\nlabels = [\"x\", \"y\", \"z\"]\n"
            );
            for id in people.chars() {
                out.push_str(&format!("[[readers]]\nid = \"{id}\"\nkind = \"person\"\n"));
            }
            // The last two cases are slices of one series.
            for (id, set) in [("a", "a"), ("b", "b"), ("c", "c"), ("d", "c")] {
                out.push_str(&format!(
                    "[[cases]]\nid = \"{id}\"\n[[cases.images]]\npath = \"{set}\"\nseries = \"ds-{set}\"\n"
                ));
            }
            out
        };
        let at = place.path().join("set.toml");
        std::fs::write(&at, text("p")).expect("a file");
        let set = folder::case_set(&at).expect("a case set");
        let found = recorded_of(&desk, &at, &set).expect("gathered");
        let said: Vec<(&str, Option<&str>, Option<Phase>)> = found
            .answers
            .iter()
            .map(|a| (a.case.as_str(), a.label.as_deref(), a.phase))
            .collect();
        assert_eq!(
            said,
            [
                ("a", Some("x"), Some(Phase::Before)),
                ("a", Some("z"), Some(Phase::After)),
                ("b", Some("y"), Some(Phase::After)),
            ]
        );
        assert!(
            found.notes.len() == 1 && found.notes[0].contains("c, d"),
            "{:?}",
            found.notes
        );
        std::fs::write(&at, text("pq")).expect("a file");
        let set = folder::case_set(&at).expect("a case set");
        let found = recorded_of(&desk, &at, &set).expect("gathered");
        assert_eq!((found.answers.len(), found.notes.len()), (0, 2));
    }
}
