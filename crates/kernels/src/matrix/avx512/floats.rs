//! float32 and bfloat16: a line of weights times one activation, broadcast.

#![expect(
    clippy::needless_range_loop,
    reason = "rows and strips are indices of several arrays"
)]

use std::arch::x86_64::*;

use super::{Tile, shaped};

/// How far ahead of a strip's reading its lines are asked for, bytes.
const AHEAD: usize = 4096;

/// float32 activations and weights.
///
/// # Safety
/// The pointers hold what the tile says, and the machine has AVX-512 F.
pub(in crate::matrix) unsafe fn f32_tile(tile: &Tile) {
    // SAFETY: the caller's.
    unsafe { shaped!(tile, f32_shaped::<S, R>(tile); 1 2 3 4 5 6 7 8 9 10 11 12) }
}

/// bfloat16 activations and weights: pairs of products are added to float32 sums.
///
/// # Safety
/// The pointers hold what the tile says, and the machine has AVX-512 F and BF16.
pub(in crate::matrix) unsafe fn bf16_tile(tile: &Tile) {
    // SAFETY: the caller's.
    unsafe { shaped!(tile, bf16_shaped::<S, R>(tile); 1 2 3 4 5 6 7 8 9 10 11 12) }
}

/// float32 activations and bfloat16 weights of one strip for up to [`FEW`] rows: widened in registers.
///
/// # Safety
/// As [`f32_tile`]; the steps are even.
pub(in crate::matrix) unsafe fn few(tile: &Tile) {
    debug_assert!(tile.strips == 1 && tile.steps.is_multiple_of(2));
    // SAFETY: the caller's.
    unsafe {
        match tile.rows {
            1 => pairs::<1>(tile),
            2 => pairs::<2>(tile),
            3 => pairs::<3>(tile),
            4 => pairs::<4>(tile),
            rows => debug_assert!(false, "a tile of {rows} rows"),
        }
    }
}

/// Most rows of [`few`].
pub(in crate::matrix) const FEW: usize = 4;

#[target_feature(enable = "avx512f")]
unsafe fn pairs<const R: usize>(tile: &Tile) {
    // SAFETY: half as many lines of pairs as steps are read, `steps` words of `R` rows, `R` lines of sums are
    // written.
    unsafe {
        // Even and odd columns have sums of their own: twice as many additions are under way.
        let (mut evens, mut odds) = ([_mm512_setzero_ps(); R], [_mm512_setzero_ps(); R]);
        if !tile.first {
            for (r, sum) in evens.iter_mut().enumerate() {
                *sum = _mm512_load_ps(tile.sums.add(r * 16));
            }
        }
        let upper = _mm512_set1_epi32(0xFFFF_0000_u32.cast_signed());
        for pair in 0..tile.steps / 2 {
            let w = tile.weights.add(pair * 64);
            _mm_prefetch::<_MM_HINT_T0>(w.wrapping_add(AHEAD).cast());
            let x = tile.x.cast::<f32>().add(pair / 8 * 16 * R + pair % 8 * 2);
            let both = _mm512_loadu_si512(w.cast());
            let even = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(both));
            let odd = _mm512_castsi512_ps(_mm512_and_si512(both, upper));
            for r in 0..R {
                evens[r] = _mm512_fmadd_ps(even, _mm512_set1_ps(*x.add(r * 16)), evens[r]);
                odds[r] = _mm512_fmadd_ps(odd, _mm512_set1_ps(*x.add(r * 16 + 1)), odds[r]);
            }
        }
        for r in 0..R {
            _mm512_store_ps(tile.sums.add(r * 16), _mm512_add_ps(evens[r], odds[r]));
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn f32_shaped<const S: usize, const R: usize>(tile: &Tile) {
    // SAFETY: the caller's.
    unsafe {
        walk::<S, R>(tile, |sum, w, x| {
            _mm512_fmadd_ps(_mm512_castsi512_ps(w), _mm512_set1_ps(f32::from_bits(x)), sum)
        });
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn bf16_shaped<const S: usize, const R: usize>(tile: &Tile) {
    // SAFETY: the caller's; registers of pairs are plain bits.
    unsafe {
        walk::<S, R>(tile, |sum, w, x| {
            let x = _mm512_set1_epi32(x.cast_signed());
            _mm512_dpbf16_ps(
                sum,
                std::mem::transmute::<__m512i, __m512bh>(w),
                std::mem::transmute::<__m512i, __m512bh>(x),
            )
        });
    }
}

/// Sums over all steps of a tile; a step is one word of each row of activations and one line of each strip.
#[inline(always)]
unsafe fn walk<const S: usize, const R: usize>(
    tile: &Tile,
    multiply: impl Fn(__m512, __m512i, u32) -> __m512 + Copy,
) {
    // SAFETY: `steps` lines of `S` strips are read, `steps` words of `R` rows, and `R * S` lines of sums are written.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); S]; R];
        if !tile.first {
            for r in 0..R {
                for s in 0..S {
                    sums[r][s] = _mm512_load_ps(tile.sums.add((r * S + s) * 16));
                }
            }
        }
        // Unpacked weights lie side by side, packed ones strip after strip.
        let (line, next) = if tile.stride == 0 {
            (64 * S, 64)
        } else {
            (64, tile.stride)
        };
        let (mut w, mut x) = (tile.weights, tile.x);
        let step = |sums: &mut [[__m512; S]; R], w: *const u8, x: *const u32| {
            let mut weights = [_mm512_setzero_si512(); S];
            for s in 0..S {
                let from = w.wrapping_add(s * next);
                _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add(AHEAD).cast());
                weights[s] = _mm512_loadu_si512(from.cast());
            }
            for r in 0..R {
                let value = *x.add(r * 16);
                for s in 0..S {
                    sums[r][s] = multiply(sums[r][s], weights[s], value);
                }
            }
        };
        for _ in 0..tile.steps / 16 {
            for _ in 0..4 {
                for i in 0..4 {
                    step(&mut sums, w.add(i * line), x.add(i));
                }
                w = w.add(4 * line);
                x = x.add(4);
            }
            x = x.add(16 * R - 16);
        }
        for i in 0..tile.steps % 16 {
            step(&mut sums, w.add(i * line), x.add(i));
        }
        for r in 0..R {
            for s in 0..S {
                _mm512_store_ps(tile.sums.add((r * S + s) * 16), sums[r][s]);
            }
        }
    }
}
