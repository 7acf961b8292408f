//! The figures of an evaluation over weighted cases, for [`super::bootstrap`]: each takes time in proportion to its cases,
//! sorted beforehand, and leaves a patient out without adding up the others.

mod agreement;
mod calibration;
mod labels;
mod ranking;
mod ratio;
mod yes_no;

pub use agreement::{Between, TwoReaders};
pub use calibration::{EqualMass, EqualWidth};
pub use labels::{LabelColumn, Labelled, Labels, Summary};
pub use ranking::{Auc, AveragePrecision, RiskCoverage, Scored};
pub use ratio::Ratio;
pub use yes_no::{OfLabel, Overall, YesNo, YesNoLists};

/// Σ weight · value, in four sums that do not wait for one another; always added in the same order.
fn weighted_sum(weights: &[u32], cases: &[u32], values: &[f64]) -> f64 {
    let mut sums = [0.0_f64; 4];
    let (mut case, mut value) = (cases.chunks_exact(4), values.chunks_exact(4));
    for (c, v) in case.by_ref().zip(value.by_ref()) {
        for i in 0..4 {
            sums[i] += f64::from(weights[c[i] as usize]) * v[i];
        }
    }
    for (c, v) in case.remainder().iter().zip(value.remainder()) {
        sums[0] += f64::from(weights[*c as usize]) * v;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// Σ weight.
fn weight(weights: &[u32], cases: &[u32]) -> u64 {
    let mut sums = [0_u64; 4];
    let mut case = cases.chunks_exact(4);
    for c in case.by_ref() {
        for i in 0..4 {
            sums[i] += u64::from(weights[c[i] as usize]);
        }
    }
    sums.iter().sum::<u64>()
        + case
            .remainder()
            .iter()
            .map(|c| u64::from(weights[*c as usize]))
            .sum::<u64>()
}

/// One more than the highest of some cases.
fn reach(cases: &[u32]) -> usize {
    cases.iter().max().map_or(0, |c| *c as usize + 1)
}
