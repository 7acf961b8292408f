//! Reading weights back from a strip: a row, or all its rows at once, which costs a tenth a row.

use super::{Format, Matrix, STRIP, layout};
use crate::rounding::from_bf16;

/// Columns that are read back at once.
const SPAN: usize = layout::SPAN;

/// The rows of some columns of a strip.
type Piece = [[f32; SPAN]; STRIP];

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

/// See [`Matrix::strip_rows`]. `out` has `columns` values a row, and as many rows as are wanted.
pub(super) fn rows(matrix: &Matrix, strip: usize, out: &mut [f32]) {
    let strip = &matrix.bytes[strip * matrix.strip_bytes()..][..matrix.strip_bytes()];
    let (format, columns) = (matrix.format, matrix.columns);
    crate::vectors::wide!(all_rows(strip: &[u8], format: Format, columns: usize, out: &mut [f32]));
}

#[inline(always)]
fn all_rows(strip: &[u8], format: Format, columns: usize, out: &mut [f32]) {
    let mut piece: Piece = [[0.0; SPAN]; STRIP];
    for (span, first) in (0..columns).step_by(SPAN).enumerate() {
        match format {
            Format::F32 => plain(strip, first, columns, &mut piece),
            Format::Bf16 => pairs(strip, first, columns, &mut piece),
            Format::Q8_0 => q8(&strip[span * format.strip_block_bytes()..], &mut piece),
            Format::Q4K => {
                let block = &strip[span / SPANS * format.strip_block_bytes()..];
                q4(block, span % SPANS, &mut piece);
            }
            Format::Q6K => {
                let block = &strip[span / SPANS * format.strip_block_bytes()..];
                q6(block, span % SPANS, &mut piece);
            }
        }
        let width = SPAN.min(columns - first);
        for (row, from) in out.chunks_exact_mut(columns).zip(&piece) {
            row[first..first + width].copy_from_slice(&from[..width]);
        }
    }
}

/// Spans of a super-block.
const SPANS: usize = layout::SUPER / SPAN;

#[inline(always)]
fn plain(strip: &[u8], first: usize, columns: usize, piece: &mut Piece) {
    let lines = &strip.as_chunks::<{ layout::LINE }>().0[first..columns.min(first + SPAN)];
    for (c, line) in lines.iter().enumerate() {
        for (row, value) in piece.iter_mut().zip(line.as_chunks::<4>().0) {
            row[c] = f32::from_le_bytes(*value);
        }
    }
}

#[inline(always)]
fn pairs(strip: &[u8], first: usize, columns: usize, piece: &mut Piece) {
    let lines = &strip.as_chunks::<{ layout::LINE }>().0[first / 2..columns.min(first + SPAN).div_ceil(2)];
    for (c, line) in lines.iter().enumerate() {
        for (row, pair) in piece.iter_mut().zip(line.as_chunks::<4>().0) {
            let pair = u32::from_le_bytes(*pair);
            row[2 * c] = f32::from_bits(pair << 16);
            row[2 * c + 1] = f32::from_bits(pair & 0xFFFF_0000);
        }
    }
}

/// A register of bytes to four columns: `value(row, quant)`.
#[inline(always)]
fn line(piece: &mut Piece, column: usize, quants: &[u8; layout::LINE], value: impl Fn(usize, u8) -> f32) {
    for ((lane, row), four) in piece.iter_mut().enumerate().zip(quants.as_chunks::<4>().0) {
        for (o, quant) in row[column..column + 4].iter_mut().zip(four) {
            *o = value(lane, *quant);
        }
    }
}

#[inline(always)]
fn q8(block: &[u8], piece: &mut Piece) {
    let d: [f32; STRIP] = std::array::from_fn(|lane| layout::half_at(block, lane * 2));
    let lines = block[layout::Q8_QUANTS..].as_chunks::<{ layout::LINE }>().0;
    for (i, quants) in lines.iter().take(8).enumerate() {
        line(piece, 4 * i, quants, |lane, quant| {
            d[lane] * (i32::from(quant) - 128) as f32
        });
    }
}

#[inline(always)]
fn q4(block: &[u8], span: usize, piece: &mut Piece) {
    let scales = &block[layout::Q4_SCALES + span * STRIP..][..STRIP];
    let mins = &block[layout::Q4_MINS + span * STRIP..][..STRIP];
    let scale: [f32; STRIP] =
        std::array::from_fn(|lane| layout::half_at(block, lane * 2) * f32::from(scales[lane]));
    let min: [f32; STRIP] = std::array::from_fn(|lane| {
        layout::half_at(block, layout::Q4_DMIN + lane * 2) * f32::from(mins[lane])
    });
    let nibbles = &block[layout::Q4_QUANTS + span * layout::Q4_SPAN..][..layout::Q4_SPAN];
    for (i, quants) in nibbles.as_chunks::<{ layout::LINE }>().0.iter().enumerate() {
        let value = |lane: usize, quant: u8| scale[lane] * f32::from(quant) - min[lane];
        line(piece, 4 * i, quants, |lane, quant| value(lane, quant & 15));
        line(piece, 16 + 4 * i, quants, |lane, quant| value(lane, quant >> 4));
    }
}

#[inline(always)]
fn q6(block: &[u8], span: usize, piece: &mut Piece) {
    let bits = &block[layout::Q6_QUANTS + span * layout::Q6_SPAN..][..layout::Q6_SPAN];
    let (low, high) = bits.split_at(layout::Q6_HIGH);
    let (low, high) = (
        low.as_chunks::<{ layout::LINE }>().0,
        high.as_chunks::<{ layout::LINE }>().0,
    );
    for half in 0..2 {
        let scales = &block[layout::Q6_SCALES + (2 * span + half) * STRIP..][..STRIP];
        let scale: [f32; STRIP] =
            std::array::from_fn(|lane| layout::half_at(block, lane * 2) * f32::from(scales[lane] as i8));
        for (i, low) in low.iter().enumerate() {
            let quants: [u8; layout::LINE] = std::array::from_fn(|b| {
                let nibble = low[b] >> (4 * half) & 15;
                nibble | (high[half][b] >> (2 * i) & 3) << 4
            });
            let value = |lane: usize, quant: u8| scale[lane] * (i32::from(quant) - 32) as f32;
            line(piece, 16 * half + 4 * i, &quants, value);
        }
    }
}
