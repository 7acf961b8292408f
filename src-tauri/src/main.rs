//! The window of Overread: a shell around `overread-desk`.
//!
//! It opens the page, hands requests to the desk, streams job events back, serves bytes under the `overread` scheme
//! and asks the system for folders. It holds no rule of its own: what a user can do lives in the desk.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod picker;
mod protocol;
mod shell;

fn main() {
    shell::run();
}
