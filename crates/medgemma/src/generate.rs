//! Choosing the next token: greedy, or sampled by temperature, top-k and top-p with a seed. What ends an answer.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::read_json;
use crate::error::Result;

/// How tokens are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: f64,
    /// Most likely tokens considered; 0 is all.
    pub top_k: usize,
    /// Probability mass considered; 1 is all.
    pub top_p: f64,
    /// Seed.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 64,
            top_p: 0.95,
            seed: 0,
        }
    }
}

impl Sampling {
    /// What the model's generation_config.json asks for, with `seed`; `None` without the file. Published evaluations
    /// were greedy all the same.
    ///
    /// # Errors
    /// [`crate::EngineError::BadFile`].
    pub fn published(folder: &Path, seed: u64) -> Result<Option<Self>> {
        const NAME: &str = "generation_config.json";
        if !folder.join(NAME).is_file() {
            return Ok(None);
        }
        let file = read_json(folder, NAME)?;
        let number =
            |key: &str, default: f64| file[key].as_f64().filter(|v| v.is_finite()).unwrap_or(default);
        Ok(Some(Self {
            temperature: if file["do_sample"].as_bool() == Some(true) {
                number("temperature", 1.0).max(0.0)
            } else {
                0.0
            },
            top_k: file["top_k"].as_u64().map_or(50, |k| k as usize),
            top_p: number("top_p", 1.0).clamp(0.0, 1.0),
            seed,
        }))
    }
}

/// How an open answer is written and ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Writing {
    /// Texts that end the answer; they are no part of it. Looked for in the answer, not in the thought.
    pub stop: Vec<String>,
    /// Tokens after which a thought is closed by force; `None` lets it go on to the limit of tokens.
    pub thought_tokens: Option<usize>,
    /// Ends the answer when its last tokens are one piece over and over: so many times at least. 0 never does.
    pub repeats: usize,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            stop: Vec::new(),
            thought_tokens: None,
            repeats: 8,
        }
    }
}

/// Why writing ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// By the model's own end token.
    Token(u32),
    /// At a text given.
    Stop(String),
    /// At the most tokens asked for.
    MostTokens,
    /// At the end of what the model can read.
    Context,
    /// The last tokens were one piece over and over.
    Repetition {
        /// Tokens of the piece.
        tokens: usize,
        /// Times in a row.
        times: usize,
    },
}

/// A generated token for display.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Id.
    pub id: u32,
    /// Its text alone.
    pub text: String,
    /// Probability before temperature, top-k and top-p, over the whole vocabulary.
    pub probability: f64,
    /// True for tokens of the thought and its marks.
    pub thought: bool,
    /// True when it was not the model's choice: a thought closed by force.
    pub forced: bool,
}

/// Draws tokens.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    sampling: Sampling,
    state: u64,
}

impl Sampler {
    pub(crate) fn new(sampling: Sampling) -> Self {
        Self {
            sampling,
            state: sampling.seed,
        }
    }

    pub(crate) fn next(&mut self, logits: &[f32]) -> u32 {
        if self.sampling.temperature.is_nan() || self.sampling.temperature <= 0.0 {
            return greedy(logits);
        }
        let by_logit = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
        let mut order: Vec<usize> = (0..logits.len()).collect();
        if self.sampling.top_k > 0 && self.sampling.top_k < order.len() {
            order.select_nth_unstable_by(self.sampling.top_k, by_logit);
            order.truncate(self.sampling.top_k);
        }
        order.sort_unstable_by(by_logit);
        let scaled: Vec<f64> = order
            .iter()
            .map(|i| f64::from(logits[*i]) / self.sampling.temperature)
            .collect();
        let probabilities = crate::score::softmax(&scaled);
        let mut mass = 0.0;
        let mut keep = 0;
        for p in &probabilities {
            keep += 1;
            mass += p;
            if mass >= self.sampling.top_p {
                break;
            }
        }
        let mut draw = self.uniform() * mass;
        for (i, p) in probabilities[..keep].iter().enumerate() {
            draw -= p;
            if draw <= 0.0 {
                return order[i] as u32;
            }
        }
        order.first().map_or(0, |i| *i as u32)
    }

    /// SplitMix64, upper 53 bits.
    fn uniform(&mut self) -> f64 {
        (split_mix(&mut self.state) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The next number of SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The first of the largest.
pub(crate) fn greedy(logits: &[f32]) -> u32 {
    let mut best = 0;
    for (i, value) in logits.iter().enumerate() {
        if *value > logits[best] {
            best = i;
        }
    }
    best as u32
}

/// Longest piece whose repetition is looked for, tokens.
const LONGEST_PIECE: usize = 64;
/// A repetition must cover so many tokens: a row of dashes is no loop yet.
const LEAST_LOOP: usize = 48;

/// The piece that ends `ids` at least `repeats` times in a row: its length and how often it stands there.
pub(crate) fn repetition(ids: &[u32], repeats: usize) -> Option<(usize, usize)> {
    if repeats < 2 {
        return None;
    }
    (1..=LONGEST_PIECE.min(ids.len() / 2)).find_map(|length| {
        let piece = &ids[ids.len() - length..];
        let times = ids.rchunks_exact(length).take_while(|c| *c == piece).count();
        (times >= repeats && times * length >= LEAST_LOOP).then_some((length, times))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let logits = [0.1, 0.5, 0.4, 0.2];
        let sampling = Sampling {
            temperature: 1.0,
            top_k: 3,
            top_p: 1.0,
            seed: 7,
        };
        let draw = |s: Sampling| {
            let mut sampler = Sampler::new(s);
            (0..50).map(|_| sampler.next(&logits)).collect::<Vec<_>>()
        };
        assert_eq!(draw(sampling), draw(sampling));
        assert_ne!(draw(sampling), draw(Sampling { seed: 8, ..sampling }));
        assert!(draw(sampling).iter().all(|t| *t != 0));
    }

    #[test]
    fn draws_follow_the_probabilities_within_their_mass() {
        // Shares 0.6, 0.3, 0.1: the first two reach 0.7 together, so that the third is never drawn.
        let logits = [0.6_f32.ln(), 0.3_f32.ln(), 0.1_f32.ln()];
        let mut sampler = Sampler::new(Sampling {
            temperature: 1.0,
            top_k: 0,
            top_p: 0.7,
            seed: 1,
        });
        let mut counts = [0_u32; 3];
        for _ in 0..3000 {
            counts[sampler.next(&logits) as usize] += 1;
        }
        assert_eq!(counts[2], 0);
        assert!(
            (f64::from(counts[0]) / 3000.0 - 2.0 / 3.0).abs() < 0.03,
            "{counts:?}"
        );
    }

    #[test]
    fn published_settings_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Sampling::published(folder.path(), 3).expect("none"), None);
        let write =
            |text: &str| std::fs::write(folder.path().join("generation_config.json"), text).expect("written");
        write(r#"{"do_sample": true, "top_k": 64, "top_p": 0.95, "eos_token_id": [1, 106]}"#);
        let found = Sampling::published(folder.path(), 3)
            .expect("reads")
            .expect("settings");
        assert_eq!(
            (found.temperature, found.top_k, found.top_p, found.seed),
            (1.0, 64, 0.95, 3)
        );
        write(r#"{"top_k": 64}"#);
        let greedy = Sampling::published(folder.path(), 0)
            .expect("reads")
            .expect("settings");
        assert_eq!(greedy.temperature, 0.0);
        write("{");
        assert!(Sampling::published(folder.path(), 0).is_err());
    }

    #[test]
    fn zero_temperature_takes_the_largest() {
        assert_eq!(Sampler::new(Sampling::default()).next(&[0.0, 2.0, 2.0]), 1);
    }

    #[test]
    fn loops_are_seen_and_lists_are_not() {
        let looped: Vec<u32> = [9, 9]
            .into_iter()
            .chain([1, 2, 3, 4, 5, 6, 7].repeat(8))
            .collect();
        assert_eq!(repetition(&looped, 8), Some((7, 8)));
        assert_eq!(repetition(&looped, 9), None);
        assert_eq!(repetition(&[5; 20], 8), None, "a short row of the same");
        assert_eq!(repetition(&[5; 48], 8), Some((1, 48)));
        let list: Vec<u32> = (0..60).flat_map(|i| [1, 2, 3, 100 + i]).collect();
        assert_eq!(repetition(&list, 8), None);
        assert_eq!(repetition(&[], 8), None);
    }
}
