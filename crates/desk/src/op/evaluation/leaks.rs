//! What of a case set and its images gives answers away or makes figures wrong: the tables that it names read here, the rules
//! in [`overread_evaluation::case_set::leaks`].

use std::borrow::Cow;
use std::path::Path;

use overread_evaluation::case_set::leaks::{self, Finding, ImageFacts, Known};
use overread_evaluation::case_set::{CaseSet, Task};
use overread_evaluation::matching::synonyms::Synonyms;

use crate::code::failure;
use crate::op::evaluation::check::Unreadable;
use crate::op::evaluation::set;
use crate::op::head;
use crate::op::tune::head::splits_seen;
use crate::wire::evaluation::CheckFinding;
use crate::wire::reading::AnswerForm;
use crate::{Failure, Outcome};

/// Examples that are given of each kind.
const EXAMPLES: usize = 20;

/// All findings, the gravest first.
///
/// # Errors
/// When a table that the set names cannot be read.
pub(crate) fn findings(
    case_set: &Path,
    set: &CaseSet,
    mut images: Vec<ImageFacts>,
    unreadable: &[Unreadable],
) -> Outcome<Vec<CheckFinding>> {
    let gone = |error: &Failure| matches!(error.code.as_str(), "eval.no_image" | "file.not_found");
    let mut damaged = Vec::new();
    for (case, path, error) in unreadable {
        if gone(error) {
            images.push(ImageFacts {
                case: case.clone(),
                path: path.clone(),
                is_missing: true,
                ..ImageFacts::default()
            });
        } else {
            damaged.push((case.clone(), format!("{path}: {}", error.message)));
        }
    }
    let (set, unusable) = with_heads(case_set, set);
    let set = set.as_ref();
    let mut findings: Vec<CheckFinding> = leaks::check(set, &images, &known(case_set, set)?)
        .into_iter()
        .filter_map(
            |Finding {
                 key,
                 grave,
                 text,
                 cases,
             }| finding(key, grave, text, cases),
        )
        .collect();
    let text =
        "Images cannot be read, and their cases not be answered. Get them again, or take the cases out.";
    findings.extend(finding("unreadable_file", true, text, damaged));
    let text = "Heads of readers cannot be used: they are damaged, not there, or answer another question.";
    findings.extend(finding("unusable_head", true, text, unusable));
    findings.sort_by_key(|finding| !finding.grave);
    Ok(findings)
}

/// The set with what its readers' heads say themselves of the splits that they have seen, and the heads that cannot be used: reader,
/// why.
fn with_heads<'a>(case_set: &Path, set: &'a CaseSet) -> (Cow<'a, CaseSet>, Vec<(String, String)>) {
    let mut out = Cow::Borrowed(set);
    let mut unusable = Vec::new();
    for (at, reader) in set.readers.iter().enumerate().filter(|(_, r)| !r.head.is_empty()) {
        let form = match set.question.task {
            Task::YesNo => AnswerForm::YesNo,
            Task::Closed | Task::Choice => AnswerForm::Labels,
            Task::Open | Task::Vqa | Task::Boxes => AnswerForm::Open,
        };
        let opened = head::open(&set::beside(case_set, &reader.head))
            .and_then(|opened| opened.suits(form, &set.question.labels).map(|()| opened));
        match opened {
            Ok(opened) => {
                for split in splits_seen(&opened.about, set) {
                    if !reader.tuned_on_splits.contains(&split) {
                        out.to_mut().readers[at].tuned_on_splits.push(split);
                    }
                }
            }
            Err(error) => unusable.push((format!("reader {}", reader.id), error.message)),
        }
    }
    (out, unusable)
}

/// Synonyms, and the patients that readers were tuned on.
pub(crate) fn known(case_set: &Path, set: &CaseSet) -> Outcome<Known> {
    let mut known = Known::default();
    if !set.question.synonyms.is_empty() {
        let path = set::beside(case_set, &set.question.synonyms);
        let table = Synonyms::read(&set::name(&path), &set::text(&path)?)
            .map_err(|error| failure("eval.input", format!("{error}."), ""))?;
        known.synonyms = table
            .rows()
            .iter()
            .map(|row| (row.term.clone(), row.synonym.clone()))
            .collect();
    }
    for reader in set.readers.iter().filter(|reader| !reader.tuned_on.is_empty()) {
        let text = set::text(&set::beside(case_set, &reader.tuned_on))?;
        known.tuned_on.insert(reader.id.clone(), set::patients(&text));
    }
    Ok(known)
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
