//! The order in which products read activations: tiles of a few rows, and in a tile 64 bytes (or a block) of each
//! row in turn. A tile is one stream of memory, and every row lies at a constant distance.

#[cfg(target_arch = "x86_64")]
mod avx512;

use rayon::prelude::*;

use crate::input::{BLOCK, Wanted};
#[cfg(target_arch = "x86_64")]
use crate::level::Level;

/// Words (of 4 bytes) that a row's block of the byte twin takes: eight of quants, then the five of [`Field`].
pub(crate) const BLOCK_WORDS: usize = 13;
/// Words of a block's quants.
pub(crate) const QUANT_WORDS: usize = BLOCK / 4;
/// Blocks are padded with zeros to a multiple of this: the super-blocks of weights.
const BLOCKS_TOGETHER: usize = 8;
/// Below so many values one core is faster than two.
const FEW: usize = 1 << 15;

/// What stands behind the quants of a block of `rows` rows: the word of `row` is `rows * (8 + field) + row`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field {
    /// float32: the scale.
    Scale = 0,
    /// float32: the scale times the sum of the quants.
    Sum = 1,
    /// int32: -128 times the sum.
    Minus128 = 2,
    /// int32: -32 times the sum of the first 16 quants.
    Minus32First = 3,
    /// int32: -32 times the sum of the last 16 quants.
    Minus32Last = 4,
}

/// Rows shared out evenly to tiles of at most so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiles {
    pub(crate) rows: usize,
    pub(crate) most: usize,
}

impl Tiles {
    /// How many tiles.
    pub(crate) fn count(self) -> usize {
        self.rows.div_ceil(self.most.max(1))
    }

    /// First row of a tile; the number of rows for the tile past the last.
    pub(crate) fn start(self, tile: usize) -> usize {
        let count = self.count().max(1);
        tile * (self.rows / count) + tile.min(self.rows % count)
    }
}

/// Words of a row of a twin.
pub(crate) fn row_words(wanted: Wanted, width: usize) -> usize {
    match wanted {
        Wanted::F32 => width.next_multiple_of(16),
        Wanted::Bf16 => width.next_multiple_of(32) / 2,
        Wanted::Int8 => width.div_ceil(BLOCK).next_multiple_of(BLOCKS_TOGETHER) * BLOCK_WORDS,
    }
}

/// Makes a twin of `[rows, width]` values.
pub(crate) fn fill(wanted: Wanted, values: &[f32], width: usize, tiles: Tiles, words: &mut Vec<u32>) {
    let each = row_words(wanted, width);
    words.resize(tiles.rows * each, 0);
    if words.is_empty() {
        return;
    }
    let (count, small) = (tiles.count(), tiles.rows / tiles.count());
    let larger = tiles.rows - count * small;
    // The first tiles have a row more than the others.
    let (first, others) = words.split_at_mut(larger * (small + 1) * each);
    let one = |start: usize, out: &mut [u32]| {
        let rows = out.len() / each;
        let values = &values[start * width..(start + rows) * width];
        #[cfg(target_arch = "x86_64")]
        if wanted == Wanted::Int8 && Level::detect() >= Level::Avx512 {
            for (r, row) in values.chunks_exact(width).enumerate() {
                #[expect(unsafe_code, reason = "instructions found at run time")]
                // SAFETY: the level says that the machine has AVX-512 F, BW and VL.
                unsafe {
                    avx512::row(row, out, rows, r);
                }
            }
            return;
        }
        crate::vectors::wide!(tile_any(wanted: Wanted, values: &[f32], width: usize, out: &mut [u32]));
    };
    if values.len() < FEW {
        for (t, out) in first.chunks_exact_mut((small + 1) * each).enumerate() {
            one(t * (small + 1), out);
        }
        for (t, out) in others.chunks_exact_mut(small * each).enumerate() {
            one(larger * (small + 1) + t * small, out);
        }
    } else {
        let head = first.par_chunks_exact_mut((small + 1) * each).enumerate();
        let tail = others.par_chunks_exact_mut(small * each).enumerate();
        let head = head.map(|(t, out)| (t * (small + 1), out));
        let tail = tail.map(|(t, out)| (larger * (small + 1) + t * small, out));
        head.chain(tail)
            .with_min_len(4)
            .for_each(|(start, out)| one(start, out));
    }
}

#[inline(always)]
fn tile_any(wanted: Wanted, values: &[f32], width: usize, out: &mut [u32]) {
    let rows = values.len() / width;
    for (r, row) in values.chunks_exact(width).enumerate() {
        match wanted {
            Wanted::F32 => {
                let (whole, rest) = row.as_chunks::<16>();
                let mut lines = out.chunks_exact_mut(16).skip(r).step_by(rows);
                for (from, line) in whole.iter().zip(&mut lines) {
                    line.copy_from_slice(&from.map(f32::to_bits));
                }
                if let (false, Some(line)) = (rest.is_empty(), lines.next()) {
                    let mut last = [0.0; 16];
                    last[..rest.len()].copy_from_slice(rest);
                    line.copy_from_slice(&last.map(f32::to_bits));
                }
            }
            Wanted::Bf16 => {
                let (whole, rest) = row.as_chunks::<32>();
                let mut lines = out.chunks_exact_mut(16).skip(r).step_by(rows);
                for (from, line) in whole.iter().zip(&mut lines) {
                    pairs(from, line);
                }
                if let (false, Some(line)) = (rest.is_empty(), lines.next()) {
                    let mut last = [0.0; 32];
                    last[..rest.len()].copy_from_slice(rest);
                    pairs(&last, line);
                }
            }
            Wanted::Int8 => {
                let (whole, rest) = row.as_chunks::<BLOCK>();
                let mut blocks = out.chunks_exact_mut(rows * BLOCK_WORDS);
                for (from, block) in whole.iter().zip(&mut blocks) {
                    quantise(from, block, rows, r);
                }
                if let (false, Some(block)) = (rest.is_empty(), blocks.next()) {
                    let mut last = [0.0; BLOCK];
                    last[..rest.len()].copy_from_slice(rest);
                    quantise(&last, block, rows, r);
                }
                for block in blocks {
                    quantise(&[0.0; BLOCK], block, rows, r);
                }
            }
        }
    }
}

/// bfloat16, nearest even; what is not a number stays so.
#[inline(always)]
fn pairs(from: &[f32; 32], line: &mut [u32]) {
    for (o, pair) in line.iter_mut().zip(from.as_chunks::<2>().0) {
        let [a, b] = pair.map(|v| {
            let bits = v.to_bits();
            let rounded = bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) >> 16;
            if v.is_nan() { bits >> 16 | 0x40 } else { rounded }
        });
        *o = a | b << 16;
    }
}

/// Added to a number below 2^22, it leaves the nearest integer (ties to even) in the lowest bits: 1.5 * 2^23.
const NEAREST: f32 = 12_582_912.0;

/// Scale and inverse scale of a block, from the bits of its largest magnitude.
#[inline(always)]
fn steps(top: u32) -> (f32, f32) {
    let largest = f32::from_bits(top);
    // What is smaller than this is nothing beside any other value.
    let scale = if largest > 1e-30 || largest.is_nan() {
        largest / 127.0
    } else {
        0.0
    };
    (scale, if scale > 0.0 { 1.0 / scale } else { 0.0 })
}

/// q = round(x / d), ties to even, d = max|x| / 127.
#[inline(always)]
fn quantise(from: &[f32; BLOCK], block: &mut [u32], rows: usize, row: usize) {
    // Magnitudes compare as their bits do: a maximum of integers may be taken in any order.
    let top = from.iter().fold(0, |m, v| m.max(v.to_bits() & 0x7FFF_FFFF));
    let (scale, inverse) = steps(top);
    let quants = from.map(|v| (v * inverse + NEAREST).to_bits() as i8);
    let first: i32 = quants[..16].iter().map(|q| i32::from(*q)).sum();
    let last: i32 = quants[16..].iter().map(|q| i32::from(*q)).sum();
    for (word, four) in block[row * QUANT_WORDS..]
        .iter_mut()
        .zip(quants.as_chunks::<4>().0)
    {
        *word = u32::from_le_bytes(four.map(|q| q as u8));
    }
    put_fields(block, rows, row, scale, first, last);
}

#[inline(always)]
fn put_fields(block: &mut [u32], rows: usize, row: usize, scale: f32, first: i32, last: i32) {
    let mut put = |field: Field, bits: u32| block[rows * (QUANT_WORDS + field as usize) + row] = bits;
    put(Field::Scale, scale.to_bits());
    put(Field::Sum, (scale * (first + last) as f32).to_bits());
    put(Field::Minus128, (-128 * (first + last)) as u32);
    put(Field::Minus32First, (-32 * first) as u32);
    put(Field::Minus32Last, (-32 * last) as u32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounding::to_bf16;

    #[test]
    fn rounding_to_pairs_is_that_of_one_value() {
        let mut from = [0.0; 32];
        for (i, v) in from.iter_mut().enumerate() {
            *v = f32::from_bits(0x3F80_0000 + (i as u32) * 0x1234 + 0x7FFF);
        }
        from[3] = f32::NAN;
        from[4] = f32::INFINITY;
        from[5] = f32::MAX;
        let mut line = [0; 16];
        pairs(&from, &mut line);
        for (i, v) in from.iter().enumerate() {
            assert_eq!((line[i / 2] >> (i % 2 * 16)) as u16, to_bf16(*v), "{v}");
        }
    }

    #[test]
    fn blocks_are_the_same_by_either_way() {
        let (rows, width) = (3, 75);
        let mut values: Vec<f32> = (0..rows * width)
            .map(|i| ((i * 37 % 101) as f32 - 50.0) * 0.013)
            .collect();
        // Ties, nothing at all, far too much, and what is not a number.
        values[..5].copy_from_slice(&[127.0, 0.5, 1.5, -2.5, -127.0]);
        values[width..width + 32].fill(0.0);
        values[width + 40] = f32::INFINITY;
        values[2 * width] = f32::NAN;
        values[2 * width + 33] = 1e-38;
        let tiles = Tiles { rows, most: rows };
        let (mut found, mut twin) = (Vec::new(), vec![0; rows * row_words(Wanted::Int8, width)]);
        fill(Wanted::Int8, &values, width, tiles, &mut found);
        tile_any(Wanted::Int8, &values, width, &mut twin);
        // Bits of what is not a number may differ: compare those as such.
        for (a, b) in found.iter().zip(&twin) {
            assert!(a == b || (f32::from_bits(*a).is_nan() && f32::from_bits(*b).is_nan()));
        }
        assert_eq!(found[0].to_le_bytes().map(|b| b as i8), [127, 0, 2, -2]);
    }

    #[test]
    fn tiles_share_rows_evenly() {
        for rows in 1..60 {
            for most in 1..15 {
                let tiles = Tiles { rows, most };
                let sizes: Vec<_> = (0..tiles.count())
                    .map(|t| tiles.start(t + 1) - tiles.start(t))
                    .collect();
                assert_eq!(sizes.iter().sum::<usize>(), rows);
                assert!(sizes.iter().all(|s| *s <= most && s + 1 >= sizes[0] && *s > 0));
            }
        }
    }
}
