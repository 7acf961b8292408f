//! Logistic regression with an L2 penalty on the weights and none on the biases, by L-BFGS (Liu and Nocedal 1989) with a
//! backtracking search: convex, so that the minimum does not depend on where it began.

use overread_medgemma::Cancel;

use super::cases::Cases;
use super::net::Net;
use super::{HeadError, Result};

/// Pairs of steps and changes of the gradient that are kept.
const MEMORY: usize = 10;
/// Most steps.
const STEPS: usize = 500;
/// Largest number of the gradient at which a minimum is one.
const FLAT: f64 = 1e-8;
/// Share of the promised descent that a step must bring (Armijo).
const DESCENT: f64 = 1e-4;

/// Weights and biases that minimise the mean loss plus `l2 / 2 · |weights|²`, from where `at` begins; `x` are standardised rows.
///
/// # Errors
/// [`HeadError::Cancelled`].
pub(super) fn minimise(
    net: Net,
    cases: &Cases,
    rows: &[usize],
    x: &[f64],
    l2: f64,
    at: &mut Vec<f64>,
    cancel: &Cancel,
) -> Result<()> {
    let weights = net.inputs * net.labels;
    at.resize(weights + net.labels, 0.0);
    let value = |point: &[f64]| -> (f64, Vec<f64>) {
        let (w, b) = point.split_at(weights);
        let (mut loss, gradients) = net.gradients(&[w, b], x, &cases.truths, rows, &[]);
        let mut slope = gradients.concat();
        for (slope, w) in slope.iter_mut().zip(w) {
            *slope += l2 * w;
            loss += 0.5 * l2 * w * w;
        }
        (loss, slope)
    };
    let (mut loss, mut slope) = value(at);
    // (step, change of the slope, 1 / their product), the newest last.
    let mut pairs: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for _ in 0..STEPS {
        if cancel.is_cancelled() {
            return Err(HeadError::Cancelled);
        }
        if slope.iter().all(|g| g.abs() <= FLAT) {
            break;
        }
        let mut way = descent(&slope, &pairs);
        let mut promised = dot(&way, &slope);
        if promised >= 0.0 {
            // Rounding has turned it uphill: straight down again.
            pairs.clear();
            way = slope.iter().map(|g| -g).collect();
            promised = -dot(&slope, &slope);
        }
        let mut length = if pairs.is_empty() {
            (1.0 / dot(&slope, &slope).sqrt()).min(1.0)
        } else {
            1.0
        };
        let mut moved = false;
        for _ in 0..40 {
            let point: Vec<f64> = at.iter().zip(&way).map(|(a, w)| a + length * w).collect();
            let (new_loss, new_slope) = value(&point);
            if new_loss <= loss + DESCENT * length * promised {
                let step: Vec<f64> = way.iter().map(|w| length * w).collect();
                let change: Vec<f64> = new_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
                let curve = dot(&step, &change);
                if curve > 1e-14 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
                    pairs.push((step, change, 1.0 / curve));
                    let most = pairs.len().saturating_sub(MEMORY);
                    pairs.drain(..most);
                }
                (loss, slope, *at, moved) = (new_loss, new_slope, point, true);
                break;
            }
            length *= 0.5;
        }
        if !moved {
            // No shorter step goes down any more: as near as numbers allow.
            break;
        }
    }
    Ok(())
}

/// The two loops of L-BFGS.
fn descent(slope: &[f64], pairs: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut way: Vec<f64> = slope.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for (step, change, inverse) in pairs.iter().rev() {
        let share = inverse * dot(step, &way);
        add(&mut way, -share, change);
        shares.push(share);
    }
    if let Some((_, change, inverse)) = pairs.last() {
        let scale = 1.0 / (inverse * dot(change, change));
        way.iter_mut().for_each(|w| *w *= scale);
    }
    for ((step, change, inverse), share) in pairs.iter().zip(shares.iter().rev()) {
        let back = inverse * dot(change, &way);
        add(&mut way, share - back, step);
    }
    way
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += times * what;
    }
}
