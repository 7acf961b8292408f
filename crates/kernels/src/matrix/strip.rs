//! Reading weights back from a strip.

use super::{Format, Matrix, STRIP, layout};
use crate::rounding::from_bf16;

/// See [`Matrix::row`].
pub(super) fn row(matrix: &Matrix, row: usize, out: &mut [f32]) {
    let format = matrix.format;
    let strip = &matrix.bytes[row / STRIP * matrix.strip_bytes()..][..matrix.strip_bytes()];
    let lane = row % STRIP;
    match format {
        Format::F32 => {
            for (o, line) in out.iter_mut().zip(strip.chunks_exact(64)) {
                let at = lane * 4;
                *o = f32::from_le_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]]);
            }
        }
        Format::Bf16 => {
            for (pair, line) in out.chunks_mut(2).zip(strip.chunks_exact(64)) {
                for (i, o) in pair.iter_mut().enumerate() {
                    let at = lane * 4 + i * 2;
                    *o = from_bf16(u16::from_le_bytes([line[at], line[at + 1]]));
                }
            }
        }
        Format::Q8_0 | Format::Q4K | Format::Q6K => {
            let blocks = strip.chunks_exact(format.strip_block_bytes());
            for (part, block) in out.chunks_mut(format.block()).zip(blocks) {
                for (c, o) in part.iter_mut().enumerate() {
                    *o = layout::weight(format, block, c, lane);
                }
            }
        }
    }
}
