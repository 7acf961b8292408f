//! Every figure of an evaluation, each with its interval, and the words that must stand beside it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::case_set::{Arm, Blank, ReaderKind, Task, Tuning, Uncertain};
pub use crate::evaluated::compared::{AgreementFigures, Comparison, Comparisons, RevealFigures, Test};
use crate::evaluated::filter::{Facet, Filter};

/// How a value is to be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 0 to 1, printed in per cent.
    Share,
    /// A score, printed with three figures (F1, kappa, AUC).
    Score,
    /// Any number.
    Number,
    /// A difference of shares, printed in points.
    Points,
    /// A difference of scores.
    Difference,
    /// A p value.
    Probability,
    /// Seconds.
    Seconds,
}

/// A number with its interval. Undefined values are `None`, never 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Figure {
    /// Stable name: `accuracy`, `macro_f1`, `ece_equal_width_10` …
    pub key: String,
    /// Name shown.
    pub name: String,
    /// Unit.
    pub unit: Unit,
    /// The estimate.
    pub value: Option<f64>,
    /// Lower end at 95 %.
    pub low: Option<f64>,
    /// Upper end at 95 %.
    pub high: Option<f64>,
    /// How the interval was found (`Wilson`, `bootstrap over 214 patients, BCa, 10,000 resamples, seed 1`); empty: there is none.
    pub interval: String,
    /// A second interval by another method, in words of numbers; empty: none.
    pub beside: Vec<OtherInterval>,
    /// Cases it rests on.
    pub n: u32,
    /// What must be known with it; empty: nothing.
    pub note: String,
}

/// An interval by another method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct OtherInterval {
    /// Method.
    pub method: String,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How much weight a sentence has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Good to know.
    Note,
    /// A figure must not be read without it.
    Caution,
    /// The comparison is not like for like, or the cases cannot answer the question.
    Warning,
}

/// A sentence about the figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Remark {
    /// Stable: `few_cases`, `never_significant`, `tuned_against_untuned`, `other_cases`, `other_preprocessing`, `tuned_on_these`,
    /// `other_input`, `clusters`, `published_conditions` …
    pub key: String,
    /// Weight.
    pub weight: Weight,
    /// The sentence.
    pub text: String,
    /// Reader ids it speaks of.
    pub readers: Vec<String>,
}

/// How intervals by resampling were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Resampling {
    /// Resamples; 0: none were drawn, intervals are by formula.
    pub resamples: u32,
    /// Seed.
    pub seed: u32,
    /// What was drawn: `patients` or `cases`.
    pub unit: String,
}

/// All figures of an evaluation under a filter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Figures {
    /// Case set.
    pub name: String,
    /// Form of the question.
    pub task: Task,
    /// The question in words.
    pub question: String,
    /// Labels in the order of tables; empty for open questions.
    pub labels: Vec<String>,
    /// Cases under the filter.
    pub cases: u32,
    /// Cases of the set.
    pub cases_in_set: u32,
    /// Patients under the filter.
    pub patients: u32,
    /// Truth: source, truthers, policies, in words, one a line.
    pub truth: Vec<String>,
    /// Policy for uncertain labels in these figures.
    pub uncertain: Uncertain,
    /// Policy for labels not mentioned.
    pub blank: Blank,
    /// Filter.
    pub filter: Filter,
    /// What can be filtered by.
    pub facets: Vec<Facet>,
    /// Resampling.
    pub resampling: Resampling,
    /// Sentences that stand above everything.
    pub remarks: Vec<Remark>,
    /// Each reader, in the order of the case set.
    pub readers: Vec<ReaderFigures>,
    /// Readers against each other.
    pub comparison: Option<Comparisons>,
    /// How far readers, and the truth's own readers, agree.
    pub agreement: Vec<AgreementFigures>,
    /// What the reveal did to people.
    pub reveal: Vec<RevealFigures>,
    /// The same headline under the other policies for uncertain and blank labels.
    pub policies: Vec<PolicyFigures>,
    /// Published rows that stand beside, never mixed in.
    pub published: Vec<PublishedRow>,
    /// The command that gives these figures again.
    pub command: String,
}

/// One reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ReaderFigures {
    /// Id.
    pub id: String,
    /// Name shown.
    pub name: String,
    /// Kind.
    pub kind: ReaderKind,
    /// Tuned or not.
    pub tuning: Tuning,
    /// What it is: model, weights, preprocessing, prompt, what it was given … as (name, value).
    pub described: Vec<(String, String)>,
    /// Cases with an answer of any kind.
    pub n: u32,
    /// Cases without.
    pub missing: u32,
    /// Valid answers.
    pub answered: u32,
    /// Open answers that wait for a person; they are in no figure until decided.
    pub undecided: u32,
    /// Invalid answers by kind, the most frequent first.
    pub invalid: Vec<InvalidCount>,
    /// The task's own measure first, then the rest; invalid answers are wrong here. Always with `invalid_rate` and
    /// `accuracy_valid_only` (or the task's twin of it).
    pub headline: Vec<Figure>,
    /// Each label.
    pub per_label: Vec<LabelFigures>,
    /// Confusion, for tasks with one label a case.
    pub confusion: Option<ConfusionTable>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Calibration; `None` without confidences.
    pub calibration: Option<CalibrationFigures>,
    /// Subgroups with their headline.
    pub subgroups: Vec<SubgroupFigures>,
    /// Arms of a pipeline.
    pub arms: Vec<ArmFigures>,
    /// Seconds an answer and cost, where recorded.
    pub effort: Vec<Figure>,
}

/// Invalid answers of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InvalidCount {
    /// Kind.
    pub kind: String,
    /// Answers.
    pub count: u32,
}

/// One label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct LabelFigures {
    /// Label.
    pub label: String,
    /// Cases with it.
    pub support: u32,
    /// Precision, recall (sensitivity), specificity, F1, AUC, average precision, PPV and NPV at prevalences …
    pub figures: Vec<Figure>,
}

/// Counts: truth in rows, answers in columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConfusionTable {
    /// Truth labels.
    pub rows: Vec<String>,
    /// Answers; the last one is `invalid`.
    pub columns: Vec<String>,
    /// Counts.
    pub cells: Vec<Vec<u32>>,
}

/// What a curve shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CurveKind {
    /// False positive rate, sensitivity.
    Roc,
    /// Recall, precision.
    PrecisionRecall,
    /// Coverage, risk.
    RiskCoverage,
    /// False positives an image, sensitivity.
    Froc,
}

/// A curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Curve {
    /// Kind.
    pub kind: CurveKind,
    /// Label; empty: all.
    pub label: String,
    /// Points (x, y), at most 400.
    pub points: Vec<[f64; 2]>,
    /// Its one number (AUC, average precision, AURC, CPM).
    pub figure: Figure,
}

/// Confidence against truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CalibrationFigures {
    /// What the confidence is.
    pub kind: String,
    /// Answers with a confidence.
    pub n: u32,
    /// ECE (equal width, equal mass), MCE, Brier, log loss, over-confidence, AURC, excess AURC, AUROC of the confidence.
    pub figures: Vec<Figure>,
    /// Ten bins of equal width.
    pub bins: Vec<ReliabilityBin>,
    /// Calibrators fitted on one split and held against these cases.
    pub fitted: Vec<FittedCalibrator>,
    /// Lowest confidence at which the risk stays below what was wanted.
    pub abstain: Vec<AbstainLine>,
    /// Conformal sets.
    pub conformal: Vec<ConformalFigures>,
}

/// A bin of the reliability diagram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ReliabilityBin {
    /// Above.
    pub low: f64,
    /// Up to.
    pub high: f64,
    /// Answers.
    pub n: u32,
    /// Mean confidence; `None` when empty.
    pub confidence: Option<f64>,
    /// Share right.
    pub right: Option<f64>,
    /// Wilson, lower end.
    pub right_low: Option<f64>,
    /// Wilson, upper end.
    pub right_high: Option<f64>,
}

/// A calibrator, fitted on a split apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct FittedCalibrator {
    /// `temperature`, `platt`, `isotonic`.
    pub kind: String,
    /// Split it was fitted on.
    pub split: String,
    /// Cases it was fitted on.
    pub n: u32,
    /// Parameters in words (`T = 1.41`).
    pub parameters: String,
    /// ECE (equal width) before, on the cases looked at.
    pub ece_before: Option<f64>,
    /// ECE after.
    pub ece_after: Option<f64>,
    /// Log loss before.
    pub log_loss_before: Option<f64>,
    /// Log loss after.
    pub log_loss_after: Option<f64>,
    /// It can be saved as the reading panel's calibration file.
    pub can_be_used: bool,
    /// Why not, or what to know.
    pub note: String,
}

/// An abstain line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AbstainLine {
    /// Risk wanted.
    pub risk: f64,
    /// Answer only above this confidence; `None`: no line keeps the risk.
    pub confidence: Option<f64>,
    /// Share answered on the cases looked at.
    pub coverage: Option<f64>,
    /// Risk among them.
    pub found: Option<f64>,
    /// Where it was found, and its bound.
    pub note: String,
}

/// Conformal prediction sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ConformalFigures {
    /// `lac`, `aps`.
    pub method: String,
    /// 1 - coverage wanted.
    pub alpha: f64,
    /// Split it was calibrated on.
    pub split: String,
    /// Patients it was calibrated on.
    pub n: u32,
    /// Coverage on the cases looked at.
    pub coverage: Figure,
    /// Mean number of labels.
    pub mean_size: Option<f64>,
    /// Coverage by label.
    pub per_label: Vec<LabelCoverage>,
}

/// Coverage of one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct LabelCoverage {
    /// Label.
    pub label: String,
    /// Cases.
    pub n: u32,
    /// Covered.
    pub covered: u32,
}

/// A subgroup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SubgroupFigures {
    /// `sex`.
    pub key: String,
    /// `F`.
    pub value: String,
    /// Headline measure; `None` value when the group is too small to show.
    pub figure: Figure,
    /// p of this group against the rest, adjusted (Holm) over all subgroups shown; `None` when too small.
    pub p_adjusted: Option<f64>,
}

/// An arm of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ArmFigures {
    /// What the text model was given.
    pub arm: Arm,
    /// Headline measure.
    pub figure: Figure,
    /// Gain over the arm without findings, paired.
    pub gain: Option<Figure>,
}

/// The headline under another policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PolicyFigures {
    /// Uncertain labels.
    pub uncertain: Uncertain,
    /// Labels not mentioned.
    pub blank: Blank,
    /// Reader id.
    pub reader: String,
    /// Headline measure.
    pub figure: Figure,
}

/// A published figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PublishedRow {
    /// Row id.
    pub id: String,
    /// Reader as named there.
    pub reader: String,
    /// Metric with its averaging.
    pub metric: String,
    /// Value as published, in the unit of `unit`.
    pub value: f64,
    /// Unit.
    pub unit: Unit,
    /// Cases; `None`: not given.
    pub n: Option<u32>,
    /// Task and data.
    pub task: String,
    /// Tuned or not.
    pub tuning: Tuning,
    /// Conditions: split, prompt, in or out of distribution, self-reported, card date, as (name, value).
    pub conditions: Vec<(String, String)>,
    /// Source (arXiv id, model card and date).
    pub source: String,
    /// Why it cannot simply be set against the figures here; empty: nothing known.
    pub caution: String,
}
