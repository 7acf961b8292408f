//! Activations `[m, k]` and their rounded twins, made once for all the matrices that read them.

use crate::level::Kernels;
use crate::rounding::to_bf16;

/// Values that share a scale when activations are rounded to bytes.
pub const BLOCK: usize = 32;

/// What a matrix wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// float32 as it is.
    F32,
    /// bfloat16, nearest even.
    Bf16,
    /// Signed bytes, one scale (float32) to 32 values: `q = round(x / d)`, `d = max|x| / 127`.
    Int8,
}

/// Activations of `m` rows of `k` values. The buffers are kept between uses: one `Input` serves a whole pass.
#[derive(Debug, Default)]
pub struct Input {
    rows: usize,
    width: usize,
    values: Vec<f32>,
    bf16: Vec<u16>,
    int8: Vec<i8>,
    scales: Vec<f32>,
    sums: Vec<i32>,
    has_bf16: bool,
    has_int8: bool,
}

impl Input {
    /// Takes `[rows, width]` values in; the twins made before are void.
    ///
    /// # Panics
    /// When the length is not `rows * width`.
    pub fn load(&mut self, values: &[f32], rows: usize, width: usize) {
        assert_eq!(
            values.len(),
            rows * width,
            "activations of {rows} rows of {width}"
        );
        self.rows = rows;
        self.width = width;
        self.values.clear();
        self.values.extend_from_slice(values);
        self.has_bf16 = false;
        self.has_int8 = false;
    }

    /// Room for `[rows, width]` values, to be written by the caller; what it holds is left over. The twins are void.
    pub fn fill(&mut self, rows: usize, width: usize) -> &mut [f32] {
        self.rows = rows;
        self.width = width;
        self.values.resize(rows * width, 0.0);
        self.has_bf16 = false;
        self.has_int8 = false;
        &mut self.values
    }

    /// Rows, `m`.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values a row, `k`.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Width of a row of the byte twin: `k` rounded up to whole blocks, the rest zero.
    pub fn padded(&self) -> usize {
        self.width.next_multiple_of(BLOCK)
    }

    /// Makes a twin unless it is there.
    pub fn prepare(&mut self, _kernels: Kernels, wanted: Wanted) {
        match wanted {
            Wanted::F32 => {}
            Wanted::Bf16 if self.has_bf16 => {}
            Wanted::Int8 if self.has_int8 => {}
            Wanted::Bf16 => {
                // Pairs are multiplied together: an odd width is filled up with a zero.
                let padded = self.width.next_multiple_of(2);
                self.bf16.clear();
                self.bf16.resize(self.rows * padded, 0);
                for (row, out) in self
                    .values
                    .chunks_exact(self.width.max(1))
                    .zip(self.bf16.chunks_exact_mut(padded.max(1)))
                {
                    for (v, o) in row.iter().zip(out) {
                        *o = to_bf16(*v);
                    }
                }
                self.has_bf16 = true;
            }
            Wanted::Int8 => {
                let padded = self.padded();
                let blocks = padded / BLOCK;
                self.int8.clear();
                self.int8.resize(self.rows * padded, 0);
                self.scales.clear();
                self.scales.resize(self.rows * blocks, 0.0);
                self.sums.clear();
                self.sums.resize(self.rows * blocks, 0);
                for (r, row) in self.values.chunks_exact(self.width.max(1)).enumerate() {
                    for (b, block) in row.chunks(BLOCK).enumerate() {
                        let largest = block.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
                        let scale = largest / 127.0;
                        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
                        let mut sum = 0;
                        for (i, v) in block.iter().enumerate() {
                            let q = (v * inverse).round_ties_even().clamp(-127.0, 127.0) as i8;
                            sum += i32::from(q);
                            self.int8[r * padded + b * BLOCK + i] = q;
                        }
                        self.scales[r * blocks + b] = scale;
                        self.sums[r * blocks + b] = sum;
                    }
                }
                self.has_int8 = true;
            }
        }
    }

    /// bfloat16 twin `[m, k rounded up to even]`.
    pub fn bf16(&self) -> &[u16] {
        debug_assert!(self.has_bf16, "prepared before use");
        &self.bf16
    }

    /// Byte twin: quants `[m, padded]`, scales `[m, padded / 32]`, sums of each block's quants `[m, padded / 32]`.
    pub fn int8(&self) -> (&[i8], &[f32], &[i32]) {
        debug_assert!(self.has_int8, "prepared before use");
        (&self.int8, &self.scales, &self.sums)
    }
}
