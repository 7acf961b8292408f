//! A model's files, opened and read as far as their headers: a folder of safetensors, or GGUF.

use std::path::Path;

use crate::config::Config;
use crate::error::Result;
use crate::gguf::folder as gguf;
use crate::tokenizer::Tokenizer;
use crate::weights::safetensors;
use crate::weights::source::Source;

/// A model before its weights are read.
#[derive(Debug)]
pub struct Model {
    /// Sizes of tower and decoder.
    pub config: Config,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// What a user should know, a sentence each.
    pub notes: Vec<String>,
    pub(crate) source: Source,
}

impl Model {
    /// Opens a model folder, a folder of GGUF files, or one GGUF file.
    ///
    /// # Errors
    /// Whatever is wrong with the files, as far as their headers tell.
    pub fn open(path: &Path) -> Result<Self> {
        if gguf::is_gguf(path) {
            let model = gguf::open(path)?;
            crate::weights::compare(&model.config, &model.source)?;
            return Ok(Self {
                config: model.config,
                tokenizer: model.tokenizer,
                notes: model.notes,
                source: model.source,
            });
        }
        let config = Config::read(path)?;
        let tokenizer = Tokenizer::read(path)?;
        let source = safetensors::open(path)?;
        crate::weights::compare(&config, &source)?;
        Ok(Self {
            config,
            tokenizer,
            notes: Vec::new(),
            source,
        })
    }
}
