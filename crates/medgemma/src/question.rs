//! What is asked of the engine, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::adapted::Adapter;
use crate::generate::{Ended, Sampling, Shown, Writing};
use crate::image::Picture;
use crate::reading::calibration::Calibrated;
use crate::reading::scoring::{Correction, Scoring};
use crate::template::{Message, Part, Role};
use crate::words::hex;

pub use crate::weights::Precision;

/// How to load.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// How matrices are held.
    pub precision: Precision,
    /// Refuse when less than this is free, bytes; `None` asks the system.
    pub memory_available: Option<u64>,
    /// Folder for quantised weights and image features; nothing is written without one.
    pub cache: Option<PathBuf>,
    /// Adapter folders merged into the weights while these are packed, in order; see [`crate::Engine::adapter`] for the
    /// other way.
    pub merge: Vec<PathBuf>,
    /// `cpu`, or `cuda`, `cuda:1`, `metal` where the program was built for them; `candle` is the CPU in candle's tensors,
    /// the slow twin.
    pub device: String,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            precision: Precision::default(),
            memory_available: None,
            cache: None,
            merge: Vec::new(),
            device: "cpu".to_owned(),
        }
    }
}

/// What was loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Folder's last part.
    pub name: String,
    /// Folder.
    pub folder: PathBuf,
    /// Parameters.
    pub parameters: u64,
    /// SHA-256 over the weights.
    pub weights_sha256: String,
    /// SHA-256 of tokenizer.json.
    pub tokenizer_sha256: String,
    /// Longest context, tokens.
    pub context: usize,
    /// Side of the square the tower sees, px; `None` for text-only models.
    pub image_size: Option<usize>,
    /// Tokens an image becomes.
    pub tokens_per_image: usize,
    /// How matrices are held.
    pub precision: Precision,
    /// What a user should know about how it was loaded, a sentence each.
    pub notes: Vec<String>,
}

/// What kind of answer is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Task {
    /// One of these labels, scored.
    Score(Vec<String>),
    /// Yes or no for each label. The question of each ([`Scoring::yes_no`]) is the prompt's last line; the answers yes
    /// and no are scored in the spellings of [`crate::reading::YES`] and [`crate::reading::NO`].
    YesNo(Vec<String>),
    /// Free text.
    Open {
        /// Most tokens, those of a thought included.
        max_new_tokens: usize,
        /// How tokens are chosen.
        sampling: Sampling,
    },
}

impl Default for Task {
    fn default() -> Self {
        Self::Open {
            max_new_tokens: 500,
            sampling: Sampling::default(),
        }
    }
}

/// A question.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Turns; image parts take `images` in order.
    pub messages: Vec<Message>,
    /// Pictures before the model's resize.
    pub images: Vec<Picture>,
    /// Put after the opened model turn.
    pub prefix: String,
    /// Answer wanted.
    pub task: Task,
    /// How labels are compared.
    pub scoring: Scoring,
    /// How an open answer is written and ended.
    pub writing: Writing,
    /// Changes the model's products while this question is read.
    pub adapter: Option<Arc<Adapter>>,
    /// Id of the preprocessing that made the pictures, for the record and [`Question::fingerprint`].
    pub preprocessing: String,
}

impl Question {
    /// SHA-256 of what is asked, whatever the pictures and however many: roles and texts (runs of images with their
    /// captions as one mark), prefix, answer form, labels, scoring without its calibration, preprocessing. A
    /// calibration holds for one fingerprint.
    pub fn fingerprint(&self) -> String {
        let mut text = String::new();
        for message in &self.messages {
            text.push_str(match message.role {
                Role::System => "\u{1}system",
                Role::User => "\u{1}user",
                Role::Assistant => "\u{1}model",
            });
            let mut after_image = false;
            for part in &message.parts {
                match part {
                    Part::Image if after_image => {}
                    Part::Image => {
                        text.push_str("\u{2}images");
                        after_image = true;
                    }
                    Part::ImageAndCrops(_) => {
                        text.push_str("\u{2}crops");
                        after_image = true;
                    }
                    Part::Text(caption) if after_image && is_caption(caption) => {}
                    Part::Text(words) => {
                        text.push('\u{3}');
                        text.push_str(words);
                        after_image = false;
                    }
                }
            }
        }
        let scoring = Scoring {
            temperature: None,
            calibrated: None,
            ..self.scoring.clone()
        };
        // A record that cannot be written as JSON does not exist: all of these are plain text and numbers.
        let rest = serde_json::to_string(&(&self.prefix, &self.task, &scoring, &self.preprocessing))
            .unwrap_or_default();
        hex(&Sha256::digest(format!("{text}\u{4}{rest}").as_bytes()))
    }

    /// The adapter as the core takes it.
    pub(crate) fn adapter(&self) -> Option<&Adapter> {
        self.adapter.as_deref()
    }
}

/// `SLICE k`, as the official layout captions a slice.
pub(crate) fn is_caption(text: &str) -> bool {
    text.trim()
        .strip_prefix("SLICE ")
        .is_some_and(|k| !k.is_empty() && k.bytes().all(|b| b.is_ascii_digit()))
}

/// Progress of a read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReadEvent {
    /// The tower begins picture `k` of `n`, from 1.
    Vision {
        /// Picture.
        k: usize,
        /// Pictures.
        n: usize,
    },
    /// Prompt tokens done.
    Prefill {
        /// Done.
        done: usize,
        /// All.
        total: usize,
    },
    /// Labels scored.
    Scoring {
        /// Done.
        done: usize,
        /// All.
        total: usize,
    },
    /// A piece of the thought, before the answer begins.
    Thought(String),
    /// A piece of the open answer.
    Token(String),
}

/// A spelling of a label with what was found. Natural logarithms over the whole vocabulary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// The spelling.
    pub text: String,
    /// Its tokens, from the first that leaves the prompt.
    pub ids: Vec<u32>,
    /// One log-probability a token.
    pub log_probs: Vec<f64>,
    /// Log-probability of the end of the turn after it, where labels had to be closed ([`Comparison::closed`]).
    pub end: Option<f64>,
}

impl Variant {
    /// Log-likelihood of its tokens, without the end.
    pub fn sum(&self) -> f64 {
        self.log_probs.iter().sum()
    }

    /// The same a token.
    pub fn mean(&self) -> f64 {
        if self.log_probs.is_empty() {
            f64::NEG_INFINITY
        } else {
            self.sum() / self.log_probs.len() as f64
        }
    }

    /// Log-likelihood with the end, where there is one.
    pub(crate) fn closed_sum(&self) -> f64 {
        self.sum() + self.end.unwrap_or(0.0)
    }

    /// The same a token.
    pub(crate) fn closed_mean(&self) -> f64 {
        let n = self.log_probs.len() + usize::from(self.end.is_some());
        self.closed_sum() / n.max(1) as f64
    }
}

/// A label with what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelAnswer {
    /// The label.
    pub label: String,
    /// Among the labels (scored), or of yes (yes/no), after everything that [`Comparison`] lists.
    pub probability: f64,
    /// Log-likelihood of the likeliest spelling (of yes, for yes/no).
    pub sum: f64,
    /// The same a token.
    pub mean: f64,
    /// Its tokens.
    pub ids: Vec<u32>,
    /// Among the labels by sums alone; for yes/no before any correction.
    pub probability_by_sum: f64,
    /// Among the labels by means a token alone; for yes/no before any correction.
    pub probability_by_mean: f64,
    /// What the probability was made of: log-likelihood after normalisation, orders and correction, before any
    /// temperature; for yes/no the log-odds of yes.
    pub score: f64,
    /// The part of `score` that was found without content and taken off; `None` when nothing was.
    pub without_content: Option<f64>,
    /// Spellings; for yes/no those of yes, then those of no.
    pub variants: Vec<Variant>,
}

/// How labels were compared: the record of a scored answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// As asked.
    pub scoring: Scoring,
    /// Labels were compared with the end of the turn after each, because one begins another.
    pub closed: bool,
    /// Tokens at the prompt's end that labels merge with, and that were scored with them.
    pub merged: usize,
    /// Orders of the options, each as indexes into the labels.
    pub orders: Vec<Vec<usize>>,
    /// What was taken off, and how the prompt without content was made.
    pub correction: Option<Correction>,
    /// What was done with a calibration file.
    pub calibration: Calibrated,
    /// Wording of each yes-no question, `LABEL` for the label.
    pub yes_no: Option<String>,
    /// By how much the likeliest label leads (nats), where that is less than rounding the weights may move it: in float32
    /// another label might lead. For yes/no, the least distance of a label from even odds.
    #[serde(default)]
    pub within_rounding: Option<f64>,
    /// [`Question::fingerprint`].
    pub question_sha256: String,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Labels in the order asked; empty for open answers.
    pub labels: Vec<LabelAnswer>,
    /// How they were compared.
    pub comparison: Option<Comparison>,
    /// Open answer without the thought.
    pub text: String,
    /// The thought of a thinking model.
    pub thought: Option<String>,
    /// Generated ids.
    pub generated: Vec<u32>,
    /// Generated tokens with their probabilities, for display.
    pub tokens: Vec<Shown>,
    /// The answer ended by itself.
    pub complete: bool,
    /// Why an open answer cannot be used: `thought-only`, `repetition`, `truncated`, `empty`; parsing finds more kinds.
    pub invalid: Option<String>,
    /// Why writing ended; `None` for scored answers.
    pub ended: Option<Ended>,
    /// Template output.
    pub rendered_prompt: String,
    /// Text put after the opened model turn.
    pub prefix: String,
    /// Order of parts of the last user turn: `image`, `text`, in order; runs of captioned images as `slices`.
    pub part_order: String,
    /// How the model's own processor resizes ([`crate::image::RESIZE`]).
    pub resize: String,
    /// Input tokens.
    pub prompt_tokens: usize,
    /// SHA-256 of each picture after the model's resize.
    pub image_sha256: Vec<String>,
    /// SHA-256 of the adapter that it was read with.
    pub adapter_sha256: Option<String>,
    /// Seconds: vision, prefill, decode or scoring.
    pub seconds: [f64; 3],
    /// Tokens of the prompt that were taken from the last question.
    pub reused_tokens: usize,
}

/// The order of parts in the last user turn, for the record.
pub(crate) fn part_order(messages: &[Message]) -> String {
    let Some(turn) = messages.iter().rev().find(|m| m.role == Role::User) else {
        return String::new();
    };
    let mut words: Vec<&str> = Vec::new();
    let mut parts = turn.parts.iter().peekable();
    while let Some(part) = parts.next() {
        let word = match part {
            Part::Image => {
                if parts
                    .next_if(|next| matches!(next, Part::Text(text) if is_caption(text)))
                    .is_some()
                {
                    "slices"
                } else {
                    "image"
                }
            }
            Part::ImageAndCrops(_) => "image with crops",
            Part::Text(_) => "text",
        };
        if words.last() != Some(&word) || word == "image" {
            words.push(word);
        }
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(slices: usize, text: &str) -> Question {
        let mut parts = vec![Part::Text("Review the slices.".to_owned())];
        for k in 1..=slices {
            parts.extend([Part::Image, Part::Text(format!("SLICE {k}"))]);
        }
        parts.push(Part::Text(text.to_owned()));
        Question {
            messages: vec![Message {
                role: Role::User,
                parts,
            }],
            task: Task::Score(vec!["yes".to_owned(), "no".to_owned()]),
            ..Question::default()
        }
    }

    #[test]
    fn the_number_of_slices_is_no_part_of_what_is_asked() {
        let (few, many) = (question(3, "Is it?"), question(85, "Is it?"));
        assert_eq!(few.fingerprint(), many.fingerprint());
        assert_ne!(few.fingerprint(), question(3, "Was it?").fingerprint());
        let mut tempered = question(3, "Is it?");
        tempered.scoring.temperature = Some(2.0);
        assert_eq!(few.fingerprint(), tempered.fingerprint());
        tempered.preprocessing = "display/1".to_owned();
        assert_ne!(few.fingerprint(), tempered.fingerprint());
    }

    #[test]
    fn part_order_is_told_in_words() {
        assert_eq!(part_order(&question(3, "Is it?").messages), "text, slices, text");
        let pair = Message {
            role: Role::User,
            parts: vec![Part::Image, Part::Image, Part::Text("Compare.".to_owned())],
        };
        assert_eq!(part_order(&[pair]), "image, image, text");
    }
}
