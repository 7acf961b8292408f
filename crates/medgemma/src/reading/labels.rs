//! Labels: tokenised together with the prompt, scored in one pass.

use crate::engine::{Encoded, State};
use crate::error::{EngineError, Result};
use crate::prompt::Prompt;
use crate::question::Variant;
use crate::reading::Reader;
use crate::score::Branch;
use crate::tokenizer::Tokenizer;

/// Spellings after one prompt, by label.
pub(crate) struct Scored {
    pub(crate) labels: Vec<Vec<Variant>>,
    pub(crate) closed: bool,
    pub(crate) merged: usize,
}

/// Labels as tokens after a prompt.
struct Joint {
    /// Tokens of prompt and label as one text, by label and spelling.
    ids: Vec<Vec<(String, Vec<u32>)>>,
    /// Tokens that the prompt shares with all of them.
    start: usize,
    /// The end of the turn is scored after each.
    closed: bool,
}

impl Reader<'_> {
    /// Scores labels, each in one or several spellings, after a prompt. Prompt and label are tokenised as one text, so
    /// that merges across the border are right. Where a label swallows the prompt's last tokens, all labels begin
    /// before them: only then are their likelihoods of the same thing. Where the tokens of one label begin another's,
    /// the end of the turn is scored after each: else the shorter always wins.
    pub(crate) fn score(
        &self,
        prompt: &Prompt,
        images: &Encoded,
        read: Option<&State>,
        labels: &[Vec<String>],
    ) -> Result<Scored> {
        let joint = self.joint(prompt, labels)?;
        let branches: Vec<Branch> = joint
            .ids
            .iter()
            .flatten()
            .map(|(_, ids)| self.branch(ids, joint.start, 0, joint.closed))
            .collect();
        let state = match read {
            Some(state) if joint.start == prompt.ids.len() => state.clone(),
            _ => self.prefix(prompt, images, joint.start, &mut |_| {})?,
        };
        let found = self
            .engine
            .branch_scores(&state, &branches, self.adapter(), self.cancel)?;
        let mut found = found.into_iter();
        let merged = prompt.ids.len() - joint.start;
        let closed = joint.closed;
        let labels = joint
            .ids
            .into_iter()
            .map(|spellings| {
                spellings
                    .into_iter()
                    .map(|(text, ids)| {
                        variant(
                            text,
                            ids[joint.start..].to_vec(),
                            found.next().unwrap_or_default(),
                            closed,
                        )
                    })
                    .collect()
            })
            .collect();
        Ok(Scored {
            labels,
            closed,
            merged,
        })
    }

    /// The state after the first `length` tokens of a prompt.
    pub(crate) fn prefix(
        &self,
        prompt: &Prompt,
        images: &Encoded,
        length: usize,
        events: &mut dyn FnMut(crate::question::ReadEvent),
    ) -> Result<State> {
        if prompt.blocks[length..].iter().any(|block| *block >= 0) {
            return Err(EngineError::BadQuestion(
                "a label changes how the images are read; put text after them".to_owned(),
            ));
        }
        let prefix = prompt.up_to(length);
        self.engine
            .prefill(&prefix, images, self.adapter(), events, self.cancel)
    }

    fn joint(&self, prompt: &Prompt, labels: &[Vec<String>]) -> Result<Joint> {
        if labels.is_empty() || labels.iter().any(Vec::is_empty) {
            return Err(EngineError::BadQuestion("it has no labels".to_owned()));
        }
        let mut out = Vec::new();
        let mut start = prompt.ids.len();
        for spellings in labels {
            let mut own: Vec<(String, Vec<u32>)> = Vec::new();
            for text in spellings {
                let ids = prompt.with_label(&self.engine.tokenizer, text)?;
                start = start.min(prompt.shared_with(&ids));
                // Two spellings of one label may be the same tokens; their probability counts once.
                if !own.iter().any(|(_, known)| *known == ids) {
                    own.push((text.clone(), ids));
                }
            }
            out.push(own);
        }
        let mut closed = false;
        for (i, one) in out.iter().enumerate() {
            for (j, other) in out.iter().enumerate() {
                for ((text, ids), (longer, all)) in one.iter().flat_map(|a| other.iter().map(move |b| (a, b)))
                {
                    if i < j && ids == all {
                        return Err(EngineError::BadQuestion(format!(
                            "the labels {} and {} are the same to the model",
                            Tokenizer::readable(text),
                            Tokenizer::readable(longer)
                        )));
                    }
                    closed |= i != j && all.starts_with(ids);
                }
            }
        }
        Ok(Joint {
            ids: out,
            start,
            closed,
        })
    }

    /// A branch of `ids[start..]` of which the tokens from `ids[wanted]` on are scored.
    fn branch(&self, ids: &[u32], start: usize, wanted: usize, closed: bool) -> Branch {
        let mut own = ids[start..].to_vec();
        own.extend(self.engine.end_of_turn().filter(|_| closed));
        Branch {
            ids: own,
            from: wanted.saturating_sub(start),
        }
    }

    /// Scores the same words after many prompts that share a beginning, in as few passes as possible: for each prompt
    /// the spellings of each word.
    pub(crate) fn score_after_each(
        &self,
        prompts: &[Prompt],
        images: &Encoded,
        words: &[Vec<String>],
        events: &mut dyn FnMut(crate::question::ReadEvent),
    ) -> Result<Vec<Scored>> {
        let Some(first) = prompts.first() else {
            return Ok(Vec::new());
        };
        let joints = prompts
            .iter()
            .map(|prompt| self.joint(prompt, words))
            .collect::<Result<Vec<_>>>()?;
        let start = joints
            .iter()
            .flat_map(|joint| joint.ids.iter().flatten())
            .map(|(_, ids)| first.shared_with(ids))
            .chain(joints.iter().map(|joint| joint.start))
            .min()
            .unwrap_or(0);
        let state = self.prefix(first, images, start, events)?;
        let branches: Vec<Branch> = joints
            .iter()
            .flat_map(|joint| {
                let wanted = joint.start;
                joint
                    .ids
                    .iter()
                    .flatten()
                    .map(move |(_, ids)| self.branch(ids, start, wanted, joint.closed))
            })
            .collect();
        let found = self
            .engine
            .branch_scores(&state, &branches, self.adapter(), self.cancel)?;
        let mut found = found.into_iter();
        let mut out = Vec::new();
        for (joint, prompt) in joints.into_iter().zip(prompts) {
            let (own, closed) = (joint.start, joint.closed);
            let mut labels = Vec::new();
            for spellings in joint.ids {
                let mut variants = Vec::new();
                for (text, ids) in spellings {
                    variants.push(variant(
                        text,
                        ids[own..].to_vec(),
                        found.next().unwrap_or_default(),
                        closed,
                    ));
                }
                labels.push(variants);
            }
            out.push(Scored {
                labels,
                closed,
                merged: prompt.ids.len() - own,
            });
        }
        Ok(out)
    }
}

fn variant(text: String, ids: Vec<u32>, mut log_probs: Vec<f64>, closed: bool) -> Variant {
    let end = if closed && log_probs.len() > ids.len() {
        log_probs.pop()
    } else {
        None
    };
    Variant {
        text,
        ids,
        log_probs,
        end,
    }
}

/// Spellings that mean the same: as given, then first letter large and small, each with a space in front.
pub(crate) fn spellings(label: &str) -> Vec<String> {
    let mut letters = label.chars();
    let (first, rest) = (letters.next(), letters.as_str());
    let mut out = vec![label.to_owned()];
    if let Some(first) = first {
        out.push(first.to_lowercase().chain(rest.chars()).collect());
        out.push(first.to_uppercase().chain(rest.chars()).collect());
    }
    for i in 0..out.len() {
        out.push(format!(" {}", out[i]));
    }
    let mut unique: Vec<String> = Vec::new();
    for text in out {
        if !unique.contains(&text) {
            unique.push(text);
        }
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_begin_with_the_one_given() {
        assert_eq!(spellings("yes"), ["yes", "Yes", " yes", " Yes"]);
        assert_eq!(spellings("A"), ["A", "a", " A", " a"]);
        assert_eq!(spellings("5 mm"), ["5 mm", " 5 mm"]);
        assert_eq!(spellings(""), ["", " "]);
    }
}
