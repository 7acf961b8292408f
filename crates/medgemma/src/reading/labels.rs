//! Labels of a closed set: tokenised together with the prompt, scored in one pass.

use crate::engine::State;
use crate::error::{EngineError, Result};
use crate::prompt::Prompt;
use crate::question::LabelAnswer;
use crate::reading::Reader;
use crate::score::{LabelScore, softmax};

impl Reader<'_> {
    /// Every label's likelihood and share.
    pub(crate) fn closed_set(
        &self,
        prompt: &Prompt,
        state: &State,
        labels: &[String],
    ) -> Result<Vec<LabelAnswer>> {
        let scores = self.score(prompt, state, labels)?;
        let probabilities = softmax(&scores.iter().map(LabelScore::sum).collect::<Vec<_>>());
        Ok(scores
            .into_iter()
            .zip(probabilities)
            .map(|(s, probability)| LabelAnswer {
                probability,
                sum: s.sum(),
                mean: s.mean(),
                label: s.label,
                ids: s.ids,
            })
            .collect())
    }

    /// Scores labels, tokenised together with the prompt so that merges across the border are right. `state` has read
    /// the whole prompt. Where a label swallows the prompt's last tokens, all labels begin before them: only then are
    /// their likelihoods of the same thing.
    pub(crate) fn score(&self, prompt: &Prompt, state: &State, labels: &[String]) -> Result<Vec<LabelScore>> {
        if labels.is_empty() {
            return Err(EngineError::BadQuestion("it has no labels".to_owned()));
        }
        let tokenizer = &self.engine.tokenizer;
        let mut joint = Vec::new();
        let mut start = prompt.ids.len();
        for label in labels {
            let ids = tokenizer.encode(&(prompt.expanded.clone() + &tokenizer.defuse(label)))?;
            let shared = prompt.ids.iter().zip(&ids).take_while(|(a, b)| a == b).count();
            start = start.min(shared);
            joint.push(ids);
        }
        if prompt.blocks[start..].iter().any(|block| *block >= 0) {
            return Err(EngineError::BadQuestion(
                "a label changes how the images are read; put text after them".to_owned(),
            ));
        }
        let branches: Vec<Vec<u32>> = joint.iter().map(|ids| ids[start..].to_vec()).collect();
        let engine = self.engine;
        let found = if start == prompt.ids.len() {
            engine.branch_scores(state, &branches, None, self.cancel)?
        } else {
            let earlier = prompt.up_to(start);
            let state = engine.prefill(&earlier, &self.images, None, &mut |_| {}, self.cancel)?;
            engine.branch_scores(&state, &branches, None, self.cancel)?
        };
        Ok(labels
            .iter()
            .zip(branches)
            .zip(found)
            .map(|((label, ids), log_probs)| LabelScore {
                label: label.clone(),
                ids,
                log_probs,
            })
            .collect())
    }
}
