//! Several labels a case, each yes or no: counts and averages under a stated policy for uncertain and blank truths
//! (Irvin and others 2019).

use serde::{Deserialize, Serialize};

/// A label's truth in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// 1.
    Present,
    /// 0.
    Absent,
    /// -1.
    Uncertain,
    /// Not mentioned.
    Blank,
}

/// What an uncertain truth counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Uncertain {
    /// Present (U-Ones).
    Ones,
    /// Absent (U-Zeros).
    Zeros,
    /// Left out (U-Ignore).
    Ignore,
}

/// What a blank truth counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blank {
    /// Absent.
    Negative,
    /// Left out.
    Missing,
}

impl Mark {
    /// Present, absent, or left out.
    pub fn settled(self, uncertain: Uncertain, blank: Blank) -> Option<bool> {
        match (self, uncertain, blank) {
            (Self::Present, ..) | (Self::Uncertain, Uncertain::Ones, _) => Some(true),
            (Self::Absent, ..)
            | (Self::Uncertain, Uncertain::Zeros, _)
            | (Self::Blank, _, Blank::Negative) => Some(false),
            (Self::Uncertain, Uncertain::Ignore, _) | (Self::Blank, _, Blank::Missing) => None,
        }
    }
}

/// The five labels of the CheXpert competition, over which published "macro F1" and mean AUC are often taken.
pub const CHEXPERT_FIVE: [&str; 5] = [
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Pleural Effusion",
];

/// Counts of one label, over the cells that are left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Present and said.
    pub tp: usize,
    /// Absent and said.
    pub fp: usize,
    /// Present and not said.
    #[serde(rename = "fn")]
    pub fn_: usize,
    /// Absent and not said.
    pub tn: usize,
}

fn share(a: usize, b: usize) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64)
}

impl Counts {
    /// Counts one cell.
    pub fn add(&mut self, present: bool, said: bool) {
        match (present, said) {
            (true, true) => self.tp += 1,
            (false, true) => self.fp += 1,
            (true, false) => self.fn_ += 1,
            (false, false) => self.tn += 1,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tp: self.tp + other.tp,
            fp: self.fp + other.fp,
            fn_: self.fn_ + other.fn_,
            tn: self.tn + other.tn,
        }
    }

    /// Cells.
    pub fn n(self) -> usize {
        self.tp + self.fp + self.fn_ + self.tn
    }

    /// Cells in which the label is present.
    pub fn support(self) -> usize {
        self.tp + self.fn_
    }

    /// TP / (TP + FP), 0 for 0 / 0.
    pub fn precision(self) -> f64 {
        share(self.tp, self.tp + self.fp).unwrap_or(0.0)
    }

    /// TP / (TP + FN), 0 for 0 / 0.
    pub fn recall(self) -> f64 {
        share(self.tp, self.support()).unwrap_or(0.0)
    }

    /// 2 TP / (2 TP + FP + FN), 0 for 0 / 0.
    pub fn f1(self) -> f64 {
        share(2 * self.tp, 2 * self.tp + self.fp + self.fn_).unwrap_or(0.0)
    }

    /// TP / (TP + FP + FN), 0 for 0 / 0.
    pub fn jaccard(self) -> f64 {
        share(self.tp, self.tp + self.fp + self.fn_).unwrap_or(0.0)
    }

    /// TN / (TN + FP); `None` without absent cells.
    pub fn specificity(self) -> Option<f64> {
        share(self.tn, self.tn + self.fp)
    }

    /// Share of right cells; `None` without cells.
    pub fn accuracy(self) -> Option<f64> {
        share(self.tp + self.tn, self.n())
    }
}

/// Figures of a list of labels under one policy. Undefined ones are `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Multilabel {
    /// Counts of each label.
    pub per_label: Vec<Counts>,
    /// Mean F1 over all labels; one never present and never said counts as 0.
    pub macro_f1: Option<f64>,
    /// Mean F1 over the labels that are present somewhere.
    pub macro_f1_supported: Option<f64>,
    /// F1 weighted by the labels' support.
    pub weighted_f1: Option<f64>,
    /// F1 of all cells together.
    pub micro_f1: f64,
    /// Precision of all cells together.
    pub micro_precision: f64,
    /// Recall of all cells together.
    pub micro_recall: f64,
    /// Mean over the labels of the share of right cells.
    pub mean_per_label_accuracy: Option<f64>,
    /// Share of wrong cells.
    pub hamming_loss: Option<f64>,
    /// Share of cases with every cell right, of those that have a cell left.
    pub subset_accuracy: Option<f64>,
    /// Mean over the cases of the F1 of a case's cells; 0 where nothing is present nor said.
    pub samples_f1: Option<f64>,
    /// Mean over the cases of the Jaccard index.
    pub samples_jaccard: Option<f64>,
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// A case: its truth and what was said, one entry a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Truth of each label.
    pub truth: Vec<Mark>,
    /// Yes or no to each label.
    pub said: Vec<bool>,
}

/// Every figure over `labels` labels. A case with another number of entries counts for the labels that it has.
pub fn multilabel(cases: &[Case], labels: usize, uncertain: Uncertain, blank: Blank) -> Multilabel {
    let mut per_label = vec![Counts::default(); labels];
    let (mut subset, mut f1s, mut jaccards) = (Vec::new(), Vec::new(), Vec::new());
    for case in cases {
        let mut own = Counts::default();
        for ((mark, said), counts) in case.truth.iter().zip(&case.said).zip(&mut per_label) {
            if let Some(present) = mark.settled(uncertain, blank) {
                own.add(present, *said);
                counts.add(present, *said);
            }
        }
        if own.n() > 0 {
            subset.push(f64::from(u8::from(own.fp + own.fn_ == 0)));
            f1s.push(own.f1());
            jaccards.push(own.jaccard());
        }
    }
    let all = per_label
        .iter()
        .fold(Counts::default(), |sum, own| sum.plus(*own));
    let each: Vec<f64> = per_label.iter().map(|c| c.f1()).collect();
    let supported: Vec<f64> = per_label
        .iter()
        .filter(|c| c.support() > 0)
        .map(|c| c.f1())
        .collect();
    let weighted: f64 = per_label.iter().map(|c| c.f1() * c.support() as f64).sum();
    let accuracies: Vec<f64> = per_label.iter().filter_map(|c| c.accuracy()).collect();
    Multilabel {
        macro_f1: mean(&each),
        macro_f1_supported: mean(&supported),
        weighted_f1: (all.support() > 0).then(|| weighted / all.support() as f64),
        micro_f1: all.f1(),
        micro_precision: all.precision(),
        micro_recall: all.recall(),
        mean_per_label_accuracy: mean(&accuracies),
        hamming_loss: share(all.fp + all.fn_, all.n()),
        subset_accuracy: mean(&subset),
        samples_f1: mean(&f1s),
        samples_jaccard: mean(&jaccards),
        per_label,
    }
}

/// Mean F1 over some of the labels, by their names: the published "macro F1 top 5" with [`CHEXPERT_FIVE`]. Capitals do
/// not matter. `None` unless every one is there.
pub fn macro_f1_of(per_label: &[Counts], labels: &[String], wanted: &[&str]) -> Option<f64> {
    let of = |name: &&str| {
        let at = labels
            .iter()
            .position(|label| label.trim().eq_ignore_ascii_case(name))?;
        per_label.get(at).map(|c| c.f1())
    };
    mean(&wanted.iter().map(of).collect::<Option<Vec<f64>>>()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARKS: [Mark; 4] = [Mark::Present, Mark::Absent, Mark::Uncertain, Mark::Blank];

    #[test]
    fn a_table_by_hand() {
        let cases = [
            Case {
                truth: vec![Mark::Present, Mark::Uncertain],
                said: vec![true, true],
            },
            Case {
                truth: vec![Mark::Blank, Mark::Absent],
                said: vec![true, false],
            },
        ];
        let ones = multilabel(&cases, 2, Uncertain::Ones, Blank::Negative);
        assert_eq!(
            (ones.micro_precision, ones.subset_accuracy),
            (2.0 / 3.0, Some(0.5))
        );
        let left = multilabel(&cases, 2, Uncertain::Ignore, Blank::Missing);
        assert_eq!((left.per_label[0].n(), left.per_label[1].n()), (1, 1));
        assert_eq!(
            (left.macro_f1, left.macro_f1_supported, left.samples_f1),
            (Some(0.5), Some(1.0), Some(0.5))
        );
        let none = multilabel(&[], 0, Uncertain::Ones, Blank::Negative);
        assert_eq!(
            (none.macro_f1, none.hamming_loss, none.subset_accuracy),
            (None, None, None)
        );
    }

    #[test]
    fn five_labels_by_name() {
        let labels: Vec<String> = ["edema", "Cardiomegaly ", "X"].map(str::to_owned).to_vec();
        let counts = [
            Counts {
                tp: 1,
                ..Counts::default()
            },
            Counts {
                fp: 1,
                ..Counts::default()
            },
            Counts::default(),
        ];
        assert_eq!(
            macro_f1_of(&counts, &labels, &["Edema", "Cardiomegaly"]),
            Some(0.5)
        );
        assert_eq!(macro_f1_of(&counts, &labels, &CHEXPERT_FIVE), None);
    }

    proptest! {
        #[test]
        fn policies_differ_only_in_uncertain_cells(
            cells in prop::collection::vec(prop::array::uniform3((0_usize..4, any::<bool>())), 0..30)
        ) {
            let cases: Vec<Case> = cells
                .iter()
                .map(|row| Case { truth: row.iter().map(|c| MARKS[c.0]).collect(), said: row.iter().map(|c| c.1).collect() })
                .collect();
            for blank in [Blank::Negative, Blank::Missing] {
                let [ones, zeros, ignore] = [Uncertain::Ones, Uncertain::Zeros, Uncertain::Ignore]
                    .map(|u| multilabel(&cases, 3, u, blank));
                for label in 0..3 {
                    let (o, z, i) = (ones.per_label[label], zeros.per_label[label], ignore.per_label[label]);
                    prop_assert_eq!(o.n(), z.n());
                    let uncertain = cases.iter().filter(|c| c.truth[label] == Mark::Uncertain).count();
                    prop_assert_eq!(i.n() + uncertain, o.n());
                    prop_assert_eq!(o.support(), i.support() + uncertain);
                    prop_assert_eq!(z.support(), i.support());
                }
                for found in [ones, zeros, ignore] {
                    prop_assert_eq!(found.per_label.iter().all(|c| c.fp + c.fn_ == 0), found.hamming_loss.unwrap_or(0.0) == 0.0);
                }
            }
        }
    }
}
