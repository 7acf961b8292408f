//! MedSigLIP and any other SiglipModel: pictures against short texts, without generation.

mod config;

pub use config::{SiglipConfig, TextTower};
