//! The truth of every case under a policy for uncertain and blank labels and for several truth readers.

use crate::case_set::policy::OneLabel;
use crate::case_set::{Blank, CaseSet, CaseSpec, State, Task, TruthPolicy, Uncertain, Votes};
use crate::error::trim;
use crate::evaluated::said::option_of;

/// How uncertain labels and labels not mentioned count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Uncertain labels.
    pub uncertain: Uncertain,
    /// Labels not mentioned.
    pub blank: Blank,
}

impl Policy {
    /// The policy of a case set.
    pub fn of(set: &CaseSet) -> Self {
        Self {
            uncertain: set.truth.uncertain,
            blank: set.truth.blank,
        }
    }

    /// The whole policy of a set with these two in place of its own.
    pub(super) fn within(self, set: &CaseSet) -> TruthPolicy {
        TruthPolicy {
            uncertain: self.uncertain,
            blank: self.blank,
            ..set.truth.clone()
        }
    }
}

/// The truth of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TruthOf {
    /// Index of the one true label, or of the true option.
    pub one: Option<u32>,
    /// For yes/no lists: one for each label; `None` is left out.
    pub states: Vec<Option<bool>>,
    /// There is a truth to hold answers against.
    pub known: bool,
    /// Why there is none, where there might have been one.
    pub trouble: Option<Trouble>,
}

/// Why a case has no truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// A label that is not in the set.
    UnknownLabel,
    /// Several labels are true where one is asked for.
    SeveralLabels,
    /// The truth is none of the options.
    NotAnOption,
    /// Every label is left out by the policy.
    LeftOut,
}

/// The truth of a case as the task needs it.
pub fn truth_of(task: Task, labels: &[String], case: &CaseSpec, policy: &TruthPolicy) -> TruthOf {
    match task {
        Task::Closed => match policy.one_label(&case.truth, labels) {
            OneLabel::Label(one) => is_one(one as u32),
            OneLabel::Several(_) => without(Trouble::SeveralLabels),
            OneLabel::Unknown(_) => without(Trouble::UnknownLabel),
            OneLabel::None => TruthOf::default(),
        },
        Task::Choice => option(case),
        Task::YesNo => states(labels, case, policy),
        Task::Open | Task::Vqa => TruthOf {
            known: !(present(case, policy.votes).is_empty() && case.truth.answers.is_empty()),
            ..TruthOf::default()
        },
        // A picture without a box is a truth too: nothing is there.
        Task::Boxes => TruthOf {
            known: true,
            ..TruthOf::default()
        },
    }
}

fn is_one(label: u32) -> TruthOf {
    TruthOf {
        one: Some(label),
        known: true,
        ..TruthOf::default()
    }
}

fn without(trouble: Trouble) -> TruthOf {
    TruthOf {
        trouble: Some(trouble),
        ..TruthOf::default()
    }
}

/// Labels that are present, whatever the label set: those of the truth itself, else those of its readers by vote.
pub(super) fn present(case: &CaseSpec, votes: Votes) -> Vec<&str> {
    let truth = &case.truth;
    if !truth.labels.is_empty() {
        return truth.labels.iter().map(String::as_str).collect();
    }
    let mut named = truth.named();
    named.retain(|label| truth.state(label, votes) == State::Present);
    named
}

fn option(case: &CaseSpec) -> TruthOf {
    let truth = &case.truth;
    let Some(name) = truth.labels.first().or(truth.answers.first()) else {
        return TruthOf::default();
    };
    option_of(case, trim(name)).map_or_else(|| without(Trouble::NotAnOption), is_one)
}

fn states(labels: &[String], case: &CaseSpec, policy: &TruthPolicy) -> TruthOf {
    if !case.truth.is_known() {
        return TruthOf::default();
    }
    if case
        .truth
        .named()
        .iter()
        .any(|name| !labels.iter().any(|l| l == name))
    {
        return without(Trouble::UnknownLabel);
    }
    let states = policy.labels(&case.truth, labels);
    if states.iter().all(Option::is_none) {
        return without(Trouble::LeftOut);
    }
    TruthOf {
        states,
        known: true,
        ..TruthOf::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case_set::{CaseTruth, Vote};

    fn case(labels: &[&str], states: &[(&str, State)]) -> CaseSpec {
        CaseSpec {
            truth: CaseTruth {
                labels: labels.iter().map(|l| (*l).to_owned()).collect(),
                states: states.iter().map(|(l, s)| ((*l).to_owned(), *s)).collect(),
                ..CaseTruth::default()
            },
            ..CaseSpec::default()
        }
    }

    fn labels() -> Vec<String> {
        ["a", "b", "c"].map(str::to_owned).to_vec()
    }

    fn policy(uncertain: Uncertain, blank: Blank) -> TruthPolicy {
        TruthPolicy {
            uncertain,
            blank,
            ..TruthPolicy::default()
        }
    }

    #[test]
    fn uncertain_and_blank_follow_the_policy() {
        let case = case(&["a"], &[("b", State::Uncertain)]);
        let of = |uncertain, blank| states(&labels(), &case, &policy(uncertain, blank)).states;
        assert_eq!(
            of(Uncertain::Ones, Blank::Negative),
            [Some(true), Some(true), Some(false)]
        );
        assert_eq!(
            of(Uncertain::Zeros, Blank::Missing),
            [Some(true), Some(false), None]
        );
        assert_eq!(of(Uncertain::Ignore, Blank::Missing), [Some(true), None, None]);
    }

    #[test]
    fn no_truth_is_not_normal() {
        let of = |case: &CaseSpec| states(&labels(), case, &TruthPolicy::default());
        assert!(!of(&case(&[], &[])).known);
        assert_eq!(of(&case(&["z"], &[])).trouble, Some(Trouble::UnknownLabel));
        let all = case(
            &[],
            &[
                ("a", State::Uncertain),
                ("b", State::Uncertain),
                ("c", State::Uncertain),
            ],
        );
        assert_eq!(of(&all).trouble, Some(Trouble::LeftOut));
    }

    #[test]
    fn one_label_is_one() {
        let of = |case: &CaseSpec| truth_of(Task::Closed, &labels(), case, &TruthPolicy::default());
        assert_eq!(of(&case(&["b"], &[])).one, Some(1));
        assert_eq!(of(&case(&["a", "b"], &[])).trouble, Some(Trouble::SeveralLabels));
        assert_eq!(of(&case(&["z"], &[])).trouble, Some(Trouble::UnknownLabel));
        assert!(!of(&case(&[], &[])).known);
    }

    #[test]
    fn votes_become_a_truth() {
        let mut case = CaseSpec::default();
        for said in [&["a"][..], &["a", "b"], &["b", "c"]] {
            case.truth.votes.push(Vote {
                labels: said.iter().map(|l| (*l).to_owned()).collect(),
                ..Vote::default()
            });
        }
        assert_eq!(present(&case, Votes::Majority), ["a", "b"]);
        assert_eq!(present(&case, Votes::Any), ["a", "b", "c"]);
        assert!(present(&case, Votes::All).is_empty());
    }
}
