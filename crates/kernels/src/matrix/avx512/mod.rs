//! Kernels for registers of 512 bits. A tile is up to two strips by up to [`F32_ROWS`] (or [`BYTES_ROWS`]) rows: as many
//! sums as the 32 registers hold beside a weight of each strip and one activation.
#![expect(unsafe_code, reason = "vector instructions, and the pointers of a tile")]

pub(super) mod bytes;
pub(super) mod few;
pub(super) mod floats;

use super::engine::Tile;

/// Rows of a tile of float32 or bfloat16.
pub(super) const F32_ROWS: usize = 12;
/// Rows of a tile of bytes.
pub(super) const BYTES_ROWS: usize = 6;
/// Rows up to which weights are unpacked on the fly.
pub(super) const FEW: usize = 4;

/// Calls a kernel compiled for the strips `S` and rows `R` of a tile.
macro_rules! shaped {
    ($tile:expr, $call:expr; $($rows:literal)*) => {
        match ($tile.strips, $tile.rows) {
            $(
                (1, $rows) => {
                    const S: usize = 1;
                    const R: usize = $rows;
                    $call
                }
                (2, $rows) => {
                    const S: usize = 2;
                    const R: usize = $rows;
                    $call
                }
            )*
            _ => debug_assert!(false, "a tile of {} strips and {} rows", $tile.strips, $tile.rows),
        }
    };
}
use shaped;
