//! Attention of the decoder: grouped heads, several segments, ranges by query.

use std::ops::Range;

use rayon::prelude::*;

use super::pack;
use super::plan::{self, Job, KeyTile, Part};
use super::scatter::Scatter;
use super::scratch::{self, Aligned};
use super::thin::{FEW, Stretch, Thin};
use super::tile::{KEYS, QUERIES, Rows, Seen, Tile};
use super::{Heads, Segment};
use crate::lanes::{self, Lanes, Product, Work};
use crate::level::Kernels;
use crate::stop::Stop;

/// Products below which threads are not worth waking.
const SMALL: usize = 1 << 18;

/// What all tasks read.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) shape: Heads,
    pub(super) q: &'a [f32],
    pub(super) segments: &'a [Segment<'a>],
    pub(super) seen: &'a [Range<usize>],
    pub(super) scale: f32,
    pub(super) stop: Stop<'a>,
}

/// Fills `out`, `[T, heads, d]`; `bf16` where products of it are wished and there.
pub(super) fn attend(kernels: Kernels, bf16: bool, call: Call<'_>, out: &mut [f32]) {
    let Heads { heads, d, .. } = call.shape;
    let length = call.q.len() / (heads * d);
    let jobs = plan::jobs(length, call.shape, call.segments.len(), call.seen);
    let (parts, slots) = plan::parts(&jobs, rayon::current_num_threads());
    let space = QUERIES * (d + 2);
    let mut sums = Aligned::zeroed(slots * space);
    {
        let sums = Scatter::new(sums.get_mut());
        let out = Scatter::new(out);
        let run = |part: &Part| {
            let job = &jobs[part.job];
            let task = Task {
                call,
                job,
                tiles: &job.tiles[part.tiles.clone()],
                slot: part.slot.map(|slot| slot * space),
                sums,
                out,
            };
            // Outside of what is compiled for a level: a closure inside it would not be.
            if job.is_thin() {
                let lengths = [FEW * d, FEW * KEYS, FEW * d];
                scratch::with(lengths, |memory| lanes::run(kernels, false, Few { task, memory }));
            } else {
                let words = d.div_ceil(if bf16 { 2 } else { 1 });
                let rows = [KEYS * words, KEYS * d];
                let [keys, values] = rows;
                let lengths = [
                    words * QUERIES,
                    KEYS * QUERIES,
                    d * QUERIES,
                    2 * QUERIES,
                    2 * d,
                    keys,
                    values,
                ];
                scratch::with(lengths, |memory| lanes::run(kernels, bf16, Many { task, memory }));
            }
        };
        let keys: usize = jobs
            .iter()
            .flat_map(|j| j.tiles.iter().map(|t| t.count * j.rows.len()))
            .sum();
        if keys * d < SMALL {
            parts.iter().for_each(run);
        } else {
            parts.par_iter().with_max_len(1).for_each(run);
        }
    }
    if slots > 0 {
        merge(&jobs, &parts, call.shape, sums.get(), out);
    }
}

/// Joins the sums of the parts of each job.
fn merge(jobs: &[Job], parts: &[Part], shape: Heads, sums: &[f32], out: &mut [f32]) {
    let Heads { heads, d, .. } = shape;
    let space = QUERIES * (d + 2);
    for (number, job) in jobs.iter().enumerate() {
        let slots: Vec<usize> = parts
            .iter()
            .filter(|p| p.job == number)
            .filter_map(|p| p.slot)
            .collect();
        if slots.is_empty() {
            continue;
        }
        for (i, row) in job.rows.clone().enumerate() {
            let piece = |slot: &usize| sums[slot * space + i * (d + 2)..][..d + 2].split_at(d);
            let top = slots.iter().map(|s| piece(s).1[0]).fold(f32::MIN, f32::max);
            let (token, head) = job.query(row);
            let out = &mut out[(token * heads + head) * d..][..d];
            out.fill(0.0);
            let mut total = 0.0;
            for slot in &slots {
                let (values, state) = piece(slot);
                let factor = (state[0] - top).exp2();
                total += state[1] * factor;
                for (o, v) in out.iter_mut().zip(values) {
                    *o += v * factor;
                }
            }
            let inverse = if total > 0.0 { 1.0 / total } else { 0.0 };
            out.iter_mut().for_each(|o| *o *= inverse);
        }
    }
}

/// Some queries beside some tiles of keys.
#[derive(Clone, Copy)]
struct Task<'a> {
    call: Call<'a>,
    job: &'a Job,
    tiles: &'a [KeyTile],
    /// Where the sums go when others do the rest of the keys.
    slot: Option<usize>,
    sums: Scatter<'a>,
    out: Scatter<'a>,
}

impl Task<'_> {
    /// The query of row `i` of the job.
    #[inline(always)]
    fn query(&self, i: usize) -> &[f32] {
        let Heads { heads, d, .. } = self.call.shape;
        let (token, head) = self.job.query(self.job.rows.start + i);
        &self.call.q[(token * heads + head) * d..][..d]
    }

    /// Rows of a tile that row `i` of the job sees, counted from the tile's first.
    #[inline(always)]
    fn seen(&self, i: usize, tile: KeyTile) -> (usize, usize) {
        let (token, _) = self.job.query(self.job.rows.start + i);
        let range = &self.call.seen[token * self.call.segments.len() + tile.segment];
        let start = range.start.saturating_sub(tile.first).min(tile.count);
        (
            start,
            range.end.saturating_sub(tile.first).clamp(start, tile.count),
        )
    }

    /// Number at which a tile begins in its segment.
    #[inline(always)]
    fn at(&self, tile: KeyTile) -> usize {
        (self.job.kv * self.call.segments[tile.segment].stride + tile.first) * self.call.shape.d
    }

    /// Delivers the sums of row `i` of the job, of which the value of column `c` is `value(c)`.
    #[inline(always)]
    #[expect(unsafe_code, reason = "tasks write one slice")]
    fn deliver(&self, i: usize, top: f32, sum: f32, value: impl Fn(usize) -> f32) {
        let Heads { heads, d, .. } = self.call.shape;
        if let Some(slot) = self.slot {
            // SAFETY: a slot belongs to one task.
            let row = unsafe { self.sums.row(slot + i * (d + 2), d + 2) };
            for (c, o) in row[..d].iter_mut().enumerate() {
                *o = value(c);
            }
            row[d] = top;
            row[d + 1] = sum;
        } else {
            let (token, head) = self.job.query(self.job.rows.start + i);
            // SAFETY: without a slot a job is one task, and a query belongs to one job.
            let row = unsafe { self.out.row((token * heads + head) * d, d) };
            let inverse = if sum > 0.0 { 1.0 / sum } else { 0.0 };
            for (c, o) in row.iter_mut().enumerate() {
                *o = value(c) * inverse;
            }
        }
    }
}

/// Many queries, and memory for queries, scores, sums, state, a buffer, keys and values.
struct Many<'a, 'b> {
    task: Task<'a>,
    memory: [&'b mut [f32]; 7],
}

impl Work for Many<'_, '_> {
    type Output = ();

    #[inline(always)]
    #[expect(unsafe_code, reason = "tiles of keys go by pointers")]
    fn run<P: Product>(self, p: P) {
        let Self { task, memory } = self;
        let [queries, scores, sums, state, buffer, keys, values] = memory;
        let d = task.call.shape.d;
        let count = task.job.rows.len();
        let factor = task.call.scale * std::f32::consts::LOG2_E;
        queries.fill(0.0);
        for i in 0..count {
            pack::query(p, task.query(i), factor, i, buffer, queries);
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
        for part in task.tiles {
            if task.call.stop.is_set() {
                return;
            }
            let rows = rows(p, task, *part, buffer, keys, values);
            let seen = part.cut.then(|| {
                let mut seen = Seen {
                    starts: [0.0; QUERIES],
                    ends: [0.0; QUERIES],
                };
                for i in 0..count {
                    let (start, end) = task.seen(i, *part);
                    (seen.starts[i], seen.ends[i]) = (start as f32, end as f32);
                }
                seen
            });
            // SAFETY: `rows` cut them from slices.
            unsafe { tile.take(p, rows, seen.as_ref()) };
        }
        for i in 0..count {
            let (top, sum) = (tile.state[i], tile.state[QUERIES + i]);
            task.deliver(i, top, sum, |c| tile.sums[c * QUERIES + i]);
        }
    }
}

/// Keys and values of a tile: where they lie, if that will do, or made in `keys` and `values`.
#[inline(always)]
fn rows<P: Product>(
    p: P,
    task: Task<'_>,
    tile: KeyTile,
    buffer: &mut [f32],
    keys: &mut [f32],
    values: &mut [f32],
) -> Rows {
    let d = task.call.shape.d;
    let at = task.at(tile);
    let segment = &task.call.segments[tile.segment];
    if P::PER == 1 {
        return Rows {
            count: tile.count,
            keys: pack::row(p.lanes(), segment.keys, at, tile.count * d, keys).as_ptr(),
            values: pack::row(p.lanes(), segment.values, at, tile.count * d, values).as_ptr(),
        };
    }
    let words = d.div_ceil(P::PER);
    for i in 0..tile.count {
        let row = pack::row(p.lanes(), segment.keys, at + i * d, d, buffer);
        pack::key(p, row, &mut keys[i * words..]);
    }
    let (even, odd) = buffer.split_at_mut(d);
    for i in (0..tile.count).step_by(P::PER) {
        let first = pack::row(p.lanes(), segment.values, at + i * d, d, even);
        let second = if i + 1 < tile.count {
            pack::row(p.lanes(), segment.values, at + (i + 1) * d, d, odd)
        } else {
            odd[..d].fill(0.0);
            &odd[..d]
        };
        pack::values(p, first, second, &mut values[i / P::PER * d..]);
    }
    Rows {
        count: tile.count,
        keys: keys[..tile.count * words].as_ptr(),
        values: values[..tile.count.div_ceil(P::PER) * d].as_ptr(),
    }
}

/// A few queries, and memory for queries, scores and sums.
struct Few<'a, 'b> {
    task: Task<'a>,
    memory: [&'b mut [f32]; 3],
}

impl Work for Few<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Product>(self, p: P) {
        let Self { task, memory } = self;
        let [queries, scores, sums] = memory;
        let d = task.call.shape.d;
        let factor = task.call.scale * std::f32::consts::LOG2_E;
        let count = task.job.rows.len();
        queries.fill(0.0);
        scores.fill(0.0);
        sums.fill(0.0);
        for (i, to) in queries.chunks_exact_mut(d).enumerate().take(count) {
            for (t, v) in to.iter_mut().zip(task.query(i)) {
                *t = v * factor;
            }
        }
        let mut thin = Thin {
            count,
            d,
            queries,
            scores,
            sums,
            state: [(f32::MIN, 0.0); FEW],
        };
        for tile in task.tiles {
            if task.call.stop.is_set() {
                return;
            }
            let segment = &task.call.segments[tile.segment];
            let stretch = Stretch {
                keys: segment.keys,
                values: segment.values,
                at: task.at(*tile),
                rows: tile.count,
            };
            let mut seen = [(0, 0); FEW];
            for (i, seen) in seen.iter_mut().enumerate().take(count) {
                *seen = task.seen(i, *tile);
            }
            thin.take(p.lanes(), stretch, &seen);
        }
        for i in 0..count {
            let (top, sum) = thin.state[i];
            task.deliver(i, top, sum, |c| thin.sums[i * d + c]);
        }
    }
}
