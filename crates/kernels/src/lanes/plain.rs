//! Registers as arrays: the twin of the others. The compiler makes vectors of them where it can (SSE2, NEON).

use super::Lanes;
use crate::rounding::{from_f16, to_bf16, to_f16};

/// Four lanes without any special instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

/// 1.5 * 2^23: a sum with it has no place for a fraction, and its lowest bits are the whole number.
const WHOLE: f32 = 12_582_912.0;

macro_rules! lanewise {
    ($($name:ident($($arg:ident),+) = $value:expr;)+) => {$(
        #[inline(always)]
        fn $name(self, $($arg: Self::F),+) -> Self::F {
            let mut out = [0.0; 4];
            for (i, o) in out.iter_mut().enumerate() {
                $(let $arg = $arg[i];)+
                *o = $value;
            }
            out
        }
    )+};
}

#[expect(unsafe_code, reason = "reads and writes through pointers, as the trait says")]
impl Lanes for Plain {
    const N: usize = 4;
    const ROWS: usize = 4;
    const WIDE: usize = 2;
    type F = [f32; 4];

    #[inline(always)]
    fn splat(self, v: f32) -> Self::F {
        [v; 4]
    }

    #[inline(always)]
    unsafe fn load(self, at: *const f32) -> Self::F {
        // SAFETY: four numbers are readable, says the caller.
        unsafe { at.cast::<Self::F>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, v: Self::F, at: *mut f32) {
        // SAFETY: four numbers are writable, says the caller.
        unsafe { at.cast::<Self::F>().write_unaligned(v) }
    }

    #[inline(always)]
    unsafe fn load_f16(self, at: *const u16) -> Self::F {
        // SAFETY: four numbers are readable, says the caller.
        unsafe { at.cast::<[u16; 4]>().read_unaligned() }.map(from_f16)
    }

    #[inline(always)]
    unsafe fn store_f16(self, v: Self::F, at: *mut u16) {
        // SAFETY: four numbers are writable, says the caller.
        unsafe { at.cast::<[u16; 4]>().write_unaligned(v.map(to_f16)) }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, v: Self::F, at: *mut u16) {
        // SAFETY: four numbers are writable, says the caller.
        unsafe { at.cast::<[u16; 4]>().write_unaligned(v.map(to_bf16)) }
    }

    #[inline(always)]
    fn prefetch(self, _at: *const u8) {}

    lanewise! {
        add(a, b) = a + b;
        sub(a, b) = a - b;
        mul(a, b) = a * b;
        div(a, b) = a / b;
        max(a, b) = if a > b { a } else { b };
        min(a, b) = if a < b { a } else { b };
        madd(a, b, c) = a * b + c;
        round(v) = (v + WHOLE) - WHOLE;
        scale2(p, n) = p * f32::from_bits((n.max(-127.0) + (WHOLE + 127.0)).to_bits() << 23);
        within(v, row, start, end) = if start <= row && row < end { v } else { f32::NEG_INFINITY };
    }

    #[inline(always)]
    fn any_above(self, a: Self::F, b: Self::F) -> bool {
        (0..4).any(|i| a[i] > b[i])
    }

    #[inline(always)]
    fn sum(self, v: Self::F) -> f32 {
        (v[0] + v[2]) + (v[1] + v[3])
    }

    #[inline(always)]
    fn top(self, v: Self::F) -> f32 {
        v[0].max(v[1]).max(v[2].max(v[3]))
    }
}
