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
pub struct Decoded {
    /// Columns of the stream.
    pub columns: u32,
    /// Rows of the stream.
    pub rows: u32,
    /// Components: 1, 3 or more.
    pub components: u8,
    /// Cells, row-major, components side by side; signed values as two's complement in 32 bits.
    pub cells: Vec<u32>,
    /// Bits of a cell as the stream says.
    pub precision: u8,
    /// The stream itself says that its cells are signed.
    pub signed: bool,
    /// Colours were turned to RGB by the codec (or were RGB): the header's YBR no longer holds.
    pub rgb: bool,
}
