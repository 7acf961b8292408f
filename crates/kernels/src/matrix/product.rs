//! Products with packed weights: the scalar twin.

use rayon::prelude::*;

use super::{Epilogue, Matrix, STRIP};
use crate::input::Input;
use crate::level::Kernels;
use crate::rows::gelu_tanh;
use crate::stop::Stop;

/// See [`Matrix::multiply`]; the input is prepared.
pub(super) fn multiply(
    matrix: &Matrix,
    _kernels: Kernels,
    input: &Input,
    out: &mut [f32],
    epilogue: Epilogue<'_>,
    stop: Stop<'_>,
) {
    let (m, n, k) = (input.rows(), matrix.rows(), matrix.columns());
    let strips: Vec<(usize, Vec<f32>)> = (0..n.div_ceil(STRIP))
        .into_par_iter()
        .map(|s| {
            let lanes = STRIP.min(n - s * STRIP);
            let mut part = vec![0.0; m * lanes];
            let mut weights = vec![0.0; k];
            for lane in 0..lanes {
                if stop.is_set() {
                    break;
                }
                matrix.row(s * STRIP + lane, &mut weights);
                for (r, x) in input.values().chunks_exact(k).enumerate() {
                    part[r * lanes + lane] = x.iter().zip(&weights).map(|(a, b)| a * b).sum();
                }
            }
            (lanes, part)
        })
        .collect();
    for (s, (lanes, part)) in strips.into_iter().enumerate() {
        for r in 0..m {
            for lane in 0..lanes {
                let j = s * STRIP + lane;
                let (v, o) = (part[r * lanes + lane], &mut out[r * n + j]);
                *o = match epilogue {
                    Epilogue::None => v,
                    Epilogue::Bias(bias) => v + bias[j],
                    Epilogue::BiasGelu(bias) => gelu_tanh(v + bias[j]),
                    Epilogue::BiasAdd(bias) => *o + v + bias[j],
                };
            }
        }
    }
}
