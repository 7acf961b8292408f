//! The truth of every case under a policy for uncertain and blank labels and for several truth readers.

use crate::case_set::{Blank, CaseSet, CaseSpec, State, Task, Uncertain, Votes};
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

    fn state(self, state: State) -> Option<bool> {
        match state {
            State::Present => Some(true),
            State::Absent => Some(false),
            State::Uncertain => match self.uncertain {
                Uncertain::Ones => Some(true),
                Uncertain::Zeros => Some(false),
                Uncertain::Ignore => None,
            },
            State::Blank => match self.blank {
                Blank::Negative => Some(false),
                Blank::Missing => None,
            },
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
pub(super) fn truth_of(set: &CaseSet, labels: &[String], case: &CaseSpec, policy: Policy) -> TruthOf {
    match set.question.task {
        Task::Closed => one_label(labels, case, policy, set.truth.votes),
        Task::Choice => option(case),
        Task::YesNo => states(labels, case, policy, set.truth.votes),
        Task::Open | Task::Vqa => TruthOf {
            known: !(case.truth.labels.is_empty() && case.truth.answers.is_empty()),
            ..TruthOf::default()
        },
        // A picture without a box is a truth too: nothing is there.
        Task::Boxes => TruthOf {
            known: true,
            ..TruthOf::default()
        },
    }
}

fn without(trouble: Trouble) -> TruthOf {
    TruthOf {
        trouble: Some(trouble),
        ..TruthOf::default()
    }
}

/// Labels that are present: those of the truth itself, else those of its readers by vote.
pub(super) fn present(case: &CaseSpec, votes: Votes) -> Vec<&str> {
    let truth = &case.truth;
    if !truth.labels.is_empty() || truth.votes.is_empty() {
        return truth.labels.iter().map(|l| trim(l)).collect();
    }
    let mut out: Vec<&str> = Vec::new();
    for label in truth.votes.iter().flat_map(|v| &v.labels).map(|l| trim(l)) {
        let of = truth
            .votes
            .iter()
            .filter(|v| v.labels.iter().any(|l| trim(l) == label))
            .count();
        let enough = match votes {
            Votes::Majority => 2 * of > truth.votes.len(),
            Votes::Any => of > 0,
            Votes::All => of == truth.votes.len(),
        };
        if enough && !out.contains(&label) {
            out.push(label);
        }
    }
    out
}

fn one_label(labels: &[String], case: &CaseSpec, policy: Policy, votes: Votes) -> TruthOf {
    let mut named = present(case, votes);
    let by_policy = case
        .truth
        .states
        .iter()
        .filter(|(_, s)| policy.state(**s) == Some(true));
    named.extend(
        by_policy
            .map(|(label, _)| trim(label))
            .filter(|l| !case.truth.labels.iter().any(|k| trim(k) == *l)),
    );
    let known: Vec<u32> = named.iter().filter_map(|name| at(labels, name)).collect();
    match (named.as_slice(), known.as_slice()) {
        ([], _) => TruthOf::default(),
        ([_], [one]) => TruthOf {
            one: Some(*one),
            known: true,
            ..TruthOf::default()
        },
        ([_], _) => without(Trouble::UnknownLabel),
        _ => without(Trouble::SeveralLabels),
    }
}

fn at(labels: &[String], name: &str) -> Option<u32> {
    labels.iter().position(|l| l == name).map(|i| i as u32)
}

fn option(case: &CaseSpec) -> TruthOf {
    let truth = &case.truth;
    let Some(name) = truth.labels.first().or(truth.answers.first()) else {
        return TruthOf::default();
    };
    match option_of(case, trim(name)) {
        Some(one) => TruthOf {
            one: Some(one),
            known: true,
            ..TruthOf::default()
        },
        None => without(Trouble::NotAnOption),
    }
}

fn states(labels: &[String], case: &CaseSpec, policy: Policy, votes: Votes) -> TruthOf {
    let truth = &case.truth;
    if truth.labels.is_empty() && truth.states.is_empty() && truth.votes.is_empty() {
        return TruthOf::default();
    }
    let named = present(case, votes);
    let unknown = |name: &&str| at(labels, name).is_none();
    if named.iter().any(unknown) || truth.states.keys().map(|l| trim(l)).any(|l| unknown(&l)) {
        return without(Trouble::UnknownLabel);
    }
    let rest = if truth.states.is_empty() {
        State::Absent
    } else {
        State::Blank
    };
    let state = |label: &String| {
        if named.iter().any(|n| n == label) {
            return State::Present;
        }
        let given = truth.states.iter().find(|(name, _)| trim(name) == label);
        given.map_or(rest, |(_, state)| *state)
    };
    let states: Vec<Option<bool>> = labels.iter().map(|l| policy.state(state(l))).collect();
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

    #[test]
    fn uncertain_and_blank_follow_the_policy() {
        let case = case(&["a"], &[("b", State::Uncertain)]);
        let of =
            |uncertain, blank| states(&labels(), &case, Policy { uncertain, blank }, Votes::Majority).states;
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
        let of = |case: &CaseSpec| states(&labels(), case, Policy::default(), Votes::Majority);
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
        let of = |case: &CaseSpec| one_label(&labels(), case, Policy::default(), Votes::Majority);
        assert_eq!(of(&case(&[" b "], &[])).one, Some(1));
        assert_eq!(of(&case(&["a", "b"], &[])).trouble, Some(Trouble::SeveralLabels));
        assert_eq!(of(&case(&["z"], &[])).trouble, Some(Trouble::UnknownLabel));
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
