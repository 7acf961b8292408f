//! From a prompt and the answer that is due to an example.

use overread_medgemma::prompt::Prompt;
use overread_medgemma::tokenizer::Tokenizer;

use super::{Example, Seen};
use crate::error::Result;

impl Example {
    /// The prompt with its answer and the end of the turn. The answer is tokenised with the text before it, as the engine
    /// scores a label; the loss is taken from the first token on in which it leaves the prompt. `end` is the token that
    /// ends a turn.
    ///
    /// # Errors
    /// When the tokenizer refuses.
    pub fn answered(
        prompt: &Prompt,
        tokenizer: &Tokenizer,
        end: Option<u32>,
        answer: &str,
        seen: Seen,
    ) -> Result<Self> {
        let (head, tail) = prompt.with_label(tokenizer, answer)?;
        let mut ids = prompt.ids[..head].to_vec();
        ids.extend(tail);
        let first = ids.iter().zip(&prompt.ids).take_while(|(a, b)| a == b).count();
        ids.extend(end);
        let mut blocks = prompt.blocks.clone();
        blocks.resize(ids.len(), -1);
        Ok(Self {
            answer: first..ids.len(),
            ids,
            blocks,
            seen,
            weight: 1.0,
            patches: None,
        })
    }
}
