//! What a read does with the core: prompt, pictures, prefix, then labels scored or text written.

mod labels;
mod open;
mod yes_no;

use std::time::Instant;

use crate::cancel::Cancel;
use crate::engine::{Encoded, Engine};
use crate::error::{EngineError, Result};
use crate::prompt::Prompt;
use crate::question::{Answer, Question, ReadEvent, Task};

/// What one read works with.
pub(crate) struct Reader<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) question: &'a Question,
    pub(crate) images: Encoded,
    pub(crate) cancel: &'a Cancel,
}

impl Engine {
    /// Answers a question.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`], [`EngineError::Cancelled`], arithmetic.
    pub fn read(
        &self,
        question: &Question,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<Answer> {
        let prompt = self.prompt(&question.messages, &question.prefix)?;
        self.agrees(&prompt, question)?;
        let begun = Instant::now();
        let images = self.encode_all(&question.images, None, events, cancel)?;
        let mut seconds = [begun.elapsed().as_secs_f64(), 0.0, 0.0];
        let begun = Instant::now();
        let state = self.prefill(&prompt, &images, None, events, cancel)?;
        seconds[1] = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let mut answer = Answer {
            labels: Vec::new(),
            text: String::new(),
            thought: None,
            generated: Vec::new(),
            complete: true,
            rendered_prompt: prompt.rendered.clone(),
            prompt_tokens: prompt.ids.len(),
            image_sha256: images.sha256(),
            seconds,
            reused_tokens: state.reused(),
        };
        let reader = Reader {
            engine: self,
            question,
            images,
            cancel,
        };
        match &question.task {
            Task::Score(labels) => {
                answer.labels = reader.closed_set(&prompt, &state, labels)?;
                events(ReadEvent::Scoring {
                    done: labels.len(),
                    total: labels.len(),
                });
            }
            Task::YesNo(labels) => answer.labels = reader.yes_no(labels, events)?,
            Task::Open {
                max_new_tokens,
                sampling,
            } => reader.open(&mut answer, state, *max_new_tokens, *sampling, events)?,
        }
        answer.seconds[2] = begun.elapsed().as_secs_f64();
        Ok(answer)
    }

    /// Pictures and context must fit the prompt before anything is computed.
    fn agrees(&self, prompt: &Prompt, question: &Question) -> Result<()> {
        if prompt.images != question.images.len() {
            return Err(EngineError::BadQuestion(format!(
                "it speaks of {} images and brings {}",
                prompt.images,
                question.images.len()
            )));
        }
        let context = self.description().context;
        if prompt.ids.len() > context {
            return Err(EngineError::BadQuestion(format!(
                "it has {} tokens and the model reads {context}: choose fewer slices",
                prompt.ids.len(),
            )));
        }
        Ok(())
    }
}
