//! Free text, streamed.

use crate::engine::State;
use crate::error::Result;
use crate::generate::{Sampler, Sampling};
use crate::question::{Answer, ReadEvent};
use crate::reading::Reader;
use crate::thought::split_thought;

impl Reader<'_> {
    /// Writes on from `state` until the model stops or `most` tokens are there.
    pub(crate) fn open(
        &self,
        answer: &mut Answer,
        mut state: State,
        most: usize,
        sampling: Sampling,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<()> {
        let engine = self.engine;
        let mut sampler = Sampler::new(sampling);
        let mut shown = String::new();
        answer.complete = false;
        for _ in 0..most {
            self.cancel.check()?;
            let id = sampler.next(state.last());
            answer.generated.push(id);
            if engine.config.eos.contains(&id) {
                answer.complete = true;
                break;
            }
            let text = engine.tokenizer.decode(&answer.generated, false);
            // An unfinished character decodes to a replacement mark: wait for its last byte.
            if let Some(new) = text
                .strip_prefix(&shown)
                .filter(|new| !new.is_empty() && !new.ends_with('\u{FFFD}'))
            {
                events(ReadEvent::Token(new.to_owned()));
                shown.clone_from(&text);
            }
            engine.step(&mut state, id, None, self.cancel)?;
        }
        let (thought, rest) = split_thought(&answer.generated, &engine.config.eos, &engine.tokenizer);
        answer.thought = thought;
        answer.text = engine.tokenizer.decode(rest, false).trim().to_owned();
        Ok(())
    }
}
