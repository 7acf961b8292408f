//! Cross-entropy of the next token, over the tokens that are answers and no others.

use overread_kernels::dense::{Real, View, multiply};

use super::Pass;
use super::attention::softmax;
use super::linear::{Linear, Weight};
use crate::parameters::Gradients;

/// Rows whose logits are held at once.
pub(crate) const ROWS: usize = 64;

/// What a token that is due costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// Sum of the weighted negative log-likelihoods, natural.
    pub sum: f64,
    /// Sum of the weights: tokens.
    pub weight: f64,
    /// Tokens that had the largest logit.
    pub right: usize,
    /// Tokens.
    pub tokens: usize,
}

impl Loss {
    /// A token's mean.
    pub fn mean(&self) -> f64 {
        self.sum / self.weight.max(f64::MIN_POSITIVE)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.sum += other.sum;
        self.weight += other.weight;
        self.right += other.right;
        self.tokens += other.tokens;
    }
}

/// The token that a row should have predicted, and how much it counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) token: u32,
    pub(crate) weight: f64,
}

/// Loss of hidden states `[n, D]` after the final norm, under the head's weights `[V, D]`. Gives the gradient by them
/// where `gradients` are wanted.
pub(crate) fn cross_entropy<T: Real>(
    pass: Pass<'_, T>,
    head: &Linear,
    softcap: Option<f64>,
    hidden: &[T],
    due: &[Due],
    mut gradients: Option<&mut Gradients<T>>,
) -> (Loss, Vec<T>) {
    let (k, n) = (head.inputs, head.outputs);
    let mut loss = Loss::default();
    let mut by_hidden = vec![T::ZERO; if gradients.is_some() { hidden.len() } else { 0 }];
    for (i, (hidden, due)) in hidden.chunks(ROWS * k).zip(due.chunks(ROWS)).enumerate() {
        let mut logits = head.forward(pass, hidden);
        let mut slopes = Vec::new();
        if let Some(cap) = softcap.map(T::of) {
            for v in &mut logits {
                let t = (*v / cap).tanh();
                *v = t * cap;
                slopes.push(T::ONE - t * t);
            }
        }
        for (row, due) in logits.chunks_exact_mut(n).zip(due) {
            let at = due.token as usize;
            let wanted = row[at];
            let better = row
                .iter()
                .enumerate()
                .any(|(j, v)| *v > wanted || (*v == wanted && j < at));
            softmax(row);
            loss.add(&Loss {
                sum: -row[at].double().max(f64::MIN_POSITIVE).ln() * due.weight,
                weight: due.weight,
                right: usize::from(!better),
                tokens: 1,
            });
            row[at] = row[at] - T::ONE;
            row.iter_mut().for_each(|v| *v *= T::of(due.weight));
        }
        if let Some(gradients) = gradients.as_deref_mut() {
            logits.iter_mut().zip(slopes).for_each(|(v, slope)| *v *= slope);
            let into = &mut by_hidden[i * ROWS * k..][..hidden.len()];
            head.backward(pass, hidden, &logits, Some(into), gradients);
        }
    }
    (loss, by_hidden)
}

/// Cross-entropy of rows `[n, classes]` against classes, two a row with what each counts. Turns the rows into the
/// gradient. A row is right when the class that counts most in it is the likeliest.
pub(crate) fn classes<T: Real>(
    logits: &mut [T],
    width: usize,
    due: &[[(usize, f32); 2]],
    share: f64,
) -> Loss {
    let mut loss = Loss::default();
    for (row, due) in logits.chunks_exact_mut(width).zip(due) {
        let weights = due.map(|(_, weight)| f64::from(weight) * share);
        let total = weights[0] + weights[1];
        if total <= 0.0 {
            row.fill(T::ZERO);
            continue;
        }
        let most = due[usize::from(weights[1] > weights[0])].0;
        let better = row.iter().any(|v| *v > row[most]);
        softmax(row);
        let cost = |(class, _): (usize, f32)| -row[class].double().max(f64::MIN_POSITIVE).ln();
        loss.add(&Loss {
            sum: cost(due[0]) * weights[0] + cost(due[1]) * weights[1],
            weight: total,
            right: usize::from(!better),
            tokens: 1,
        });
        row.iter_mut().for_each(|v| *v *= T::of(total));
        for ((class, _), weight) in due.iter().zip(weights) {
            row[*class] = row[*class] - T::of(weight);
        }
    }
    loss
}

/// Rows of the embedding, scaled; `[ids, D]`.
pub(crate) fn embed<T: Real>(pass: Pass<'_, T>, table: &Linear, ids: &[u32], scale: f64) -> Vec<T> {
    let width = table.inputs;
    let mut out = vec![T::ZERO; ids.len() * width];
    for (row, id) in out.chunks_exact_mut(width).zip(ids) {
        let at = (*id as usize).min(table.outputs - 1);
        match &table.weight {
            Weight::Plain(id) => row.copy_from_slice(&pass.parameters.values(*id)[at * width..][..width]),
            Weight::Packed(matrix) => {
                let mut plain = vec![0.0; width];
                matrix.row(at, &mut plain);
                row.iter_mut()
                    .zip(plain)
                    .for_each(|(o, v)| *o = T::of(f64::from(v)));
            }
        }
        row.iter_mut().for_each(|v| *v *= T::of(scale));
    }
    out
}

/// Adds the gradient of [`embed`], for the ids that are text.
pub(crate) fn embed_backward<T: Real>(
    table: &Linear,
    ids: &[u32],
    is_text: impl Fn(usize) -> bool,
    scale: f64,
    dy: &[T],
    gradients: &mut Gradients<T>,
) {
    let width = table.inputs;
    let Weight::Plain(id) = table.weight else { return };
    let Some(by_table) = gradients.get_mut(id) else {
        return;
    };
    for (i, (row, id)) in dy.chunks_exact(width).zip(ids).enumerate() {
        if is_text(i) {
            let at = (*id as usize).min(table.outputs - 1) * width;
            for (g, d) in by_table[at..at + width].iter_mut().zip(row) {
                *g += *d * T::of(scale);
            }
        }
    }
}

/// `x W^T` for a small matrix that is no part of the model.
pub(crate) fn rows_times<T: Real>(x: &[T], w: &[T], k: usize) -> Vec<T> {
    let (rows, n) = (x.len() / k, w.len() / k);
    let mut out = vec![T::ZERO; rows * n];
    let w = View::rows(w, k).transposed();
    multiply([rows, n, k], &mut out, n, T::ZERO, View::rows(x, k), w, T::ONE, 1);
    out
}
