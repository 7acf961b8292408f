//! Every figure of an evaluation, one file for each idea. Plain functions over slices give plain values: `None` where a
//! figure is undefined, never NaN. Two-sided 95 % unless a level is given.

pub mod agreement;
pub mod binary;
pub mod bootstrap;
pub mod classification;
pub mod cluster;
pub mod cochran;
pub mod difference;
pub mod generator;
pub mod multiple;
pub mod paired;
pub mod patients;
pub mod power;
pub mod proportion;
pub mod raters;
pub mod special;
pub mod weighted;
