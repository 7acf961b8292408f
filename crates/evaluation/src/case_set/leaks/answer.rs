//! The answer where a reader could see it: path, prompt, context, header.

use std::collections::BTreeMap;

use super::{Finding, ImageFacts, Known, has_people};
use crate::case_set::{CaseSet, CaseSpec, Task};
use crate::matching::normalise;

/// Keywords of the header that people write into.
const TAGS: [&str; 14] = [
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "ReasonForStudy",
    "ReasonForTheRequestedProcedure",
    "AdmittingDiagnosesDescription",
    "AdditionalPatientHistory",
    "PatientComments",
    "ImageComments",
    "DerivationDescription",
    "StudyComments",
    "ClinicalTrialSeriesDescription",
];

/// Words of a text: what is no letter or digit separates, and so does the step between letters and digits.
fn words(text: &str) -> Vec<String> {
    let mut apart = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        let step = before.is_alphabetic() && c.is_numeric()
            || before.is_numeric() && c.is_alphabetic()
            || before.is_lowercase() && c.is_uppercase();
        if step || !c.is_alphanumeric() {
            apart.push(' ');
        }
        if c.is_alphanumeric() {
            apart.push(c);
        }
        before = c;
    }
    normalise::term(&apart).words
}

/// Whether the words of a name stand together in a text, or are written as one word.
fn stands_in(name: &[String], text: &[String]) -> bool {
    let joined = name.concat();
    text.windows(name.len().max(1)).any(|part| part == name) || name.len() > 1 && text.contains(&joined)
}

/// A name that says something: not `yes`, not a number, not a letter or two.
fn says_something(name: &[String]) -> bool {
    let letters = name
        .iter()
        .map(|word| word.chars().filter(|c| c.is_alphabetic()).count())
        .sum::<usize>();
    letters >= 3
        && !matches!(name, [one] if ["yes", "no", "none", "true", "false", "positive", "negative", "other"].contains(&one.as_str()))
}

/// The true names of each case, by words.
struct Names<'a> {
    synonyms: BTreeMap<Vec<String>, Vec<&'a str>>,
}

impl<'a> Names<'a> {
    fn new(known: &'a Known) -> Self {
        let mut synonyms: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
        for (term, synonym) in &known.synonyms {
            synonyms.entry(words(term)).or_default().push(synonym);
        }
        Self { synonyms }
    }

    fn of(&self, name: &str) -> Vec<Vec<String>> {
        let own = words(name);
        let others = self
            .synonyms
            .get(&own)
            .into_iter()
            .flatten()
            .map(|synonym| words(synonym));
        let mut all: Vec<Vec<String>> = others
            .chain([own.clone()])
            .filter(|name| says_something(name))
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

pub(super) fn look(
    set: &CaseSet,
    images: &[ImageFacts],
    by_id: &BTreeMap<&str, &CaseSpec>,
    known: &Known,
) -> Vec<Finding> {
    let names = Names::new(known);
    let mut cache: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for case in &set.cases {
        let labels = set.question.labels.iter().chain(&case.options);
        for name in case
            .truth
            .named()
            .into_iter()
            .map(str::to_owned)
            .chain(case.truth.answers.iter().chain(labels).cloned())
        {
            cache.entry(name.clone()).or_insert_with(|| names.of(&name));
        }
    }
    // The first true name of a case that stands in a text; where several of the labels stand in it, it lists them and says nothing.
    let told = |case: &CaseSpec, text: &str| -> Option<String> {
        let text = words(text);
        let is_in = |name: &str| {
            cache
                .get(name)
                .is_some_and(|all| all.iter().any(|words| stands_in(words, &text)))
        };
        let truth: Vec<&str> = true_names(case);
        let found = truth.iter().find(|name| is_in(name))?;
        let others = set.question.labels.iter().chain(&case.options);
        let lists = others
            .filter(|label| !truth.contains(&label.as_str()))
            .any(|label| is_in(label));
        (!lists).then(|| (*found).to_owned())
    };
    let (mut path, mut prompt, mut context, mut tags) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for case in &set.cases {
        let paths = case
            .images
            .iter()
            .find_map(|image| told(case, &image.path).or_else(|| part_is(case, &image.path)));
        path.extend(paths.map(|name| (case.id.clone(), name)));
        // `Is it CT or MRI?` offers, it does not tell.
        let offers = set.question.task == Task::Vqa && words(&case.question).iter().any(|word| word == "or");
        let asked = if offers { None } else { told(case, &case.question) };
        prompt.extend(
            asked
                .or_else(|| told(case, &set.question.prompt))
                .map(|name| (case.id.clone(), name)),
        );
        context.extend(told(case, &case.context).map(|name| (case.id.clone(), name)));
    }
    for image in images {
        let Some(case) = by_id.get(image.case.as_str()) else {
            continue;
        };
        let found = image
            .tags
            .iter()
            .filter(|(keyword, _)| TAGS.contains(&keyword.as_str()));
        let found = found
            .filter_map(|(keyword, text)| Some(format!("{keyword}: {}", told(case, text)?)))
            .next();
        tags.extend(found.map(|found| (image.case.clone(), found)));
    }
    vec![
        Finding {
            key: "answer_in_prompt",
            grave: true,
            text: "The question names the answer. Ask without it.",
            cases: prompt,
        },
        Finding {
            key: "answer_in_context",
            grave: true,
            text: "The history or other text of the case names the answer: it can be read off without the image. Take it out, or score these cases apart.",
            cases: context,
        },
        Finding {
            key: "answer_in_tags",
            grave: has_people(set),
            text: "The header names the answer: models are not given it, but people see it. Clear these fields for people.",
            cases: tags,
        },
        Finding {
            key: "answer_in_path",
            grave: false,
            text: "The path names the answer: it reaches no prompt and is not shown in blind mode, but anyone who opens the folder sees it.",
            cases: path,
        },
    ]
}

fn true_names(case: &CaseSpec) -> Vec<&str> {
    use crate::case_set::State;
    let truth = &case.truth;
    let present = truth
        .states
        .iter()
        .filter(|(_, state)| **state == State::Present)
        .map(|(label, _)| label.as_str());
    let votes = truth
        .votes
        .iter()
        .flat_map(|vote| &vote.labels)
        .map(String::as_str);
    truth
        .labels
        .iter()
        .chain(&truth.answers)
        .map(String::as_str)
        .chain(present)
        .chain(votes)
        .collect()
}

/// A folder that is the label itself, even one of a letter or a number.
fn part_is(case: &CaseSpec, path: &str) -> Option<String> {
    let folders: Vec<&str> = path.split('/').rev().skip(1).collect();
    case.truth
        .labels
        .iter()
        .find(|label| folders.contains(&label.as_str()))
        .cloned()
}
