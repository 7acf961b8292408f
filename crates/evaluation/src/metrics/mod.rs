//! Every figure of an evaluation, one file for each idea. Plain functions over slices give plain values: `None` where a
//! figure is undefined, never NaN. Two-sided 95 % unless a level is given.

pub mod agreement;
pub mod binary;
pub mod bootstrap;
pub mod boxes;
pub mod calibrators;
pub mod classification;
pub mod cluster;
pub mod cochran;
pub mod confidence;
pub mod conformal;
pub mod delong;
pub mod difference;
pub mod differential;
pub mod froc;
pub mod generator;
pub mod imrmc;
pub mod isotonic;
pub mod mrmc;
pub mod multilabel;
pub mod multiple;
pub mod paired;
pub mod patients;
pub mod platt;
pub mod power;
pub mod probabilities;
pub mod proportion;
pub mod raters;
pub mod roc;
pub mod selective;
pub mod special;
pub mod temperature;
pub mod tokens;
pub mod weighted;
