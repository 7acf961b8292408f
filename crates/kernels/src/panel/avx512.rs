//! Rounding blocks of activations to bytes, with registers of 512 bits.
#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::*;

use super::{BLOCK_WORDS, QUANT_WORDS, steps};
use crate::input::BLOCK;

/// Rounds one row of a tile, exactly as [`super::quantise`] does.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn row(values: &[f32], out: &mut [u32], rows: usize, row: usize) {
    let (whole, rest) = values.as_chunks::<BLOCK>();
    let mut blocks = out.chunks_exact_mut(rows * BLOCK_WORDS);
    for (from, block) in whole.iter().zip(&mut blocks) {
        block_of(from, block, rows, row);
    }
    let mut last = [0.0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    for block in blocks {
        block_of(&last, block, rows, row);
        last = [0.0; BLOCK];
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn block_of(from: &[f32; BLOCK], block: &mut [u32], rows: usize, row: usize) {
    // SAFETY: both halves lie in the array.
    let (first, last) = unsafe {
        (
            _mm512_loadu_ps(from.as_ptr()),
            _mm512_loadu_ps(from.as_ptr().add(16)),
        )
    };
    let magnitude = |v: __m512| _mm512_and_si512(_mm512_castps_si512(v), _mm512_set1_epi32(0x7FFF_FFFF));
    // Halves of halves, until each lane holds the largest of all.
    let top = _mm512_max_epu32(magnitude(first), magnitude(last));
    let top = _mm512_max_epu32(top, _mm512_shuffle_i64x2::<0b01_00_11_10>(top, top));
    let top = _mm512_max_epu32(top, _mm512_shuffle_i64x2::<0b10_11_00_01>(top, top));
    let top = _mm512_max_epu32(top, _mm512_shuffle_epi32::<0b01_00_11_10>(top));
    let top = _mm512_max_epu32(top, _mm512_shuffle_epi32::<0b10_11_00_01>(top));
    let (scale, inverse) = steps(_mm_cvtsi128_si32(_mm512_castsi512_si128(top)).cast_unsigned());
    let by = _mm512_set1_ps(inverse);
    let bytes = |v: __m512| {
        let shifted = _mm512_add_ps(_mm512_mul_ps(v, by), _mm512_set1_ps(super::NEAREST));
        _mm512_cvtepi32_epi8(_mm512_castps_si512(shifted))
    };
    let sum = |q: __m128i| {
        // Sums of bytes without a sign, which are 128 too large each.
        let sums = _mm_sad_epu8(_mm_xor_si128(q, _mm_set1_epi8(-128)), _mm_setzero_si128());
        _mm_cvtsi128_si32(sums) + _mm_extract_epi32::<2>(sums) - 16 * 128
    };
    let (first, last) = (bytes(first), bytes(last));
    let words = &mut block[row * QUANT_WORDS..][..QUANT_WORDS];
    // SAFETY: eight words take 32 bytes.
    unsafe {
        _mm_storeu_si128(words.as_mut_ptr().cast(), first);
        _mm_storeu_si128(words.as_mut_ptr().add(4).cast(), last);
    }
    super::put_fields(block, rows, row, scale, sum(first), sum(last));
}
