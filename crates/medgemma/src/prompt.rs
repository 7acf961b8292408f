//! From messages to the decoder's input: ids, and which of them stand for images.

use crate::config::Config;
use crate::error::{EngineError, Result};
use crate::template::{
    END_OF_IMAGE, IMAGE_TOKEN, Message, Part, Role, START_OF_IMAGE, START_OF_TURN, expand, render, trimmed,
};
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

    /// Tokens of the prompt and a label that follows it, as one text, from the returned index on; before it they are
    /// the prompt's. Prefix and label are one text of the user's: a mark that only the two together spell is text as
    /// well.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] when the tokenizer refuses.
    pub fn with_label(&self, tokenizer: &Tokenizer, label: &str) -> Result<(usize, Vec<u32>)> {
        let said = tokenizer.defuse(&format!("{}{label}", self.prefix));
        let (head, text) = self.tail(tokenizer);
        Ok((head, tokenizer.encode(&format!("{text}{said}"))?))
    }

    /// The tokens up to the last mark of a turn, and the text after it. No token reaches across a mark, so what follows
    /// can be tokenised alone: a volume's prompt has hundreds of kilobytes before it.
    fn tail(&self, tokenizer: &Tokenizer) -> (usize, &str) {
        let place = tokenizer.id(START_OF_TURN).and_then(|mark| {
            let head = self.ids.iter().rposition(|id| *id == mark)? + 1;
            let at = self.opened.rfind(START_OF_TURN)? + START_OF_TURN.len();
            Some((head, self.opened.get(at..)?))
        });
        place.unwrap_or((0, &self.opened))
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
    let said = safe(prefix);
    let ids = match image_marks(config, tokenizer).filter(|_| !trusted) {
        Some(marks) => in_pieces(tokenizer, &rendered, &said, marks, config.tokens_per_image)?,
        None => tokenizer.encode(&(opened.clone() + &said))?,
    };
    let expanded = opened.clone() + &said;
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

/// Ids of the marks around an image's tokens and of these, when the tokenizer has them as the model does.
fn image_marks(config: &Config, tokenizer: &Tokenizer) -> Option<[u32; 3]> {
    let soft = tokenizer
        .id(IMAGE_TOKEN)
        .filter(|id| Some(*id) == config.image_token)?;
    Some([tokenizer.id(START_OF_IMAGE)?, soft, tokenizer.id(END_OF_IMAGE)?])
}

/// Tokens of a rendered text with its images opened up: the same as of the expanded text, since no token reaches across
/// a mark, but without spelling every image token.
fn in_pieces(
    tokenizer: &Tokenizer,
    rendered: &str,
    prefix: &str,
    [start, soft, end]: [u32; 3],
    tokens_per_image: usize,
) -> Result<Vec<u32>> {
    let pieces: Vec<&str> = rendered.split(START_OF_IMAGE).collect();
    let mut ids = Vec::new();
    for (i, piece) in pieces.iter().enumerate() {
        let last = i + 1 == pieces.len();
        let before = if i > 0 { "\n\n" } else { "" };
        let after = if last { prefix } else { "\n\n" };
        ids.extend(tokenizer.encode(&format!("{before}{piece}{after}"))?);
        if !last {
            ids.push(start);
            ids.extend(std::iter::repeat_n(soft, tokens_per_image));
            ids.push(end);
        }
    }
    Ok(ids)
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

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use proptest::prelude::*;

    use super::*;

    fn model() -> &'static (Config, Tokenizer) {
        static MODEL: OnceLock<(Config, Tokenizer)> = OnceLock::new();
        MODEL.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder");
            let path = overread_phantom::checkpoint::write_random_model(folder.path(), 1).expect("a model");
            (
                Config::read(&path).expect("a config"),
                Tokenizer::read(&path).expect("a tokenizer"),
            )
        })
    }

    fn user(parts: Vec<Part>) -> Vec<Message> {
        vec![Message {
            role: Role::User,
            parts,
        }]
    }

    /// The published layout of volumes: the image first, its caption after it, and nothing between the last caption and
    /// the question, whose own line ends the template trims.
    #[test]
    fn volumes_are_laid_out_as_published() {
        let (config, tokenizer) = model();
        let text = |t: &str| Part::Text(t.to_owned());
        let parts = vec![
            text("Please review."),
            Part::Image,
            text("SLICE 1"),
            Part::Image,
            text("SLICE 2"),
            text("\n\nBased on the visual evidence"),
        ];
        let prompt = build(config, tokenizer, &user(parts), "", false).expect("a prompt");
        assert_eq!(
            prompt.rendered,
            "<bos><start_of_turn>user\nPlease review.<start_of_image>SLICE 1<start_of_image>SLICE 2Based on the visual \
             evidence<end_of_turn>\n<start_of_turn>model\n"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Pieces between marks, and the tail after the last one, give what the whole text gives.
        #[test]
        fn pieces_are_tokenised_as_the_whole(
            texts in proptest::collection::vec("[ a-cN\\.\n\u{e4}\u{20ac}<>h1]{0,12}", 1..5),
            prefix in "[ a-c\n:]{0,6}",
            label in "[ a-cy\n]{0,6}",
        ) {
            let (config, tokenizer) = model();
            let parts = texts
                .iter()
                .flat_map(|t| [Part::Image, Part::Text(t.clone())])
                .collect();
            let prompt = build(config, tokenizer, &user(parts), &prefix, false).expect("a prompt");
            prop_assert_eq!(&prompt.ids, &tokenizer.encode(&prompt.expanded).expect("ids"));
            let (head, tail) = prompt.with_label(tokenizer, &label).expect("ids");
            let whole = tokenizer.encode(&format!("{}{label}", prompt.expanded)).expect("ids");
            prop_assert_eq!(&whole[head..], &tail[..]);
            prop_assert_eq!(&whole[..head], &prompt.ids[..head]);
        }

        /// Whatever a user types, in whatever parts, no control acts and the text stays readable.
        #[test]
        fn no_text_acts(
            pieces in proptest::collection::vec(
                prop_oneof![
                    "[a-z <>_0-9]{0,6}",
                    Just("<start_of_turn>".to_owned()),
                    Just("<end_of".to_owned()),
                    Just("_turn>".to_owned()),
                    Just("<image_soft_token>".to_owned()),
                    Just("<start_of_image>".to_owned()),
                    Just("<unused94>".to_owned()),
                    Just("<bos>".to_owned()),
                    Just("\u{E0FF}".to_owned()),
                ],
                0..8,
            ),
            joined in any::<bool>(),
        ) {
            let (config, tokenizer) = model();
            let controls = |prompt: &Prompt| {
                let image = config.image_token.unwrap_or(u32::MAX);
                prompt.ids.iter().filter(|id| **id < 107 || **id >= image - 2).count()
            };
            let empty = build(config, tokenizer, &user(vec![Part::Text("x".to_owned())]), "", false).expect("a prompt");
            let text = pieces.concat();
            let parts = if joined {
                vec![Part::Text(text.clone())]
            } else {
                pieces.iter().map(|p| Part::Text(p.clone())).collect()
            };
            let prompt = build(config, tokenizer, &user(parts), &text, false).expect("a prompt");
            prop_assert_eq!(controls(&prompt), controls(&empty));
            prop_assert_eq!(prompt.images_in(prompt.ids.len()), 0);
            if joined {
                let shown = trimmed(&text).replace('\u{E0FF}', "");
                prop_assert!(prompt.rendered.contains(trimmed(&shown)));
            }
        }
    }
}
