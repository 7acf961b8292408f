//! Queries, keys and values in the words of a product.

use super::Elements;
use super::tile::QUERIES;
use crate::lanes::convert::widen;
use crate::lanes::{Lanes, Product};

/// The row of `d` numbers at `at`, in float32: as it lies, or widened into `buffer`.
#[inline(always)]
pub(super) fn row<'a, L: Lanes>(
    l: L,
    elements: Elements<'a>,
    at: usize,
    d: usize,
    buffer: &'a mut [f32],
) -> &'a [f32] {
    match elements {
        Elements::F32(v) => &v[at..at + d],
        Elements::F16(v) => {
            widen(l, &v[at..at + d], &mut buffer[..d]);
            &buffer[..d]
        }
    }
}

/// Writes query `query` of a tile, times `factor`, to `[words of d, QUERIES]`.
#[inline(always)]
#[expect(unsafe_code, reason = "words are written through a pointer")]
pub(super) fn query<P: Product>(
    p: P,
    values: &[f32],
    factor: f32,
    query: usize,
    buffer: &mut [f32],
    to: &mut [f32],
) {
    let words = values.len().div_ceil(P::PER);
    let (scaled, packed) = buffer.split_at_mut(values.len());
    for (s, v) in scaled.iter_mut().zip(values) {
        *s = v * factor;
    }
    let packed = &mut packed[..words];
    // SAFETY: the slice holds as many words.
    unsafe { p.words(scaled, packed.as_mut_ptr()) };
    for (word, column) in packed.iter().zip(to.chunks_exact_mut(QUERIES)) {
        column[query] = *word;
    }
}

/// Writes one row of keys as words.
#[inline(always)]
#[expect(unsafe_code, reason = "words are written through a pointer")]
pub(super) fn key<P: Product>(p: P, values: &[f32], to: &mut [f32]) {
    let words = &mut to[..values.len().div_ceil(P::PER)];
    // SAFETY: the slice holds as many words.
    unsafe { p.words(values, words.as_mut_ptr()) };
}

/// Writes the words of two rows of values (of one where a word holds one value).
#[inline(always)]
#[expect(unsafe_code, reason = "whole registers of slices whose lengths were checked")]
pub(super) fn values<P: Product>(p: P, first: &[f32], second: &[f32], to: &mut [f32]) {
    let l = p.lanes();
    let (n, d) = (P::L::N, first.len());
    assert!(second.len() == d && to.len() >= d, "rows of values");
    let whole = d - d % n;
    for i in (0..whole).step_by(n) {
        // SAFETY: a register from `i` on lies in all three.
        unsafe {
            let words = p.pair(l.load(first.as_ptr().add(i)), l.load(second.as_ptr().add(i)));
            l.store(words, to.as_mut_ptr().add(i));
        }
    }
    if whole < d {
        let mut rest = [[0.0; 16]; 2];
        rest[0][..d - whole].copy_from_slice(&first[whole..]);
        rest[1][..d - whole].copy_from_slice(&second[whole..]);
        let words = p.pair(l.read(&rest[0]), l.read(&rest[1]));
        let mut out = [0.0; 16];
        l.write(words, &mut out);
        to[whole..d].copy_from_slice(&out[..d - whole]);
    }
}
