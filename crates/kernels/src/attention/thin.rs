//! A few queries beside many keys: the keys stream by once, converted as they are read.

use super::Elements;
use super::tile::KEYS;
use crate::bytes::ALIGNMENT;
use crate::lanes::{Lanes, exp::exp2};
use crate::rounding::from_f16;

/// Queries that are done together at most.
pub(super) const FEW: usize = 4;

/// Numbers of a cache as they are held.
trait Cells: Copy {
    /// Numbers that there are.
    fn count(self) -> usize;
    /// One number.
    fn one(self, i: usize) -> f32;
    /// A register from `i` on.
    ///
    /// # Safety
    /// It must lie inside.
    #[expect(unsafe_code, reason = "reads without a bounds check")]
    unsafe fn register<L: Lanes>(self, l: L, i: usize) -> L::F;
}

#[expect(unsafe_code, reason = "reads without a bounds check")]
impl Cells for &[f32] {
    #[inline(always)]
    fn count(self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn one(self, i: usize) -> f32 {
        self[i]
    }

    #[inline(always)]
    unsafe fn register<L: Lanes>(self, l: L, i: usize) -> L::F {
        debug_assert!(i + L::N <= self.len(), "inside the cache");
        // SAFETY: it lies inside, says the caller.
        unsafe { l.load(self.as_ptr().add(i)) }
    }
}

#[expect(unsafe_code, reason = "reads without a bounds check")]
impl Cells for &[u16] {
    #[inline(always)]
    fn count(self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn one(self, i: usize) -> f32 {
        from_f16(self[i])
    }

    #[inline(always)]
    unsafe fn register<L: Lanes>(self, l: L, i: usize) -> L::F {
        debug_assert!(i + L::N <= self.len(), "inside the cache");
        // SAFETY: it lies inside, says the caller.
        unsafe { l.load_f16(self.as_ptr().add(i)) }
    }
}

/// Numbers that will be read soon.
#[derive(Clone, Copy)]
struct Asked {
    at: *const u8,
    /// Bytes of a number.
    size: usize,
}

impl Asked {
    fn new(elements: Elements<'_>) -> Self {
        match elements {
            Elements::F32(v) => Self {
                at: v.as_ptr().cast(),
                size: size_of::<f32>(),
            },
            Elements::F16(v) => Self {
                at: v.as_ptr().cast(),
                size: size_of::<u16>(),
            },
        }
    }

    /// Asks for the lines that hold `count` numbers from `i` on; they need not be there.
    #[inline(always)]
    fn ask<L: Lanes>(self, l: L, i: usize, count: usize) {
        let from = self.at.wrapping_add(i * self.size);
        for line in (0..count * self.size).step_by(ALIGNMENT) {
            l.prefetch(from.wrapping_add(line));
        }
    }
}

/// What a few queries carry from keys to keys.
pub(super) struct Thin<'a> {
    /// Queries, at most [`FEW`].
    pub(super) count: usize,
    /// Width of a head.
    pub(super) d: usize,
    /// Queries times `scale * log2 e`, `[FEW, d]`.
    pub(super) queries: &'a mut [f32],
    /// Scores, then probabilities, `[FEW, KEYS]`.
    pub(super) scores: &'a mut [f32],
    /// Sums of values, `[FEW, d]`.
    pub(super) sums: &'a mut [f32],
    /// Maxima and sums of probabilities.
    pub(super) state: [(f32, f32); FEW],
}

/// Some rows of a cache.
#[derive(Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) keys: Elements<'a>,
    pub(super) values: Elements<'a>,
    /// Number at which the first row begins.
    pub(super) at: usize,
    /// Rows, at most [`KEYS`].
    pub(super) rows: usize,
}

impl Thin<'_> {
    /// Takes the rows in; query `i` sees `seen[i]` of them.
    #[inline(always)]
    pub(super) fn take<L: Lanes>(&mut self, l: L, stretch: Stretch<'_>, seen: &[(usize, usize); FEW]) {
        let (keys, values) = (Asked::new(stretch.keys), Asked::new(stretch.values));
        match stretch.keys {
            Elements::F32(keys) => self.score(l, keys, values, stretch),
            Elements::F16(keys) => self.score(l, keys, values, stretch),
        }
        for (i, seen) in seen.iter().enumerate().take(self.count) {
            self.weigh(l, i, *seen);
        }
        match stretch.values {
            Elements::F32(values) => self.sum(l, keys, values, stretch),
            Elements::F16(values) => self.sum(l, keys, values, stretch),
        }
    }

    #[inline(always)]
    fn score<L: Lanes, C: Cells>(&mut self, l: L, keys: C, values: Asked, stretch: Stretch<'_>) {
        let mut row = 0;
        while row < stretch.rows {
            let four = stretch.rows - row >= 4;
            // The values come from memory while the keys are multiplied.
            values.ask(
                l,
                stretch.at + row * self.d,
                if four { 4 * self.d } else { self.d },
            );
            match (self.count, four) {
                (1, true) => self.dots::<L, C, 4, 1>(l, keys, stretch.at, row),
                (2, true) => self.dots::<L, C, 4, 2>(l, keys, stretch.at, row),
                (_, true) => self.dots::<L, C, 4, 4>(l, keys, stretch.at, row),
                (1, false) => self.dots::<L, C, 1, 1>(l, keys, stretch.at, row),
                (2, false) => self.dots::<L, C, 1, 2>(l, keys, stretch.at, row),
                (_, false) => self.dots::<L, C, 1, 4>(l, keys, stretch.at, row),
            }
            row += if four { 4 } else { 1 };
        }
    }

    /// Scores of `K` rows from `row` on with the first `R` queries.
    #[inline(always)]
    #[expect(unsafe_code, reason = "the inner loop goes without bounds checks")]
    #[expect(
        clippy::needless_range_loop,
        reason = "registers of rows and of queries are walked together"
    )]
    fn dots<L: Lanes, C: Cells, const K: usize, const R: usize>(
        &mut self,
        l: L,
        keys: C,
        at: usize,
        row: usize,
    ) {
        let d = self.d;
        let at = at + row * d;
        assert!(
            keys.count() >= at + K * d && self.queries.len() >= R * d && self.scores.len() >= FEW * KEYS,
            "rows of keys"
        );
        let whole = d - d % L::N;
        let mut acc = [[l.splat(0.0); R]; K];
        for i in (0..whole).step_by(L::N) {
            // SAFETY: registers before `whole` lie inside their rows, whose lengths were checked.
            unsafe {
                let mut query = [l.splat(0.0); R];
                for r in 0..R {
                    query[r] = l.load(self.queries.as_ptr().add(r * d + i));
                }
                for k in 0..K {
                    let key = keys.register(l, at + k * d + i);
                    for r in 0..R {
                        acc[k][r] = l.madd(key, query[r], acc[k][r]);
                    }
                }
            }
        }
        for k in 0..K {
            for r in 0..R {
                let mut score = l.sum(acc[k][r]);
                for i in whole..d {
                    score += keys.one(at + k * d + i) * self.queries[r * d + i];
                }
                self.scores[r * KEYS + row + k] = score;
            }
        }
    }

    /// Makes probabilities of the scores of a query; what it does not see gets zero.
    #[inline(always)]
    fn weigh<L: Lanes>(&mut self, l: L, i: usize, (start, end): (usize, usize)) {
        let scores = &mut self.scores[i * KEYS..][..KEYS];
        scores[..start].fill(f32::NEG_INFINITY);
        scores[end..].fill(f32::NEG_INFINITY);
        let mut top = l.splat(f32::MIN);
        for part in scores.chunks_exact(L::N) {
            top = l.max(l.read(part), top);
        }
        let (held, sum) = self.state[i];
        let raised = held.max(l.top(top));
        let factor = (held - raised).exp2();
        if raised > held {
            for v in &mut self.sums[i * self.d..][..self.d] {
                *v *= factor;
            }
        }
        let mut total = l.splat(0.0);
        for part in scores.chunks_exact_mut(L::N) {
            let weight = exp2::<L, 6>(l, l.sub(l.read(part), l.splat(raised)));
            total = l.add(total, weight);
            l.write(weight, part);
        }
        self.state[i] = (raised, sum * factor + l.sum(total));
    }

    #[inline(always)]
    fn sum<L: Lanes, C: Cells>(&mut self, l: L, keys: Asked, values: C, stretch: Stretch<'_>) {
        let mut column = 0;
        while column + L::N <= self.d {
            let four = column + 4 * L::N <= self.d;
            let wide = if four { 4 * L::N } else { L::N };
            // The next keys come from memory while the values are added up.
            keys.ask(l, stretch.at + KEYS * self.d + column * KEYS, wide * KEYS);
            match (self.count, four) {
                (1, true) => self.add::<L, C, 4, 1>(l, values, stretch, column),
                (2, true) => self.add::<L, C, 4, 2>(l, values, stretch, column),
                (_, true) => self.add::<L, C, 4, 4>(l, values, stretch, column),
                (1, false) => self.add::<L, C, 1, 1>(l, values, stretch, column),
                (2, false) => self.add::<L, C, 1, 2>(l, values, stretch, column),
                (_, false) => self.add::<L, C, 1, 4>(l, values, stretch, column),
            }
            column += wide;
        }
        for column in column..self.d {
            for i in 0..self.count {
                let mut sum = 0.0;
                for row in 0..stretch.rows {
                    sum += self.scores[i * KEYS + row] * values.one(stretch.at + row * self.d + column);
                }
                self.sums[i * self.d + column] += sum;
            }
        }
    }

    /// Adds the weighted values of `V` registers of columns for the first `R` queries.
    #[inline(always)]
    #[expect(unsafe_code, reason = "the inner loop goes without bounds checks")]
    #[expect(
        clippy::needless_range_loop,
        reason = "registers of columns and of queries are walked together"
    )]
    fn add<L: Lanes, C: Cells, const V: usize, const R: usize>(
        &mut self,
        l: L,
        values: C,
        stretch: Stretch<'_>,
        column: usize,
    ) {
        let (d, n) = (self.d, L::N);
        assert!(
            column + V * n <= d
                && stretch.rows <= KEYS
                && values.count() >= stretch.at + stretch.rows * d
                && self.sums.len() >= FEW * d
                && self.scores.len() >= FEW * KEYS,
            "rows of values"
        );
        // SAFETY: the columns lie inside the rows, whose lengths were checked.
        unsafe {
            let sums = self.sums.as_mut_ptr().add(column);
            let mut acc = [[l.splat(0.0); V]; R];
            for r in 0..R {
                for v in 0..V {
                    acc[r][v] = l.load(sums.add(r * d + v * n));
                }
            }
            for row in 0..stretch.rows {
                let at = stretch.at + row * d + column;
                let mut value = [l.splat(0.0); V];
                for v in 0..V {
                    value[v] = values.register(l, at + v * n);
                }
                for r in 0..R {
                    let weight = l.splat(*self.scores.as_ptr().add(r * KEYS + row));
                    for v in 0..V {
                        acc[r][v] = l.madd(weight, value[v], acc[r][v]);
                    }
                }
            }
            for r in 0..R {
                for v in 0..V {
                    l.store(acc[r][v], sums.add(r * d + v * n));
                }
            }
        }
    }
}
