//! Where each weight of a strip lies: offsets and single-weight access for the block formats.
//!
//! A group is four neighbouring columns of all 16 rows: what one 64-byte register of byte products reads. Within a
//! register the byte of row `lane` and column `4 g + i` is `lane * 4 + i`.

use super::{Format, STRIP};

/// Columns of a block of byte products: activations share a scale over as many.
pub(crate) const SPAN: usize = 32;
/// Columns of a super-block.
pub(crate) const SUPER: usize = 256;
/// Bytes of a register: four columns of 16 rows.
pub(crate) const LINE: usize = 64;

/// `Q8_0`: bytes of scales before a block's quants.
pub(crate) const Q8_QUANTS: usize = 32;

/// `Q4K`: offset of the float16 `dmin`.
pub(crate) const Q4_DMIN: usize = 32;
/// `Q4K`: offset of the scales, `[8][16]`.
pub(crate) const Q4_SCALES: usize = 64;
/// `Q4K`: offset of the mins, `[8][16]`.
pub(crate) const Q4_MINS: usize = 192;
/// `Q4K`: offset of the nibbles, `[8][4][64]`.
pub(crate) const Q4_QUANTS: usize = 320;
/// `Q4K`: bytes of nibbles to 32 columns.
pub(crate) const Q4_SPAN: usize = 256;

/// `Q6K`: offset of the signed scales, `[16][16]`.
pub(crate) const Q6_SCALES: usize = 32;
/// `Q6K`: offset of the bits, `[8]` times four registers of low nibbles and two of high pairs.
pub(crate) const Q6_QUANTS: usize = 288;
/// `Q6K`: bytes of bits to 32 columns.
pub(crate) const Q6_SPAN: usize = 384;
/// `Q6K`: bytes of low nibbles to 32 columns, before the high pairs.
pub(crate) const Q6_HIGH: usize = 256;

/// float16 at an offset.
#[inline(always)]
pub(crate) fn half_at(block: &[u8], at: usize) -> f32 {
    half(u16::from_le_bytes([block[at], block[at + 1]]))
}

/// float16 to float32, without branches so that it is done for many at once.
#[inline(always)]
fn half(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let (sign, magnitude) = ((bits & 0x8000) << 16, (bits & 0x7FFF) << 13);
    // The exponents differ by 112; multiplying mends the small numbers without a leading one as well.
    let number = (f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23)).to_bits();
    let special = magnitude | 0x7F80_0000;
    f32::from_bits(sign | if magnitude >= 0x0F80_0000 { special } else { number })
}

/// The byte of `column` (of 32) and `lane` in quants stored whole.
#[inline(always)]
fn whole(column: usize, lane: usize) -> usize {
    column / 4 * LINE + lane * 4 + column % 4
}

/// The byte of `column` (of 32) and `lane` in nibbles: the first 16 columns are low, the others high.
#[inline(always)]
fn nibble(column: usize, lane: usize) -> (usize, u32) {
    (whole(column % 16, lane), if column < 16 { 0 } else { 4 })
}

/// The byte and the shift of the high pair of `column` (of 32) and `lane`.
#[inline(always)]
fn pair(column: usize, lane: usize) -> (usize, u32) {
    let (byte, shift) = (lane * 4 + column % 4, column % 16 / 4 * 2);
    (column / 16 * LINE + byte, shift as u32)
}

/// Puts a `Q8_0` quant into its zeroed block.
#[inline(always)]
pub(crate) fn put_q8(block: &mut [u8], column: usize, lane: usize, quant: i8) {
    block[Q8_QUANTS + whole(column, lane)] = (quant as u8) ^ 0x80;
}

/// The weight of `column` (within the block) and `lane` in a block of a quantised format.
#[inline(always)]
pub(crate) fn weight(format: Format, block: &[u8], column: usize, lane: usize) -> f32 {
    let (span, c) = (column / SPAN, column % SPAN);
    match format {
        Format::Q8_0 => {
            let quant = i32::from(block[Q8_QUANTS + whole(c, lane)]) - 128;
            half_at(block, lane * 2) * quant as f32
        }
        Format::Q4K => {
            let (byte, shift) = nibble(c, lane);
            let quant = block[Q4_QUANTS + span * Q4_SPAN + byte] >> shift & 15;
            let scale = half_at(block, lane * 2) * f32::from(block[Q4_SCALES + span * STRIP + lane]);
            let min = half_at(block, Q4_DMIN + lane * 2) * f32::from(block[Q4_MINS + span * STRIP + lane]);
            scale * f32::from(quant) - min
        }
        _ => {
            let at = Q6_QUANTS + span * Q6_SPAN;
            let (low, shift) = nibble(c, lane);
            let (high, two) = pair(c, lane);
            let quant = (block[at + low] >> shift & 15) | (block[at + Q6_HIGH + high] >> two & 3) << 4;
            let scale = block[Q6_SCALES + column / 16 * STRIP + lane] as i8;
            half_at(block, lane * 2) * f32::from(scale) * (i32::from(quant) - 32) as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_read_exactly() {
        for bits in 0..=u16::MAX {
            let (found, exact) = (half(bits), half::f16::from_bits(bits).to_f32());
            assert!(
                found.to_bits() == exact.to_bits() || (found.is_nan() && exact.is_nan()),
                "{bits:#x}"
            );
        }
    }
}
