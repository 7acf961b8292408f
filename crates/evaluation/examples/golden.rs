//! `golden FILE.json [KIND]`: computes every scenario of a file of reference values and prints each value that differs.
//! Run by `cargo xtask golden`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is what it is for"
)]

use std::process::ExitCode;

use overread_evaluation::golden::{compute, differences};
use serde_json::Value;

/// Longer lines say no more.
const LONGEST: usize = 300;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(file) = arguments.first() else {
        eprintln!("Usage: golden FILE.json [KIND]");
        return ExitCode::from(2);
    };
    match run(file, arguments.get(1).map(String::as_str)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(sentence) => {
            eprintln!("{sentence}");
            ExitCode::from(2)
        }
    }
}

/// The number of scenarios that differ.
fn run(file: &str, kind_wanted: Option<&str>) -> Result<usize, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file} cannot be read: {error}."))?;
    let reference: Value =
        serde_json::from_str(&text).map_err(|error| format!("{file} is no JSON: {error}."))?;
    let scenarios = reference["scenarios"]
        .as_array()
        .ok_or_else(|| format!("{file} has no scenarios."))?;
    let (mut seen, mut differing, mut values) = (0, 0, 0);
    for scenario in scenarios {
        let kind = scenario["kind"].as_str().unwrap_or_default();
        if kind_wanted.is_some_and(|wanted| wanted != kind) {
            continue;
        }
        seen += 1;
        let lines = match compute(kind, &scenario["input"]) {
            Some(Ok(got)) => differences(kind, &scenario["expected"], &got, &reference["tolerance"]),
            Some(Err(reason)) => vec![reason],
            None => vec!["the kind is unknown".to_owned()],
        };
        differing += usize::from(!lines.is_empty());
        values += lines.len();
        for line in lines {
            let id = scenario["id"].as_str().unwrap_or("?");
            println!(
                "{id} ({kind}): {}",
                line.chars().take(LONGEST).collect::<String>()
            );
        }
    }
    if seen == 0 {
        return Err(match kind_wanted {
            Some(kind) => format!("{file} has no scenario of the kind {kind}."),
            None => format!("{file} has no scenario."),
        });
    }
    println!(
        "{seen} scenarios, {} as expected, {differing} differ in {values} values",
        seen - differing
    );
    Ok(differing)
}
