//! Speed of attention and of the row kernels at every level: `cargo run --release --example attention -- [part] [runs]`.
#![expect(clippy::print_stdout, reason = "a table for the terminal")]

use std::time::Instant;

use overread_kernels::attention::{Precision, attend_all};
use overread_kernels::{Kernels, Stop};

fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Least seconds of several runs.
fn best(runs: usize, mut work: impl FnMut()) -> f64 {
    (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn tower(runs: usize) {
    let (length, heads, d) = (4096, 16, 72);
    let [q, k, v] = [1, 2, 3].map(|seed| numbers(length * heads * d, seed));
    let mut out = vec![0.0; q.len()];
    let work = 4.0 * (length * length * heads * d) as f64;
    for kernels in Kernels::all() {
        for precision in [Precision::F32, Precision::Bf16] {
            let seconds = best(runs, || {
                attend_all(
                    kernels,
                    &q,
                    &k,
                    &v,
                    heads,
                    d,
                    0.118,
                    precision,
                    &mut out,
                    Stop::NEVER,
                );
            });
            let rate = work / seconds / 1e9;
            println!(
                "tower {precision:?} {:12} {seconds:8.4} s {rate:7.1} GFLOP/s",
                kernels.level().name()
            );
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().unwrap_or_default();
    let runs = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(5);
    if part.is_empty() || part == "tower" {
        tower(runs);
    }
}
