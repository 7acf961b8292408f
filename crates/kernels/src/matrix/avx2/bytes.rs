//! Unpacked bytes times byte activations. Two products are summed in 16 bits, so what is multiplied must be small
//! enough: see [`dots`].

use std::arch::x86_64::*;

use super::Tile;
use crate::matrix::layout::LINE;
use crate::matrix::unpack::{Q4, Q8, SPAN_BYTES};
use crate::panel::{BLOCK_WORDS, Field, QUANT_WORDS};

/// Byte activations and unpacked weights of one kind.
///
/// # Safety
/// The pointers hold what the tile says, of one strip, and the machine has AVX2 and FMA.
pub(in crate::matrix) unsafe fn tile<const KIND: u8>(tile: &Tile) {
    debug_assert_eq!(tile.strips, 1);
    macro_rules! rows {
        ($($rows:literal)*) => {
            match tile.rows {
                // SAFETY: the caller's.
                $($rows => unsafe {
                    half::<KIND, $rows>(tile, 0);
                    half::<KIND, $rows>(tile, 1);
                },)*
                rows => debug_assert!(false, "a tile of {rows} rows"),
            }
        };
    }
    rows!(1 2 3 4);
}

/// Eight rows of a strip.
#[target_feature(enable = "avx2,fma")]
unsafe fn half<const KIND: u8, const R: usize>(tile: &Tile, half: usize) {
    // SAFETY: `steps` blocks of weights and of `R` rows of activations are read, half of `R` lines of sums is
    // written.
    unsafe {
        let lines = tile.sums.add(half * 8);
        let mut sums = [_mm256_setzero_ps(); R];
        if !tile.first {
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = _mm256_load_ps(lines.add(r * 16));
            }
        }
        let (mut w, mut x) = (tile.weights.add(half * 32), tile.x);
        for _ in 0..tile.steps {
            let a = _mm256_loadu_ps(w.cast());
            let b = _mm256_loadu_ps(w.add(LINE).cast());
            let field = |f: Field, r: usize| *x.add(R * (QUANT_WORDS + f as usize) + r);
            let float = |f: Field, r: usize| _mm256_set1_ps(f32::from_bits(field(f, r)));
            if KIND == Q8 || KIND == Q4 {
                let found = dots::<KIND, R>(w, x, 0, 8);
                for r in 0..R {
                    let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(found[r]), a);
                    sums[r] = _mm256_fmadd_ps(scaled, float(Field::Scale, r), sums[r]);
                    if KIND == Q4 {
                        sums[r] = _mm256_fnmadd_ps(b, float(Field::Sum, r), sums[r]);
                    }
                }
            } else {
                let (first, last) = (dots::<KIND, R>(w, x, 0, 4), dots::<KIND, R>(w, x, 4, 8));
                for r in 0..R {
                    let offset = |f: Field| _mm256_set1_epi32(field(f, r).cast_signed());
                    let first = _mm256_add_epi32(first[r], offset(Field::Minus32First));
                    let last = _mm256_add_epi32(last[r], offset(Field::Minus32Last));
                    let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(first), a);
                    let scaled = _mm256_fmadd_ps(_mm256_cvtepi32_ps(last), b, scaled);
                    sums[r] = _mm256_fmadd_ps(scaled, float(Field::Scale, r), sums[r]);
                }
            }
            w = w.add(SPAN_BYTES);
            x = x.add(BLOCK_WORDS * R);
        }
        for (r, sum) in sums.iter().enumerate() {
            _mm256_store_ps(lines.add(r * 16), *sum);
        }
    }
}

/// Exact sums of the groups of four columns `from..to` of eight rows. Sums of two products in 16 bits hold
///
/// * `Q4K`: 2 x 15 x 127 = 3810, eight times over;
/// * `Q6K`: 2 x 63 x 127 = 16002, twice;
/// * `Q8_0`: 2 x 255 x 127 is too much. Weights lose their offset, and their sign goes over to the activations:
///   2 x 128 x 127 = 32512, once. The offset of the sum is thereby gone too.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn dots<const KIND: u8, const R: usize>(
    w: *const u8,
    x: *const u32,
    from: usize,
    to: usize,
) -> [__m256i; R] {
    let ones = _mm256_set1_epi16(1);
    let mut sums = [_mm256_setzero_si256(); R];
    // SAFETY: eight groups of weights follow two lines of factors; `R` rows of quants are read.
    unsafe {
        let group = |g: usize| _mm256_loadu_si256(w.add((2 + g) * LINE).cast());
        let value = |g: usize, r: usize| _mm256_set1_epi32((*x.add(r * QUANT_WORDS + g)).cast_signed());
        match KIND {
            Q8 => {
                for g in from..to {
                    let weights = _mm256_xor_si256(group(g), _mm256_set1_epi8(-128));
                    let sizes = _mm256_abs_epi8(weights);
                    for (r, sum) in sums.iter_mut().enumerate() {
                        let pairs = _mm256_maddubs_epi16(sizes, _mm256_sign_epi8(value(g, r), weights));
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
                    }
                }
            }
            Q4 => {
                for g in from..to {
                    let weights = group(g);
                    for (r, sum) in sums.iter_mut().enumerate() {
                        *sum = _mm256_add_epi16(*sum, _mm256_maddubs_epi16(weights, value(g, r)));
                    }
                }
                for sum in &mut sums {
                    *sum = _mm256_madd_epi16(*sum, ones);
                }
            }
            _ => {
                for g in (from..to).step_by(2) {
                    let (a, b) = (group(g), group(g + 1));
                    for (r, sum) in sums.iter_mut().enumerate() {
                        let pairs = _mm256_add_epi16(
                            _mm256_maddubs_epi16(a, value(g, r)),
                            _mm256_maddubs_epi16(b, value(g + 1, r)),
                        );
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
                    }
                }
            }
        }
    }
    sums
}
