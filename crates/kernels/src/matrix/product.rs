//! Products with packed weights: the work cut into tasks, the same for every level.
//!
//! A task is a few strips times some hundred rows of activations. It goes through the columns in parts: weights that
//! need it are unpacked for the part (to scratch memory that stays in the nearest cache), then tile after tile of
//! activations passes. Sums stay in scratch memory until the last part; the epilogue writes them out.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::engine::{self, Engine, Tile};
use super::{Epilogue, Matrix, STRIP, finish};
use crate::input::Input;
use crate::level::Kernels;
use crate::panel::Tiles;
use crate::stop::Stop;

/// Rows of activations of a task, about.
const TASK_ROWS: usize = 384;
/// With more rows than this, weights are read over and over: parts of them stay in the nearest cache.
pub(super) const MANY: usize = 60;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; STRIP]);

/// What a thread keeps between tasks.
#[derive(Default)]
struct Scratch {
    sums: Vec<Line>,
    weights: Vec<Line>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Where results go: each task writes its own columns of its own rows.
#[derive(Clone, Copy)]
struct Out(*mut f32);

#[expect(unsafe_code, reason = "tasks write disjoint parts of one output")]
// SAFETY: the pointer is used for disjoint parts only, see `Job::write`.
unsafe impl Send for Out {}
#[expect(unsafe_code, reason = "tasks write disjoint parts of one output")]
// SAFETY: as above.
unsafe impl Sync for Out {}

/// One product.
struct Job<'a> {
    engine: Engine,
    weights: &'a [u8],
    strip_bytes: usize,
    rows: usize,
    outputs: usize,
    /// Steps of all columns, and of one part of them.
    steps: usize,
    part: usize,
    panel: &'a [u32],
    row_words: usize,
    tiles: Tiles,
    out: Out,
    epilogue: Epilogue<'a>,
    stop: Stop<'a>,
}

/// See [`Matrix::multiply`]; the input is prepared.
pub(super) fn multiply(
    matrix: &Matrix,
    kernels: Kernels,
    input: &Input,
    out: &mut [f32],
    epilogue: Epilogue<'_>,
    stop: Stop<'_>,
) {
    let (m, n) = (input.rows(), matrix.rows());
    if m == 0 || n == 0 {
        return;
    }
    let engine = engine::of(matrix.format(), kernels.level(), m);
    let (panel, tiles) = input.panel(matrix.wanted(kernels));
    let steps = matrix.columns().div_ceil(engine.columns);
    let job = Job {
        weights: matrix.bytes(),
        strip_bytes: matrix.strip_bytes(),
        rows: m,
        outputs: n,
        steps: steps.next_multiple_of(engine.whole),
        part: if engine.part == 0 { usize::MAX } else { engine.part },
        row_words: panel.len() / m,
        panel,
        tiles,
        out: Out(out.as_mut_ptr()),
        epilogue,
        stop,
        engine,
    };
    let strips = n.div_ceil(STRIP);
    let group = job.group(strips);
    let chunks = Tiles {
        rows: tiles.count(),
        most: (TASK_ROWS / tiles.most).max(1),
    };
    let tasks = strips.div_ceil(group) * chunks.count();
    let run = |task: usize| {
        let (chunk, first) = (
            task / strips.div_ceil(group),
            task % strips.div_ceil(group) * group,
        );
        let last = (first + group).min(strips);
        SCRATCH.with_borrow_mut(|scratch| {
            job.task(scratch, first..last, chunks.start(chunk)..chunks.start(chunk + 1));
        });
    };
    if tasks == 1 {
        run(0);
    } else {
        (0..tasks).into_par_iter().with_max_len(1).for_each(run);
    }
}

impl Job<'_> {
    /// Strips of a task: few enough that all cores have work, and so many that sharing out is worth while; of many
    /// rows as many as pass over a part of the activations.
    fn group(&self, strips: usize) -> usize {
        let unit = self.engine.strips;
        let fair = strips.div_ceil(rayon::current_num_threads().max(1) * 4);
        let worth = if self.rows > MANY {
            8
        } else {
            (96_usize << 10).div_ceil(self.strip_bytes.max(1) * self.rows.div_ceil(4))
        };
        worth.min(fair).max(1).next_multiple_of(unit)
    }

    fn task(&self, scratch: &mut Scratch, strips: Range<usize>, tiles: Range<usize>) {
        let (start, end) = (self.tiles.start(tiles.start), self.tiles.start(tiles.end));
        let rows = end - start;
        let lines = rows * strips.len();
        scratch
            .sums
            .resize(lines.max(scratch.sums.len()), Line([0.0; STRIP]));
        if self.steps == 0 {
            scratch.sums.fill(Line([0.0; STRIP]));
        }
        let (unit, many) = (self.engine.strips, strips.len());
        // Where a unit begins among the strips (its sums likewise), and its strips.
        let units = || (0..many).step_by(unit).map(|at| (at, unit.min(many - at)));
        // A part of the activations stays in the second cache while all strips of the task pass.
        for from in (0..self.steps).step_by(self.part.min(self.steps).max(1)) {
            let steps = self.part.min(self.steps - from);
            for (at, count) in units() {
                if self.stop.is_set() {
                    return;
                }
                let sums = &mut scratch.sums[at * rows..(at + count) * rows];
                self.pass(
                    sums,
                    &mut scratch.weights,
                    strips.start + at..strips.start + at + count,
                    from,
                    steps,
                    tiles.clone(),
                );
            }
        }
        for (at, count) in units() {
            self.write(&scratch.sums[at * rows..], strips.start + at, count, start, rows);
        }
    }

    /// One part of the columns of some strips, for some tiles. `unpacked` is room for weights.
    fn pass(
        &self,
        sums: &mut [Line],
        unpacked: &mut Vec<Line>,
        strips: Range<usize>,
        from: usize,
        steps: usize,
        tiles: Range<usize>,
    ) {
        let engine = &self.engine;
        let (first, count) = (strips.start, strips.len());
        let offset = from / engine.whole * engine.whole_bytes;
        let length = steps.div_ceil(engine.whole) * engine.whole_bytes;
        let (weights, stride) = if let Some(unpack) = engine.unpack {
            let lines = steps * engine.unpacked * count / size_of::<Line>();
            unpacked.resize(lines.max(unpacked.len()), Line([0.0; STRIP]));
            #[expect(unsafe_code, reason = "scratch lines as bytes")]
            // SAFETY: lines are plain numbers without padding, and there are at least so many.
            let bytes = unsafe {
                std::slice::from_raw_parts_mut(unpacked.as_mut_ptr().cast::<u8>(), lines * size_of::<Line>())
            };
            for s in 0..count {
                let strip = &self.weights[(first + s) * self.strip_bytes + offset..][..length];
                unpack(strip, bytes, s, count);
            }
            (unpacked.as_ptr().cast::<u8>(), 0)
        } else {
            let strips = &self.weights[first * self.strip_bytes..(first + count) * self.strip_bytes];
            (strips[offset..offset + length].as_ptr(), self.strip_bytes)
        };
        let base = self.tiles.start(tiles.start);
        for t in tiles {
            let (row, next) = (self.tiles.start(t), self.tiles.start(t + 1));
            let panel = &self.panel[row * self.row_words..next * self.row_words];
            // Where a step is a word, rows take turns after 16 words, the last ones padded.
            let words = if engine.words == 1 {
                steps.next_multiple_of(16)
            } else {
                steps * engine.words
            };
            let x = &panel[from * engine.words * (next - row)..][..words * (next - row)];
            let sums = &mut sums[(row - base) * count..(next - base) * count];
            let tile = Tile {
                strips: count,
                rows: next - row,
                weights,
                stride,
                x: x.as_ptr(),
                steps,
                sums: sums.as_mut_ptr().cast(),
                first: from == 0,
            };
            #[expect(unsafe_code, reason = "the kernels read through pointers")]
            // SAFETY: the slices above hold what the tile describes: `steps` steps of weights of `count` strips, as
            // many of `rows` rows of activations, and `rows * count` lines of sums. The engine fits the machine's
            // level.
            unsafe {
                (engine.multiply)(&tile);
            }
        }
    }

    /// Sums `[rows][count][16]` to the output.
    fn write(&self, sums: &[Line], first: usize, count: usize, start: usize, rows: usize) {
        let columns = first * STRIP..((first + count) * STRIP).min(self.outputs);
        for (r, lines) in sums.chunks_exact(count).take(rows).enumerate() {
            #[expect(unsafe_code, reason = "disjoint parts of one output")]
            // SAFETY: the output holds `rows * outputs` values, and no other task has these columns of this row.
            let out = unsafe {
                std::slice::from_raw_parts_mut(
                    self.out.0.add((start + r) * self.outputs + columns.start),
                    columns.len(),
                )
            };
            #[expect(unsafe_code, reason = "lines as numbers")]
            // SAFETY: lines are sixteen numbers each, without padding.
            let values = unsafe { std::slice::from_raw_parts(lines.as_ptr().cast::<f32>(), columns.len()) };
            finish::row(values, out, columns.start, self.epilogue);
        }
    }
}
