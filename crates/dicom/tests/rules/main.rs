//! One test for each rule of reading, over files that these tests write themselves. Expected values are worked out by
//! hand from the standard; none come from our own decoder.

mod bits;
mod charset;
mod fragments;
mod frames_in_space;
mod geometry;
mod image;
mod jpeg;
mod modality;
mod palette;
mod photometric;
mod refusals;
mod rle;
mod splitting;
mod structure;
mod truncated;
mod voi;
mod write;

pub(crate) use image::*;
