//! float32 to and from the half-width formats.

use half::{bf16, f16};

/// float32 to bfloat16, nearest, ties to even.
pub fn to_bf16(value: f32) -> u16 {
    bf16::from_f32(value).to_bits()
}

/// bfloat16 to float32: exact.
pub fn from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// float32 to float16, nearest, ties to even; what is too large becomes the largest finite value, never infinity.
pub fn to_f16(value: f32) -> u16 {
    f16::from_f32(value.clamp(-65504.0, 65504.0)).to_bits()
}

/// float16 to float32: exact.
#[inline]
pub fn from_f16(bits: u16) -> f32 {
    // Without branches, so that the compiler makes vectors of it: the exponent is moved by a product, which is exact.
    let magnitude = u32::from(bits & 0x7fff) << 13;
    let scaled = (f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23)).to_bits();
    let special = u32::from(bits & 0x7c00 == 0x7c00) * 0x7f80_0000;
    f32::from_bits(scaled | special | u32::from(bits & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_float16_is_widened_exactly() {
        for bits in 0..=u16::MAX {
            let (got, wanted) = (from_f16(bits), f16::from_bits(bits).to_f32());
            assert!(
                got.to_bits() == wanted.to_bits() || (got.is_nan() && wanted.is_nan()),
                "{bits:04x}: {got} and not {wanted}"
            );
        }
    }
}
