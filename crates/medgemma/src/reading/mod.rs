//! What a read does with the core: prompt, pictures, prefix, then labels scored or text written.
//!
//! [`scoring`] says how labels can be compared; [`calibration`] what a calibration file holds; [`agreement`] how sure an
//! open answer is; [`probes`] ask the same in other ways.

pub mod agreement;
pub mod calibration;
mod closed_set;
mod labels;
mod open;
pub mod probes;
mod scale;
pub mod scoring;
mod yes_no;

use std::time::Instant;

use crate::adapted::Adapter;
use crate::cancel::Cancel;
use crate::engine::{Encoded, Engine, State};
use crate::error::{EngineError, Result};
use crate::image::{Picture, RESIZE};
use crate::prompt::Prompt;
use crate::question::{Answer, Question, ReadEvent, Task, part_order};
use crate::template::Message;

/// What counts as yes in a yes/no list.
pub const YES: &[&str] = &["yes", "Yes", " yes", " Yes"];

/// What counts as no in a yes/no list.
pub const NO: &[&str] = &["no", "No", " no", " No"];

/// Labels of one question at most; more would not fit a screen.
pub(crate) const MOST_LABELS: usize = 512;

/// What one read works with.
pub(crate) struct Reader<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) question: &'a Question,
    pub(crate) cancel: &'a Cancel,
    /// The question's pictures, when they are encoded already.
    given: Option<Encoded>,
}

/// A prompt with its encoded pictures.
pub(crate) struct Asked {
    pub(crate) messages: Vec<Message>,
    pub(crate) prompt: Prompt,
    pub(crate) images: Encoded,
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
        self.read_encoded(question, None, events, cancel)
    }

    /// The same, of pictures that may be encoded already.
    pub(crate) fn read_encoded(
        &self,
        question: &Question,
        given: Option<Encoded>,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<Answer> {
        let reader = Reader {
            given,
            ..Reader::new(self, question, cancel)
        };
        let (asked, vision) = reader.asked(&question.messages, &question.images, events)?;
        let mut answer = Answer {
            complete: true,
            rendered_prompt: asked.prompt.rendered.clone(),
            prefix: question.prefix.clone(),
            part_order: part_order(&question.messages),
            resize: RESIZE.to_owned(),
            prompt_tokens: asked.prompt.ids.len(),
            image_sha256: asked.images.sha256(),
            ..Answer::default()
        };
        answer.adapter_sha256 = question.adapter().map(|adapter| adapter.sha256.clone());
        let begun = Instant::now();
        match &question.task {
            Task::Score(labels) => reader.closed_set(&mut answer, &asked, labels, events)?,
            // Labels go on from where they leave the prompt, and questions of a list from what they share.
            Task::YesNo(labels) => reader.yes_no(&mut answer, &asked, labels, events)?,
            Task::Open {
                max_new_tokens,
                sampling,
            } => {
                let state = reader.read_prompt(&asked, events)?;
                answer.seconds[1] = begun.elapsed().as_secs_f64();
                answer.reused_tokens = state.reused();
                let written = reader.write(state, *max_new_tokens, *sampling, events)?;
                written.into_answer(&mut answer);
            }
        }
        answer.seconds[0] = vision;
        answer.seconds[2] = begun.elapsed().as_secs_f64() - answer.seconds[1];
        Ok(answer)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(engine: &'a Engine, question: &'a Question, cancel: &'a Cancel) -> Self {
        Self {
            engine,
            question,
            cancel,
            given: None,
        }
    }
}

impl Reader<'_> {
    pub(crate) fn adapter(&self) -> Option<&Adapter> {
        self.question.adapter()
    }

    /// Prompt and pictures of the question's prefix, and the seconds that the pictures took.
    pub(crate) fn asked(
        &self,
        messages: &[Message],
        pictures: &[Picture],
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<(Asked, f64)> {
        let prompt = self.engine.prompt(messages, &self.question.prefix)?;
        if prompt.images != pictures.len() {
            return Err(EngineError::BadQuestion(format!(
                "it speaks of {} images and brings {}",
                prompt.images,
                pictures.len()
            )));
        }
        self.fits(&prompt, 0)?;
        let begun = Instant::now();
        let own = std::ptr::eq(pictures, self.question.images.as_slice());
        let images = match self.given.as_ref().filter(|_| own) {
            Some(given) => given.clone(),
            None => self
                .engine
                .encode_all(pictures, self.adapter(), events, self.cancel)?,
        };
        let asked = Asked {
            messages: messages.to_vec(),
            prompt,
            images,
        };
        Ok((asked, begun.elapsed().as_secs_f64()))
    }

    /// Refuses a prompt that leaves no room for `more` tokens, before anything is computed.
    pub(crate) fn fits(&self, prompt: &Prompt, more: usize) -> Result<()> {
        let context = self.engine.description().context;
        if prompt.ids.len().saturating_add(more) > context {
            return Err(EngineError::BadQuestion(format!(
                "it has {} tokens and the model reads {context}: choose fewer slices",
                prompt.ids.len().saturating_add(more)
            )));
        }
        Ok(())
    }

    /// The state after the whole prompt.
    pub(crate) fn read_prompt(&self, asked: &Asked, events: &mut dyn FnMut(ReadEvent)) -> Result<State> {
        self.engine
            .prefill(&asked.prompt, &asked.images, self.adapter(), events, self.cancel)
    }
}
