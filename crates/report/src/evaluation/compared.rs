//! Readers against each other, people before and after the reveal, agreement, and what others published.

use overread_evaluation::evaluated::figures::{Comparison, Figures, Test};

use crate::escape::html as text;
use crate::evaluation::numbers;
use crate::evaluation::page::{figures, heading, remarks, words};
use crate::evaluation::plots::{self, ForestRow};
use crate::html::push;

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

fn pair_name(f: &Figures, pair: &Comparison) -> String {
    format!("{} − {}", name_of(f, &pair.a), name_of(f, &pair.b))
}

/// Differences of pairs, with a line at none.
pub(super) fn difference_plot(f: &Figures) -> Option<(String, String)> {
    let pairs = &f.comparison.as_ref()?.pairs;
    let titles: Vec<String> = pairs.iter().map(|p| pair_name(f, p)).collect();
    let rows: Vec<ForestRow<'_>> = pairs
        .iter()
        .zip(&titles)
        .filter_map(|(pair, title)| {
            // Differences of one measure alone stand on one axis.
            let measure = &pairs.first()?.figures.first()?.key;
            Some(ForestRow {
                name: title,
                figure: pair.figures.first().filter(|f| f.key == *measure)?,
                beside: String::new(),
            })
        })
        .collect();
    let title = rows.first()?.figure.name.clone();
    let plot = plots::forest("Differences between readers", &rows, Some(0.0));
    Some((title, plot))
}

pub(super) fn comparison(page: &mut String, f: &Figures) {
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
    if let Some((title, plot)) = difference_plot(f) {
        push(
            page,
            format_args!(
                "<figure style=\"max-width:none\">{plot}<figcaption>{}</figcaption></figure>\n",
                text(&title)
            ),
        );
    }
    for pair in &comparisons.pairs {
        one_pair(page, f, pair, &pair_name(f, pair));
    }
}

fn one_pair(page: &mut String, f: &Figures, pair: &Comparison, title: &str) {
    push(page, format_args!("<h3>{}</h3>\n", text(title)));
    remarks(page, &pair.remarks);
    push(
        page,
        format_args!(
            "<p>n = {}: both right {}, only {} {}, only {} {}, neither {}.</p>\n",
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

pub(super) fn agreement(page: &mut String, f: &Figures) {
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

pub(super) fn published(page: &mut String, f: &Figures) {
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
