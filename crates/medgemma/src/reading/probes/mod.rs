//! Is the model looking, at which slices, and does the recipe decide? Each probe asks the same question in other ways
//! and compares; what was encoded or read before is used again.

mod looking;
mod recipes;
mod slices;

use serde::{Deserialize, Serialize};

pub use looking::{HARDLY, LITTLE, Look, Looking, Replacement, Verdict};
pub use recipes::{RecipeAnswer, RecipeCase, Recipes};
pub use slices::{SliceGroup, Slices};

use crate::error::{EngineError, Result};
use crate::question::{Answer, Question, ReadEvent, Task};

/// Progress of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeEvent {
    /// Way of asking, from 1.
    pub step: usize,
    /// Ways of asking.
    pub of: usize,
    /// Progress of this one.
    pub event: ReadEvent,
}

/// A label and its probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The label.
    pub label: String,
    /// Its probability.
    pub probability: f64,
}

pub(crate) fn shares(answer: &Answer) -> Vec<Share> {
    answer
        .labels
        .iter()
        .map(|l| Share {
            label: l.label.clone(),
            probability: l.probability,
        })
        .collect()
}

/// Half the sum of differences: what must be moved to turn one distribution into the other. 0 to 1.
pub fn total_variation(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).sum::<f64>() / 2.0
}

/// The largest difference.
pub fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

/// How far two answers of one task lie apart: total variation for a closed set, the largest difference for yes/no.
pub(crate) fn shift(task: &Task, a: &[Share], b: &[Share]) -> f64 {
    let p = |s: &[Share]| s.iter().map(|s| s.probability).collect::<Vec<_>>();
    match task {
        Task::YesNo(_) => largest_difference(&p(a), &p(b)),
        _ => total_variation(&p(a), &p(b)),
    }
}

/// What an answer says: the likeliest label, or the labels of which yes is the likelier.
pub(crate) fn says(task: &Task, shares: &[Share]) -> Vec<usize> {
    match task {
        Task::YesNo(_) => (0..shares.len())
            .filter(|i| shares[*i].probability >= 0.5)
            .collect(),
        _ => (0..shares.len())
            .reduce(|best, i| {
                if shares[i].probability > shares[best].probability {
                    i
                } else {
                    best
                }
            })
            .into_iter()
            .collect(),
    }
}

/// Probes compare probabilities of labels.
pub(crate) fn scored(question: &Question) -> Result<()> {
    match &question.task {
        Task::Open { .. } => Err(EngineError::BadQuestion(
            "an open answer has no label probabilities to compare; ask for labels, or score its text"
                .to_owned(),
        )),
        _ if question.images.is_empty() => Err(EngineError::BadQuestion(
            "it has no images that could be exchanged".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// ln(p / (1 - p)), kept finite by the smallest step of a probability.
pub fn log_odds(p: f64) -> f64 {
    let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_distributions() {
        assert!((total_variation(&[0.5, 0.5, 0.0], &[0.2, 0.4, 0.4]) - 0.4).abs() < 1e-12);
        assert!((largest_difference(&[0.5, 0.9], &[0.2, 0.8]) - 0.3).abs() < 1e-12);
        assert!((log_odds(0.75) - 3.0_f64.ln()).abs() < 1e-12);
        assert!(log_odds(0.0).is_finite() && log_odds(1.0).is_finite());
    }

    #[test]
    fn yes_no_answers_say_every_yes() {
        let shares: Vec<Share> = [0.7, 0.2, 0.5]
            .iter()
            .map(|p| Share {
                label: String::new(),
                probability: *p,
            })
            .collect();
        assert_eq!(says(&Task::YesNo(Vec::new()), &shares), [0, 2]);
        assert_eq!(says(&Task::Score(Vec::new()), &shares), [0]);
    }
}
