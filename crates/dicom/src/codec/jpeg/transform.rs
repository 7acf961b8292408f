//! Coefficients to samples: dequantisation, inverse DCT, level shift (T.81 A.3), and what follows for colours.

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

    /// Samples of a block, row by row; coefficients and `table` are in natural order. Sums run over eight samples at a
    /// time, and coefficients that are nothing are passed over.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the range of the precision"
    )]
    pub(super) fn block(&self, coefficients: &[i32], table: &[f32; 64]) -> [u16; 64] {
        let mut out = [[self.centre + 0.5; 8]; 8];
        for (v, line) in coefficients.chunks_exact(8).enumerate().take(8) {
            if line.iter().all(|c| *c == 0) {
                continue;
            }
            let mut row = [0.0_f32; 8];
            for (u, coefficient) in line.iter().enumerate() {
                if *coefficient != 0 {
                    let value = *coefficient as f32 * table[v * 8 + u];
                    for (sum, basis) in row.iter_mut().zip(&self.basis[u]) {
                        *sum += value * basis;
                    }
                }
            }
            for (line, weight) in out.iter_mut().zip(&self.basis[v]) {
                for (sum, value) in line.iter_mut().zip(&row) {
                    *sum += value * weight;
                }
            }
        }
        let mut samples = [0_u16; 64];
        for (sample, value) in samples.iter_mut().zip(out.as_flattened()) {
            *sample = value.clamp(0.0, self.top) as i32 as u16;
        }
        samples
    }
}

/// The quantisation table in natural order.
pub(super) fn natural(table: &[u16; 64]) -> [f32; 64] {
    let mut out = [0.0; 64];
    for (value, place) in table.iter().zip(ZIGZAG) {
        out[place] = f32::from(*value);
    }
    out
}

/// Y Cb Cr of a pixel to R G B (JFIF, scaled to the precision).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of the precision"
)]
pub(super) fn to_rgb(ybr: [u16; 3], precision: u8) -> [u32; 3] {
    let centre = f64::from(1_u32 << (precision - 1));
    let top = f64::from((1_u32 << precision) - 1);
    let [y, cb, cr] = [
        f64::from(ybr[0]),
        f64::from(ybr[1]) - centre,
        f64::from(ybr[2]) - centre,
    ];
    [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    .map(|v| (v + 0.5).floor().clamp(0.0, top) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_dc_coefficient_is_a_flat_block() {
        let mut coefficients = [0; 64];
        coefficients[0] = 800;
        let block = Inverse::new(12).block(&coefficients, &[1.0; 64]);
        assert_eq!(block, [2048 + 100; 64]);
    }

    #[test]
    fn a_forward_transform_comes_back() {
        let samples: Vec<f64> = (0..64).map(|i| f64::from((i * 37 + i * i) % 4096)).collect();
        let mut coefficients = [0_i32; 64];
        for (k, c) in coefficients.iter_mut().enumerate() {
            let (u, v) = (k % 8, k / 8);
            let scale = |w: usize| if w == 0 { 0.5_f64.sqrt() } else { 1.0 };
            let cosine =
                |x: usize, w: usize| ((2 * x + 1) as f64 * w as f64 * std::f64::consts::PI / 16.0).cos();
            let sum: f64 = (0..64)
                .map(|i| (samples[i] - 2048.0) * cosine(i % 8, u) * cosine(i / 8, v))
                .sum();
            *c = (sum * scale(u) * scale(v) / 4.0).round() as i32;
        }
        let block = Inverse::new(12).block(&coefficients, &[1.0; 64]);
        for (got, expected) in block.iter().zip(&samples) {
            assert!(
                (f64::from(*got) - expected).abs() <= 1.0,
                "{got}, expected {expected}"
            );
        }
    }

    #[test]
    fn grey_stays_grey() {
        assert_eq!(to_rgb([1000, 2048, 2048], 12), [1000; 3]);
    }
}
