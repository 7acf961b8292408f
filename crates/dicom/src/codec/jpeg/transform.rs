//! Coefficients to samples: dequantisation, inverse DCT, level shift (T.81 A.3).

use std::f32::consts::PI;

/// Places of the coefficients in the order of the stream.
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The inverse transform with its tables.
pub(super) struct Inverse {
    /// `basis[u][x]`: C(u) / 2 * cos((2x + 1) u pi / 16).
    basis: [[f32; 8]; 8],
    centre: f32,
    top: f32,
}

impl Inverse {
    pub(super) fn new(precision: u8) -> Self {
        let mut basis = [[0.0; 8]; 8];
        for (u, row) in basis.iter_mut().enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                let scale = if u == 0 { 0.5_f32.sqrt() } else { 1.0 };
                *value = scale * 0.5 * ((2 * x + 1) as f32 * u as f32 * PI / 16.0).cos();
            }
        }
        Self {
            basis,
            centre: (1_u32 << (precision - 1)) as f32,
            top: ((1_u32 << precision) - 1) as f32,
        }
    }

    /// Samples of a block into the first eight of each of `lines`; the block is left empty.
    #[inline]
    pub(super) fn put<'a>(&self, block: &mut Block, lines: impl Iterator<Item = &'a mut [u16]>) {
        if block.filled == 1 {
            let value =
                self.sample(self.centre + 0.5 + block.values[0] * self.basis[0][0] * self.basis[0][0]);
            block.clear();
            for line in lines {
                if let Some(line) = line.first_chunk_mut::<8>() {
                    *line = [value; 8];
                }
            }
            return;
        }
        let samples = match block.rows() {
            0..=2 => self.block::<2>(block),
            3..=4 => self.block::<4>(block),
            5..=6 => self.block::<6>(block),
            _ => self.block::<8>(block),
        };
        block.clear();
        for (line, samples) in lines.zip(samples) {
            if let Some(line) = line.first_chunk_mut::<8>() {
                *line = samples;
            }
        }
    }

    /// Samples of a block, of whose rows of coefficients the first `ROWS` hold something. Sums run over eight samples
    /// at a time, always in the order of the frequencies: coefficients that are nothing are passed over or added, which
    /// comes to the same.
    #[inline]
    fn block<const ROWS: usize>(&self, block: &Block) -> [[u16; 8]; 8] {
        let mut rows = [[0.0_f32; 8]; ROWS];
        for (v, (row, line)) in rows.iter_mut().zip(block.values.chunks_exact(8)).enumerate() {
            let mut left = (block.filled >> (v * 8)) & 0xFF;
            while left != 0 {
                let u = left.trailing_zeros() as usize & 7;
                left &= left - 1;
                for (sum, basis) in row.iter_mut().zip(&self.basis[u]) {
                    *sum += line[u] * basis;
                }
            }
        }
        let mut samples = [[0_u16; 8]; 8];
        for (y, line) in samples.iter_mut().enumerate() {
            let mut sums = [self.centre + 0.5; 8];
            for (row, basis) in rows.iter().zip(&self.basis) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value * basis[y];
                }
            }
            for (sample, sum) in line.iter_mut().zip(sums) {
                *sample = self.sample(sum);
            }
        }
        samples
    }

    /// A sum within the range of the precision, its fraction cut off. Written with sums and comparisons alone, which
    /// every processor does for many at a time; a cast of its own is done one by one.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "within the range of the precision"
    )]
    #[inline(always)]
    fn sample(&self, value: f32) -> u16 {
        let value = if value > 0.0 { value } else { 0.0 };
        let value = if value < self.top { value } else { self.top };
        // From 2^23 on numbers have no fraction: the sum is rounded, and its lowest bits are the whole number.
        let sum = value + 8_388_608.0;
        let above = u32::from(sum - 8_388_608.0 > value);
        (sum.to_bits() & 0xFFFF).wrapping_sub(above) as u16
    }
}

/// Dequantised coefficients of a block, in natural order.
pub(super) struct Block {
    values: [f32; 64],
    /// A bit for each coefficient that may be other than 0.
    filled: u64,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            values: [0.0; 64],
            filled: 0,
        }
    }
}

impl Block {
    /// A block of coefficients; `table` in natural order too.
    #[inline]
    pub(super) fn of(coefficients: &[i16; 64], table: &[f32; 64]) -> Self {
        let mut block = Self {
            values: [0.0; 64],
            filled: 1,
        };
        for (value, (coefficient, step)) in block.values.iter_mut().zip(coefficients.iter().zip(table)) {
            *value = f32::from(*coefficient) * step;
        }
        for (v, line) in coefficients.chunks_exact(8).enumerate() {
            let line = line
                .iter()
                .rev()
                .fold(0_u64, |bits, c| bits << 1 | u64::from(*c != 0));
            block.filled |= line << (v * 8);
        }
        block
    }

    #[inline(always)]
    pub(super) fn put(&mut self, place: usize, value: f32) {
        self.values[place & 63] = value;
        self.filled |= 1 << (place & 63);
    }

    /// Rows up to the last one that holds something.
    #[inline(always)]
    fn rows(&self) -> u32 {
        (64 - self.filled.leading_zeros()).div_ceil(8)
    }

    #[inline(always)]
    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The quantisation table as it stands in the stream, in the order of the coefficients.
pub(super) fn steps(table: &[u16; 64]) -> [f32; 64] {
    table.map(f32::from)
}

/// The quantisation table in natural order.
pub(super) fn natural(table: &[u16; 64]) -> [f32; 64] {
    let mut out = [0.0; 64];
    for (value, place) in table.iter().zip(ZIGZAG) {
        out[place] = f32::from(*value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(coefficients: &[i16; 64]) -> [u16; 64] {
        let mut samples = [0; 64];
        Inverse::new(12).put(
            &mut Block::of(coefficients, &[1.0; 64]),
            samples.chunks_exact_mut(8),
        );
        samples
    }

    /// The sum itself, coefficient by coefficient.
    fn plain(coefficients: &[i16; 64]) -> [u16; 64] {
        let inverse = Inverse::new(12);
        let mut out = [[inverse.centre + 0.5; 8]; 8];
        for (v, line) in coefficients.chunks_exact(8).enumerate() {
            let mut row = [0.0_f32; 8];
            for (u, c) in line.iter().enumerate() {
                for (sum, basis) in row.iter_mut().zip(&inverse.basis[u]) {
                    *sum += f32::from(*c) * basis;
                }
            }
            for (line, weight) in out.iter_mut().zip(&inverse.basis[v]) {
                for (sum, value) in line.iter_mut().zip(&row) {
                    *sum += value * weight;
                }
            }
        }
        let mut samples = [0; 64];
        for (sample, value) in samples.iter_mut().zip(out.as_flattened()) {
            *sample = inverse.sample(*value);
        }
        samples
    }

    #[test]
    fn what_is_passed_over_changes_nothing() {
        for last in 0..64 {
            let mut coefficients = [0; 64];
            for (k, c) in coefficients.iter_mut().enumerate().take(last + 1) {
                *c = ((k * 7919 + last * 31) % 301) as i16 - 150;
                *c *= i16::from((k + last) % 3 != 0);
            }
            assert_eq!(samples(&coefficients), plain(&coefficients), "{last}");
        }
    }

    #[test]
    fn a_lone_dc_coefficient_is_a_flat_block() {
        let mut coefficients = [0; 64];
        coefficients[0] = 800;
        assert_eq!(samples(&coefficients), [2048 + 100; 64]);
    }

    #[test]
    fn fractions_are_cut_off() {
        let inverse = Inverse::new(12);
        for whole in [0_u16, 1, 2, 3, 1000, 2047, 2048, 4094] {
            let value = f32::from(whole);
            for fraction in [0.0, 0.25, 0.5, 0.75, 0.999] {
                assert_eq!(inverse.sample(value + fraction), whole, "{whole} + {fraction}");
            }
        }
        assert_eq!(
            [-3.0, -0.1, 4095.9, 1e9].map(|v| inverse.sample(v)),
            [0, 0, 4095, 4095]
        );
        assert_eq!(inverse.sample(f32::from_bits(1.0_f32.to_bits() - 1)), 0);
    }

    #[test]
    fn a_forward_transform_comes_back() {
        let samples: Vec<f64> = (0..64).map(|i| f64::from((i * 37 + i * i) % 4096)).collect();
        let mut coefficients = [0_i16; 64];
        for (k, c) in coefficients.iter_mut().enumerate() {
            let (u, v) = (k % 8, k / 8);
            let scale = |w: usize| if w == 0 { 0.5_f64.sqrt() } else { 1.0 };
            let cosine =
                |x: usize, w: usize| ((2 * x + 1) as f64 * w as f64 * std::f64::consts::PI / 16.0).cos();
            let sum: f64 = (0..64)
                .map(|i| (samples[i] - 2048.0) * cosine(i % 8, u) * cosine(i / 8, v))
                .sum();
            *c = (sum * scale(u) * scale(v) / 4.0).round() as i16;
        }
        for (got, expected) in self::samples(&coefficients).iter().zip(&samples) {
            assert!(
                (f64::from(*got) - expected).abs() <= 1.0,
                "{got}, expected {expected}"
            );
        }
    }
}
