//! Unpacked bytes: four products of unsigned weights and signed activations to a lane, exact sums over a block, which are
//! then scaled into float32 sums.

use std::arch::x86_64::*;

use super::{Tile, shaped};
use crate::matrix::unpack::{Q4, Q8, SPAN_BYTES};
use crate::panel::{BLOCK_WORDS, Field, QUANT_WORDS};

/// Byte activations and unpacked weights.
///
/// # Safety
/// The pointers hold what the tile says, and the machine has AVX-512 F and VNNI.
pub(in crate::matrix) unsafe fn tile<const KIND: u8>(tile: &Tile) {
    // SAFETY: the caller's.
    unsafe { shaped!(tile, blocks::<KIND, S, R>(tile); 1 2 3 4 5 6) }
}

#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn blocks<const KIND: u8, const S: usize, const R: usize>(tile: &Tile) {
    // SAFETY: `steps` blocks of `S` strips are read, as many of `R` rows, and `R * S` lines of sums are written.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); S]; R];
        if !tile.first {
            for r in 0..R {
                for s in 0..S {
                    sums[r][s] = _mm512_load_ps(tile.sums.add((r * S + s) * 16));
                }
            }
        }
        let (mut w, mut x) = (tile.weights, tile.x);
        for _ in 0..tile.steps {
            let field = |f: Field, r: usize| *x.add(R * (QUANT_WORDS + f as usize) + r);
            let float = |f: Field, r: usize| _mm512_set1_ps(f32::from_bits(field(f, r)));
            let int = |f: Field, r: usize| _mm512_set1_epi32(field(f, r).cast_signed());
            let scales = |i: usize, s: usize| _mm512_load_ps(w.add((i * S + s) * 64).cast());
            let mut dots = [[_mm512_setzero_si512(); S]; R];
            let add = |dots: &mut [[__m512i; S]; R], from: usize| {
                for g in from..from + 4 {
                    let mut weights = [_mm512_setzero_si512(); S];
                    for s in 0..S {
                        weights[s] = _mm512_load_si512(w.add(((2 + g) * S + s) * 64).cast());
                    }
                    for r in 0..R {
                        let value = _mm512_set1_epi32((*x.add(r * QUANT_WORDS + g)).cast_signed());
                        for s in 0..S {
                            dots[r][s] = _mm512_dpbusd_epi32(dots[r][s], weights[s], value);
                        }
                    }
                }
            };
            let begin = |dots: &mut [[__m512i; S]; R], f: Field| {
                for r in 0..R {
                    dots[r] = [int(f, r); S];
                }
            };
            if KIND == Q8 || KIND == Q4 {
                if KIND == Q8 {
                    begin(&mut dots, Field::Minus128);
                }
                add(&mut dots, 0);
                add(&mut dots, 4);
                for s in 0..S {
                    let (a, b) = (scales(0, s), scales(1, s));
                    for r in 0..R {
                        let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[r][s]), a);
                        sums[r][s] = _mm512_fmadd_ps(scaled, float(Field::Scale, r), sums[r][s]);
                        if KIND == Q4 {
                            sums[r][s] = _mm512_fnmadd_ps(b, float(Field::Sum, r), sums[r][s]);
                        }
                    }
                }
            } else {
                // Two scales to a block: the halves are summed and scaled one after the other.
                begin(&mut dots, Field::Minus32First);
                add(&mut dots, 0);
                let mut halves = [[_mm512_setzero_ps(); S]; R];
                for s in 0..S {
                    let a = scales(0, s);
                    for r in 0..R {
                        halves[r][s] = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[r][s]), a);
                    }
                }
                begin(&mut dots, Field::Minus32Last);
                add(&mut dots, 4);
                for s in 0..S {
                    let b = scales(1, s);
                    for r in 0..R {
                        let both = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r][s]), b, halves[r][s]);
                        sums[r][s] = _mm512_fmadd_ps(both, float(Field::Scale, r), sums[r][s]);
                    }
                }
            }
            w = w.add(SPAN_BYTES * S);
            x = x.add(BLOCK_WORDS * R);
        }
        for r in 0..R {
            for s in 0..S {
                _mm512_store_ps(tile.sums.add((r * S + s) * 16), sums[r][s]);
            }
        }
    }
}
