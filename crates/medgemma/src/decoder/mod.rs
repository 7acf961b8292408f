//! The Gemma 3 decoder: local and global attention, image blocks seen both ways, a cache that knows its window.

mod cache;
mod layer;
mod rope;
mod span;
mod stack;

pub(crate) use cache::{Cache, CacheFormat};
pub(crate) use span::Span;
pub(crate) use stack::{Decoder, Wanted};
