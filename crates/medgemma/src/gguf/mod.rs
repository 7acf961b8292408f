//! GGUF: llama.cpp's file format.

pub(crate) mod blocks;
