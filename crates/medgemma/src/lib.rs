//! The MedGemma engine: Gemma 3 with a SigLIP tower, on this machine, in candle.
//!
//! candle-transformers has the text decoder only (and without RoPE scaling, with one key too many in the window); this
//! crate follows the reference implementation and is held to its recorded traces.
//!
//! * [`check`] says what a folder holds, in words.
//! * [`Engine::load`] maps the weights and reports progress; [`Engine::read`] answers a [`Question`].
//! * [`trace`] computes what the reference recorded, for comparison.
//!
//! Words are the papers': tower, projector, decoder, local and global attention, prefill, KV cache. Shapes: `T` tokens,
//! `D` hidden size, `H` heads, `K` key-value heads, `d` head dimension.
#![deny(unsafe_code)]

pub mod adapted;
pub mod adapter;
mod ahead;
pub mod cancel;
mod candle_backend;
pub mod check;
pub mod config;
mod decoder;
mod embeddings;
pub mod engine;
pub mod error;
pub mod estimate;
pub mod files;
pub mod generate;
mod gguf;
pub mod image;
pub mod known;
mod linear;
pub mod measure;
pub mod memory;
mod model;
pub mod names;
mod norm;
pub mod prompt;
pub mod question;
pub mod reading;
pub mod score;
pub mod siglip;
mod snapshots;
pub mod template;
mod thought;
pub mod tokenizer;
pub mod trace;
pub mod vision;
pub mod weights;
mod words;

pub use adapted::Adapter;
pub use adapter::{AdapterWeights, LowRank};
pub use cancel::Cancel;
pub use engine::{Answer, Description, Engine, LoadOptions, Precision, Question, ReadEvent, Task};
pub use error::EngineError;
pub use image::Picture;
pub use question::{Comparison, LabelAnswer, Variant};
pub use reading::{agreement, calibration, probes, scoring};
pub use template::{Message, Part, Role};

/// The instructions that the kernels use on this machine, a word.
pub fn level() -> &'static str {
    overread_kernels::Kernels::best().level().name()
}

/// Threads that share the work of a product.
pub fn threads() -> usize {
    overread_kernels::threads()
}
