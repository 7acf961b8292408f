//! A case set with its answers, indexed once: patients, labels, reader by case.

use std::collections::{BTreeMap, BTreeSet};

use crate::case_set::{Arm, CaseSet, CaseSpec, ReaderKind, ReaderSpec, Task};
use crate::error::trim;
use crate::evaluated::bench::Bench;
use crate::evaluated::judged;
use crate::evaluated::said::{self, Said};
use crate::evaluated::truths::Policy;
use crate::matching::{Decision, Hierarchy, Synonyms};
use crate::recorded::{Phase, Recorded};

/// What the desk knows besides the case set and the answers.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The command that gives the figures again.
    pub command: String,
    /// Patients that a reader was tuned on (`tuned_on` of the case set), by reader id.
    pub tuned_on: BTreeMap<String, BTreeSet<String>>,
    /// The set's own table of synonyms, over the list that comes along.
    pub synonyms: Option<Synonyms>,
    /// The set's table of parents.
    pub hierarchy: Hierarchy,
    /// What must be known of the answers: files that are not there, lines that were left out.
    pub notes: Vec<String>,
    /// What people decided, oldest first.
    pub decisions: Vec<Decision>,
}

/// An evaluation, ready for every figure.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub(super) set: CaseSet,
    pub(super) context: Context,
    /// In the order of tables; empty for open questions, letters for multiple choice.
    pub(super) labels: Vec<String>,
    /// Patient of each case, as an index.
    pub(super) patients: Vec<u32>,
    pub(super) readers: Vec<Reader>,
    pub(super) answers: Vec<Recorded>,
    /// What each answer says, one for each of `answers`.
    pub(super) said: Vec<Said>,
    pub(super) left_out: LeftOut,
    pub(super) numbers: BTreeMap<String, u32>,
    /// Verdicts under the policy of the set.
    pub(super) bench: Bench,
}

/// A reader's answers by case.
#[derive(Clone, Debug)]
pub struct Reader {
    /// As in the case set.
    pub spec: ReaderSpec,
    /// The answers that count.
    pub counting: Column,
    /// A person's before the reveal.
    pub before: Column,
    /// A person's after the reveal.
    pub after: Column,
    /// The arms of a pipeline.
    pub arms: BTreeMap<Arm, Column>,
}

/// An index into the answers for each case.
pub type Column = Vec<Option<u32>>;

/// Answers that are in no figure, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// (reader, case) of answers to cases that are not in the set.
    pub unknown_cases: Vec<(String, String)>,
    /// Readers that are not in the set, with their answers.
    pub unknown_readers: BTreeMap<String, u32>,
    /// (reader, case, rows) where a later row took the place of an earlier one.
    pub duplicates: Vec<(String, String, u32)>,
    /// Decisions on answers that are others by now, or not here.
    pub stale_decisions: u32,
}

impl Evaluation {
    /// Indexes the cases and their answers. Of several answers of one reader to one case (in one arm and phase) the last
    /// one counts. Answers to other cases and of other readers are left out and counted; a set without readers takes
    /// every reader that answered, by name.
    pub fn new(set: CaseSet, answers: Vec<Recorded>, context: Context) -> Self {
        let mut numbers = BTreeMap::new();
        for (i, case) in set.cases.iter().enumerate() {
            numbers.entry(trim(&case.id).to_owned()).or_insert(i as u32);
        }
        let specs = if set.readers.is_empty() {
            readers_of(&answers)
        } else {
            set.readers.clone()
        };
        let blank = vec![None; set.cases.len()];
        let mut readers: Vec<Reader> = specs
            .into_iter()
            .map(|spec| Reader {
                spec,
                counting: blank.clone(),
                before: blank.clone(),
                after: blank.clone(),
                arms: BTreeMap::new(),
            })
            .collect();
        let mut left_out = index(&mut readers, &answers, &numbers, set.cases.len());
        let labels = labels_of(&set);
        let mut said = said::of_all(&set, &labels, &answers, &numbers);
        left_out.stale_decisions = judged::judge(&set, &context, &answers, &numbers, &mut said);
        let mut out = Self {
            patients: patients_of(&set.cases),
            labels,
            readers,
            said,
            answers,
            left_out,
            numbers,
            context,
            bench: Bench::default(),
            set,
        };
        out.bench = Bench::new(&out, Policy::of(&out.set));
        out
    }

    /// The case set.
    pub fn set(&self) -> &CaseSet {
        &self.set
    }

    /// Readers, in the order of the case set.
    pub fn readers(&self) -> &[Reader] {
        &self.readers
    }

    /// Answers in no figure.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// A case by its place from 0.
    pub fn case(&self, at: usize) -> Option<&CaseSpec> {
        self.set.cases.get(at)
    }

    /// The place of a case, from 0.
    pub fn place(&self, case: &str) -> Option<usize> {
        self.numbers.get(trim(case)).map(|at| *at as usize)
    }

    pub(super) fn reader(&self, id: &str) -> Option<usize> {
        self.readers.iter().position(|r| r.spec.id == id)
    }
}

/// A recorded reader for every name among the answers.
fn readers_of(answers: &[Recorded]) -> Vec<ReaderSpec> {
    let names: BTreeSet<&str> = answers.iter().map(|a| trim(&a.reader)).collect();
    let reader = |id: &str| ReaderSpec {
        id: id.to_owned(),
        kind: ReaderKind::Recorded,
        ..ReaderSpec::default()
    };
    names.into_iter().map(reader).collect()
}

fn index(
    readers: &mut [Reader],
    answers: &[Recorded],
    numbers: &BTreeMap<String, u32>,
    cases: usize,
) -> LeftOut {
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    for (i, reader) in readers.iter().enumerate() {
        by_id.entry(trim(&reader.spec.id).to_owned()).or_insert(i);
    }
    let (mut out, mut unknown) = (LeftOut::default(), BTreeSet::new());
    let mut rows: BTreeMap<(usize, u32), u32> = BTreeMap::new();
    for (i, answer) in answers.iter().enumerate() {
        let Some(reader) = by_id.get(trim(&answer.reader)) else {
            *out.unknown_readers
                .entry(trim(&answer.reader).to_owned())
                .or_default() += 1;
            continue;
        };
        let Some(case) = numbers.get(trim(&answer.case)) else {
            unknown.insert((trim(&answer.reader).to_owned(), trim(&answer.case).to_owned()));
            continue;
        };
        let Some(own) = readers.get_mut(*reader) else {
            continue;
        };
        let put = |column: &mut Column| {
            let place = column.get_mut(*case as usize)?;
            place.replace(i as u32)
        };
        let earlier = match (answer.arm, answer.phase) {
            (Some(arm), _) => put(own.arms.entry(arm).or_insert_with(|| vec![None; cases])),
            (None, Some(Phase::Before)) => put(&mut own.before),
            (None, Some(Phase::After)) => put(&mut own.after),
            (None, None) => put(&mut own.counting),
        };
        if earlier.is_some() {
            *rows.entry((*reader, *case)).or_insert(1) += 1;
        }
    }
    out.unknown_cases = unknown.into_iter().collect();
    let names: BTreeMap<u32, &String> = numbers.iter().map(|(name, at)| (*at, name)).collect();
    for ((reader, case), n) in rows {
        if let (Some(reader), Some(case)) = (readers.get(reader), names.get(&case)) {
            out.duplicates.push((reader.spec.id.clone(), (*case).clone(), n));
        }
    }
    for reader in readers {
        fill(reader);
    }
    out
}

/// A person's answer that counts is the one before the reveal; a pipeline's is the one from its own findings. What was
/// said after the reveal alone counts only of a reader who never answered before it: mixed, the model's answers would
/// count as the person's.
fn fill(reader: &mut Reader) {
    let own = reader.arms.get(&Arm::Own);
    let blind = reader.before.iter().any(Option::is_some);
    for (at, place) in reader.counting.iter_mut().enumerate() {
        let of = |column: Option<&Column>| column.and_then(|c| c.get(at).copied().flatten());
        *place = place
            .or(of(own))
            .or(of(Some(&reader.before)))
            .or(of(Some(&reader.after)).filter(|_| !blind));
    }
}

/// Cases without a patient stand for a patient of their own.
fn patients_of(cases: &[CaseSpec]) -> Vec<u32> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0;
    let mut out = Vec::with_capacity(cases.len());
    for case in cases {
        let name = trim(&case.patient);
        let new = next;
        let patient = if name.is_empty() {
            new
        } else {
            *known.entry(name).or_insert(new)
        };
        next += u32::from(patient == new);
        out.push(patient);
    }
    out
}

/// The labels of the set, or those of its truth by code point; letters for multiple choice.
fn labels_of(set: &CaseSet) -> Vec<String> {
    match set.question.task {
        Task::Choice => {
            let most = set.cases.iter().map(|c| c.options.len()).max().unwrap_or(0);
            (0..most).map(letter).collect()
        }
        Task::Open | Task::Vqa => Vec::new(),
        Task::Closed | Task::YesNo | Task::Boxes => {
            if !set.question.labels.is_empty() {
                return set.question.labels.iter().map(|l| trim(l).to_owned()).collect();
            }
            let mut all = BTreeSet::new();
            for truth in set.cases.iter().map(|c| &c.truth) {
                all.extend(truth.labels.iter().map(|l| trim(l)));
                all.extend(truth.states.keys().map(|l| trim(l)));
                all.extend(truth.votes.iter().flat_map(|v| &v.labels).map(|l| trim(l)));
                all.extend(truth.boxes.iter().map(|b| trim(&b.label)));
            }
            all.into_iter()
                .filter(|l| !l.is_empty())
                .map(str::to_owned)
                .collect()
        }
    }
}

/// `A`, `B` … `Z`, then `27` …
pub(super) fn letter(at: usize) -> String {
    match u8::try_from(at).ok().filter(|at| *at < 26) {
        Some(at) => char::from(b'A' + at).to_string(),
        None => (at + 1).to_string(),
    }
}
