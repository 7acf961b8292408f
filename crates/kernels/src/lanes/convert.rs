//! Slices of float32 to and from the half-width formats.

use super::Lanes;
use crate::rounding::{from_f16, to_bf16, to_f16};

/// float16 to float32.
#[inline(always)]
#[expect(unsafe_code, reason = "whole registers of a slice")]
pub(crate) fn widen<L: Lanes>(l: L, from: &[u16], to: &mut [f32]) {
    assert_eq!(from.len(), to.len(), "as many numbers");
    let whole = from.len() - from.len() % L::N;
    for i in (0..whole).step_by(L::N) {
        // SAFETY: a register from `i` on lies in both.
        unsafe { l.store(l.load_f16(from.as_ptr().add(i)), to.as_mut_ptr().add(i)) }
    }
    for (t, f) in to[whole..].iter_mut().zip(&from[whole..]) {
        *t = from_f16(*f);
    }
}

/// float32 to float16, or to bfloat16 where `BF16`.
#[inline(always)]
#[expect(unsafe_code, reason = "whole registers of a slice")]
pub(crate) fn narrow<L: Lanes, const BF16: bool>(l: L, from: &[f32], to: &mut [u16]) {
    assert_eq!(from.len(), to.len(), "as many numbers");
    let whole = from.len() - from.len() % L::N;
    for i in (0..whole).step_by(L::N) {
        // SAFETY: a register from `i` on lies in both.
        unsafe {
            let v = l.load(from.as_ptr().add(i));
            if BF16 {
                l.store_bf16(v, to.as_mut_ptr().add(i));
            } else {
                l.store_f16(v, to.as_mut_ptr().add(i));
            }
        }
    }
    for (t, f) in to[whole..].iter_mut().zip(&from[whole..]) {
        *t = if BF16 { to_bf16(*f) } else { to_f16(*f) };
    }
}
