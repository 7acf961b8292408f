//! tokenizer.json, and the rule that marks typed by a user are text.

use std::path::Path;

use sha2::{Digest, Sha256};
use tokenizers::Tokenizer as Inner;

use crate::error::{EngineError, Result};

/// Splits a control mark of a user in two, so that it can never be matched as one token. A private-use character that
/// is taken out of user text first and never reaches the tokenizer.
const SPLIT: char = '\u{E0FF}';

/// The model's tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    inner: Inner,
    special: Vec<String>,
    /// SHA-256 of the file.
    pub sha256: String,
}

impl Tokenizer {
    /// Reads tokenizer.json of a folder.
    ///
    /// # Errors
    /// [`EngineError::MissingFile`], [`EngineError::BadFile`].
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("tokenizer.json");
        if !path.is_file() {
            return Err(EngineError::MissingFile("tokenizer.json".to_owned()));
        }
        let bad = |reason: String| EngineError::BadFile {
            file: "tokenizer.json".to_owned(),
            reason,
        };
        let bytes = std::fs::read(&path).map_err(|error| bad(error.to_string()))?;
        let inner = Inner::from_bytes(&bytes).map_err(|error| bad(error.to_string()))?;
        let sha256 = crate::words::hex(&Sha256::digest(&bytes));
        Ok(Self::new(inner, sha256))
    }

    /// A tokenizer that was built otherwise, with a hash of what it was built from.
    pub(crate) fn new(inner: Inner, sha256: String) -> Self {
        let mut special: Vec<String> = inner
            .get_added_tokens_decoder()
            .into_values()
            .filter(|token| token.special || !is_ordinary(&token.content))
            .map(|token| token.content)
            .collect();
        special.sort();
        Self {
            inner,
            special,
            sha256,
        }
    }

    /// User text in which no control mark can act: marks stay readable and are tokenised as plain text.
    pub fn defuse(&self, text: &str) -> String {
        let mut out = text.replace(SPLIT, "");
        for mark in &self.special {
            if out.contains(mark.as_str()) {
                let mut letters = mark.chars();
                let first = letters.next().unwrap_or_default();
                if letters.as_str().is_empty() {
                    continue;
                }
                out = out.replace(mark.as_str(), &format!("{first}{SPLIT}{}", letters.as_str()));
            }
        }
        out
    }

    /// Text without the characters that [`Tokenizer::defuse`] put in: for people and for the record.
    pub fn readable(text: &str) -> String {
        text.replace(SPLIT, "")
    }

    /// Ids of rendered text; nothing is added in front.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] when the tokenizer refuses.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        for piece in text.split(SPLIT).filter(|piece| !piece.is_empty()) {
            let encoding = self
                .inner
                .encode(piece, false)
                .map_err(|error| EngineError::BadQuestion(error.to_string()))?;
            ids.extend_from_slice(encoding.get_ids());
        }
        Ok(ids)
    }

    /// Text of ids, special tokens kept when `keep_special`.
    pub fn decode(&self, ids: &[u32], keep_special: bool) -> String {
        self.inner.decode(ids, !keep_special).unwrap_or_default()
    }

    /// The id of a token by its content.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// Number of ids that have a string.
    pub fn len(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// True when the tokenizer has no tokens.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Added tokens that are text and nothing else: runs of white space, and the marks of HTML that Gemma's table has. Real
/// files do not say `special` of every control (`<unused94>` opens a thought), so the flag alone does not decide.
fn is_ordinary(token: &str) -> bool {
    const HTML: &[&str] = &[
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "strong",
        "em",
        "b",
        "i",
        "u",
        "s",
        "sub",
        "sup",
        "code",
    ];
    let space = token.chars().all(|c| c.is_whitespace() || c == '\u{2581}');
    let mark = token
        .strip_prefix('<')
        .and_then(|t| t.strip_suffix('>'))
        .map(|t| t.strip_prefix('/').unwrap_or(t));
    space || mark.is_some_and(|name| HTML.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::is_ordinary;

    #[test]
    fn text_is_ordinary_and_controls_are_not() {
        for text in ["\n\n\n", "\u{2581}\u{2581}", "<h1>", "</table>", "<strong>"] {
            assert!(is_ordinary(text), "{text}");
        }
        for control in [
            "<unused94>",
            "<start_of_turn>",
            "[multimodal]",
            "<mask>",
            "<image_soft_token>",
            "<br>",
        ] {
            assert!(!is_ordinary(control), "{control}");
        }
    }
}
