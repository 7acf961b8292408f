//! Readers against each other, and a person before and after the reveal.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::evaluated::figures::{Figure, Remark};

/// A test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Test {
    /// `mcnemar_exact`, `mcnemar_midp`, `mcnemar_patients`, `cochran_q`, `delong`, `obuchowski_rockette`.
    pub key: String,
    /// Name shown.
    pub name: String,
    /// Statistic, where there is one.
    pub statistic: Option<f64>,
    /// Degrees of freedom.
    pub df: Option<f64>,
    /// p.
    pub p: Option<f64>,
    /// p adjusted (Holm over all pairs).
    pub p_adjusted: Option<f64>,
    /// What must be known with it.
    pub note: String,
}

/// Readers against each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Comparisons {
    /// Over all readers: Cochran's Q.
    pub omnibus: Option<Test>,
    /// Cases that all readers answered.
    pub n_common: u32,
    /// Every pair.
    pub pairs: Vec<Comparison>,
}

/// Two readers on the same cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Comparison {
    /// Reader id.
    pub a: String,
    /// Reader id.
    pub b: String,
    /// Cases that both answered.
    pub n: u32,
    /// Both right.
    pub both: u32,
    /// Only a right.
    pub a_only: u32,
    /// Only b right.
    pub b_only: u32,
    /// Neither right.
    pub neither: u32,
    /// Differences a - b with intervals: accuracy (Newcombe; bootstrap beside), macro F1, AUC (DeLong) …
    pub figures: Vec<Figure>,
    /// Tests.
    pub tests: Vec<Test>,
    /// What is not like for like.
    pub remarks: Vec<Remark>,
}

/// Agreement among raters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AgreementFigures {
    /// Who: two reader ids, `readers` for all, or `truth` for the truth's own readers.
    pub between: Vec<String>,
    /// Items.
    pub n: u32,
    /// Raw agreement, Cohen (weights where ordinal), Fleiss, Krippendorff, AC1, PABAK, prevalence and bias index.
    pub figures: Vec<Figure>,
}

/// What the reveal did to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct RevealFigures {
    /// Person's reader id.
    pub reader: String,
    /// Cases answered before and after.
    pub n: u32,
    /// Wrong before, right after.
    pub rescued: Figure,
    /// Right before, wrong after.
    pub misled: Figure,
    /// The same answer before and after.
    pub unmoved: Figure,
    /// Accuracy before.
    pub before: Figure,
    /// Accuracy after.
    pub after: Figure,
    /// Difference after - before, paired.
    pub change: Figure,
}
