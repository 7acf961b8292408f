//! Heads: linear probes and small MLPs over the embeddings of a frozen model. They learn in seconds, are kept in a folder of a few
//! files, and are the honest thing to beat before anything larger is tuned.
//!
//! | file | duty |
//! |---|---|
//! | `cases` | embeddings with their truths and patients; folds; standardising |
//! | `net` | logits, loss and gradients of both kinds |
//! | `linear` | logistic regression, to its minimum |
//! | `mlp` | one hidden layer, stopped early |
//! | `fit` | what is chosen by a validation split or by cross-validation |
//! | `folder`, `card` | the folder of a head, and what it says of itself |

mod card;
mod cases;
mod error;
mod fit;
mod folder;
mod linear;
mod mlp;
mod net;

use serde::{Deserialize, Serialize};

pub use cases::{Cases, Truths};
pub use error::HeadError;
pub use fit::{Chosen, Fitted, Settings, fit};
pub use folder::{
    About, BaseModel, CARD, EMBEDDING, FORMAT, Figure, Input, JSON, Part, TENSORS, Training, read, write,
};
use net::Net;

/// Either a value or why not.
pub type Result<T> = std::result::Result<T, HeadError>;

/// What a head is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Multinomial or binary logistic regression with an L2 penalty.
    #[default]
    Linear,
    /// One hidden layer with GELU.
    Mlp,
}

impl Kind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Linear => "linear probe",
            Self::Mlp => "MLP head",
        }
    }

    /// As a title.
    fn title(self) -> &'static str {
        match self {
            Self::Linear => "Linear probe",
            Self::Mlp => "MLP head",
        }
    }

    /// One of them.
    fn one(self) -> &'static str {
        match self {
            Self::Linear => "a linear probe",
            Self::Mlp => "an MLP head",
        }
    }
}

/// What a head answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// One of the labels: softmax.
    #[default]
    One,
    /// Each label by itself: a sigmoid each.
    Each,
}

/// A head as it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Made of.
    pub kind: Kind,
    /// Answers.
    pub answer: Answer,
    /// Labels, in the order of the outputs.
    pub labels: Vec<String>,
    /// Mean of each number of an embedding over what was learned.
    pub(crate) mean: Vec<f32>,
    /// Their standard deviations; 0: the number never differed, and is not looked at.
    pub(crate) deviation: Vec<f32>,
    pub(crate) net: Net,
    /// Tensors in the order of [`Net::names`].
    pub(crate) tensors: Vec<Vec<f32>>,
}

impl Head {
    /// Numbers of an embedding.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// Width of the hidden layer of an MLP.
    pub fn hidden(&self) -> Option<usize> {
        self.net.hidden
    }

    /// One logit a label of an embedding of [`Head::width`] numbers, in double precision.
    ///
    /// # Errors
    /// [`HeadError::Width`].
    pub fn logits(&self, embedding: &[f32]) -> Result<Vec<f64>> {
        if embedding.len() != self.width() {
            return Err(HeadError::Width {
                expected: self.width(),
                found: embedding.len(),
            });
        }
        let x = cases::standardised(embedding, &self.mean, &self.deviation);
        let tensors: Vec<Vec<f64>> = self
            .tensors
            .iter()
            .map(|values| values.iter().map(|v| f64::from(*v)).collect())
            .collect();
        let tensors: Vec<&[f64]> = tensors.iter().map(Vec::as_slice).collect();
        Ok(self.net.logits(&tensors, &x, 1))
    }

    /// Probabilities by logits: they add up to 1 for [`Answer::One`], and are independent for [`Answer::Each`].
    pub fn probabilities(&self, logits: &[f64]) -> Vec<f64> {
        net::probabilities(self.answer, logits)
    }

    /// How probabilities come about, for records.
    pub fn words(&self) -> String {
        match self.answer {
            Answer::One => format!("softmax of {} over {} labels", self.kind.one(), self.labels.len()),
            Answer::Each => format!("sigmoid of each label of {}", self.kind.one()),
        }
    }
}

#[cfg(test)]
mod tests;
