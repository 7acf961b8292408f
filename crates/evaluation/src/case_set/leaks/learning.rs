//! What must not be before something learns from a case set: the same person or picture in what is learned and in what is
//! judged, and the answer in the words that go with the picture.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, ImageFacts, Known, alike, answer, truths};
use crate::case_set::{CaseSet, CaseSpec};

/// What is learned from a case set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learning<'a> {
    /// The split that is learned.
    pub learned: &'a str,
    /// The split that settings and stopping are chosen by; empty: none.
    pub validation: &'a str,
    /// The learner is given question and context as well, and not the pictures alone.
    pub gives_text: bool,
}

impl Learning<'_> {
    /// True for a split that learning sees.
    fn sees(&self, split: &str) -> bool {
        split == self.learned || !self.validation.is_empty() && split == self.validation
    }
}

/// What learning would make of leaks: every finding is a reason not to begin but those that are not grave. A case without a split is
/// in none of those that learning sees, so that a leak between them is one.
pub fn before_learning(
    set: &CaseSet,
    images: &[ImageFacts],
    known: &Known,
    learning: Learning<'_>,
) -> Vec<Finding> {
    let by_id: BTreeMap<&str, &CaseSpec> = set.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let seen = |id: &str| by_id.get(id).is_some_and(|case| learning.sees(&case.split));
    let mut findings = patients(set, learning);
    let across = |a: &CaseSpec, b: &CaseSpec| {
        a.split != b.split && (learning.sees(&a.split) || learning.sees(&b.split))
    };
    findings.extend(alike::across(images, &by_id, &across));
    let mut of_cases = truths(set);
    if learning.gives_text {
        of_cases.extend(answer::look(set, &[], &by_id, known));
    }
    of_cases.retain(|finding| {
        [
            "unknown_label",
            "no_truth",
            "answer_in_prompt",
            "answer_in_context",
        ]
        .contains(&finding.key)
    });
    for finding in &mut of_cases {
        finding.cases.retain(|(case, _)| seen(case));
    }
    findings.extend(of_cases);
    findings.retain(|finding| !finding.cases.is_empty());
    findings.sort_by_key(|finding| !finding.grave);
    findings
}

/// Patients of whom one split is learned and another is not.
fn patients(set: &CaseSet, learning: Learning<'_>) -> Vec<Finding> {
    let mut of_patient: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in set.cases.iter().filter(|case| !case.patient.is_empty()) {
        of_patient.entry(&case.patient).or_default().insert(&case.split);
    }
    let shared = set.cases.iter().filter_map(|case| {
        let splits = of_patient.get(case.patient.as_str())?;
        let leaks = splits.len() > 1 && splits.iter().any(|split| learning.sees(split));
        let names: Vec<&str> = splits
            .iter()
            .map(|split| if split.is_empty() { "no split" } else { split })
            .collect();
        leaks.then(|| {
            let text = format!("patient {} is in {}", case.patient, names.join(" and "));
            (case.id.clone(), text)
        })
    });
    let nobody = set
        .cases
        .iter()
        .find(|case| case.patient.is_empty() && learning.sees(&case.split))
        .map(|case| (case.id.clone(), "names no patient".to_owned()));
    vec![
        Finding {
            key: "patient_in_two_splits",
            grave: true,
            text: "Patients are in several splits: what is learned on one would be judged on the same person. Split by patient.",
            cases: shared.collect(),
        },
        Finding {
            key: "patients_unknown",
            grave: false,
            text: "Cases name no patient: nobody can tell whether one person is in what is learned and in what is judged. Fill `patient` in.",
            cases: nobody.into_iter().collect(),
        },
    ]
}
