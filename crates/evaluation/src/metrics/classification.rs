//! The confusion matrix and what follows from it. Rows are truth in label order; columns are labels, then invalid.

use serde_json::{Map, Value, json};

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

    /// Counts an answer; `None` is invalid.
    pub fn add(&mut self, truth: usize, answer: Option<usize>) {
        let column = answer.unwrap_or(self.cells.len());
        self.cells[truth][column] += 1;
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
