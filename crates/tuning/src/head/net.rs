//! Logits, loss and gradients of a head, on embeddings that are standardised already.

use overread_kernels::dense::{Real, View, multiply};

use super::{Answer, Truths};
use crate::ops::activation::{gelu, gelu_slope};

/// Shapes of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Net {
    /// D.
    pub(crate) inputs: usize,
    /// H; `None`: the labels hang on the inputs.
    pub(crate) hidden: Option<usize>,
    /// K.
    pub(crate) labels: usize,
}

/// Names and shapes of a hidden head.
const HIDDEN: [&str; 4] = ["hidden.weight", "hidden.bias", "labels.weight", "labels.bias"];

impl Net {
    /// Names and shapes of the tensors, in order; a matrix is `[out, in]`.
    pub(crate) fn names(&self) -> Vec<(&'static str, Vec<usize>)> {
        let (d, k) = (self.inputs, self.labels);
        match self.hidden {
            None => vec![(HIDDEN[2], vec![k, d]), (HIDDEN[3], vec![k])],
            Some(h) => vec![
                (HIDDEN[0], vec![h, d]),
                (HIDDEN[1], vec![h]),
                (HIDDEN[2], vec![k, h]),
                (HIDDEN[3], vec![k]),
            ],
        }
    }

    /// Logits `[n, K]` of rows `[n, D]`.
    pub(crate) fn logits<T: Real>(&self, p: &[&[T]], x: &[T], n: usize) -> Vec<T> {
        let Some(h) = self.hidden else {
            return mapped([n, self.labels, self.inputs], x, p[0], p[1]);
        };
        let mut hidden = mapped([n, h, self.inputs], x, p[0], p[1]);
        hidden.iter_mut().for_each(|z| *z = gelu(*z));
        mapped([n, self.labels, h], &hidden, p[2], p[3])
    }

    /// Mean loss of the rows and its gradients, a tensor each. `keep` multiplies hidden values `[n, H]` (dropout); empty: none.
    pub(crate) fn gradients<T: Real>(
        &self,
        p: &[&[T]],
        x: &[T],
        truths: &Truths,
        rows: &[usize],
        keep: &[T],
    ) -> (f64, Vec<Vec<T>>) {
        let (n, d, k) = (rows.len(), self.inputs, self.labels);
        let Some(h) = self.hidden else {
            let logits = mapped([n, k, d], x, p[0], p[1]);
            let (loss, slopes) = losses(&logits, k, truths, rows);
            let [w, b] = mapped_backward([n, k, d], x, &slopes);
            return (loss, vec![w, b]);
        };
        let before = mapped([n, h, d], x, p[0], p[1]);
        let mut hidden: Vec<T> = before.iter().map(|z| gelu(*z)).collect();
        for (value, keep) in hidden.iter_mut().zip(keep) {
            *value *= *keep;
        }
        let logits = mapped([n, k, h], &hidden, p[2], p[3]);
        let (loss, slopes) = losses(&logits, k, truths, rows);
        let [w2, b2] = mapped_backward([n, k, h], &hidden, &slopes);
        let mut back = vec![T::ZERO; n * h];
        let (left, right) = (View::rows(&slopes, k), View::rows(p[2], h));
        multiply([n, h, k], &mut back, h, T::ZERO, left, right, T::ONE, 1);
        for (value, keep) in back.iter_mut().zip(keep) {
            *value *= *keep;
        }
        for (value, z) in back.iter_mut().zip(&before) {
            *value *= gelu_slope(*z);
        }
        let [w1, b1] = mapped_backward([n, h, d], x, &back);
        (loss, vec![w1, b1, w2, b2])
    }
}

/// `x w' + b`: rows `[n, out]`.
fn mapped<T: Real>([n, out, inputs]: [usize; 3], x: &[T], w: &[T], b: &[T]) -> Vec<T> {
    let mut y: Vec<T> = (0..n).flat_map(|_| b.iter().copied()).collect();
    let (left, right) = (View::rows(x, inputs), View::rows(w, inputs).transposed());
    multiply([n, out, inputs], &mut y, out, T::ONE, left, right, T::ONE, 1);
    y
}

/// Gradients of weight and bias.
fn mapped_backward<T: Real>([n, out, inputs]: [usize; 3], x: &[T], dy: &[T]) -> [Vec<T>; 2] {
    let mut w = vec![T::ZERO; out * inputs];
    let left = View::rows(dy, out).transposed();
    multiply(
        [out, inputs, n],
        &mut w,
        inputs,
        T::ZERO,
        left,
        View::rows(x, inputs),
        T::ONE,
        1,
    );
    let mut b = vec![T::ZERO; out];
    for row in dy.chunks_exact(out) {
        for (sum, value) in b.iter_mut().zip(row) {
            *sum += *value;
        }
    }
    [w, b]
}

/// Mean loss over the rows, and its slopes by the logits. What is not known of a label adds nothing.
pub(crate) fn losses<T: Real>(logits: &[T], k: usize, truths: &Truths, rows: &[usize]) -> (f64, Vec<T>) {
    let share = 1.0 / rows.len().max(1) as f64;
    let mut slopes = Vec::with_capacity(logits.len());
    let mut loss = 0.0;
    for (row, at) in logits.chunks_exact(k).zip(rows) {
        let z: Vec<f64> = row.iter().map(|v| v.double()).collect();
        match truths {
            Truths::One(classes) => {
                let log = log_softmax(&z);
                let truth = classes[*at];
                loss -= log[truth] * share;
                slopes.extend(log.iter().enumerate().map(|(label, log)| {
                    let hit = if label == truth { 1.0 } else { 0.0 };
                    T::of((log.exp() - hit) * share)
                }));
            }
            Truths::Each(states) => {
                for (z, state) in z.iter().zip(&states[*at]) {
                    let Some(present) = state else {
                        slopes.push(T::ZERO);
                        continue;
                    };
                    // -ln of the probability of what is: ln(1 + e^-z) or ln(1 + e^z), without overflow.
                    let against = if *present { -*z } else { *z };
                    loss += (against.max(0.0) + (-against.abs()).exp().ln_1p()) * share;
                    let hit = if *present { 1.0 } else { 0.0 };
                    slopes.push(T::of((sigmoid(*z) - hit) * share));
                }
            }
        }
    }
    (loss, slopes)
}

/// Probabilities by logits.
pub(crate) fn probabilities(answer: Answer, logits: &[f64]) -> Vec<f64> {
    match answer {
        Answer::One => log_softmax(logits).into_iter().map(f64::exp).collect(),
        Answer::Each => logits.iter().map(|z| sigmoid(*z)).collect(),
    }
}

fn log_softmax(z: &[f64]) -> Vec<f64> {
    let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = z.iter().map(|z| (z - top).exp()).sum::<f64>().ln();
    z.iter().map(|z| z - top - sum).collect()
}

fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Draw;

    /// Every gradient equals the difference quotient in float64.
    fn holds(net: Net, truths: &Truths, dropout: bool) {
        let (n, rows) = (5, [0, 3, 1, 4, 2]);
        let draw = Draw::new(7);
        let x: Vec<f64> = (0..n * net.inputs).map(|i| draw.normal(i as u64)).collect();
        let keep: Vec<f64> = match (net.hidden, dropout) {
            (Some(h), true) => (0..n * h)
                .map(|i| {
                    if draw.of(9).unit(i as u64) < 0.3 {
                        0.0
                    } else {
                        1.0 / 0.7
                    }
                })
                .collect(),
            _ => Vec::new(),
        };
        let mut tensors: Vec<Vec<f64>> = net
            .names()
            .iter()
            .enumerate()
            .map(|(t, (_, shape))| {
                (0..shape.iter().product())
                    .map(|i: usize| 0.5 * draw.of(t as u64 + 20).normal(i as u64))
                    .collect()
            })
            .collect();
        let views = |tensors: &[Vec<f64>]| -> (f64, Vec<Vec<f64>>) {
            let p: Vec<&[f64]> = tensors.iter().map(Vec::as_slice).collect();
            net.gradients(&p, &x, truths, &rows, &keep)
        };
        let (_, gradients) = views(&tensors);
        let step = 1e-5;
        for t in 0..tensors.len() {
            for i in 0..tensors[t].len() {
                let value = tensors[t][i];
                tensors[t][i] = value + step;
                let above = views(&tensors).0;
                tensors[t][i] = value - step;
                let below = views(&tensors).0;
                tensors[t][i] = value;
                let quotient = (above - below) / (2.0 * step);
                assert!(
                    (quotient - gradients[t][i]).abs() < 1e-8,
                    "tensor {t}, {i}: {quotient} {}",
                    gradients[t][i]
                );
            }
        }
    }

    #[test]
    fn gradients_are_difference_quotients() {
        let one = Truths::One(vec![0, 2, 1, 1, 0]);
        let each = Truths::Each(
            (0..5)
                .map(|i| vec![Some(i % 2 == 0), None, Some(i > 2)])
                .collect(),
        );
        for truths in [one, each] {
            for hidden in [None, Some(3)] {
                let net = Net {
                    inputs: 4,
                    hidden,
                    labels: 3,
                };
                holds(net, &truths, false);
                holds(net, &truths, true);
            }
        }
    }

    #[test]
    fn probabilities_hold_far_from_zero() {
        for z in [-800.0, 0.0, 800.0] {
            let one = probabilities(Answer::One, &[z, 0.0]);
            assert!((one.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{one:?}");
            let each = probabilities(Answer::Each, &[z]);
            assert!((0.0..=1.0).contains(&each[0]), "{each:?}");
        }
        let (loss, slopes) = losses(&[-900.0_f64], 1, &Truths::Each(vec![vec![Some(true)]]), &[0]);
        assert!(
            (loss - 900.0).abs() < 1e-9 && (slopes[0] + 1.0).abs() < 1e-12,
            "{loss}"
        );
    }
}
