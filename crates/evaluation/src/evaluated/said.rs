//! What an answer says by itself: a label, yes and no for each label, or why it is invalid.

use std::collections::BTreeMap;

use crate::case_set::{CaseSet, CaseSpec, Task};
use crate::error::trim;
use crate::evaluated::cases::Verdict;
use crate::evaluated::judged::Found;
use crate::metrics::tokens::{TextScore, text_score};
use crate::recorded::Recorded;

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Kind of an invalid answer.
    pub invalid: Option<String>,
    /// Index of the label, or of the case's option.
    pub label: Option<u32>,
    /// For yes/no lists: one for each label.
    pub yes: Vec<bool>,
    /// 0 to 1; that of the label said where none is given for the answer.
    pub confidence: Option<f64>,
    /// Verdict of an open answer, of a list of boxes; it does not depend on the policy.
    pub judged: Option<Verdict>,
    /// How the verdict or the label was found, for answers in words.
    pub found: Option<Box<Found>>,
    /// Rank of the truth among the diagnoses listed, from 1.
    pub rank: Option<u32>,
    /// For questions with answers in words: this answer's words against the accepted ones.
    pub text: Option<TextScore>,
    /// Probability of each label, 0 for one that is not in the map; empty: none were given.
    pub probabilities: Vec<f64>,
}

/// What every answer says. Answers to cases that are not in the set say nothing.
pub(super) fn of_all(
    set: &CaseSet,
    labels: &[String],
    answers: &[Recorded],
    numbers: &BTreeMap<String, u32>,
) -> Vec<Said> {
    let index: BTreeMap<&str, u32> = labels
        .iter()
        .enumerate()
        .map(|(i, l)| (l.as_str(), i as u32))
        .collect();
    let task = set.question.task;
    let one = |answer: &Recorded| {
        let case = numbers
            .get(trim(&answer.case))
            .and_then(|at| set.cases.get(*at as usize));
        case.map_or_else(Said::default, |case| of(task, &index, case, answer))
    };
    answers.iter().map(one).collect()
}

fn of(task: Task, index: &BTreeMap<&str, u32>, case: &CaseSpec, answer: &Recorded) -> Said {
    let mut said = Said {
        invalid: answer
            .invalid
            .as_deref()
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned),
        confidence: answer.confidence.filter(|c| (0.0..=1.0).contains(c)),
        ..Said::default()
    };
    let map = answer
        .probabilities
        .as_ref()
        .filter(|map| map.values().all(|p| (0.0..=1.0).contains(p)));
    match task {
        Task::Closed => {
            if let Some(map) = map {
                said.probabilities = spread(map, index.len(), |name| index.get(name).copied());
            }
            choose(&mut said, answer.label.as_deref(), |name| {
                index.get(name).copied()
            });
        }
        Task::Choice => {
            let option = |name: &str| option_of(case, name);
            if let Some(map) = map {
                said.probabilities = spread(map, case.options.len(), option);
            }
            choose(&mut said, answer.label.as_deref(), option);
        }
        Task::YesNo => {
            if let Some(map) = map {
                said.probabilities = spread(map, index.len(), |name| index.get(name).copied());
            }
            list(&mut said, index, answer);
        }
        // Open answers are judged against their case; boxes stand as they are.
        Task::Vqa => said.text = words(&said, case, answer),
        Task::Open | Task::Boxes => {}
    }
    said
}

/// Probabilities by index; names outside the set are left out.
fn spread(map: &BTreeMap<String, f64>, len: usize, at: impl Fn(&str) -> Option<u32>) -> Vec<f64> {
    let mut out = vec![0.0; len];
    for (name, p) in map {
        if let Some(place) = at(trim(name)).and_then(|i| out.get_mut(i as usize)) {
            *place = *p;
        }
    }
    out
}

/// The one label: `none` without one, `out-of-set` for one that was not offered.
fn choose(said: &mut Said, label: Option<&str>, at: impl Fn(&str) -> Option<u32>) {
    if said.invalid.is_some() {
        return;
    }
    match label.map(trim).filter(|l| !l.is_empty()) {
        None => said.invalid = Some("none".to_owned()),
        Some(name) => match at(name) {
            Some(i) => said.label = Some(i),
            None => said.invalid = Some("out-of-set".to_owned()),
        },
    }
    if let (None, Some(i)) = (said.confidence, said.label) {
        said.confidence = said.probabilities.get(i as usize).copied();
    }
}

/// An option by its text, or by its letter where no option is called so.
pub(super) fn option_of(case: &CaseSpec, name: &str) -> Option<u32> {
    let by_text = case.options.iter().position(|o| trim(o) == name);
    let by_letter = || {
        let lettered = |at: &usize| super::evaluation::letter(*at).eq_ignore_ascii_case(name);
        (0..case.options.len().min(26)).find(lettered)
    };
    by_text.or_else(by_letter).map(|at| at as u32)
}

/// Yes and no for each label: from the labels said, else from probabilities of one half or more.
fn list(said: &mut Said, index: &BTreeMap<&str, u32>, answer: &Recorded) {
    if said.invalid.is_some() {
        return;
    }
    let one = answer.label.as_deref().map(trim).filter(|l| !l.is_empty());
    let names: Option<Vec<&str>> = match (&answer.labels, one) {
        (Some(all), _) => Some(all.iter().map(|l| trim(l)).collect()),
        (None, Some(one)) => Some(vec![one]),
        (None, None) => None,
    };
    match names {
        Some(names) => {
            let mut yes = vec![false; index.len()];
            for name in names {
                match index.get(name).and_then(|i| yes.get_mut(*i as usize)) {
                    Some(place) => *place = true,
                    None => {
                        said.invalid = Some("out-of-set".to_owned());
                        return;
                    }
                }
            }
            said.yes = yes;
        }
        None if !said.probabilities.is_empty() => {
            said.yes = said.probabilities.iter().map(|p| *p >= 0.5).collect();
        }
        None => said.invalid = Some("none".to_owned()),
    }
}

/// The words said, of an invalid answer none, against the accepted answers.
fn words(said: &Said, case: &CaseSpec, answer: &Recorded) -> Option<TextScore> {
    let own = answer
        .label
        .as_deref()
        .or(answer.text.as_deref())
        .filter(|_| said.invalid.is_none());
    let mut accepted: Vec<&str> = case.truth.answers.iter().map(String::as_str).collect();
    if accepted.is_empty() {
        accepted.extend(case.truth.labels.iter().map(String::as_str));
    }
    text_score(own, &accepted)
}
