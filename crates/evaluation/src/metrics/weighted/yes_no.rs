//! Figures of yes and no, of one question or of a list of labels, over weighted cases.

use super::{reach, weight};
use crate::metrics::bootstrap::Statistic;
use crate::metrics::patients::Patients;

/// An answered question: whether a label holds and whether the reader said so. Uncertain and blank truths are settled
/// or left out before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YesNo {
    /// Case.
    pub case: usize,
    /// Label, from 0; 0 where there is one question only.
    pub label: usize,
    /// Holds.
    pub truth: bool,
    /// Said.
    pub said: bool,
}

/// The first columns of [`YesNoLists`], over all labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overall {
    /// Mean F1 over all labels, 0 for one never true and never said; undefined in a resample without a positive of a
    /// label that has some.
    MacroF1,
    /// Mean F1 over the labels with positives; undefined likewise.
    MacroF1Supported,
    /// F1 of all answers together.
    MicroF1,
    /// Mean F1 weighted by positives.
    WeightedF1,
    /// Wrong among all answers.
    HammingLoss,
}

/// The columns of each label, after the overall ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfLabel {
    /// Said among the positives; undefined without any.
    Sensitivity,
    /// Not said among the negatives; undefined without any.
    Specificity,
    /// Positive among the said; undefined without any.
    Ppv,
    /// Negative among the not said; undefined without any.
    Npv,
    /// Undefined in a resample without a positive, where there are some.
    F1,
    /// Right among all.
    Accuracy,
}

const OVERALL: usize = 5;
const OF_LABEL: usize = 6;

/// Counts of a label: said and not said of the positives, then of the negatives.
type Counts = [u64; 4];

/// Figures of a list of yes and no.
#[derive(Clone, Debug)]
pub struct YesNoLists {
    labels: usize,
    cases: Vec<u32>,
    /// For each label where its four kinds of case end in `cases`.
    ends: Vec<[usize; 4]>,
}

fn kind(row: &YesNo) -> usize {
    match (row.truth, row.said) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

impl YesNoLists {
    /// From answers over `labels` labels; one about another label is left out.
    pub fn new(rows: impl IntoIterator<Item = YesNo>, labels: usize) -> Self {
        let mut all: Vec<(usize, usize, u32)> = rows
            .into_iter()
            .filter(|row| row.label < labels)
            .map(|row| (row.label, kind(&row), row.case as u32))
            .collect();
        all.sort_unstable();
        let mut ends = vec![[0; 4]; labels];
        for (label, kind, _) in &all {
            ends[*label][*kind] += 1;
        }
        let mut end = 0;
        for place in ends.iter_mut().flatten() {
            end += *place;
            *place = end;
        }
        Self {
            labels,
            cases: all.into_iter().map(|row| row.2).collect(),
            ends,
        }
    }

    /// The column of an overall figure.
    pub fn overall(figure: Overall) -> usize {
        figure as usize
    }

    /// The column of a label's figure.
    pub fn of_label(label: usize, figure: OfLabel) -> usize {
        OVERALL + label * OF_LABEL + figure as usize
    }

    fn start(&self, label: usize) -> usize {
        label.checked_sub(1).map_or(0, |before| self.ends[before][3])
    }

    /// The cases of each kind of each label.
    fn parts(&self) -> impl Iterator<Item = [&[u32]; 4]> {
        (0..self.labels).map(|label| {
            let mut from = self.start(label);
            self.ends[label].map(|to| {
                let part = &self.cases[from..to];
                from = to;
                part
            })
        })
    }

    fn has_positives(&self, label: usize) -> bool {
        self.ends[label][1] > self.start(label)
    }

    fn figures(&self, counts: &[Counts], out: &mut [Option<f64>]) {
        let ratio = |a: u64, b: u64| (b > 0).then(|| a as f64 / b as f64);
        let (mut sum, mut supported, mut with_support, mut weighted, mut lacks) = (0.0, 0.0, 0.0, 0.0, false);
        let mut all = [0_u64; 4];
        for (label, counts) in counts.iter().enumerate() {
            let [hit, missed, called, quiet] = *counts;
            all.iter_mut().zip(counts).for_each(|(a, c)| *a += c);
            let positives = hit + missed;
            let defined = positives > 0 || !self.has_positives(label);
            let f1 = ratio(2 * hit, 2 * hit + missed + called);
            let or_zero = f1.unwrap_or(0.0);
            lacks |= !defined;
            sum += or_zero;
            weighted += positives as f64 * or_zero;
            if positives > 0 {
                supported += or_zero;
                with_support += 1.0;
            }
            let row = &mut out[OVERALL + label * OF_LABEL..OVERALL + (label + 1) * OF_LABEL];
            row[0] = ratio(hit, positives);
            row[1] = ratio(quiet, called + quiet);
            row[2] = ratio(hit, hit + called);
            row[3] = ratio(quiet, quiet + missed);
            row[4] = f1.filter(|_| defined);
            row[5] = ratio(hit + quiet, positives + called + quiet);
        }
        let [hit, missed, called, quiet] = all;
        let answers = hit + missed + called + quiet;
        out[0] = (!lacks && answers > 0).then(|| sum / self.labels as f64);
        out[1] = (!lacks && with_support > 0.0).then(|| supported / with_support);
        out[2] = (answers > 0).then(|| ratio(2 * hit, 2 * hit + missed + called).unwrap_or(0.0));
        out[3] = (hit + missed > 0).then(|| weighted / (hit + missed) as f64);
        out[4] = ratio(missed + called, answers);
    }
}

impl Statistic for YesNoLists {
    fn width(&self) -> usize {
        OVERALL + self.labels * OF_LABEL
    }

    fn cases(&self) -> usize {
        reach(&self.cases)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        let counts: Vec<Counts> = self
            .parts()
            .map(|parts| parts.map(|cases| weight(weights, cases)))
            .collect();
        self.figures(&counts, out);
    }

    fn leave_out(&self, patients: &Patients, out: &mut [Option<f64>]) {
        let mut counts: Vec<Counts> = self
            .parts()
            .map(|parts| parts.map(|cases| cases.len() as u64))
            .collect();
        let mut own: Vec<Vec<(usize, usize)>> = vec![Vec::new(); patients.count()];
        for (label, parts) in self.parts().enumerate() {
            for (kind, cases) in parts.into_iter().enumerate() {
                for case in cases {
                    if let Some(list) = patients.of(*case as usize).and_then(|p| own.get_mut(p)) {
                        list.push((label, kind));
                    }
                }
            }
        }
        for (row, list) in out.chunks_mut(self.width()).zip(&own) {
            list.iter().for_each(|(label, kind)| counts[*label][*kind] -= 1);
            self.figures(&counts, row);
            list.iter().for_each(|(label, kind)| counts[*label][*kind] += 1);
        }
    }

    fn share(&self, column: usize) -> Option<&[u32]> {
        let column = column.checked_sub(OVERALL)?;
        let label = column / OF_LABEL;
        let ends = self.ends.get(label)?;
        let from = self.start(label);
        match column % OF_LABEL {
            0 => self.cases.get(from..ends[1]),
            1 => self.cases.get(ends[1]..ends[3]),
            5 => self.cases.get(from..ends[3]),
            _ => None,
        }
    }
}
