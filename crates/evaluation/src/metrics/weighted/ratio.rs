//! One sum over another: means of a column, shares, anything of that form.

use super::{reach, weighted_sum};
use crate::metrics::bootstrap::Statistic;
use crate::metrics::patients::Patients;

/// Σ above / Σ below over cases; undefined where the lower sum is 0.
#[derive(Clone, Debug)]
pub struct Ratio {
    cases: Vec<u32>,
    above: Vec<f64>,
    below: Vec<f64>,
    share: bool,
}

impl Ratio {
    /// From (case, above, below).
    pub fn new(rows: impl IntoIterator<Item = (usize, f64, f64)>) -> Self {
        let mut out = Self {
            cases: Vec::new(),
            above: Vec::new(),
            below: Vec::new(),
            share: false,
        };
        for (case, above, below) in rows {
            out.cases.push(case as u32);
            out.above.push(above);
            out.below.push(below);
        }
        out
    }

    /// The mean of a value of each case: Brier, log loss, token F1.
    pub fn mean(rows: impl IntoIterator<Item = (usize, f64)>) -> Self {
        Self::new(rows.into_iter().map(|(case, value)| (case, value, 1.0)))
    }

    /// The share of cases for which something holds.
    pub fn share(rows: impl IntoIterator<Item = (usize, bool)>) -> Self {
        let rows = rows
            .into_iter()
            .map(|(case, holds)| (case, f64::from(u8::from(holds)), 1.0));
        Self {
            share: true,
            ..Self::new(rows)
        }
    }
}

impl Statistic for Ratio {
    fn width(&self) -> usize {
        1
    }

    fn cases(&self) -> usize {
        reach(&self.cases)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        let below = weighted_sum(weights, &self.cases, &self.below);
        out[0] = (below != 0.0).then(|| weighted_sum(weights, &self.cases, &self.above) / below);
    }

    fn leave_out(&self, patients: &Patients, out: &mut [Option<f64>]) {
        let mut parts = vec![(0.0, 0.0, 0_usize); patients.count()];
        for ((case, above), below) in self.cases.iter().zip(&self.above).zip(&self.below) {
            if let Some(part) = patients.of(*case as usize).and_then(|p| parts.get_mut(p)) {
                part.0 += above;
                part.1 += below;
                part.2 += 1;
            }
        }
        let (above, below) = parts.iter().fold((0.0, 0.0), |(a, b), p| (a + p.0, b + p.1));
        for (place, (a, b, n)) in out.iter_mut().zip(parts) {
            // Sums of rounded numbers leave a rest where nothing is left.
            let rest = if n == self.cases.len() { 0.0 } else { below - b };
            *place = (rest != 0.0).then(|| (above - a) / rest);
        }
    }

    fn share(&self, _column: usize) -> Option<&[u32]> {
        self.share.then_some(&self.cases)
    }
}
