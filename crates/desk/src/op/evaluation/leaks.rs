//! What of a case set and its images gives answers away or makes figures wrong, in the page's words.

use std::path::Path;

use overread_evaluation::case_set::{CaseSet, State};

use crate::Outcome;
use crate::desk::Desk;
use crate::op::evaluation::check::Unreadable;
use crate::op::evaluation::facts::Facts;
use crate::wire::evaluation::CheckFinding;

/// Examples that are given of each kind.
const EXAMPLES: usize = 20;

/// All findings, the gravest first.
///
/// # Errors
/// None yet: what cannot be looked at is a finding itself.
pub(crate) fn findings(
    _desk: &Desk,
    _case_set: &Path,
    set: &CaseSet,
    _images: &[Facts],
    unreadable: &[Unreadable],
) -> Outcome<Vec<CheckFinding>> {
    let mut findings = Vec::new();
    let (gone, damaged): (Vec<&Unreadable>, Vec<&Unreadable>) = unreadable
        .iter()
        .partition(|(_, _, error)| error.code == "eval.no_image" || error.code == "file.not_found");
    let told = |list: &[&Unreadable]| {
        list.iter()
            .map(|(case, path, error)| (case.clone(), format!("{path}: {}", error.message)))
            .collect()
    };
    findings.extend(finding(
        "missing_file",
        true,
        "Images are not where the case set says; put them back or take the cases out.",
        told(&gone),
    ));
    findings.extend(finding(
        "unreadable_file",
        true,
        "Images cannot be read; get them again or take the cases out.",
        told(&damaged),
    ));
    let without = set.cases.iter().filter(|case| {
        let t = &case.truth;
        t.labels.is_empty()
            && t.states.values().all(|s| *s == State::Blank)
            && t.answers.is_empty()
            && t.boxes.is_empty()
            && t.votes.is_empty()
    });
    findings.extend(finding(
        "no_truth",
        false,
        "Cases have no truth and are left out of every figure.",
        without.map(|case| (case.id.clone(), String::new())).collect(),
    ));
    findings.sort_by_key(|finding| !finding.grave);
    Ok(findings)
}

fn finding(key: &str, grave: bool, text: &str, mut examples: Vec<(String, String)>) -> Option<CheckFinding> {
    if examples.is_empty() {
        return None;
    }
    let count = u32::try_from(examples.len()).unwrap_or(u32::MAX);
    examples.truncate(EXAMPLES);
    Some(CheckFinding {
        key: key.to_owned(),
        grave,
        text: text.to_owned(),
        count,
        examples,
    })
}
