//! Vector registers under one name: a kernel is written once over [`Lanes`] and compiled for every level.
//!
//! A value of a type that implements [`Lanes`] or [`Product`] proves that the machine has its instructions; only
//! [`run`] makes one, from a [`Kernels`]. Everything on the way from [`Work::run`] to an instruction must be
//! `#[inline(always)]`, so that it is compiled with the instructions of the function that [`run`] enters.

pub(crate) mod convert;
pub(crate) mod exp;
mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

use plain::Plain;

use crate::level::Kernels;
#[cfg(target_arch = "x86_64")]
use crate::level::Level;

/// Registers of `N` float32.
pub(crate) trait Lanes: Copy + Send + Sync {
    /// Numbers in a register.
    const N: usize;
    /// Rows of the block that products are made in: with its width it fits the machine's registers.
    const ROWS: usize;
    /// Registers that the block is wide, at most three.
    const WIDE: usize;
    /// A register.
    type F: Copy;

    /// The same number in all lanes.
    fn splat(self, v: f32) -> Self::F;
    /// Reads `N` numbers.
    ///
    /// # Safety
    /// They must be readable; no alignment is needed.
    #[expect(unsafe_code, reason = "reads through a pointer")]
    unsafe fn load(self, at: *const f32) -> Self::F;
    /// Writes `N` numbers.
    ///
    /// # Safety
    /// They must be writable; no alignment is needed.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn store(self, v: Self::F, at: *mut f32);
    /// Reads `N` float16.
    ///
    /// # Safety
    /// As for `load`.
    #[expect(unsafe_code, reason = "reads through a pointer")]
    unsafe fn load_f16(self, at: *const u16) -> Self::F;
    /// Writes `N` float16 as [`to_f16`](crate::rounding::to_f16) rounds them.
    ///
    /// # Safety
    /// As for `store`.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn store_f16(self, v: Self::F, at: *mut u16);
    /// Writes `N` bfloat16 as [`to_bf16`](crate::rounding::to_bf16) rounds them.
    ///
    /// # Safety
    /// As for `store`.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn store_bf16(self, v: Self::F, at: *mut u16);

    /// Asks for the cache line at `at`, which need not be there, to be brought near.
    fn prefetch(self, at: *const u8);

    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// The larger; `b` where one is not a number.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The smaller; `b` where one is not a number.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once or twice.
    fn madd(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// Nearest whole number, for sizes below 2^22.
    fn round(self, v: Self::F) -> Self::F;
    /// `p * 2^n` for whole `n` of at most 128, `p` near 1; infinity may stand for what is above 2^127, zero for what
    /// is below the smallest normal number.
    fn scale2(self, p: Self::F, n: Self::F) -> Self::F;
    /// `v` where `start <= row < end`, else minus infinity.
    fn within(self, v: Self::F, row: Self::F, start: Self::F, end: Self::F) -> Self::F;
    /// True when `a > b` in some lane.
    fn any_above(self, a: Self::F, b: Self::F) -> bool;
    /// Sum of the lanes.
    fn sum(self, v: Self::F) -> f32;
    /// Largest of the lanes.
    fn top(self, v: Self::F) -> f32;

    /// The first `N` of a slice.
    #[inline(always)]
    #[expect(unsafe_code, reason = "a checked read")]
    fn read(self, from: &[f32]) -> Self::F {
        assert!(from.len() >= Self::N, "a whole register");
        // SAFETY: the length was checked.
        unsafe { self.load(from.as_ptr()) }
    }

    /// To the first `N` of a slice.
    #[inline(always)]
    #[expect(unsafe_code, reason = "a checked write")]
    fn write(self, v: Self::F, to: &mut [f32]) {
        assert!(to.len() >= Self::N, "a whole register");
        // SAFETY: the length was checked.
        unsafe { self.store(v, to.as_mut_ptr()) }
    }
}

/// How two 32-bit words are multiplied and added up: one float32 product, or two of bfloat16.
pub(crate) trait Product: Copy + Send + Sync {
    /// Its registers.
    type L: Lanes;
    /// Values in a word.
    const PER: usize;
    /// Degree of the polynomial of its probabilities: no finer than they are rounded.
    const DEGREE: usize;

    /// The registers.
    fn lanes(self) -> Self::L;
    /// `acc` and the products of the words of `a` and `b`.
    fn madd(
        self,
        a: <Self::L as Lanes>::F,
        b: <Self::L as Lanes>::F,
        acc: <Self::L as Lanes>::F,
    ) -> <Self::L as Lanes>::F;
    /// Words whose values are `(first, second)`; without a place for it `second` is dropped.
    fn pair(self, first: <Self::L as Lanes>::F, second: <Self::L as Lanes>::F) -> <Self::L as Lanes>::F;
    /// Writes `values.len() / PER` words that hold the values in their order; an odd last value gets a zero beside it.
    ///
    /// # Safety
    /// `values.len().div_ceil(PER)` words must be writable.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn words(self, values: &[f32], at: *mut f32);
}

/// float32 products in the registers of `L`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Single<L>(pub(crate) L);

impl<L: Lanes> Product for Single<L> {
    type L = L;
    const PER: usize = 1;
    const DEGREE: usize = 6;

    #[inline(always)]
    fn lanes(self) -> L {
        self.0
    }

    #[inline(always)]
    fn madd(self, a: L::F, b: L::F, acc: L::F) -> L::F {
        self.0.madd(a, b, acc)
    }

    #[inline(always)]
    fn pair(self, first: L::F, _second: L::F) -> L::F {
        first
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn words(self, values: &[f32], at: *mut f32) {
        // SAFETY: the caller gives room for as many words as there are values, elsewhere than the values.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), at, values.len()) }
    }
}

/// A kernel, to be compiled for each level.
pub(crate) trait Work {
    /// What it gives back.
    type Output;
    /// Does it; must be `#[inline(always)]`.
    fn run<P: Product>(self, product: P) -> Self::Output;
}

/// Does the work at the level of `kernels`, with products of bfloat16 where `bf16` is wished and the level has them.
#[expect(
    unsafe_code,
    reason = "calls functions compiled for instructions that the handle proves"
)]
pub(crate) fn run<W: Work>(kernels: Kernels, bf16: bool, work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    match kernels.level() {
        Level::Plain => {}
        // SAFETY: the handle exists for levels that the machine has.
        Level::Avx2 => return unsafe { x86::enter_avx2(work) },
        // SAFETY: the handle exists for levels that the machine has.
        Level::Avx512Bf16 if bf16 => return unsafe { x86::enter_avx512_bf16(work) },
        Level::Avx512 | Level::Avx512Vnni | Level::Avx512Bf16 => {
            // SAFETY: the handle exists for levels that the machine has.
            return unsafe { x86::enter_avx512(work) };
        }
    }
    let _ = (kernels, bf16);
    work.run(Single(Plain))
}
