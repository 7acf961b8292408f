//! The scalar twin: what every other level computes, left to the compiler.
#![expect(unsafe_code, reason = "kernels read through the pointers of a tile")]

use super::STRIP;
use super::engine::Tile;
use super::layout::{self, LINE};
use super::unpack::{self, Q4, Q8, SPAN_BYTES};
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

/// Bytes of a strip's 32 columns, unpacked by [`unpack`].
pub(super) const COLUMNS_BYTES: usize = (2 + 32) * LINE;

/// Packed bytes to float32 lines: the two factors of [`unpack`](super::unpack), then 32 columns of quants without
/// offset.
pub(super) fn unpack<const KIND: u8>(part: &[u8], out: &mut [u8], s: usize, count: usize) {
    let (bytes, spans) = match KIND {
        Q8 => (layout::Q8_QUANTS + 512, 1),
        Q4 => (layout::Q4_QUANTS + 8 * layout::Q4_SPAN, 8),
        _ => (layout::Q6_QUANTS + 8 * layout::Q6_SPAN, 8),
    };
    let offset = match KIND {
        Q8 => 128.0,
        Q4 => 0.0,
        _ => 32.0,
    };
    debug_assert!(s == 0 && count == 1, "one strip at once");
    let mut room = [0; 8 * SPAN_BYTES];
    let room = &mut room[..spans * SPAN_BYTES];
    for (block, out) in part
        .chunks_exact(bytes)
        .zip(out.chunks_exact_mut(spans * COLUMNS_BYTES))
    {
        match KIND {
            Q8 => unpack::q8(block, room, 0, 1),
            Q4 => unpack::q4(block, room, 0, 1),
            _ => unpack::q6(block, room, 0, 1),
        }
        for (from, to) in room
            .chunks_exact(SPAN_BYTES)
            .zip(out.chunks_exact_mut(COLUMNS_BYTES))
        {
            to[..2 * LINE].copy_from_slice(&from[..2 * LINE]);
            let groups = from[2 * LINE..].as_chunks::<LINE>().0;
            let columns = to[2 * LINE..].as_chunks_mut::<LINE>().0;
            for (group, columns) in groups.iter().zip(columns.as_chunks_mut::<4>().0) {
                for (i, column) in columns.iter_mut().enumerate() {
                    let words = group.as_chunks::<4>().0;
                    for (o, word) in column.as_chunks_mut::<4>().0.iter_mut().zip(words) {
                        // Whole words are shifted: registers have no way to pick every fourth byte.
                        let quant = (u32::from_le_bytes(*word) >> (8 * i) & 0xFF).cast_signed();
                        *o = (quant as f32 - offset).to_le_bytes();
                    }
                }
            }
        }
    }
}

/// Byte activations and unpacked weights. The sums of a block are integers below 2^24: float32 holds them exactly.
///
/// # Safety
/// As [`parts`].
pub(super) unsafe fn bytes_tile<const KIND: u8>(tile: &Tile) {
    // SAFETY: the caller's.
    let parts = unsafe { parts(tile, COLUMNS_BYTES, tile.steps * BLOCK_WORDS * tile.rows) };
    let rows = tile.rows;
    if tile.first {
        parts.sums.fill([0.0; STRIP]);
    }
    let blocks = parts.x.chunks_exact(BLOCK_WORDS * rows);
    for (span, x) in parts.weights.chunks_exact(COLUMNS_BYTES).zip(blocks) {
        let lines = span.as_chunks::<LINE>().0;
        let a: [f32; STRIP] = std::array::from_fn(|l| f32_of(&lines[0], l));
        let b: [f32; STRIP] = std::array::from_fn(|l| f32_of(&lines[1], l));
        for (r, sum) in parts.sums.iter_mut().enumerate() {
            let quants = &x[r * QUANT_WORDS..][..QUANT_WORDS];
            let field = |f: Field| f32::from_bits(x[rows * (QUANT_WORDS + f as usize) + r]);
            let scale = field(Field::Scale);
            let first = dots(&lines[2..18], &quants[..4]);
            let last = dots(&lines[18..34], &quants[4..]);
            for l in 0..STRIP {
                if KIND == Q8 {
                    sum[l] += (first[l] + last[l]) * a[l] * scale;
                } else if KIND == Q4 {
                    sum[l] += (first[l] + last[l]) * a[l] * scale - b[l] * field(Field::Sum);
                } else {
                    sum[l] += (first[l] * a[l] + last[l] * b[l]) * scale;
                }
            }
        }
    }
}

/// Sums of 16 columns.
#[inline(always)]
fn dots(columns: &[[u8; LINE]], quants: &[u32]) -> [f32; STRIP] {
    let mut sum = [0.0; STRIP];
    for (four, word) in columns.as_chunks::<4>().0.iter().zip(quants) {
        for (column, byte) in four.iter().zip(word.to_le_bytes()) {
            let quant = f32::from(byte as i8);
            for (l, s) in sum.iter_mut().enumerate() {
                *s += f32_of(column, l) * quant;
            }
        }
    }
    sum
}
