//! Blind reading: the reader commits an own answer first, then model and truth are revealed. What was seen when is
//! part of the result, so the order is kept, and changes after a reveal are changes, not corrections.

use serde::{Deserialize, Serialize};

use crate::time::is_rfc3339;

/// What can be revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// A model's answer.
    Model,
    /// The truth.
    Truth,
}

/// An answer of the person at the desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnAnswer {
    /// Label or free text, trimmed.
    pub label: String,
    /// 0 to 1.
    pub confidence: Option<f64>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// An own answer was committed; later ones are changes, and the first is never overwritten.
    Answered(OwnAnswer),
    /// Something was shown.
    Revealed {
        /// What.
        what: Seen,
    },
}

/// One step with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlindEvent {
    /// RFC 3339.
    pub at: String,
    /// What happened.
    #[serde(flatten)]
    pub step: Step,
}

/// Why a step is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BlindError {
    /// Nothing was answered.
    #[error("your answer is empty; choose a label or type one")]
    Empty,
    /// Not a probability.
    #[error("a confidence lies between 0 and 1; this one is {0}")]
    Confidence(f64),
    /// Revealing before answering.
    #[error("blind mode is on; commit your own answer first, then model and truth are shown")]
    NotCommitted,
    /// Not a time.
    #[error("“{0}” is no time; this is a fault of the program, please report it")]
    Time(String),
}

/// The steps of one case by one reader, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlindRead {
    events: Vec<BlindEvent>,
}

impl BlindRead {
    /// A read from its steps on record, oldest first.
    pub fn from_events(events: Vec<BlindEvent>) -> Self {
        Self { events }
    }

    /// The steps, oldest first.
    pub fn events(&self) -> &[BlindEvent] {
        &self.events
    }

    /// Commits an own answer: the first one, or a change.
    ///
    /// # Errors
    /// [`BlindError::Empty`], [`BlindError::Confidence`], [`BlindError::Time`].
    pub fn commit(
        &mut self,
        at: &str,
        label: &str,
        confidence: Option<f64>,
    ) -> Result<&BlindEvent, BlindError> {
        let label = label.trim();
        if label.is_empty() {
            return Err(BlindError::Empty);
        }
        if let Some(c) = confidence.filter(|c| !(0.0..=1.0).contains(c)) {
            return Err(BlindError::Confidence(c));
        }
        self.push(
            at,
            Step::Answered(OwnAnswer {
                label: label.to_owned(),
                confidence,
            }),
        )
    }

    /// Records that something is shown now. With `blind`, an own answer must stand before.
    ///
    /// # Errors
    /// [`BlindError::NotCommitted`], [`BlindError::Time`].
    pub fn reveal(&mut self, at: &str, what: Seen, blind: bool) -> Result<&BlindEvent, BlindError> {
        if blind && !self.committed() {
            return Err(BlindError::NotCommitted);
        }
        self.push(at, Step::Revealed { what })
    }

    fn push(&mut self, at: &str, step: Step) -> Result<&BlindEvent, BlindError> {
        if !is_rfc3339(at) {
            return Err(BlindError::Time(at.to_owned()));
        }
        let place = self.events.len();
        self.events.push(BlindEvent {
            at: at.to_owned(),
            step,
        });
        Ok(&self.events[place])
    }

    /// True when an own answer was committed.
    pub fn committed(&self) -> bool {
        self.answers().next().is_some()
    }

    /// True when this was shown.
    pub fn has_seen(&self, what: Seen) -> bool {
        self.events.iter().any(|e| e.step == Step::Revealed { what })
    }

    /// Own answers, oldest first: time, answer, and whether it was given before anything was revealed.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &OwnAnswer, bool)> {
        let mut revealed = false;
        self.events.iter().filter_map(move |event| match &event.step {
            Step::Revealed { .. } => {
                revealed = true;
                None
            }
            Step::Answered(answer) => Some((event.at.as_str(), answer, !revealed)),
        })
    }

    /// The last answer given before anything was revealed: the one that counts as unaided.
    pub fn unaided(&self) -> Option<&OwnAnswer> {
        self.answers()
            .filter(|(_, _, before)| *before)
            .map(|(_, answer, _)| answer)
            .last()
    }

    /// The label before and after, when the last answer differs from the unaided one.
    pub fn change(&self) -> Option<(&str, &str)> {
        let before = self.unaided()?;
        let after = self.answers().last()?.1;
        (before.label != after.label).then_some((before.label.as_str(), after.label.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: [&str; 4] = [
        "2026-11-21T10:41:00Z",
        "2026-11-21T10:42:00Z",
        "2026-11-21T10:42:01Z",
        "2026-11-21T10:44:00Z",
    ];

    #[test]
    fn nothing_is_revealed_before_the_own_answer() {
        let mut read = BlindRead::default();
        assert_eq!(
            read.reveal(AT[0], Seen::Truth, true),
            Err(BlindError::NotCommitted)
        );
        assert!(read.events().is_empty());
        read.commit(AT[0], " nodule ", Some(0.8)).unwrap();
        read.reveal(AT[1], Seen::Model, true).unwrap();
        assert!(read.has_seen(Seen::Model) && !read.has_seen(Seen::Truth));
    }

    #[test]
    fn a_change_after_the_reveal_keeps_the_first_answer() {
        let mut read = BlindRead::default();
        read.commit(AT[0], "nodule", None).unwrap();
        read.reveal(AT[1], Seen::Model, true).unwrap();
        read.reveal(AT[2], Seen::Truth, true).unwrap();
        read.commit(AT[3], "effusion", Some(1.0)).unwrap();
        assert_eq!(read.unaided().unwrap().label, "nodule");
        assert_eq!(read.change(), Some(("nodule", "effusion")));
        assert_eq!(
            read.answers().map(|(_, _, before)| before).collect::<Vec<_>>(),
            [true, false]
        );
        let json = serde_json::to_string(&read).unwrap();
        assert!(
            json.starts_with(r#"[{"at":"2026-11-21T10:41:00Z","step":"answered","label":"nodule""#),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<BlindRead>(&json).unwrap(), read);
    }

    #[test]
    fn without_blind_mode_an_aided_answer_is_no_unaided_one() {
        let mut read = BlindRead::default();
        read.reveal(AT[0], Seen::Model, false).unwrap();
        read.commit(AT[1], "nodule", None).unwrap();
        assert_eq!((read.unaided(), read.change()), (None, None));
    }

    #[test]
    fn empty_answers_and_odd_confidences_are_refused() {
        let mut read = BlindRead::default();
        assert_eq!(read.commit(AT[0], " ", None), Err(BlindError::Empty));
        assert_eq!(
            read.commit(AT[0], "a", Some(1.5)),
            Err(BlindError::Confidence(1.5))
        );
        assert!(matches!(
            read.commit(AT[0], "a", Some(f64::NAN)),
            Err(BlindError::Confidence(_))
        ));
        assert!(matches!(read.commit("now", "a", None), Err(BlindError::Time(_))));
    }
}
