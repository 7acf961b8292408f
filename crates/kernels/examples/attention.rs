//! Speed of attention and of the row kernels at every level: `cargo run --release --example attention -- [part] [runs] [level]`.
#![expect(clippy::print_stdout, reason = "a table for the terminal")]

use std::time::Instant;

use overread_kernels::attention::{Elements, Heads, Precision, Segment, attend_all, attend_with};
use overread_kernels::rounding::{from_f16_slice, to_bf16_slice, to_f16, to_f16_slice};
use overread_kernels::rows::{add_rms_norm, gelu_gate, layer_norm, log_sum_exp, norm_and_rotate, rms_norm};
use overread_kernels::{Kernels, Level, Stop};
use rayon::prelude::*;

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

/// The levels that differ here: float32 at three, bfloat16 where the machine has it.
fn variants() -> Vec<(Kernels, Precision)> {
    let at = |level, precision| Kernels::at(level).map(|kernels| (kernels, precision));
    let all = [
        at(Level::Plain, Precision::F32),
        at(Level::Avx2, Precision::F32),
        at(Level::Avx512, Precision::F32),
        at(Level::Avx512Bf16, Precision::Bf16),
    ];
    let only = std::env::args().nth(3);
    let wanted = |k: Kernels| only.as_ref().is_none_or(|name| name == k.level().name());
    all.into_iter().flatten().filter(|(k, _)| wanted(*k)).collect()
}

fn tower(runs: usize) {
    let (length, heads, d) = (4096, 16, 72);
    let [q, k, v] = [1, 2, 3].map(|seed| numbers(length * heads * d, seed));
    let mut out = vec![0.0; q.len()];
    let work = 4.0 * (length * length * heads * d) as f64;
    for (kernels, precision) in variants() {
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

/// What reading 92 MB costs at best: the limit of decoding.
fn memory(runs: usize) {
    let cells = vec![1_u64; 11_520_000];
    let seconds = best(runs, || {
        let sum: u64 = cells
            .par_chunks(16_384)
            .map(|c| c.iter().fold(0_u64, |a, b| a.wrapping_add(*b)))
            .sum();
        assert_eq!(sum, 11_520_000);
    });
    println!(
        "reading memory {:.1} GB/s",
        cells.len() as f64 * 8.0 / seconds / 1e9
    );
}

/// `length` tokens at the end of a cache of `rows` in float16.
fn decoder(runs: usize, shape: Heads, length: usize, rows: usize, window: usize) {
    let Heads { heads, kv_heads, d } = shape;
    let q = numbers(length * heads * d, 1);
    let [keys, values] = [2, 3].map(|seed| {
        let numbers = numbers(kv_heads * rows * d, seed);
        numbers.iter().map(|v| to_f16(*v)).collect::<Vec<_>>()
    });
    let segment = Segment {
        keys: Elements::F16(&keys),
        values: Elements::F16(&values),
        stride: rows,
    };
    let seen: Vec<_> = (0..length)
        .map(|t| rows - length + t + 1)
        .map(|end| end.saturating_sub(window)..end)
        .collect();
    let keys: usize = seen.iter().map(ExactSizeIterator::len).sum();
    let work = 4.0 * (keys * heads * d) as f64;
    let bytes = 4.0 * (window.min(rows) * kv_heads * d) as f64;
    let mut out = vec![0.0; q.len()];
    for (kernels, precision) in variants() {
        let seconds = best(runs, || {
            let scale = 0.0625;
            attend_with(
                kernels,
                precision,
                &q,
                shape,
                &[segment],
                &seen,
                scale,
                &mut out,
                Stop::NEVER,
            );
        });
        let (rate, memory) = (work / seconds / 1e9, bytes / seconds / 1e9);
        println!(
            "{length:4} tokens, {rows:5} keys, window {window:5}, {heads}/{kv_heads} x {d} {precision:?} {:12} {:9.3} ms \
                 {rate:7.1} GFLOP/s {memory:6.1} GB/s",
            kernels.level().name(),
            seconds * 1e3
        );
    }
}

/// Row kernels over the tower's and the decoder's shapes, and one row of decoding.
fn rows(runs: usize) {
    for (rows, width) in [(4096, 1152), (512, 10_240), (1, 2560)] {
        let (x, y) = (numbers(rows * width, 1), numbers(rows * width, 2));
        let (scale, bias) = (numbers(width, 3), numbers(width, 4));
        let angles = numbers(rows * width / 2, 5);
        let mut out = x.clone();
        let mut half = vec![0; x.len()];
        for (kernels, precision) in variants() {
            if precision == Precision::Bf16 {
                continue;
            }
            let heads = width / 128;
            let turned = rows * heads * 128;
            let mut report = |name: &str, work: &mut dyn FnMut(&mut [f32], &mut [u16])| {
                let seconds = best(runs, || work(&mut out, &mut half));
                let each = seconds / x.len() as f64 * 1e9;
                let level = kernels.level().name();
                println!(
                    "{rows:4} x {width:5} {name:16} {level:12} {:9.1} us {each:6.3} ns a number",
                    seconds * 1e6
                );
            };
            report("rms_norm", &mut |out, _| rms_norm(kernels, &x, &scale, 1e-6, out));
            report("add_rms_norm", &mut |out, _| {
                add_rms_norm(kernels, out, &y, &scale, 1e-6)
            });
            report("layer_norm", &mut |out, _| {
                layer_norm(kernels, &x, &scale, &bias, 1e-6, out)
            });
            report("norm_and_rotate", &mut |out, _| {
                norm_and_rotate(
                    kernels,
                    &mut out[..turned],
                    heads,
                    &scale[..128],
                    1e-6,
                    &angles,
                    &angles,
                );
            });
            report("gelu_gate", &mut |out, _| {
                // Repeated in place it would end in denormal numbers.
                out.copy_from_slice(&x);
                gelu_gate(kernels, out, &y);
            });
            report("log_sum_exp", &mut |_, _| {
                assert!(log_sum_exp(kernels, &x).is_finite())
            });
            report("to_f16", &mut |_, half| to_f16_slice(kernels, &x, half));
            report("to_bf16", &mut |_, half| to_bf16_slice(kernels, &x, half));
            report("from_f16", &mut |out, half| from_f16_slice(kernels, half, out));
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
    let four = Heads {
        heads: 8,
        kv_heads: 4,
        d: 256,
    };
    let many = Heads {
        heads: 32,
        kv_heads: 16,
        d: 128,
    };
    if part.is_empty() || part == "decode" {
        memory(runs);
        for rows in [300, 4096, 22_500] {
            decoder(runs, four, 1, rows, rows);
        }
        decoder(runs, many, 1, 22_500, 22_500);
    }
    if part.is_empty() || part == "prefill" {
        decoder(runs.min(3), four, 512, 22_500, 22_500);
        decoder(runs.min(3), four, 512, 22_500, 1024);
        decoder(runs.min(3), many, 512, 8192, 8192);
    }
    if part.is_empty() || part == "rows" {
        rows(runs);
    }
}
