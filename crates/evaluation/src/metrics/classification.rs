//! The confusion matrix and what follows from it. Rows are truth in label order; columns are labels, then invalid.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Figures of one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelFigures {
    /// Right among the answers of this label; 0 where nobody gave it.
    pub precision: f64,
    /// Right among its cases; 0 where it has none.
    pub recall: f64,
    /// Both together; 0 where neither.
    pub f1: f64,
    /// Its cases.
    pub support: usize,
    /// Not called so among the other cases; `None` where there are none.
    pub specificity: Option<f64>,
}

/// All figures of a confusion matrix; `None` where undefined, and every average for no cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// Cases.
    pub n: usize,
    /// Right answers.
    pub correct: usize,
    /// Right among all; an invalid answer is wrong.
    pub accuracy: Option<f64>,
    /// Right among the valid answers.
    pub accuracy_valid_only: Option<f64>,
    /// Mean recall of the labels that have cases.
    pub balanced_accuracy: Option<f64>,
    /// Mean over all labels.
    pub macro_precision: Option<f64>,
    /// Mean over all labels.
    pub macro_recall: Option<f64>,
    /// Mean over all labels.
    pub macro_f1: Option<f64>,
    /// Mean over the cases.
    pub weighted_precision: Option<f64>,
    /// Mean over the cases.
    pub weighted_recall: Option<f64>,
    /// Mean over the cases.
    pub weighted_f1: Option<f64>,
    /// From the counts of all labels together; an invalid answer is a miss only.
    pub micro_precision: Option<f64>,
    /// Likewise.
    pub micro_recall: Option<f64>,
    /// Likewise.
    pub micro_f1: Option<f64>,
    /// Gorodkin's correlation, invalid as a further answer.
    pub mcc: Option<f64>,
    /// Cohen's kappa with the truth, likewise.
    pub kappa: Option<f64>,
    /// Invalid answers.
    pub invalid: usize,
    /// Their share.
    pub invalid_rate: Option<f64>,
    /// Truth by row in label order, answers by column in label order, then invalid.
    pub confusion: Vec<Vec<usize>>,
    /// Figures of each label, in label order.
    pub per_label: Vec<LabelFigures>,
}

/// Counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    cells: Vec<Vec<usize>>,
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (b != 0.0).then(|| a / b)
}

impl Confusion {
    /// No counts, for `labels` labels.
    pub fn new(labels: usize) -> Self {
        Self {
            cells: vec![vec![0; labels + 1]; labels],
        }
    }

    /// Counts an answer; `None` is invalid. A truth or answer outside the labels counts nowhere.
    pub fn add(&mut self, truth: usize, answer: Option<usize>) {
        let column = answer.unwrap_or(self.cells.len());
        if let Some(cell) = self.cells.get_mut(truth).and_then(|row| row.get_mut(column)) {
            *cell += 1;
        }
    }

    /// The counts.
    pub fn cells(&self) -> &[Vec<usize>] {
        &self.cells
    }

    /// All counts.
    pub fn n(&self) -> usize {
        self.cells.iter().flatten().sum()
    }

    /// Right answers.
    pub fn right(&self) -> usize {
        (0..self.cells.len()).map(|k| self.cells[k][k]).sum()
    }

    /// Truth count of a label.
    pub fn support(&self, k: usize) -> usize {
        self.cells[k].iter().sum()
    }

    /// Answer count of a column (the last is invalid).
    pub fn answered(&self, k: usize) -> usize {
        self.cells.iter().map(|row| row[k]).sum()
    }

    /// Precision, recall, F1 (0 where undefined) and specificity.
    pub fn of_label(&self, k: usize) -> [Option<f64>; 4] {
        let (hit, s, p, n) = (
            self.cells[k][k] as f64,
            self.support(k) as f64,
            self.answered(k) as f64,
            self.n() as f64,
        );
        [
            Some(ratio(hit, p).unwrap_or(0.0)),
            Some(ratio(hit, s).unwrap_or(0.0)),
            Some(ratio(2.0 * hit, p + s).unwrap_or(0.0)),
            ratio(n - s - (p - hit), n - s).filter(|_| n > 0.0),
        ]
    }

    /// Balanced accuracy, macro F1, weighted F1, MCC, kappa; `None` where undefined.
    pub fn summary(&self) -> [Option<f64>; 5] {
        let labels = self.cells.len();
        let n = self.n() as f64;
        if n == 0.0 {
            return [None; 5];
        }
        let f1: Vec<f64> = (0..labels).map(|k| self.of_label(k)[2].unwrap_or(0.0)).collect();
        let present: Vec<f64> = (0..labels)
            .filter(|k| self.support(*k) > 0)
            .map(|k| self.of_label(k)[1].unwrap_or(0.0))
            .collect();
        let balanced = present.iter().sum::<f64>() / present.len() as f64;
        let macro_f1 = f1.iter().sum::<f64>() / labels as f64;
        let weighted = (0..labels).map(|k| self.support(k) as f64 * f1[k]).sum::<f64>() / n;
        // The truth row of `invalid` is empty, so it adds to the squares of the answers only.
        let s = |k: usize| if k < labels { self.support(k) as f64 } else { 0.0 };
        let p = |k: usize| self.answered(k) as f64;
        let c = self.right() as f64;
        let sp: f64 = (0..=labels).map(|k| s(k) * p(k)).sum();
        let (ss, pp): (f64, f64) =
            (0..=labels).fold((0.0, 0.0), |(a, b), k| (a + s(k) * s(k), b + p(k) * p(k)));
        let root = ((n * n - pp) * (n * n - ss)).sqrt();
        let mcc = if root == 0.0 { 0.0 } else { (c * n - sp) / root };
        let chance = sp / (n * n);
        let kappa = ratio(c / n - chance, 1.0 - chance);
        [Some(balanced), Some(macro_f1), Some(weighted), Some(mcc), kappa]
    }

    /// Invalid answers.
    pub fn invalid(&self) -> usize {
        self.answered(self.cells.len())
    }

    /// Every figure.
    pub fn figures(&self) -> Classification {
        let labels = self.cells.len();
        let (n, correct, invalid) = (self.n(), self.right(), self.invalid());
        let share = |a: usize, b: usize| ratio(a as f64, b as f64);
        let per_label: Vec<LabelFigures> = (0..labels)
            .map(|k| {
                let [precision, recall, f1, specificity] = self.of_label(k);
                LabelFigures {
                    precision: precision.unwrap_or(0.0),
                    recall: recall.unwrap_or(0.0),
                    f1: f1.unwrap_or(0.0),
                    support: self.support(k),
                    specificity,
                }
            })
            .collect();
        let cases = n > 0;
        let plain = |of: fn(&LabelFigures) -> f64| {
            cases.then(|| per_label.iter().map(of).sum::<f64>() / labels as f64)
        };
        let by_case = |of: fn(&LabelFigures) -> f64| {
            cases.then(|| per_label.iter().map(|l| l.support as f64 * of(l)).sum::<f64>() / n as f64)
        };
        let or_zero = |a: usize, b: usize| cases.then(|| share(a, b).unwrap_or(0.0));
        let [balanced_accuracy, _, _, mcc, kappa] = self.summary();
        Classification {
            n,
            correct,
            accuracy: share(correct, n),
            accuracy_valid_only: share(correct, n - invalid),
            balanced_accuracy,
            macro_precision: plain(|l| l.precision),
            macro_recall: plain(|l| l.recall),
            macro_f1: plain(|l| l.f1),
            weighted_precision: by_case(|l| l.precision),
            weighted_recall: by_case(|l| l.recall),
            weighted_f1: by_case(|l| l.f1),
            micro_precision: or_zero(correct, n - invalid),
            micro_recall: or_zero(correct, n),
            micro_f1: or_zero(2 * correct, 2 * n - invalid),
            mcc,
            kappa,
            invalid,
            invalid_rate: share(invalid, n),
            confusion: self.cells.clone(),
            per_label,
        }
    }

    /// `per_label` of the output.
    pub fn per_label(&self, labels: &[String]) -> Value {
        let mut out = Map::new();
        for (k, label) in labels.iter().enumerate() {
            let [precision, recall, f1, specificity] = self.of_label(k);
            let row = json!({"precision": precision, "recall": recall, "f1": f1, "support": self.support(k), "specificity": specificity});
            out.insert(label.clone(), row);
        }
        Value::Object(out)
    }
}
