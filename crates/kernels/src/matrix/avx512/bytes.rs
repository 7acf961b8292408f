//! Packed bytes times byte activations. The weights of 32 columns are unpacked into eight registers, which then meet
//! row after row of activations: four products of unsigned weights and signed activations to a lane, summed exactly,
//! then scaled into the float32 sum of the row.

use std::arch::x86_64::*;

use super::Tile;
use crate::matrix::layout::{
    LINE, Q4_DMIN, Q4_MINS, Q4_QUANTS, Q4_SCALES, Q4_SPAN, Q6_HIGH, Q6_QUANTS, Q6_SCALES, Q6_SPAN, Q8_QUANTS,
};
use crate::matrix::unpack::{Q4, Q6, Q8};
use crate::panel::{BLOCK_WORDS, Field, QUANT_WORDS};

/// How many bytes of `KIND` are asked for ahead of the reading: whole blocks, so that each line is asked for once.
const fn ahead(kind: u8) -> usize {
    match kind {
        Q8 => 8 * (Q8_QUANTS + 8 * LINE),
        Q4 => 2 * (Q4_QUANTS + 8 * Q4_SPAN),
        _ => 2 * (Q6_QUANTS + 8 * Q6_SPAN),
    }
}

/// Byte activations and packed weights of one kind.
///
/// # Safety
/// The pointers hold what the tile says, and the machine has AVX-512 F, BW, VL and VNNI.
pub(in crate::matrix) unsafe fn tile<const KIND: u8>(tile: &Tile) {
    macro_rules! rows {
        ($($rows:literal)*) => {
            match tile.rows {
                // SAFETY: the caller's.
                $($rows => unsafe { strips::<KIND, $rows>(tile) },)*
                rows => debug_assert!(false, "a tile of {rows} rows"),
            }
        };
    }
    rows!(1 2 3 4 5 6 7 8 9 10 11 12);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn strips<const KIND: u8, const R: usize>(tile: &Tile) {
    for s in 0..tile.strips {
        // SAFETY: the caller's, for each strip.
        unsafe {
            let lines = tile.sums.add(s * 16);
            strip::<KIND, R>(tile, tile.weights.add(s * tile.stride), lines, tile.strips * 16);
        }
    }
}

/// The weights of 32 columns of a strip: registers of four columns, and two factors (see [`crate::matrix::unpack`]).
struct Span {
    bytes: [__m512i; 8],
    a: __m512,
    b: __m512,
}

/// One strip; the sums of a row lie `next` numbers behind those of the one before.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn strip<const KIND: u8, const R: usize>(
    tile: &Tile,
    weights: *const u8,
    lines: *mut f32,
    next: usize,
) {
    // SAFETY: `steps` blocks of weights and of `R` rows of activations are read (of super-blocks there are only whole
    // ones), `R` lines of sums written.
    unsafe {
        let mut sums = [_mm512_setzero_ps(); R];
        if !tile.first {
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_load_ps(lines.add(r * next));
            }
        }
        let (mut w, mut x) = (weights, tile.x);
        if KIND == Q8 {
            for _ in 0..tile.steps {
                meet::<KIND, R>(&q8(w), x, &mut sums);
                w = w.add(Q8_QUANTS + 8 * LINE);
                x = x.add(BLOCK_WORDS * R);
            }
        } else {
            for _ in 0..tile.steps / 8 {
                let d = _mm512_cvtph_ps(_mm256_loadu_si256(w.cast()));
                let dmin = _mm512_cvtph_ps(_mm256_loadu_si256(w.add(Q4_DMIN).cast()));
                // The factors of a later super-block: the lines of its quants are asked for where those of this one
                // are read.
                for at in (0..Q4_QUANTS).step_by(LINE) {
                    _mm_prefetch::<_MM_HINT_T0>(w.wrapping_add(at + ahead(KIND)).cast());
                }
                for j in 0..8 {
                    let span = if KIND == Q4 {
                        q4(w, j, d, dmin)
                    } else {
                        q6(w, j, d)
                    };
                    meet::<KIND, R>(&span, x, &mut sums);
                    x = x.add(BLOCK_WORDS * R);
                }
                w = w.add(if KIND == Q4 {
                    Q4_QUANTS + 8 * Q4_SPAN
                } else {
                    Q6_QUANTS + 8 * Q6_SPAN
                });
            }
        }
        for (r, sum) in sums.iter().enumerate() {
            _mm512_store_ps(lines.add(r * next), *sum);
        }
    }
}

/// Adds the products of 32 columns with each row to its sum.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn meet<const KIND: u8, const R: usize>(span: &Span, x: *const u32, sums: &mut [__m512; R]) {
    for (r, sum) in sums.iter_mut().enumerate() {
        // SAFETY: a block of `R` rows of activations is read.
        let int = |at: usize| unsafe { _mm512_set1_epi32((*x.add(at)).cast_signed()) };
        let field = |f: Field| int(R * (QUANT_WORDS + f as usize) + r);
        let float = |f: Field| _mm512_castsi512_ps(field(f));
        let mut first = match KIND {
            Q8 => field(Field::Minus128),
            Q4 => _mm512_setzero_si512(),
            _ => field(Field::Minus32First),
        };
        let mut last = match KIND {
            Q8 | Q4 => _mm512_setzero_si512(),
            _ => field(Field::Minus32Last),
        };
        for g in 0..4 {
            first = _mm512_dpbusd_epi32(first, span.bytes[g], int(r * QUANT_WORDS + g));
            last = _mm512_dpbusd_epi32(last, span.bytes[4 + g], int(r * QUANT_WORDS + 4 + g));
        }
        let scaled = if KIND == Q8 || KIND == Q4 {
            _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(first, last)), span.a)
        } else {
            let first = _mm512_mul_ps(_mm512_cvtepi32_ps(first), span.a);
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(last), span.b, first)
        };
        *sum = _mm512_fmadd_ps(scaled, float(Field::Scale), *sum);
        if KIND == Q4 {
            *sum = _mm512_fnmadd_ps(span.b, float(Field::Sum), *sum);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn line<const KIND: u8>(w: *const u8, at: usize) -> __m512i {
    // SAFETY: the caller's; what is asked for ahead need not exist.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(w.wrapping_add(at + ahead(KIND)).cast());
        _mm512_loadu_si512(w.add(at).cast())
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn q8(w: *const u8) -> Span {
    // SAFETY: a block is read.
    unsafe {
        let mut bytes = [_mm512_setzero_si512(); 8];
        for (g, b) in bytes.iter_mut().enumerate() {
            *b = line::<Q8>(w, Q8_QUANTS + g * LINE);
        }
        let a = _mm512_cvtph_ps(_mm256_loadu_si256(w.cast()));
        Span { bytes, a, b: a }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn q4(w: *const u8, j: usize, d: __m512, dmin: __m512) -> Span {
    // SAFETY: 32 columns of a super-block are read.
    unsafe {
        let nibble = _mm512_set1_epi8(15);
        let mut bytes = [_mm512_setzero_si512(); 8];
        for g in 0..4 {
            let both = line::<Q4>(w, Q4_QUANTS + j * Q4_SPAN + g * LINE);
            bytes[g] = _mm512_and_si512(both, nibble);
            bytes[4 + g] = _mm512_and_si512(_mm512_srli_epi16::<4>(both), nibble);
        }
        let small = |at: usize| {
            let bytes = _mm_loadu_si128(w.add(at + j * 16).cast());
            _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
        };
        Span {
            bytes,
            a: _mm512_mul_ps(d, small(Q4_SCALES)),
            b: _mm512_mul_ps(dmin, small(Q4_MINS)),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn q6(w: *const u8, j: usize, d: __m512) -> Span {
    // SAFETY: 32 columns of a super-block are read.
    unsafe {
        let (nibble, pair) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
        let at = Q6_QUANTS + j * Q6_SPAN;
        let mut bytes = [_mm512_setzero_si512(); 8];
        for half in 0..2 {
            let high = line::<Q6>(w, at + Q6_HIGH + half * LINE);
            bytes[half * 4] = _mm512_slli_epi16::<4>(high);
            bytes[half * 4 + 1] = _mm512_slli_epi16::<2>(high);
            bytes[half * 4 + 2] = high;
            bytes[half * 4 + 3] = _mm512_srli_epi16::<2>(high);
        }
        for g in 0..4 {
            let both = line::<Q6>(w, at + g * LINE);
            // 0xF8 is the first, or the second and the third.
            let low = _mm512_and_si512(both, nibble);
            bytes[g] = _mm512_ternarylogic_epi32::<0xF8>(low, bytes[g], pair);
            let low = _mm512_and_si512(_mm512_srli_epi16::<4>(both), nibble);
            bytes[4 + g] = _mm512_ternarylogic_epi32::<0xF8>(low, bytes[4 + g], pair);
        }
        let scale = |half: usize| {
            let bytes = _mm_loadu_si128(w.add(Q6_SCALES + (2 * j + half) * 16).cast());
            _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)))
        };
        Span {
            bytes,
            a: scale(0),
            b: scale(1),
        }
    }
}
