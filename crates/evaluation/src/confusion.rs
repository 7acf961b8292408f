//! What follows from the confusion matrix. Invalid answers are one extra predicted class with no truth row.

/// Counts: rows are truth labels, columns predicted labels and then `invalid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    labels: usize,
    counts: Vec<Vec<u64>>,
}

/// Numbers of one label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelNumbers {
    /// cm_kk / p_k; 0 when nothing was predicted so.
    pub precision: f64,
    /// cm_kk / s_k; 0 without support.
    pub recall: f64,
    /// 2 cm_kk / (p_k + s_k); 0 when both are 0.
    pub f1: f64,
    /// s_k.
    pub support: u64,
    /// Share of the other cases not called so; `None` when there are none.
    pub specificity: Option<f64>,
}

fn ratio(a: u64, b: u64) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_u64), |(sum, n), v| (sum + v, n + 1));
    (n > 0).then(|| sum / n as f64)
}

impl Confusion {
    /// An empty matrix.
    pub fn new(labels: usize) -> Self {
        Self {
            labels,
            counts: vec![vec![0; labels + 1]; labels],
        }
    }

    /// Adds a case: index of its truth, index of the answer or `None` when invalid.
    ///
    /// # Panics
    /// When an index is not below the number of labels.
    pub fn add(&mut self, truth: usize, predicted: Option<usize>) {
        let column = predicted.map_or(self.labels, |p| {
            assert!(p < self.labels, "predicted label {p} of {}", self.labels);
            p
        });
        self.counts[truth][column] += 1;
    }

    /// Rows: truth in label order; columns: labels, then invalid.
    pub fn counts(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// Cases.
    pub fn n(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Right answers.
    pub fn right(&self) -> u64 {
        (0..self.labels).map(|k| self.counts[k][k]).sum()
    }

    /// Invalid answers.
    pub fn invalid(&self) -> u64 {
        self.predicted(self.labels)
    }

    fn support(&self, k: usize) -> u64 {
        self.counts[k].iter().sum()
    }

    fn predicted(&self, k: usize) -> u64 {
        self.counts.iter().map(|row| row[k]).sum()
    }

    /// Right / n.
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.right(), self.n())
    }

    /// Right / answered.
    pub fn accuracy_valid_only(&self) -> Option<f64> {
        ratio(self.right(), self.n() - self.invalid())
    }

    /// Invalid / n.
    pub fn invalid_rate(&self) -> Option<f64> {
        ratio(self.invalid(), self.n())
    }

    /// Numbers of the label of that index.
    pub fn label(&self, k: usize) -> LabelNumbers {
        let (hit, support, predicted) = (self.counts[k][k], self.support(k), self.predicted(k));
        let others = self.n() - support;
        LabelNumbers {
            precision: ratio(hit, predicted).unwrap_or(0.0),
            recall: ratio(hit, support).unwrap_or(0.0),
            f1: ratio(2 * hit, predicted + support).unwrap_or(0.0),
            support,
            specificity: ratio(others + hit - predicted, others),
        }
    }

    /// Mean recall over the labels that have a case.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        mean(
            (0..self.labels)
                .map(|k| self.label(k))
                .filter(|l| l.support > 0)
                .map(|l| l.recall),
        )
    }

    /// Mean F1 over all labels; one without a case counts as 0.
    pub fn macro_f1(&self) -> Option<f64> {
        (self.n() > 0).then(|| mean((0..self.labels).map(|k| self.label(k).f1)))?
    }

    /// F1 weighted by support.
    pub fn weighted_f1(&self) -> Option<f64> {
        let n = self.n();
        let sum: f64 = (0..self.labels)
            .map(|k| self.label(k))
            .map(|l| l.support as f64 * l.f1)
            .sum();
        (n > 0).then(|| sum / n as f64)
    }

    /// Sums over labels and `invalid`: Σ s_k p_k, Σ p_k², Σ s_k² (the truth row of `invalid` is empty).
    fn products(&self) -> [u128; 3] {
        let wide = u128::from;
        let mut sums = [0, wide(self.invalid()).pow(2), 0];
        for k in 0..self.labels {
            let (s, p) = (wide(self.support(k)), wide(self.predicted(k)));
            sums[0] += s * p;
            sums[1] += p * p;
            sums[2] += s * s;
        }
        sums
    }

    /// Matthews correlation for many classes (Gorodkin); 0 when its root is 0, `None` without cases.
    pub fn mcc(&self) -> Option<f64> {
        let n = u128::from(self.n());
        if n == 0 {
            return None;
        }
        let [sp, pp, ss] = self.products();
        let root = ((n * n - pp) as f64 * (n * n - ss) as f64).sqrt();
        if root == 0.0 {
            return Some(0.0);
        }
        let agreed = u128::from(self.right()) * n;
        let above = if agreed >= sp {
            (agreed - sp) as f64
        } else {
            -((sp - agreed) as f64)
        };
        Some(above / root)
    }

    /// Cohen's kappa; `None` when chance agreement is complete or there are no cases.
    pub fn kappa(&self) -> Option<f64> {
        let n = u128::from(self.n());
        let [sp, _, _] = self.products();
        if n == 0 || sp == n * n {
            return None;
        }
        let (observed, chance) = (self.accuracy()?, sp as f64 / (n * n) as f64);
        Some((observed - chance) / (1.0 - chance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_and_an_invalid_reader() {
        let mut perfect = Confusion::new(2);
        let mut silent = Confusion::new(2);
        for truth in [0, 0, 1] {
            perfect.add(truth, Some(truth));
            silent.add(truth, None);
        }
        assert_eq!(
            (perfect.mcc(), perfect.kappa(), perfect.macro_f1()),
            (Some(1.0), Some(1.0), Some(1.0))
        );
        assert_eq!(
            (silent.accuracy(), silent.accuracy_valid_only()),
            (Some(0.0), None)
        );
        assert_eq!(
            (silent.mcc(), silent.kappa(), silent.invalid_rate()),
            (Some(0.0), Some(0.0), Some(1.0))
        );
    }

    #[test]
    fn one_class_has_no_kappa_and_no_specificity() {
        let mut one = Confusion::new(1);
        one.add(0, Some(0));
        assert_eq!(
            (one.kappa(), one.mcc(), one.label(0).specificity),
            (None, Some(0.0), None)
        );
    }

    #[test]
    fn nothing_is_none() {
        let none = Confusion::new(3);
        assert_eq!(
            (
                none.accuracy(),
                none.macro_f1(),
                none.mcc(),
                none.balanced_accuracy()
            ),
            (None, None, None, None)
        );
        assert_eq!(
            (none.weighted_f1(), none.kappa(), none.invalid_rate()),
            (None, None, None)
        );
    }
}
