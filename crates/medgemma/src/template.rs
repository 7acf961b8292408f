//! The chat template: messages to the text that the reference's template renders, byte for byte.

use serde::{Deserialize, Serialize};

use crate::error::{EngineError, Result};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Put before the first user turn, not a turn of its own.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Text, trimmed at both ends by the template.
    Text(String),
    /// The next image.
    Image,
    /// The next image and so many crops of it, which follow it: the published processor's pan and scan.
    ImageAndCrops(usize),
}

impl Part {
    /// Pictures that the part takes.
    pub fn pictures(&self) -> usize {
        match self {
            Self::Text(_) => 0,
            Self::Image => 1,
            Self::ImageAndCrops(crops) => crops.saturating_add(1),
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// Parts in order; nothing is put between them.
    pub parts: Vec<Part>,
}

/// Marks an image in the rendered text, before it is expanded.
pub const START_OF_IMAGE: &str = "<start_of_image>";
/// Stands for one token of an image in the expanded text.
pub(crate) const IMAGE_TOKEN: &str = "<image_soft_token>";
/// Follows an image's tokens in the expanded text.
pub(crate) const END_OF_IMAGE: &str = "<end_of_image>";
/// Begins a turn.
pub(crate) const START_OF_TURN: &str = "<start_of_turn>";

/// What the published processor writes between a picture and its crops.
const CROPS: &str = "and here are some crops to help you see better";

/// Renders messages and opens the model's turn.
///
/// # Errors
/// [`EngineError::BadQuestion`] when turns do not alternate, user first.
pub fn render(messages: &[Message]) -> Result<String> {
    let mut out = String::from("<bos>");
    let (system, turns) = match messages.split_first() {
        Some((first, rest)) if first.role == Role::System => {
            let text = first.parts.iter().find_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Image | Part::ImageAndCrops(_) => None,
            });
            (text.map(|text| format!("{text}\n\n")), rest)
        }
        _ => (None, messages),
    };
    if turns.is_empty() {
        return Err(EngineError::BadQuestion("it has no user message".to_owned()));
    }
    for (i, turn) in turns.iter().enumerate() {
        let user = turn.role == Role::User;
        if user != (i % 2 == 0) || turn.role == Role::System {
            return Err(EngineError::BadQuestion(
                "user and model must take turns, the user first".to_owned(),
            ));
        }
        out.push_str(START_OF_TURN);
        out.push_str(if user { "user\n" } else { "model\n" });
        if i == 0
            && let Some(system) = &system
        {
            out.push_str(system);
        }
        for part in &turn.parts {
            match part {
                Part::Text(text) => out.push_str(trimmed(text)),
                Part::Image | Part::ImageAndCrops(0) => out.push_str(START_OF_IMAGE),
                Part::ImageAndCrops(crops) => {
                    let marks = vec![START_OF_IMAGE; *crops].join(" ");
                    out.push_str(&format!(
                        "Here is the original image {START_OF_IMAGE} {CROPS} {marks}"
                    ));
                }
            }
        }
        out.push_str("<end_of_turn>\n");
    }
    out.push_str("<start_of_turn>model\n");
    Ok(out)
}

/// Text without white space at its ends, by the template's own measure (Python's `str.strip`): Unicode's white space
/// and the four separators U+001C to U+001F.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c))
}

/// The text that is tokenised: every image mark opened up to its soft tokens.
pub fn expand(rendered: &str, tokens_per_image: usize) -> String {
    let soft = IMAGE_TOKEN.repeat(tokens_per_image);
    rendered.replace(
        START_OF_IMAGE,
        &format!("\n\n{START_OF_IMAGE}{soft}{END_OF_IMAGE}\n\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_text_stands_before_the_first_user_text() {
        let messages = [
            Message {
                role: Role::System,
                parts: vec![Part::Text("Be brief.".to_owned())],
            },
            Message {
                role: Role::User,
                parts: vec![Part::Image, Part::Text("  What?\n".to_owned())],
            },
        ];
        assert_eq!(
            render(&messages).expect("renders"),
            "<bos><start_of_turn>user\nBe brief.\n\n<start_of_image>What?<end_of_turn>\n<start_of_turn>model\n"
        );
    }

    #[test]
    fn crops_are_announced_as_the_processor_does() {
        let user = Message {
            role: Role::User,
            parts: vec![Part::ImageAndCrops(2), Part::Text("What?".to_owned())],
        };
        assert_eq!(
            render(&[user]).expect("renders"),
            "<bos><start_of_turn>user\nHere is the original image <start_of_image> and here are some crops to help \
             you see better <start_of_image> <start_of_image>What?<end_of_turn>\n<start_of_turn>model\n"
        );
    }

    #[test]
    fn separators_are_trimmed_too() {
        assert_eq!(trimmed("\u{1F} a\u{1C}b \u{3000}\u{1D}"), "a\u{1C}b");
        assert_eq!(trimmed("\u{200B}"), "\u{200B}");
    }

    #[test]
    fn turns_must_alternate() {
        let user = Message {
            role: Role::User,
            parts: vec![],
        };
        assert!(render(&[user.clone(), user]).is_err());
        assert!(render(&[]).is_err());
    }
}
