//! What tests share: comparing pictures and numbers, the one table of tolerances, and where fixtures lie.
//!
//! For `[dev-dependencies]` only; it depends on none of the crates it helps to test.
//!
//! * [`shared_dir`] and [`shared`] find the folder of references, or print one line and give `None`.
//! * [`compare_bytes`] and [`compare_floats`] measure; [`check_picture`] also judges and leaves the actual, the expected
//!   and the difference as PNG under [`artefacts_dir`] when it fails.
//! * [`tolerance`] holds every limit with its reason. A test that needs another one adds a row there.
#![forbid(unsafe_code)]

mod compare;
mod fixture;
mod picture;
pub mod tolerance;

pub use compare::{ByteDifference, FloatDifference, UnequalShapes, compare_bytes, compare_floats};
pub use fixture::{artefacts_dir, shared, shared_dir, workspace_root};
pub use picture::{Mismatch, Picture, PictureError, check_picture};
pub use tolerance::Tolerance;
