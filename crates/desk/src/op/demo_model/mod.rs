//! The demonstration model: trained here, from nothing, to name what the phantom generator planted.
//!
//! It has the architecture and the files of the MedGemma family and a thousandth of its size. Four stages: the tower
//! learns what a patch of a lesion looks like (from the same patient with and without the lesion, an auxiliary head
//! that is thrown away); the decoder learns to answer over the frozen tower; both learn together; at last the decoder
//! learns the questions about side and place and short volumes. Then a temperature is fitted on cases of their own, and
//! the model is judged on cases that nothing was fitted on. One seed decides every byte.

mod answers;
mod baseline;
mod judge;
mod patches;
mod slices;
mod stages;

pub use judge::Judged;
pub use stages::{Plan, train};
