//! Compressed frames to cells. Each codec gives the cells it finds, with what the stream says of size and colour;
//! [`crate::decode`] checks them against the header.

pub mod fragments;
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "arithmetic in bits, categories and samples of at most 16 bits, whose ranges the recommendation bounds"
)]
pub mod jpeg;
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "arithmetic in bits, planes and coordinates of at most 32 bits, whose ranges the recommendation bounds"
)]
pub mod jpeg2000;
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "arithmetic in bits, categories and samples of at most 16 bits, whose ranges the recommendation bounds"
)]
pub mod jpegls;
pub mod jpegxl;
pub mod rle;

/// What a codec makes of one frame's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<C = Vec<u32>> {
    /// Columns of the stream.
    pub columns: u32,
    /// Rows of the stream.
    pub rows: u32,
    /// Components: 1, 3 or more.
    pub components: u8,
    /// Cells, row-major, components side by side; signed values as two's complement in 32 bits.
    pub cells: C,
    /// Bits of a cell as the stream says.
    pub precision: u8,
    /// The stream itself says that its cells are signed.
    pub signed: bool,
    /// Colours were turned to RGB by the codec (or were RGB): the header's YBR no longer holds.
    pub rgb: bool,
}

/// Cells no wider than a codec needs, so that a large picture is not copied through four times its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Of at most 8 bits.
    U8(Vec<u8>),
    /// Of at most 16 bits.
    U16(Vec<u16>),
    /// Of any width; signed values as two's complement.
    U32(Vec<u32>),
}

impl Cells {
    /// Every cell as 32 bits.
    pub fn to_wide(&self) -> Vec<u32> {
        match self {
            Self::U8(cells) => cells.iter().map(|c| u32::from(*c)).collect(),
            Self::U16(cells) => cells.iter().map(|c| u32::from(*c)).collect(),
            Self::U32(cells) => cells.clone(),
        }
    }
}

impl From<Decoded> for Decoded<Cells> {
    fn from(decoded: Decoded) -> Self {
        Self {
            columns: decoded.columns,
            rows: decoded.rows,
            components: decoded.components,
            cells: Cells::U32(decoded.cells),
            precision: decoded.precision,
            signed: decoded.signed,
            rgb: decoded.rgb,
        }
    }
}
