//! Prints how fast products are, each figure the best of many runs:
//! `cargo run --release -p overread-kernels --example products [FORMAT [LEVEL [K N M…]]]`, `all` for any.
#![expect(clippy::print_stdout, reason = "a table for people")]

use std::time::Instant;

use overread_kernels::{Epilogue, Format, Input, Kernels, Matrix, Stop};

const FORMATS: [Format; 5] = [Format::F32, Format::Bf16, Format::Q8_0, Format::Q4K, Format::Q6K];

/// Inputs, outputs and rows.
const SHAPES: [(usize, usize, &[usize]); 5] = [
    (2560, 2048, &[1, 300]),
    (2560, 10240, &[1, 2, 4, 5, 8, 16, 32, 60, 300]),
    (10240, 2560, &[1, 300]),
    (1152, 1152, &[4096]),
    (1152, 4304, &[4096]),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |at: usize, name: &str| words.get(at).is_none_or(|w| w == name || w == "all");
    println!(
        "{:5} {:12} {:>6} {:>6} {:>5} {:>8} {:>8} {:>7}",
        "", "", "k", "n", "m", "us", "GFLOP/s", "GB/s"
    );
    for format in FORMATS {
        if !wanted(0, format.name()) {
            continue;
        }
        let own: Vec<usize> = words.iter().skip(2).filter_map(|w| w.parse().ok()).collect();
        let shapes = match own[..] {
            [k, n, ref rows @ ..] => vec![(k, n, rows)],
            _ => SHAPES.to_vec(),
        };
        for (k, n, rows) in shapes {
            let begun = Instant::now();
            let matrix = Matrix::pack(format, n, k, |row, out| {
                for (c, o) in out.iter_mut().enumerate() {
                    *o = ((row * 7919 + c * 104_729) % 1009) as f32 / 504.0 - 1.0;
                }
            });
            let packing = begun.elapsed().as_secs_f64();
            println!(
                "{:5} packing {:.1} M weights/s",
                format.name(),
                (n * k) as f64 / packing / 1e6
            );
            if let Some((block, bytes)) = match format {
                Format::Q8_0 => Some((32, 34)),
                Format::Q4K => Some((256, 144)),
                Format::Q6K => Some((256, 210)),
                _ => None,
            } && k % block == 0
            {
                let blocks = vec![7; n * k / block * bytes];
                let begun = Instant::now();
                std::hint::black_box(Matrix::pack_blocks(format, n, k, &blocks));
                let packing = begun.elapsed().as_secs_f64();
                println!(
                    "{:5} from blocks {:.1} M weights/s",
                    format.name(),
                    (n * k) as f64 / packing / 1e6
                );
            }
            for kernels in Kernels::all() {
                if !wanted(1, kernels.level().name()) {
                    continue;
                }
                for m in rows {
                    measure(&matrix, kernels, *m);
                }
            }
        }
    }
}

fn measure(matrix: &Matrix, kernels: Kernels, m: usize) {
    let (k, n) = (matrix.columns(), matrix.rows());
    let x: Vec<f32> = (0..m * k).map(|i| (i * 31 % 257) as f32 / 128.0 - 1.0).collect();
    let mut out = vec![0.0; m * n];
    let mut input = Input::default();
    let (mut best, begun) = (f64::INFINITY, Instant::now());
    // A matrix smaller than the last cache is read from there: copies in turn make memory the source.
    let bytes = matrix.bytes().len();
    let copies: Vec<Matrix> = if m <= 60 {
        (0..(200_000_000 / bytes).clamp(1, 64))
            .map(|_| {
                let bytes = overread_kernels::Bytes::filled(bytes, |b| b.copy_from_slice(matrix.bytes()));
                Matrix::from_packed(matrix.format(), n, k, bytes).unwrap_or_else(|| matrix.clone())
            })
            .collect()
    } else {
        vec![matrix.clone()]
    };
    let mut runs = 0;
    let mut preparing = f64::INFINITY;
    while runs < 3 || begun.elapsed().as_secs_f64() < 1.5 {
        let start = Instant::now();
        for matrix in &copies {
            let prepare = Instant::now();
            input.load_for(kernels, matrix.wanted(kernels), &x, m, k);
            preparing = preparing.min(prepare.elapsed().as_secs_f64());
            matrix.multiply(kernels, &mut input, &mut out, Epilogue::None, Stop::NEVER);
        }
        best = best.min(start.elapsed().as_secs_f64() / copies.len() as f64);
        runs += 1;
    }
    println!(
        "{:5} {:12} {k:6} {n:6} {m:5} {:8.0} {:8.0} {:8.0} {:7.1}",
        matrix.format().name(),
        kernels.level().name(),
        preparing * 1e6,
        best * 1e6,
        2e-9 * (m * k * n) as f64 / best,
        1e-9 * bytes as f64 / best
    );
}
