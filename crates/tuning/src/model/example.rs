//! What is learned from, and what it cost.

use std::ops::Range;
use std::sync::Arc;

use super::encoder::Look;
use crate::ops::loss::Loss;

/// What is seen of an example.
#[derive(Clone, Debug, Default)]
pub enum Seen {
    /// No image.
    #[default]
    Nothing,
    /// Pictures of the tower's size, normalised, planar `[3, side, side]`.
    Pictures(Vec<Arc<Vec<f32>>>),
    /// What the tower made of all pictures, pooled, `[tokens, Dv]`: the tower is not run, the projector is.
    Pooled(Arc<Vec<f32>>),
    /// What tower and projector made of all pictures, `[tokens, D]`: neither is run.
    Features(Arc<Vec<f32>>),
}

/// A prompt with its answer.
#[derive(Clone, Debug)]
pub struct Example {
    /// Prompt and answer.
    pub ids: Vec<u32>,
    /// The image of each token, -1 for text.
    pub blocks: Vec<i32>,
    /// Tokens that are the answer: the loss is taken on these alone.
    pub answer: Range<usize>,
    /// The images.
    pub seen: Seen,
    /// What each token of the answer counts.
    pub weight: f64,
    /// What the auxiliary head is to learn of the first picture.
    pub patches: Option<Arc<Patches>>,
}

/// Patches of a picture and what each shows.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    /// Only these are looked at: a part of a picture costs a part of the time, and a lesion fills more of it. For
    /// examples without an answer; `None`: all.
    pub only: Option<Vec<usize>>,
    /// For each of them two classes and what each counts: a patch may show a part of a lesion.
    pub due: Vec<[(usize, f32); 2]>,
}

/// Loss of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Of the answers.
    pub answer: Loss,
    /// Of the auxiliary head.
    pub patches: Loss,
}

impl Losses {
    /// Adds those of other examples.
    pub fn add(&mut self, other: &Self) {
        self.answer.add(&other.answer);
        self.patches.add(&other.patches);
    }
}

/// A picture that is looked at as a whole.
pub(super) fn whole(picture: &Arc<Vec<f32>>) -> Look<'_> {
    Look {
        picture,
        patches: None,
    }
}
