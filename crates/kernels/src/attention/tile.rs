//! A tile of queries beside tiles of keys, with the running softmax between.
//!
//! Queries lie in the lanes: scores are made as `[keys, queries]`, so that keys and values are read in the order in which
//! they are held, and no sum or maximum runs across lanes. The maximum is raised only when a score leaves it by more than
//! [`SLACK`] powers of two; the quotient at the end does not depend on it.

use super::block::{Left, multiply};
use crate::lanes::{Lanes, Product, exp::exp2};

/// Queries of a tile: three registers of 16.
pub(super) const QUERIES: usize = 48;
/// Keys of a tile.
pub(super) const KEYS: usize = 64;
/// Powers of two by which a score may pass the maximum that is kept: small beside float32's range, whatever the sum.
pub(super) const SLACK: f32 = 8.0;

/// What a tile of queries carries from keys to keys. All are `[.., QUERIES]`.
pub(super) struct Tile<'a> {
    /// Registers in use: queries beyond the last are zero.
    pub(super) registers: usize,
    /// Width of a head.
    pub(super) d: usize,
    /// Queries times `scale * log2 e`, `[words of d, QUERIES]`.
    pub(super) queries: &'a [f32],
    /// Scores, then probabilities, `[KEYS, QUERIES]`.
    pub(super) scores: &'a mut [f32],
    /// Sums of values, `[d, QUERIES]`.
    pub(super) sums: &'a mut [f32],
    /// Maxima and sums of probabilities, `[2, QUERIES]`.
    pub(super) state: &'a mut [f32],
}

/// Keys and values of a tile in words.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Keys that there are, at most [`KEYS`].
    pub(super) count: usize,
    /// Keys `[count, words of d]`.
    pub(super) keys: *const f32,
    /// Values `[words of count, d]`.
    pub(super) values: *const f32,
}

/// Which rows each query sees: `starts` and `ends`, counted from the tile's first.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) starts: [f32; QUERIES],
    pub(super) ends: [f32; QUERIES],
}

impl Tile<'_> {
    /// Before the first keys.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        self.sums[..self.d * QUERIES].fill(0.0);
        self.state[..QUERIES].fill(f32::MIN);
        self.state[QUERIES..].fill(0.0);
    }

    /// Weighted mean of the values for a query; zeros where it has seen nothing.
    #[inline(always)]
    pub(super) fn finish(&self, query: usize, out: &mut [f32]) {
        let sum = self.state[QUERIES + query];
        let inverse = if sum > 0.0 { 1.0 / sum } else { 0.0 };
        for (o, column) in out.iter_mut().zip(self.sums.chunks_exact(QUERIES)) {
            *o = column[query] * inverse;
        }
    }

    /// Takes a tile of keys in.
    ///
    /// # Safety
    /// `rows` must point to what it says.
    #[inline(always)]
    #[expect(unsafe_code, reason = "the inner loops of attention go without bounds checks")]
    pub(super) unsafe fn take<P: Product>(&mut self, p: P, rows: Rows, seen: Option<&Seen>) {
        let (l, n) = (p.lanes(), P::L::N);
        let words = self.d.div_ceil(P::PER);
        assert!(
            rows.count <= KEYS
                && self.registers * n <= QUERIES
                && self.queries.len() >= words * QUERIES
                && self.scores.len() >= KEYS * QUERIES
                && self.sums.len() >= self.d * QUERIES
                && self.state.len() >= 2 * QUERIES,
            "memory of a tile"
        );
        let scores = self.scores.as_mut_ptr();
        // SAFETY: the lengths were checked; the keys are the caller's word.
        unsafe {
            let keys = Left {
                at: rows.keys,
                row: words,
                step: 1,
            };
            multiply(
                p,
                keys,
                rows.count,
                words,
                self.queries.as_ptr(),
                scores,
                QUERIES,
                self.registers,
                true,
            );
        }
        for column in (0..self.registers * n).step_by(n) {
            // SAFETY: the columns lie inside `QUERIES`, and the rows inside what was checked.
            unsafe {
                if let Some(seen) = seen {
                    hide(
                        l,
                        rows.count,
                        scores.add(column),
                        &seen.starts[column..],
                        &seen.ends[column..],
                    );
                }
                self.raise(l, rows.count, column);
                self.weigh(p, rows.count, column);
            }
        }
        // SAFETY: the lengths were checked; the values are the caller's word.
        unsafe {
            let values = Left {
                at: rows.values,
                row: 1,
                step: self.d,
            };
            let steps = rows.count.div_ceil(P::PER);
            multiply(
                p,
                values,
                self.d,
                steps,
                scores,
                self.sums.as_mut_ptr(),
                QUERIES,
                self.registers,
                false,
            );
        }
    }

    /// Raises the maxima of a register of queries where the scores leave them, and shrinks what was summed before.
    ///
    /// # Safety
    /// `rows` of scores and the register at `column` must be there.
    #[inline(always)]
    #[expect(unsafe_code, reason = "the inner loops of attention go without bounds checks")]
    unsafe fn raise<L: Lanes>(&mut self, l: L, rows: usize, column: usize) {
        // SAFETY: the caller's word.
        unsafe {
            let scores = self.scores.as_ptr().add(column);
            // Two chains, since one waits for itself.
            let mut tops = [l.splat(f32::NEG_INFINITY); 2];
            let mut r = 0;
            while r + 2 <= rows {
                tops[0] = l.max(tops[0], l.load(scores.add(r * QUERIES)));
                tops[1] = l.max(tops[1], l.load(scores.add((r + 1) * QUERIES)));
                r += 2;
            }
            if r < rows {
                tops[0] = l.max(tops[0], l.load(scores.add(r * QUERIES)));
            }
            let top = l.max(tops[0], tops[1]);
            let held = l.read(&self.state[column..]);
            if !l.any_above(top, l.add(held, l.splat(SLACK))) {
                return;
            }
            let raised = l.max(held, top);
            let factor = exp2::<L, 6>(l, l.sub(held, raised));
            l.write(raised, &mut self.state[column..]);
            let sum = l.read(&self.state[QUERIES + column..]);
            l.write(l.mul(sum, factor), &mut self.state[QUERIES + column..]);
            let sums = self.sums.as_mut_ptr().add(column);
            for i in 0..self.d {
                let at = sums.add(i * QUERIES);
                l.store(l.mul(l.load(at), factor), at);
            }
        }
    }

    /// Makes words of probabilities of the scores of a register of queries, in place.
    ///
    /// # Safety
    /// `rows` of scores and the register at `column` must be there, and one row more for an odd count.
    #[inline(always)]
    #[expect(unsafe_code, reason = "the inner loops of attention go without bounds checks")]
    unsafe fn weigh<P: Product>(&mut self, p: P, rows: usize, column: usize) {
        let l = p.lanes();
        let held = l.read(&self.state[column..]);
        let mut sum = l.read(&self.state[QUERIES + column..]);
        // SAFETY: the caller's word. A word is written at or before the scores it is made of.
        unsafe {
            let scores = self.scores.as_mut_ptr().add(column);
            let mut r = 0;
            while r + 2 <= rows {
                let (first, second) = (
                    weight(p, scores.add(r * QUERIES), held),
                    weight(p, scores.add((r + 1) * QUERIES), held),
                );
                sum = l.add(sum, l.add(first, second));
                if P::PER == 2 {
                    l.store(p.pair(first, second), scores.add(r / 2 * QUERIES));
                } else {
                    l.store(first, scores.add(r * QUERIES));
                    l.store(second, scores.add((r + 1) * QUERIES));
                }
                r += 2;
            }
            if r < rows {
                let last = weight(p, scores.add(r * QUERIES), held);
                sum = l.add(sum, last);
                l.store(p.pair(last, l.splat(0.0)), scores.add(r / P::PER * QUERIES));
            }
        }
        l.write(sum, &mut self.state[QUERIES + column..]);
    }
}

/// `2^(score - held)`.
///
/// # Safety
/// A register of scores must be at `score`.
#[inline(always)]
#[expect(unsafe_code, reason = "the inner loops of attention go without bounds checks")]
unsafe fn weight<P: Product>(p: P, score: *const f32, held: <P::L as Lanes>::F) -> <P::L as Lanes>::F {
    let l = p.lanes();
    // SAFETY: the caller's word.
    let score = l.sub(unsafe { l.load(score) }, held);
    if P::DEGREE >= 6 {
        exp2::<P::L, 6>(l, score)
    } else {
        exp2::<P::L, 4>(l, score)
    }
}

/// Minus infinity where a query does not see a key.
///
/// # Safety
/// `rows` of scores of a register must be at `scores`.
#[inline(always)]
#[expect(unsafe_code, reason = "the inner loops of attention go without bounds checks")]
unsafe fn hide<L: Lanes>(l: L, rows: usize, scores: *mut f32, starts: &[f32], ends: &[f32]) {
    let (starts, ends) = (l.read(starts), l.read(ends));
    for r in 0..rows {
        // SAFETY: the caller's word.
        unsafe {
            let at = scores.add(r * QUERIES);
            l.store(l.within(l.load(at), l.splat(r as f32), starts, ends), at);
        }
    }
}
