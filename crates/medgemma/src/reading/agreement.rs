//! How sure is an open answer? The share of sampled answers that agree, and the model's own word on its answer.

use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::generate::{Ended, Sampling};
use crate::question::{Question, ReadEvent, Task, Variant};
use crate::reading::Reader;
use crate::reading::scoring::with_line;
use crate::score::log_sum_exp;

/// Most samples of one question.
pub const MOST_SAMPLES: usize = 64;

/// Turns a text into what it votes for: `Ok` for a usable answer, `Err` with the kind of invalidity.
pub type Vote<'a> = &'a dyn Fn(&str, bool) -> std::result::Result<String, String>;

/// The rule that makes votes of texts, named for the record.
#[derive(Clone, Copy)]
pub struct VoteRule<'a> {
    /// e.g. `final-answer/1`.
    pub id: &'a str,
    /// The rule; it gets the text without the thought, and whether it ended by itself.
    pub vote: Vote<'a>,
}

impl std::fmt::Debug for VoteRule<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VoteRule")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Votes are the texts themselves: small letters, single spaces, no mark at the end.
pub const SAME_TEXT: VoteRule<'static> = VoteRule {
    id: "same-text/1",
    vote: &same_text,
};

fn same_text(text: &str, complete: bool) -> std::result::Result<String, String> {
    if !complete {
        return Err("truncated".to_owned());
    }
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let joined = words.join(" ");
    let said = joined.trim_end_matches(['.', '!', ' ']);
    if said.is_empty() {
        Err("empty".to_owned())
    } else {
        Ok(said.to_owned())
    }
}

/// One sampled answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Seed.
    pub seed: u64,
    /// Text without the thought.
    pub text: String,
    /// The thought.
    pub thought: Option<String>,
    /// What it votes for; `None` when invalid.
    pub vote: Option<String>,
    /// Kind of invalidity.
    pub invalid: Option<String>,
    /// Tokens written.
    pub tokens: usize,
    /// Why it ended.
    pub ended: Ended,
}

/// Votes for one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Votes {
    /// The answer, as the rule writes it.
    pub answer: String,
    /// Votes.
    pub votes: usize,
    /// Of all samples, invalid ones included.
    pub share: f64,
}

/// How far sampled answers agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Rule that made votes of texts.
    pub rule: String,
    /// How tokens were chosen; seeds count up from this one.
    pub sampling: Sampling,
    /// All samples, in the order of their seeds.
    pub samples: Vec<Sample>,
    /// Answers by votes, most first; equal votes in the order in which they came.
    pub votes: Vec<Votes>,
    /// Samples without a usable answer.
    pub invalid: usize,
}

/// Wording of [`Engine::p_true`] by id.
pub const P_TRUE: &str = "p-true/1";

/// The line of [`P_TRUE`]; `ANSWER` stands for the answer (after Kadavath et al. 2022).
const P_TRUE_LINE: &str =
    "Proposed answer: ANSWER\nIs the proposed answer:\n(A) True\n(B) False\nAnswer with (A) or (B).";

const TRUE: &[&str] = &["(A)", " (A)", "A", " A", "True", " True"];
const FALSE: &[&str] = &["(B)", " (B)", "B", " B", "False", " False"];

/// What the model says of an answer when asked whether it is true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PTrue {
    /// [`P_TRUE`].
    pub wording: String,
    /// Template output.
    pub rendered_prompt: String,
    /// All spellings of (A) True against all of both.
    pub probability: f64,
    /// Spellings of true, then of false.
    pub variants: Vec<Variant>,
}

impl Engine {
    /// Answers an open question `k` times with seeds that count up, and counts what they vote for. The prompt is read
    /// once and forked.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for another task, a temperature of 0 or too many samples,
    /// [`EngineError::Cancelled`], arithmetic.
    pub fn samples(
        &self,
        question: &Question,
        k: usize,
        rule: VoteRule<'_>,
        events: &mut dyn FnMut(usize, ReadEvent),
        cancel: &Cancel,
    ) -> Result<Agreement> {
        let bad = |reason: &str| Err(EngineError::BadQuestion(reason.to_owned()));
        let Task::Open {
            max_new_tokens,
            sampling,
        } = question.task
        else {
            return bad("samples are for open answers");
        };
        if sampling.temperature.is_nan() || sampling.temperature <= 0.0 {
            return bad("samples need a temperature above 0: greedy answers are all the same");
        }
        if k == 0 || k > MOST_SAMPLES {
            return bad("1 to 64 samples can be drawn");
        }
        let reader = Reader::new(self, question, cancel);
        let (asked, _) = reader.asked(&question.messages, &question.images, &mut |event| {
            events(0, event)
        })?;
        let state = reader.read_prompt(&asked, &mut |event| events(0, event))?;
        let mut samples = Vec::new();
        for i in 0..k {
            let seed = sampling.seed.wrapping_add(i as u64);
            let own = Sampling { seed, ..sampling };
            let written = reader.write(state.clone(), max_new_tokens, own, &mut |event| events(i, event))?;
            let vote = match written.invalid() {
                // A cut answer may still hold its final line: the rule decides.
                None | Some("truncated") => (rule.vote)(&written.text, written.complete()),
                Some(kind) => Err(kind.to_owned()),
            };
            samples.push(Sample {
                seed,
                vote: vote.as_ref().ok().cloned(),
                invalid: vote.err(),
                tokens: written.tokens.len(),
                text: written.text,
                thought: written.thought,
                ended: written.ended,
            });
        }
        Ok(Agreement {
            rule: rule.id.to_owned(),
            sampling,
            votes: count(&samples),
            invalid: samples.iter().filter(|s| s.vote.is_none()).count(),
            samples,
        })
    }

    /// Asks whether `answer` is true: the probability of (A) True against (B) False, uncalibrated.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`], [`EngineError::Cancelled`], arithmetic.
    pub fn p_true(
        &self,
        question: &Question,
        answer: &str,
        events: &mut dyn FnMut(ReadEvent),
        cancel: &Cancel,
    ) -> Result<PTrue> {
        let line = P_TRUE_LINE.replace("ANSWER", answer.trim());
        let asked_of = Question {
            prefix: String::new(),
            ..question.clone()
        };
        let reader = Reader::new(self, &asked_of, cancel);
        let messages = with_line(&question.messages, &line);
        let (asked, _) = reader.asked(&messages, &question.images, events)?;
        let words: Vec<Vec<String>> = [TRUE, FALSE]
            .iter()
            .map(|list| list.iter().map(|w| (*w).to_owned()).collect())
            .collect();
        let scored = reader.score(&asked.prompt, &asked.images, &words, events)?;
        let total: Vec<f64> = scored
            .labels
            .iter()
            .map(|v| log_sum_exp(&v.iter().map(Variant::sum).collect::<Vec<_>>()))
            .collect();
        Ok(PTrue {
            wording: P_TRUE.to_owned(),
            rendered_prompt: asked.prompt.rendered,
            probability: crate::score::softmax(&total).first().copied().unwrap_or(0.0),
            variants: scored.labels.into_iter().flatten().collect(),
        })
    }
}

fn count(samples: &[Sample]) -> Vec<Votes> {
    let mut votes: Vec<Votes> = Vec::new();
    for vote in samples.iter().filter_map(|s| s.vote.as_ref()) {
        match votes.iter_mut().find(|v| v.answer == *vote) {
            Some(known) => known.votes += 1,
            None => votes.push(Votes {
                answer: vote.clone(),
                votes: 1,
                share: 0.0,
            }),
        }
    }
    votes.sort_by_key(|v| std::cmp::Reverse(v.votes));
    for v in &mut votes {
        v.share = v.votes as f64 / samples.len() as f64;
    }
    votes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_samples_count_against_agreement() {
        let sample = |vote: Option<&str>| Sample {
            seed: 0,
            text: String::new(),
            thought: None,
            vote: vote.map(str::to_owned),
            invalid: None,
            tokens: 1,
            ended: Ended::MostTokens,
        };
        let votes = count(&[
            sample(Some("no")),
            sample(Some("yes")),
            sample(None),
            sample(Some("yes")),
        ]);
        assert_eq!(votes[0].answer, "yes");
        assert!((votes[0].share - 0.5).abs() < 1e-12);
        assert_eq!(votes.len(), 2);
    }

    #[test]
    fn the_same_words_are_the_same_vote() {
        assert_eq!(same_text(" A  Nodule.\n", true), Ok("a nodule".to_owned()));
        assert_eq!(same_text("a nod", false), Err("truncated".to_owned()));
        assert_eq!(same_text(" . ", true), Err("empty".to_owned()));
    }
}
