//! Made-up evaluations for tests.

use std::collections::BTreeMap;

use crate::case_set::{AskedQuestion, CaseSet, CaseSpec, CaseTruth, ReaderSpec, Task};
use crate::evaluated::{Context, Evaluation};
use crate::recorded::Recorded;

/// Numbers that look drawn, the same every time.
pub(super) struct Drawn(u64);

impl Drawn {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }

    pub(super) fn unit(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

pub(super) fn set(task: Task, labels: &[&str], cases: Vec<CaseSpec>, readers: &[&str]) -> CaseSet {
    CaseSet {
        format: crate::case_set::FORMAT.to_owned(),
        name: "Made up".to_owned(),
        question: AskedQuestion {
            task,
            labels: labels.iter().map(|l| (*l).to_owned()).collect(),
            ..AskedQuestion::default()
        },
        readers: readers.iter().map(|id| reader(id)).collect(),
        cases,
        ..CaseSet::default()
    }
}

pub(super) fn reader(id: &str) -> ReaderSpec {
    ReaderSpec {
        id: id.to_owned(),
        ..ReaderSpec::default()
    }
}

pub(super) fn case(id: &str, truth: &[&str]) -> CaseSpec {
    CaseSpec {
        id: id.to_owned(),
        truth: CaseTruth {
            labels: truth.iter().map(|l| (*l).to_owned()).collect(),
            ..CaseTruth::default()
        },
        ..CaseSpec::default()
    }
}

pub(super) fn answer(reader: &str, case: &str, label: &str) -> Recorded {
    Recorded {
        case: case.to_owned(),
        reader: reader.to_owned(),
        label: Some(label.to_owned()).filter(|l| !l.is_empty()),
        ..Recorded::default()
    }
}

/// A closed set: `truth` and then each reader's answers, a letter a case; `-` is invalid, a blank is no answer.
pub(super) fn closed(truth: &str, readers: &[(&str, &str)]) -> Evaluation {
    let name = |i: usize| format!("c{i}");
    let cases: Vec<CaseSpec> = truth
        .chars()
        .enumerate()
        .map(|(i, label)| case(&name(i), &[&label.to_string()]))
        .collect();
    let mut answers = Vec::new();
    for (reader, said) in readers {
        for (i, label) in said.chars().enumerate().filter(|(_, l)| *l != ' ') {
            let mut one = answer(reader, &name(i), &label.to_string());
            if label == '-' {
                one.invalid = Some("refusal".to_owned());
            }
            answers.push(one);
        }
    }
    let ids: Vec<&str> = readers.iter().map(|(id, _)| *id).collect();
    Evaluation::new(set(Task::Closed, &[], cases, &ids), answers, Context::default())
}

/// A large closed set with probabilities: `cases` of them, three a patient, and `readers` of falling skill.
pub(super) fn large(cases: usize, readers: usize, seed: u64) -> Evaluation {
    let labels = ["normal", "pneumonia", "effusion", "mass"];
    let mut drawn = Drawn::new(seed);
    let (mut specs, mut answers) = (Vec::new(), Vec::new());
    for i in 0..cases {
        let truth = drawn.below(labels.len());
        let id = format!("case-{i:05}");
        let mut spec = case(&id, &[labels[truth]]);
        spec.patient = format!("p{}", i / 3);
        spec.split = ["validation", "test", "test", "test"][(i / 3) % 4].to_owned();
        spec.modality = ["CT", "DX"][i % 2].to_owned();
        spec.groups
            .insert("sex".to_owned(), ["F", "M"][(i / 3) % 2].to_owned());
        specs.push(spec);
        for reader in 0..readers {
            let skill = 0.9 - 0.08 * reader as f64;
            let said = if drawn.unit() < skill {
                truth
            } else {
                drawn.below(labels.len())
            };
            let sure = 0.4 + 0.6 * drawn.unit();
            let mut one = answer(&format!("r{reader}"), &id, labels[said]);
            let rest = (1.0 - sure) / 3.0;
            let p = labels
                .iter()
                .enumerate()
                .map(|(k, l)| ((*l).to_owned(), if k == said { sure } else { rest }));
            one.probabilities = Some(p.collect::<BTreeMap<_, _>>());
            if drawn.below(100) == 0 {
                one.invalid = Some(["refusal", "unparseable"][drawn.below(2)].to_owned());
            }
            answers.push(one);
        }
    }
    let ids: Vec<String> = (0..readers).map(|r| format!("r{r}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    Evaluation::new(
        set(Task::Closed, &labels, specs, &ids),
        answers,
        Context::default(),
    )
}
