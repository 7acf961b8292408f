//! What is asked of the engine, and what comes back.

use std::path::PathBuf;

use crate::generate::Sampling;
use crate::image::Picture;
use crate::template::Message;

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
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// One of these labels, scored.
    Score(Vec<String>),
    /// Yes or no for each label. The question of each is appended to the prompt as a last line `LABEL?`, and the
    /// answers `yes` and `no` (both capitalisations) are scored.
    YesNo(Vec<String>),
    /// Free text.
    Open {
        /// Most tokens.
        max_new_tokens: usize,
        /// How tokens are chosen.
        sampling: Sampling,
    },
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// Turns; image parts take `images` in order.
    pub messages: Vec<Message>,
    /// Pictures before the model's resize.
    pub images: Vec<Picture>,
    /// Put after the opened model turn.
    pub prefix: String,
    /// Answer wanted.
    pub task: Task,
}

/// Progress of a read.
#[derive(Clone, Debug, PartialEq)]
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
    /// A piece of the open answer.
    Token(String),
}

/// A label with what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelAnswer {
    /// The label.
    pub label: String,
    /// Among the labels (scored), or of yes (yes/no).
    pub probability: f64,
    /// Log-likelihood (of yes, for yes/no).
    pub sum: f64,
    /// The same a token.
    pub mean: f64,
    /// Its tokens.
    pub ids: Vec<u32>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Labels in the order asked; empty for open answers.
    pub labels: Vec<LabelAnswer>,
    /// Open answer without the thought.
    pub text: String,
    /// The thought of a thinking model.
    pub thought: Option<String>,
    /// Generated ids.
    pub generated: Vec<u32>,
    /// The answer ended by itself.
    pub complete: bool,
    /// Template output.
    pub rendered_prompt: String,
    /// Input tokens.
    pub prompt_tokens: usize,
    /// SHA-256 of each picture after the model's resize.
    pub image_sha256: Vec<String>,
    /// Seconds: vision, prefill, decode or scoring.
    pub seconds: [f64; 3],
    /// Tokens of the prompt that were taken from the last question.
    pub reused_tokens: usize,
}
