//! Attention of every token to every token.

use rayon::prelude::*;

use super::pack;
use super::scatter::Scatter;
use super::scratch::{self, Aligned};
use super::tile::{KEYS, QUERIES, Rows, Tile};
use crate::lanes::{self, Lanes, Product, Work};
use crate::level::Kernels;
use crate::stop::Stop;

/// Shape of the tower's attention.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Tokens.
    pub(super) length: usize,
    pub(super) heads: usize,
    pub(super) d: usize,
    /// Values in a word.
    pub(super) per: usize,
}

impl Shape {
    fn key_words(self) -> usize {
        self.length * self.d.div_ceil(self.per)
    }

    fn value_words(self) -> usize {
        self.length.div_ceil(self.per) * self.d
    }
}

/// Fills `out`, `[T, heads, d]`.
pub(super) fn attend(
    kernels: Kernels,
    bf16: bool,
    shape: Shape,
    [q, k, v]: [&[f32]; 3],
    scale: f32,
    out: &mut [f32],
    stop: Stop<'_>,
) {
    let Shape { length, heads, d, .. } = shape;
    if length * heads * d == 0 {
        return;
    }
    // Whole lines, so that no two threads write one.
    let (keys, values) = (
        shape.key_words().next_multiple_of(16),
        shape.value_words().next_multiple_of(16),
    );
    let mut packed = Aligned::zeroed((keys + values) * heads);
    packed
        .get_mut()
        .par_chunks_exact_mut(keys + values)
        .enumerate()
        .for_each(|(head, to)| {
            let (keys, values) = to.split_at_mut(keys);
            let pack = Pack {
                shape,
                head,
                k,
                v,
                keys,
                values,
            };
            lanes::run(kernels, bf16, pack);
        });
    let packed = packed.get();
    let out = Scatter::new(out);
    let tiles = length.div_ceil(QUERIES);
    (0..heads * tiles)
        .into_par_iter()
        .with_max_len(1)
        .for_each(|task| {
            if stop.is_set() {
                return;
            }
            let head = task / tiles;
            let (keys, values) = packed[head * (keys + values)..][..keys + values].split_at(keys);
            let task = Task {
                shape,
                head,
                first: task % tiles * QUERIES,
                q,
                keys,
                values,
                factor: scale * std::f32::consts::LOG2_E,
                out,
                stop,
            };
            let words = d.div_ceil(shape.per);
            let lengths = [words * QUERIES, KEYS * QUERIES, d * QUERIES, 2 * QUERIES, 2 * d];
            // Outside of what is compiled for a level: a closure inside it would not be.
            scratch::with(lengths, |memory| {
                lanes::run(kernels, bf16, Tiles { task, memory })
            });
        });
}

/// Puts keys and values of a head together.
struct Pack<'a> {
    shape: Shape,
    head: usize,
    k: &'a [f32],
    v: &'a [f32],
    keys: &'a mut [f32],
    values: &'a mut [f32],
}

impl Work for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        let Shape { length, heads, d, .. } = self.shape;
        let at = |t: usize| (t * heads + self.head) * d;
        for (t, to) in self
            .keys
            .chunks_exact_mut(d.div_ceil(P::PER))
            .take(length)
            .enumerate()
        {
            pack::key(p, &self.k[at(t)..][..d], to);
        }
        let nothing = vec![0.0; d];
        for (i, to) in self
            .values
            .chunks_exact_mut(d)
            .take(length.div_ceil(P::PER))
            .enumerate()
        {
            let t = i * P::PER;
            let second = if t + 1 < length {
                &self.v[at(t + 1)..][..d]
            } else {
                &nothing
            };
            pack::values(p, &self.v[at(t)..][..d], second, to);
        }
    }
}

/// A tile of queries of a head beside all keys.
struct Task<'a> {
    shape: Shape,
    head: usize,
    /// First query.
    first: usize,
    q: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    factor: f32,
    out: Scatter<'a>,
    stop: Stop<'a>,
}

/// The task and its memory: queries, scores, sums, state, and a buffer.
struct Tiles<'a, 'b> {
    task: Task<'a>,
    memory: [&'b mut [f32]; 5],
}

impl Work for Tiles<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        self.task.tile(p, self.memory);
    }
}

impl Task<'_> {
    #[inline(always)]
    #[expect(
        unsafe_code,
        reason = "tiles of packed keys go by pointers; tasks write one slice"
    )]
    fn tile<P: Product>(&self, p: P, [queries, scores, sums, state, buffer]: [&mut [f32]; 5]) {
        let Shape { length, heads, d, .. } = self.shape;
        let count = (length - self.first).min(QUERIES);
        let words = d.div_ceil(P::PER);
        let row = |i: usize| ((self.first + i) * heads + self.head) * d;
        queries.fill(0.0);
        for i in 0..count {
            pack::query(p, &self.q[row(i)..][..d], self.factor, i, buffer, queries);
        }
        let mut tile = Tile {
            registers: count.div_ceil(P::L::N),
            d,
            queries,
            scores,
            sums,
            state,
        };
        tile.begin();
        for first in (0..length).step_by(KEYS) {
            if self.stop.is_set() {
                return;
            }
            let count = (length - first).min(KEYS);
            let rows = Rows {
                count,
                keys: self.keys[first * words..][..count * words].as_ptr(),
                values: self.values[first / P::PER * d..][..count.div_ceil(P::PER) * d].as_ptr(),
            };
            // SAFETY: the slices were cut to what the rows say.
            unsafe { tile.take(p, rows, None) };
        }
        for i in 0..count {
            // SAFETY: a query of a head belongs to one task.
            let out = unsafe { self.out.row(row(i), d) };
            tile.finish(i, out);
        }
    }
}
