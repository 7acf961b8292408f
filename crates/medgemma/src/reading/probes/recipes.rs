//! Does the recipe decide? The same case under every preprocessing.

use serde::{Deserialize, Serialize};

use super::{ProbeEvent, Share, says, scored, shares, shift};
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::image::Picture;
use crate::question::Question;
use crate::template::Message;

/// The case under one preprocessing.
#[derive(Clone, Debug)]
pub struct RecipeCase {
    /// Preprocessing id.
    pub preprocessing: String,
    /// Its pictures.
    pub pictures: Vec<Picture>,
    /// Its turns: a recipe may bring another layout.
    pub messages: Vec<Message>,
}

/// An answer under one preprocessing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipeAnswer {
    /// Preprocessing id.
    pub preprocessing: String,
    /// Probabilities in the order of the labels.
    pub shares: Vec<Share>,
    /// What the answer says: the likeliest label, or every label with yes.
    pub says: Vec<String>,
    /// How far it lies from the first recipe's, 0 to 1.
    pub shift: f64,
    /// SHA-256 of the pictures after the model's resize.
    pub image_sha256: Vec<String>,
}

/// What the probe found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipes {
    /// Answers in the order given; shifts are against the first.
    pub answers: Vec<RecipeAnswer>,
    /// True when not all say the same.
    pub flips: bool,
    /// The largest shift from the first.
    pub largest_shift: f64,
}

impl Engine {
    /// Asks the same question under every preprocessing given.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`], [`EngineError::Cancelled`], arithmetic.
    pub fn recipes(
        &self,
        question: &Question,
        cases: &[RecipeCase],
        events: &mut dyn FnMut(ProbeEvent),
        cancel: &Cancel,
    ) -> Result<Recipes> {
        if cases.is_empty() {
            return Err(EngineError::BadQuestion("no preprocessing fits it".to_owned()));
        }
        let mut answers: Vec<RecipeAnswer> = Vec::new();
        for (k, case) in cases.iter().enumerate() {
            let asked = Question {
                messages: case.messages.clone(),
                images: case.pictures.clone(),
                preprocessing: case.preprocessing.clone(),
                ..question.clone()
            };
            scored(&asked)?;
            let (step, of) = (k + 1, cases.len());
            let found = self.read(
                &asked,
                &mut |event| events(ProbeEvent { step, of, event }),
                cancel,
            )?;
            let own = shares(&found);
            answers.push(RecipeAnswer {
                preprocessing: case.preprocessing.clone(),
                says: says(&question.task, &own)
                    .into_iter()
                    .map(|i| own[i].label.clone())
                    .collect(),
                shift: answers
                    .first()
                    .map_or(0.0, |first| shift(&question.task, &first.shares, &own)),
                shares: own,
                image_sha256: found.image_sha256,
            });
        }
        Ok(Recipes {
            flips: answers.windows(2).any(|pair| pair[0].says != pair[1].says),
            largest_shift: answers.iter().map(|a| a.shift).fold(0.0, f64::max),
            answers,
        })
    }
}
