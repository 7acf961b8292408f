//! Evaluations: case sets, runs, figures, cases, decisions, exports. The figures themselves are
//! [`overread_evaluation::evaluated`]'s types, the same for page, report and command line.

use overread_evaluation::case_set::{Blank, Task, Uncertain};
use overread_evaluation::evaluated::cases::CaseQuery;
pub use overread_evaluation::evaluated::figures::{Figure, Figures, Weight};
pub use overread_evaluation::evaluated::filter::{Filter, GroupIs};
use overread_evaluation::import::Format;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::app::Handle;
use crate::wire::error::WireError;

/// An evaluation that the desk knows (`evaluations`, `open_evaluation`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EvaluationInfo {
    /// Names it in every request: the case-set file, with its run beside it.
    pub evaluation: Handle,
    /// Name of the case set.
    pub name: String,
    /// Form of the question.
    pub task: Task,
    /// Cases.
    pub cases: u32,
    /// Readers, by name.
    pub readers: Vec<String>,
    /// Answers on record.
    pub answers: u32,
    /// Answers still to be given by local readers.
    pub to_read: u32,
    /// Opened last, RFC 3339.
    pub opened_at: String,
    /// False when it is not there any more.
    pub present: bool,
    /// Why it cannot be used; `None` when it can.
    pub problem: Option<WireError>,
}

/// An evaluation (`open_evaluation`, `check_evaluation`, `forget_evaluation`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EvaluationRef {
    /// From `pick` or a list.
    pub evaluation: Handle,
}

/// A case set to be made of a folder and its truth (`draft_case_set` shows what matches, `make_case_set` writes it).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CaseSetDraft {
    /// Folder of the images.
    pub folder: Handle,
    /// Truth tables; empty: a folder a class.
    pub tables: Vec<Handle>,
    /// Format; `None`: recognised.
    pub format: Option<Format>,
    /// Form of the question; `None`: the format's.
    pub task: Option<Task>,
    /// Name; empty: the folder's.
    pub name: String,
    /// Uncertain labels.
    pub uncertain: Uncertain,
    /// Labels not mentioned.
    pub blank: Blank,
    /// A local model that reads; `None`: none yet.
    pub model: Option<Handle>,
    /// Recorded answers of other readers.
    pub answers: Vec<Handle>,
    /// Splits to draw by patient, names with percents that make 100 (`train=60,validation=20,test=20`); empty: those of the tables.
    pub split_by_patient: String,
    /// Seed of the draw.
    pub seed: u32,
    /// Folder or TOML file to write to (`make_case_set`); `None`: the desk's folder of evaluations.
    pub target: Option<Handle>,
}

/// What a draft would become.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CaseSetMapping {
    /// Format that was recognised or given.
    pub format: Format,
    /// Form of the question.
    pub task: Task,
    /// Labels with their counts.
    pub labels: Vec<LabelCount>,
    /// Splits with their counts.
    pub splits: Vec<LabelCount>,
    /// Rows of the tables.
    pub rows: u32,
    /// Cases with images.
    pub matched: u32,
    /// Patients among them.
    pub patients: u32,
    /// Rows without images, the first of them, in words.
    pub rows_without_images: Vec<String>,
    /// How many there are.
    pub rows_without_images_count: u32,
    /// Images that no row names, the first of them.
    pub images_without_row: Vec<String>,
    /// How many there are.
    pub images_without_row_count: u32,
    /// Examples of what matched: (row, image).
    pub examples: Vec<(String, String)>,
    /// What was left out, changed or is to be known.
    pub notes: Vec<String>,
}

/// A label or split with its cases.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LabelCount {
    /// Label.
    pub label: String,
    /// Cases.
    pub cases: u32,
}

/// What `check_evaluation` found.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EvaluationCheck {
    /// Findings, the gravest first.
    pub findings: Vec<CheckFinding>,
    /// Cases looked at.
    pub cases: u32,
    /// Images looked at.
    pub images: u32,
}

/// One kind of trouble.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CheckFinding {
    /// Stable: `patient_in_two_splits`, `answer_in_path`, `answer_in_prompt`, `answer_in_context`, `answer_in_tags`, `burned_in_text`,
    /// `same_instance`, `same_pixels`, `similar_pixels`, `same_scan`, `missing_file`, `unknown_label`, `no_truth`, `tuned_on_these` …
    pub key: String,
    /// It makes figures wrong (not only in need of a word).
    pub grave: bool,
    /// What it is and what to do, a sentence.
    pub text: String,
    /// How many cases.
    pub count: u32,
    /// The first of them: (case, what).
    pub examples: Vec<(String, String)>,
}

/// Reads cases with local readers (job `run_evaluation`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RunSpec {
    /// Evaluation.
    pub evaluation: Handle,
    /// Reader ids; empty: all.
    pub readers: Vec<String>,
    /// Only the first so many cases; 0: all.
    pub limit: u32,
    /// Ask again where the answer was an error.
    pub again: bool,
}

/// Events of `run_evaluation`.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(export)]
pub enum RunEvent {
    /// Getting ready.
    Preparing {
        /// What is done.
        what: String,
        /// 0 to 1.
        fraction: f64,
    },
    /// After each answer; it is on disk.
    Progress {
        /// Reader now.
        reader: String,
        /// Case now, as its number; never its id.
        number: u32,
        /// Answers done, those of before counted.
        done: u32,
        /// Answers in all.
        of: u32,
        /// Among them, errors.
        errors: u32,
        /// Among them, other invalid ones.
        invalid: u32,
        /// Seconds left, when known.
        seconds_left: Option<f64>,
    },
    /// A reader cannot read, or not go on; the others do.
    ReaderFailed {
        /// Reader.
        reader: String,
        /// Why.
        error: WireError,
    },
    /// Done.
    Done {
        /// Answers of this run.
        read: u32,
        /// Answers that stood already.
        kept: u32,
        /// Errors among those of this run.
        errors: u32,
        /// Seconds.
        seconds: f64,
    },
    /// Failed or cancelled (`code` = `cancelled`); what was read stays.
    Failed(WireError),
}

/// Asks for figures (job `figures`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FiguresRequest {
    /// Evaluation.
    pub evaluation: Handle,
    /// Filter.
    pub filter: Filter,
    /// Resamples for intervals; 0: by formula alone.
    pub resamples: u32,
    /// Seed.
    pub seed: u32,
    /// Another policy than the set's.
    pub uncertain: Option<Uncertain>,
    /// Another policy than the set's.
    pub blank: Option<Blank>,
}

/// Events of `figures`: first by formula, at once; then with resampling.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "snake_case")]
#[ts(export)]
pub enum FiguresEvent {
    /// Figures with intervals by formula; more are on their way when `resampling` was asked.
    Ready(Box<Figures>),
    /// Resamples drawn.
    Resampling {
        /// Done.
        done: u32,
        /// In all.
        of: u32,
    },
    /// All figures.
    Done(Box<Figures>),
    /// Failed or cancelled.
    Failed(WireError),
}

/// Asks for rows of the case table (`evaluation_cases`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CasesRequest {
    /// Evaluation.
    pub evaluation: Handle,
    /// Which, in which order.
    pub query: CaseQuery,
}

/// One case (`evaluation_case`, `open_evaluation_case`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct EvaluationCaseRef {
    /// Evaluation.
    pub evaluation: Handle,
    /// Place in the case set, from 1.
    pub number: u32,
}

/// Where a case's images are: the page opens the folder and shows the display set.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CaseImages {
    /// For the job `open`.
    pub folder: Handle,
    /// Display set, once the folder is open.
    pub display_set: String,
    /// Slice, from 0.
    pub index: u32,
    /// What to call it while blind mode holds.
    pub title: String,
}

/// A person's decision on an open answer (`decide`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DecisionDraft {
    /// Evaluation.
    pub evaluation: Handle,
    /// Place in the case set, from 1.
    pub number: u32,
    /// Reader id.
    pub reader: String,
    /// Of [`overread_evaluation::evaluated::cases::AnswerDetail`].
    pub answer_hash: String,
    /// `right`, `partial`, `wrong`, `invalid`; empty takes the decision back (a new record).
    pub verdict: String,
    /// The label that was meant; empty: none.
    pub label: String,
    /// Why; must not be empty.
    pub why: String,
}

/// What is written (`export_evaluation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum EvaluationExport {
    /// One HTML file.
    Report,
    /// A folder with CSV of every table.
    Csv,
    /// All figures and cases as JSON.
    Json,
    /// iMRMC input.
    Imrmc,
}

/// Writes an evaluation out.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportEvaluation {
    /// What is looked at.
    pub figures: FiguresRequest,
    /// What is written.
    pub what: EvaluationExport,
    /// Folder; `None`: the desk's exports.
    pub target: Option<Handle>,
}

/// A plot to be saved (`save_plot`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlotFile {
    /// Name without extension.
    pub name: String,
    /// `svg` or `png`.
    pub kind: String,
    /// The text of an SVG, or a PNG in base64.
    pub content: String,
}

/// Saves a fitted calibrator as the reading panel's calibration file (`use_calibrator`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct UseCalibrator {
    /// Evaluation.
    pub evaluation: Handle,
    /// Reader id.
    pub reader: String,
    /// `temperature`, `platt`.
    pub kind: String,
    /// Split it is fitted on.
    pub split: String,
}

/// A calibration file that was written.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CalibratorSaved {
    /// For `QuestionOptions::calibration`.
    pub calibration: Handle,
    /// Where, for people.
    pub place: String,
    /// What holds of it.
    pub text: String,
}
