//! Learning on the desk: the backward pass of the MedGemma family, low-rank adapters, training from nothing.
//!
//! The engine reads; this crate computes what each number does to the loss and changes those that are learned. The
//! model is the engine's: the same config, tensors by the same internal names, the same prompts. Base weights may be
//! packed in any of the engine's formats; the gradient goes through the opened rows (QLoRA, Dettmers et al. 2023, arXiv
//! 2305.14314, with the engine's formats).
//!
//! * [`Learner`] holds the model and gives losses and gradients of [`Example`]s.
//! * [`head`] has linear probes and small MLPs over embeddings of a frozen model.
//! * [`Parameters`] are its plain tensors, [`Gradients`] what was found out about them.
//!
//! Words are the papers'; shapes as in the engine: `T` tokens, `D` hidden size, `Dv` the tower's, `r` rank.
#![forbid(unsafe_code)]

pub mod augment;
pub mod error;
pub mod estimate;
pub mod head;
pub mod lora;
pub mod made;
pub mod model;
mod ops;
pub mod optimiser;
pub mod parameters;
pub mod probe;
pub mod random;
pub mod scratch;
pub mod state;
pub mod train;

pub use error::TuningError;
pub use model::{Example, Held, Learner, Losses, Manner, Patches, Seen, Tensors};
pub use ops::loss::Loss;
pub use optimiser::{AdamW, OptimiserSettings, Schedule};
pub use parameters::{Gradients, Id, Parameters};
