//! Cases in a table, and one case whole.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::evaluated::filter::Filter;

/// How an answer stands to the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Right.
    Right,
    /// An ancestor of the truth, or some of its labels.
    Partial,
    /// Wrong.
    Wrong,
    /// No valid answer.
    Invalid,
    /// An open answer that no rule could judge: a person decides.
    Undecided,
    /// No answer yet.
    Missing,
    /// There is no truth.
    NoTruth,
}

/// What the table is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CaseOrder {
    /// As in the case set.
    #[default]
    Set,
    /// Wrong answers of the reader first, the most confident on top.
    ConfidentlyWrong,
    /// The reader's confidence, highest first.
    Confidence,
    /// Readers disagree most.
    Disagreement,
    /// Waiting for a decision first.
    Undecided,
}

/// A cell of a reader's confusion table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cell {
    /// Reader id.
    pub reader: String,
    /// Truth label; empty: any.
    pub truth: String,
    /// Answer; `invalid` for invalid ones; empty: any.
    pub said: String,
}

/// Which cases, in which order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct CaseQuery {
    /// Filter.
    pub filter: Filter,
    /// A cell that was clicked.
    pub cell: Option<Cell>,
    /// Verdict of `reader` (or of any) that is wanted; `None`: any.
    pub verdict: Option<Verdict>,
    /// Two readers of which exactly the first is right (a cell of the paired table); empty: no matter.
    pub only_right: Vec<String>,
    /// Words that must stand in id, patient, truth or answers.
    pub find: String,
    /// Order.
    pub order: CaseOrder,
    /// Reader that order and verdict speak of; empty: the first.
    pub reader: String,
    /// First row, from 0.
    pub offset: u32,
    /// Most rows.
    pub limit: u32,
}

/// A page of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CasesPage {
    /// Rows in all.
    pub total: u32,
    /// First row, from 0.
    pub offset: u32,
    /// Rows.
    pub rows: Vec<CaseRow>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CaseRow {
    /// Place in the case set, from 1: what a case is called in blind mode.
    pub number: u32,
    /// Case id; empty while it is hidden.
    pub case: String,
    /// Patient; empty while hidden.
    pub patient: String,
    /// Split.
    pub split: String,
    /// Modality.
    pub modality: String,
    /// Blind mode holds: truth and answers are withheld.
    pub hidden: bool,
    /// Truth in words.
    pub truth: String,
    /// Each reader's answer, in the order of readers.
    pub answers: Vec<CaseAnswer>,
    /// It has images that can be opened.
    pub has_images: bool,
}

/// A reader's answer in the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CaseAnswer {
    /// Reader id.
    pub reader: String,
    /// What was said, as it counts; the kind for invalid answers.
    pub said: String,
    /// Verdict.
    pub verdict: Verdict,
    /// 0 to 1.
    pub confidence: Option<f64>,
}

/// One case whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct CaseDetail {
    /// As in the table.
    pub row: CaseRow,
    /// The question asked.
    pub question: String,
    /// Truth, line by line as (name, value): labels, side, source, votes.
    pub truth: Vec<(String, String)>,
    /// Answers whole.
    pub answers: Vec<AnswerDetail>,
}

/// An answer whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct AnswerDetail {
    /// As in the table.
    pub answer: CaseAnswer,
    /// Arm of a pipeline, phase of a reveal, or empty.
    pub part: String,
    /// Raw text.
    pub text: String,
    /// First stage of a pipeline.
    pub findings: String,
    /// Bytes of `text` (UTF-8 offsets: start, end) on which the verdict rests; `None`: none.
    pub span: Option<[u32; 2]>,
    /// The rule that judged it (`exact label`, `synonym`, `decided by A on 2026-11-21: …`).
    pub rule: String,
    /// Probabilities, likeliest first.
    pub probabilities: Vec<(String, f64)>,
    /// Ranked diagnoses.
    pub differential: Vec<String>,
    /// Labels that a person may choose from, nearest first; never applied by itself.
    pub suggestions: Vec<String>,
    /// Provenance and the rest that was recorded, as (name, value).
    pub recorded: Vec<(String, String)>,
    /// Decisions so far, newest last, in words.
    pub decisions: Vec<String>,
    /// Identifies this very answer for a decision.
    pub answer_hash: String,
}
