//! Rows to strips: all cores, a strip at a time.

use rayon::prelude::*;

use super::{Format, Matrix, Plain, STRIP, native, quantise};
use crate::bytes::Bytes;
use crate::rounding::{from_bf16, from_f16, to_bf16};

/// See [`Matrix::pack`].
pub(super) fn pack(
    format: Format,
    rows: usize,
    columns: usize,
    fill: &(dyn Fn(usize, &mut [f32]) + Sync),
) -> Matrix {
    let padded = columns.next_multiple_of(format.block());
    by_strips(format, rows, columns, |s, strip, values| {
        // Zeros behind each row stay from the first time on; rows that the last strip lacks are zeros too.
        values.resize(padded * STRIP, 0.0);
        let lanes = STRIP.min(rows - s * STRIP);
        values[lanes * padded..].fill(0.0);
        for (lane, row) in values.chunks_exact_mut(padded).enumerate().take(lanes) {
            fill(s * STRIP + lane, &mut row[..columns]);
        }
        match format {
            Format::F32 => lines(strip, values, |v, line| line.copy_from_slice(&v[0].to_le_bytes())),
            Format::Bf16 => lines(strip, values, |v, line| {
                line[..2].copy_from_slice(&to_bf16(v[0]).to_le_bytes());
                line[2..].copy_from_slice(&to_bf16(v[1]).to_le_bytes());
            }),
            Format::Q8_0 | Format::Q4K | Format::Q6K => quantise::strip(format, values, strip),
        }
    })
}

/// Writes four bytes of each row in turn, from `[16][padded]` values.
#[inline(always)]
fn lines(strip: &mut [u8], values: &[f32], put: impl Fn(&[f32], &mut [u8])) {
    let steps = strip.len() / 64;
    let width = values.len() / STRIP;
    if steps == 0 {
        return;
    }
    let each = width / steps;
    for (step, line) in strip.chunks_exact_mut(64).enumerate() {
        for (lane, four) in line.chunks_exact_mut(4).enumerate() {
            put(&values[lane * width + step * each..][..each], four);
        }
    }
}

/// See [`Matrix::pack_blocks`].
pub(super) fn pack_blocks(format: Format, rows: usize, columns: usize, blocks: &[u8]) -> Option<Matrix> {
    let Some(bytes) = native::block_bytes(format) else {
        let plain = if format == Format::F32 {
            Plain::F32
        } else {
            Plain::Bf16
        };
        return pack_plain(format, rows, columns, plain, blocks);
    };
    if !columns.is_multiple_of(format.block()) {
        return None;
    }
    let row_bytes = (columns / format.block()).checked_mul(bytes)?;
    if rows.checked_mul(row_bytes)? != blocks.len() {
        return None;
    }
    Some(by_strips(format, rows, columns, |s, strip, _| {
        for lane in 0..STRIP.min(rows - s * STRIP) {
            let row = &blocks[(s * STRIP + lane) * row_bytes..][..row_bytes];
            for (block, strip_block) in row
                .chunks_exact(bytes)
                .zip(strip.chunks_exact_mut(format.strip_block_bytes()))
            {
                native::put(format, strip_block, lane, block);
            }
        }
    }))
}

/// See [`Matrix::pack_plain`].
pub(super) fn pack_plain(
    format: Format,
    rows: usize,
    columns: usize,
    plain: Plain,
    bytes: &[u8],
) -> Option<Matrix> {
    let each = plain.bytes();
    let row_bytes = columns.checked_mul(each)?;
    if rows.checked_mul(row_bytes)? != bytes.len() {
        return None;
    }
    let row_of = |row: usize| &bytes[row * row_bytes..][..row_bytes];
    Some(match (format, plain) {
        // The same numbers in another order: no arithmetic, so even what is not a number stays as it is.
        (Format::F32, Plain::F32) => by_strips(format, rows, columns, |s, strip, _| {
            interleave(strip, STRIP.min(rows - s * STRIP), row_bytes, |lane| {
                row_of(s * STRIP + lane)
            });
        }),
        (Format::Bf16, Plain::Bf16) => by_strips(format, rows, columns, |s, strip, _| {
            interleave(strip, STRIP.min(rows - s * STRIP), row_bytes, |lane| {
                row_of(s * STRIP + lane)
            });
        }),
        _ => pack(format, rows, columns, &|row, out| {
            let row = row_of(row);
            match plain {
                Plain::F32 => {
                    for (o, b) in out.iter_mut().zip(row.chunks_exact(4)) {
                        *o = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                    }
                }
                Plain::F16 => {
                    for (o, b) in out.iter_mut().zip(row.chunks_exact(2)) {
                        *o = from_f16(u16::from_le_bytes([b[0], b[1]]));
                    }
                }
                Plain::Bf16 => {
                    for (o, b) in out.iter_mut().zip(row.chunks_exact(2)) {
                        *o = from_bf16(u16::from_le_bytes([b[0], b[1]]));
                    }
                }
            }
        }),
    })
}

/// Rows of bytes to lines of four bytes of each row; the lines of 16 steps are written together, a whole line of each
/// row read.
fn interleave<'a>(strip: &mut [u8], lanes: usize, row_bytes: usize, row_of: impl Fn(usize) -> &'a [u8]) {
    for (group, lines) in strip.chunks_mut(64 * 16).enumerate() {
        for lane in 0..lanes {
            let row = row_of(lane);
            let from = &row[(group * 64).min(row_bytes)..(group * 64 + 64).min(row_bytes)];
            for (four, line) in from.chunks(4).zip(lines.chunks_exact_mut(64)) {
                line[lane * 4..lane * 4 + four.len()].copy_from_slice(four);
            }
        }
    }
}

/// Fills strips one by one, with room for values that is kept from one to the next.
fn by_strips(
    format: Format,
    rows: usize,
    columns: usize,
    each: impl Fn(usize, &mut [u8], &mut Vec<f32>) + Sync,
) -> Matrix {
    let strip_bytes = columns.div_ceil(format.block()) * format.strip_block_bytes();
    let bytes = Bytes::filled(Matrix::packed_bytes(format, rows, columns), |out| {
        if strip_bytes > 0 {
            out.par_chunks_exact_mut(strip_bytes)
                .enumerate()
                .for_each_init(Vec::new, |room, (s, strip)| each(s, strip, room));
        }
    });
    Matrix {
        format,
        rows,
        columns,
        bytes,
    }
}
