//! Which slices? The question of a volume asked again with a few slices left out at a time.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{ProbeEvent, Share, log_odds, scored, shares};
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::question::{Question, is_caption};
use crate::template::Part;

/// Slices that were left out together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceGroup {
    /// First picture left out, from 0.
    pub first: usize,
    /// Pictures left out, one after the other.
    pub count: usize,
    /// Probability of the chosen label without them.
    pub probability: f64,
    /// Log-odds of the chosen label with all slices, less those without these: above 0, they speak for it.
    pub weight: f64,
}

/// What the probe found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slices {
    /// The label looked at.
    pub label: String,
    /// With all slices.
    pub shares: Vec<Share>,
    /// Groups in order; every picture lies in one.
    pub groups: Vec<SliceGroup>,
    /// Tokens that were read, and that would have been without reuse of prefixes.
    pub tokens: [usize; 2],
}

impl Engine {
    /// Leaves slices out of a volume's question, in at most `groups` groups, and says how the log-odds of a label
    /// (`None`: the likeliest) change. Captions keep their numbers; what stands before the slices left out is read once.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for fewer than two pictures or a label that is not there,
    /// [`EngineError::Cancelled`], arithmetic.
    pub fn which_slices(
        &self,
        question: &Question,
        label: Option<&str>,
        groups: usize,
        events: &mut dyn FnMut(ProbeEvent),
        cancel: &Cancel,
    ) -> Result<Slices> {
        scored(question)?;
        let n = question.images.len();
        if n < 2 {
            return Err(EngineError::BadQuestion(
                "it has one picture: nothing can be left out".to_owned(),
            ));
        }
        if question
            .messages
            .iter()
            .flat_map(|m| &m.parts)
            .any(|part| part.pictures() > 1)
        {
            return Err(EngineError::BadQuestion(
                "its pictures bring crops; ask without pan and scan".to_owned(),
            ));
        }
        let groups = split(n, groups);
        let of = groups.len() + 1;
        let mut first = |event| events(ProbeEvent { step: 1, of, event });
        let images = self.encode_all(&question.images, question.adapter(), &mut first, cancel)?;
        let whole = self.read_encoded(question, Some(images.clone()), &mut first, cancel)?;
        let all = shares(&whole);
        let at = match label {
            Some(label) => all.iter().position(|share| share.label == label),
            None => super::says(&crate::Task::Score(Vec::new()), &all)
                .first()
                .copied(),
        };
        let Some(at) = at else {
            return Err(EngineError::BadQuestion(
                "the label looked at is not asked for".to_owned(),
            ));
        };
        let prompt = self.prompt(&question.messages, &question.prefix)?;
        let base = log_odds(all[at].probability);
        let mut tokens = [whole.prompt_tokens, whole.prompt_tokens];
        let mut out = Vec::new();
        for (k, group) in groups.into_iter().enumerate() {
            cancel.check()?;
            let without = leave_out(question, &group);
            let shorter = self.prompt(&without.messages, &without.prefix)?;
            // All pictures have the same ids: what is shared ends where the first picture left out begins.
            let begin = prompt
                .blocks
                .iter()
                .position(|block| usize::try_from(*block) == Ok(group.start))
                .unwrap_or(0);
            let shared = begin.min(shorter.shared_with(&prompt.ids));
            if shared > 0 {
                let prefix = prompt.up_to(shared);
                let state = self.prefill(&prefix, &images, question.adapter(), &mut |_| {}, cancel)?;
                tokens[0] += shared - state.reused().min(shared);
            }
            let found = self.read_encoded(
                &without,
                Some(images.without(&group)),
                &mut |event| {
                    events(ProbeEvent {
                        step: k + 2,
                        of,
                        event,
                    });
                },
                cancel,
            )?;
            tokens[0] += found.prompt_tokens - found.reused_tokens.min(found.prompt_tokens);
            tokens[1] += found.prompt_tokens;
            let probability = found.labels.get(at).map_or(0.0, |l| l.probability);
            out.push(SliceGroup {
                first: group.start,
                count: group.len(),
                probability,
                weight: base - log_odds(probability),
            });
        }
        Ok(Slices {
            label: all[at].label.clone(),
            shares: all,
            groups: out,
            tokens,
        })
    }
}

/// `n` pictures in at most `groups` runs of nearly the same length.
fn split(n: usize, groups: usize) -> Vec<Range<usize>> {
    let groups = groups.clamp(2, n.max(2));
    (0..groups)
        .map(|g| g * n / groups..(g + 1) * n / groups)
        .filter(|range| !range.is_empty())
        .collect()
}

/// The question without some of its pictures and their captions.
fn leave_out(question: &Question, group: &Range<usize>) -> Question {
    let mut without = question.clone();
    let mut image = 0;
    for message in &mut without.messages {
        let mut dropped = false;
        message.parts.retain(|part| match part {
            Part::Text(text) => {
                let keep = !(dropped && is_caption(text));
                dropped = false;
                keep
            }
            // A picture goes with its crops.
            pictures => {
                dropped = group.contains(&image);
                image += pictures.pictures();
                !dropped
            }
        });
    }
    without.images.drain(group.clone());
    without
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Picture;
    use crate::template::{Message, Role};

    #[test]
    fn groups_cover_every_picture_once() {
        for (n, most) in [(85, 12), (3, 12), (2, 0), (10, 4), (7, 7)] {
            let groups = split(n, most);
            assert!(groups.len() <= most.max(2).min(n));
            let all: Vec<usize> = groups.into_iter().flatten().collect();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_slice_goes_with_its_caption_and_the_others_keep_theirs() {
        let text = |t: &str| Part::Text(t.to_owned());
        let picture = |n: u8| Picture {
            width: 1,
            height: 1,
            rgb: vec![n; 3],
        };
        let question = Question {
            messages: vec![Message {
                role: Role::User,
                parts: vec![
                    text("Look."),
                    Part::Image,
                    text("SLICE 1"),
                    Part::Image,
                    text("SLICE 2"),
                    Part::Image,
                    text("SLICE 3"),
                    text("What?"),
                ],
            }],
            images: vec![picture(0), picture(1), picture(2)],
            ..Question::default()
        };
        let without = leave_out(&question, &(1..2));
        assert_eq!(
            without.messages[0].parts,
            [
                text("Look."),
                Part::Image,
                text("SLICE 1"),
                Part::Image,
                text("SLICE 3"),
                text("What?")
            ]
        );
        assert_eq!(without.images, [picture(0), picture(2)]);
    }
}
