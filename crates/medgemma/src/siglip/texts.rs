//! Labels to ids: cleaned as the reference does, always as many as the text tower has positions.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use tokenizers::{Tokenizer, TruncationParams};

use super::config::TextTower;
use crate::config::read_json;
use crate::error::{EngineError, Result};
use crate::words::hex;

/// `string.punctuation` of Python.
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// The text side's tokenizer.
#[derive(Debug)]
pub(crate) struct Texts {
    inner: Tokenizer,
    special: Vec<String>,
    /// Texts are lower-cased and lose their punctuation before the tokenizer sees them.
    cleaned: bool,
    lower: bool,
    pad: u32,
    pad_left: bool,
    positions: usize,
    vocab_size: usize,
    /// SHA-256 of the vocabulary's file.
    pub(crate) sha256: String,
}

impl Texts {
    /// Reads `tokenizer.json` and what stands beside it.
    pub(crate) fn read(folder: &Path, tower: &TextTower) -> Result<Self> {
        let (file, bytes) = vocabulary(folder)?;
        let bad = |reason: String| EngineError::BadFile {
            file: file.to_owned(),
            reason,
        };
        let mut inner = if file == "tokenizer.json" {
            Tokenizer::from_bytes(&bytes).map_err(|error| bad(error.to_string()))?
        } else {
            super::spiece::tokenizer(&bytes).map_err(bad)?
        };
        let truncation = TruncationParams {
            max_length: tower.positions,
            ..TruncationParams::default()
        };
        inner
            .with_truncation(Some(truncation))
            .map_err(|error| bad(error.to_string()))?
            .with_padding(None);
        let settings = optional(folder, "tokenizer_config.json")?;
        let map = optional(folder, "special_tokens_map.json")?;
        let class = settings["tokenizer_class"].as_str().unwrap_or("SiglipTokenizer");
        let pad = [&settings["pad_token"], &map["pad_token"]]
            .into_iter()
            .find_map(|token| token.as_str().or_else(|| token["content"].as_str()));
        let pad = match pad {
            None => tower.pad,
            Some(token) => inner
                .token_to_id(token)
                .ok_or_else(|| bad(format!("it lacks the padding token {token}")))?,
        };
        let mut special: Vec<String> = inner
            .get_added_tokens_decoder()
            .into_values()
            .map(|token| token.content)
            .filter(|content| !content.is_empty())
            .collect();
        special.sort();
        Ok(Self {
            inner,
            special,
            cleaned: class.starts_with("SiglipTokenizer"),
            lower: settings["do_lower_case"].as_bool().unwrap_or(true),
            pad,
            pad_left: settings["padding_side"] == "left",
            positions: tower.positions,
            vocab_size: tower.vocab_size,
            sha256: hex(&Sha256::digest(&bytes)),
        })
    }

    /// Ids of a text, as many as there are positions; what is longer is cut before the end mark.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let bad = |reason: String| EngineError::BadQuestion(reason);
        let mut text = text.to_owned();
        // Marks that a user types are text: they lose what makes them marks.
        for mark in &self.special {
            if text.contains(mark.as_str()) {
                text = text.replace(mark.as_str(), &without_punctuation(mark));
            }
        }
        if self.cleaned {
            text = clean(&text, self.lower);
        }
        if text.trim().is_empty() {
            return Err(bad("a label is empty".to_owned()));
        }
        let encoding = self
            .inner
            .encode(text.as_str(), true)
            .map_err(|error| bad(error.to_string()))?;
        let mut ids = encoding.get_ids().to_vec();
        ids.truncate(self.positions);
        let missing = self.positions - ids.len();
        let at = if self.pad_left { 0 } else { ids.len() };
        ids.splice(at..at, std::iter::repeat_n(self.pad, missing));
        match ids.iter().find(|id| **id as usize >= self.vocab_size) {
            None => Ok(ids),
            Some(id) => Err(bad(format!(
                "the tokenizer gives id {id} and the model has {} rows: they belong to different models",
                self.vocab_size
            ))),
        }
    }
}

/// The vocabulary's file: tokenizer.json, else SentencePiece's own.
fn vocabulary(folder: &Path) -> Result<(&'static str, Vec<u8>)> {
    for file in ["tokenizer.json", "spiece.model"] {
        let path = folder.join(file);
        if path.is_file() {
            let bytes = std::fs::read(&path).map_err(|error| EngineError::BadFile {
                file: file.to_owned(),
                reason: error.to_string(),
            })?;
            return Ok((file, bytes));
        }
    }
    Err(EngineError::MissingFile("tokenizer.json".to_owned()))
}

fn optional(folder: &Path, file: &str) -> Result<Value> {
    if folder.join(file).is_file() {
        read_json(folder, file)
    } else {
        Ok(Value::Null)
    }
}

fn without_punctuation(text: &str) -> String {
    text.chars().filter(|c| !PUNCTUATION.contains(*c)).collect()
}

/// `canonicalize_text` of the reference: no punctuation, single spaces, trimmed.
fn clean(text: &str, lower: bool) -> String {
    let text = if lower {
        text.to_lowercase()
    } else {
        text.to_owned()
    };
    without_punctuation(&text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn texts_are_cleaned_as_the_reference_does() {
        assert_eq!(
            clean("  Pleural effusion,\tleft-base!\n", true),
            "pleural effusion leftbase"
        );
        assert_eq!(clean("X-Ray (AP)", false), "XRay AP");
        // Punctuation beyond ASCII stays.
        assert_eq!(clean("“Ödem” – 5 µm", true), "“ödem” – 5 µm");
    }
}
