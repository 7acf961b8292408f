//! From the engine's answer to the reading that is kept.

use std::sync::atomic::{AtomicU64, Ordering};

use overread_medgemma::agreement::{Agreement as Votes, PTrue as Said};
use overread_medgemma::{Answer, Engine, LabelAnswer, Question};

use crate::convert;
use crate::desk::Desk;
use crate::op::ask::narrow;
use crate::op::asking::{calibrated_words, comparison_lines, labels_of};
use crate::op::given::Given;
use crate::op::knowledge::beside;
use crate::op::load::Wanted;
use crate::op::open_answer;
use crate::op::plan::Resolved;
use crate::op::provenance;
use crate::wire::question::QuestionSpec;
use crate::wire::reading::{
    Agreement, AnswerForm, LabelProbability, PTrue, Reading, SampleVote, Samples, ShownToken,
};

/// What the engine found.
pub(crate) struct Found {
    pub(crate) answer: Answer,
    pub(crate) samples: Option<Votes>,
    pub(crate) p_true: Option<Said>,
    /// Seconds of loading.
    pub(crate) load: f64,
}

/// A number that JSON can hold: no likelihood at all is a very small one.
pub(crate) fn finite(value: f64) -> f64 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(-1e9, 1e9)
    }
}

pub(crate) fn label_probability(l: &LabelAnswer) -> LabelProbability {
    LabelProbability {
        label: l.label.clone(),
        probability: finite(l.probability),
        log_likelihood: finite(l.sum),
        log_likelihood_per_token: finite(l.mean),
        probability_by_sum: finite(l.probability_by_sum),
        probability_by_mean: finite(l.probability_by_mean),
        tokens: narrow(l.ids.len()),
        without_content: l.without_content.map(finite),
        score: Some(finite(l.score)),
    }
}

/// The chosen label, its confidence and the kind of confidence.
struct Verdict {
    label: String,
    confidence: Option<f64>,
    kind: String,
    invalid: String,
}

/// The labels said yes to, as one line.
pub(crate) fn yes_labels<'a>(each: impl Iterator<Item = (&'a str, f64)>) -> String {
    let said: Vec<&str> = each.filter(|(_, p)| *p >= 0.5).map(|(label, _)| label).collect();
    if said.is_empty() {
        "none of them".to_owned()
    } else {
        said.join(", ")
    }
}

/// What a softmax was taken over; of one label it says nothing.
pub(crate) fn softmax_words(labels: usize) -> String {
    match labels {
        1 => "softmax over 1 label, which is always 100 %".to_owned(),
        n => format!("softmax over {n} labels"),
    }
}

fn said(spec: &QuestionSpec, found: &Found) -> Verdict {
    let answer = &found.answer;
    let calibrated = calibrated_words(answer.comparison.as_ref());
    match spec.form {
        AnswerForm::Labels => {
            let best = answer
                .labels
                .iter()
                .max_by(|a, b| a.probability.total_cmp(&b.probability));
            Verdict {
                label: best.map(|b| b.label.clone()).unwrap_or_default(),
                confidence: best.map(|b| finite(b.probability)),
                kind: format!("{}, {calibrated}", softmax_words(answer.labels.len())),
                invalid: String::new(),
            }
        }
        AnswerForm::YesNo => Verdict {
            label: yes_labels(answer.labels.iter().map(|l| (l.label.as_str(), l.probability))),
            confidence: None,
            kind: format!("yes against no for each label, {calibrated}"),
            invalid: String::new(),
        },
        AnswerForm::Open => {
            let (label, invalid) = open_answer::label(answer, &labels_of(spec));
            let (confidence, kind) = match (&found.samples, &found.p_true) {
                (Some(votes), _) if votes.votes.is_empty() => (
                    None,
                    format!(
                        "none: not one of {} sampled answers could be counted",
                        votes.samples.len()
                    ),
                ),
                (Some(votes), _) => {
                    let share = votes.votes.first().map_or(0.0, |v| v.share);
                    let of = votes.samples.len();
                    (
                        Some(share),
                        format!("share of {of} sampled answers that agree, uncalibrated"),
                    )
                }
                (None, Some(p)) => (
                    Some(finite(p.probability)),
                    "the model's own word on its answer (P(True)), uncalibrated".to_owned(),
                ),
                (None, None) => (None, "none: an open answer carries no probability".to_owned()),
            };
            Verdict {
                label,
                confidence,
                kind,
                invalid,
            }
        }
    }
}

/// Names a new reading. The count keeps two equal questions apart that end in the same millisecond.
pub(crate) fn new_id(at: &str, display_set: &str, asked: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let k = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(
        "reading-{}",
        convert::short_hash(&format!("{at}{display_set}{asked}{k}"))
    )
}

/// The reading, not yet kept or compared.
pub(crate) fn reading(
    desk: &Desk,
    spec: &QuestionSpec,
    resolved: &Resolved,
    wanted: &Wanted,
    given: &Given,
    engine: &Engine,
    question: &Question,
    found: Found,
) -> Reading {
    let at = desk.clock.now();
    let Verdict {
        label,
        confidence,
        kind,
        mut invalid,
    } = said(spec, &found);
    let mut boxes = Vec::new();
    if spec.form == AnswerForm::Open && spec.options().boxes {
        match open_answer::boxes(&found.answer, given) {
            Ok(list) => boxes = list,
            Err(why) if invalid.is_empty() => invalid = why,
            Err(_) => {}
        }
    }
    let provenance = provenance::of_engine(desk, spec, resolved, wanted, given, engine, question, &found);
    let said = beside(&wanted.report, resolved);
    let answer = found.answer;
    Reading {
        id: new_id(&at, &spec.display_set, &answer.rendered_prompt),
        at,
        display_set: spec.display_set.clone(),
        question: resolved.wording.line(),
        form: spec.form,
        label,
        probabilities: answer.labels.iter().map(label_probability).collect(),
        confidence,
        confidence_kind: kind,
        text: answer.text,
        thought: answer.thought.unwrap_or_default(),
        invalid,
        warning: said.warning,
        note: said.note,
        provenance,
        agreement: Agreement::NoTruth,
        agreement_reason: String::new(),
        slices: resolved.slices.iter().map(|s| narrow(*s)).collect(),
        tokens: [narrow(answer.prompt_tokens), narrow(answer.generated.len())],
        seconds: [
            found.load,
            answer.seconds[0],
            answer.seconds[1],
            answer.seconds[2],
        ],
        boxes,
        shown: answer
            .tokens
            .iter()
            .filter(|token| !token.thought)
            .map(|token| ShownToken {
                text: token.text.clone(),
                probability: finite(token.probability),
            })
            .collect(),
        samples: found.samples.map(|votes| Samples {
            of: narrow(votes.samples.len()),
            share: votes.votes.first().map_or(0.0, |v| v.share),
            votes: votes
                .votes
                .iter()
                .map(|v| SampleVote {
                    answer: v.answer.clone(),
                    votes: narrow(v.votes),
                })
                .collect(),
            rule: votes.rule,
        }),
        p_true: found.p_true.map(|p| PTrue {
            probability: finite(p.probability),
            wording: p.wording,
        }),
        comparison: answer
            .comparison
            .as_ref()
            .map(comparison_lines)
            .unwrap_or_default(),
        ended: open_answer::ended(answer.ended.as_ref()),
        asked: Some(spec.clone()),
        checks: Vec::new(),
    }
}
