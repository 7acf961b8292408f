//! Kernels for registers of 256 bits, of which there are sixteen: one strip by up to [`F32_ROWS`] rows of floats,
//! half a strip by up to [`BYTES_ROWS`] rows of bytes.
#![expect(unsafe_code, reason = "vector instructions, and the pointers of a tile")]

pub(super) mod bytes;
pub(super) mod floats;

use super::engine::Tile;

/// Rows of a tile of floats.
pub(super) const F32_ROWS: usize = 6;
/// Rows of a tile of bytes.
pub(super) const BYTES_ROWS: usize = 4;
