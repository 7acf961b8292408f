//! The SigLIP tower and the projector: a picture to `tokens_per_image` vectors of the decoder's width.

pub(crate) mod encoder;
mod tower;

pub use tower::{Projector, Tower};
