//! What makes figures of a case set wrong before anything is read: leaks of the answer, the same patient or picture twice, what is
//! missing. Pure: the desk tells what it saw of the images ([`ImageFacts`]).

mod alike;
mod answer;
mod learning;

pub use learning::{Learning, before_learning};

use std::collections::{BTreeMap, BTreeSet};

use super::{CaseSet, CaseSpec, ReaderKind, Task};

/// What the desk saw of a case's image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageFacts {
    /// Case id.
    pub case: String,
    /// Path as the case set has it.
    pub path: String,
    /// Nothing that can be read lies there.
    pub is_missing: bool,
    /// Texts of the header by keyword (`SeriesDescription` …).
    pub tags: Vec<(String, String)>,
    /// Series Instance UID; empty: none (plain pictures).
    pub series_uid: String,
    /// Study Instance UID; empty: none.
    pub study_uid: String,
    /// SOP Instance UIDs of the images that are read.
    pub sop_uids: Vec<String>,
    /// Hash of the stored pixels; empty: not computed.
    pub pixel_hash: String,
    /// Hash of what the picture looks like, 64 bits; `None`: not computed.
    pub perceptual_hash: Option<u64>,
    /// The same for reconstructions of one scan (study, acquisition date, time and number); empty: not known.
    pub acquisition: String,
    /// Burned In Annotation, or text overlays; `None`: the file does not say.
    pub burned_in: Option<bool>,
    /// Reports in the same study, by title.
    pub reports: Vec<String>,
}

/// What else is known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Other names: (term, synonym).
    pub synonyms: Vec<(String, String)>,
    /// Patients that readers were tuned on, by reader id.
    pub tuned_on: BTreeMap<String, BTreeSet<String>>,
}

/// One kind of trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable name.
    pub key: &'static str,
    /// It makes figures wrong (not only in need of a word).
    pub grave: bool,
    /// What it is and what to do.
    pub text: &'static str,
    /// (case, what), in the order of the set.
    pub cases: Vec<(String, String)>,
}

/// Looks for all of it; the grave findings come first.
pub fn check(set: &CaseSet, images: &[ImageFacts], known: &Known) -> Vec<Finding> {
    let by_id: BTreeMap<&str, &CaseSpec> = set.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let mut findings = Vec::new();
    findings.extend(splits(set));
    findings.extend(truths(set));
    findings.extend(tuned(set, known));
    findings.extend(answer::look(set, images, &by_id, known));
    findings.extend(alike::look(set, images, &by_id));
    findings.extend(seen(set, images));
    findings.retain(|finding| !finding.cases.is_empty());
    findings.sort_by_key(|finding| !finding.grave);
    findings
}

/// Whether people are among the readers: what stands in headers and reports is seen by them alone.
fn has_people(set: &CaseSet) -> bool {
    set.readers.iter().any(|reader| reader.kind == ReaderKind::Person)
}

fn splits(set: &CaseSet) -> Vec<Finding> {
    let mut of_patient: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for case in set
        .cases
        .iter()
        .filter(|case| !case.patient.is_empty() && !case.split.is_empty())
    {
        of_patient.entry(&case.patient).or_default().insert(&case.split);
    }
    let cases = set.cases.iter().filter_map(|case| {
        let splits = of_patient
            .get(case.patient.as_str())
            .filter(|splits| splits.len() > 1)?;
        let names: Vec<&str> = splits.iter().copied().collect();
        Some((
            case.id.clone(),
            format!("patient {} is in {}", case.patient, names.join(" and ")),
        ))
    });
    let unknown = set.cases.iter().all(|case| case.patient.is_empty());
    let nobody = set
        .cases
        .first()
        .filter(|_| unknown)
        .map(|case| (case.id.clone(), "no case names its patient".to_owned()));
    vec![
        Finding {
            key: "patient_in_two_splits",
            grave: true,
            text: "Patients are in several splits: what was learnt on one is tested on the same person. Split by patient.",
            cases: cases.collect(),
        },
        Finding {
            key: "patients_unknown",
            grave: false,
            text: "No case names its patient: where several cases are of one, intervals are too narrow. Fill `patient` in.",
            cases: nobody.into_iter().collect(),
        },
    ]
}

fn truths(set: &CaseSet) -> Vec<Finding> {
    let labels: BTreeSet<&str> = set.question.labels.iter().map(String::as_str).collect();
    let (mut unknown, mut silent) = (Vec::new(), Vec::new());
    for case in &set.cases {
        if !case.truth.is_known() {
            silent.push((case.id.clone(), "no truth".to_owned()));
        }
        let known: BTreeSet<&str> = match set.question.task {
            Task::Closed | Task::YesNo | Task::Boxes => labels.clone(),
            Task::Choice if case.options.is_empty() => labels.clone(),
            Task::Choice => case.options.iter().map(String::as_str).collect(),
            Task::Open | Task::Vqa => continue,
        };
        if known.is_empty() {
            continue;
        }
        unknown.extend(
            case.truth
                .named()
                .into_iter()
                .find(|label| !known.contains(label))
                .map(|label| (case.id.clone(), label.to_owned())),
        );
    }
    vec![
        Finding {
            key: "unknown_label",
            grave: true,
            text: "The truth has labels that are not among those asked: no answer can be right. Add them to `labels`, or correct the spelling.",
            cases: unknown,
        },
        Finding {
            key: "no_truth",
            grave: false,
            text: "Nothing is known of these cases; they are not normal but unknown, and are left out of figures.",
            cases: silent,
        },
    ]
}

fn tuned(set: &CaseSet, known: &Known) -> Vec<Finding> {
    let mut cases = Vec::new();
    for reader in &set.readers {
        let on_split =
            |case: &CaseSpec| !case.split.is_empty() && reader.tuned_on_splits.contains(&case.split);
        let of_splits: BTreeSet<&str> = set
            .cases
            .iter()
            .filter(|c| on_split(c) && !c.patient.is_empty())
            .map(|c| c.patient.as_str())
            .collect();
        let all = set.cases.iter().all(on_split);
        for case in &set.cases {
            let named = known
                .tuned_on
                .get(&reader.id)
                .is_some_and(|patients| patients.contains(&case.patient));
            // Cases of the split itself are told from the scored ones by the filter; patients of both are not.
            if named && !case.patient.is_empty()
                || all && on_split(case)
                || !on_split(case) && of_splits.contains(case.patient.as_str())
            {
                cases.push((
                    case.id.clone(),
                    format!("reader {} was tuned on this patient", reader.id),
                ));
            }
        }
    }
    vec![Finding {
        key: "tuned_on_these",
        grave: true,
        text: "A reader was tuned on patients that are scored: its figures say what it remembers. Score other patients.",
        cases,
    }]
}

fn seen(set: &CaseSet, images: &[ImageFacts]) -> Vec<Finding> {
    let people = has_people(set);
    let of = |which: &dyn Fn(&ImageFacts) -> Option<String>| {
        images
            .iter()
            .filter_map(|image| Some((image.case.clone(), which(image)?)))
            .collect::<Vec<_>>()
    };
    vec![
        Finding {
            key: "missing_file",
            grave: true,
            text: "Images are not where the case set says. Correct the paths, or take the cases out.",
            cases: of(&|image| image.is_missing.then(|| image.path.clone())),
        },
        Finding {
            key: "burned_in_text",
            grave: false,
            text: "Text is burnt into these images, or lies over them: it may name the patient, the side or the answer. Look at them.",
            cases: of(&|image| (image.burned_in == Some(true)).then(|| image.path.clone())),
        },
        Finding {
            key: "report_in_study",
            grave: people,
            text: "Reports lie in the same study: whoever opens it can read the answer. Keep them elsewhere while people read.",
            cases: of(&|image| (!image.reports.is_empty()).then(|| image.reports.join(", "))),
        },
    ]
}

#[cfg(test)]
mod tests;
