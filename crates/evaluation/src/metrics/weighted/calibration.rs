//! Calibration errors over weighted answers.

use super::{reach, weight, weighted_sum};
use crate::metrics::bootstrap::Statistic;
use crate::metrics::confidence::{Answer, bin_of};
use crate::metrics::patients::Patients;

fn gap(answer: Answer) -> f64 {
    f64::from(u8::from(answer.right)) - answer.confidence
}

/// Columns: expected calibration error over bins of equal width (k-1)/bins < c ≤ k/bins, the largest bin's error, mean
/// confidence less accuracy. Undefined without answers.
#[derive(Clone, Debug)]
pub struct EqualWidth {
    cases: Vec<u32>,
    /// Right (1 or 0) less confidence.
    gaps: Vec<f64>,
    /// Where the cases of each bin that has some end.
    ends: Vec<usize>,
}

impl EqualWidth {
    /// From (case, answer) and the number of bins.
    pub fn new(rows: impl IntoIterator<Item = (usize, Answer)>, bins: usize) -> Self {
        let mut all: Vec<(usize, u32, f64)> = rows
            .into_iter()
            .map(|(case, answer)| (bin_of(answer.confidence, bins), case as u32, gap(answer)))
            .collect();
        all.sort_by_key(|row| (row.0, row.1));
        let ends = (0..all.len())
            .filter(|i| all.get(i + 1).is_none_or(|next| next.0 != all[*i].0))
            .map(|i| i + 1)
            .collect();
        Self {
            cases: all.iter().map(|row| row.1).collect(),
            gaps: all.iter().map(|row| row.2).collect(),
            ends,
        }
    }

    fn sums(&self, weights: &[u32]) -> Vec<(u64, f64)> {
        let mut from = 0;
        self.ends
            .iter()
            .map(|to| {
                let part = from..*to;
                from = *to;
                let cases = &self.cases[part.clone()];
                (
                    weight(weights, cases),
                    weighted_sum(weights, cases, &self.gaps[part]),
                )
            })
            .collect()
    }

    fn figures(sums: &[(u64, f64)], out: &mut [Option<f64>]) {
        let total = sums.iter().map(|s| s.0).sum::<u64>() as f64;
        let held = || sums.iter().filter(|s| s.0 > 0);
        let some = |value: f64| (total > 0.0).then_some(value);
        out[0] = some(held().map(|s| s.1.abs()).sum::<f64>() / total);
        out[1] = some(held().map(|s| s.1.abs() / s.0 as f64).fold(0.0, f64::max));
        out[2] = some(-held().map(|s| s.1).sum::<f64>() / total);
    }
}

impl Statistic for EqualWidth {
    fn width(&self) -> usize {
        3
    }

    fn cases(&self) -> usize {
        reach(&self.cases)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        Self::figures(&self.sums(weights), out);
    }

    fn leave_out(&self, patients: &Patients, out: &mut [Option<f64>]) {
        let mut own: Vec<Vec<(usize, f64)>> = vec![Vec::new(); patients.count()];
        let (mut bin, mut all) = (0, vec![(0_u64, 0.0); self.ends.len()]);
        for (i, (case, gap)) in self.cases.iter().zip(&self.gaps).enumerate() {
            if i == self.ends[bin] {
                bin += 1;
            }
            all[bin].0 += 1;
            all[bin].1 += gap;
            if let Some(list) = patients.of(*case as usize).and_then(|p| own.get_mut(p)) {
                list.push((bin, *gap));
            }
        }
        let mut sums = all.clone();
        for (row, list) in out.chunks_mut(3).zip(own) {
            sums.copy_from_slice(&all);
            for (bin, gap) in list {
                sums[bin].0 -= 1;
                sums[bin].1 -= gap;
            }
            Self::figures(&sums, row);
        }
    }
}

/// Expected calibration error over groups of equal size by confidence, then case; the first groups are one larger.
#[derive(Clone, Debug)]
pub struct EqualMass {
    cases: Vec<u32>,
    gaps: Vec<f64>,
    groups: u64,
}

impl EqualMass {
    /// From (case, answer) and the number of groups. Equal confidences stand in the order of their cases.
    pub fn new(rows: impl IntoIterator<Item = (usize, Answer)>, groups: usize) -> Self {
        let mut all: Vec<(usize, Answer)> = rows.into_iter().collect();
        all.sort_by(|(i, a), (j, b)| a.confidence.total_cmp(&b.confidence).then(i.cmp(j)));
        Self {
            cases: all.iter().map(|(case, _)| *case as u32).collect(),
            gaps: all.iter().map(|(_, answer)| gap(*answer)).collect(),
            groups: groups.max(1) as u64,
        }
    }
}

impl Statistic for EqualMass {
    fn width(&self) -> usize {
        1
    }

    fn cases(&self) -> usize {
        reach(&self.cases)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        let total = weight(weights, &self.cases);
        let (size, larger) = (total / self.groups, total % self.groups);
        let room_of = |group: u64| size + u64::from(group < larger);
        let (mut group, mut room, mut sum, mut error) = (0, room_of(0), 0.0, 0.0_f64);
        for (case, gap) in self.cases.iter().zip(&self.gaps) {
            let mut left = u64::from(weights[*case as usize]);
            while left > 0 {
                let taken = left.min(room);
                sum += taken as f64 * gap;
                left -= taken;
                room -= taken;
                if room == 0 {
                    error += sum.abs();
                    sum = 0.0;
                    group += 1;
                    room = room_of(group);
                    if room == 0 {
                        break;
                    }
                }
            }
        }
        out[0] = (total > 0).then(|| error / total as f64);
    }
}
