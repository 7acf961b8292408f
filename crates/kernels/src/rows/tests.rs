//! Row kernels at every level against double precision.

use proptest::prelude::*;

use super::*;

fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(777);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 22) as f32 - 2.0
        })
        .collect()
}

fn wide(x: &[f32]) -> impl Iterator<Item = f64> + '_ {
    x.iter().map(|v| f64::from(*v))
}

fn close(what: &str, kernels: Kernels, got: &[f32], wanted: &[f64], allowed: f64) {
    assert_eq!(got.len(), wanted.len());
    for (i, (g, w)) in got.iter().zip(wanted).enumerate() {
        let off = (f64::from(*g) - w).abs();
        assert!(
            off <= allowed * w.abs().max(1.0),
            "{what} {kernels:?} {i}: {g} and not {w}, off by {off:e}"
        );
    }
}

fn gelu(z: f64) -> f64 {
    0.5 * z * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (z + 0.044_715 * z * z * z)).tanh())
}

const EPS: f32 = 1e-6;

fn check_norms(rows: usize, width: usize, seed: u32) {
    let (x, y) = (numbers(rows * width, seed), numbers(rows * width, seed + 1));
    let (scale, bias) = (numbers(width, seed + 2), numbers(width, seed + 3));
    let row = |x: &[f32], about_mean: bool| -> Vec<f64> {
        x.chunks(width)
            .flat_map(|row| {
                let mean = if about_mean {
                    wide(row).sum::<f64>() / width as f64
                } else {
                    0.0
                };
                let square = wide(row).map(|v| (v - mean) * (v - mean)).sum::<f64>() / width as f64;
                let inverse = 1.0 / (square + f64::from(EPS)).sqrt();
                wide(row)
                    .zip(wide(&scale))
                    .map(|(v, s)| (v - mean) * inverse * s)
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let rms = row(&x, false);
    let added: Vec<f64> = wide(&x).zip(row(&y, false)).map(|(x, y)| x + y).collect();
    let layer: Vec<f64> = row(&x, true)
        .iter()
        .zip(wide(&bias).collect::<Vec<_>>().iter().cycle())
        .map(|(v, b)| v + b)
        .collect();
    for kernels in Kernels::all() {
        let mut out = vec![f32::NAN; x.len()];
        rms_norm(kernels, &x, &scale, EPS, &mut out);
        close("rms", kernels, &out, &rms, 2e-6);
        let mut out = x.clone();
        add_rms_norm(kernels, &mut out, &y, &scale, EPS);
        close("add rms", kernels, &out, &added, 2e-6);
        let mut out = vec![f32::NAN; x.len()];
        layer_norm(kernels, &x, &scale, &bias, EPS, &mut out);
        // Two equal numbers leave a variance of roundings only.
        if width > 4 {
            close("layer", kernels, &out, &layer, 4e-6);
        }
    }
}

fn check_rotation(tokens: usize, heads: usize, half: usize, seed: u32) {
    let d = 2 * half;
    let x = numbers(tokens * heads * d, seed);
    let scale = numbers(d, seed + 1);
    let angles = numbers(tokens * half, seed + 2);
    let cos: Vec<f32> = angles.iter().map(|a| a.cos()).collect();
    let sin: Vec<f32> = angles.iter().map(|a| a.sin()).collect();
    let mut wanted = Vec::new();
    for (i, head) in x.chunks(d).enumerate() {
        let t = i / heads;
        let square = wide(head).map(|v| v * v).sum::<f64>() / d as f64;
        let inverse = 1.0 / (square + f64::from(EPS)).sqrt();
        let normed: Vec<f64> = wide(head)
            .zip(wide(&scale))
            .map(|(v, s)| v * inverse * s)
            .collect();
        for j in 0..d {
            let at = t * half + j % half;
            let turned = if j < half {
                -normed[j + half]
            } else {
                normed[j - half]
            };
            wanted.push(normed[j] * f64::from(cos[at]) + turned * f64::from(sin[at]));
        }
    }
    for kernels in Kernels::all() {
        let mut out = x.clone();
        norm_and_rotate(kernels, &mut out, heads, &scale, EPS, &cos, &sin);
        close("rotation", kernels, &out, &wanted, 2e-6);
    }
}

#[test]
fn norms_equal_their_definition() {
    for width in [1, 2, 15, 16, 17, 63, 64, 65, 72, 1152, 2560] {
        check_norms(3, width, width as u32);
    }
    // Enough for the threads to share.
    check_norms(40, 1152, 9);
}

#[test]
fn a_row_of_zeros_stays_zero() {
    for kernels in Kernels::all() {
        let mut out = [1.0; 100];
        rms_norm(kernels, &[0.0; 100], &[1.0; 50], EPS, &mut out);
        assert_eq!(out, [0.0; 100], "{kernels:?}");
    }
}

#[test]
fn rotation_equals_its_definition() {
    for (tokens, heads, half) in [(1, 8, 128), (3, 4, 36), (5, 3, 7), (90, 8, 64)] {
        check_rotation(tokens, heads, half, half as u32);
    }
}

#[test]
fn gelu_is_within_a_millionth() {
    let z: Vec<f32> = (-80_000..=80_000).map(|i| i as f32 * 2.5e-4).collect();
    let ends = [f32::MIN_POSITIVE, -f32::MIN_POSITIVE, 0.0, -0.0, 1e4, -1e4, 3e12];
    for kernels in Kernels::all() {
        for z in [&z[..], &ends[..]] {
            let mut out = z.to_vec();
            gelu_gate(kernels, &mut out, &vec![1.0; z.len()]);
            for (z, got) in z.iter().zip(&out) {
                let wanted = gelu(f64::from(*z));
                let off = (f64::from(*got) - wanted).abs();
                assert!(
                    off <= 1e-6_f64.max(wanted.abs() * 1e-7),
                    "{kernels:?} {z}: {got} and not {wanted}"
                );
            }
        }
    }
    // The scalar that says what is meant.
    for z in z {
        assert!((f64::from(gelu_tanh(z)) - gelu(f64::from(z))).abs() < 2e-6, "{z}");
    }
}

#[test]
fn a_gate_multiplies_and_does_not_depend_on_the_place() {
    let (gate, up) = (numbers(40_000, 1), numbers(40_000, 2));
    for kernels in Kernels::all() {
        let mut all = gate.clone();
        gelu_gate(kernels, &mut all, &up);
        for i in (0..gate.len()).step_by(997) {
            let mut one = [gate[i]];
            gelu_gate(kernels, &mut one, &up[i..=i]);
            assert_eq!(one[0].to_bits(), all[i].to_bits(), "{kernels:?} {i}");
        }
    }
}

#[test]
fn exponentials_are_within_two_ulp() {
    struct Both<'a> {
        x: &'a [f32],
    }
    impl lanes::Work for Both<'_> {
        type Output = [Vec<f32>; 3];

        #[inline(always)]
        fn run<P: lanes::Product>(self, p: P) -> Self::Output {
            use lanes::Lanes;
            let l = p.lanes();
            let mut out = [const { Vec::new() }; 3];
            for part in self.x.chunks_exact(P::L::N) {
                let x = l.read(part);
                let results = [
                    lanes::exp::exp2::<P::L, 6>(l, x),
                    lanes::exp::exp2::<P::L, 4>(l, x),
                    lanes::exp::exp(l, x),
                ];
                for (out, v) in out.iter_mut().zip(results) {
                    let mut lanes = [0.0; 16];
                    l.write(v, &mut lanes);
                    out.extend_from_slice(&lanes[..P::L::N]);
                }
            }
            out
        }
    }
    let x: Vec<f32> = (0..160_000).map(|i| (i as f32 - 150_000.0) * 8e-4).collect();
    for kernels in Kernels::all() {
        let [two, coarse, e] = lanes::run(kernels, false, Both { x: &x });
        for (i, v) in x.iter().enumerate() {
            let v = f64::from(*v);
            for (got, wanted, ulps) in [
                (two[i], v.exp2(), 2.0),
                (coarse[i], v.exp2(), 50.0),
                (e[i], v.exp(), 2.0),
            ] {
                let off = (f64::from(got) - wanted).abs();
                // Below the smallest normal number zero will do.
                let allowed = (ulps * wanted * f64::from(f32::EPSILON)).max(f64::from(f32::MIN_POSITIVE));
                assert!(off <= allowed, "{kernels:?} {v}: {got:e} and not {wanted:e}");
            }
        }
        let ends = [f32::NEG_INFINITY, f32::NAN].repeat(8);
        for results in lanes::run(kernels, false, Both { x: &ends }) {
            for (v, got) in ends.iter().zip(results) {
                assert!(
                    if v.is_nan() { got.is_nan() } else { got == 0.0 },
                    "{kernels:?} {v}: {got}"
                );
            }
        }
    }
}

#[test]
fn log_sum_exp_equals_its_definition() {
    for count in [1, 2, 15, 64, 65, 1000, 33_000, 262_208] {
        let row: Vec<f32> = numbers(count, count as u32).iter().map(|v| v * 9.0).collect();
        let top = wide(&row).fold(f64::NEG_INFINITY, f64::max);
        let wanted = top + wide(&row).map(|v| (v - top).exp()).sum::<f64>().ln();
        for kernels in Kernels::all() {
            let got = log_sum_exp(kernels, &row);
            assert!(
                (got - wanted).abs() < 5e-7,
                "{kernels:?} {count}: {got} and not {wanted}"
            );
        }
    }
    for kernels in Kernels::all() {
        assert_eq!(log_sum_exp(kernels, &[]), f64::NEG_INFINITY);
        assert_eq!(log_sum_exp(kernels, &[f32::NEG_INFINITY; 40]), f64::NEG_INFINITY);
        let mut row = vec![f32::NEG_INFINITY; 40];
        row[17] = 3.5;
        assert_eq!(log_sum_exp(kernels, &row), 3.5);
        row[39] = f32::NAN;
        assert!(log_sum_exp(kernels, &row).is_nan());
    }
}

proptest! {
    #[test]
    fn any_rows(rows in 1_usize..5, width in 5_usize..300, seed in 0_u32..10_000) {
        check_norms(rows, width, seed);
    }

    #[test]
    fn any_heads(tokens in 1_usize..5, heads in 1_usize..5, half in 2_usize..130, seed in 0_u32..10_000) {
        check_rotation(tokens, heads, half, seed);
    }
}
