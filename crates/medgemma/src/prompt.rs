//! From messages to the decoder's input: ids, and which of them stand for images.

use crate::config::Config;
use crate::error::{EngineError, Result};
use crate::template::{Message, Part, Role, expand, render, trimmed};
use crate::tokenizer::Tokenizer;

/// A tokenised prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Template output before images were opened up, for people.
    pub rendered: String,
    /// The text that was tokenised.
    pub expanded: String,
    /// Input ids.
    pub ids: Vec<u32>,
    /// For each id the image it belongs to, from 0; -1 for text.
    pub blocks: Vec<i32>,
    /// Number of images.
    pub images: usize,
    /// What was tokenised before the prefix.
    opened: String,
    /// The prefix as given.
    prefix: String,
}

impl Prompt {
    /// Images that the first `length` tokens speak of.
    pub fn images_in(&self, length: usize) -> usize {
        let blocks = self.blocks.get(..length).unwrap_or(&self.blocks);
        let last = blocks.iter().copied().max().unwrap_or(-1);
        usize::try_from(i64::from(last) + 1).unwrap_or(0)
    }

    /// Tokens of the prompt and a label that follows it, as one text. Prefix and label are one text of the user's: a
    /// mark that only the two together spell is text as well.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] when the tokenizer refuses.
    pub(crate) fn with_label(&self, tokenizer: &Tokenizer, label: &str) -> Result<Vec<u32>> {
        let said = tokenizer.defuse(&format!("{}{label}", self.prefix));
        tokenizer.encode(&(self.opened.clone() + &said))
    }

    /// How many tokens another prompt has in common with this one at its beginning.
    pub(crate) fn shared_with(&self, ids: &[u32]) -> usize {
        self.ids.iter().zip(ids).take_while(|(a, b)| a == b).count()
    }

    /// The first `length` tokens, to be read alone.
    pub(crate) fn up_to(&self, length: usize) -> Self {
        let length = length.min(self.ids.len());
        Self {
            ids: self.ids[..length].to_vec(),
            blocks: self.blocks[..length].to_vec(),
            images: self.images_in(length),
            ..self.clone()
        }
    }
}

/// Renders, opens up and tokenises. `prefix` is put after the opened model turn. With `trusted`, marks in the text act
/// (the reference's behaviour, for traces only); otherwise they are text.
///
/// # Errors
/// [`EngineError::BadQuestion`].
pub fn build(
    config: &Config,
    tokenizer: &Tokenizer,
    messages: &[Message],
    prefix: &str,
    trusted: bool,
) -> Result<Prompt> {
    let safe = |text: &str| {
        if trusted {
            text.to_owned()
        } else {
            tokenizer.defuse(text)
        }
    };
    if let Some(system) = messages.iter().find(|m| m.role == Role::System)
        && system.parts.iter().any(|part| part.pictures() > 0)
    {
        return Err(EngineError::BadQuestion(
            "the system text brings an image; images go into the user's turn".to_owned(),
        ));
    }
    let messages: Vec<Message> = messages
        .iter()
        .map(|message| Message {
            role: message.role,
            parts: joined(message)
                .into_iter()
                .map(|part| match part {
                    Part::Text(text) => Part::Text(safe(&text)),
                    image => image,
                })
                .collect(),
        })
        .collect();
    let images: usize = messages.iter().flat_map(|m| &m.parts).map(Part::pictures).sum();
    if images > 0 && config.vision.is_none() {
        return Err(EngineError::BadQuestion(
            "it has images and the model reads text only".to_owned(),
        ));
    }
    let rendered = render(&messages)?;
    let opened = if config.vision.is_some() {
        expand(&rendered, config.tokens_per_image)
    } else {
        rendered.clone()
    };
    let expanded = opened.clone() + &safe(prefix);
    let ids = tokenizer.encode(&expanded)?;
    let blocks = blocks(&ids, config.image_token, config.tokens_per_image);
    let found = blocks.iter().filter(|b| **b >= 0).count();
    if found != images * config.tokens_per_image && !trusted {
        return Err(EngineError::BadQuestion(format!(
            "{found} image tokens stand for {images} images: the tokenizer does not belong to this model"
        )));
    }
    let outside = |id: &&u32| **id as usize >= config.text.vocab_size && Some(**id) != config.image_token;
    if let Some(id) = ids.iter().find(outside) {
        return Err(EngineError::BadQuestion(format!(
            "token {id} lies outside the model's vocabulary"
        )));
    }
    Ok(Prompt {
        rendered: Tokenizer::readable(&rendered),
        expanded,
        ids,
        blocks,
        images,
        opened,
        prefix: prefix.to_owned(),
    })
}

/// Parts with neighbouring texts as one, trimmed as the template trims each: a mark that two parts spell together is
/// then seen as one. The system's texts stay apart, since the template takes the first alone.
fn joined(message: &Message) -> Vec<Part> {
    if message.role == Role::System {
        return message.parts.clone();
    }
    let mut out: Vec<Part> = Vec::new();
    for part in &message.parts {
        match (part, out.last_mut()) {
            (Part::Text(text), Some(Part::Text(before))) => before.push_str(trimmed(text)),
            (Part::Text(text), _) => out.push(Part::Text(trimmed(text).to_owned())),
            (image, _) => out.push(image.clone()),
        }
    }
    out
}

/// Image index of each id; runs longer than one image are several images side by side.
fn blocks(ids: &[u32], image_token: Option<u32>, tokens_per_image: usize) -> Vec<i32> {
    let mut seen = 0_usize;
    ids.iter()
        .map(|id| {
            if Some(*id) == image_token {
                seen += 1;
                i32::try_from((seen - 1) / tokens_per_image).unwrap_or(i32::MAX)
            } else {
                -1
            }
        })
        .collect()
}
