//! What is written of an evaluation: the report, tables, JSON, iMRMC input, plots.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use overread_evaluation::evaluated::cases::{CaseOrder, CaseQuery, CaseRow};
use overread_evaluation::evaluated::figures::Figures;
use overread_evaluation::evaluated::imrmc as exchange;
use overread_report::{EvaluationReport, SourceFile};

use crate::code::{failure, io};
use crate::desk::Desk;
use crate::op::evaluation::settings::sha256;
use crate::op::evaluation::{cases, figures, folder, loaded};
use crate::wire::evaluation::{EvaluationExport, ExportEvaluation, FiguresRequest, PlotFile};
use crate::wire::review::Exported;
use crate::{Cancel, Outcome};

/// Rows asked of the case table at once.
const ROWS: u32 = 1000;
/// Largest plot, bytes.
const LARGEST_PLOT: usize = 32 << 20;

/// A report's parts, ready to be written.
///
/// # Errors
/// When the evaluation cannot be read.
pub fn report(
    desk: &Desk,
    at: &Path,
    request: &FiguresRequest,
    figures: Figures,
) -> Outcome<EvaluationReport> {
    let loaded = loaded::load(desk, at)?;
    let mut sources = Vec::new();
    for file in loaded.files.iter().filter(|file| file.is_file()) {
        let bytes = fs::read(file).map_err(|error| io(&folder::name(file), &error))?;
        sources.push(SourceFile {
            name: folder::name(file),
            sha256: sha256(&bytes),
        });
    }
    Ok(EvaluationReport {
        cases: rows(desk, at, request)?,
        figures,
        sources,
        made_by: format!("Overread {}, {}", env!("CARGO_PKG_VERSION"), desk.clock.now()),
    })
}

/// Every case under the filter, the confidently wrong ones of the first reader on top.
fn rows(desk: &Desk, at: &Path, request: &FiguresRequest) -> Outcome<Vec<CaseRow>> {
    let mut query = CaseQuery {
        filter: request.filter.clone(),
        order: CaseOrder::ConfidentlyWrong,
        limit: ROWS,
        ..CaseQuery::default()
    };
    let mut out: Vec<CaseRow> = Vec::new();
    loop {
        let page = cases::page(desk, at, &query)?;
        let empty = page.rows.is_empty();
        out.extend(page.rows);
        if empty || out.len() >= page.total as usize {
            return Ok(out);
        }
        query.offset = u32::try_from(out.len()).unwrap_or(u32::MAX);
    }
}

/// The operation `export_evaluation`.
///
/// # Errors
/// When it cannot be written.
pub fn export(desk: &Desk, arguments: &ExportEvaluation) -> Outcome<Exported> {
    let at = desk.path(&arguments.figures.evaluation)?;
    let target = arguments
        .target
        .as_ref()
        .map(|handle| desk.path(handle))
        .transpose()?;
    let place = target.unwrap_or_else(|| desk.home.join("exports"));
    fs::create_dir_all(&place).map_err(|error| io(&place.display().to_string(), &error))?;
    let stem = at.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let figures = figures::all(desk, &at, &arguments.figures, &|_| {}, &Cancel::default())?;
    let report = report(desk, &at, &arguments.figures, figures)?;
    let rows = u32::try_from(report.cases.len()).unwrap_or(u32::MAX);
    let written = match arguments.what {
        EvaluationExport::Report => put(
            &place,
            &format!("{stem}.html"),
            report.to_html().map_err(encoding)?.as_bytes(),
        )?,
        EvaluationExport::Json => put(
            &place,
            &format!("{stem}.json"),
            report.to_json().map_err(encoding)?.as_bytes(),
        )?,
        EvaluationExport::Csv => {
            let folder = place.join(format!("{stem}-tables"));
            tables(&report, &folder)?;
            folder
        }
        EvaluationExport::Imrmc => put(
            &place,
            &format!("{stem}.imrmc"),
            imrmc(desk, &at, &arguments.figures)?.as_bytes(),
        )?,
    };
    Ok(Exported {
        place: written.display().to_string(),
        rows,
    })
}

/// Writes every table into a folder.
///
/// # Errors
/// When it cannot be written.
pub fn tables(report: &EvaluationReport, folder: &Path) -> Outcome<()> {
    fs::create_dir_all(folder).map_err(|error| io(&folder.display().to_string(), &error))?;
    for (name, text) in report.to_csv().map_err(encoding)? {
        put(folder, &name, text.as_bytes())?;
    }
    Ok(())
}

/// Writes every plot into a folder.
///
/// # Errors
/// When it cannot be written.
pub fn plots(report: &EvaluationReport, folder: &Path) -> Outcome<()> {
    fs::create_dir_all(folder).map_err(|error| io(&folder.display().to_string(), &error))?;
    for (name, text) in report.to_plots() {
        put(folder, &name, text.as_bytes())?;
    }
    Ok(())
}

/// The iMRMC input of an evaluation.
///
/// # Errors
/// When there are no two classes, or no scores.
pub fn imrmc(desk: &Desk, at: &Path, request: &FiguresRequest) -> Outcome<String> {
    let loaded = loaded::load(desk, at)?;
    exchange(&loaded.evaluation, &request.filter)
        .map_err(|error| failure("eval.imrmc", format!("{error}."), ""))
}

fn encoding(error: overread_report::ReportError) -> crate::Failure {
    failure("report.failed", format!("{error}."), "")
}

/// Writes a file whole or not at all.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Outcome<PathBuf> {
    let path = folder.join(name);
    overread_store::write::atomic(&path, bytes).map_err(|error| io(&path.display().to_string(), &error))?;
    Ok(path)
}

/// The operation `save_plot`.
///
/// # Errors
/// When it is no SVG or PNG, or cannot be written.
pub fn plot(desk: &Desk, arguments: &PlotFile) -> Outcome<Exported> {
    let refused = |why: &str| failure("report.plot", format!("The plot cannot be saved: {why}."), "");
    if arguments.content.len() > LARGEST_PLOT {
        return Err(refused("it is too large"));
    }
    let (extension, bytes) = match arguments.kind.as_str() {
        "svg" if arguments.content.trim_start().starts_with("<svg") => {
            ("svg", arguments.content.clone().into_bytes())
        }
        "png" => {
            let bytes = STANDARD
                .decode(&arguments.content)
                .map_err(|_| refused("it is not base64"))?;
            if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
                return Err(refused("it is no PNG"));
            }
            ("png", bytes)
        }
        _ => return Err(refused("it is neither SVG nor PNG")),
    };
    // A name from the page is a word, never a path.
    let stem: String = arguments
        .name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_') {
                c
            } else {
                '-'
            }
        })
        .take(80)
        .collect();
    let folder = desk.home.join("exports");
    fs::create_dir_all(&folder).map_err(|error| io(&folder.display().to_string(), &error))?;
    let path = put(
        &folder,
        &format!("{}.{extension}", if stem.is_empty() { "plot" } else { &stem }),
        &bytes,
    )?;
    Ok(Exported {
        place: path.display().to_string(),
        rows: 1,
    })
}
