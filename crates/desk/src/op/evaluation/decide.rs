//! A person decides on an open answer. A decision is a record of its own, bound to the very text it was made on.

use std::path::Path;

use overread_evaluation::evaluated::cases::{AnswerDetail, CaseDetail, CaseQuery, Verdict as Shown};
use overread_evaluation::matching::{Decision, Verdict, answer_hash};
use overread_protocol::answer::Invalid;
use serde::Serialize;

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::op::app::settings;
use crate::op::evaluation::folder::{self, Held};
use crate::op::evaluation::journal::Journal;
use crate::op::evaluation::{cases, loaded};
use crate::wire::evaluation::{DecisionDraft, EvaluationCaseRef};

/// Rows that are looked at a time.
const PAGE: u32 = 500;

/// An answer that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiting {
    /// Place of the case in the set, from 1.
    pub number: u32,
    /// Case id.
    pub case: String,
    /// Reader id.
    pub reader: String,
    /// Raw text.
    pub text: String,
    /// Truth in words.
    pub truth: String,
    /// Labels that look like the answer, nearest first; never applied by themselves.
    pub suggestions: Vec<String>,
    /// Identifies the answer.
    pub answer_hash: String,
}

/// The hash of an answer for a decision: of its text, or of its label where it has no text.
fn hash_of(answer: &AnswerDetail) -> String {
    if !answer.answer_hash.is_empty() {
        return answer.answer_hash.clone();
    }
    answer_hash(if answer.text.is_empty() {
        &answer.answer.said
    } else {
        &answer.text
    })
}

/// The answer of a reader that counts.
fn counting<'a>(detail: &'a CaseDetail, reader: &str) -> Option<&'a AnswerDetail> {
    let own = |a: &&AnswerDetail| a.answer.reader == reader;
    let mut answers = detail.answers.iter().filter(own);
    answers
        .clone()
        .find(|a| a.part.is_empty())
        .or_else(|| answers.next())
}

/// The operation `decide`.
///
/// # Errors
/// `eval.decision` for one without a reason or of an unknown kind, `eval.other_answer` when the answer is another by now, `eval.hidden`
/// while the case is withheld, or when the decision cannot be kept.
pub fn decide(desk: &Desk, arguments: &DecisionDraft) -> Outcome<CaseDetail> {
    let at = desk.path(&arguments.evaluation)?;
    let verdict = match arguments.verdict.as_str() {
        "right" => Verdict::Right,
        "partial" => Verdict::Partial,
        "wrong" => Verdict::Wrong,
        "invalid" => Verdict::Invalid(Invalid::Unparseable),
        "" => Verdict::Undecided,
        other => {
            return Err(failure(
                "eval.decision",
                format!("An answer is not {other}."),
                "Choose right, partial, wrong or invalid.",
            ));
        }
    };
    let why = arguments.why.trim();
    if why.is_empty() {
        return Err(failure("eval.decision", "A decision has a reason.", "Say why."));
    }
    let this = EvaluationCaseRef {
        evaluation: arguments.evaluation.clone(),
        number: arguments.number,
    };
    let detail = cases::case(desk, &this)?;
    if detail.row.hidden {
        return Err(failure(
            "eval.hidden",
            "This case is withheld: answers can be judged once you have given your own.",
            "Open the case and commit your answer, or switch blind mode off.",
        ));
    }
    let answer = counting(&detail, &arguments.reader).ok_or_else(|| {
        failure(
            "eval.no_answer",
            format!("{} has no answer to this case.", arguments.reader),
            "Run the evaluation first.",
        )
    })?;
    let hash = hash_of(answer);
    if !arguments.answer_hash.is_empty() && arguments.answer_hash != hash {
        return Err(failure(
            "eval.other_answer",
            "The answer is another by now.",
            "Look at it again, then decide.",
        ));
    }
    let (who, now) = (settings(desk).reader, desk.clock.now());
    let label = arguments.label.trim();
    let decision = Decision {
        reader: arguments.reader.clone(),
        case: detail.row.case.clone(),
        verdict,
        label: (!label.is_empty()).then(|| label.to_owned()),
        who: who.clone(),
        why: why.to_owned(),
        at: now.clone(),
        answer_hash: hash,
    };
    let run = folder::of(&at);
    let held = Held::for_decisions(&run, &now)?;
    let (mut journal, _) = Journal::open::<Decision>(&folder::decisions(&run))?;
    journal.append(&decision)?;
    drop(held);
    if let Ok(mut store) = desk.store() {
        let detail = serde_json::to_string(&decision).unwrap_or_default();
        store.note("evaluation.decided", &decision.reader, &detail, &who, &now)?;
    }
    cases::case(desk, &this)
}

/// Answers that wait for a person, in the order of the set, reader by reader.
///
/// # Errors
/// When the evaluation cannot be read.
pub fn waiting(desk: &Desk, at: &Path) -> Outcome<Vec<Waiting>> {
    let readers: Vec<String> = loaded::load(desk, at)?
        .evaluation
        .readers()
        .iter()
        .map(|r| r.spec.id.clone())
        .collect();
    let handle = desk.handle(at);
    let mut out = Vec::new();
    for reader in readers {
        let mut offset = 0;
        loop {
            let query = CaseQuery {
                verdict: Some(Shown::Undecided),
                reader: reader.clone(),
                offset,
                limit: PAGE,
                ..CaseQuery::default()
            };
            let page = cases::page(desk, at, &query)?;
            for row in &page.rows {
                let this = EvaluationCaseRef {
                    evaluation: handle.clone(),
                    number: row.number,
                };
                let detail = cases::case(desk, &this)?;
                let Some(answer) = counting(&detail, &reader) else {
                    continue;
                };
                out.push(Waiting {
                    number: row.number,
                    case: detail.row.case.clone(),
                    reader: reader.clone(),
                    text: if answer.text.is_empty() {
                        answer.answer.said.clone()
                    } else {
                        answer.text.clone()
                    },
                    truth: detail.row.truth.clone(),
                    suggestions: answer.suggestions.clone(),
                    answer_hash: hash_of(answer),
                });
            }
            offset += PAGE;
            if offset >= page.total {
                break;
            }
        }
    }
    Ok(out)
}

/// The place of a case by its id, from 1.
///
/// # Errors
/// When the set has no such case.
pub fn number_of(desk: &Desk, at: &Path, case: &str) -> Outcome<u32> {
    let place = loaded::load(desk, at)?.evaluation.place(case);
    place
        .and_then(|place| u32::try_from(place + 1).ok())
        .ok_or_else(|| {
            failure(
                "eval.no_case",
                format!("The case set has no case {case}."),
                "Check the id.",
            )
        })
}
