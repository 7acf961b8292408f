//! Reading protocols: which slices, which windows to RGB, which prompt, how an answer is parsed.
//!
//! Everything here is named, versioned and hashed, and pure: a reading that records its protocol can be repeated.
//! A changed rule gets a new number, never the old one.
#![forbid(unsafe_code)]

pub mod answer;
pub mod boxes;
pub mod crops;
pub mod preprocess;
pub mod prompt;
pub mod range;
pub mod slices;
pub mod square;
pub mod templates;

pub use preprocess::{Recipe, RgbPicture};
