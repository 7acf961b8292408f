//! Case set, answers and decisions in memory, kept while their files do not change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use overread_evaluation::case_set::{CaseSet, ReaderKind};
use overread_evaluation::evaluated::{Context, Evaluation};
use overread_evaluation::matching::{Hierarchy, Synonyms};

use crate::Outcome;
use crate::code::io;
use crate::desk::{Desk, lock};
use crate::op::evaluation::{folder, images, journal, readers, set};
use crate::op::head;
use crate::op::tune::head::splits_seen;

/// Evaluations that are kept.
const KEPT: usize = 3;

/// An evaluation as its files are now.
#[derive(Debug)]
pub struct Loaded {
    /// The case-set file.
    pub at: PathBuf,
    /// Indexed, judged.
    pub evaluation: Evaluation,
    /// What a user should know of the answers.
    pub notes: Vec<String>,
    /// Files it was made of.
    pub files: Vec<PathBuf>,
    stamp: Stamp,
    /// Display sets of cases that were looked for, by place.
    sets: Mutex<BTreeMap<usize, Option<String>>>,
}

impl Loaded {
    /// The display set of a case, found once; `None` when its images are not there.
    pub(crate) fn display_set(&self, place: usize) -> Option<String> {
        if let Some(found) = lock(&self.sets).get(&place) {
            return found.clone();
        }
        let found = self
            .evaluation
            .case(place)
            .and_then(|case| images::display_set_of(&images::Finder::of(&self.at), case));
        lock(&self.sets).insert(place, found.clone());
        found
    }
}

/// Length and time of each file, and how many answers the desk has of people: what changes when anything does.
type Stamp = (Vec<Option<(u64, SystemTime)>>, String);

fn stamp(desk: &Desk, files: &[PathBuf], people: bool) -> Stamp {
    let of = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    };
    // The desk's own answers of people lie in the store, which only ever grows.
    let own = if people {
        desk.store()
            .ok()
            .and_then(|store| store.answer_count().ok())
            .map_or_else(String::new, |answers| answers.to_string())
    } else {
        String::new()
    };
    (files.iter().map(of).collect(), own)
}

/// Every file that an evaluation is made of.
fn files_of(at: &Path, set: &CaseSet) -> Vec<PathBuf> {
    let base = at.parent().unwrap_or(Path::new(""));
    let run = folder::of(at);
    let mut out = vec![
        at.to_path_buf(),
        folder::answers(&run),
        folder::stages(&run),
        folder::decisions(&run),
    ];
    let named = [&set.cases_file, &set.question.synonyms, &set.question.parents]
        .into_iter()
        .chain(set.readers.iter().flat_map(|r| {
            let findings = r.findings.as_ref().map(|f| &f.answers);
            [&r.answers, &r.tuned_on].into_iter().chain(findings)
        }));
    let named: BTreeSet<&String> = named.filter(|name| !name.is_empty()).collect();
    out.extend(named.into_iter().map(|name| base.join(name)));
    out
}

/// The evaluation of a case-set file; from memory when nothing changed.
///
/// # Errors
/// When the case set or a file that it names cannot be read.
pub fn load(desk: &Desk, at: &Path) -> Outcome<Arc<Loaded>> {
    let at = crate::op::open::absolute(at);
    let kept = lock(&desk.evaluations).iter().find(|l| l.at == at).cloned();
    if let Some(kept) = kept
        && kept.stamp == stamp(desk, &kept.files, has_people(kept.evaluation.set()))
    {
        return Ok(kept);
    }
    let set = folder::case_set(&at)?;
    let files = files_of(&at, &set);
    // Before reading: what changes meanwhile is read again next time.
    let stamp = stamp(desk, &files, has_people(&set));
    let gathered = readers::recorded_of(desk, &at, &set)?;
    let mut context = context(&at, &set)?;
    context.notes.clone_from(&gathered.notes);
    let loaded = Arc::new(Loaded {
        evaluation: Evaluation::new(set, gathered.answers, context),
        notes: gathered.notes,
        files,
        stamp,
        sets: Mutex::default(),
        at: at.clone(),
    });
    let mut all = lock(&desk.evaluations);
    all.retain(|l| l.at != at);
    all.insert(0, Arc::clone(&loaded));
    all.truncate(KEPT);
    Ok(loaded)
}

fn has_people(set: &CaseSet) -> bool {
    set.readers
        .iter()
        .any(|r| r.kind == ReaderKind::Person && r.answers.is_empty())
}

/// What the files beside a case set say.
///
/// # Errors
/// A file that is named and cannot be read.
pub(crate) fn context(at: &Path, case_set: &CaseSet) -> Outcome<Context> {
    let base = at.parent().unwrap_or(Path::new(""));
    let mut tuned_on = BTreeMap::new();
    for reader in case_set.readers.iter().filter(|r| !r.tuned_on.is_empty()) {
        let path = base.join(&reader.tuned_on);
        let text = fs::read_to_string(&path).map_err(|error| io(&folder::name(&path), &error))?;
        tuned_on.insert(reader.id.clone(), set::patients(&text));
    }
    for reader in case_set.readers.iter().filter(|r| !r.head.is_empty()) {
        // A head knows which splits of this set it has seen; one that cannot be read is told by the check and by the run.
        let Ok(opened) = head::open(&base.join(&reader.head)) else {
            continue;
        };
        let seen = splits_seen(&opened.about, case_set);
        let cases = case_set.cases.iter().filter(|case| seen.contains(&case.split));
        let names = cases.map(|case| {
            if case.patient.is_empty() {
                case.id.clone()
            } else {
                case.patient.clone()
            }
        });
        tuned_on.entry(reader.id.clone()).or_default().extend(names);
    }
    let question = &case_set.question;
    let table = |file: &str| -> Outcome<Option<(String, String)>> {
        if file.is_empty() {
            return Ok(None);
        }
        let path = base.join(file);
        Ok(Some((folder::name(&path), set::text(&path)?)))
    };
    let synonyms = table(&question.synonyms)?
        .map(|(name, text)| Synonyms::read(&name, &text).map_err(set::wrong))
        .transpose()?;
    let hierarchy = table(&question.parents)?
        .map(|(name, text)| Hierarchy::read(&name, &text).map_err(set::wrong))
        .transpose()?
        .unwrap_or_default();
    Ok(Context {
        command: String::new(),
        notes: Vec::new(),
        tuned_on,
        synonyms,
        hierarchy,
        decisions: journal::lines(&folder::decisions(&folder::of(at)))?,
    })
}
