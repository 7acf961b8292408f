//! One test for each rule of reading, over files that these tests write themselves. Expected values are worked out by
//! hand from the standard; none come from our own decoder.

mod bits;
mod frames_in_space;
mod image;
mod splitting;
mod write;

pub(crate) use image::*;
