//! Every figure of an evaluation, one file for each idea. Plain functions over slices give plain values: `None` where a
//! figure is undefined, never NaN. Two-sided 95 % unless a level is given.

pub mod classification;
pub mod paired;
pub mod proportion;
pub mod special;
