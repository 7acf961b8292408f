//! Free text, streamed: greedy or sampled, a thought kept apart, stopped by token, text, limit or repetition.

use crate::engine::State;
use crate::error::Result;
use crate::generate::{Ended, Sampler, Sampling, Shown, repetition};
use crate::question::{Answer, ReadEvent};
use crate::reading::Reader;
use crate::score::log_probs_at;
use crate::thought::Thought;

/// What was written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) thought: Option<String>,
    pub(crate) tokens: Vec<Shown>,
    pub(crate) ended: Ended,
    /// False when the thought took all the room: the answer is missing, not empty.
    pub(crate) answered: bool,
}

impl Written {
    /// True when it ended by itself and not within the thought.
    pub(crate) fn complete(&self) -> bool {
        self.answered && matches!(self.ended, Ended::Token(_) | Ended::Stop(_))
    }

    pub(crate) fn into_answer(self, answer: &mut Answer) {
        answer.complete = self.complete();
        answer.generated = self.tokens.iter().map(|token| token.id).collect();
        answer.invalid = self.invalid().map(str::to_owned);
        answer.text = self.text;
        answer.thought = self.thought;
        answer.tokens = self.tokens;
        answer.ended = Some(self.ended);
    }

    /// Why there is no answer: `thought-only`, `repetition`, `truncated`, `empty`.
    pub(crate) fn invalid(&self) -> Option<&'static str> {
        match (&self.ended, self.answered) {
            (_, false) => Some("thought-only"),
            (Ended::Repetition { .. }, _) => Some("repetition"),
            _ if !self.complete() => Some("truncated"),
            _ if self.text.is_empty() => Some("empty"),
            _ => None,
        }
    }
}

impl Reader<'_> {
    /// Writes on from `state` until something ends it.
    pub(crate) fn write(
        &self,
        mut state: State,
        most: usize,
        sampling: Sampling,
        events: &mut dyn FnMut(ReadEvent),
    ) -> Result<Written> {
        let engine = self.engine;
        let writing = &self.question.writing;
        let tokenizer = &engine.tokenizer;
        let mut sampler = Sampler::new(sampling);
        let mut thought = Thought::of(tokenizer);
        let mut tokens: Vec<Shown> = Vec::new();
        let mut ids: Vec<u32> = Vec::new();
        let mut shown = String::new();
        let mut shown_thought = String::new();
        let mut ended = Ended::MostTokens;
        let mut cut = None;
        let longest = writing.stop.iter().map(String::len).max().unwrap_or(0);
        while tokens.len() < most {
            self.cancel.check()?;
            let forced = thought.must_close(writing.thought_tokens);
            let id = forced.unwrap_or_else(|| sampler.next(state.last()));
            let probability = log_probs_at(state.last(), &[id]).first().map_or(0.0, |p| p.exp());
            let before = thought.end();
            let inside = thought.take(id, ids.is_empty());
            if thought.end() != before {
                // What was shown belonged to a thought that was never opened.
                shown.clear();
            }
            ids.push(id);
            tokens.push(Shown {
                id,
                text: tokenizer.decode(&[id], true),
                probability,
                thought: inside,
                forced: forced.is_some(),
            });
            if engine.config.eos.contains(&id) {
                ended = Ended::Token(id);
                break;
            }
            if inside {
                let text = thought.text(tokenizer, &ids).unwrap_or_default();
                // The word that a thought begins with is no part of it, and is not known before it is whole.
                let opening = "thought".starts_with(text.as_str());
                if let Some(new) = text
                    .strip_prefix(shown_thought.as_str())
                    .filter(|new| !opening && !new.is_empty() && !new.ends_with('\u{FFFD}'))
                {
                    events(ReadEvent::Thought(new.to_owned()));
                    shown_thought = text;
                }
            } else {
                let text = tokenizer.decode(&ids[thought.end()..], false);
                if let Some((at, stop)) = first_stop(&text, &writing.stop) {
                    ended = Ended::Stop(stop.to_owned());
                    cut = Some(at);
                    break;
                }
                // An unfinished character decodes to a replacement mark: wait for its last byte. What may yet become a
                // stop text is held back too.
                let safe = held_back(&text, &writing.stop, longest);
                if let Some(new) = text[..safe]
                    .strip_prefix(shown.as_str())
                    .filter(|new| !new.is_empty() && !new.ends_with('\u{FFFD}'))
                {
                    events(ReadEvent::Token(new.to_owned()));
                    shown = text[..safe].to_owned();
                }
            }
            if let Some((length, times)) = repetition(&ids, writing.repeats) {
                ended = Ended::Repetition {
                    tokens: length,
                    times,
                };
                break;
            }
            if state.tokens() >= engine.description().context {
                ended = Ended::Context;
                break;
            }
            engine.step(&mut state, id, self.adapter(), self.cancel)?;
        }
        let own = match ids.split_last() {
            Some((last, rest)) if engine.config.eos.contains(last) => rest,
            _ => ids.as_slice(),
        };
        let mut text = tokenizer.decode(own.get(thought.end()..).unwrap_or_default(), false);
        if let Some(at) = cut {
            text.truncate(at);
        }
        if let Some(rest) = text.strip_prefix(shown.as_str()).filter(|rest| !rest.is_empty()) {
            events(ReadEvent::Token(rest.to_owned()));
        }
        Ok(Written {
            text: text.trim().to_owned(),
            thought: thought.text(tokenizer, own),
            tokens,
            ended,
            answered: !thought.is_open(),
        })
    }
}

/// The first stop text in `text`, and where it begins.
fn first_stop<'a>(text: &str, stops: &'a [String]) -> Option<(usize, &'a str)> {
    stops
        .iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| text.find(stop.as_str()).map(|at| (at, stop.as_str())))
        .min_by_key(|(at, _)| *at)
}

/// How much of `text` can be shown: up to an end that may yet become a stop text.
fn held_back(text: &str, stops: &[String], longest: usize) -> usize {
    let from = text.len().saturating_sub(longest);
    (from..text.len())
        .filter(|at| text.is_char_boundary(*at))
        .find(|at| stops.iter().any(|stop| stop.starts_with(&text[*at..])))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_become_a_stop_text_is_held_back() {
        let stops = vec!["\n\nQuestion:".to_owned(), "END".to_owned()];
        assert_eq!(first_stop("yes END \n\nQuestion:", &stops), Some((4, "END")));
        assert_eq!(first_stop("nothing", &[String::new()]), None);
        assert_eq!(held_back("yes\n\nQu", &stops, 11), 3);
        assert_eq!(held_back("yes\n\nNo", &stops, 11), 7);
        assert_eq!(held_back("ä\u{20AC}E", &stops, 3), 5);
    }
}
