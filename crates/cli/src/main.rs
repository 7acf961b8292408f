//! `overread`, the command line.
fn main() {}
