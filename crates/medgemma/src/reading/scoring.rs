//! How labels are compared: what can be asked, and what was done.

use serde::{Deserialize, Serialize};

use crate::error::{EngineError, Result};
use crate::image::Picture;
use crate::question::is_caption;
use crate::reading::calibration::Calibration;
use crate::template::{Message, Part};

/// The question of one label in a yes/no list; `LABEL` stands for it.
pub const YES_NO: &str = "Is there LABEL? Answer yes or no.";

/// Grey of a picture without content.
pub const GREY: u8 = 128;

/// What likelihoods are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalise {
    /// Sums: the probability that the model writes just this. Favours short labels.
    #[default]
    Sum,
    /// Means a token. Favours long, predictable labels.
    Mean,
}

/// A prompt without content, to find what the labels are worth by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentFree {
    /// Every picture is grey (bytes 128), of its own size.
    GreyImage,
    /// The image parts and their captions are left out.
    NoImage,
}

/// How labels are compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scoring {
    /// What likelihoods are compared.
    pub normalise: Normalise,
    /// Pointwise mutual information (Holtzman et al. 2021): the score without content is taken off.
    pub pmi: Option<ContentFree>,
    /// Contextual calibration (Zhao et al. 2021): the shares without content divide the shares. Among the labels of a
    /// closed set this is the same number as PMI, so only one of the two can be asked for.
    pub calibration: Option<ContentFree>,
    /// Cyclic orders of the options over which log-likelihoods are averaged; the options are then listed in the prompt
    /// as `A: …`, `B: …`. 0: no list.
    pub permutations: usize,
    /// Another label, for none of them.
    pub none_option: Option<String>,
    /// Other spellings count too: first letter large or small, a space in front.
    pub spellings: bool,
    /// Wording of each yes-no question, with `LABEL`; [`YES_NO`] when absent.
    pub yes_no: Option<String>,
    /// Scores are divided by this before the softmax; by hand. Goes before `calibrated`.
    pub temperature: Option<f64>,
    /// From a calibration file; used only for the model and the question that it was fitted on.
    pub calibrated: Option<Calibration>,
}

/// What was taken off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// `pmi` or `content-free calibration`.
    pub kind: String,
    /// The prompt without content.
    pub content_free: ContentFree,
    /// SHA-256 of the grey pictures after the model's resize.
    pub image_sha256: Vec<String>,
}

impl Scoring {
    /// Refuses what makes no sense together.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`].
    pub(crate) fn check(&self) -> Result<()> {
        let bad = |reason: &str| Err(EngineError::BadQuestion(reason.to_owned()));
        if self.pmi.is_some() && self.calibration.is_some() {
            return bad("PMI and content-free calibration take the same thing off; choose one");
        }
        if self.temperature.is_some_and(|t| !(t.is_finite() && t > 0.0)) {
            return bad("a temperature is a number above 0");
        }
        if self.yes_no.as_ref().is_some_and(|words| !words.contains("LABEL")) {
            return bad("the wording of a yes-no question holds LABEL where the label goes");
        }
        if self.permutations > 26 {
            return bad("options are lettered A to Z: at most 26 orders");
        }
        Ok(())
    }

    /// The prompt without content that was asked for, and its name.
    pub(crate) fn correction(&self) -> Option<(&'static str, ContentFree)> {
        self.pmi
            .map(|c| ("pmi", c))
            .or_else(|| self.calibration.map(|c| ("content-free calibration", c)))
    }
}

impl ContentFree {
    /// The same turns and pictures without content.
    pub(crate) fn of(self, messages: &[Message], pictures: &[Picture]) -> (Vec<Message>, Vec<Picture>) {
        match self {
            Self::GreyImage => (messages.to_vec(), pictures.iter().map(grey).collect()),
            Self::NoImage => {
                let mut messages = messages.to_vec();
                for message in &mut messages {
                    let mut after_image = false;
                    message.parts.retain(|part| {
                        let keep = match part {
                            Part::Text(text) => !(after_image && is_caption(text)),
                            _ => false,
                        };
                        after_image = part.pictures() > 0;
                        keep
                    });
                }
                (messages, Vec::new())
            }
        }
    }
}

/// A grey picture of the same size.
pub(crate) fn grey(picture: &Picture) -> Picture {
    Picture {
        width: picture.width,
        height: picture.height,
        rgb: vec![GREY; picture.rgb.len()],
    }
}

/// `A` to `Z`.
pub(crate) fn letter(i: usize) -> char {
    char::from(b'A' + u8::try_from(i.min(25)).unwrap_or(25))
}

/// The turns that ask for one label of a yes/no list; `wording` holds `LABEL`, and is [`YES_NO`] when absent.
pub fn yes_no_turns(messages: &[Message], wording: Option<&str>, label: &str) -> Vec<Message> {
    with_line(
        messages,
        &wording.unwrap_or(YES_NO).replace("LABEL", label.trim()),
    )
}

/// The turns with `line` as the last line of the last turn's text.
pub(crate) fn with_line(messages: &[Message], line: &str) -> Vec<Message> {
    let mut messages = messages.to_vec();
    if let Some(last) = messages.last_mut() {
        match last.parts.last_mut() {
            // The template trims parts and puts nothing between them: a line of its own must be one text with the rest.
            Some(Part::Text(text)) => *text = format!("{}\n{line}", text.trim_end()),
            _ => last.parts.push(Part::Text(line.to_owned())),
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Role;

    fn turn() -> Vec<Message> {
        let text = |t: &str| Part::Text(t.to_owned());
        vec![Message {
            role: Role::User,
            parts: vec![
                text("Look."),
                Part::Image,
                text("SLICE 1"),
                Part::Image,
                text("SLICE 2"),
                text("\nWhat? "),
            ],
        }]
    }

    #[test]
    fn without_image_the_captions_go_too() {
        let (messages, pictures) = ContentFree::NoImage.of(&turn(), &[]);
        let text = |t: &str| Part::Text(t.to_owned());
        assert_eq!(messages[0].parts, [text("Look."), text("\nWhat? ")]);
        assert!(pictures.is_empty());
    }

    #[test]
    fn a_line_is_part_of_the_last_text() {
        let asked = with_line(&turn(), "A: this");
        assert_eq!(
            asked[0].parts.last(),
            Some(&Part::Text("\nWhat?\nA: this".to_owned()))
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let both = Scoring {
            pmi: Some(ContentFree::GreyImage),
            calibration: Some(ContentFree::NoImage),
            ..Scoring::default()
        };
        assert!(both.check().is_err());
        for t in [0.0, -1.0, f64::NAN] {
            let scoring = Scoring {
                temperature: Some(t),
                ..Scoring::default()
            };
            assert!(scoring.check().is_err());
        }
    }
}
