//! The rules of a case set, applied to recorded answers.
//!
//! A recorded answer may be a text, a label that somebody else took from it, or both. A label that is one of the set
//! counts as it is; anything else goes through the rules of [`Judge`].

use overread_protocol::answer::Invalid;
use overread_protocol::answer::words::same;

use super::decision::{Judged, answer_hash};
use super::hierarchy::{Hierarchy, Level};
use super::judge::{Judge, Judgement, Rules, Said, SideMatch, Task, Verdict};
use super::normalise::term;
use super::synonyms::Synonyms;
use super::{differential, yes_no};
use crate::case_set::{self, CaseSet, CaseSpec, State};
use crate::recorded::Recorded;

/// Judges the answers of a case set.
#[derive(Clone, Debug)]
pub struct SetJudge {
    task: case_set::Task,
    one: Judge,
    list: Judge,
    yes_no: Judge,
}

impl SetJudge {
    /// Makes the rules of a case set ready. `synonyms` is the set's own table, laid over the words of radiology;
    /// `hierarchy` its table of kinds.
    pub fn new(set: &CaseSet, synonyms: Synonyms, hierarchy: &Hierarchy) -> Self {
        use case_set::Task as Asked;
        let task = set.question.task;
        let mut labels: Vec<String> = set.question.labels.clone();
        if matches!(task, Asked::Open | Asked::Vqa) {
            // What is true of any case is a term that answers to the others may name.
            let mut known: std::collections::BTreeSet<String> = labels.iter().cloned().collect();
            for truth in set.cases.iter().flat_map(truths) {
                if known.insert(truth.clone()) {
                    labels.push(truth);
                }
            }
        }
        let synonyms = synonyms.over(&Synonyms::radiology());
        let allowed = set.question.differential as usize;
        let judge = |task: Task| {
            let mut rules = Rules::new(task, &labels);
            rules.synonyms = synonyms.clone();
            rules.hierarchy = hierarchy.clone();
            if allowed > 0 {
                rules.allowed = allowed;
            }
            Judge::new(rules)
        };
        Self {
            task,
            one: judge(match task {
                Asked::Closed => Task::Closed,
                Asked::YesNo => Task::Findings,
                Asked::Choice | Asked::Open | Asked::Vqa | Asked::Boxes => Task::Open,
            }),
            list: judge(Task::Differential),
            yes_no: Judge::new(Rules::new(Task::YesNo, &["yes", "no"].map(str::to_owned))),
        }
    }

    /// What the record keeps: the versions of the rules and of the tables.
    pub fn version(&self) -> String {
        self.one.version()
    }

    /// Judges an answer to a case. Without a truth the verdict is left open.
    pub fn judge(&self, case: &CaseSpec, answer: &Recorded) -> Judgement {
        use case_set::Task as Asked;
        let text = said_text(answer);
        let kind = answer.invalid.as_deref().filter(|kind| !kind.is_empty());
        let said = Said {
            text: &text,
            complete: kind != Some("truncated"),
            // A kind of somebody else's is no answer either.
            invalid: kind.map(|kind| Invalid::of(kind).unwrap_or(Invalid::Error)),
        };
        let names = truths(case);
        // The side is told to the rules with the name, and taken off again below.
        let sided: Vec<String> = names
            .iter()
            .map(|name| with_side(name, &case.truth.side))
            .collect();
        let mut out = match self.task {
            Asked::Choice => choice(case, said, &names),
            Asked::Closed | Asked::YesNo => self.one.judge(said, &names),
            Asked::Vqa if names.first().is_some_and(|name| yes_no::truth_of(name).is_some()) => {
                self.yes_no.judge(said, names.get(..1).unwrap_or_default())
            }
            Asked::Open if !answer.differential.is_empty() || differential::is_list(&text) => {
                self.list.judge(said, &sided)
            }
            Asked::Open | Asked::Vqa => self.one.judge(said, &sided),
            Asked::Boxes => Judgement::bare(Verdict::Undecided, "boxes".to_owned()),
        };
        // Asked where something is, the other side is another answer.
        if self.task == Asked::Vqa && out.side_match == Some(SideMatch::Other) {
            out.verdict = Verdict::Wrong;
        }
        let given = sided
            .iter()
            .zip(&names)
            .find(|(sided, _)| out.label.as_ref() == Some(*sided));
        if let Some((_, name)) = given {
            out.label = Some(name.clone());
        }
        out
    }

    /// Judges an answer and names it for decisions.
    pub fn judged(&self, case: &CaseSpec, answer: &Recorded) -> Judged {
        Judged {
            reader: answer.reader.clone(),
            case: answer.case.clone(),
            answer_hash: answer_hash(&said_text(answer)),
            judgement: self.judge(case, answer),
            decision: None,
        }
    }

    /// Fills in what a recorded text says where the record has no label itself: `label`, for lists `labels`, `invalid`.
    /// Records with a label or with probabilities are left as they are.
    pub fn fill(&self, case: &CaseSpec, answer: &mut Recorded) {
        let has = answer
            .label
            .as_deref()
            .is_some_and(|label| !label.trim().is_empty())
            || answer.labels.is_some()
            || answer.probabilities.as_ref().is_some_and(|map| !map.is_empty())
            || answer.invalid.as_deref().is_some_and(|kind| !kind.is_empty());
        if has || answer.text.is_none() {
            return;
        }
        let bare = CaseSpec {
            options: case.options.clone(),
            ..CaseSpec::default()
        };
        if self.task == case_set::Task::YesNo {
            let text = said_text(answer);
            match self.one.findings(Said::whole(&text)) {
                Ok(found) => {
                    let there = found.into_iter().filter(|f| f.state == super::State::Present);
                    answer.labels = Some(there.map(|f| f.label).collect());
                }
                Err(kind) => answer.invalid = Some(kind.id().to_owned()),
            }
            return;
        }
        let judgement = self.judge(&bare, answer);
        match judgement.verdict {
            Verdict::Invalid(kind) => answer.invalid = Some(kind.id().to_owned()),
            // A term above the labels is none of them.
            _ if self.task == case_set::Task::Closed && judgement.level == Some(Level::Ancestor) => {
                answer.invalid = Some(Invalid::OutOfSet.id().to_owned());
            }
            _ => answer.label = judgement.label,
        }
    }
}

/// The names that are true of a case: labels, else accepted answers, else the labels said to be present.
fn truths(case: &CaseSpec) -> Vec<String> {
    let truth = &case.truth;
    if !truth.labels.is_empty() {
        return truth.labels.clone();
    }
    if !truth.answers.is_empty() {
        return truth.answers.clone();
    }
    let present = truth.states.iter().filter(|(_, state)| **state == State::Present);
    present.map(|(label, _)| label.clone()).collect()
}

fn with_side(name: &str, side: &str) -> String {
    let side = match side.trim() {
        "left" => "left",
        "right" => "right",
        "both" => "bilateral",
        _ => return name.to_owned(),
    };
    if term(name).side.is_some() {
        name.to_owned()
    } else {
        format!("{side} {name}")
    }
}

/// The text that is judged and hashed: the raw one, else the label, else the list of diagnoses, one a line.
pub fn said_text(answer: &Recorded) -> String {
    if let Some(text) = answer.text.as_ref().filter(|text| !text.trim().is_empty()) {
        return text.clone();
    }
    if !answer.differential.is_empty() {
        let lines = answer
            .differential
            .iter()
            .enumerate()
            .map(|(i, entry)| format!("{}. {entry}\n", i + 1));
        return lines.collect();
    }
    let label = answer.label.clone().filter(|label| !label.trim().is_empty());
    label.unwrap_or_else(|| answer.labels.as_deref().unwrap_or_default().join("; "))
}

/// One of the case's own options, by its letter or its words.
fn choice(case: &CaseSpec, said: Said<'_>, names: &[String]) -> Judgement {
    let mut rules = Rules::new(Task::Choice, &case.options);
    // Options are told apart by their own words alone.
    rules.synonyms = Synonyms::default();
    // A truth may be a letter.
    let judge = Judge::new(rules);
    let truth: Vec<String> = names
        .iter()
        .map(|name| {
            let option = case.options.iter().find(|option| same(option, name));
            let lettered = || judge.judge(Said::whole(name), &[]).label;
            option.cloned().or_else(lettered).unwrap_or_else(|| name.clone())
        })
        .collect();
    judge.judge(said, &truth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case_set::{AskedQuestion, CaseTruth};

    fn list(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|s| (*s).to_owned()).collect()
    }

    fn set(task: case_set::Task, labels: &[&str], cases: Vec<CaseSpec>) -> CaseSet {
        CaseSet {
            format: case_set::FORMAT.to_owned(),
            name: "s".to_owned(),
            question: AskedQuestion {
                task,
                labels: list(labels),
                ..AskedQuestion::default()
            },
            cases,
            ..CaseSet::default()
        }
    }

    fn case(truth: &[&str], side: &str) -> CaseSpec {
        CaseSpec {
            id: "c".to_owned(),
            truth: CaseTruth {
                labels: list(truth),
                side: side.to_owned(),
                ..CaseTruth::default()
            },
            ..CaseSpec::default()
        }
    }

    fn text(text: &str) -> Recorded {
        Recorded {
            text: Some(text.to_owned()),
            ..Recorded::default()
        }
    }

    fn judge(set: &CaseSet) -> SetJudge {
        SetJudge::new(set, Synonyms::default(), &Hierarchy::default())
    }

    #[test]
    fn open_answers_have_a_side_or_a_rank() {
        let cases = vec![case(&["hiatal hernia"], ""), case(&["pneumothorax"], "left")];
        let set = set(case_set::Task::Open, &[], cases);
        let judge = judge(&set);
        let hernia = judge.judge(&set.cases[0], &text("1. Stroke\n2. Hiatus hernia"));
        assert_eq!((hernia.verdict, hernia.rank), (Verdict::Right, Some(2)));
        let left = judge.judge(&set.cases[1], &text("Final Answer: pneumothorax on the left"));
        assert_eq!(
            (left.verdict, left.label.as_deref()),
            (Verdict::Right, Some("pneumothorax"))
        );
        assert_eq!(
            judge.judge(&set.cases[1], &text("right pneumothorax")).verdict,
            Verdict::Partial
        );
        assert_eq!(
            judge.judge(&set.cases[1], &text("Answer: hiatal hernia")).verdict,
            Verdict::Wrong
        );
        let given = Recorded {
            differential: list(&["stroke", "pneumothorax"]),
            ..Recorded::default()
        };
        assert_eq!(judge.judge(&set.cases[1], &given).rank, Some(2));
    }

    #[test]
    fn options_are_those_of_the_case() {
        let mut one = case(&["B"], "");
        one.options = list(&["Lung", "Liver", "Hepatitis A"]);
        let set = set(case_set::Task::Choice, &[], vec![one]);
        let judge = judge(&set);
        let verdict = |said: &str| judge.judge(&set.cases[0], &text(said)).verdict;
        assert_eq!(verdict("Answer: (B)"), Verdict::Right);
        assert_eq!(verdict("Liver"), Verdict::Right);
        assert_eq!(verdict("hepatitis A"), Verdict::Wrong);
        let mut recorded = text("The answer is B.");
        judge.fill(&set.cases[0], &mut recorded);
        assert_eq!(recorded.label.as_deref(), Some("Liver"));
    }

    #[test]
    fn questions_of_their_own_are_yes_or_no_or_words() {
        let mut words = case(&[], "");
        words.truth.answers = list(&["right lung", "the right lung"]);
        let mut closed = case(&[], "");
        closed.truth.answers = list(&["Yes"]);
        let mut side = case(&[], "");
        side.truth.answers = list(&["Left"]);
        let set = set(case_set::Task::Vqa, &[], vec![closed, words, side]);
        let judge = judge(&set);
        assert_eq!(
            judge.judge(&set.cases[0], &text("There is no fracture.")).verdict,
            Verdict::Wrong
        );
        assert_eq!(
            judge.judge(&set.cases[1], &text("The right lung.")).verdict,
            Verdict::Right
        );
        assert_eq!(
            judge.judge(&set.cases[1], &text("left lung")).verdict,
            Verdict::Wrong
        );
        assert_eq!(
            judge.judge(&set.cases[2], &text("left side")).verdict,
            Verdict::Right
        );
        assert_eq!(
            judge.judge(&set.cases[2], &text("Right.")).verdict,
            Verdict::Wrong
        );
    }

    #[test]
    fn texts_are_filled_in_and_given_labels_left() {
        let set = set(
            case_set::Task::Closed,
            &["pneumonia", "normal"],
            vec![case(&["pneumonia"], "")],
        );
        let judge = judge(&set);
        let filled = |mut answer: Recorded| {
            judge.fill(&set.cases[0], &mut answer);
            (answer.label, answer.invalid)
        };
        assert_eq!(
            filled(text("Final Answer: Pneumonias")),
            (Some("pneumonia".to_owned()), None)
        );
        assert_eq!(
            filled(text("I cannot read this image.")),
            (None, Some("refusal".to_owned()))
        );
        let given = Recorded {
            label: Some("normal".to_owned()),
            ..text("pneumonia")
        };
        assert_eq!(filled(given).0.as_deref(), Some("normal"));
        let failed = Recorded {
            invalid: Some("timeout".to_owned()),
            ..text("")
        };
        assert_eq!(
            judge.judge(&set.cases[0], &failed).verdict,
            Verdict::Invalid(Invalid::Error)
        );
        let several = self::set(
            case_set::Task::YesNo,
            &["pneumonia", "pneumothorax"],
            vec![case(&["pneumonia"], "")],
        );
        let mut report = text("No pneumothorax. There is pneumonia.");
        self::judge(&several).fill(&several.cases[0], &mut report);
        assert_eq!(report.labels, Some(list(&["pneumonia"])));
    }
}
