//! Which cases and readers a filter leaves, and what can be filtered by.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::trim;
use crate::evaluated::bench::Bench;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::filter::{Facet, FacetChoice, Filter};
use crate::evaluated::groups::{are_groups, group_value};
use crate::evaluated::truths::present;

/// Cases and readers under a filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    /// Places of the cases, in the order of the set.
    pub cases: Vec<u32>,
    /// Places of the readers, in the order of the set.
    pub readers: Vec<usize>,
    /// Distinct patients among the cases.
    pub patients: u32,
}

impl Evaluation {
    /// Applies a filter; an empty list of it chooses all.
    pub(super) fn select(&self, bench: &Bench, filter: &Filter) -> Selection {
        let chosen = |list: &[String], value: &str| list.is_empty() || list.iter().any(|l| trim(l) == value);
        let readers: Vec<usize> = (0..self.readers.len())
            .filter(|i| {
                self.readers
                    .get(*i)
                    .is_some_and(|r| chosen(&filter.readers, trim(&r.spec.id)))
            })
            .collect();
        let holds = |at: &usize| {
            let Some(case) = self.set.cases.get(*at) else {
                return false;
            };
            chosen(&filter.splits, trim(&case.split))
                && chosen(&filter.modalities, trim(&case.modality))
                && (filter.labels.is_empty()
                    || self
                        .truth_labels(bench, *at)
                        .iter()
                        .any(|l| chosen(&filter.labels, l)))
                && filter.groups.iter().all(|g| {
                    let own = case.groups.get(&g.key).map_or("", |v| trim(v));
                    own == trim(&g.value) || group_value(&g.key, own) == trim(&g.value)
                })
                && (filter.invalid.is_empty()
                    || readers.iter().any(|r| {
                        self.invalid_kind(*r, *at)
                            .is_some_and(|kind| filter.invalid.iter().any(|k| k == "any" || k == kind))
                    }))
        };
        let cases: Vec<u32> = (0..self.set.cases.len())
            .filter(holds)
            .map(|at| at as u32)
            .collect();
        let patients: BTreeSet<u32> = cases
            .iter()
            .filter_map(|at| self.patients.get(*at as usize).copied())
            .collect();
        Selection {
            cases,
            readers,
            patients: patients.len() as u32,
        }
    }

    /// Why a reader's answer to a case is invalid; `None` when it is not, or there is none.
    pub(super) fn invalid_kind(&self, reader: usize, case: usize) -> Option<&str> {
        let answer = (*self.readers.get(reader)?.counting.get(case)?)?;
        self.said.get(answer as usize)?.invalid.as_deref()
    }

    /// What is true of a case, label by label; empty when nothing is, or nothing is known.
    pub(super) fn truth_labels(&self, bench: &Bench, case: usize) -> Vec<String> {
        let (Some(spec), Some(truth)) = (self.set.cases.get(case), bench.truths.get(case)) else {
            return Vec::new();
        };
        if let Some(one) = truth.one {
            return self.labels.get(one as usize).cloned().into_iter().collect();
        }
        if !truth.states.is_empty() {
            let named = self.labels.iter().zip(&truth.states);
            return named
                .filter(|(_, s)| **s == Some(true))
                .map(|(l, _)| l.clone())
                .collect();
        }
        let named = present(spec, self.set.truth.votes);
        if !named.is_empty() {
            return named.into_iter().map(str::to_owned).collect();
        }
        let boxes: BTreeSet<&str> = spec
            .truth
            .boxes
            .iter()
            .map(|b| trim(&b.label))
            .filter(|l| !l.is_empty())
            .collect();
        if !boxes.is_empty() {
            return boxes.into_iter().map(str::to_owned).collect();
        }
        spec.truth
            .answers
            .first()
            .map(|a| trim(a).to_owned())
            .into_iter()
            .collect()
    }

    /// What can be filtered by, counted over the whole set.
    pub(super) fn facets(&self, bench: &Bench) -> Vec<Facet> {
        let cases = &self.set.cases;
        let mut out = Vec::new();
        let mut add = |key: String, choices: Vec<FacetChoice>| {
            if !choices.is_empty() {
                out.push(Facet { key, choices });
            }
        };
        add(
            "split".to_owned(),
            counted(cases.iter().map(|c| trim(&c.split).to_owned())),
        );
        add(
            "modality".to_owned(),
            counted(cases.iter().map(|c| trim(&c.modality).to_owned())),
        );
        let labels = (0..cases.len()).flat_map(|at| self.truth_labels(bench, at));
        let mut labels = counted(labels);
        if !self.labels.is_empty() {
            // In the order of tables.
            labels.sort_by_key(|c| self.labels.iter().position(|l| *l == c.value));
        } else {
            labels.sort_by(|a, b| b.cases.cmp(&a.cases).then_with(|| a.value.cmp(&b.value)));
            labels.truncate(LABELS);
        }
        add("label".to_owned(), labels);
        let reader = |r: &crate::evaluated::evaluation::Reader| FacetChoice {
            value: r.spec.id.clone(),
            name: name_of(&r.spec.id, &r.spec.name),
            cases: r.counting.iter().flatten().count() as u32,
        };
        add("reader".to_owned(), self.readers.iter().map(reader).collect());
        add("invalid".to_owned(), self.invalid_facet());
        let keys: BTreeSet<&String> = cases.iter().flat_map(|c| c.groups.keys()).collect();
        for key in keys {
            let values = cases
                .iter()
                .map(|c| c.groups.get(key).map(|v| group_value(key, v)).unwrap_or_default());
            let choices = counted(values);
            if are_groups(choices.iter().map(|c| c.value.as_str())) {
                add(format!("group:{key}"), choices);
            }
        }
        out
    }

    fn invalid_facet(&self) -> Vec<FacetChoice> {
        let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
        let mut any = 0;
        for case in 0..self.set.cases.len() {
            let here: BTreeSet<&str> = (0..self.readers.len())
                .filter_map(|r| self.invalid_kind(r, case))
                .collect();
            any += u32::from(!here.is_empty());
            for kind in here {
                *kinds.entry(kind).or_default() += 1;
            }
        }
        if any == 0 {
            return Vec::new();
        }
        let choice = |value: &str, cases: u32| FacetChoice {
            value: value.to_owned(),
            name: value.to_owned(),
            cases,
        };
        std::iter::once(choice("any", any))
            .chain(kinds.into_iter().map(|(kind, n)| choice(kind, n)))
            .collect()
    }
}

/// Choices of a facet of open answers.
const LABELS: usize = 200;

/// The name shown.
pub(super) fn name_of(id: &str, name: &str) -> String {
    if trim(name).is_empty() { id } else { trim(name) }.to_owned()
}

/// Values with their counts; none at all where every value is empty.
fn counted(values: impl Iterator<Item = String>) -> Vec<FacetChoice> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    if counts.keys().all(String::is_empty) {
        return Vec::new();
    }
    let choice = |(value, cases): (String, u32)| FacetChoice {
        name: value.clone(),
        value,
        cases,
    };
    counts.into_iter().map(choice).collect()
}
