//! Epilogues: what is done with sums on their way out.

use super::{Epilogue, STRIP};

/// Writes one row's sums to its part of the output, which begins at output `at`.
pub(super) fn row(sums: &[f32], out: &mut [f32], at: usize, epilogue: Epilogue<'_>) {
    let n = out.len();
    match epilogue {
        Epilogue::None => out.copy_from_slice(sums),
        Epilogue::Bias(bias) => {
            for ((o, v), b) in out.iter_mut().zip(sums).zip(&bias[at..at + n]) {
                *o = v + b;
            }
        }
        Epilogue::BiasAdd(bias) => {
            for ((o, v), b) in out.iter_mut().zip(sums).zip(&bias[at..at + n]) {
                *o += v + b;
            }
        }
        Epilogue::BiasGelu(bias) => {
            let bias = &bias[at..at + n];
            crate::vectors::wide!(gelu_any(sums: &[f32], bias: &[f32], out: &mut [f32]));
        }
    }
}

#[inline(always)]
fn gelu_any(sums: &[f32], bias: &[f32], out: &mut [f32]) {
    let whole = out.len() / STRIP * STRIP;
    for ((o, v), b) in out[..whole]
        .as_chunks_mut::<STRIP>()
        .0
        .iter_mut()
        .zip(sums.as_chunks::<STRIP>().0)
        .zip(bias.as_chunks::<STRIP>().0)
    {
        for l in 0..STRIP {
            o[l] = gelu(v[l] + b[l]);
        }
    }
    for ((o, v), b) in out[whole..].iter_mut().zip(&sums[whole..]).zip(&bias[whole..]) {
        *o = gelu(v + b);
    }
}

/// GELU in its tanh form, which is z / (1 + exp(-2 u)), u = sqrt(2 / pi) (z + 0.044715 z^3).
#[inline(always)]
fn gelu(z: f32) -> f32 {
    let twice = -1.595_769_2 * z * (1.0 + 0.044_715 * z * z);
    z / (1.0 + exp(twice))
}

/// exp, relative error under 3e-7; cut to what float32 holds. Not a number goes to exp(88): the caller multiplies by
/// it.
#[inline(always)]
fn exp(v: f32) -> f32 {
    let v = if v < 88.0 { v } else { 88.0 };
    let v = if v > -87.0 { v } else { -87.0 };
    let shifted = v * std::f32::consts::LOG2_E + 12_582_912.0;
    let n = shifted - 12_582_912.0;
    // ln 2 in two parts, the first with few bits so that its product is exact.
    let r = (v - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    // 2^n, put straight into the exponent.
    p * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3F80_0000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_is_the_one_of_doubles() {
        for i in -200_000..200_000 {
            let z = i as f32 * 1e-4;
            let d = f64::from(z);
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (d + 0.044_715 * d * d * d);
            let exact = 0.5 * d * (1.0 + inner.tanh());
            assert!((f64::from(gelu(z)) - exact).abs() < 1e-6, "{z}");
        }
        for z in [1e3, 1e20, f32::MAX, f32::INFINITY] {
            assert_eq!(gelu(z), z);
        }
        assert!(gelu(-1e20).abs() < 1e-6 && gelu(f32::NAN).is_nan());
    }
}
