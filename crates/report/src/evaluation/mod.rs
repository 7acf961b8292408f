//! A whole evaluation: one HTML file that prints and needs nothing else, CSV of every table, JSON of everything.

mod compared;
mod numbers;
mod page;
mod plots;
mod reader;
mod tables;

pub use numbers::whole as figure_words;

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

    /// Plots as SVG files: (file name, text).
    pub fn to_plots(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        if let Some((_, plot)) = page::headline_plot(&self.figures) {
            out.push(("readers.svg".to_owned(), plot));
        }
        if let Some((_, plot)) = compared::difference_plot(&self.figures) {
            out.push(("differences.svg".to_owned(), plot));
        }
        for (k, reader) in self.figures.readers.iter().enumerate() {
            if let Some(calibration) = &reader.calibration {
                let plot =
                    plots::reliability(&format!("Reliability of {}", reader.name), &calibration.bins, k);
                out.push((format!("reliability-{}.svg", k + 1), plot));
            }
            for (j, curve) in reader.curves.iter().enumerate() {
                let plot = plots::curve(&format!("{} {}", reader.name, curve.label), curve, k);
                out.push((format!("curve-{}-{}.svg", k + 1, j + 1), plot));
            }
        }
        out
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
