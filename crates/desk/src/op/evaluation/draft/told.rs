//! What matched and what did not, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overread_evaluation::case_set::{CaseSet, State};
use overread_evaluation::import::{Imported, ImportedCase};

use super::places::{Hit, Miss, Places};
use super::reason;
use crate::op::naming;
use crate::wire::evaluation::{CaseSetMapping, LabelCount};

/// Rows, images and examples that are listed.
const LISTED: usize = 20;

/// Gathers what is told.
pub(super) struct Told {
    root: PathBuf,
    hidden: bool,
    misses: Vec<String>,
    missed: usize,
    examples: Vec<(String, String)>,
    used: BTreeMap<usize, u32>,
    left: usize,
    pub(super) notes: Vec<String>,
}

impl Told {
    pub(super) fn new(root: &Path, hidden: bool) -> Self {
        Self {
            root: root.to_path_buf(),
            hidden,
            misses: Vec::new(),
            missed: 0,
            examples: Vec::new(),
            used: BTreeMap::new(),
            left: 0,
            notes: Vec::new(),
        }
    }

    /// A row: its place in its table, and its case where names are shown.
    fn row(&self, row: &ImportedCase) -> String {
        if self.hidden {
            return row.at.clone();
        }
        format!("{} ({})", row.case.id, row.at)
    }

    pub(super) fn miss(&mut self, row: &ImportedCase, miss: &Miss) {
        self.missed += 1;
        if self.misses.len() < LISTED {
            self.misses.push(format!("{}: {}", self.row(row), reason(miss)));
        }
    }

    pub(super) fn first_miss(&self) -> Option<String> {
        self.misses.first().cloned()
    }

    pub(super) fn hit(&mut self, row: &ImportedCase, hit: &Hit, places: &Places) {
        for file in &hit.files {
            *self.used.entry(*file).or_default() += 1;
        }
        self.left += usize::from(hit.left > 0);
        if self.examples.len() < LISTED
            && let Some(file) = hit.files.first()
        {
            let image = naming::file(&self.root, places.path(*file), self.hidden);
            let more = hit.images.len() - 1;
            let image = if more > 0 {
                format!("{image} and {more} more")
            } else {
                image
            };
            self.examples.push((self.row(row), image));
        }
    }

    /// All of it.
    pub(super) fn mapping(mut self, imported: &Imported, set: &CaseSet, places: &Places) -> CaseSetMapping {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let shared = self.used.values().filter(|rows| **rows > 1).count();
        if shared > 0 {
            self.notes
                .push(format!("{shared} images belong to more than one row"));
        }
        if self.left > 0 {
            self.notes.push(format!(
                "{} rows name several series; the one with most images is taken",
                self.left
            ));
        }
        let unused: Vec<usize> = (0..places.len())
            .filter(|file| !self.used.contains_key(file))
            .collect();
        let named: BTreeSet<&str> = set
            .cases
            .iter()
            .map(|case| {
                if case.patient.is_empty() {
                    case.id.as_str()
                } else {
                    case.patient.as_str()
                }
            })
            .collect();
        CaseSetMapping {
            format: imported.format,
            task: set.question.task,
            labels: labels(set),
            splits: splits(set),
            rows: count(imported.cases.len()),
            matched: count(set.cases.len()),
            patients: count(named.len()),
            rows_without_images: self.misses,
            rows_without_images_count: count(self.missed),
            images_without_row: unused
                .iter()
                .take(LISTED)
                .map(|file| naming::file(&self.root, places.path(*file), self.hidden))
                .collect(),
            images_without_row_count: count(unused.len()),
            examples: self.examples,
            notes: self.notes,
        }
    }
}

/// Labels in the set's order, then those of the truth that it lacks.
fn labels(set: &CaseSet) -> Vec<LabelCount> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for case in &set.cases {
        let states = case
            .truth
            .states
            .iter()
            .filter(|(_, state)| **state == State::Present);
        let present: BTreeSet<&str> = case
            .truth
            .labels
            .iter()
            .map(String::as_str)
            .chain(states.map(|(label, _)| label.as_str()))
            .collect();
        for label in present {
            *counts.entry(label).or_default() += 1;
        }
    }
    let own = set.question.labels.iter().map(|label| LabelCount {
        label: label.clone(),
        cases: counts.get(label.as_str()).copied().unwrap_or(0),
    });
    let others = counts
        .iter()
        .filter(|(label, _)| !set.question.labels.iter().any(|own| own == *label));
    own.chain(others.map(|(label, cases)| LabelCount {
        label: (*label).to_owned(),
        cases: *cases,
    }))
    .collect()
}

fn splits(set: &CaseSet) -> Vec<LabelCount> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for case in set.cases.iter().filter(|case| !case.split.is_empty()) {
        *counts.entry(&case.split).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(label, cases)| LabelCount {
            label: label.to_owned(),
            cases,
        })
        .collect()
}
