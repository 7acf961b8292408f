//! Weights `[n, k]`, packed in strips of [`STRIP`] rows, in one of five formats.
//!
//! A strip holds its 16 rows interleaved, so that one vector register holds the same few columns of 16 rows and a
//! product needs no sum across lanes. The last strip is filled up with zero rows. The layouts (all little-endian):
//!
//! | format | a strip |
//! |---|---|
//! | `F32` | for each column: 16 f32 |
//! | `Bf16` | for each pair of columns: 16 x 2 bf16 |
//! | `Q8_0` | for each 32 columns: 16 f16 scales `d`, then 8 x (16 rows x 4 columns) bytes `q + 128`; w = d (byte - 128) |
//! | `Q4K` | for each 256 columns: 16 f16 `d`, 16 f16 `dmin`, 8 x 16 scales `sc`, 8 x 16 mins `m` (6 bits, a byte each), then for each 32 columns 4 x 64 bytes of nibbles; w = d sc q - dmin m |
//! | `Q6K` | for each 256 columns: 16 f16 `d`, 16 x 16 signed scales `sc` (one to 16 columns), then for each 32 columns 4 x 64 bytes of low nibbles and 2 x 64 bytes of high pairs; w = d sc (q - 32) |
//!
//! 64 bytes of nibbles, number `j`, are 16 rows x 4: byte `4 row + i` holds column `4j + i` low and column
//! `16 + 4j + i` high. In the 64 bytes of high pairs, number `h`, byte `4 row + i` holds columns `16h + 4j + i` for
//! `j` of 0 to 3, two bits each, `j = 0` lowest. Columns past `k` are zeros; so are rows past `n`.
//!
//! Products with bytes are the same arithmetic at every level: an exact integer sum over 32 columns (16 for `Q6K`),
//! which is then scaled and added in float32, block after block. Levels differ by the rounding of those few float
//! operations.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod engine;
mod finish;
mod layout;
mod native;
mod pack;
mod plain;
mod product;
mod quantise;
mod strip;
mod unpack;

pub(crate) use engine::tile;

use crate::bytes::Bytes;
use crate::input::{Input, Wanted};
use crate::level::Kernels;
use crate::stop::Stop;

/// Rows packed together.
pub const STRIP: usize = 16;

/// How weights are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// 4 bytes a weight, products in float32: the contract of exactness.
    F32,
    /// 2 bytes a weight; activations are rounded to bfloat16 where the machine multiplies bfloat16, and kept in
    /// float32 where it does not. Sums in float32.
    Bf16,
    /// 8.5 bits a weight: blocks of 32 with a float16 scale. Activations are rounded to bytes by blocks of 32.
    Q8_0,
    /// 4.5 bits a weight: super-blocks of 256, eight 6-bit scales and mins. Activations as for `Q8_0`.
    Q4K,
    /// 6.56 bits a weight: super-blocks of 256, sixteen 8-bit scales. Activations as for `Q8_0`.
    Q6K,
}

impl Format {
    /// Columns are padded with zeros to a multiple of this.
    pub fn block(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 => 2,
            Self::Q8_0 => 32,
            Self::Q4K | Self::Q6K => 256,
        }
    }

    /// Bytes of one strip of blocks: [`STRIP`] rows, [`Self::block`] columns.
    pub fn strip_block_bytes(self) -> usize {
        match self {
            Self::F32 => 64,
            Self::Bf16 => 64,
            Self::Q8_0 => 32 + 512,
            Self::Q4K => 64 + 256 + 2048,
            Self::Q6K => 32 + 256 + 3072,
        }
    }

    /// A word for records.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Q8_0 => "q8_0",
            Self::Q4K => "q4_k",
            Self::Q6K => "q6_k",
        }
    }
}

/// Rows of plain numbers, little-endian, as files hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// float32.
    F32,
    /// float16.
    F16,
    /// bfloat16.
    Bf16,
}

impl Plain {
    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// What is done with a product before it is written.
#[derive(Clone, Copy, Debug)]
pub enum Epilogue<'a> {
    /// Nothing.
    None,
    /// `+ bias`, `[n]`.
    Bias(&'a [f32]),
    /// GELU (tanh form) of the product plus bias, `[n]`.
    BiasGelu(&'a [f32]),
    /// The product plus bias `[n]` is added to what the output holds.
    BiasAdd(&'a [f32]),
}

/// Packed weights of `n` outputs and `k` inputs.
#[derive(Clone, Debug)]
pub struct Matrix {
    format: Format,
    rows: usize,
    columns: usize,
    bytes: Bytes,
}

impl Matrix {
    /// Bytes of a packed matrix.
    pub fn packed_bytes(format: Format, rows: usize, columns: usize) -> usize {
        let blocks = columns.div_ceil(format.block());
        let strip = blocks.saturating_mul(format.strip_block_bytes());
        rows.div_ceil(STRIP).saturating_mul(strip)
    }

    /// Packs rows that `fill` writes as float32 (row index, `[k]`); what the format cannot hold exactly is rounded.
    /// `fill` is called for several rows at once from several threads.
    pub fn pack(
        format: Format,
        rows: usize,
        columns: usize,
        fill: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Self {
        pack::pack(format, rows, columns, &fill)
    }

    /// Packs the blocks of a GGUF tensor of the same format, bit for bit (`F32` and `Bf16` as plain rows). `None`
    /// when the length is not that of `rows` rows of whole blocks.
    pub fn pack_blocks(format: Format, rows: usize, columns: usize, blocks: &[u8]) -> Option<Self> {
        pack::pack_blocks(format, rows, columns, blocks)
    }

    /// Packs plain rows `[rows, columns]`; what the format cannot hold exactly is rounded. `None` when the length
    /// does not fit.
    pub fn pack_plain(
        format: Format,
        rows: usize,
        columns: usize,
        plain: Plain,
        bytes: &[u8],
    ) -> Option<Self> {
        pack::pack_plain(format, rows, columns, plain, bytes)
    }

    /// Bytes packed before, from [`Self::bytes`]; `None` when the length does not fit.
    pub fn from_packed(format: Format, rows: usize, columns: usize, bytes: Bytes) -> Option<Self> {
        (bytes.len() == Self::packed_bytes(format, rows, columns)).then_some(Self {
            format,
            rows,
            columns,
            bytes,
        })
    }

    /// Bytes of a strip.
    fn strip_bytes(&self) -> usize {
        self.columns.div_ceil(self.format.block()) * self.format.strip_block_bytes()
    }

    /// The packed bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Outputs, `n`.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs, `k`.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How the weights are held.
    pub fn format(&self) -> Format {
        self.format
    }

    /// One row as float32, `[k]`: exactly the weights that products stand for.
    ///
    /// # Panics
    /// When the row or the length is out of range.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        assert!(
            row < self.rows && out.len() == self.columns,
            "row {row} of {}",
            self.rows
        );
        strip::row(self, row, out);
    }

    /// As many rows as `out` has room for, from row `16 * strip` on, at most 16: the same numbers as [`Self::row`]'s in a
    /// tenth of the time.
    ///
    /// # Panics
    /// When there are not so many rows, or `out` is not whole rows.
    pub fn strip_rows(&self, strip: usize, out: &mut [f32]) {
        let count = out.len() / self.columns.max(1);
        assert!(
            out.len() == count * self.columns && count <= STRIP && strip * STRIP + count <= self.rows,
            "{count} rows from strip {strip} of {}",
            self.rows
        );
        strip::rows(self, strip, out);
    }

    /// What [`Self::multiply`] reads of its input at this level.
    pub fn wanted(&self, kernels: Kernels) -> Wanted {
        match self.format {
            Format::F32 => Wanted::F32,
            Format::Bf16 if kernels.level() >= crate::Level::Avx512Bf16 => Wanted::Bf16,
            Format::Bf16 => Wanted::F32,
            Format::Q8_0 | Format::Q4K | Format::Q6K => Wanted::Int8,
        }
    }

    /// `out[m, n] = input[m, k] W^T`, then the epilogue. All cores of the current rayon pool work on it; a caller
    /// that is itself a thread of the pool (`install`) saves waking one for each product. After a stop `out` is
    /// worthless.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub fn multiply(
        &self,
        kernels: Kernels,
        input: &mut Input,
        out: &mut [f32],
        epilogue: Epilogue<'_>,
        stop: Stop<'_>,
    ) {
        assert_eq!(input.width(), self.columns, "inputs of a product");
        assert_eq!(out.len(), input.rows() * self.rows, "outputs of a product");
        input.prepare(kernels, self.wanted(kernels));
        product::multiply(self, kernels, input, out, epilogue, stop);
    }
}
