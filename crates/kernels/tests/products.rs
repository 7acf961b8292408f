//! Products at every level of this machine against sums in double precision over the weights that a matrix says it
//! holds.

use std::sync::atomic::AtomicBool;

use overread_kernels::rounding::{from_bf16, to_bf16};
use overread_kernels::{Epilogue, Format, Input, Kernels, Level, Matrix, Stop};
use proptest::prelude::*;

const FORMATS: [Format; 5] = [Format::F32, Format::Bf16, Format::Q8_0, Format::Q4K, Format::Q6K];

/// Numbers between -1 and 1 that look like chance.
fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / 8_388_608.0 - 1.0
        })
        .collect()
}

fn packed(format: Format, n: usize, k: usize, seed: u64) -> Matrix {
    let weights = noise(seed, n * k);
    Matrix::pack(format, n, k, |r, out| out.copy_from_slice(&weights[r * k..][..k]))
}

/// Activations as a matrix of this format reads them at this level.
fn rounded(x: &[f32], k: usize, format: Format, level: Level) -> Vec<f64> {
    match format {
        Format::F32 => x.iter().map(|v| f64::from(*v)).collect(),
        Format::Bf16 if level >= Level::Avx512Bf16 => {
            x.iter().map(|v| f64::from(from_bf16(to_bf16(*v)))).collect()
        }
        Format::Bf16 => x.iter().map(|v| f64::from(*v)).collect(),
        _ => x
            .chunks(k.max(1))
            .flat_map(|row| row.chunks(32))
            .flat_map(|block| {
                let d = block.iter().fold(0.0_f32, |m, v| m.max(v.abs())) / 127.0;
                let inverse = if d > 0.0 { 1.0 / d } else { 0.0 };
                block
                    .iter()
                    .map(move |v| f64::from((v * inverse).round_ties_even()) * f64::from(d))
            })
            .collect(),
    }
}

/// The product and, for each output, the sum of magnitudes that its rounding is measured by.
fn exact(matrix: &Matrix, x: &[f64], m: usize) -> (Vec<f64>, Vec<f64>) {
    let (n, k) = (matrix.rows(), matrix.columns());
    let mut row = vec![0.0; k];
    let (mut sums, mut sizes) = (vec![0.0; m * n], vec![0.0; m * n]);
    // The integer formats subtract an offset as large as the weights: its part counts too.
    let mut weights = Vec::new();
    for j in 0..n {
        matrix.row(j, &mut row);
        weights.push(row.clone());
    }
    for (j, row) in weights.iter().enumerate() {
        let largest = row.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        for r in 0..m {
            let x = &x[r * k..][..k];
            sums[r * n + j] = x.iter().zip(row).map(|(a, b)| a * f64::from(*b)).sum();
            sizes[r * n + j] = x.iter().map(|a| a.abs() * f64::from(largest)).sum();
        }
    }
    (sums, sizes)
}

fn check(format: Format, m: usize, n: usize, k: usize, seed: u64) {
    let matrix = packed(format, n, k, seed);
    let x = noise(seed + 1, m * k);
    for kernels in Kernels::all() {
        let (sums, sizes) = exact(&matrix, &rounded(&x, k, format, kernels.level()), m);
        let mut input = Input::default();
        input.load(&x, m, k);
        let mut out = vec![f32::NAN; m * n];
        matrix.multiply(kernels, &mut input, &mut out, Epilogue::None, Stop::NEVER);
        for (i, (found, (sum, size))) in out.iter().zip(sums.iter().zip(&sizes)).enumerate() {
            // Sums of float32 over a few hundred terms.
            assert!(
                (f64::from(*found) - sum).abs() <= 2e-6 * size + 1e-30,
                "{} {m}x{n}x{k} at {}: output {i} is {found}, not {sum} (of {size})",
                format.name(),
                kernels.level().name()
            );
        }
    }
}

#[test]
fn odd_shapes_at_every_level() {
    for format in FORMATS {
        for m in 1..=40 {
            check(format, m, 16 + m % 19, 32 * (m % 5) + 7 * m % 23 + 1, m as u64);
        }
        for (m, n, k) in [
            (1, 1, 1),
            (2, 33, 511),
            (13, 48, 1152),
            (7, 64, 1024),
            (65, 17, 257),
            (130, 100, 600),
            (3, 5, 2560),
            (400, 40, 70),
        ] {
            check(format, m, n, k, 99);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_shape_at_every_level(format in 0..5_usize, m in 1..50_usize, n in 1..90_usize, k in 1..700_usize, seed in 0..1000_u64) {
        check(FORMATS[format], m, n, k, seed);
    }
}

/// Levels of the byte formats differ by the rounding of a few float operations a block only.
#[test]
fn bytes_are_the_same_arithmetic_at_every_level() {
    for format in [Format::Q8_0, Format::Q4K, Format::Q6K] {
        for (m, n, k) in [(1, 40, 2560), (5, 40, 512), (37, 33, 768)] {
            let matrix = packed(format, n, k, 5);
            let x = noise(6, m * k);
            let mut input = Input::default();
            input.load(&x, m, k);
            let mut outs = Vec::new();
            for kernels in Kernels::all() {
                let mut out = vec![0.0; m * n];
                matrix.multiply(kernels, &mut input, &mut out, Epilogue::None, Stop::NEVER);
                outs.push(out);
            }
            // The size of a sum of k products of numbers up to one.
            let size = (k as f32).sqrt();
            for out in &outs[1..] {
                for (a, b) in out.iter().zip(&outs[0]) {
                    assert!((a - b).abs() <= 1e-6 * size, "{}: {a} and {b}", format.name());
                }
            }
        }
    }
}

#[test]
fn epilogues_are_applied_once() {
    let (m, n, k) = (15, 35, 1100);
    let bias = noise(3, n);
    let before = noise(4, m * n);
    let x = noise(6, m * k);
    for format in FORMATS {
        let matrix = packed(format, n, k, 2);
        for kernels in Kernels::all() {
            let mut input = Input::default();
            input.load(&x, m, k);
            let mut run = |epilogue: Epilogue<'_>| {
                let mut out = before.clone();
                matrix.multiply(kernels, &mut input, &mut out, epilogue, Stop::NEVER);
                out
            };
            let plain = run(Epilogue::None);
            let (biased, gelu, added) = (
                run(Epilogue::Bias(&bias)),
                run(Epilogue::BiasGelu(&bias)),
                run(Epilogue::BiasAdd(&bias)),
            );
            for i in 0..m * n {
                let z = f64::from(plain[i] + bias[i % n]);
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (z + 0.044_715 * z * z * z);
                assert_eq!(biased[i], plain[i] + bias[i % n]);
                assert!((f64::from(gelu[i]) - 0.5 * z * (1.0 + inner.tanh())).abs() < 1e-6);
                assert_eq!(added[i], before[i] + (plain[i] + bias[i % n]));
            }
        }
    }
}

#[test]
fn edge_values_neither_crash_nor_spread() {
    let (m, n, k) = (9, 20, 300);
    for format in FORMATS {
        for (value, weight) in [
            (0.0, 0.0),
            (1e30, 1e-30),
            (f32::NAN, 1.0),
            (f32::INFINITY, 1.0),
            (1.0, f32::NAN),
            (1.0, f32::MAX),
            (1e-42, 1.0),
        ] {
            let matrix = Matrix::pack(format, n, k, |r, out| {
                out.fill(0.5);
                out[r % k] = weight;
            });
            let mut x = vec![0.25; m * k];
            x[k + 3] = value;
            for kernels in Kernels::all() {
                let mut input = Input::default();
                input.load(&x, m, k);
                let mut out = vec![0.0; m * n];
                matrix.multiply(kernels, &mut input, &mut out, Epilogue::None, Stop::NEVER);
                if weight == 1.0 && value.is_nan() {
                    assert!(out[n..2 * n].iter().all(|v| v.is_nan()), "{}", format.name());
                }
                if weight == 1.0 {
                    // The other rows do not see it.
                    assert!(
                        out[..n]
                            .iter()
                            .chain(&out[2 * n..])
                            .all(|v| (v - 37.6).abs() < 1.0)
                    );
                }
            }
        }
    }
}

#[test]
fn nothing_to_do_is_done() {
    for format in FORMATS {
        let matrix = packed(format, 20, 64, 1);
        let mut input = Input::default();
        input.load(&[], 0, 64);
        matrix.multiply(Kernels::best(), &mut input, &mut [], Epilogue::None, Stop::NEVER);
        let none = packed(format, 20, 0, 1);
        input.load(&[], 3, 0);
        let mut out = vec![1.0; 60];
        none.multiply(Kernels::best(), &mut input, &mut out, Epilogue::None, Stop::NEVER);
        assert!(out.iter().all(|v| *v == 0.0), "{}", format.name());
    }
}

#[test]
fn a_stop_ends_early() {
    let flag = AtomicBool::new(true);
    for format in FORMATS {
        let matrix = packed(format, 64, 256, 1);
        let x = noise(2, 3 * 256);
        let mut input = Input::default();
        input.load(&x, 3, 256);
        let mut out = vec![7.0; 3 * 64];
        matrix.multiply(
            Kernels::best(),
            &mut input,
            &mut out,
            Epilogue::None,
            Stop::when(&flag),
        );
        assert!(out.iter().all(|v| *v == 7.0), "{}", format.name());
    }
}

#[test]
fn one_input_serves_all_formats_and_levels() {
    let (m, n, k) = (14, 32, 512);
    let x = noise(8, m * k);
    let mut shared = Input::default();
    shared.load(&x, m, k);
    for kernels in Kernels::all() {
        for format in FORMATS {
            let matrix = packed(format, n, k, 3);
            let (mut a, mut b) = (vec![0.0; m * n], vec![0.0; m * n]);
            matrix.multiply(kernels, &mut shared, &mut a, Epilogue::None, Stop::NEVER);
            let mut own = Input::default();
            own.load_for(kernels, matrix.wanted(kernels), &x, m, k);
            matrix.multiply(kernels, &mut own, &mut b, Epilogue::None, Stop::NEVER);
            assert_eq!(a, b);
        }
    }
}
