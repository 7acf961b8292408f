//! HTML, CSV and JSON out.
//!
//! What leaves the desk on paper or in a file is made here, from plain structs that the caller fills: [`ReadReport`] is
//! one read (images, question, answer, truth, how to repeat it), [`ReviewList`] the filed disagreements,
//! [`EvaluationReport`] a whole evaluation with its plots. Functions are
//! pure: text or bytes out, no clock, no files.
//!
//! * [`ReadReport::to_html`] is one self-contained page: no script, no remote content (its own policy forbids both),
//!   pictures inside, prints on paper. Every text is escaped, from whatever file or model it came.
//! * [`ReadReport::to_json`] and [`ReviewList::to_json`] carry a `format` name with a version.
//! * [`ReviewList::to_csv`] is RFC 4180; cells that a spreadsheet would run as a formula are defused.
//!
//! Nothing here words a model's answer as a finding: it stands as the answer of its reader, with the kind of its
//! confidence, beside the notice [`NOTICE`].
#![forbid(unsafe_code)]

mod escape;
mod evaluation;
mod html;
mod read;
mod review;

pub use evaluation::{EvaluationReport, SourceFile, figure_words};
pub use read::{
    Agreement, Answer, Confidence, Fact, OwnAnswer, Picture, Probability, Question, ReadReport, ReaderNote,
    TruthStatement,
};
pub use review::{MarkRow, ReviewList, ReviewRow};

/// Stands on every page and in every file.
pub const NOTICE: &str = "Research use only. Not a medical device; not for diagnosis, treatment or triage. \
     A model's answer can be wrong, incomplete or invented: verify it with the images and a qualified reader.";

/// What can go wrong while a report is made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A picture is no PNG.
    #[error("the picture “{caption}” is not a PNG and cannot be put into the report; render it again")]
    NotPng {
        /// Its caption.
        caption: String,
    },
    /// A number is no number.
    #[error("{what} is {value}, which is no probability between 0 and 1; read the case again")]
    NotProbability {
        /// Which number.
        what: String,
        /// What it is.
        value: f64,
    },
    /// A table or JSON text could not be put together.
    #[error("the export could not be written ({0}); this is a fault of the program, please report it")]
    Encoding(String),
}
