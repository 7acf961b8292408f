//! All figures by formula, at once: what is there before resamples are drawn.

use rayon::prelude::*;

use crate::case_set::{Blank, ReaderKind, Task, Uncertain};
use crate::evaluated::bench::{Bench, Row};
use crate::evaluated::compared::Comparisons;
use crate::evaluated::comparison::{self, Looked};
use crate::evaluated::evaluation::{Evaluation, Reader};
use crate::evaluated::figures::{Figures, InvalidCount, ReaderFigures, Resampling};
use crate::evaluated::filter::Filter;
use crate::evaluated::selection::{Selection, name_of};
use crate::evaluated::truths::Policy;
use crate::evaluated::{agreement, beside, calibration, clusters, groups, headline, labels, remarks, study};

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Filter.
    pub filter: Filter,
    /// Another policy than the set's.
    pub uncertain: Option<Uncertain>,
    /// Another policy than the set's.
    pub blank: Option<Blank>,
}

impl Request {
    pub(super) fn policy(&self, of: &Evaluation) -> Policy {
        let own = Policy::of(of.set());
        Policy {
            uncertain: self.uncertain.unwrap_or(own.uncertain),
            blank: self.blank.unwrap_or(own.blank),
        }
    }
}

/// Figures with the intervals that a formula gives.
pub fn by_formula(of: &Evaluation, request: &Request) -> Figures {
    let policy = request.policy(of);
    if policy == of.bench.policy {
        whole(of, &of.bench, request)
    } else {
        whole(of, &Bench::new(of, policy), request)
    }
}

fn whole(of: &Evaluation, bench: &Bench, request: &Request) -> Figures {
    let selection = of.select(bench, &request.filter);
    let chosen: Vec<&Reader> = selection
        .readers
        .iter()
        .filter_map(|r| of.readers.get(*r))
        .collect();
    let rows: Vec<Vec<Row<'_>>> = chosen
        .par_iter()
        .map(|r| bench.rows(of, &r.counting, &selection.cases))
        .collect();
    let looked: Vec<Looked<'_>> = chosen
        .iter()
        .zip(&rows)
        .map(|(reader, rows)| Looked { reader, rows })
        .collect();
    let readers: Vec<ReaderFigures> = looked
        .par_iter()
        .map(|one| one_reader(of, bench, &selection, one))
        .collect();
    let reveal = chosen
        .iter()
        .filter_map(|reader| groups::reveal(of, bench, reader, &selection))
        .collect();
    let mut comparison = comparison::figures(of, &looked);
    if let Some(study) = study::before_and_after(of, bench, &chosen, &selection) {
        let empty = || Comparisons {
            omnibus: None,
            n_common: 0,
            pairs: Vec::new(),
        };
        comparison.get_or_insert_with(empty).pairs.push(study);
    }
    let (published, beside) = beside::rows(of, &request.filter, &selection);
    let mut remarks = remarks::of_all(of, bench, &request.filter, &selection, &looked);
    remarks.extend(beside);
    let mut out = Figures {
        name: of.set.name.clone(),
        task: of.set.question.task,
        question: question(of),
        labels: of.labels.clone(),
        cases: selection.cases.len() as u32,
        cases_in_set: of.set.cases.len() as u32,
        patients: selection.patients,
        truth: truth_in_words(of, bench.policy),
        uncertain: bench.policy.uncertain,
        blank: bench.policy.blank,
        filter: request.filter.clone(),
        facets: of.facets(bench),
        resampling: Resampling::default(),
        remarks,
        readers,
        comparison,
        agreement: agreement::figures(of, &selection, &looked),
        reveal,
        policies: groups::policies(of, &selection),
        published,
        command: of.context.command.clone(),
    };
    if (selection.patients as usize) < selection.cases.len() {
        clusters::apply(of, &looked, &mut out);
    }
    out
}

fn one_reader(of: &Evaluation, bench: &Bench, selection: &Selection, one: &Looked<'_>) -> ReaderFigures {
    let (reader, rows) = (one.reader, one.rows);
    let mut curves = labels::curves(of, rows);
    let undecided = rows.iter().filter(|r| r.right().is_none()).count();
    // The decided answers are those that the rules could tell: no sample of all.
    if undecided == 0 {
        curves.extend(calibration::risk_curve(of, rows));
    }
    let known = selection
        .cases
        .iter()
        .filter(|c| bench.truths.get(**c as usize).is_some_and(|t| t.known))
        .count();
    let invalid = invalid_counts(rows);
    let invalid_all: u32 = invalid.iter().map(|k| k.count).sum();
    let single = matches!(of.set.question.task, Task::Closed | Task::Choice);
    ReaderFigures {
        id: reader.spec.id.clone(),
        name: name_of(&reader.spec.id, &reader.spec.name),
        kind: reader.spec.kind,
        tuning: reader.spec.tuning,
        described: described(of, reader, rows),
        n: rows.len() as u32,
        missing: (known - rows.len()) as u32,
        answered: rows.len() as u32 - invalid_all,
        undecided: undecided as u32,
        invalid,
        headline: headline::of(of, rows),
        per_label: labels::per_label(of, rows),
        confusion: single.then(|| headline::confusion_table(of, rows)),
        curves,
        calibration: (undecided == 0)
            .then(|| calibration::figures(of, bench, reader, selection, rows))
            .flatten(),
        subgroups: groups::subgroups(of, rows),
        arms: groups::arms(of, bench, reader, selection),
        effort: groups::effort(rows),
    }
}

/// What a reader is, in words.
fn described(of: &Evaluation, reader: &Reader, rows: &[Row<'_>]) -> Vec<(String, String)> {
    let spec = &reader.spec;
    let settings = spec.settings.as_ref().unwrap_or(&of.set.settings);
    let mut out = Vec::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            out.push((name.to_owned(), value.to_owned()));
        }
    };
    add("Described", &spec.described);
    if matches!(spec.kind, ReaderKind::Local | ReaderKind::Pipeline) {
        add("Model", &spec.model);
        add("Adapters", &spec.adapters.join(", "));
        add("Head", &spec.head);
        add("Preprocessing", &settings.preprocess);
        add("Slices", &settings.slices);
        add("Window", &settings.window);
        add("Precision", &settings.precision);
        add(
            "Prompt",
            if spec.prompt.is_empty() {
                &of.set.question.prompt
            } else {
                &spec.prompt
            },
        );
    }
    if spec.kind == ReaderKind::Person && reader.before.iter().any(Option::is_some) {
        add("Answers that count", "those before the reveal");
    }
    add("Tuned on splits", &spec.tuned_on_splits.join(", "));
    let settings: std::collections::BTreeSet<&str> = rows
        .iter()
        .filter_map(|r| r.recorded.settings.as_deref())
        .collect();
    for hash in settings.iter().take(4) {
        add("Settings", hash);
    }
    out
}

/// Invalid answers by kind, the most frequent first.
fn invalid_counts(rows: &[Row<'_>]) -> Vec<InvalidCount> {
    let mut counts = std::collections::BTreeMap::<&str, u32>::new();
    for kind in rows.iter().filter_map(|r| r.said.invalid.as_deref()) {
        *counts.entry(kind).or_default() += 1;
    }
    let mut out: Vec<InvalidCount> = counts
        .into_iter()
        .map(|(kind, count)| InvalidCount {
            kind: kind.to_owned(),
            count,
        })
        .collect();
    out.sort_by_key(|k| std::cmp::Reverse(k.count));
    out
}

/// The question of the set in words: its own prompt, or what its task asks.
pub(super) fn question(of: &Evaluation) -> String {
    let asked = &of.set.question;
    if !asked.prompt.is_empty() {
        return asked.prompt.clone();
    }
    let words = match asked.task {
        Task::Closed => "Which of these labels?",
        Task::YesNo => "Which of these labels are present?",
        Task::Choice => "Which of the case's options?",
        Task::Open => "What is the diagnosis?",
        Task::Vqa => "Each case has a question of its own.",
        Task::Boxes => "What is found, and where?",
    };
    words.to_owned()
}

fn truth_in_words(of: &Evaluation, policy: Policy) -> Vec<String> {
    let truth = &of.set.truth;
    let source = if truth.source.is_empty() {
        "not stated"
    } else {
        &truth.source
    };
    let mut out = vec![format!("Source: {source}.")];
    if truth.truthers > 0 {
        let people = super::figure::count(truth.truthers as usize, "person").replace("persons", "people");
        out.push(format!("Set by {people}."));
    }
    if of.set.question.task == Task::YesNo {
        out.push(
            match policy.uncertain {
                Uncertain::Ones => "Uncertain labels count as present.",
                Uncertain::Zeros => "Uncertain labels count as absent.",
                Uncertain::Ignore => "Uncertain labels are left out.",
            }
            .to_owned(),
        );
        out.push(
            match policy.blank {
                Blank::Negative => "Labels that are not mentioned count as absent.",
                Blank::Missing => "Labels that are not mentioned are left out.",
            }
            .to_owned(),
        );
    }
    out
}
