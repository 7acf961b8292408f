//! The Gemma 3 decoder: local and global attention, image blocks seen both ways, a cache that knows its window.

mod attention;
mod cache;
mod layer;
pub(crate) mod norm;
mod rope;

pub use cache::{Cache, Span};
pub use layer::Decoder;
