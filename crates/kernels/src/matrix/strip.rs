//! Reading weights back from a strip.

use super::{Format, Matrix, STRIP};
use crate::rounding::from_bf16;

/// See [`Matrix::row`].
pub(super) fn row(matrix: &Matrix, row: usize, out: &mut [f32]) {
    let format = matrix.format;
    let strip_bytes = matrix.columns.div_ceil(format.block()) * format.strip_block_bytes();
    let strip = &matrix.bytes[row / STRIP * strip_bytes..][..strip_bytes];
    let lane = row % STRIP;
    for (c, o) in out.iter_mut().enumerate() {
        *o = match format {
            Format::F32 => {
                let at = (c * STRIP + lane) * 4;
                f32::from_le_bytes([strip[at], strip[at + 1], strip[at + 2], strip[at + 3]])
            }
            _ => {
                let at = (c / 2 * STRIP + lane) * 4 + c % 2 * 2;
                from_bf16(u16::from_le_bytes([strip[at], strip[at + 1]]))
            }
        };
    }
}
