//! The scalar twin: what every other level computes, left to the compiler.
#![expect(unsafe_code, reason = "kernels read through the pointers of a tile")]

use super::STRIP;
use super::engine::Tile;
use super::layout::LINE;
use super::unpack::{Q4, Q8, SPAN_BYTES};
use crate::panel::{BLOCK_WORDS, Field, QUANT_WORDS};

/// Rows of a tile.
pub(super) const ROWS: usize = 4;

/// The parts of a tile of one strip.
struct Parts<'a> {
    weights: &'a [u8],
    x: &'a [u32],
    sums: &'a mut [[f32; STRIP]],
}

/// # Safety
/// The tile's pointers must hold what it says: `steps` times `bytes` of weights and `words` words of activations.
unsafe fn parts(tile: &Tile, bytes: usize, words: usize) -> Parts<'_> {
    debug_assert_eq!(tile.strips, 1);
    // SAFETY: the caller says so.
    unsafe {
        Parts {
            weights: std::slice::from_raw_parts(tile.weights, tile.steps * bytes),
            x: std::slice::from_raw_parts(tile.x, words),
            sums: std::slice::from_raw_parts_mut(tile.sums.cast(), tile.rows),
        }
    }
}

/// float32 activations and weights.
///
/// # Safety
/// As [`parts`].
pub(super) unsafe fn f32_tile(tile: &Tile) {
    // SAFETY: the caller's.
    let parts = unsafe { parts(tile, LINE, tile.steps.next_multiple_of(16) * tile.rows) };
    let mut sums = [[0.0; STRIP]; ROWS];
    if !tile.first {
        sums[..tile.rows].copy_from_slice(parts.sums);
    }
    let rows = tile.rows;
    for (step, line) in parts.weights.as_chunks::<LINE>().0.iter().enumerate() {
        let w: [f32; STRIP] = std::array::from_fn(|l| f32_of(line, l));
        for (r, sum) in sums.iter_mut().enumerate().take(rows) {
            let x = f32::from_bits(parts.x[(step / 16 * rows + r) * 16 + step % 16]);
            for l in 0..STRIP {
                sum[l] += x * w[l];
            }
        }
    }
    parts.sums.copy_from_slice(&sums[..rows]);
}

#[inline(always)]
fn f32_of(line: &[u8; LINE], lane: usize) -> f32 {
    f32::from_bits(u32::from_le_bytes(line.as_chunks::<4>().0[lane]))
}

/// Byte activations and unpacked weights.
///
/// # Safety
/// As [`parts`].
pub(super) unsafe fn bytes_tile<const KIND: u8>(tile: &Tile) {
    // SAFETY: the caller's.
    let parts = unsafe { parts(tile, SPAN_BYTES, tile.steps * BLOCK_WORDS * tile.rows) };
    let rows = tile.rows;
    if tile.first {
        parts.sums.fill([0.0; STRIP]);
    }
    let blocks = parts.x.chunks_exact(BLOCK_WORDS * rows);
    for (span, x) in parts.weights.chunks_exact(SPAN_BYTES).zip(blocks) {
        let lines = span.as_chunks::<LINE>().0;
        let a: [f32; STRIP] = std::array::from_fn(|l| f32_of(&lines[0], l));
        let b: [f32; STRIP] = std::array::from_fn(|l| f32_of(&lines[1], l));
        for (r, sum) in parts.sums.iter_mut().enumerate() {
            let quants = &x[r * QUANT_WORDS..][..QUANT_WORDS];
            let field = |f: Field| x[rows * (QUANT_WORDS + f as usize) + r];
            let scale = f32::from_bits(field(Field::Scale));
            let first = dots(&lines[2..6], &quants[..4]);
            let last = dots(&lines[6..10], &quants[4..]);
            for l in 0..STRIP {
                if KIND == Q8 {
                    let dot = first[l] + last[l] + field(Field::Minus128) as i32;
                    sum[l] += dot as f32 * a[l] * scale;
                } else if KIND == Q4 {
                    let dot = first[l] + last[l];
                    sum[l] += dot as f32 * a[l] * scale - b[l] * f32::from_bits(field(Field::Sum));
                } else {
                    let first = first[l] + field(Field::Minus32First) as i32;
                    let last = last[l] + field(Field::Minus32Last) as i32;
                    sum[l] += (first as f32 * a[l] + last as f32 * b[l]) * scale;
                }
            }
        }
    }
}

/// Integer sums of 16 columns: unsigned weights, signed activations.
#[inline(always)]
fn dots(lines: &[[u8; LINE]], quants: &[u32]) -> [i32; STRIP] {
    let mut sum = [0; STRIP];
    for (line, word) in lines.iter().zip(quants) {
        let q = word.to_le_bytes().map(|b| i32::from(b as i8));
        for (s, w) in sum.iter_mut().zip(line.as_chunks::<4>().0) {
            *s += i32::from(w[0]) * q[0]
                + i32::from(w[1]) * q[1]
                + i32::from(w[2]) * q[2]
                + i32::from(w[3]) * q[3];
        }
    }
    sum
}
