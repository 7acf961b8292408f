//! GGUF: llama.cpp's file format. A text model in one file (or numbered parts), its tower and projector in another
//! (`mmproj`).
//!
//! * `metadata` reads keys and values, `file` the tensor table; both believe no length before the file's own.
//! * `config` and `tokenizer` make of the keys what `config.json` and `tokenizer.json` hold; `names` gives tensors
//!   their internal names.
//! * `blocks` widens quantised weights.

pub(crate) mod blocks;
mod config;
mod file;
pub(crate) mod folder;
mod metadata;
mod names;
mod tokenizer;
