//! Open answers judged by rule, then by people: what the rules cannot tell waits for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rayon::prelude::*;

use crate::case_set::{Arm, CaseSet, CaseSpec, Task};
use crate::error::trim;
use crate::evaluated::cases::Verdict;
use crate::evaluated::evaluation::Context;
use crate::evaluated::said::Said;
use crate::evaluated::truths::present;
use crate::matching::decision::Judged;
use crate::matching::{
    self, Decision, Finer, Hedge, Hierarchy, Invalid, Judge, Judgement, Rules, Said as Text, Synonyms,
    answer_hash, apply,
};
use crate::recorded::{Phase, Recorded};

/// Longest differential that counts where the case set does not say.
const DIFFERENTIAL: usize = 5;

/// How a verdict was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The label that it was brought to.
    pub label: Option<String>,
    /// Bytes of the text that it rests on.
    pub span: Option<Range<usize>>,
    /// The rule, or who decided and why.
    pub rule: String,
    /// Identifies the text for a decision.
    pub hash: String,
}

/// Judges what rules can judge, into `said`; gives the number of decisions that no answer here fits.
pub(super) fn judge(
    set: &CaseSet,
    context: &Context,
    answers: &[Recorded],
    numbers: &BTreeMap<String, u32>,
    said: &mut [Said],
) -> u32 {
    let task = set.question.task;
    let case_of = |answer: &Recorded| {
        numbers
            .get(trim(&answer.case))
            .and_then(|at| set.cases.get(*at as usize))
    };
    match task {
        Task::Closed | Task::Choice => {
            let judge = Judge::new(rules(set, context, matching::Task::Closed));
            answers.par_iter().zip(said).for_each(|(answer, said)| {
                if let Some(case) = case_of(answer).filter(|_| needs_reading(answer, said)) {
                    read(task, &judge, case, answer, said);
                }
            });
            0
        }
        Task::Open | Task::Vqa => {
            let judges = Judges::new(set, context);
            answers.par_iter().zip(&mut *said).for_each(|(answer, said)| {
                if let Some(case) = case_of(answer) {
                    judges.judge(set, case, answer, said);
                }
            });
            decide(context, answers, said)
        }
        Task::YesNo | Task::Boxes => 0,
    }
}

fn rules(set: &CaseSet, context: &Context, task: matching::Task) -> Rules {
    let mut rules = Rules::new(task, &set.question.labels);
    if let Some(own) = &context.synonyms {
        rules.synonyms = own.clone().over(&rules.synonyms);
    }
    rules.hierarchy = context.hierarchy.clone();
    rules.allowed = match set.question.differential as usize {
        0 => DIFFERENTIAL,
        allowed => allowed,
    };
    rules
}

/// A recorded text whose label nobody has read yet.
fn needs_reading(answer: &Recorded, said: &Said) -> bool {
    let none = answer.label.as_deref().is_none_or(|l| trim(l).is_empty());
    let given = answer.invalid.as_deref().is_some_and(|kind| !kind.is_empty());
    none && !given && said.label.is_none() && answer.text.is_some()
}

/// Finds the label of a closed set, or the case's option, in a text.
fn read(task: Task, judge: &Judge, case: &CaseSpec, answer: &Recorded, said: &mut Said) {
    let text = answer.text.as_deref().unwrap_or_default();
    let options: Vec<String>;
    let (own, labels);
    let (judge, labels) = if task == Task::Choice {
        options = case.options.iter().map(|o| trim(o).to_owned()).collect();
        // The table of synonyms is not for the words of options.
        own = Judge::new(Rules {
            task: matching::Task::Choice,
            labels: options.clone(),
            synonyms: Synonyms::default(),
            hierarchy: Hierarchy::default(),
            hedge: Hedge::default(),
            finer: Finer::default(),
            allowed: 1,
        });
        (&own, &options)
    } else {
        labels = &judge.rules().labels;
        (judge, labels)
    };
    let judged = judge.judge(Text::whole(text), &[]);
    let at = judged
        .label
        .as_ref()
        .and_then(|label| labels.iter().position(|l| l == label));
    said.invalid = match (&judged.verdict, at) {
        (matching::Verdict::Invalid(kind), _) => Some(kind.id().to_owned()),
        (_, Some(_)) => None,
        (_, None) => Some(Invalid::Unparseable.id().to_owned()),
    };
    if said.invalid.is_none() {
        said.label = at.map(|at| at as u32);
        if said.confidence.is_none() {
            said.confidence = at.and_then(|at| said.probabilities.get(at).copied());
        }
    }
    said.found = Some(Box::new(found(&judged, text)));
}

fn found(judged: &Judgement, text: &str) -> Found {
    Found {
        label: judged.label.clone(),
        span: judged
            .span
            .clone()
            .filter(|span| text.get(span.clone()).is_some()),
        rule: judged.rule.clone(),
        hash: answer_hash(text),
    }
}

/// The judges of open questions: one diagnosis, a list of them, yes or no.
struct Judges {
    one: Judge,
    list: Judge,
    yes_no: Judge,
}

impl Judges {
    fn new(set: &CaseSet, context: &Context) -> Self {
        let of = |task| Judge::new(rules(set, context, task));
        Self {
            one: of(matching::Task::Open),
            list: of(matching::Task::Differential),
            yes_no: of(matching::Task::YesNo),
        }
    }

    fn judge(&self, set: &CaseSet, case: &CaseSpec, answer: &Recorded, said: &mut Said) {
        let text = raw_text(answer);
        let mut truth: Vec<String> = case.truth.answers.clone();
        for label in present(case, set.truth.votes) {
            if !truth.iter().any(|t| t == label) {
                truth.push(label.to_owned());
            }
        }
        let closed = truth
            .first()
            .is_some_and(|t| matches!(t.trim().to_lowercase().as_str(), "yes" | "no"));
        let judge = if set.question.task == Task::Vqa && closed {
            &self.yes_no
        } else if answer.differential.len() > 1 {
            &self.list
        } else {
            &self.one
        };
        let ruled = |rule: &str| {
            Some(Box::new(Found {
                rule: rule.to_owned(),
                hash: answer_hash(&text),
                ..Found::default()
            }))
        };
        if said.invalid.is_some() {
            said.found = ruled("recorded as invalid");
            return;
        }
        // The same words are the same answer, whatever else they may be.
        if said.text.is_some_and(|t| t.exact_plain) {
            said.judged = Some(Verdict::Right);
            said.found = ruled("the same words");
            return;
        }
        let judged = judge.judge(Text::whole(&text), &truth);
        settle(said, judged.verdict);
        said.rank = judged
            .rank
            .map(|rank| rank as u32)
            .or_else(|| (said.judged == Some(Verdict::Right)).then_some(1));
        said.found = Some(Box::new(found(&judged, &text)));
    }
}

/// The text that is judged and that a decision is made on: the raw text, else the list of diagnoses, else the label.
pub fn raw_text(answer: &Recorded) -> String {
    if !answer.differential.is_empty() {
        let lines = answer.differential.iter().enumerate();
        return lines
            .map(|(i, name)| format!("{}. {}", i + 1, trim(name)))
            .collect::<Vec<_>>()
            .join("\n");
    }
    let text = answer.text.as_deref().filter(|t| !t.trim().is_empty());
    text.or(answer.label.as_deref()).unwrap_or_default().to_owned()
}

/// Applies what people decided, part by part: an answer of another arm or phase is another answer.
fn decide(context: &Context, answers: &[Recorded], said: &mut [Said]) -> u32 {
    if context.decisions.is_empty() {
        return 0;
    }
    let mut parts: BTreeMap<(Option<Arm>, Option<Phase>), Vec<usize>> = BTreeMap::new();
    for (i, answer) in answers.iter().enumerate() {
        parts.entry((answer.arm, answer.phase)).or_default().push(i);
    }
    let mut used = BTreeSet::new();
    let known: BTreeSet<(&str, &str, &str)> = context
        .decisions
        .iter()
        .map(|d| (d.reader.as_str(), d.case.as_str(), d.answer_hash.as_str()))
        .collect();
    for places in parts.into_values() {
        let mut judged: Vec<Judged> = places
            .iter()
            .filter_map(|at| {
                let (answer, said) = (answers.get(*at)?, said.get(*at)?);
                Some(Judged {
                    reader: answer.reader.clone(),
                    case: answer.case.clone(),
                    answer_hash: said.found.as_ref()?.hash.clone(),
                    judgement: Judgement::bare(matching::Verdict::Undecided, String::new()),
                    decision: None,
                })
            })
            .collect();
        if judged.len() != places.len() {
            continue;
        }
        apply(&mut judged, &context.decisions);
        for (one, at) in judged.iter().zip(&places) {
            let key = (one.reader.as_str(), one.case.as_str(), one.answer_hash.as_str());
            if known.contains(&key) {
                used.insert((one.reader.clone(), one.case.clone(), one.answer_hash.clone()));
            }
            if let (Some(decision), Some(said)) = (&one.decision, said.get_mut(*at)) {
                take(said, decision);
            }
        }
    }
    (known.len() - used.len()) as u32
}

/// Writes a verdict down; that of an invalid answer with its kind.
fn settle(said: &mut Said, verdict: matching::Verdict) {
    said.invalid = None;
    said.judged = Some(match verdict {
        matching::Verdict::Right => Verdict::Right,
        matching::Verdict::Partial => Verdict::Partial,
        matching::Verdict::Wrong => Verdict::Wrong,
        matching::Verdict::Undecided => Verdict::Undecided,
        matching::Verdict::Invalid(kind) => {
            said.invalid = Some(kind.id().to_owned());
            Verdict::Invalid
        }
    });
}

/// A decision in place of what the rules said.
fn take(said: &mut Said, decision: &Decision) {
    settle(said, decision.verdict);
    if said.judged == Some(Verdict::Right) {
        said.rank = said.rank.or(Some(1));
    }
    if let Some(found) = &mut said.found {
        found.rule = in_words(decision);
        if let Some(label) = decision.label.as_ref().filter(|l| !l.is_empty()) {
            found.label = Some(label.clone());
        }
    }
}

/// A decision in words.
pub(super) fn in_words(decision: &Decision) -> String {
    let day = decision.at.get(..10).unwrap_or(&decision.at);
    let verdict = match decision.verdict {
        matching::Verdict::Right => "right",
        matching::Verdict::Partial => "partly right",
        matching::Verdict::Wrong => "wrong",
        matching::Verdict::Undecided => "taken back",
        matching::Verdict::Invalid(_) => "invalid",
    };
    format!(
        "decided by {} on {day}: {verdict}; {}",
        decision.who, decision.why
    )
}

#[cfg(test)]
mod tests {
    use crate::case_set::Task;
    use crate::evaluated::cases::Verdict;
    use crate::evaluated::samples::{answer, case, set};
    use crate::evaluated::{Context, Evaluation, case_detail};
    use crate::matching::{self, Decision};

    fn open(text: &str, decisions: Vec<Decision>) -> Evaluation {
        let mut said = answer("m", "1", "");
        said.text = Some(text.to_owned());
        let set = set(Task::Open, &[], vec![case("1", &["hiatal hernia"])], &["m"]);
        let context = Context {
            decisions,
            ..Context::default()
        };
        Evaluation::new(set, vec![said], context)
    }

    fn verdict(of: &Evaluation) -> Verdict {
        case_detail(of, 0, false).expect("a case").row.answers[0].verdict
    }

    #[test]
    fn rules_first_then_a_person() {
        assert_eq!(
            verdict(&open("Final Answer: hiatus hernia", Vec::new())),
            Verdict::Right
        );
        let strange = "Final Answer: thoracic stomach sign";
        let of = open(strange, Vec::new());
        assert_eq!(verdict(&of), Verdict::Undecided);
        let detail = case_detail(&of, 0, false).expect("a case");
        let decision = Decision {
            reader: "m".to_owned(),
            case: "1".to_owned(),
            verdict: matching::Verdict::Right,
            label: None,
            who: "A".to_owned(),
            why: "another name".to_owned(),
            at: "2026-11-21T10:00:00Z".to_owned(),
            answer_hash: detail.answers[0].answer_hash.clone(),
        };
        let of = open(strange, vec![decision.clone()]);
        assert_eq!(verdict(&of), Verdict::Right);
        let rule = &case_detail(&of, 0, false).expect("a case").answers[0].rule;
        assert_eq!(rule, "decided by A on 2026-11-21: right; another name");
        // The same decision on another text is not applied.
        let of = open("Final Answer: upside-down stomach sign", vec![decision]);
        assert_eq!(
            (verdict(&of), of.left_out().stale_decisions),
            (Verdict::Undecided, 1)
        );
    }
}
