//! A report as text: one item a line, indented as it is nested.

use std::fmt::Write as _;

use crate::objects::reference::InstanceReference;
use crate::objects::sr::{Item, ItemValue, Report};

/// The report as indented lines for a terminal.
pub fn lines(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}",
        if report.title.is_empty() {
            "Untitled"
        } else {
            &report.title
        }
    );
    let flags = flags(report);
    if !flags.is_empty() {
        let _ = writeln!(out, "{}", flags.join(" · "));
    }
    for (what, names) in [
        ("Verified by", &report.verifiers),
        ("Written by", &report.authors),
    ] {
        for name in names {
            let _ = writeln!(out, "{what} {name}");
        }
    }
    out.push('\n');
    for item in &report.items {
        let indent = "  ".repeat(usize::from(item.depth));
        let text = line(report, item);
        let mut rows = text.lines();
        let _ = writeln!(out, "{indent}{}", rows.next().unwrap_or_default());
        for row in rows {
            let _ = writeln!(out, "{indent}  {row}");
        }
    }
    if report.is_cut {
        out.push_str("… the report goes on: it is too long to be read whole\n");
    }
    out
}

/// Content time and flags, those that are given.
pub fn flags(report: &Report) -> Vec<String> {
    [
        &report.content_time,
        &report.preliminary,
        &report.completion,
        &report.verification,
    ]
    .into_iter()
    .filter(|flag| !flag.is_empty())
    .map(|flag| flag.to_lowercase())
    .collect()
}

fn line(report: &Report, item: &Item) -> String {
    let how = relationship(item)
        .map(|how| format!("({how}) "))
        .unwrap_or_default();
    let value = value(report, item);
    match (item.name.as_str(), value.as_str()) {
        ("", "") => format!("{how}–"),
        ("", value) => format!("{how}{value}"),
        (name, "") => format!("{how}{name}"),
        (name, value) => format!("{how}{name}: {value}"),
    }
}

/// How an item belongs to the one above, in words; nothing for what it plainly contains.
pub fn relationship(item: &Item) -> Option<String> {
    match item.relationship.as_str() {
        "" | "CONTAINS" => None,
        "HAS OBS CONTEXT" => Some("observation context".to_owned()),
        "HAS ACQ CONTEXT" => Some("acquisition context".to_owned()),
        "HAS CONCEPT MOD" => Some("modifier".to_owned()),
        other => Some(other.to_lowercase()),
    }
}

/// What an item says, in words.
pub fn value(report: &Report, item: &Item) -> String {
    match &item.value {
        ItemValue::Heading | ItemValue::Nothing => String::new(),
        ItemValue::Text(text) => text.clone(),
        ItemValue::Code(code) => code.to_string(),
        ItemValue::Number {
            value,
            unit,
            qualifier,
        } => number(value, unit, qualifier),
        ItemValue::Instance(reference) => instance(reference),
        ItemValue::Region { graphic, points, on } => {
            let on = on
                .as_ref()
                .map(|on| format!(" on {}", instance(on)))
                .unwrap_or_default();
            format!("{} of {} points{on}", graphic.to_lowercase(), points.len() / 2)
        }
        ItemValue::Region3d { graphic, points, .. } => {
            format!(
                "{} of {} points in the patient",
                graphic.to_lowercase(),
                points.len() / 3
            )
        }
        ItemValue::Times(kind) => kind.to_lowercase(),
        ItemValue::Link(target) => match target.and_then(|at| report.items.get(at)) {
            Some(target) if !target.name.is_empty() => format!("see {}", target.name),
            Some(target) => format!("see {}", value_of_target(target)),
            None => "see the report itself".to_owned(),
        },
    }
}

/// What an unnamed target says; a link is not followed further.
fn value_of_target(item: &Item) -> String {
    match &item.value {
        ItemValue::Text(text) => text.clone(),
        ItemValue::Code(code) => code.to_string(),
        ItemValue::Instance(reference) => instance(reference),
        _ => "another item".to_owned(),
    }
}

/// `8.2 mm`, or why there is no number.
pub fn number(value: &str, unit: &str, qualifier: &str) -> String {
    let number = [value, unit]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match (value, qualifier) {
        ("", "") => "no value".to_owned(),
        ("", why) => why.to_owned(),
        (_, "") => number,
        (_, why) => format!("{number} ({why})"),
    }
}

/// `1.2.3 frame 4`.
pub fn instance(reference: &InstanceReference) -> String {
    let listed = |what: &str, numbers: Vec<String>| match numbers.len() {
        0 => String::new(),
        1 => format!(" {what} {}", numbers.join(", ")),
        _ => format!(" {what}s {}", numbers.join(", ")),
    };
    format!(
        "{}{}{}",
        reference.sop_instance,
        listed("frame", reference.frames.iter().map(u32::to_string).collect()),
        listed("segment", reference.segments.iter().map(u16::to_string).collect())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_as_lines() {
        let item = |depth, relationship: &str, name: &str, value| Item {
            depth,
            relationship: relationship.to_owned(),
            name: name.to_owned(),
            value,
        };
        let report = Report {
            title: "Measurement report".to_owned(),
            is_key_objects: false,
            completion: "COMPLETE".to_owned(),
            verification: "UNVERIFIED".to_owned(),
            preliminary: String::new(),
            verifiers: Vec::new(),
            authors: vec!["Doe, Jane".to_owned()],
            content_time: "2024-03-12".to_owned(),
            items: vec![
                item(0, "CONTAINS", "Findings", ItemValue::Heading),
                item(1, "CONTAINS", "Note", ItemValue::Text("one\ntwo".to_owned())),
                item(
                    1,
                    "CONTAINS",
                    "Length",
                    ItemValue::Number {
                        value: "8.2".to_owned(),
                        unit: "mm".to_owned(),
                        qualifier: String::new(),
                    },
                ),
                item(2, "INFERRED FROM", "", ItemValue::Link(Some(1))),
            ],
            is_cut: false,
        };
        let wanted = "Measurement report\n2024-03-12 · complete · unverified\nWritten by Doe, Jane\n\n\
                      Findings\n  Note: one\n    two\n  Length: 8.2 mm\n    (inferred from) see Note\n";
        assert_eq!(lines(&report), wanted);
    }
}
