//! The MedGemma engine: config, weights, tokenizer, image processor, towers, caches, scoring, generation.
#![forbid(unsafe_code)]
