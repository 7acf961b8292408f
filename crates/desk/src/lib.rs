//! What a user can do, one file per use case, as functions and jobs with progress and cancel.
//!
//! Three skins stand on it: the window (`src-tauri`), the command line and the loopback test server (`crates/cli`).
//! No tauri, no clap, no printing here. [`wire`] is the border to a page; [`Desk::call`], [`Desk::start`] and
//! [`Desk::resource`] are its doors. The command line calls the functions of [`op`] as well.
#![forbid(unsafe_code)]

pub mod clock;
pub mod code;
pub mod convert;
pub mod desk;
pub mod dispatch;
pub mod frames;
pub mod home;
mod loaded;
pub mod op;
pub mod wire;

pub use desk::{Desk, DeskOptions};
pub use dispatch::Resource;
pub use overread_medgemma::Cancel;

/// A failure in words, as every operation gives it.
pub type Failure = wire::error::WireError;
/// What an operation gives.
pub type Outcome<T> = std::result::Result<T, Failure>;
