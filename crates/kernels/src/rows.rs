//! Norms, activations, rotation and reductions over rows. Sums are float32 unless said otherwise.

use crate::level::Kernels;

/// GELU, tanh form: 0.5 z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))).
pub fn gelu_tanh(z: f32) -> f32 {
    let inner = 0.797_884_56 * (z + 0.044_715 * z * z * z);
    0.5 * z * (1.0 + inner.tanh())
}

/// RMSNorm of each row of `x` `[rows, width]`: x / sqrt(mean(x^2) + eps) * scale, `scale` `[width]` holding the (1 + w).
pub fn rms_norm(_kernels: Kernels, x: &[f32], scale: &[f32], eps: f32, out: &mut [f32]) {
    let width = scale.len();
    for (row, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let mean = row.iter().map(|v| v * v).sum::<f32>() / width as f32;
        let inverse = 1.0 / (mean + eps).sqrt();
        for ((o, v), s) in out.iter_mut().zip(row).zip(scale) {
            *o = v * inverse * s;
        }
    }
}

/// `x += rms_norm(y)`, row by row: a branch joins the residual stream.
pub fn add_rms_norm(_kernels: Kernels, x: &mut [f32], y: &[f32], scale: &[f32], eps: f32) {
    let width = scale.len();
    for (row, branch) in x.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
        let mean = branch.iter().map(|v| v * v).sum::<f32>() / width as f32;
        let inverse = 1.0 / (mean + eps).sqrt();
        for ((o, v), s) in row.iter_mut().zip(branch).zip(scale) {
            *o += v * inverse * s;
        }
    }
}

/// LayerNorm of each row of `x` `[rows, width]`.
pub fn layer_norm(_kernels: Kernels, x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
    let width = weight.len();
    for (row, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let mean = row.iter().sum::<f32>() / width as f32;
        let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / width as f32;
        let inverse = 1.0 / (variance + eps).sqrt();
        for (((o, v), w), b) in out.iter_mut().zip(row).zip(weight).zip(bias) {
            *o = (v - mean) * inverse * w + b;
        }
    }
}

/// `gate = gelu_tanh(gate) * up`.
pub fn gelu_gate(_kernels: Kernels, gate: &mut [f32], up: &[f32]) {
    for (g, u) in gate.iter_mut().zip(up) {
        *g = gelu_tanh(*g) * u;
    }
}

/// RMSNorm of each head, then rotation in the rotate-half form. `x` is `[T, heads, d]`, `cos` and `sin` are `[T, d / 2]`,
/// `scale` is `[d]` with the (1 + w).
pub fn norm_and_rotate(
    _kernels: Kernels,
    x: &mut [f32],
    heads: usize,
    scale: &[f32],
    eps: f32,
    cos: &[f32],
    sin: &[f32],
) {
    let d = scale.len();
    let half = d / 2;
    for (t, token) in x.chunks_exact_mut(heads * d).enumerate() {
        let (cos, sin) = (&cos[t * half..][..half], &sin[t * half..][..half]);
        for head in token.chunks_exact_mut(d) {
            let mean = head.iter().map(|v| v * v).sum::<f32>() / d as f32;
            let inverse = 1.0 / (mean + eps).sqrt();
            for (v, s) in head.iter_mut().zip(scale) {
                *v = *v * inverse * s;
            }
            let (low, high) = head.split_at_mut(half);
            for i in 0..half {
                let (a, b) = (low[i], high[i]);
                low[i] = a * cos[i] - b * sin[i];
                high[i] = b * cos[i] + a * sin[i];
            }
        }
    }
}

/// Log of the sum of exponentials, accumulated in double.
pub fn log_sum_exp(_kernels: Kernels, row: &[f32]) -> f64 {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !top.is_finite() {
        return f64::from(top);
    }
    let sum: f64 = row.iter().map(|v| f64::from(v - top).exp()).sum();
    f64::from(top) + sum.ln()
}
