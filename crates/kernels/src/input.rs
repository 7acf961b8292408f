//! Activations `[m, k]` and their rounded twins, made once for all the matrices that read them.

use rayon::prelude::*;

use crate::level::Kernels;
use crate::matrix::tile;
use crate::panel::{self, Tiles};

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
    f32: Twin,
    bf16: Twin,
    int8: Twin,
}

/// Activations in the order of [`crate::panel`].
#[derive(Debug, Default)]
struct Twin {
    /// Rows of a tile; 0 while the twin is not made.
    tile: usize,
    words: Vec<u32>,
}

impl Input {
    /// Takes `[rows, width]` values in; the twins made before are void.
    ///
    /// # Panics
    /// When the length is not `rows * width`.
    pub fn load(&mut self, values: &[f32], rows: usize, width: usize) {
        self.begin(values, rows, width);
        // Not cleared before: what is written over need not be zeroed.
        self.values.resize(values.len(), 0.0);
        let part = values
            .len()
            .div_ceil(rayon::current_num_threads().max(1))
            .max(1 << 17);
        self.values
            .par_chunks_mut(part)
            .zip(values.par_chunks(part))
            .for_each(|(to, from)| to.copy_from_slice(from));
    }

    /// Takes `[rows, width]` values in for matrices that read `wanted` only, without keeping the values:
    /// [`Self::values`] is empty, and another twin cannot be made.
    ///
    /// # Panics
    /// When the length is not `rows * width`.
    pub fn load_for(&mut self, kernels: Kernels, wanted: Wanted, values: &[f32], rows: usize, width: usize) {
        self.begin(values, rows, width);
        self.values.clear();
        self.make(kernels, wanted, values);
    }

    fn begin(&mut self, values: &[f32], rows: usize, width: usize) {
        assert_eq!(
            Some(values.len()),
            rows.checked_mul(width),
            "activations of {rows} rows of {width}"
        );
        self.rows = rows;
        self.width = width;
        for twin in [&mut self.f32, &mut self.bf16, &mut self.int8] {
            twin.tile = 0;
        }
    }

    /// Room for `[rows, width]` values, to be written by the caller; what it holds is left over. The twins are void.
    pub fn fill(&mut self, rows: usize, width: usize) -> &mut [f32] {
        self.rows = rows;
        self.width = width;
        self.values.resize(rows * width, 0.0);
        for twin in [&mut self.f32, &mut self.bf16, &mut self.int8] {
            twin.tile = 0;
        }
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

    /// The values `[m, k]`; empty after [`Self::load_for`].
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Makes a twin unless it is there.
    ///
    /// # Panics
    /// When the values were not kept ([`Self::load_for`]) and the twin is another than the one made then.
    pub fn prepare(&mut self, kernels: Kernels, wanted: Wanted) {
        if self.twin(wanted).tile == tile(kernels.level(), wanted) {
            return;
        }
        assert_eq!(
            self.values.len(),
            self.rows * self.width,
            "the values were loaded for other matrices only"
        );
        let values = std::mem::take(&mut self.values);
        self.make(kernels, wanted, &values);
        self.values = values;
    }

    fn make(&mut self, kernels: Kernels, wanted: Wanted, values: &[f32]) {
        let most = tile(kernels.level(), wanted);
        let (rows, width) = (self.rows, self.width);
        let twin = match wanted {
            Wanted::F32 => &mut self.f32,
            Wanted::Bf16 => &mut self.bf16,
            Wanted::Int8 => &mut self.int8,
        };
        panel::fill(wanted, values, width, Tiles { rows, most }, &mut twin.words);
        twin.tile = most;
    }

    fn twin(&self, wanted: Wanted) -> &Twin {
        match wanted {
            Wanted::F32 => &self.f32,
            Wanted::Bf16 => &self.bf16,
            Wanted::Int8 => &self.int8,
        }
    }

    /// A twin and its tiles.
    pub(crate) fn panel(&self, wanted: Wanted) -> (&[u32], Tiles) {
        let twin = self.twin(wanted);
        debug_assert!(twin.tile > 0, "prepared before use");
        (
            &twin.words,
            Tiles {
                rows: self.rows,
                most: twin.tile,
            },
        )
    }
}
