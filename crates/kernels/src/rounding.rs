//! float32 to and from the half-width formats.

use half::{bf16, f16};
use rayon::prelude::*;

use crate::lanes::convert::{narrow, widen};
use crate::lanes::{self, Product, Work};
use crate::level::Kernels;

/// Numbers from which threads share a slice, and those of each task.
const SHARED: usize = 1 << 16;
const TASK: usize = 1 << 14;

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

/// [`to_f16`] of each number.
///
/// # Panics
/// When the lengths differ.
pub fn to_f16_slice(kernels: Kernels, from: &[f32], to: &mut [u16]) {
    shared(from, to, |from, to| {
        lanes::run(kernels, false, Narrow::<false> { from, to })
    });
}

/// [`to_bf16`] of each number.
///
/// # Panics
/// When the lengths differ.
pub fn to_bf16_slice(kernels: Kernels, from: &[f32], to: &mut [u16]) {
    shared(from, to, |from, to| {
        lanes::run(kernels, false, Narrow::<true> { from, to })
    });
}

/// [`from_f16`] of each number.
///
/// # Panics
/// When the lengths differ.
pub fn from_f16_slice(kernels: Kernels, from: &[u16], to: &mut [f32]) {
    shared(from, to, |from, to| {
        lanes::run(kernels, false, Widen { from, to })
    });
}

/// Converts a slice, in parts on all threads when it is long.
fn shared<A: Sync, B: Send>(from: &[A], to: &mut [B], convert: impl Fn(&[A], &mut [B]) + Sync) {
    assert_eq!(from.len(), to.len(), "as many numbers");
    if from.len() < SHARED {
        convert(from, to);
    } else {
        from.par_chunks(TASK)
            .zip(to.par_chunks_mut(TASK))
            .for_each(|(from, to)| convert(from, to));
    }
}

struct Narrow<'a, const BF16: bool> {
    from: &'a [f32],
    to: &'a mut [u16],
}

impl<const BF16: bool> Work for Narrow<'_, BF16> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        narrow::<P::L, BF16>(p.lanes(), self.from, self.to);
    }
}

struct Widen<'a> {
    from: &'a [u16],
    to: &'a mut [f32],
}

impl Work for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        widen(p.lanes(), self.from, self.to);
    }
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

    #[test]
    fn slices_equal_single_numbers_at_every_level() {
        // Every 4099th pattern of bits: all exponents, ties and numbers that are none.
        let mut numbers: Vec<f32> = (0..=u32::MAX / 4099).map(|i| f32::from_bits(i * 4099)).collect();
        // Ties of both formats.
        numbers.extend((0..=u16::MAX).map(|i| f32::from_bits(u32::from(i) << 16 | 0x8000)));
        numbers.extend((0..1 << 19).map(|i| f32::from_bits(0x3000_0000 + (i << 12))));
        for kernels in Kernels::all() {
            for count in [numbers.len(), 37, 1, 0] {
                let from = &numbers[numbers.len() - count..];
                let mut to = vec![1; count];
                to_f16_slice(kernels, from, &mut to);
                for (v, got) in from.iter().zip(&to) {
                    let alike = if v.is_nan() {
                        from_f16(*got).is_nan()
                    } else {
                        *got == to_f16(*v)
                    };
                    assert!(
                        alike,
                        "{kernels:?} float16 of {v:e} ({:08x}): {got:04x}",
                        v.to_bits()
                    );
                }
                to_bf16_slice(kernels, from, &mut to);
                for (v, got) in from.iter().zip(&to) {
                    assert_eq!(
                        *got,
                        to_bf16(*v),
                        "{kernels:?} bfloat16 of {v:e} ({:08x})",
                        v.to_bits()
                    );
                }
            }
            let bits: Vec<u16> = (0..=u16::MAX).chain(0..5).collect();
            let mut to = vec![0.0; bits.len()];
            from_f16_slice(kernels, &bits, &mut to);
            for (b, got) in bits.iter().zip(to) {
                let wanted = from_f16(*b);
                let alike = got.to_bits() == wanted.to_bits() || (got.is_nan() && wanted.is_nan());
                assert!(alike, "{kernels:?} {b:04x}: {got}");
            }
        }
    }
}
