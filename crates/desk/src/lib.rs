//! What a user can do, one file per use case, as functions and jobs with progress and cancel.
//!
//! Three skins stand on it: the window (`src-tauri`), the command line and the loopback test server (`crates/cli`).
//! No tauri, no clap, no printing here. [`wire`] is the border to a page.
#![forbid(unsafe_code)]

pub mod wire;
