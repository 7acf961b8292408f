//! The case of a display set: truth, own answers, readings, and what may be seen when.

use overread_dicom::DisplaySet as Images;
use overread_evaluation::compare::{Agreement, compare};
use overread_evaluation::truth::{self, Subject, TruthRow};
use overread_store::{OwnAnswer as Kept, Truth, TruthKey};

use crate::Outcome;
use crate::code::{failure, io};
use crate::desk::{Desk, lock};
use crate::op::app::settings;
use crate::op::ask::with_agreement;
use crate::wire::reading::Reading;
use crate::wire::truth::{AttachTruth, Case, CommitAnswer, OwnAnswer, SetTruth, TruthAttached, TruthInfo};
use crate::wire::viewing::DisplaySetRef;

/// Rows that matched nothing and are listed.
const LISTED: usize = 20;

/// Blind mode holds and the user has not answered yet.
pub(crate) fn is_hidden(desk: &Desk, case: &str) -> bool {
    // Without the store nothing is known to be open: hidden.
    settings(desk).blind
        && desk.store().map_or(true, |store| {
            let answered = store.answers(case).is_ok_and(|a| !a.is_empty());
            let seen = store.seen(case).is_ok_and(|s| !s.is_empty());
            !answered && !seen
        })
}

/// Records that a case's model answers or truth were seen.
pub fn record_seen(desk: &Desk, case: &str, what: &str) {
    // The settings are in the store too: asked for before it is locked.
    let who = settings(desk).reader;
    if let Ok(mut store) = desk.store()
        && let Err(error) = store.record_seen(case, what, &who, &desk.clock.now())
    {
        tracing::warn!("not recorded: {error}");
    }
}

/// The truth of a display set: of the case itself, its series, its study.
pub(crate) fn truth_of(desk: &Desk, set: &Images) -> Option<Truth> {
    let keys = [
        TruthKey::Case(&set.id),
        TruthKey::Series(&set.series_uid),
        TruthKey::Study(&set.study_uid),
    ];
    desk.store().ok()?.truth(&keys).ok().flatten()
}

/// The operation `case`, for a page that shows what it gets: what comes out for the first time is recorded as seen.
pub(crate) fn show(desk: &Desk, arguments: &DisplaySetRef) -> Outcome<Case> {
    let case = case_of(desk, arguments)?;
    let seen = desk.store()?.seen(&case.display_set)?;
    let is_new = |what: &str| !seen.iter().any(|(kept, _)| kept == what);
    let (model, truth) = (!case.readings.is_empty(), case.truth.is_some());
    if (model && is_new("model")) || (truth && is_new("truth")) {
        for (what, shown) in [("model", model), ("truth", truth)] {
            if shown && is_new(what) {
                record_seen(desk, &case.display_set, what);
            }
        }
        return case_of(desk, arguments);
    }
    Ok(case)
}

/// What the store knows of a case.
pub(crate) fn case_of(desk: &Desk, arguments: &DisplaySetRef) -> Outcome<Case> {
    let set = desk.set(&arguments.display_set)?;
    let truth = truth_of(desk, &set);
    let (own, kept, checks, seen) = {
        let store = desk.store()?;
        (
            store.answers(&set.id)?,
            store.readings(&set.id)?,
            store.checks(&set.id)?,
            store.seen(&set.id)?,
        )
    };
    let hidden = is_hidden(desk, &set.id);
    let truth_labels = truth.as_ref().map(|t| t.labels.clone()).unwrap_or_default();
    let readings: Vec<Reading> = kept
        .iter()
        .filter_map(|r| serde_json::from_str::<Reading>(&r.body).ok())
        .map(|mut reading| {
            let own = checks.iter().filter(|check| check.reading == reading.id);
            reading.checks = own
                .filter_map(|check| serde_json::from_str(&check.body).ok())
                .collect();
            let asked: Vec<String> = reading.probabilities.iter().map(|p| p.label.clone()).collect();
            with_agreement(reading, &truth_labels, &asked)
        })
        .collect();
    let mut events: Vec<(String, String)> = own
        .iter()
        .map(|a| (a.at.clone(), "own answer".to_owned()))
        .collect();
    events.extend(seen.into_iter().map(|(what, at)| (at, what)));
    // Stable: of one millisecond the own answer comes first, for it opens the rest.
    events.sort_by(|a, b| a.0.cmp(&b.0));
    let own_agreement = match own.last() {
        Some(last) if !hidden => word(&compare(Some(&last.label), &truth_labels, &[])).to_owned(),
        _ => String::new(),
    };
    Ok(Case {
        display_set: set.id.clone(),
        hidden,
        withheld: if hidden {
            u32::try_from(readings.len()).unwrap_or(u32::MAX)
        } else {
            0
        },
        own: own
            .into_iter()
            .map(|a| OwnAnswer {
                label: a.label,
                confidence: a.confidence,
                at: a.at,
                before_reveal: a.before_reveal,
            })
            .collect(),
        readings: if hidden { Vec::new() } else { readings },
        truth: truth.filter(|_| !hidden).map(|t| TruthInfo {
            labels: t.labels,
            source: t.source,
            at: t.at,
        }),
        order: events
            .into_iter()
            .map(|(at, what)| format!("{what} {}", at.get(11..19).unwrap_or(&at)))
            .collect(),
        own_agreement,
    })
}

fn word(agreement: &Agreement) -> &'static str {
    match agreement {
        Agreement::Agree => "agree",
        Agreement::Disagree => "disagree",
        Agreement::NoTruth => "no_truth",
        Agreement::NotComparable(_) => "not_comparable",
    }
}

/// Reads a truth table, without keeping it.
///
/// # Errors
/// When the file cannot be read; the message names the line.
pub fn read_table(path: &std::path::Path) -> Outcome<Vec<TruthRow>> {
    let name = path
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let text = std::fs::read_to_string(path).map_err(|error| io(&name, &error))?;
    truth::read(&name, &text).map_err(|error| {
        failure(
            "truth.unreadable",
            format!("{error}."),
            "Name the columns case, series or study, and label.",
        )
    })
}

/// Keeps a truth table's rows and says which display sets of the desk they reach.
///
/// # Errors
/// When it cannot be read or kept.
pub fn import(desk: &Desk, rows: &[TruthRow], source: &str) -> Outcome<TruthAttached> {
    let now = desk.clock.now();
    let mut grouped: Vec<(&Subject, Truth)> = Vec::new();
    for row in rows {
        match grouped.iter_mut().find(|(subject, _)| **subject == row.subject) {
            Some((_, truth)) => truth.labels.push(row.label.clone()),
            None => grouped.push((
                &row.subject,
                Truth {
                    labels: vec![row.label.clone()],
                    source: row.source.clone().unwrap_or_else(|| source.to_owned()),
                    at: now.clone(),
                },
            )),
        }
    }
    let opened = lock(&desk.opened);
    let sets: Vec<_> = opened.sets.values().cloned().collect();
    drop(opened);
    let mut unmatched = Vec::new();
    let mut truths: Vec<(TruthKey<'_>, Truth)> = Vec::new();
    let mut reached = std::collections::BTreeSet::new();
    for (subject, truth) in grouped {
        let before = reached.len();
        match subject {
            Subject::Series(uid) => {
                reached.extend(sets.iter().filter(|s| s.series_uid == *uid).map(|s| s.id.clone()));
                truths.push((TruthKey::Series(uid), truth));
            }
            Subject::Study(uid) => {
                reached.extend(sets.iter().filter(|s| s.study_uid == *uid).map(|s| s.id.clone()));
                truths.push((TruthKey::Study(uid), truth));
            }
            Subject::Case(id) => {
                // A case id may be a display set's, a folder's name in the opened folder, or a UID.
                let by_folder: Vec<_> = sets.iter().filter(|s| names(desk, s, id)).collect();
                reached.extend(by_folder.iter().map(|s| s.id.clone()));
                for set in &by_folder {
                    truths.push((TruthKey::Series(&set.series_uid), truth.clone()));
                }
                // A folder's name means nothing elsewhere: unmatched, it would reach another patient's folder of that
                // name. An id of ours or a UID keeps its meaning.
                if by_folder.is_empty() && id.starts_with("ds-") {
                    truths.push((TruthKey::Case(id), truth));
                } else if by_folder.is_empty() && is_uid(id) {
                    truths.push((TruthKey::Series(id), truth.clone()));
                    truths.push((TruthKey::Study(id), truth));
                }
            }
        }
        if reached.len() == before && unmatched.len() < LISTED {
            unmatched.push(match subject {
                Subject::Case(id) => format!("case {id}"),
                Subject::Series(uid) => format!("series {uid}"),
                Subject::Study(uid) => format!("study {uid}"),
            });
        }
    }
    let who = settings(desk).reader;
    desk.store()?.add_truths(&truths, &who, &now)?;
    Ok(TruthAttached {
        rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        matched: u32::try_from(reached.len()).unwrap_or(u32::MAX),
        unmatched,
    })
}

/// True for what looks like a UID: digits and dots.
fn is_uid(id: &str) -> bool {
    id.contains('.') && id.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// True when a case id speaks of the set: its id or UIDs, or a folder on the way to its files.
fn names(desk: &Desk, set: &Images, id: &str) -> bool {
    set.id == id
        || set.series_uid == id
        || set.study_uid == id
        || folders_of(desk, set).iter().any(|name| name == id)
}

/// Names of the folders from the opened one down to the set's files, deepest first. What lies above the opened folder
/// names no case.
fn folders_of(desk: &Desk, set: &Images) -> Vec<String> {
    let root = lock(&desk.opened).root.clone().unwrap_or_default();
    let path = &set.first().header.path;
    let above = root.parent().unwrap_or(&root);
    let below = path.strip_prefix(above).unwrap_or(path);
    let mut names: Vec<String> = below
        .parent()
        .into_iter()
        .flat_map(|folder| folder.components())
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    names.reverse();
    names
}

/// The operation `attach_truth`.
pub(crate) fn attach_truth(desk: &Desk, arguments: &AttachTruth) -> Outcome<TruthAttached> {
    let rows = read_table(&desk.path(&arguments.file)?)?;
    import(desk, &rows, &arguments.file.label)
}

/// The operation `set_truth`.
pub(crate) fn set_truth(desk: &Desk, arguments: &SetTruth) -> Outcome<Case> {
    let set = desk.set(&arguments.display_set)?;
    let now = desk.clock.now();
    let label = arguments.label.trim().to_owned();
    let source = if arguments.source.trim().is_empty() {
        "typed in".to_owned()
    } else {
        arguments.source.trim().to_owned()
    };
    let truth = Truth {
        labels: if label.is_empty() { Vec::new() } else { vec![label] },
        source,
        at: now.clone(),
    };
    let who = settings(desk).reader;
    desk.store()?
        .add_truths(&[(TruthKey::Case(&set.id), truth)], &who, &now)?;
    case_of(
        desk,
        &DisplaySetRef {
            display_set: set.id.clone(),
        },
    )
}

/// The operation `commit_answer`.
pub(crate) fn commit_answer(desk: &Desk, arguments: &CommitAnswer) -> Outcome<Case> {
    let set = desk.set(&arguments.display_set)?;
    let label = arguments.label.trim();
    if label.is_empty() {
        return Err(failure(
            "answer.empty",
            "There is no answer yet.",
            "Choose a label or type one.",
        ));
    }
    let settings = settings(desk);
    {
        let mut store = desk.store()?;
        let seen = !store.seen(&set.id)?.is_empty();
        let kept = Kept {
            label: label.to_owned(),
            confidence: arguments.confidence.map(|c| c.clamp(0.0, 1.0)),
            at: desk.clock.now(),
            before_reveal: !seen,
        };
        store.add_answer(&set.id, &kept, &settings.reader)?;
    }
    // Committed: model and truth come out, in this order.
    show(
        desk,
        &DisplaySetRef {
            display_set: set.id.clone(),
        },
    )
}

/// The case of an open display set.
///
/// # Errors
/// When the store cannot be read.
pub fn of(desk: &Desk, set: &Images) -> Outcome<Case> {
    case_of(
        desk,
        &DisplaySetRef {
            display_set: set.id.clone(),
        },
    )
}

/// Attaches the labels of a table's rows to one display set, whatever case they name.
///
/// # Errors
/// When they cannot be kept.
pub fn import_for(desk: &Desk, set: &Images, rows: &[TruthRow], source: &str) -> Outcome<()> {
    let now = desk.clock.now();
    let truth = Truth {
        labels: rows.iter().map(|r| r.label.clone()).collect(),
        source: source.to_owned(),
        at: now.clone(),
    };
    let who = settings(desk).reader;
    desk.store()?
        .add_truths(&[(TruthKey::Series(&set.series_uid), truth)], &who, &now)?;
    Ok(())
}
