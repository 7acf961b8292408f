//! A few rows of activations times packed bytes: the weights are read once from memory and unpacked in registers.

use std::arch::x86_64::*;

use super::Tile;
use crate::matrix::layout::{
    LINE, Q4_DMIN, Q4_MINS, Q4_QUANTS, Q4_SCALES, Q4_SPAN, Q6_HIGH, Q6_QUANTS, Q6_SCALES, Q6_SPAN, Q8_QUANTS,
};
use crate::panel::{BLOCK_WORDS, Field, QUANT_WORDS};

/// How far ahead of the reading lines are asked for, bytes.
const AHEAD: usize = 2048;

macro_rules! rows {
    ($tile:expr, $name:ident) => {
        match $tile.rows {
            1 => $name::<1>($tile),
            2 => $name::<2>($tile),
            3 => $name::<3>($tile),
            4 => $name::<4>($tile),
            _ => debug_assert!(false, "a tile of {} rows", $tile.rows),
        }
    };
}

/// `Q8_0`, one strip.
///
/// # Safety
/// The pointers hold what the tile says, and the machine has AVX-512 F, BW, VL and VNNI.
pub(in crate::matrix) unsafe fn q8(tile: &Tile) {
    // SAFETY: the caller's.
    unsafe { rows!(tile, q8_rows) }
}

/// `Q4K`, one strip.
///
/// # Safety
/// As [`q8`].
pub(in crate::matrix) unsafe fn q4(tile: &Tile) {
    // SAFETY: the caller's.
    unsafe { rows!(tile, q4_rows) }
}

/// `Q6K`, one strip.
///
/// # Safety
/// As [`q8`].
pub(in crate::matrix) unsafe fn q6(tile: &Tile) {
    // SAFETY: the caller's.
    unsafe { rows!(tile, q6_rows) }
}

#[inline(always)]
unsafe fn load(sums: *const f32, first: bool, r: usize) -> __m512 {
    // SAFETY: a line of sums for each row.
    unsafe {
        if first {
            _mm512_setzero_ps()
        } else {
            _mm512_load_ps(sums.add(r * 16))
        }
    }
}

#[inline(always)]
unsafe fn word(x: *const u32, at: usize) -> __m512i {
    // SAFETY: the caller's.
    unsafe { _mm512_set1_epi32((*x.add(at)).cast_signed()) }
}

#[inline(always)]
unsafe fn float(x: *const u32, rows: usize, f: Field, r: usize) -> __m512 {
    // SAFETY: the caller's.
    unsafe { _mm512_set1_ps(f32::from_bits(*x.add(rows * (QUANT_WORDS + f as usize) + r))) }
}

#[inline(always)]
unsafe fn int(x: *const u32, rows: usize, f: Field, r: usize) -> __m512i {
    // SAFETY: the caller's.
    unsafe { word(x, rows * (QUANT_WORDS + f as usize) + r) }
}

#[inline(always)]
unsafe fn line(w: *const u8, at: usize) -> __m512i {
    // SAFETY: the caller's; what is asked for ahead need not exist.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(w.wrapping_add(at + AHEAD).cast());
        _mm512_loadu_si512(w.add(at).cast())
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn q8_rows<const R: usize>(tile: &Tile) {
    // SAFETY: `steps` blocks of weights and activations are read, `R` lines of sums written.
    unsafe {
        let mut sums = [_mm512_setzero_ps(); R];
        for r in 0..R {
            sums[r] = load(tile.sums, tile.first, r);
        }
        let (mut w, mut x) = (tile.weights, tile.x);
        for _ in 0..tile.steps {
            let scale = _mm512_cvtph_ps(_mm256_loadu_si256(w.cast()));
            let (mut even, mut odd) = ([_mm512_setzero_si512(); R], [_mm512_setzero_si512(); R]);
            for r in 0..R {
                even[r] = int(x, R, Field::Minus128, r);
            }
            for g in (0..8).step_by(2) {
                let (a, b) = (line(w, Q8_QUANTS + g * LINE), line(w, Q8_QUANTS + (g + 1) * LINE));
                for r in 0..R {
                    even[r] = _mm512_dpbusd_epi32(even[r], a, word(x, r * QUANT_WORDS + g));
                    odd[r] = _mm512_dpbusd_epi32(odd[r], b, word(x, r * QUANT_WORDS + g + 1));
                }
            }
            for r in 0..R {
                let dot = _mm512_cvtepi32_ps(_mm512_add_epi32(even[r], odd[r]));
                sums[r] = _mm512_fmadd_ps(_mm512_mul_ps(dot, scale), float(x, R, Field::Scale, r), sums[r]);
            }
            w = w.add(Q8_QUANTS + 8 * LINE);
            x = x.add(BLOCK_WORDS * R);
        }
        for r in 0..R {
            _mm512_store_ps(tile.sums.add(r * 16), sums[r]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn q4_rows<const R: usize>(tile: &Tile) {
    // SAFETY: as above; steps come in whole super-blocks.
    unsafe {
        let mut sums = [_mm512_setzero_ps(); R];
        for r in 0..R {
            sums[r] = load(tile.sums, tile.first, r);
        }
        let nibble = _mm512_set1_epi8(15);
        let (mut w, mut x) = (tile.weights, tile.x);
        for _ in 0..tile.steps / 8 {
            let d = _mm512_cvtph_ps(_mm256_loadu_si256(w.cast()));
            let dmin = _mm512_cvtph_ps(_mm256_loadu_si256(w.add(Q4_DMIN).cast()));
            for j in 0..8 {
                let small = |at: usize| {
                    let bytes = _mm_loadu_si128(w.add(at + j * 16).cast());
                    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
                };
                let (a, b) = (
                    _mm512_mul_ps(d, small(Q4_SCALES)),
                    _mm512_mul_ps(dmin, small(Q4_MINS)),
                );
                let (mut low, mut high) = ([_mm512_setzero_si512(); R], [_mm512_setzero_si512(); R]);
                for i in 0..4 {
                    let both = line(w, Q4_QUANTS + j * Q4_SPAN + i * LINE);
                    let first = _mm512_and_si512(both, nibble);
                    let last = _mm512_and_si512(_mm512_srli_epi16::<4>(both), nibble);
                    for r in 0..R {
                        low[r] = _mm512_dpbusd_epi32(low[r], first, word(x, r * QUANT_WORDS + i));
                        high[r] = _mm512_dpbusd_epi32(high[r], last, word(x, r * QUANT_WORDS + 4 + i));
                    }
                }
                for r in 0..R {
                    let dot = _mm512_cvtepi32_ps(_mm512_add_epi32(low[r], high[r]));
                    sums[r] = _mm512_fmadd_ps(_mm512_mul_ps(dot, a), float(x, R, Field::Scale, r), sums[r]);
                    sums[r] = _mm512_fnmadd_ps(b, float(x, R, Field::Sum, r), sums[r]);
                }
                x = x.add(BLOCK_WORDS * R);
            }
            w = w.add(Q4_QUANTS + 8 * Q4_SPAN);
        }
        for r in 0..R {
            _mm512_store_ps(tile.sums.add(r * 16), sums[r]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn q6_rows<const R: usize>(tile: &Tile) {
    // SAFETY: as above; steps come in whole super-blocks.
    unsafe {
        let mut sums = [_mm512_setzero_ps(); R];
        for r in 0..R {
            sums[r] = load(tile.sums, tile.first, r);
        }
        let (nibble, pair) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
        let (mut w, mut x) = (tile.weights, tile.x);
        for _ in 0..tile.steps / 8 {
            let d = _mm512_cvtph_ps(_mm256_loadu_si256(w.cast()));
            for j in 0..8 {
                let scale = |half: usize| {
                    let bytes = _mm_loadu_si128(w.add(Q6_SCALES + (2 * j + half) * 16).cast());
                    _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)))
                };
                let (a, b) = (scale(0), scale(1));
                let span = Q6_QUANTS + j * Q6_SPAN;
                let highs = [line(w, span + Q6_HIGH), line(w, span + Q6_HIGH + LINE)];
                let (mut first, mut last) = ([_mm512_setzero_si512(); R], [_mm512_setzero_si512(); R]);
                for r in 0..R {
                    first[r] = int(x, R, Field::Minus32First, r);
                    last[r] = int(x, R, Field::Minus32Last, r);
                }
                for i in 0..4 {
                    let both = line(w, span + i * LINE);
                    let up = |v: __m512i| {
                        let moved = match i {
                            0 => _mm512_slli_epi16::<4>(v),
                            1 => _mm512_slli_epi16::<2>(v),
                            2 => v,
                            _ => _mm512_srli_epi16::<2>(v),
                        };
                        _mm512_and_si512(moved, pair)
                    };
                    // high | (low & nibble)
                    let p = _mm512_ternarylogic_epi32::<0xF8>(up(highs[0]), both, nibble);
                    let low = _mm512_srli_epi16::<4>(both);
                    let q = _mm512_ternarylogic_epi32::<0xF8>(up(highs[1]), low, nibble);
                    for r in 0..R {
                        first[r] = _mm512_dpbusd_epi32(first[r], p, word(x, r * QUANT_WORDS + i));
                        last[r] = _mm512_dpbusd_epi32(last[r], q, word(x, r * QUANT_WORDS + 4 + i));
                    }
                }
                for r in 0..R {
                    let dots = _mm512_mul_ps(_mm512_cvtepi32_ps(first[r]), a);
                    let dots = _mm512_fmadd_ps(_mm512_cvtepi32_ps(last[r]), b, dots);
                    sums[r] = _mm512_fmadd_ps(dots, float(x, R, Field::Scale, r), sums[r]);
                }
                x = x.add(BLOCK_WORDS * R);
            }
            w = w.add(Q6_QUANTS + 8 * Q6_SPAN);
        }
        for r in 0..R {
            _mm512_store_ps(tile.sums.add(r * 16), sums[r]);
        }
    }
}
