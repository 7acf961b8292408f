//! Registers of AVX2 and AVX-512.

use std::arch::x86_64::*;

use super::{Lanes, Product, Single, Work};

/// Eight lanes: AVX2, FMA, F16C. A value proves that the machine has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

/// Sixteen lanes: AVX-512 F, BW, DQ, VL. A value proves that the machine has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

/// Products of bfloat16 pairs in sixteen lanes: AVX-512 BF16. A value proves that the machine has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairs512(Avx512);

/// # Safety
/// The machine must have the instructions named.
#[target_feature(enable = "avx2,fma,f16c")]
#[expect(unsafe_code, reason = "compiled for certain instructions")]
pub(super) unsafe fn enter_avx2<W: Work>(work: W) -> W::Output {
    work.run(Single(Avx2(())))
}

/// # Safety
/// The machine must have the instructions named.
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
#[expect(unsafe_code, reason = "compiled for certain instructions")]
pub(super) unsafe fn enter_avx512<W: Work>(work: W) -> W::Output {
    work.run(Single(Avx512(())))
}

/// # Safety
/// The machine must have the instructions named.
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
#[expect(unsafe_code, reason = "compiled for certain instructions")]
pub(super) unsafe fn enter_avx512_bf16<W: Work>(work: W) -> W::Output {
    work.run(Pairs512(Avx512(())))
}

/// An instruction on registers.
macro_rules! call {
    ($name:ident $(::<$constant:ident>)? ($($arg:ident),*)) => {
        // SAFETY: `self` proves that the machine has the instruction; it touches no memory.
        unsafe { $name$(::<$constant>)?($($arg),*) }
    };
}

/// Methods that are one instruction each.
macro_rules! single {
    ($($method:ident = $name:ident($($arg:ident),+);)+) => {$(
        #[inline(always)]
        fn $method(self, $($arg: Self::F),+) -> Self::F {
            call!($name($($arg),+))
        }
    )+};
}

const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
const ORDERED_LE: i32 = _CMP_LE_OQ;
const ORDERED_LT: i32 = _CMP_LT_OQ;
const ORDERED_GT: i32 = _CMP_GT_OQ;
const UNORDERED: i32 = _CMP_UNORD_Q;

#[expect(
    unsafe_code,
    reason = "vector instructions; a value of the type proves that they are there"
)]
impl Lanes for Avx2 {
    const N: usize = 8;
    const ROWS: usize = 6;
    const WIDE: usize = 2;
    type F = __m256;

    #[inline(always)]
    fn splat(self, v: f32) -> __m256 {
        call!(_mm256_set1_ps(v))
    }

    #[inline(always)]
    unsafe fn load(self, at: *const f32) -> __m256 {
        // SAFETY: `self` proves the instruction, the caller the memory.
        unsafe { _mm256_loadu_ps(at) }
    }

    #[inline(always)]
    unsafe fn store(self, v: __m256, at: *mut f32) {
        // SAFETY: `self` proves the instruction, the caller the memory.
        unsafe { _mm256_storeu_ps(at, v) }
    }

    #[inline(always)]
    unsafe fn load_f16(self, at: *const u16) -> __m256 {
        // SAFETY: `self` proves the instruction, the caller the memory.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(at.cast())) }
    }

    #[inline(always)]
    unsafe fn store_f16(self, v: __m256, at: *mut u16) {
        let v = self.max(self.splat(-65504.0), self.min(self.splat(65504.0), v));
        // SAFETY: `self` proves the instruction, the caller the memory.
        unsafe { _mm_storeu_si128(at.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(v)) }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, v: __m256, at: *mut u16) {
        // SAFETY: `self` proves the instructions, the caller the memory.
        unsafe {
            let bits = _mm256_castps_si256(v);
            let high = _mm256_srli_epi32::<16>(bits);
            let odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
            let up = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
            let quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
            let nan = _mm256_castps_si256(_mm256_cmp_ps::<UNORDERED>(v, v));
            let rounded = _mm256_blendv_epi8(_mm256_srli_epi32::<16>(up), quiet, nan);
            let packed = _mm256_packus_epi32(rounded, rounded);
            let ordered = _mm256_permute4x64_epi64::<0b10_00>(packed);
            _mm_storeu_si128(at.cast(), _mm256_castsi256_si128(ordered));
        }
    }

    #[inline(always)]
    fn prefetch(self, at: *const u8) {
        // SAFETY: `self` proves the instruction; it touches no memory that the program can see.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }

    single! {
        add = _mm256_add_ps(a, b);
        sub = _mm256_sub_ps(a, b);
        mul = _mm256_mul_ps(a, b);
        div = _mm256_div_ps(a, b);
        max = _mm256_max_ps(a, b);
        min = _mm256_min_ps(a, b);
        madd = _mm256_fmadd_ps(a, b, c);
    }

    #[inline(always)]
    fn round(self, v: __m256) -> __m256 {
        call!(_mm256_round_ps::<NEAREST>(v))
    }

    #[inline(always)]
    fn scale2(self, p: __m256, n: __m256) -> __m256 {
        let n = self.max(n, self.splat(-127.0));
        // SAFETY: `self` proves the instructions; they touch no memory.
        let power = unsafe {
            let n = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(n))
        };
        self.mul(p, power)
    }

    #[inline(always)]
    fn within(self, v: __m256, row: __m256, start: __m256, end: __m256) -> __m256 {
        let after = call!(_mm256_cmp_ps::<ORDERED_LE>(start, row));
        let before = call!(_mm256_cmp_ps::<ORDERED_LT>(row, end));
        let both = call!(_mm256_and_ps(after, before));
        let out = self.splat(f32::NEG_INFINITY);
        call!(_mm256_blendv_ps(out, v, both))
    }

    #[inline(always)]
    fn any_above(self, a: __m256, b: __m256) -> bool {
        let above = call!(_mm256_cmp_ps::<ORDERED_GT>(a, b));
        call!(_mm256_movemask_ps(above)) != 0
    }

    #[inline(always)]
    fn sum(self, v: __m256) -> f32 {
        // SAFETY: `self` proves the instructions; they touch no memory.
        unsafe {
            let v = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let v = _mm_add_ps(v, _mm_movehl_ps(v, v));
            _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)))
        }
    }

    #[inline(always)]
    fn top(self, v: __m256) -> f32 {
        // SAFETY: `self` proves the instructions; they touch no memory.
        unsafe {
            let v = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let v = _mm_max_ps(v, _mm_movehl_ps(v, v));
            _mm_cvtss_f32(_mm_max_ss(v, _mm_movehdup_ps(v)))
        }
    }
}

#[expect(
    unsafe_code,
    reason = "vector instructions; a value of the type proves that they are there"
)]
impl Lanes for Avx512 {
    const N: usize = 16;
    const ROWS: usize = 8;
    const WIDE: usize = 3;
    type F = __m512;

    #[inline(always)]
    fn splat(self, v: f32) -> __m512 {
        call!(_mm512_set1_ps(v))
    }

    #[inline(always)]
    unsafe fn load(self, at: *const f32) -> __m512 {
        // SAFETY: `self` proves the instruction, the caller the memory.
        unsafe { _mm512_loadu_ps(at) }
    }

    #[inline(always)]
    unsafe fn store(self, v: __m512, at: *mut f32) {
        // SAFETY: `self` proves the instruction, the caller the memory.
        unsafe { _mm512_storeu_ps(at, v) }
    }

    #[inline(always)]
    unsafe fn load_f16(self, at: *const u16) -> __m512 {
        // SAFETY: `self` proves the instruction, the caller the memory.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(at.cast())) }
    }

    #[inline(always)]
    unsafe fn store_f16(self, v: __m512, at: *mut u16) {
        let v = self.max(self.splat(-65504.0), self.min(self.splat(65504.0), v));
        // SAFETY: `self` proves the instruction, the caller the memory.
        unsafe { _mm256_storeu_si256(at.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(v)) }
    }

    #[inline(always)]
    unsafe fn store_bf16(self, v: __m512, at: *mut u16) {
        // SAFETY: `self` proves the instructions, the caller the memory.
        unsafe {
            let bits = _mm512_castps_si512(v);
            let high = _mm512_srli_epi32::<16>(bits);
            let odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
            let up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
            let quiet = _mm512_or_si512(high, _mm512_set1_epi32(0x40));
            let nan = _mm512_cmp_ps_mask::<UNORDERED>(v, v);
            let rounded = _mm512_mask_mov_epi32(_mm512_srli_epi32::<16>(up), nan, quiet);
            _mm256_storeu_si256(at.cast(), _mm512_cvtepi32_epi16(rounded));
        }
    }

    #[inline(always)]
    fn prefetch(self, at: *const u8) {
        // SAFETY: `self` proves the instruction; it touches no memory that the program can see.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }

    single! {
        add = _mm512_add_ps(a, b);
        sub = _mm512_sub_ps(a, b);
        mul = _mm512_mul_ps(a, b);
        div = _mm512_div_ps(a, b);
        max = _mm512_max_ps(a, b);
        min = _mm512_min_ps(a, b);
        madd = _mm512_fmadd_ps(a, b, c);
        scale2 = _mm512_scalef_ps(p, n);
    }

    #[inline(always)]
    fn round(self, v: __m512) -> __m512 {
        call!(_mm512_roundscale_ps::<NEAREST>(v))
    }

    #[inline(always)]
    fn within(self, v: __m512, row: __m512, start: __m512, end: __m512) -> __m512 {
        let after = call!(_mm512_cmp_ps_mask::<ORDERED_LE>(start, row));
        let both = call!(_mm512_mask_cmp_ps_mask::<ORDERED_LT>(after, row, end));
        let out = self.splat(f32::NEG_INFINITY);
        call!(_mm512_mask_mov_ps(out, both, v))
    }

    #[inline(always)]
    fn any_above(self, a: __m512, b: __m512) -> bool {
        call!(_mm512_cmp_ps_mask::<ORDERED_GT>(a, b)) != 0
    }

    #[inline(always)]
    fn sum(self, v: __m512) -> f32 {
        call!(_mm512_reduce_add_ps(v))
    }

    #[inline(always)]
    fn top(self, v: __m512) -> f32 {
        call!(_mm512_reduce_max_ps(v))
    }
}

#[expect(
    unsafe_code,
    reason = "vector instructions; a value of the type proves that they are there"
)]
impl Product for Pairs512 {
    type L = Avx512;
    const PER: usize = 2;
    const DEGREE: usize = 4;

    #[inline(always)]
    fn lanes(self) -> Avx512 {
        self.0
    }

    #[inline(always)]
    fn madd(self, a: __m512, b: __m512, acc: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction; the registers are of one size and any bits are values.
        unsafe {
            _mm512_dpbf16_ps(
                acc,
                std::mem::transmute::<__m512, __m512bh>(a),
                std::mem::transmute::<__m512, __m512bh>(b),
            )
        }
    }

    #[inline(always)]
    fn pair(self, first: __m512, second: __m512) -> __m512 {
        // SAFETY: `self` proves the instructions; the registers are of one size and any bits are values.
        unsafe {
            let halves = _mm512_cvtne2ps_pbh(second, first);
            // Word i: value i of the lower half, then value i of the upper one.
            let order = _mm512_add_epi32(
                _mm512_mullo_epi32(
                    _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                    _mm512_set1_epi32(0x1_0001),
                ),
                _mm512_set1_epi32(0x10_0000),
            );
            _mm512_castsi512_ps(_mm512_permutexvar_epi16(
                order,
                std::mem::transmute::<__m512bh, __m512i>(halves),
            ))
        }
    }

    #[inline(always)]
    unsafe fn words(self, values: &[f32], at: *mut f32) {
        let blocks = values.len() / 32;
        for block in 0..blocks {
            // SAFETY: `self` proves the instructions; 32 values are there to be read, and 16 words are writable.
            unsafe {
                let from = values.as_ptr().add(block * 32);
                let words = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from.add(16)), _mm512_loadu_ps(from));
                _mm512_storeu_ps(at.add(block * 16), std::mem::transmute::<__m512bh, __m512>(words));
            }
        }
        let left = values.len() % 32;
        if left > 0 {
            let mask = (1_u32 << left) - 1;
            // SAFETY: `self` proves the instructions; the masks keep reading and writing to what is left.
            unsafe {
                let from = values.as_ptr().add(blocks * 32);
                let low = _mm512_maskz_loadu_ps(mask as u16, from);
                let high = _mm512_maskz_loadu_ps((mask >> 16) as u16, from.wrapping_add(16));
                let words = _mm512_cvtne2ps_pbh(high, low);
                let mask = (1_u32 << left.div_ceil(2)) - 1;
                _mm512_mask_storeu_ps(
                    at.add(blocks * 16),
                    mask as u16,
                    std::mem::transmute::<__m512bh, __m512>(words),
                );
            }
        }
    }
}
