//! The page: what was asked of whom, what must be known first, then figures with their plots and the cases behind them.

use overread_evaluation::evaluated::cases::Verdict;
use overread_evaluation::evaluated::figures::{Figure, Figures, ReaderFigures, Remark, Weight};

use crate::ReportError;
use crate::escape::html as text;

use crate::evaluation::compared::{agreement, comparison, published};
use crate::evaluation::plots::{self, ForestRow};
use crate::evaluation::reader::one_reader;
use crate::evaluation::{EvaluationReport, numbers, tables};
use crate::html::{begin, end, push, row};

/// Cases that are listed; the CSV has all.
const LISTED: usize = 200;

const STYLE: &str = "
svg{max-width:100%;height:auto}svg text.soft{fill:var(--soft)}
table.grid{font-size:12.5px;margin:4px 0 12px}table.grid th{width:auto;padding:3px 10px 3px 0;border-bottom:1px solid var(--line)}
table.grid td{padding:3px 10px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
table.grid td.n,table.grid th.n{text-align:right;white-space:nowrap}
table.confusion td{text-align:center;min-width:34px;border:1px solid var(--paper);padding:5px 6px}
table.confusion th{padding:4px 8px 4px 0;font-weight:400}table.confusion th.of{text-align:center}
.remark{border-left:4px solid var(--line);padding:4px 10px;margin:4px 0}.remark.caution{border-left-color:var(--differ)}
.remark.warning{border-left-color:var(--warn);background:var(--wash);font-weight:500}
.plots{display:flex;flex-wrap:wrap;gap:16px}.plots figure{flex:0 0 auto;max-width:none}
h3{font-size:14px;margin:18px 0 4px}section.reader{break-inside:auto}.published{background:var(--wash);padding:6px 10px}
@media print{table.grid{font-size:8.5pt}section.reader{break-before:auto}figure,tr{break-inside:avoid}}
";

pub(super) fn html(report: &EvaluationReport) -> Result<String, ReportError> {
    let f = &report.figures;
    finite(f)?;
    let mut page = begin(&f.name, &report.made_by, STYLE);
    asked(&mut page, f);
    remarks(&mut page, &f.remarks);
    overview(&mut page, f);
    for (k, reader) in f.readers.iter().enumerate() {
        one_reader(&mut page, reader, k);
    }
    comparison(&mut page, f);
    agreement(&mut page, f);
    published(&mut page, f);
    cases(&mut page, report);
    repeat(&mut page, report);
    end(&mut page);
    Ok(page)
}

/// JSON has no infinity and a plot no place for it: a figure is defined and finite or not defined.
fn finite(f: &Figures) -> Result<(), ReportError> {
    let all = f.readers.iter().flat_map(|r| {
        r.headline
            .iter()
            .chain(r.per_label.iter().flat_map(|l| &l.figures))
    });
    for figure in all {
        for value in [figure.value, figure.low, figure.high].into_iter().flatten() {
            if !value.is_finite() {
                return Err(ReportError::NotProbability {
                    what: figure.name.clone(),
                    value,
                });
            }
        }
    }
    Ok(())
}

pub(super) fn words(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

pub(super) fn heading(page: &mut String, words: &str) {
    push(page, format_args!("<h2>{}</h2>\n", text(words)));
}

fn asked(page: &mut String, f: &Figures) {
    heading(page, "What was asked");
    page.push_str("<table>\n");
    row(page, "Question", &f.question);
    row(page, "Form", &words(f.task));
    if !f.labels.is_empty() {
        row(page, "Labels", &f.labels.join(", "));
    }
    let cases = if f.cases == f.cases_in_set {
        format!("{} cases of {} patients", f.cases, f.patients)
    } else {
        format!(
            "{} of {} cases, {} patients (filtered)",
            f.cases, f.cases_in_set, f.patients
        )
    };
    row(page, "Cases", &cases);
    for line in filter_words(f) {
        row(page, "Only", &line);
    }
    row(page, "Truth", &f.truth.join("; "));
    let intervals = if f.resampling.resamples == 0 {
        "95 %, by formula".to_owned()
    } else {
        format!(
            "95 %; where said, by {} resamples over {}, seed {}",
            f.resampling.resamples, f.resampling.unit, f.resampling.seed
        )
    };
    row(page, "Intervals", &intervals);
    page.push_str("</table>\n");
}

fn filter_words(f: &Figures) -> Vec<String> {
    let filter = &f.filter;
    let mut out = Vec::new();
    for (name, list) in [
        ("split", &filter.splits),
        ("modality", &filter.modalities),
        ("truth label", &filter.labels),
        ("reader", &filter.readers),
        ("invalid answers", &filter.invalid),
    ] {
        if !list.is_empty() {
            out.push(format!("{name}: {}", list.join(", ")));
        }
    }
    out.extend(filter.groups.iter().map(|g| format!("{}: {}", g.key, g.value)));
    out
}

pub(super) fn remarks(page: &mut String, remarks: &[Remark]) {
    let mut sorted: Vec<&Remark> = remarks.iter().collect();
    sorted.sort_by_key(|r| std::cmp::Reverse(r.weight));
    for remark in sorted {
        let class = match remark.weight {
            Weight::Note => "",
            Weight::Caution => " caution",
            Weight::Warning => " warning",
        };
        push(
            page,
            format_args!(
                "<p class=\"remark{class}\" role=\"note\">{}</p>\n",
                text(&remark.text)
            ),
        );
    }
}

fn invalid_words(reader: &ReaderFigures) -> String {
    let rate = reader.headline.iter().find(|f| f.key == "invalid_rate");
    rate.map_or_else(String::new, |f| format!("{} invalid", numbers::estimate(f)))
}

/// Readers by their headline, with the share of invalid answers beside.
pub(super) fn headline_plot(f: &Figures) -> Option<(String, String)> {
    let rows: Vec<ForestRow<'_>> = f
        .readers
        .iter()
        .filter_map(|r| {
            Some(ForestRow {
                name: &r.name,
                figure: r.headline.first()?,
                beside: invalid_words(r),
            })
        })
        .collect();
    let title = format!("{} of each reader", rows.first()?.figure.name);
    let plot = plots::forest(&title, &rows, None);
    Some((title, plot))
}

fn overview(page: &mut String, f: &Figures) {
    heading(page, "Readers");
    if let Some((title, plot)) = headline_plot(f) {
        push(
            page,
            format_args!(
                "<figure style=\"max-width:none\">{plot}<figcaption>{}</figcaption></figure>\n",
                text(&title)
            ),
        );
    }
    let mut keys: Vec<(&str, &str)> = Vec::new();
    for figure in f.readers.iter().flat_map(|r| &r.headline) {
        if !keys.iter().any(|(key, _)| *key == figure.key) {
            keys.push((&figure.key, &figure.name));
        }
    }
    page.push_str("<table class=\"grid\"><tr><th>Figure</th>");
    for r in &f.readers {
        push(page, format_args!("<th>{}</th>", text(&r.name)));
    }
    page.push_str("</tr>\n<tr><td>answers of cases (missing)</td>");
    for r in &f.readers {
        push(page, format_args!("<td>{} ({})</td>", r.n, r.missing));
    }
    page.push_str("</tr>\n");
    for (key, name) in keys {
        push(page, format_args!("<tr><td>{}</td>", text(name)));
        for r in &f.readers {
            let figure = r.headline.iter().find(|figure| figure.key == key);
            push(
                page,
                format_args!("<td>{}</td>", figure.map_or_else(String::new, cell_of)),
            );
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

/// A figure with its interval, the method below it and what must be known.
pub(super) fn cell_of(figure: &Figure) -> String {
    let mut out = text(&numbers::whole(figure));
    let mut small: Vec<String> = Vec::new();
    if !figure.interval.is_empty() {
        small.push(figure.interval.clone());
    }
    small.extend(
        figure
            .beside
            .iter()
            .map(|o| format!("{}: {}", o.method, numbers::range(figure.unit, o.low, o.high))),
    );
    if !figure.note.is_empty() {
        small.push(figure.note.clone());
    }
    if !small.is_empty() {
        out.push_str(&format!(
            "<br><span class=\"soft\">{}</span>",
            text(&small.join("; "))
        ));
    }
    out
}

pub(super) fn figures(page: &mut String, list: &[Figure]) {
    page.push_str("<table class=\"grid\"><tr><th>Figure</th><th>Value (95 % interval)</th><th class=\"n\">n</th></tr>\n");
    for figure in list {
        push(
            page,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>\n",
                text(&figure.name),
                cell_of(figure),
                figure.n
            ),
        );
    }
    page.push_str("</table>\n");
}

fn cases(page: &mut String, report: &EvaluationReport) {
    let shown: Vec<_> = report.cases.iter().filter(|row| !row.hidden).collect();
    if shown.is_empty() {
        return;
    }
    heading(page, "Cases");
    if shown.len() > LISTED {
        push(
            page,
            format_args!(
                "<p>The first {LISTED} of {}; cases.csv has all.</p>\n",
                shown.len()
            ),
        );
    }
    page.push_str("<table class=\"grid\"><tr><th>Case</th><th>Truth</th>");
    for r in &report.figures.readers {
        push(page, format_args!("<th>{}</th>", text(&r.name)));
    }
    page.push_str("</tr>\n");
    for case in shown.into_iter().take(LISTED) {
        push(
            page,
            format_args!("<tr><td>{}</td><td>{}</td>", text(&case.case), text(&case.truth)),
        );
        for r in &report.figures.readers {
            let answer = case.answers.iter().find(|a| a.reader == r.id);
            let cell = answer.map_or_else(String::new, |a| {
                let said = if a.said.is_empty() {
                    String::new()
                } else {
                    format!("{}, ", a.said)
                };
                let confidence = a.confidence.map_or_else(String::new, |c| format!(" ({c:.2})"));
                format!("{said}{}{confidence}", tables::verdict(a.verdict))
            });
            let class = match answer.map(|a| a.verdict) {
                Some(Verdict::Right) => "verdict agree",
                Some(Verdict::Wrong | Verdict::Partial | Verdict::Invalid) => "verdict differ",
                _ => "soft",
            };
            push(
                page,
                format_args!("<td><span class=\"{class}\">{}</span></td>", text(&cell)),
            );
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn repeat(page: &mut String, report: &EvaluationReport) {
    heading(page, "Repeat it");
    push(
        page,
        format_args!("<pre>{}</pre>\n", text(&report.figures.command)),
    );
    if !report.sources.is_empty() {
        page.push_str("<table>\n");
        for source in &report.sources {
            row(page, &source.name, &format!("SHA-256 {}", source.sha256));
        }
        page.push_str("</table>\n");
    }
}
