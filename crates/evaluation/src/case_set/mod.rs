//! A case set: which cases are asked which question, what the truth is and how it is read, and who answers.
//!
//! The file is TOML (docs/formats.md, *Case sets*). Paths in it are relative to the file's own folder. [`CaseSet`] is the
//! file as written; reading it checks everything that can be checked without opening an image.

pub mod leaks;
mod locate;
pub mod policy;
pub mod read;
mod rules;
pub mod write;

pub use read::{add_cases, read};
pub use rules::{Fault, Step, check};
pub use write::{hash, write, write_cases};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The format that is read and written.
pub const FORMAT: &str = "overread-case-set/1";

/// A case set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseSet {
    /// [`FORMAT`].
    pub format: String,
    /// Name shown.
    pub name: String,
    /// Where the cases come from, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Rows of the published reference table shown beside (ids, e.g. `arxiv-2512.23304`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<String>,
    /// A JSON Lines file of [`CaseSpec`] for large sets, read after `cases`; empty: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cases_file: String,
    /// What every case is asked.
    pub question: AskedQuestion,
    /// Where the truth comes from and how it is read.
    #[serde(default)]
    pub truth: TruthPolicy,
    /// How local readers read.
    #[serde(default)]
    pub settings: ReadSettings,
    /// Who answers.
    #[serde(default)]
    pub readers: Vec<ReaderSpec>,
    /// The cases.
    #[serde(default)]
    pub cases: Vec<CaseSpec>,
}

/// The form of a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One label of a set, scored.
    #[default]
    Closed,
    /// Each label yes or no, scored (multi-label).
    YesNo,
    /// One of the case's own options (multiple choice).
    Choice,
    /// An open diagnosis, parsed.
    Open,
    /// A question of its own for each case, with its answers.
    Vqa,
    /// Findings with boxes.
    Boxes,
}

/// What every case is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AskedQuestion {
    /// Form.
    pub task: Task,
    /// Template id; empty: the task's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// Own prompt; a case's `question` goes before it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// The label set, in the order of tables; empty for open questions.
    pub labels: Vec<String>,
    /// The labels are in an order (stage, BI-RADS): weighted kappa is given.
    #[serde(skip_serializing_if = "is_false")]
    pub ordinal: bool,
    /// The label that counts as positive where two are told apart; empty: none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub positive: String,
    /// Table of synonyms (CSV: term, synonym), path; empty: our own list alone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub synonyms: String,
    /// Table of parents (CSV: child, parent), path; empty: none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parents: String,
    /// Longest differential that counts; 0: 5.
    #[serde(skip_serializing_if = "is_zero")]
    pub differential: u32,
}

/// What an uncertain label (-1) counts as (CheXpert's U-Ones, U-Zeros, U-Ignore).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Uncertain {
    /// Present.
    Ones,
    /// Absent.
    Zeros,
    /// The entry is left out.
    #[default]
    Ignore,
}

/// What a label that is not mentioned counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// Absent.
    #[default]
    Negative,
    /// Unknown: the entry is left out.
    Missing,
}

/// How the votes of several truth readers become one truth; the votes are kept beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Votes {
    /// More than half.
    #[default]
    Majority,
    /// At least one.
    Any,
    /// All.
    All,
}

/// Where the truth comes from and how it is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TruthPolicy {
    /// `pathology`, `follow-up`, `panel`, `majority`, `expert`, `report`, `model`, `generator` or words of one's own.
    pub source: String,
    /// How many people set it; 0: not known.
    pub truthers: u32,
    /// Uncertain labels.
    pub uncertain: Uncertain,
    /// Labels not mentioned.
    pub blank: Blank,
    /// Several truth readers.
    pub votes: Votes,
    /// Prevalences at which PPV and NPV are given (0 to 1).
    pub prevalences: Vec<f64>,
}

/// How local readers read; a reader's own settings go before those of the set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadSettings {
    /// Preprocessing id; empty: the default of the images.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub preprocess: String,
    /// Slice spec; empty: `middle`. A case's own goes before it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub slices: String,
    /// Window of `display/1` as `C,W[,FUNCTION]`; empty: the file's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub window: String,
    /// Most tokens written; 0: the template's.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_new_tokens: u32,
    /// Sampling temperature; 0: greedy.
    #[serde(skip_serializing_if = "is_zero_f")]
    pub temperature: f64,
    /// Seed for sampling.
    #[serde(skip_serializing_if = "is_zero")]
    pub seed: u32,
    /// `f32`, `bf16`, `q8_0`, `q4_k`; empty: the model's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub precision: String,
    /// Further options by the names of the reading panel's (`normalise`, `pmi`, `permutations`, `samples` …).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, serde_json::Value>,
}

/// Who answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReaderKind {
    /// A model on this machine (MedGemma, with or without adapters; MedSigLIP, with or without a head).
    #[default]
    Local,
    /// Recorded answers.
    Recorded,
    /// Findings from one, an answer from another.
    Pipeline,
    /// A person: recorded answers, or the answers committed at this desk.
    Person,
}

/// Whether a reader was trained on such cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Tuning {
    /// Nobody says.
    #[default]
    Unknown,
    /// Not tuned for this question.
    Untuned,
    /// Tuned.
    Tuned,
}

/// A reader.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReaderSpec {
    /// Id in answers; unique.
    pub id: String,
    /// Name shown; empty: the id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Who answers.
    pub kind: ReaderKind,
    /// Model folder or file, for local readers; the text model of a pipeline (empty: recorded in `answers`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Adapter folders, applied in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adapters: Vec<String>,
    /// A head's folder: a local MedSigLIP reads by it and not by texts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub head: String,
    /// Recorded answers (JSON Lines or CSV), path; for a person, empty: the answers committed at this desk.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub answers: String,
    /// The `reader` column of `answers` that this is; empty: the id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub recorded_as: String,
    /// Trained on such cases.
    pub tuning: Tuning,
    /// Splits it was tuned on (`train`): their patients must not be among those scored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tuned_on_splits: Vec<String>,
    /// Patients it was tuned on, a file of one a line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tuned_on: String,
    /// Settings of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<ReadSettings>,
    /// Prompt of its own; empty: the set's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// What it was given, for recorded ones (`images`, `findings text` …), and which version, when, where.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub described: String,
    /// Pipeline: whose findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<FindingsSpec>,
}

/// The first stage of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FindingsSpec {
    /// A local reader's id whose model writes them; empty: recorded.
    pub reader: String,
    /// Recorded findings (JSON Lines or CSV with `case` and `text`), path.
    pub answers: String,
    /// Prompt that asks for findings; empty: our own.
    pub prompt: String,
    /// Arms: the text model reasons from these. Empty: `own` and `none`.
    pub arms: Vec<Arm>,
}

/// What the text model of a pipeline is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The first stage's findings: the answer that counts.
    #[default]
    Own,
    /// No findings: the case's context alone. What the images brought is the gain over this.
    None,
    /// The true findings: the ceiling.
    Truth,
    /// The findings of another patient's case (the next one in the order of ids).
    Other,
}

/// A case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaseSpec {
    /// Unique; never shown in blind mode, never in a prompt.
    pub id: String,
    /// Patient; empty: the case stands for a patient of its own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub patient: String,
    /// `train`, `validation`, `test` …; empty: none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub split: String,
    /// DICOM modality (CT, MR, DX, XC …).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub modality: String,
    /// Subgroups: `sex`, `age`, `view`, `maker`, `site` …
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, String>,
    /// What is read; empty for text alone.
    pub images: Vec<ImageSpec>,
    /// Question of its own (VQA, multiple choice).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub question: String,
    /// Options of its own (multiple choice).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// History or other text that goes with the question.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// Truth.
    pub truth: CaseTruth,
}

/// Images of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageSpec {
    /// Folder, file or plain picture, relative to the case-set file.
    pub path: String,
    /// Series Instance UID or display set id, where the path holds several; empty: the one with most frames.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub series: String,
    /// SOP Instance UID of the one image that is meant; empty: by `slices`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instance: String,
    /// Slice spec; empty: the settings'.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub slices: String,
}

/// What is known of a label: present, absent, uncertain, not mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 1.
    Present,
    /// 0.
    Absent,
    /// -1.
    Uncertain,
    /// Blank.
    Blank,
}

/// Truth of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaseTruth {
    /// Labels that are true; one for a single-label set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Labels that are absent, uncertain or not mentioned, where the source tells them apart (multi-label); a label in neither
    /// list is absent when `labels` is given and this is empty, else blank.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, State>,
    /// Accepted answers (VQA, open diagnosis), the first is the one shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<String>,
    /// `left`, `right`, `both`; empty: none or not known. The patient's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub side: String,
    /// Boxes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boxes: Vec<TruthBox>,
    /// Each truth reader's own word, where several read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Vote>,
    /// True findings in words, for a pipeline's ceiling.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub findings: String,
    /// Where it comes from, when another than the set's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// A box of the truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TruthBox {
    /// Label; empty: the case's one label.
    pub label: String,
    /// Left, top, right, bottom: px of the slice, continuous corners.
    pub corners: [f64; 4],
    /// SOP Instance UID, where the case has several images; empty: the only one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instance: String,
    /// Truth reader, where several drew.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reader: String,
}

/// One truth reader's word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Vote {
    /// Truth reader (`R9`).
    pub reader: String,
    /// Labels that this one called present.
    pub labels: Vec<String>,
    /// Ordered ratings by name (malignancy 1 to 5).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ratings: BTreeMap<String, f64>,
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn is_zero_f(value: &f64) -> bool {
    *value == 0.0
}
