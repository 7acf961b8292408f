//! Open answers: the label in them, boxes, samples that vote.

use overread_medgemma::agreement::{Agreement, VoteRule};
use overread_medgemma::generate::{Ended, Sampling};
use overread_medgemma::{Answer, Engine, Question, ReadEvent as Engines, Task};
use overread_protocol::answer::{Parsed, closed_set, final_answer, refuses};
use overread_protocol::boxes::{self, Repair};

use crate::op::ask::narrow;
use crate::op::asking::labels_of;
use crate::op::given::Given;
use crate::wire::question::QuestionSpec;
use crate::wire::reading::{AnswerBox, ReadEvent};
use crate::{Cancel, Outcome};

/// Of greedy answers all are the same: samples are drawn at this temperature when none was asked for.
const SAMPLE_TEMPERATURE: f64 = 1.0;

/// The label of an open answer, and why there is none.
pub(crate) fn label(answer: &Answer, labels: &[String]) -> (String, String) {
    if let Some(kind) = answer.invalid.as_ref().filter(|kind| *kind != "truncated") {
        return (String::new(), kind.clone());
    }
    if !labels.is_empty() {
        return match closed_set(&answer.text, labels, answer.complete) {
            Parsed::Label(label) => (label, String::new()),
            Parsed::Invalid(kind) => (String::new(), kind.to_owned()),
        };
    }
    let label = final_answer(&answer.text).unwrap_or_default().to_owned();
    let invalid = if label.is_empty() && refuses(&answer.text) {
        "refusal".to_owned()
    } else {
        answer.invalid.clone().unwrap_or_default()
    };
    (label, invalid)
}

/// What the model is asked about when it is asked whether its answer is true.
pub(crate) fn proposed(answer: &Answer, labels: &[String]) -> String {
    let (label, _) = label(answer, labels);
    if label.is_empty() {
        answer.text.clone()
    } else {
        label
    }
}

/// Samples answers and lets them vote.
///
/// # Errors
/// Those of the engine.
pub(crate) fn samples(
    engine: &Engine,
    question: &Question,
    spec: &QuestionSpec,
    k: usize,
    events: &(dyn Fn(ReadEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Agreement> {
    let labels = labels_of(spec);
    let mut drawn = question.clone();
    if let Task::Open { sampling, .. } = &mut drawn.task
        && sampling.temperature <= 0.0
    {
        *sampling = Sampling {
            temperature: SAMPLE_TEMPERATURE,
            ..*sampling
        };
    }
    let by_label = |text: &str, complete: bool| match closed_set(text, &labels, complete) {
        Parsed::Label(label) => Ok(label),
        Parsed::Invalid(kind) => Err(kind.to_owned()),
    };
    let by_line = |text: &str, complete: bool| {
        let line = final_answer(text).unwrap_or(text);
        (overread_medgemma::agreement::SAME_TEXT.vote)(line, complete)
    };
    let rule = if labels.is_empty() {
        VoteRule {
            id: "final-answer/2",
            vote: &by_line,
        }
    } else {
        VoteRule {
            id: "closed-set/2",
            vote: &by_label,
        }
    };
    let mut last = None;
    let mut told = |i: usize, event: Engines| {
        if matches!(event, Engines::Token(_)) && last != Some(i) {
            last = Some(i);
            events(ReadEvent::Sample {
                done: narrow(i),
                of: narrow(k),
            });
        }
    };
    let agreement = engine.samples(&drawn, k, rule, &mut told, cancel)?;
    events(ReadEvent::Sample {
        done: narrow(k),
        of: narrow(k),
    });
    Ok(agreement)
}

/// The boxes of an answer in the pixels of its slice; `Err` with the kind of invalidity.
pub(crate) fn boxes(answer: &Answer, given: &Given) -> Result<Vec<AnswerBox>, String> {
    let found = boxes::parse(&answer.text).map_err(|none| none.kind().to_owned())?;
    let own: Vec<_> = given.own().collect();
    let Some(first) = own.first() else {
        return Ok(Vec::new());
    };
    Ok(found
        .iter()
        .map(|normal| {
            let placed = first.framing.place(normal);
            let notes: Vec<&str> = placed.repairs.iter().map(|repair| words(*repair)).collect();
            AnswerBox {
                label: placed.label.clone(),
                // Of several slices the answer does not say which: it is drawn on none.
                slice: if own.len() == 1 {
                    first.slice.map(narrow)
                } else {
                    None
                },
                corners: [placed.left, placed.top, placed.right, placed.bottom],
                note: notes.join(", "),
            }
        })
        .collect())
}

fn words(repair: Repair) -> &'static str {
    match repair {
        Repair::Swapped => "corners were swapped",
        Repair::Clamped => "cut at the picture's edge",
        Repair::UnitRange => "numbers were on 0 to 1",
        Repair::Empty => "it has no area",
    }
}

/// Why writing ended, in a few words.
pub(crate) fn ended(ended: Option<&Ended>) -> String {
    match ended {
        None => String::new(),
        Some(Ended::Token(_)) => "by itself".to_owned(),
        Some(Ended::Stop(text)) => format!("at the text {text:?}"),
        Some(Ended::MostTokens) => "at the most tokens asked for".to_owned(),
        Some(Ended::Context) => "at the end of what the model can read".to_owned(),
        Some(Ended::Repetition { tokens, times }) => {
            format!("it repeated {tokens} tokens {times} times")
        }
    }
}
