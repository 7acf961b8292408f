//! Grouped-query attention (Ainslie et al. 2023) over unbroken runs of keys. Scores are never kept: the backward pass
//! computes them again, a block of queries at a time.

use std::ops::Range;

use overread_kernels::dense::{Real, View, multiply};
use rayon::prelude::*;

use super::{dot, total};

/// Queries whose scores are held at once.
const QUERIES: usize = 128;

/// How rows are cut into heads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    /// Width of a head.
    pub(crate) d: usize,
    /// Scores are multiplied by this.
    pub(crate) scale: f64,
}

/// Queries, keys and values `[tokens, heads * d]` of several sequences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Qkv<'a, T> {
    pub(crate) q: &'a [T],
    pub(crate) k: &'a [T],
    pub(crate) v: &'a [T],
}

/// Where the sequences lie, and which keys each token sees (both in tokens of the batch).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) sequences: &'a [Range<usize>],
    pub(crate) sees: &'a [Range<usize>],
}

/// One head of one sequence.
struct Part<'a, T> {
    heads: Heads,
    head: usize,
    sequence: Range<usize>,
    qkv: Qkv<'a, T>,
    sees: &'a [Range<usize>],
}

impl<'a, T: Real> Part<'a, T> {
    fn view(&self, values: &'a [T], heads: usize, head: usize, token: usize) -> View<'a, T> {
        let d = self.heads.d;
        View::rows(&values[(token * heads + head) * d..], heads * d)
    }

    fn kv_head(&self) -> usize {
        self.head / (self.heads.heads / self.heads.kv_heads)
    }

    fn q(&self, token: usize) -> View<'a, T> {
        self.view(self.qkv.q, self.heads.heads, self.head, token)
    }

    fn k(&self, token: usize) -> View<'a, T> {
        self.view(self.qkv.k, self.heads.kv_heads, self.kv_head(), token)
    }

    fn v(&self, token: usize) -> View<'a, T> {
        self.view(self.qkv.v, self.heads.kv_heads, self.kv_head(), token)
    }

    /// Blocks of queries with the keys that any of them sees.
    fn blocks(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<'_, 'a, T> {
        self.sequence.clone().step_by(QUERIES).map(|first| {
            let queries = first..(first + QUERIES).min(self.sequence.end);
            let seen = &self.sees[queries.clone()];
            let from = seen.iter().map(|s| s.start).min().unwrap_or(0);
            let to = seen.iter().map(|s| s.end).max().unwrap_or(0);
            (queries, from..to)
        })
    }

    /// Softmax of the scores of a block, 0 where a query does not see a key.
    fn shares(&self, queries: &Range<usize>, keys: &Range<usize>, shares: &mut Vec<T>) {
        let (m, n) = (queries.len(), keys.len());
        shares.clear();
        shares.resize(m * n, T::ZERO);
        let scale = T::of(self.heads.scale);
        let (q, k) = (self.q(queries.start), self.k(keys.start));
        multiply(
            [m, n, self.heads.d],
            shares,
            n,
            T::ZERO,
            q,
            k.transposed(),
            scale,
            1,
        );
        for (query, row) in queries.clone().zip(shares.chunks_exact_mut(n)) {
            let seen = &self.sees[query];
            let (from, to) = (seen.start - keys.start, seen.end - keys.start);
            row[..from].fill(T::ZERO);
            row[to..].fill(T::ZERO);
            softmax(&mut row[from..to]);
        }
    }

    /// What the head reads, `[length, d]`.
    fn forward(&self) -> Vec<T> {
        let d = self.heads.d;
        let mut out = vec![T::ZERO; self.sequence.len() * d];
        let mut shares = Vec::new();
        for (queries, keys) in self.blocks() {
            self.shares(&queries, &keys, &mut shares);
            let into = &mut out[(queries.start - self.sequence.start) * d..];
            let (m, n) = (queries.len(), keys.len());
            multiply(
                [m, d, n],
                into,
                d,
                T::ZERO,
                View::rows(&shares, n),
                self.v(keys.start),
                T::ONE,
                1,
            );
        }
        out
    }

    /// Gradients by the head's queries, keys and values, `[length, d]` each.
    fn backward(&self, out: &'a [T], dy: &'a [T]) -> [Vec<T>; 3] {
        let (d, heads, first) = (self.heads.d, self.heads.heads, self.sequence.start);
        let scale = T::of(self.heads.scale);
        let zeros = || vec![T::ZERO; self.sequence.len() * d];
        let (mut dq, mut dk, mut dv) = (zeros(), zeros(), zeros());
        let (mut shares, mut slopes) = (Vec::new(), Vec::new());
        for (queries, keys) in self.blocks() {
            self.shares(&queries, &keys, &mut shares);
            let (m, n) = (queries.len(), keys.len());
            let dy_view = self.view(dy, heads, self.head, queries.start);
            let key = (keys.start - first) * d;
            let p = View::rows(&shares, n);
            multiply(
                [n, d, m],
                &mut dv[key..],
                d,
                T::ONE,
                p.transposed(),
                dy_view,
                T::ONE,
                1,
            );
            slopes.clear();
            slopes.resize(m * n, T::ZERO);
            let v = self.v(keys.start).transposed();
            multiply([m, n, d], &mut slopes, n, T::ZERO, dy_view, v, T::ONE, 1);
            for ((query, slopes), shares) in queries
                .clone()
                .zip(slopes.chunks_exact_mut(n))
                .zip(shares.chunks_exact(n))
            {
                let at = (query * heads + self.head) * d;
                let level = dot(&out[at..at + d], &dy[at..at + d]);
                for (s, p) in slopes.iter_mut().zip(shares) {
                    *s = *p * (*s - level);
                }
            }
            let s = View::rows(&slopes, n);
            let query = (queries.start - first) * d;
            multiply(
                [m, d, n],
                &mut dq[query..],
                d,
                T::ZERO,
                s,
                self.k(keys.start),
                scale,
                1,
            );
            let q = self.q(queries.start);
            multiply([n, d, m], &mut dk[key..], d, T::ONE, s.transposed(), q, scale, 1);
        }
        [dq, dk, dv]
    }
}

/// In place.
pub(crate) fn softmax<T: Real>(row: &mut [T]) {
    let most = row.iter().fold(row[0], |m, v| if *v > m { *v } else { m });
    row.iter_mut().for_each(|v| *v = (*v - most).exp());
    let share = T::ONE / total(row);
    row.iter_mut().for_each(|v| *v *= share);
}

fn parts<'a, T: Real>(heads: Heads, qkv: Qkv<'a, T>, sight: Sight<'a>) -> Vec<Part<'a, T>> {
    let part = |sequence: &Range<usize>, head| Part {
        heads,
        head,
        sequence: sequence.clone(),
        qkv,
        sees: sight.sees,
    };
    let of = |sequence| (0..heads.heads).map(move |head| part(sequence, head));
    sight.sequences.iter().flat_map(of).collect()
}

/// Every part's answer in order, side by side where threads may share the work.
fn each<'a, T: Real, R: Send>(
    parts: &[Part<'a, T>],
    threads: usize,
    work: impl Fn(&Part<'a, T>) -> R + Sync + Send,
) -> Vec<R> {
    if threads > 1 {
        parts.par_iter().map(work).collect()
    } else {
        parts.iter().map(work).collect()
    }
}

/// Adds `[length, d]` to a head of a sequence of `[tokens, heads * d]`.
fn place<T: Real>(into: &mut [T], part: &[T], first: usize, heads: usize, head: usize, d: usize) {
    for (i, row) in part.chunks_exact(d).enumerate() {
        super::add(&mut into[((first + i) * heads + head) * d..][..d], row);
    }
}

/// What every token reads, `[tokens, heads * d]`.
pub(crate) fn attend<T: Real>(heads: Heads, qkv: Qkv<'_, T>, sight: Sight<'_>, threads: usize) -> Vec<T> {
    let parts = parts(heads, qkv, sight);
    let read = each(&parts, threads, Part::forward);
    let mut out = vec![T::ZERO; qkv.q.len()];
    for (part, read) in parts.iter().zip(read) {
        place(
            &mut out,
            &read,
            part.sequence.start,
            heads.heads,
            part.head,
            heads.d,
        );
    }
    out
}

/// Gradients by queries, keys and values, from what was read and the gradient by it.
pub(crate) fn attend_backward<T: Real>(
    heads: Heads,
    qkv: Qkv<'_, T>,
    sight: Sight<'_>,
    out: &[T],
    dy: &[T],
    threads: usize,
) -> [Vec<T>; 3] {
    let parts = parts(heads, qkv, sight);
    let slopes = each(&parts, threads, |part| part.backward(out, dy));
    let mut all = [qkv.q, qkv.k, qkv.v].map(|x| vec![T::ZERO; x.len()]);
    for (part, slopes) in parts.iter().zip(slopes) {
        let places = [
            (heads.heads, part.head),
            (heads.kv_heads, part.kv_head()),
            (heads.kv_heads, part.kv_head()),
        ];
        for ((into, from), (count, head)) in all.iter_mut().zip(slopes).zip(places) {
            place(into, &from, part.sequence.start, count, head, heads.d);
        }
    }
    all
}
