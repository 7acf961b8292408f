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

pub mod cancel;
pub mod check;
pub mod config;
pub mod decoder;
pub mod engine;
pub mod error;
pub mod estimate;
pub mod generate;
pub mod image;
pub mod linear;
pub mod map;
pub mod names;
pub mod prompt;
pub mod question;
pub mod reading;
pub mod score;
pub mod template;
mod thought;
pub mod tokenizer;
pub mod trace;
pub mod vision;
pub mod weights;

pub use cancel::Cancel;
pub use engine::{Answer, Description, Engine, LoadOptions, Precision, Question, ReadEvent, Task};
pub use error::EngineError;
pub use image::Picture;
pub use question::{Comparison, LabelAnswer, Variant};
pub use reading::{agreement, calibration, probes, scoring};
pub use template::{Message, Part, Role};
