//! One reader whole: answers, confusion, labels, curves, calibration, subgroups, arms.

use overread_evaluation::evaluated::figures::{CalibrationFigures, ConfusionTable, ReaderFigures};

use crate::escape::html as text;
use crate::evaluation::page::{cell_of, figures, words};
use crate::evaluation::{numbers, plots};
use crate::html::{push, row};

pub(super) fn one_reader(page: &mut String, r: &ReaderFigures, k: usize) {
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
