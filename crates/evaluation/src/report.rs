//! The report of `score`, as it is written.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// A map that keeps its order when written.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Ordered<T> {
    /// The value of that key.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(k, v)| (k, v)))
    }
}

/// Everything `eval score` says. Field names are the format's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreReport {
    /// The label set in its order.
    pub labels: Vec<String>,
    /// By reader, in code-point order.
    pub readers: BTreeMap<String, ReaderScore>,
    /// Every unordered pair of readers, a before b.
    pub pairs: Vec<Pair>,
    /// Truth cases a reader has no row for.
    pub missing: Vec<ReaderCase>,
    /// Rows whose case is not in the truth, once for each reader and case.
    pub extra: Vec<ReaderCase>,
    /// Cases a reader has several rows for; the last counts.
    pub duplicates: Vec<Duplicate>,
}

/// One reader's numbers; an undefined one is `None`, written as null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReaderScore {
    /// Truth cases it has a row for.
    pub n: u64,
    /// Right / n; an invalid answer is wrong.
    pub accuracy: Option<f64>,
    /// Right / answered.
    pub accuracy_valid_only: Option<f64>,
    /// Mean recall over labels with a case.
    pub balanced_accuracy: Option<f64>,
    /// Mean F1 over all labels.
    pub macro_f1: Option<f64>,
    /// F1 weighted by support.
    pub weighted_f1: Option<f64>,
    /// Matthews correlation.
    pub mcc: Option<f64>,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
    /// Invalid / n.
    pub invalid_rate: Option<f64>,
    /// Invalid answers by kind.
    pub invalid_kinds: BTreeMap<String, u64>,
    /// Rows: truth in label order; columns: labels, then invalid.
    pub confusion: Vec<Vec<u64>>,
    /// By label, in label order.
    pub per_label: Ordered<LabelScore>,
    /// 95 % intervals.
    pub ci: Intervals,
    /// Answered rows with probabilities.
    pub n_probabilities: u64,
    /// Answered rows with a confidence.
    pub n_confidence: u64,
    /// Mean Brier score (0 to 2).
    pub brier: Option<f64>,
    /// Mean log loss.
    pub log_loss: Option<f64>,
    /// Expected calibration error.
    pub ece: Ece,
    /// Area under the risk-coverage curve.
    pub aurc: Option<f64>,
    /// Distinct patients among the n cases; only when the truth has a patient column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_patients: Option<u64>,
}

/// One label's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LabelScore {
    /// Share of its predictions that are right.
    pub precision: f64,
    /// Share of its cases found.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Its cases.
    pub support: u64,
    /// Share of the other cases not called so.
    pub specificity: Option<f64>,
}

/// 95 % intervals of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Intervals {
    /// Of accuracy.
    pub accuracy: AccuracyIntervals,
}

/// 95 % intervals of accuracy, [low, high].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AccuracyIntervals {
    /// Score interval.
    pub wilson: Option<[f64; 2]>,
    /// Exact interval.
    pub clopper_pearson: Option<[f64; 2]>,
}

/// Expected calibration error in two binnings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ece {
    /// Ten bins of equal width.
    pub equal_width_10: Option<f64>,
    /// Ten groups of equal size.
    pub equal_mass_10: Option<f64>,
}

/// Two readers on the cases both have a row for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// First reader.
    pub a: String,
    /// Second reader.
    pub b: String,
    /// Shared cases.
    pub n: u64,
    /// Only a right.
    pub a_only: u64,
    /// Only b right.
    pub b_only: u64,
    /// McNemar's exact two-sided p.
    pub mcnemar_exact: f64,
    /// Its mid-p form.
    pub mcnemar_midp: f64,
}

/// A reader and a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ReaderCase {
    /// Reader.
    pub reader: String,
    /// Case.
    pub case: String,
}

/// A case with several rows of one reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// Reader.
    pub reader: String,
    /// Case.
    pub case: String,
    /// Rows.
    pub rows: u64,
}

impl ScoreReport {
    /// The report as JSON text, indented, ending with a line feed; the same report gives the same bytes.
    pub fn to_json(&self) -> String {
        // Only maps with string keys and finite numbers are in it, which cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
