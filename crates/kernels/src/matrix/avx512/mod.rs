//! Kernels for registers of 512 bits: two strips by up to [`ROWS`] rows of floats, one strip by as many rows of
//! bytes. That is what 32 registers hold beside the weights.
#![expect(unsafe_code, reason = "vector instructions, and the pointers of a tile")]

pub(super) mod bytes;
pub(super) mod floats;

use super::engine::Tile;

/// Rows of a tile.
pub(super) const ROWS: usize = 12;

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
