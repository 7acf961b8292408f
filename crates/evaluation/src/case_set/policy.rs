//! How what is known of a case becomes the truth that figures are computed from: uncertain labels, labels not mentioned,
//! several truth readers. The policy is shown beside every figure; what was known stays as it was.

use std::collections::BTreeMap;

use super::{Blank, CaseTruth, State, TruthPolicy, Uncertain, Votes};

/// The one label of a single-label set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneLabel {
    /// Index into the labels.
    Label(usize),
    /// Several are true: indices, ascending. An answer may *hit* one of them, which is not the same as being right.
    Several(Vec<usize>),
    /// A label that is not in the set.
    Unknown(String),
    /// Nothing is known, nothing of it counts, or no label is true.
    None,
}

impl CaseTruth {
    /// Whether anything is known. A case without truth is not a normal case.
    pub fn is_known(&self) -> bool {
        !self.labels.is_empty()
            || self.states.values().any(|state| *state != State::Blank)
            || !self.answers.is_empty()
            || !self.boxes.is_empty()
            || !self.votes.is_empty()
    }

    /// Every label that the truth names, in whatever state, each once.
    pub fn named(&self) -> Vec<&str> {
        let mut named: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        named.extend(self.states.keys().map(String::as_str));
        named.extend(
            self.boxes
                .iter()
                .map(|b| b.label.as_str())
                .filter(|label| !label.is_empty()),
        );
        named.extend(
            self.votes
                .iter()
                .flat_map(|vote| &vote.labels)
                .map(String::as_str),
        );
        named.sort_unstable();
        named.dedup();
        named
    }

    /// What is known of `label`, before any policy but that of several truth readers: the truth's own word goes before their
    /// votes, and votes before boxes.
    pub fn state(&self, label: &str, votes: Votes) -> State {
        if self.labels.iter().any(|l| l == label) {
            return State::Present;
        }
        if let Some(state) = self.states.get(label) {
            return *state;
        }
        if !self.states.is_empty() {
            return State::Blank;
        }
        if !self.labels.is_empty() {
            return State::Absent;
        }
        if !self.votes.is_empty() {
            let (yes, of) = (
                self.votes
                    .iter()
                    .filter(|vote| vote.labels.iter().any(|l| l == label))
                    .count(),
                self.votes.len(),
            );
            let present = match votes {
                Votes::Majority => yes * 2 > of,
                Votes::Any => yes > 0,
                Votes::All => yes == of,
            };
            return if present { State::Present } else { State::Absent };
        }
        if !self.boxes.is_empty() {
            let boxed = self.boxes.iter().any(|b| b.label == label);
            return if boxed { State::Present } else { State::Absent };
        }
        State::Blank
    }
}

impl TruthPolicy {
    /// A state under the policy: present, absent, or left out.
    pub fn counts_as(&self, state: State) -> Option<bool> {
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

    /// Each label under the policy: present, absent, or left out. All are left out where nothing at all is known.
    pub fn labels(&self, truth: &CaseTruth, labels: &[String]) -> Vec<Option<bool>> {
        if !truth.is_known() {
            return vec![None; labels.len()];
        }
        labels
            .iter()
            .map(|label| self.counts_as(truth.state(label, self.votes)))
            .collect()
    }

    /// The one label under the policy.
    pub fn one_label(&self, truth: &CaseTruth, labels: &[String]) -> OneLabel {
        if let Some(unknown) = truth.labels.iter().find(|label| !labels.contains(label)) {
            return OneLabel::Unknown(unknown.clone());
        }
        let states = self.labels(truth, labels);
        let mut present = (0..)
            .zip(states)
            .filter(|(_, state)| *state == Some(true))
            .map(|(i, _)| i);
        match (present.next(), present.next()) {
            (Some(only), None) => OneLabel::Label(only),
            (Some(first), Some(second)) => {
                OneLabel::Several([first, second].into_iter().chain(present).collect())
            }
            (None, _) => OneLabel::None,
        }
    }

    /// How many truth readers called each label present, of how many; empty without votes.
    pub fn shares(truth: &CaseTruth) -> BTreeMap<&str, [usize; 2]> {
        let mut shares: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
        for vote in &truth.votes {
            let mut own: Vec<&str> = vote.labels.iter().map(String::as_str).collect();
            own.sort_unstable();
            own.dedup();
            for label in own {
                shares.entry(label).or_insert([0, truth.votes.len()])[0] += 1;
            }
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::super::Vote;
    use super::*;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn vote(names: &[&str]) -> Vote {
        Vote {
            labels: labels(names),
            ..Vote::default()
        }
    }

    #[test]
    fn uncertain_and_blank_follow_the_policy() {
        let truth = CaseTruth {
            states: [
                ("a", State::Present),
                ("b", State::Absent),
                ("c", State::Uncertain),
                ("d", State::Blank),
            ]
            .map(|(label, state)| (label.to_owned(), state))
            .into(),
            ..CaseTruth::default()
        };
        let all = labels(&["a", "b", "c", "d", "e"]);
        let under = |uncertain, blank| {
            TruthPolicy {
                uncertain,
                blank,
                ..TruthPolicy::default()
            }
            .labels(&truth, &all)
        };
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(under(Uncertain::Ones, Blank::Negative), [yes, no, yes, no, no]);
        assert_eq!(under(Uncertain::Zeros, Blank::Missing), [yes, no, no, None, None]);
        assert_eq!(
            under(Uncertain::Ignore, Blank::Missing),
            [yes, no, None, None, None]
        );
    }

    #[test]
    fn one_list_of_labels_says_all() {
        let truth = CaseTruth {
            labels: labels(&["a"]),
            ..CaseTruth::default()
        };
        let policy = TruthPolicy {
            blank: Blank::Missing,
            ..TruthPolicy::default()
        };
        assert_eq!(
            policy.labels(&truth, &labels(&["a", "b"])),
            [Some(true), Some(false)]
        );
    }

    #[test]
    fn nothing_known_is_left_out_whatever_the_policy() {
        let policy = TruthPolicy::default();
        let truth = CaseTruth {
            states: [("a".to_owned(), State::Blank)].into(),
            ..CaseTruth::default()
        };
        for truth in [CaseTruth::default(), truth] {
            assert!(!truth.is_known());
            assert_eq!(policy.labels(&truth, &labels(&["a", "b"])), [None, None]);
            assert_eq!(policy.one_label(&truth, &labels(&["a", "b"])), OneLabel::None);
        }
    }

    #[test]
    fn votes_are_counted() {
        let truth = CaseTruth {
            votes: vec![vote(&["a", "b"]), vote(&["a"]), vote(&["a", "c"])],
            ..CaseTruth::default()
        };
        let all = labels(&["a", "b", "c"]);
        let under = |votes| {
            TruthPolicy {
                votes,
                ..TruthPolicy::default()
            }
            .one_label(&truth, &all)
        };
        assert_eq!(under(Votes::Majority), OneLabel::Label(0));
        assert_eq!(under(Votes::All), OneLabel::Label(0));
        assert_eq!(under(Votes::Any), OneLabel::Several(vec![0, 1, 2]));
        assert_eq!(TruthPolicy::shares(&truth)["b"], [1, 3]);
        let tie = CaseTruth {
            votes: vec![vote(&["a"]), vote(&["b"])],
            ..CaseTruth::default()
        };
        assert_eq!(
            TruthPolicy::default().one_label(&tie, &all),
            OneLabel::None,
            "half is no majority"
        );
    }

    #[test]
    fn a_label_outside_the_set_is_said_to_be() {
        let truth = CaseTruth {
            labels: labels(&["A"]),
            ..CaseTruth::default()
        };
        assert_eq!(
            TruthPolicy::default().one_label(&truth, &labels(&["a"])),
            OneLabel::Unknown("A".to_owned())
        );
    }
}
