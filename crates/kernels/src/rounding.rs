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
pub fn from_f16(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32()
}
