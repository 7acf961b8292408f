//! The page: what was asked of whom, what must be known first, then figures with their plots and the cases behind them.

use overread_evaluation::evaluated::cases::Verdict;
use overread_evaluation::evaluated::figures::{
    CalibrationFigures, Comparison, ConfusionTable, Figure, Figures, ReaderFigures, Remark, Test, Weight,
};

use crate::ReportError;
use crate::escape::html as text;

use crate::evaluation::plots::{self, ForestRow};
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

fn words(value: impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

fn heading(page: &mut String, words: &str) {
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

fn remarks(page: &mut String, remarks: &[Remark]) {
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

fn overview(page: &mut String, f: &Figures) {
    heading(page, "Readers");
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
    if let Some(first) = rows.first() {
        let title = format!("{} of each reader", first.figure.name);
        push(
            page,
            format_args!(
                "<figure style=\"max-width:none\">{}<figcaption>{}</figcaption></figure>\n",
                plots::forest(&title, &rows, None),
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
fn cell_of(figure: &Figure) -> String {
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

fn figures(page: &mut String, list: &[Figure]) {
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

fn one_reader(page: &mut String, r: &ReaderFigures, k: usize) {
    push(
        page,
        format_args!("<section class=\"reader\"><h2>{}</h2>\n<table>\n", text(&r.name)),
    );
    row(page, "Kind", &format!("{}, {}", words(r.kind), words(r.tuning)));
    for (name, value) in &r.described {
        row(page, name, value);
    }
    let invalid: Vec<String> = r
        .invalid
        .iter()
        .map(|i| format!("{} {}", i.count, i.kind))
        .collect();
    row(
        page,
        "Answers",
        &format!(
            "{} of {} cases: {} valid, {} waiting for a decision, invalid: {}",
            r.n,
            r.n + r.missing,
            r.answered,
            r.undecided,
            if invalid.is_empty() {
                "none".to_owned()
            } else {
                invalid.join(", ")
            }
        ),
    );
    page.push_str("</table>\n");
    if let Some(table) = &r.confusion {
        confusion(page, table);
    }
    per_label(page, r);
    if !r.curves.is_empty() {
        page.push_str("<h3>Curves</h3>\n<div class=\"plots\">\n");
        for curve in r.curves.iter().take(24) {
            let of = if curve.label.is_empty() {
                &r.name
            } else {
                &curve.label
            };
            let title = format!("{}, {of}", words(curve.kind));
            push(
                page,
                format_args!(
                    "<figure>{}<figcaption>{}<br>{}</figcaption></figure>\n",
                    plots::curve(&title, curve, k),
                    text(&title),
                    text(&format!(
                        "{} {}",
                        curve.figure.name,
                        numbers::whole(&curve.figure)
                    ))
                ),
            );
        }
        page.push_str("</div>\n");
    }
    if let Some(calibration) = &r.calibration {
        calibrated(page, calibration, k, &r.name);
    }
    if !r.subgroups.is_empty() {
        page.push_str("<h3>Subgroups</h3>\n<table class=\"grid\"><tr><th>Group</th><th>Value (95 % interval)</th><th class=\"n\">n</th><th class=\"n\">p against the rest, Holm</th></tr>\n");
        for group in &r.subgroups {
            push(
                page,
                format_args!(
                    "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                    text(&format!("{}: {}", group.key, group.value)),
                    cell_of(&group.figure),
                    group.figure.n,
                    text(&group.p_adjusted.map_or_else(String::new, numbers::probability))
                ),
            );
        }
        page.push_str("</table>\n");
    }
    if !r.arms.is_empty() {
        page.push_str("<h3>What the text model was given</h3>\n<table class=\"grid\"><tr><th>Findings</th><th>Value (95 % interval)</th><th>Gain over no findings</th></tr>\n");
        for arm in &r.arms {
            push(
                page,
                format_args!(
                    "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    text(&words(arm.arm)),
                    cell_of(&arm.figure),
                    arm.gain.as_ref().map_or_else(String::new, cell_of)
                ),
            );
        }
        page.push_str("</table>\n");
    }
    if !r.effort.is_empty() {
        page.push_str("<h3>Effort</h3>\n");
        figures(page, &r.effort);
    }
    page.push_str("</section>\n");
}

fn per_label(page: &mut String, r: &ReaderFigures) {
    let Some(first) = r.per_label.first() else { return };
    page.push_str("<h3>Each label</h3>\n<table class=\"grid\"><tr><th>Label</th><th class=\"n\">cases</th>");
    for figure in &first.figures {
        push(page, format_args!("<th>{}</th>", text(&figure.name)));
    }
    page.push_str("</tr>\n");
    for label in &r.per_label {
        push(
            page,
            format_args!(
                "<tr><td>{}</td><td class=\"n\">{}</td>",
                text(&label.label),
                label.support
            ),
        );
        for wanted in &first.figures {
            let figure = label.figures.iter().find(|f| f.key == wanted.key);
            push(
                page,
                format_args!(
                    "<td>{}</td>",
                    text(&figure.map_or_else(String::new, numbers::whole))
                ),
            );
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn confusion(page: &mut String, table: &ConfusionTable) {
    page.push_str("<h3>Truth in rows, answers in columns</h3>\n<table class=\"confusion\" style=\"width:auto\"><tr><th></th>");
    for column in &table.columns {
        push(
            page,
            format_args!("<th class=\"of\" scope=\"col\">{}</th>", text(column)),
        );
    }
    page.push_str("<th class=\"of\">all</th></tr>\n");
    for (name, cells) in table.rows.iter().zip(&table.cells) {
        let all: u32 = cells.iter().sum();
        push(page, format_args!("<tr><th scope=\"row\">{}</th>", text(name)));
        for (column, count) in table.columns.iter().zip(cells) {
            let share = if all == 0 {
                0.0
            } else {
                f64::from(*count) / f64::from(all)
            };
            // Right answers blue, others orange: told apart by place as well, for the diagonal is where names agree.
            let hue = if column == name { "0,114,178" } else { "213,94,0" };
            let shown = if *count == 0 {
                "·".to_owned()
            } else {
                count.to_string()
            };
            push(
                page,
                format_args!(
                    "<td style=\"background:rgba({hue},{:.2})\">{shown}</td>",
                    share * 0.55
                ),
            );
        }
        push(page, format_args!("<td>{all}</td></tr>\n"));
    }
    page.push_str("</table>\n");
}

fn calibrated(page: &mut String, c: &CalibrationFigures, k: usize, name: &str) {
    push(
        page,
        format_args!(
            "<h3>Calibration</h3>\n<p class=\"soft\">{} ({} answers)</p>\n",
            text(&c.kind),
            c.n
        ),
    );
    push(
        page,
        format_args!(
            "<div class=\"plots\"><figure>{}<figcaption>share right by confidence, Wilson intervals</figcaption></figure><div>\n",
            plots::reliability(&format!("Reliability of {name}"), &c.bins, k)
        ),
    );
    page.push_str("<table class=\"grid\"><tr><th>Confidence</th><th class=\"n\">n</th><th class=\"n\">mean</th><th>right</th></tr>\n");
    for bin in c.bins.iter().filter(|b| b.n > 0) {
        let right = match (bin.right, bin.right_low, bin.right_high) {
            (Some(r), Some(a), Some(b)) => {
                format!("{:.1} % ({:.1} to {:.1})", r * 100.0, a * 100.0, b * 100.0)
            }
            _ => numbers::UNDEFINED.to_owned(),
        };
        push(
            page,
            format_args!(
                "<tr><td>{:.1} to {:.1}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
                bin.low,
                bin.high,
                bin.n,
                bin.confidence.map_or_else(String::new, |v| format!("{v:.3}")),
                text(&right)
            ),
        );
    }
    page.push_str("</table></div></div>\n");
    figures(page, &c.figures);
    for fitted in &c.fitted {
        let change = |before: Option<f64>, after: Option<f64>| match (before, after) {
            (Some(a), Some(b)) => format!("{a:.3} before, {b:.3} after"),
            _ => numbers::UNDEFINED.to_owned(),
        };
        push(
            page,
            format_args!(
                "<p>{}, fitted on split {} ({} cases): {}. ECE {}; log loss {}. <span class=\"soft\">{}</span></p>\n",
                text(&fitted.kind),
                text(&fitted.split),
                fitted.n,
                text(&fitted.parameters),
                change(fitted.ece_before, fitted.ece_after),
                change(fitted.log_loss_before, fitted.log_loss_after),
                text(&fitted.note)
            ),
        );
    }
    for line in &c.abstain {
        let sentence = match (line.confidence, line.coverage) {
            (Some(confidence), Some(coverage)) => format!(
                "Answering only above {confidence:.3} keeps {:.1} % of the cases; among them {} are wrong.",
                coverage * 100.0,
                line.found.map_or_else(
                    || "an unknown share".to_owned(),
                    |v| format!("{:.1} %", v * 100.0)
                )
            ),
            _ => format!("No line keeps the risk below {:.1} %.", line.risk * 100.0),
        };
        push(
            page,
            format_args!(
                "<p>{} <span class=\"soft\">{}</span></p>\n",
                text(&sentence),
                text(&line.note)
            ),
        );
    }
    for set in &c.conformal {
        let size = set
            .mean_size
            .map_or_else(|| numbers::UNDEFINED.to_owned(), |v| format!("{v:.2} labels"));
        push(
            page,
            format_args!(
                "<p>Conformal sets ({}, {:.0} % wanted, calibrated on {} patients of split {}): covered {}, mean size {size}.</p>\n",
                text(&set.method),
                (1.0 - set.alpha) * 100.0,
                set.n,
                text(&set.split),
                text(&numbers::whole(&set.coverage))
            ),
        );
    }
}

fn name_of<'a>(f: &'a Figures, id: &'a str) -> &'a str {
    f.readers.iter().find(|r| r.id == id).map_or(id, |r| &r.name)
}

fn test_words(test: &Test) -> String {
    let mut out = test.name.clone();
    if let Some(statistic) = test.statistic {
        out.push_str(&format!(" {statistic:.3}"));
    }
    if let Some(df) = test.df {
        out.push_str(&format!(" (df {df:.1})"));
    }
    match test.p {
        Some(p) => out.push_str(&format!(", p {}", p_words(p))),
        None => out.push_str(", not defined"),
    }
    if let Some(p) = test.p_adjusted {
        out.push_str(&format!(", p {} after Holm", p_words(p)));
    }
    if !test.note.is_empty() {
        out.push_str(&format!(" ({})", test.note));
    }
    out
}

fn p_words(p: f64) -> String {
    let text = numbers::probability(p);
    if text.starts_with(['<', '>']) {
        text
    } else {
        format!("= {text}")
    }
}

fn comparison(page: &mut String, f: &Figures) {
    let Some(comparisons) = &f.comparison else { return };
    if comparisons.pairs.is_empty() {
        return;
    }
    heading(page, "Readers against each other, on the same cases");
    if let Some(test) = &comparisons.omnibus {
        push(
            page,
            format_args!(
                "<p>{} Over the {} cases that all answered.</p>\n",
                text(&(test_words(test) + ".")),
                comparisons.n_common
            ),
        );
    }
    let titles: Vec<String> = comparisons
        .pairs
        .iter()
        .map(|p| format!("{} − {}", name_of(f, &p.a), name_of(f, &p.b)))
        .collect();
    let rows: Vec<ForestRow<'_>> = comparisons
        .pairs
        .iter()
        .zip(&titles)
        .filter_map(|(pair, title)| {
            Some(ForestRow {
                name: title,
                figure: pair.figures.first()?,
                beside: String::new(),
            })
        })
        .collect();
    if let Some(first) = rows.first() {
        push(
            page,
            format_args!(
                "<figure style=\"max-width:none\">{}<figcaption>{}</figcaption></figure>\n",
                plots::forest("Differences between readers", &rows, Some(0.0)),
                text(&first.figure.name)
            ),
        );
    }
    for (pair, title) in comparisons.pairs.iter().zip(&titles) {
        one_pair(page, f, pair, title);
    }
}

fn one_pair(page: &mut String, f: &Figures, pair: &Comparison, title: &str) {
    push(page, format_args!("<h3>{}</h3>\n", text(title)));
    remarks(page, &pair.remarks);
    push(
        page,
        format_args!(
            "<p>{} cases: both right {}, only {} {}, only {} {}, neither {}.</p>\n",
            pair.n,
            pair.both,
            text(name_of(f, &pair.a)),
            pair.a_only,
            text(name_of(f, &pair.b)),
            pair.b_only,
            pair.neither
        ),
    );
    figures(page, &pair.figures);
    for test in &pair.tests {
        push(page, format_args!("<p>{}</p>\n", text(&test_words(test))));
    }
}

fn agreement(page: &mut String, f: &Figures) {
    for reveal in &f.reveal {
        push(
            page,
            format_args!(
                "<h2>What the reveal did: {}</h2>\n<p>{} cases answered before and after the model was seen.</p>\n",
                text(name_of(f, &reveal.reader)),
                reveal.n
            ),
        );
        let list = [
            &reveal.rescued,
            &reveal.misled,
            &reveal.unmoved,
            &reveal.before,
            &reveal.after,
            &reveal.change,
        ];
        figures(page, &list.map(Clone::clone));
    }
    if f.agreement.is_empty() {
        return;
    }
    heading(page, "Agreement");
    for agreement in &f.agreement {
        let names: Vec<&str> = agreement.between.iter().map(|id| name_of(f, id)).collect();
        push(
            page,
            format_args!(
                "<h3>{} ({} cases)</h3>\n",
                text(&names.join(" and ")),
                agreement.n
            ),
        );
        figures(page, &agreement.figures);
    }
}

fn published(page: &mut String, f: &Figures) {
    if f.published.is_empty() {
        return;
    }
    heading(page, "Published figures, for reference");
    page.push_str("<div class=\"published\"><p>Measured by others on other cases; they enter no figure above.</p>\n<table class=\"grid\"><tr><th>Reader</th><th>Metric and data</th><th class=\"n\">Value</th><th class=\"n\">n</th><th>Conditions</th><th>Source</th></tr>\n");
    for p in &f.published {
        let mut conditions: Vec<String> = p.conditions.iter().map(|(k, v)| format!("{k}: {v}")).collect();
        if !p.caution.is_empty() {
            conditions.push(p.caution.clone());
        }
        push(
            page,
            format_args!(
                "<tr><td>{}, {}</td><td>{}; {}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>\n",
                text(&p.reader),
                text(&words(p.tuning)),
                text(&p.metric),
                text(&p.task),
                text(&numbers::value(p.unit, p.value)),
                p.n.map_or_else(|| "not given".to_owned(), |n| n.to_string()),
                text(&conditions.join("; ")),
                text(&p.source)
            ),
        );
    }
    page.push_str("</table></div>\n");
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
