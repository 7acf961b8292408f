//! Is it looking? The same question with other pictures: blank, noise, mirrored, another patient's.

use serde::{Deserialize, Serialize};

use super::{ProbeEvent, Share, says, scored, shares, shift};
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::generate::split_mix;
use crate::image::Picture;
use crate::question::{Question, Task};
use crate::reading::scoring::grey;

/// Below this shift without the picture's content, an answer hardly depends on the picture. Our own measure.
pub const HARDLY: f64 = 0.05;
/// Below this one it depends on it a little.
pub const LITTLE: f64 = 0.2;

/// What stands in for the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// Grey all over (bytes 128).
    Blank,
    /// Random bytes by a seed, the same for pictures of the same size.
    Noise {
        /// Seed.
        seed: u64,
    },
    /// Left and right exchanged.
    Mirrored,
    /// Another patient's.
    OtherPatient,
}

/// An answer with other pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// What stood in.
    pub with: Replacement,
    /// Probabilities in the order of the labels; empty for an open answer.
    pub shares: Vec<Share>,
    /// Mean log-likelihood a token of the open answer's text; `None` for labels.
    pub per_token: Option<f64>,
    /// How far the answer moved, 0 to 1: total variation for a closed set, the largest difference for yes/no,
    /// 1 - exp(-|change of the mean log-likelihood a token|) for an open answer's text.
    pub shift: f64,
    /// True when another answer came out (labels only).
    pub flipped: bool,
    /// SHA-256 of the pictures after the model's resize.
    pub image_sha256: Vec<String>,
}

/// What the shifts say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The answer hardly changes when the content is gone: it comes from the words of the question.
    HardlyLooking,
    /// It changes a little.
    LooksALittle,
    /// It depends on the picture. Whether rightly is another question.
    Looking,
    /// No picture without content was asked about.
    Unknown,
}

impl Verdict {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::HardlyLooking => "The answer is nearly the same without the picture.",
            Self::LooksALittle => "The answer depends a little on the picture.",
            Self::Looking => "The answer depends on the picture.",
            Self::Unknown => "Not asked without the picture.",
        }
    }
}

/// What the probe found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Looking {
    /// With the real pictures.
    pub shares: Vec<Share>,
    /// Mean log-likelihood a token of the open answer's text, with the real pictures.
    pub per_token: Option<f64>,
    /// With others.
    pub looks: Vec<Look>,
    /// By the smallest shift of blank and noise.
    pub verdict: Verdict,
}

impl Engine {
    /// Asks again with other pictures. `others` are another patient's; their number need not be the same. For an open
    /// question give the `answer` that was written: its likelihood is compared.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`], [`EngineError::Cancelled`], arithmetic.
    pub fn looking(
        &self,
        question: &Question,
        answer: Option<&str>,
        replacements: &[Replacement],
        others: &[Picture],
        events: &mut dyn FnMut(ProbeEvent),
        cancel: &Cancel,
    ) -> Result<Looking> {
        let mut question = question.clone();
        let open = matches!(question.task, Task::Open { .. });
        if open {
            let text = answer
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| {
                    EngineError::BadQuestion(
                        "give the text of the open answer, to compare its likelihood".to_owned(),
                    )
                })?;
            question.task = Task::Score(vec![text.to_owned()]);
        }
        scored(&question)?;
        let of = replacements.len() + 1;
        let mut ask = |question: &Question, step: usize| {
            self.read(
                question,
                &mut |event| events(ProbeEvent { step, of, event }),
                cancel,
            )
        };
        let real = ask(&question, 1)?;
        let per_token = open.then(|| real.labels.first().map_or(0.0, |l| l.mean));
        let own = if open { Vec::new() } else { shares(&real) };
        let mut looks = Vec::new();
        for (i, with) in replacements.iter().enumerate() {
            if *with == Replacement::OtherPatient && others.is_empty() {
                continue;
            }
            let asked = Question {
                images: with.pictures(&question.images, others),
                ..question.clone()
            };
            let found = ask(&asked, i + 2)?;
            let its = if open { Vec::new() } else { shares(&found) };
            let its_token = open.then(|| found.labels.first().map_or(0.0, |l| l.mean));
            looks.push(Look {
                with: *with,
                shift: match per_token.zip(its_token) {
                    Some((a, b)) => 1.0 - (-(a - b).abs()).exp(),
                    None => shift(&question.task, &own, &its),
                },
                flipped: !open && says(&question.task, &own) != says(&question.task, &its),
                shares: its,
                per_token: its_token,
                image_sha256: found.image_sha256,
            });
        }
        Ok(Looking {
            verdict: verdict(&looks),
            shares: own,
            per_token,
            looks,
        })
    }
}

/// Only pictures without content count. A mirrored one still has its content, and another patient may have the same
/// finding: many answers should not move with them.
fn verdict(looks: &[Look]) -> Verdict {
    let smallest = looks
        .iter()
        .filter(|look| matches!(look.with, Replacement::Blank | Replacement::Noise { .. }))
        .map(|look| look.shift)
        .reduce(f64::min);
    match smallest {
        None => Verdict::Unknown,
        Some(s) if s < HARDLY => Verdict::HardlyLooking,
        Some(s) if s < LITTLE => Verdict::LooksALittle,
        Some(_) => Verdict::Looking,
    }
}

impl Replacement {
    /// Pictures that stand in for `real`.
    pub(crate) fn pictures(self, real: &[Picture], others: &[Picture]) -> Vec<Picture> {
        real.iter()
            .enumerate()
            .map(|(i, picture)| match self {
                Self::Blank => grey(picture),
                Self::Noise { seed } => noise(picture, seed),
                Self::Mirrored => mirrored(picture),
                // Spread over the other series, so that its whole height is seen.
                Self::OtherPatient => others
                    .get(i * others.len() / real.len().max(1))
                    .unwrap_or(picture)
                    .clone(),
            })
            .collect()
    }
}

/// Random bytes in the size of a picture. One seed gives the same bytes for the same size, so that a volume's noise is
/// encoded once.
fn noise(picture: &Picture, seed: u64) -> Picture {
    let mut state = seed;
    let mut rgb = Vec::with_capacity(picture.rgb.len());
    while rgb.len() < picture.rgb.len() {
        rgb.extend(split_mix(&mut state).to_le_bytes());
    }
    rgb.truncate(picture.rgb.len());
    Picture {
        rgb,
        ..picture.clone()
    }
}

fn mirrored(picture: &Picture) -> Picture {
    let rgb = picture
        .rgb
        .chunks_exact((picture.width * 3).max(1))
        .flat_map(|row| row.rchunks_exact(3).flatten().copied())
        .collect();
    Picture {
        rgb,
        ..picture.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        Picture {
            width: 3,
            height: 2,
            rgb: (0..18).collect(),
        }
    }

    #[test]
    fn mirrored_twice_is_the_picture() {
        let once = mirrored(&picture());
        assert_eq!(once.rgb[..9], [6, 7, 8, 3, 4, 5, 0, 1, 2]);
        assert_eq!(mirrored(&once), picture());
    }

    #[test]
    fn noise_is_its_seed() {
        assert_eq!(noise(&picture(), 1), noise(&picture(), 1));
        assert_ne!(noise(&picture(), 1), noise(&picture(), 2));
        assert!(noise(&picture(), 1).is_whole());
    }

    #[test]
    fn another_patients_pictures_are_spread() {
        let other = |n: u8| Picture {
            width: 1,
            height: 1,
            rgb: vec![n; 3],
        };
        let real = vec![picture(); 4];
        let given = Replacement::OtherPatient.pictures(&real, &[other(0), other(1)]);
        let firsts: Vec<u8> = given.iter().map(|p| p.rgb[0]).collect();
        assert_eq!(firsts, [0, 0, 1, 1]);
    }

    #[test]
    fn the_smallest_shift_without_content_decides() {
        let look = |with, shift| Look {
            with,
            shares: Vec::new(),
            per_token: None,
            shift,
            flipped: false,
            image_sha256: Vec::new(),
        };
        let (blank, noise) = (Replacement::Blank, Replacement::Noise { seed: 0 });
        assert_eq!(
            verdict(&[look(blank, 0.01), look(noise, 0.9)]),
            Verdict::HardlyLooking
        );
        assert_eq!(
            verdict(&[look(blank, 0.3), look(Replacement::Mirrored, 0.0)]),
            Verdict::Looking
        );
        assert_eq!(verdict(&[look(Replacement::Mirrored, 0.0)]), Verdict::Unknown);
        assert_eq!(
            verdict(&[look(blank, 0.42), look(Replacement::OtherPatient, 0.03)]),
            Verdict::Looking
        );
    }
}
