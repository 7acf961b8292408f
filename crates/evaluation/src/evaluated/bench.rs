//! Every answer against its truth, under one policy.

use crate::case_set::Task;
use crate::evaluated::cases::Verdict;
use crate::evaluated::evaluation::{Column, Evaluation};
use crate::evaluated::headline::boxes;
use crate::evaluated::said::Said;
use crate::evaluated::truths::{Policy, TruthOf, truth_of};
use crate::metrics::froc::detections;
use crate::recorded::Recorded;

/// Truths and verdicts under a policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Bench {
    /// The policy.
    pub policy: Policy,
    /// One for each case.
    pub truths: Vec<TruthOf>,
    /// One for each answer.
    pub verdicts: Vec<Verdict>,
}

/// An answer that has a truth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    /// Place of the case.
    pub case: usize,
    /// Patient of the case.
    pub patient: u32,
    /// Place of the answer.
    pub answer: usize,
    /// The truth.
    pub truth: &'a TruthOf,
    /// What is said.
    pub said: &'a Said,
    /// As it was recorded.
    pub recorded: &'a Recorded,
    /// How the one stands to the other.
    pub verdict: Verdict,
}

impl Row<'_> {
    /// Right or not; `None` while nobody has decided.
    pub(super) fn right(&self) -> Option<bool> {
        right(self.verdict)
    }
}

/// Right or not; `None` where there is no verdict to count.
pub(super) fn right(verdict: Verdict) -> Option<bool> {
    match verdict {
        Verdict::Right => Some(true),
        Verdict::Partial | Verdict::Wrong | Verdict::Invalid => Some(false),
        Verdict::Undecided | Verdict::Missing | Verdict::NoTruth => None,
    }
}

impl Bench {
    /// Holds every answer against its truth.
    pub(super) fn new(of: &Evaluation, policy: Policy) -> Self {
        let (task, whole) = (of.set.question.task, policy.within(&of.set));
        let cases = of.set.cases.iter();
        let truths: Vec<TruthOf> = cases
            .map(|case| truth_of(task, &of.labels, case, &whole))
            .collect();
        let verdicts = of.answers.iter().zip(&of.said).map(|(answer, said)| {
            let truth = of.place(&answer.case).and_then(|at| truths.get(at));
            truth.map_or(Verdict::NoTruth, |truth| verdict(task, truth, said))
        });
        let verdicts = verdicts.collect();
        let mut out = Self {
            policy,
            truths,
            verdicts,
        };
        if task == Task::Boxes {
            out.verdicts = (0..of.answers.len()).map(|at| out.of_boxes(of, at)).collect();
        }
        out
    }

    /// Boxes are right when every one is found and none is too many, partly right when one is found.
    fn of_boxes(&self, of: &Evaluation, answer: usize) -> Verdict {
        let old = self.verdicts.get(answer).copied().unwrap_or(Verdict::NoTruth);
        let place = of.answers.get(answer).and_then(|a| of.place(&a.case));
        let Some(case) = place.filter(|_| !matches!(old, Verdict::NoTruth | Verdict::Invalid)) else {
            return old;
        };
        let Some(row) = self.row_of(of, case, answer) else {
            return old;
        };
        let found = detections(&boxes::images(of, &row, None), 0.25);
        match (found.tp, found.fp + found.fn_) {
            (_, 0) => Verdict::Right,
            (0, _) => Verdict::Wrong,
            _ => Verdict::Partial,
        }
    }

    /// The rows of a column over chosen cases, in their order.
    pub(super) fn rows<'a>(&'a self, of: &'a Evaluation, column: &Column, cases: &[u32]) -> Vec<Row<'a>> {
        cases
            .iter()
            .filter_map(|case| self.row(of, column, *case as usize))
            .collect()
    }

    /// The row of one case; `None` without an answer or a truth.
    pub(super) fn row<'a>(&'a self, of: &'a Evaluation, column: &Column, case: usize) -> Option<Row<'a>> {
        self.row_of(of, case, (*column.get(case)?)? as usize)
    }

    fn row_of<'a>(&'a self, of: &'a Evaluation, case: usize, answer: usize) -> Option<Row<'a>> {
        Some(Row {
            case,
            patient: *of.patients.get(case)?,
            answer,
            truth: self.truths.get(case).filter(|t| t.known)?,
            said: of.said.get(answer)?,
            recorded: of.answers.get(answer)?,
            verdict: *self.verdicts.get(answer)?,
        })
    }

    /// How the answer of a column to a case stands.
    pub(super) fn verdict(&self, column: &Column, case: usize) -> Verdict {
        if !self.truths.get(case).is_some_and(|t| t.known) {
            return Verdict::NoTruth;
        }
        let answer = column.get(case).copied().flatten();
        answer
            .and_then(|a| self.verdicts.get(a as usize).copied())
            .unwrap_or(Verdict::Missing)
    }
}

fn verdict(task: Task, truth: &TruthOf, said: &Said) -> Verdict {
    if !truth.known {
        return Verdict::NoTruth;
    }
    if said.invalid.is_some() {
        return Verdict::Invalid;
    }
    match task {
        Task::Closed | Task::Choice => match (truth.one, said.label) {
            (Some(truth), Some(label)) if truth == label => Verdict::Right,
            (Some(_), Some(_)) => Verdict::Wrong,
            _ => Verdict::Invalid,
        },
        Task::YesNo => of_list(&truth.states, &said.yes),
        Task::Open | Task::Vqa | Task::Boxes => said.judged.unwrap_or(Verdict::Undecided),
    }
}

/// Right when every label that counts is right; partly when some true label was said.
fn of_list(truth: &[Option<bool>], said: &[bool]) -> Verdict {
    let cells = || truth.iter().zip(said).filter_map(|(t, s)| t.map(|t| (t, *s)));
    if cells().all(|(t, s)| t == s) {
        Verdict::Right
    } else if cells().any(|(t, s)| t && s) {
        Verdict::Partial
    } else {
        Verdict::Wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_right_partly_or_wrong() {
        let truth = [Some(true), Some(false), None];
        assert_eq!(of_list(&truth, &[true, false, true]), Verdict::Right);
        assert_eq!(of_list(&truth, &[true, true, false]), Verdict::Partial);
        assert_eq!(of_list(&truth, &[false, false, false]), Verdict::Wrong);
    }
}
