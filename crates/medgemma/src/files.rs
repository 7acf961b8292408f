//! A model's files, opened and read as far as their headers: a folder of safetensors, or GGUF.

use std::path::Path;

use crate::config::Config;
use crate::error::{EngineError, Result};
use crate::gguf::folder as gguf;
use crate::tokenizer::Tokenizer;
use crate::weights::safetensors;
use crate::weights::source::Source;

/// A model before its weights are read.
#[derive(Debug)]
pub struct ModelFiles {
    /// Sizes of tower and decoder.
    pub config: Config,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// What a user should know, a sentence each.
    pub notes: Vec<String>,
    pub(crate) source: Source,
}

impl ModelFiles {
    /// Opens a model folder, a folder of GGUF files, or one GGUF file.
    ///
    /// # Errors
    /// Whatever is wrong with the files, as far as their headers tell.
    pub fn open(path: &Path) -> Result<Self> {
        let files = if gguf::is_gguf(path) {
            gguf::open(path)?
        } else {
            Self {
                config: Config::read(path)?,
                tokenizer: Tokenizer::read(path)?,
                source: safetensors::open(path)?,
                notes: Vec::new(),
            }
        };
        crate::weights::compare(&files.config, &files.source)?;
        fits(&files.config, &files.tokenizer)?;
        Ok(files)
    }
}

/// Holds when the tokenizer can be that of the model: Gemma's marks, the image token's id, no token without a row.
///
/// # Errors
/// [`EngineError::WrongTokenizer`].
pub(crate) fn fits(config: &Config, tokenizer: &Tokenizer) -> Result<()> {
    let wrong = |reason: String| Err(EngineError::WrongTokenizer(reason));
    let mut marks = vec!["<bos>", "<start_of_turn>", "<end_of_turn>"];
    if config.vision.is_some() {
        marks.extend(["<start_of_image>", "<end_of_image>"]);
    }
    if let Some(mark) = marks.into_iter().find(|mark| tokenizer.id(mark).is_none()) {
        return wrong(format!("it has no token {mark}"));
    }
    let image = tokenizer.id("<image_soft_token>");
    if config.vision.is_some() && image != config.image_token {
        return wrong(format!(
            "it stands for images with {}, the model with {}",
            image.map_or_else(|| "nothing".to_owned(), |id| format!("token {id}")),
            config
                .image_token
                .map_or_else(|| "nothing".to_owned(), |id| format!("token {id}"))
        ));
    }
    // Text-only models come with the tokenizer of their family, whose image token has no row.
    if tokenizer.len() > config.text.vocab_size + 1 {
        return wrong(format!(
            "it has {} tokens, the model {}",
            tokenizer.len(),
            config.text.vocab_size
        ));
    }
    Ok(())
}
