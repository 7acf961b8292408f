//! Work without a question, for figures of speed and memory: nothing is kept, nothing is reused.

use crate::cancel::Cancel;
use crate::decoder::{Span, Wanted};
use crate::engine::{Engine, State};
use crate::error::{EngineError, Result};
use crate::image::Picture;
use crate::linear::Pass;
use crate::model::Tokens;

/// Tokens of a prompt computed at once, as in a read.
const CHUNK: usize = 512;

/// A prompt that was read for a measurement.
#[derive(Clone, Debug)]
pub struct Measured {
    state: State,
    /// First id that text uses.
    id: u32,
}

impl Engine {
    /// Encodes a made picture (a gradient, different for every `seed`); gives one of its features, so that the work
    /// cannot be left out.
    ///
    /// # Errors
    /// A model without a tower, cancelled.
    pub fn measure_vision(&self, seed: u32, cancel: &Cancel) -> Result<f32> {
        let Some(side) = self.description().image_size else {
            return Err(EngineError::BadQuestion("the model reads text only".to_owned()));
        };
        let value = |i: usize| {
            (i as u32)
                .wrapping_mul(seed.wrapping_mul(2_654_435_761) | 1)
                .to_be_bytes()[0]
        };
        let picture = Picture {
            width: side,
            height: side,
            rgb: (0..side * side * 3).map(value).collect(),
        };
        let (_, features) = self.model.encode(Pass::new(cancel, None), &picture)?;
        Ok(features.first().copied().unwrap_or_default())
    }

    /// Reads `tokens` text tokens into an empty cache and computes the logits after the last. With `images`, the prompt
    /// holds as many images as fit into half of it, their features all zero: what a volume of cached pictures costs.
    ///
    /// # Errors
    /// Cancelled, or more tokens than the model reads.
    pub fn measure_prefill(&self, tokens: usize, images: bool, cancel: &Cancel) -> Result<Measured> {
        let text = &self.config.text;
        if tokens == 0 || tokens > text.context {
            return Err(EngineError::BadQuestion(format!(
                "{tokens} tokens were asked for and the model reads {}",
                text.context
            )));
        }
        let pass = Pass::new(cancel, None);
        let mut state = self.empty_state();
        let (each, id) = (self.config.tokens_per_image, 110.min(text.vocab_size as u32 - 1));
        let blocks: Vec<i32> = (0..tokens)
            .map(|t| {
                // An image and as much text after it, again and again.
                let (image, within) = (t / (each + 8), t % (each + 8));
                let whole = (image + 1) * (each + 8) <= tokens;
                if images && whole && within < each {
                    image as i32
                } else {
                    -1
                }
            })
            .collect();
        let ids: Vec<u32> = (0..tokens as u32)
            .map(|t| (id + t % 97).min(text.vocab_size as u32 - 1))
            .collect();
        state.expect(tokens);
        let mut at = 0;
        while at < tokens {
            let mut end = (at + CHUNK).min(tokens);
            while end < tokens && blocks[end] >= 0 && blocks[end] == blocks[end - 1] {
                end += 1;
            }
            let pictured = blocks[at..end].iter().filter(|b| **b >= 0).count();
            let features = vec![0.0; pictured * text.hidden_size];
            let tokens_here = Tokens {
                ids: &ids[at..end],
                blocks: &blocks[at..end],
                features: &features,
            };
            let span = Span::trunk(at, &blocks[at..end]);
            let wanted = Wanted::Keep(usize::from(end == tokens));
            self.read_on(pass, &mut state, tokens_here, &span, wanted)?;
            at = end;
        }
        Ok(Measured { state, id })
    }

    /// Goes on by `tokens` tokens, one at a time.
    ///
    /// # Errors
    /// Cancelled.
    pub fn measure_decode(&self, after: &mut Measured, tokens: usize, cancel: &Cancel) -> Result<()> {
        for i in 0..tokens as u32 {
            self.step(&mut after.state, after.id + i % 97, None, cancel)?;
        }
        Ok(())
    }

    /// Bytes of keys and values of a prompt that was read for a measurement.
    pub fn measured_cache(&self, measured: &Measured) -> usize {
        measured.state.bytes()
    }
}
