//! Norms, activations, rotation and reductions over rows. Sums are float32 unless said otherwise.

mod activation;
mod norm;
mod reduce;
mod rotate;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::lanes;
use crate::level::Kernels;

/// Numbers from which threads share the rows.
const SHARED: usize = 1 << 15;
/// Numbers of a task at least.
const TASK: usize = 1 << 14;

/// Numbers of a task: whole rows of `width`.
fn task(width: usize) -> usize {
    (TASK / width).max(1) * width
}

/// GELU, tanh form: 0.5 z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))).
pub fn gelu_tanh(z: f32) -> f32 {
    let inner = 0.797_884_6 * (z + 0.044_715 * z * z * z);
    0.5 * z * (1.0 + inner.tanh())
}

/// RMSNorm of each row of `x` `[rows, width]`: x / sqrt(mean(x^2) + eps) * scale, `scale` `[width]` holding the (1 + w).
///
/// # Panics
/// When `x` and `out` are not whole rows of one number.
pub fn rms_norm(kernels: Kernels, x: &[f32], scale: &[f32], eps: f32, out: &mut [f32]) {
    check(x.len(), scale.len(), out.len());
    let run = |(x, out)| lanes::run(kernels, false, norm::Rms { x, scale, eps, out });
    if x.len() < SHARED {
        run((x, out));
    } else {
        let task = task(scale.len());
        x.par_chunks(task).zip(out.par_chunks_mut(task)).for_each(run);
    }
}

/// `x += rms_norm(y)`, row by row: a branch joins the residual stream.
///
/// # Panics
/// When `x` and `y` are not whole rows of one number.
pub fn add_rms_norm(kernels: Kernels, x: &mut [f32], y: &[f32], scale: &[f32], eps: f32) {
    check(y.len(), scale.len(), x.len());
    let run = |(x, y)| lanes::run(kernels, false, norm::AddRms { x, y, scale, eps });
    if y.len() < SHARED {
        run((x, y));
    } else {
        let task = task(scale.len());
        x.par_chunks_mut(task).zip(y.par_chunks(task)).for_each(run);
    }
}

/// LayerNorm of each row of `x` `[rows, width]`.
///
/// # Panics
/// When `x` and `out` are not whole rows of one number, or `bias` is not as wide as `weight`.
pub fn layer_norm(kernels: Kernels, x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
    check(x.len(), weight.len(), out.len());
    assert_eq!(weight.len(), bias.len(), "weight and bias of one width");
    let run = |(x, out)| {
        let layer = norm::Layer {
            x,
            weight,
            bias,
            eps,
            out,
        };
        lanes::run(kernels, false, layer);
    };
    if x.len() < SHARED {
        run((x, out));
    } else {
        let task = task(weight.len());
        x.par_chunks(task).zip(out.par_chunks_mut(task)).for_each(run);
    }
}

/// `gate = gelu_tanh(gate) * up`. Within 1e-6 of GELU times `up`.
///
/// # Panics
/// When the lengths differ.
pub fn gelu_gate(kernels: Kernels, gate: &mut [f32], up: &[f32]) {
    assert_eq!(gate.len(), up.len(), "a gate for each number");
    let run = |(gate, up)| lanes::run(kernels, false, activation::Gate { gate, up });
    if gate.len() < SHARED {
        run((gate, up));
    } else {
        gate.par_chunks_mut(TASK).zip(up.par_chunks(TASK)).for_each(run);
    }
}

/// RMSNorm of each head, then rotation in the rotate-half form. `x` is `[T, heads, d]`, `cos` and `sin` are `[T, d / 2]`,
/// `scale` is `[d]` with the (1 + w).
///
/// # Panics
/// When the lengths do not fit, or `d` is odd.
pub fn norm_and_rotate(
    kernels: Kernels,
    x: &mut [f32],
    heads: usize,
    scale: &[f32],
    eps: f32,
    cos: &[f32],
    sin: &[f32],
) {
    let d = scale.len();
    let half = d / 2;
    assert!(
        d.is_multiple_of(2)
            && x.len().is_multiple_of((heads * d).max(1))
            && cos.len() >= x.len() / (heads * d).max(1) * half
            && sin.len() >= x.len() / (heads * d).max(1) * half,
        "angles for the tokens of {heads} heads of {d}"
    );
    if x.is_empty() {
        return;
    }
    let tokens = if x.len() < SHARED {
        x.len() / (heads * d)
    } else {
        task(heads * d) / (heads * d)
    };
    let run = |((x, cos), sin)| {
        let rotate = rotate::Rotate {
            x,
            heads,
            scale,
            eps,
            cos,
            sin,
        };
        lanes::run(kernels, false, rotate);
    };
    if x.len() < SHARED {
        run(((x, cos), sin));
    } else {
        x.par_chunks_mut(tokens * heads * d)
            .zip(cos.par_chunks(tokens * half))
            .zip(sin.par_chunks(tokens * half))
            .for_each(run);
    }
}

/// Log of the sum of exponentials. Exponentials are float32, their sum is double.
pub fn log_sum_exp(kernels: Kernels, row: &[f32]) -> f64 {
    let top = |row: &[f32]| lanes::run(kernels, false, reduce::Top { row });
    let sum = |row: &[f32], top| lanes::run(kernels, false, reduce::SumExp { row, top });
    if row.len() < SHARED {
        let top = top(row);
        if !top.is_finite() {
            return f64::from(top);
        }
        return f64::from(top) + sum(row, top).ln();
    }
    let top = row
        .par_chunks(TASK)
        .map(top)
        .reduce(|| f32::NEG_INFINITY, f32::max);
    if !top.is_finite() {
        return f64::from(top);
    }
    // In the order of the row, so that the result does not depend on the threads.
    let sums: Vec<f64> = row.par_chunks(TASK).map(|row| sum(row, top)).collect();
    f64::from(top) + sums.iter().sum::<f64>().ln()
}

fn check(given: usize, width: usize, out: usize) {
    assert!(
        width > 0 && given.is_multiple_of(width) && given == out,
        "{given} and {out} numbers in rows of {width}"
    );
}
