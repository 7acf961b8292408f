//! Figures of a confusion matrix over weighted cases.

use super::{reach, weight};
use crate::metrics::bootstrap::Statistic;
use crate::metrics::patients::Patients;

/// An answered case: label numbers from 0, `None` for an invalid answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Case.
    pub case: usize,
    /// True label.
    pub truth: usize,
    /// Answered label.
    pub answer: Option<usize>,
}

/// The first columns of [`Labels`], in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// Right among all.
    Accuracy,
    /// Right among the valid answers.
    AccuracyValidOnly,
    /// Mean recall; undefined in a resample that lacks a label which has cases.
    BalancedAccuracy,
    /// Mean F1 over all labels; undefined likewise.
    MacroF1,
    /// Mean F1 over cases.
    WeightedF1,
    /// Correlation with the truth.
    Mcc,
    /// Kappa with the truth.
    Kappa,
    /// Invalid among all.
    InvalidRate,
}

/// The columns of a label, after the summary's where they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelColumn {
    /// Undefined where nobody answers it.
    Precision,
    /// Undefined in a resample without a case of it.
    Recall,
    /// Undefined in a resample without a case of it.
    F1,
    /// Undefined where every case is of it.
    Specificity,
}

const SUMMARY: usize = 8;
const OF_LABEL: usize = 4;

/// Figures of labels and answers.
#[derive(Clone, Debug)]
pub struct Labels {
    labels: usize,
    per_label: bool,
    /// Truth, answer (`labels` for invalid) and where its cases end, for each cell that has some.
    cells: Vec<(usize, usize, usize)>,
    cases: Vec<u32>,
    valid: Vec<u32>,
    has_cases: Vec<bool>,
}

struct Sums {
    hit: Vec<u64>,
    support: Vec<u64>,
    answered: Vec<u64>,
}

impl Sums {
    fn new(labels: usize) -> Self {
        Self {
            hit: vec![0; labels],
            support: vec![0; labels],
            answered: vec![0; labels + 1],
        }
    }

    fn add(&mut self, truth: usize, answer: usize, w: u64) {
        self.support[truth] += w;
        self.answered[answer] += w;
        if truth == answer {
            self.hit[truth] += w;
        }
    }

    fn take(&mut self, truth: usize, answer: usize) {
        self.support[truth] -= 1;
        self.answered[answer] -= 1;
        if truth == answer {
            self.hit[truth] -= 1;
        }
    }
}

impl Labels {
    /// From answered cases over `labels` labels; one with a truth outside them is left out, an answer outside is invalid.
    /// With `per_label` four further columns for each label.
    pub fn new(rows: impl IntoIterator<Item = Labelled>, labels: usize, per_label: bool) -> Self {
        let mut all: Vec<(usize, usize, u32)> = rows
            .into_iter()
            .filter(|row| row.truth < labels)
            .map(|row| {
                let answer = row.answer.filter(|a| *a < labels).unwrap_or(labels);
                (row.truth, answer, row.case as u32)
            })
            .collect();
        all.sort_unstable();
        let (mut cells, mut has_cases): (Vec<(usize, usize, usize)>, _) = (Vec::new(), vec![false; labels]);
        for (i, (truth, answer, _)) in all.iter().enumerate() {
            has_cases[*truth] = true;
            match cells
                .last_mut()
                .filter(|cell| (cell.0, cell.1) == (*truth, *answer))
            {
                Some(cell) => cell.2 = i + 1,
                None => cells.push((*truth, *answer, i + 1)),
            }
        }
        Self {
            labels,
            per_label,
            cells,
            valid: all.iter().filter(|row| row.1 < labels).map(|row| row.2).collect(),
            cases: all.into_iter().map(|row| row.2).collect(),
            has_cases,
        }
    }

    /// The column of a summary.
    pub fn summary(figure: Summary) -> usize {
        figure as usize
    }

    /// The column of a label's figure.
    pub fn of_label(label: usize, figure: LabelColumn) -> usize {
        SUMMARY + label * OF_LABEL + figure as usize
    }

    fn each_cell(&self) -> impl Iterator<Item = (usize, usize, &[u32])> {
        let mut from = 0;
        self.cells.iter().map(move |(truth, answer, to)| {
            let part = &self.cases[from..*to];
            from = *to;
            (*truth, *answer, part)
        })
    }

    fn figures(&self, sums: &Sums, out: &mut [Option<f64>]) {
        let ratio = |a: f64, b: f64| (b != 0.0).then(|| a / b);
        let n = sums.support.iter().sum::<u64>() as f64;
        let invalid = sums.answered[self.labels] as f64;
        let correct = sums.hit.iter().sum::<u64>() as f64;
        let (mut recall, mut present, mut f1_sum, mut weighted, mut lacks) = (0.0, 0.0, 0.0, 0.0, false);
        let (mut product, mut supports, mut answers) = (0.0, 0.0, invalid * invalid);
        for k in 0..self.labels {
            let (hit, s, p) = (
                sums.hit[k] as f64,
                sums.support[k] as f64,
                sums.answered[k] as f64,
            );
            let f1 = ratio(2.0 * hit, s + p).unwrap_or(0.0);
            if s > 0.0 {
                recall += hit / s;
                present += 1.0;
            } else {
                lacks |= self.has_cases[k];
            }
            f1_sum += f1;
            weighted += s * f1;
            product += s * p;
            supports += s * s;
            answers += p * p;
            if self.per_label {
                let row = &mut out[SUMMARY + k * OF_LABEL..SUMMARY + (k + 1) * OF_LABEL];
                row[0] = ratio(hit, p);
                row[1] = ratio(hit, s);
                row[2] = if s > 0.0 || !self.has_cases[k] {
                    ratio(2.0 * hit, s + p)
                } else {
                    None
                };
                row[3] = ratio(n - s - (p - hit), n - s);
            }
        }
        out[0] = ratio(correct, n);
        out[1] = ratio(correct, n - invalid);
        out[2] = if lacks { None } else { ratio(recall, present) };
        out[3] = if lacks || n == 0.0 {
            None
        } else {
            ratio(f1_sum, self.labels as f64)
        };
        out[4] = ratio(weighted, n);
        let root = ((n * n - answers) * (n * n - supports)).max(0.0).sqrt();
        out[5] = (n > 0.0).then(|| ratio(correct * n - product, root).unwrap_or(0.0));
        let chance = ratio(product, n * n);
        out[6] = chance.and_then(|chance| ratio(correct / n - chance, 1.0 - chance));
        out[7] = ratio(invalid, n);
    }
}

impl Statistic for Labels {
    fn width(&self) -> usize {
        SUMMARY + if self.per_label { self.labels * OF_LABEL } else { 0 }
    }

    fn cases(&self) -> usize {
        reach(&self.cases)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        let mut sums = Sums::new(self.labels);
        for (truth, answer, cases) in self.each_cell() {
            sums.add(truth, answer, weight(weights, cases));
        }
        self.figures(&sums, out);
    }

    fn leave_out(&self, patients: &Patients, out: &mut [Option<f64>]) {
        let mut sums = Sums::new(self.labels);
        let mut rows: Vec<Vec<(usize, usize)>> = vec![Vec::new(); patients.count()];
        for (truth, answer, cases) in self.each_cell() {
            sums.add(truth, answer, cases.len() as u64);
            for case in cases {
                if let Some(row) = patients.of(*case as usize).and_then(|p| rows.get_mut(p)) {
                    row.push((truth, answer));
                }
            }
        }
        for (place, row) in out.chunks_mut(self.width()).zip(&rows) {
            row.iter().for_each(|(truth, answer)| sums.take(*truth, *answer));
            self.figures(&sums, place);
            row.iter()
                .for_each(|(truth, answer)| sums.add(*truth, *answer, 1));
        }
    }

    fn share(&self, column: usize) -> Option<&[u32]> {
        match column {
            0 | 7 => Some(&self.cases),
            1 => Some(&self.valid),
            _ => None,
        }
    }
}
