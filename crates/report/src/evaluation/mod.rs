//! A whole evaluation: one HTML file that prints and needs nothing else, CSV of every table, JSON of everything.

mod compared;
mod numbers;
mod page;
mod plots;
mod reader;
mod tables;

use overread_evaluation::evaluated::cases::CaseRow;
use overread_evaluation::evaluated::figures::Figures;
use serde::Serialize;
use serde_json::json;

use crate::{NOTICE, ReportError};

/// A file that the figures rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceFile {
    /// Its name without the folder.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// What a report of an evaluation is made of.
#[derive(Clone, Debug)]
pub struct EvaluationReport {
    /// Every figure.
    pub figures: Figures,
    /// Cases with answers, in the order they are to be listed; hidden ones are left out.
    pub cases: Vec<CaseRow>,
    /// Files that the figures rest on.
    pub sources: Vec<SourceFile>,
    /// Program, version and time.
    pub made_by: String,
}

impl EvaluationReport {
    /// One self-contained page: no script, no remote content, plots inside as SVG.
    ///
    /// # Errors
    /// [`ReportError`] when a number is no number.
    pub fn to_html(&self) -> Result<String, ReportError> {
        page::html(self)
    }

    /// CSV of every table: (file name, text).
    ///
    /// # Errors
    /// [`ReportError::Encoding`].
    pub fn to_csv(&self) -> Result<Vec<(String, String)>, ReportError> {
        tables::all(&self.figures, &self.cases)
    }

    /// Everything as JSON, format `overread.evaluation/1`.
    ///
    /// # Errors
    /// [`ReportError::Encoding`].
    pub fn to_json(&self) -> Result<String, ReportError> {
        let shown: Vec<&CaseRow> = self.cases.iter().filter(|row| !row.hidden).collect();
        let value = json!({
            "format": "overread.evaluation/1",
            "notice": NOTICE,
            "made_by": self.made_by,
            "sources": self.sources,
            "figures": self.figures,
            "cases": shown,
        });
        let text = serde_json::to_string_pretty(&value).map_err(|e| ReportError::Encoding(e.to_string()))?;
        Ok(text + "\n")
    }
}
