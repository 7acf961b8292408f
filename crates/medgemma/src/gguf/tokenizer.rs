//! The token list of a GGUF file as the tokenizer that `tokenizer.json` describes.
//!
//! The list has scores, not merges. Two kinds of lists are met:
//!
//! * From a SentencePiece model, the published files': any two neighbours whose joined text is a token are merged, the
//!   highest score first. As merges: every split of every token, in the order of scores. Runs of spaces come first and
//!   by length, as `tokenizer.json` of the family has them; their scores in the list are a constant.
//! * From a list of merges, where a token's score is the number of its merge, that of a run of spaces too: each token
//!   has one merge, the two pieces into which the merges before it take its text. Runs are halved.
//!
//! Control and user-defined tokens are matched in the raw text before, the longest first.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use tokenizers::decoders::DecoderWrapper;
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::Replace;
use tokenizers::{AddedToken, Tokenizer as Inner};

use super::file::GgufFile;
use crate::error::{EngineError, Result};
use crate::tokenizer::Tokenizer;
use crate::words::hex;

const SPACE: char = '▁';
/// Stands for image features; lists without the image row lack it, and its id is then the first after the list.
const IMAGE: &str = "<image_soft_token>";
/// Most tokens, longest token and all together, bytes: several times what the family has.
const MOST: (usize, usize, usize) = (1 << 20, 256, 16 << 20);

/// Token types of the list.
const UNKNOWN: u32 = 2;
const CONTROL: u32 = 3;
const USER: u32 = 4;
const NORMAL: u32 = 1;

struct Token {
    text: String,
    score: f64,
    kind: u32,
}

impl Token {
    /// A run of two or more spaces.
    fn is_run(&self) -> bool {
        self.text.chars().count() > 1 && self.text.chars().all(|c| c == SPACE)
    }

    fn joins(&self) -> bool {
        self.kind == NORMAL || self.is_run()
    }
}

/// Reads the list.
///
/// # Errors
/// [`EngineError::BadFile`], [`EngineError::Unsupported`] for other kinds of tokenizers.
pub(super) fn tokenizer(file: &GgufFile) -> Result<Tokenizer> {
    let model = file.metadata.text("tokenizer.ggml.model").unwrap_or_default();
    if model != "llama" {
        return Err(EngineError::Unsupported(format!(
            "the tokenizer in {} is of kind “{model}”, not the scored list of Gemma",
            file.file.name
        )));
    }
    let tokens = tokens(file)?;
    let bad = |reason: String| file.file.bad(format!("its token list cannot be used: {reason}"));
    let mut vocabulary = Vocab::default();
    for (id, token) in tokens.iter().enumerate() {
        if vocabulary.insert(token.text.clone(), id as u32).is_some() {
            return Err(bad(format!("it has “{}” twice", token.text)));
        }
    }
    for needed in ["<bos>", "<start_of_turn>", "<end_of_turn>"] {
        if !vocabulary.contains_key(needed) {
            return Err(bad(format!("it lacks {needed}, so it is not Gemma's")));
        }
    }
    let unknown = tokens.iter().find(|t| t.text == "<unk>" || t.kind == UNKNOWN);
    let mut builder = BPE::builder()
        .byte_fallback(true)
        .fuse_unk(true)
        .vocab_and_merges(vocabulary, merges(&tokens));
    if let Some(unknown) = unknown {
        builder = builder.unk_token(unknown.text.clone());
    }
    let mut inner = Inner::new(builder.build().map_err(|error| bad(error.to_string()))?);
    let replace = |from: &str, to: &str| Replace::new(from, to).map_err(|error| bad(error.to_string()));
    inner
        .with_normalizer(Some(replace(" ", "▁")?))
        .map_err(|error| bad(error.to_string()))?;
    inner.with_decoder(Some(Sequence::new(vec![
        DecoderWrapper::Replace(replace("▁", " ")?),
        DecoderWrapper::ByteFallback(ByteFallback::default()),
        DecoderWrapper::Fuse(Fuse::default()),
    ])));
    let mut added: Vec<AddedToken> = tokens
        .iter()
        .filter(|t| matches!(t.kind, UNKNOWN | CONTROL | USER))
        .map(|t| AddedToken::from(t.text.clone(), t.kind != USER))
        .collect();
    added.push(AddedToken::from(IMAGE, true));
    let added = added.into_iter().map(|t| t.normalized(false));
    inner.add_tokens(added).map_err(|error| bad(error.to_string()))?;
    Ok(Tokenizer::new(inner, sha256(&tokens)))
}

/// A hash over the list: texts, scores, types.
fn sha256(tokens: &[Token]) -> String {
    let mut hasher = Sha256::new();
    for token in tokens {
        hasher.update((token.text.len() as u64).to_le_bytes());
        hasher.update(token.text.as_bytes());
        hasher.update(token.score.to_le_bytes());
        hasher.update(token.kind.to_le_bytes());
    }
    hex(&hasher.finalize())
}

fn tokens(file: &GgufFile) -> Result<Vec<Token>> {
    let missing = |key: &str| file.file.bad(format!("its key tokenizer.ggml.{key} is missing"));
    let texts = file
        .metadata
        .texts("tokenizer.ggml.tokens")
        .ok_or_else(|| missing("tokens"))?;
    let scores = file
        .metadata
        .numbers("tokenizer.ggml.scores")
        .ok_or_else(|| missing("scores"))?;
    let kinds = file
        .metadata
        .numbers("tokenizer.ggml.token_type")
        .ok_or_else(|| missing("token_type"))?;
    let longest = texts.iter().map(String::len).max().unwrap_or(0);
    let sum: usize = texts.iter().map(String::len).sum();
    if scores.len() != texts.len()
        || kinds.len() != texts.len()
        || texts.len() > MOST.0
        || longest > MOST.1
        || sum > MOST.2
    {
        return Err(file.file.bad("its token list makes no sense"));
    }
    let list = texts.iter().zip(scores).zip(kinds);
    Ok(list
        .map(|((text, score), kind)| Token {
            // Some writers keep runs of spaces as such, since their matcher reads raw text.
            text: if text.len() > 1 && text.bytes().all(|b| b == b' ') {
                SPACE.to_string().repeat(text.len())
            } else {
                text.clone()
            },
            score: *score,
            kind: *kind as u32,
        })
        .collect())
}

fn merges(tokens: &[Token]) -> Vec<(String, String)> {
    let joining: HashMap<&str, usize> = tokens
        .iter()
        .enumerate()
        .filter(|(_, t)| t.joins())
        .map(|(id, t)| (t.text.as_str(), id))
        .collect();
    let mut runs: Vec<f64> = tokens.iter().filter(|t| t.is_run()).map(|t| t.score).collect();
    let count = runs.len();
    runs.sort_by(f64::total_cmp);
    runs.dedup();
    if count > 1 && runs.len() == count {
        one_each(tokens, &joining)
    } else {
        every_split(tokens, &joining)
    }
}

/// Both halves of a token's text, for each place where both are tokens that join.
fn splits<'a>(
    text: &'a str,
    joining: &'a HashMap<&str, usize>,
) -> impl Iterator<Item = (&'a str, &'a str, usize)> {
    text.char_indices().skip(1).filter_map(|(at, _)| {
        let (left, right) = text.split_at(at);
        let id = *joining.get(left)?;
        joining.contains_key(right).then_some((left, right, id))
    })
}

fn every_split(tokens: &[Token], joining: &HashMap<&str, usize>) -> Vec<(String, String)> {
    let mut order: Vec<&Token> = tokens.iter().filter(|t| t.joins()).collect();
    order.sort_by(|a, b| {
        let runs = |t: &Token| {
            if t.is_run() {
                (false, t.text.len())
            } else {
                (true, 0)
            }
        };
        runs(a).cmp(&runs(b)).then(b.score.total_cmp(&a.score))
    });
    let mut all = Vec::new();
    for token in order {
        let mut found: Vec<_> = splits(&token.text, joining).collect();
        found.sort_by_key(|(_, _, id)| *id);
        all.extend(found.iter().map(|(l, r, _)| ((*l).to_owned(), (*r).to_owned())));
    }
    all
}

fn one_each(tokens: &[Token], joining: &HashMap<&str, usize>) -> Vec<(String, String)> {
    let mut order: Vec<&Token> = tokens
        .iter()
        // A score below any rank says that no merge makes this token.
        .filter(|t| t.joins() && t.score > -(tokens.len() as f64) && t.text.chars().count() > 1)
        .collect();
    order.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut ranks: HashMap<(&str, &str), usize> = HashMap::new();
    let mut all = Vec::new();
    for token in order {
        let text = token.text.as_str();
        let halves = if token.is_run() {
            Some(text.split_at(text.chars().count() / 2 * SPACE.len_utf8()))
        } else {
            match segment(text, &ranks)[..] {
                [left, right] => Some((left, right)),
                _ => splits(text, joining).map(|(l, r, _)| (l, r)).next(),
            }
        };
        let Some((left, right)) = halves.filter(|(l, r)| joining.contains_key(l) && joining.contains_key(r))
        else {
            continue;
        };
        ranks.entry((left, right)).or_insert(all.len());
        all.push((left.to_owned(), right.to_owned()));
    }
    all
}

/// The pieces that merges make of a text: always the merge of the lowest rank, the left-most first.
fn segment<'a>(text: &'a str, ranks: &HashMap<(&str, &str), usize>) -> Vec<&'a str> {
    let mut ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    loop {
        let start = |i: usize| if i == 0 { 0 } else { ends[i - 1] };
        let best = (0..ends.len().saturating_sub(1))
            .filter_map(|i| {
                let pair = (&text[start(i)..ends[i]], &text[ends[i]..ends[i + 1]]);
                Some((*ranks.get(&pair)?, i))
            })
            .min();
        match best {
            Some((_, i)) => {
                ends.remove(i);
            }
            None => {
                return (0..ends.len()).map(|i| &text[start(i)..ends[i]]).collect();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(&str, f64, u32)]) -> Vec<Token> {
        entries
            .iter()
            .map(|(text, score, kind)| Token {
                text: (*text).to_owned(),
                score: *score,
                kind: *kind,
            })
            .collect()
    }

    fn pairs(merges: &[(String, String)]) -> Vec<(&str, &str)> {
        merges.iter().map(|(l, r)| (l.as_str(), r.as_str())).collect()
    }

    #[test]
    fn scored_lists_merge_every_split_and_runs_by_length() {
        let tokens = list(&[
            ("▁▁▁", -1000.0, USER),
            ("▁▁", -1000.0, USER),
            ("▁", -9.0, NORMAL),
            ("a", -9.0, NORMAL),
            ("b", -9.0, NORMAL),
            ("bb", -2.0, NORMAL),
            ("ab", -1.0, NORMAL),
            ("abb", -3.0, NORMAL),
            ("<b>", -1000.0, USER),
        ]);
        let expected = [
            ("▁", "▁"),
            ("▁▁", "▁"),
            ("▁", "▁▁"),
            ("a", "b"),
            ("b", "b"),
            ("a", "bb"),
            ("ab", "b"),
        ];
        assert_eq!(pairs(&merges(&tokens)), expected);
    }

    #[test]
    fn lists_of_merges_give_one_merge_each() {
        let tokens = list(&[
            ("▁▁", 0.0, USER),
            ("▁▁▁", -1.0, USER),
            ("▁▁▁▁", -2.0, USER),
            ("▁", -1e6, NORMAL),
            ("a", -1e6, NORMAL),
            ("b", -1e6, NORMAL),
            ("bb", -4.0, NORMAL),
            ("ab", -3.0, NORMAL),
            ("abb", -5.0, NORMAL),
        ]);
        let expected = [
            ("▁", "▁"),
            ("▁", "▁▁"),
            ("▁▁", "▁▁"),
            ("a", "b"),
            ("b", "b"),
            ("ab", "b"),
        ];
        assert_eq!(pairs(&merges(&tokens)), expected);
    }
}
