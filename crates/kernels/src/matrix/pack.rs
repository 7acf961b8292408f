//! Rows to strips.

use super::{Format, Matrix, STRIP};
use crate::bytes::Bytes;
use crate::rounding::to_bf16;

/// See [`Matrix::pack`].
pub(super) fn pack(
    format: Format,
    rows: usize,
    columns: usize,
    fill: &(dyn Fn(usize, &mut [f32]) + Sync),
) -> Matrix {
    let bytes = Bytes::filled(Matrix::packed_bytes(format, rows, columns), |out| {
        let mut row = vec![0.0; columns];
        for r in 0..rows {
            fill(r, &mut row);
            put(format, columns, out, r, &row);
        }
    });
    Matrix {
        format,
        rows,
        columns,
        bytes,
    }
}

fn put(format: Format, columns: usize, out: &mut [u8], row: usize, values: &[f32]) {
    let strip_bytes = columns.div_ceil(format.block()) * format.strip_block_bytes();
    let strip = &mut out[row / STRIP * strip_bytes..][..strip_bytes];
    let lane = row % STRIP;
    for (c, v) in values.iter().enumerate() {
        match format {
            Format::F32 => strip[(c * STRIP + lane) * 4..][..4].copy_from_slice(&v.to_le_bytes()),
            _ => strip[(c / 2 * STRIP + lane) * 4 + c % 2 * 2..][..2]
                .copy_from_slice(&to_bf16(*v).to_le_bytes()),
        }
    }
}

/// See [`Matrix::pack_blocks`].
pub(super) fn pack_blocks(_format: Format, _rows: usize, _columns: usize, _blocks: &[u8]) -> Option<Matrix> {
    None
}
