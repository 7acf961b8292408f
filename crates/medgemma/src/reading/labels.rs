//! Labels: tokenised together with the prompt, scored in one pass.

use std::time::Instant;

use crate::engine::{Encoded, State};
use crate::error::{EngineError, Result};
use crate::prompt::Prompt;
use crate::question::{ReadEvent, Variant};
use crate::reading::Reader;
use crate::score::Branch;
use crate::tokenizer::Tokenizer;

/// Spellings after one prompt, by label.
pub(crate) struct Scored {
    pub(crate) labels: Vec<Vec<Variant>>,
    pub(crate) closed: bool,
    pub(crate) merged: usize,
    /// Tokens that came from an earlier question.
    pub(crate) reused: usize,
    /// Seconds that the prompt took.
    pub(crate) prefill: f64,
}

/// Labels as tokens after a prompt.
struct Joint {
    /// Tokens of prompt and label as one text from `start` on, by label and spelling.
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
        labels: &[Vec<String>],
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<Scored> {
        let joint = self.joint(prompt, labels)?;
        let begun = Instant::now();
        let state = self.prefix(prompt, images, joint.start, events)?;
        let prefill = begun.elapsed().as_secs_f64();
        let branches = self.branches(&joint, &[]);
        let found = self
            .engine
            .branch_scores(&state, &branches, self.adapter(), self.cancel)?;
        let mut scored = scored(joint, prompt, &mut found.into_iter());
        (scored.reused, scored.prefill) = (state.reused(), prefill);
        Ok(scored)
    }

    /// Scores the same words after many prompts that share a beginning, in as few passes as possible: for each prompt
    /// the spellings of each word.
    pub(crate) fn score_after_each(
        &self,
        prompts: &[Prompt],
        images: &Encoded,
        words: &[Vec<String>],
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<Vec<Scored>> {
        let Some(first) = prompts.first() else {
            return Ok(Vec::new());
        };
        let joints = prompts
            .iter()
            .map(|prompt| self.joint(prompt, words))
            .collect::<Result<Vec<_>>>()?;
        let shared = prompts.iter().map(|prompt| first.shared_with(&prompt.ids));
        let start = joints
            .iter()
            .map(|joint| joint.start)
            .chain(shared)
            .min()
            .unwrap_or(0);
        let begun = Instant::now();
        let state = self.prefix(first, images, start, events)?;
        let prefill = begun.elapsed().as_secs_f64();
        let branches: Vec<Branch> = joints
            .iter()
            .zip(prompts)
            .flat_map(|(joint, prompt)| self.branches(joint, &prompt.ids[start..joint.start]))
            .collect();
        let found = self
            .engine
            .branch_scores(&state, &branches, self.adapter(), self.cancel)?;
        let mut found = found.into_iter();
        Ok(joints
            .into_iter()
            .zip(prompts)
            .map(|(joint, prompt)| Scored {
                reused: state.reused(),
                prefill,
                ..scored(joint, prompt, &mut found)
            })
            .collect())
    }

    /// The state after the first `length` tokens of a prompt.
    pub(crate) fn prefix(
        &self,
        prompt: &Prompt,
        images: &Encoded,
        length: usize,
        events: &mut dyn FnMut(ReadEvent),
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
        // Its likelihood would be that of saying nothing, which no label stands for.
        if labels
            .iter()
            .any(|spellings| Tokenizer::readable(&spellings[0]).trim().is_empty())
        {
            return Err(EngineError::BadQuestion("a label is empty".to_owned()));
        }
        let mut start = prompt.ids.len();
        let mut all = Vec::new();
        for spellings in labels {
            let mut own: Vec<(String, usize, Vec<u32>)> = Vec::new();
            for text in spellings {
                let (head, ids) = prompt.with_label(&self.engine.tokenizer, text)?;
                let shared = prompt.ids[head..].iter().zip(&ids).take_while(|(a, b)| a == b);
                start = start.min(head + shared.count());
                // Two spellings of one label may be the same tokens; their probability counts once.
                if !own.iter().any(|(_, _, known)| *known == ids) {
                    own.push((text.clone(), head, ids));
                }
            }
            all.push(own);
        }
        let ids: Vec<Vec<(String, Vec<u32>)>> = all
            .into_iter()
            .map(|own| {
                own.into_iter()
                    .map(|(text, head, ids)| (text, ids[start.saturating_sub(head)..].to_vec()))
                    .collect()
            })
            .collect();
        let mut closed = false;
        for (i, one) in ids.iter().enumerate() {
            for (j, other) in ids.iter().enumerate().filter(|(j, _)| *j != i) {
                for ((text, ids), (longer, all)) in one.iter().flat_map(|a| other.iter().map(move |b| (a, b)))
                {
                    if i < j && ids == all {
                        return Err(EngineError::BadQuestion(format!(
                            "the labels {} and {} are the same to the model",
                            Tokenizer::readable(text),
                            Tokenizer::readable(longer)
                        )));
                    }
                    closed |= all.starts_with(ids);
                }
            }
        }
        let longest = ids.iter().flatten().map(|(_, ids)| ids.len()).max().unwrap_or(0);
        self.fits(&prompt.up_to(start), longest + usize::from(closed))?;
        Ok(Joint { ids, start, closed })
    }

    /// One branch a spelling; `context` stands before all of them.
    fn branches(&self, joint: &Joint, context: &[u32]) -> Vec<Branch> {
        let end = self.engine.end_of_turn().filter(|_| joint.closed);
        joint
            .ids
            .iter()
            .flatten()
            .map(|(_, ids)| Branch {
                ids: context.iter().chain(ids).copied().chain(end).collect(),
                from: context.len(),
            })
            .collect()
    }
}

/// Takes the branches' log-probabilities in their order.
fn scored(joint: Joint, prompt: &Prompt, found: &mut dyn Iterator<Item = Vec<f64>>) -> Scored {
    let closed = joint.closed;
    Scored {
        closed,
        merged: prompt.ids.len() - joint.start,
        reused: 0,
        prefill: 0.0,
        labels: joint
            .ids
            .into_iter()
            .map(|spellings| {
                spellings
                    .into_iter()
                    .map(|(text, ids)| variant(text, ids, found.next().unwrap_or_default(), closed))
                    .collect()
            })
            .collect(),
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
