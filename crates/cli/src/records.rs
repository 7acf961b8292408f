//! Commands about what is kept: cases, scores, reviews, the audit log.

use std::path::Path;

use overread_desk::Desk;
use overread_desk::op::{case as op_case, open, records, reviews};
use overread_desk::wire::review::ExportFormat;
use serde_json::{Value, json};

use crate::arguments::{
    AuditArguments, AuditCommand, CaseArguments, CaseCommand, ListFormat, ReviewArguments, ReviewCommand,
};
use crate::files::{print_json, print_text, write_file};
use crate::{Outcome, Trouble};

pub(crate) fn case(desk: &Desk, a: CaseArguments) -> Outcome {
    match a.command {
        CaseCommand::Import { truth, path, json } => {
            if let Some(path) = &path {
                open::load(desk, path)?;
            }
            let rows = op_case::read_table(&truth)?;
            let name = truth
                .file_name()
                .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            let done = op_case::import(desk, &rows, &name)?;
            for row in &done.unmatched {
                eprintln!("{row} matches nothing here");
            }
            if path.is_some() && done.matched == 0 {
                return Err(Trouble::failed(
                    "No row of the table matches a case of the folder.",
                ));
            }
            if json {
                return print_json(&json!(done));
            }
            let labels = format!("{} labels kept", done.rows);
            print_text(&if path.is_none() {
                format!("{labels}; those by UID are matched when their cases are opened\n")
            } else {
                format!("{labels}, {} display sets of the folder matched\n", done.matched)
            })
        }
        CaseCommand::List { path, json } => {
            let mut rows = Vec::new();
            for set in open::load(desk, &path)? {
                rows.push(records::case_row(desk, &set)?);
            }
            if json {
                return print_json(&json!({"cases": rows}));
            }
            let mut text = String::new();
            for row in &rows {
                let field = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
                text.push_str(&format!(
                    "{}  {}  truth {}  readings {}\n",
                    field("case"),
                    field("description"),
                    row["truth"],
                    row["readings"]
                ));
            }
            print_text(&text)
        }
        CaseCommand::Compare {
            path,
            display_set,
            json,
        } => {
            let sets = open::load(desk, &path)?;
            let set = open::choose(&sets, display_set.as_deref())?;
            let compared = records::compare(desk, &set)?;
            if json {
                return print_json(&compared);
            }
            let mut text = format!("truth: {}\n", compared["truth"]);
            for reading in compared["readings"].as_array().into_iter().flatten() {
                let field = |key: &str| reading[key].as_str().unwrap_or("-").to_owned();
                text.push_str(&format!(
                    "{}  {}  {}\n",
                    field("at"),
                    field("label"),
                    field("agreement")
                ));
            }
            print_text(&text)
        }
    }
}

pub(crate) fn review(desk: &Desk, a: ReviewArguments) -> Outcome {
    match a.command {
        ReviewCommand::List { json } => {
            let (text, _) = reviews::list(desk, ExportFormat::Json)?;
            if json {
                return print_text(&text);
            }
            let list: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
            let mut out = String::new();
            for r in list {
                let field = |key: &str| r[key].as_str().unwrap_or_default().to_owned();
                out.push_str(&format!(
                    "{}  {}  {}  {}\n",
                    field("at"),
                    field("score"),
                    field("title"),
                    field("comment")
                ));
            }
            print_text(&out)
        }
        ReviewCommand::File {
            path,
            display_set,
            slice,
            score,
            classes,
            comment,
            json,
        } => {
            let sets = open::load(desk, &path)?;
            let set = open::choose(&sets, display_set.as_deref())?;
            let filed = records::file_review(desk, &set, slice, &score, &classes, &comment)?;
            if json {
                print_json(&filed)
            } else {
                print_text(&format!("{}\n", filed["id"].as_str().unwrap_or_default()))
            }
        }
        ReviewCommand::Export { format, out } => export(desk, format, out.as_deref()),
    }
}

fn export(desk: &Desk, format: ListFormat, out: Option<&Path>) -> Outcome {
    let format = match format {
        ListFormat::Csv => ExportFormat::Csv,
        ListFormat::Json => ExportFormat::Json,
    };
    let (text, rows) = reviews::list(desk, format)?;
    match out {
        Some(path) => {
            write_file(path, text.as_bytes())?;
            eprintln!("{rows} reviews written");
            Ok(())
        }
        None => print_text(&text),
    }
}

pub(crate) fn audit(desk: &Desk, a: AuditArguments) -> Outcome {
    let AuditCommand::Verify { json } = a.command;
    let (rows, fault) = records::audit(desk)?;
    if json {
        print_json(&json!({"rows": rows, "fault": fault}))?;
    }
    match fault {
        None if json => Ok(()),
        None => print_text(&format!("{rows} rows, all in order\n")),
        Some(fault) => Err(Trouble::failed(format!(
            "The audit log was tampered with: {fault}."
        ))),
    }
}
