//! `cargo xtask golden FILE.json`: the evaluation's figures held against a file of reference values.

use std::path::PathBuf;

use crate::process::{Outcome, cargo, root};

/// What to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A file of scenarios with inputs and expected values.
    file: PathBuf,
    /// Only scenarios of this kind.
    #[arg(long)]
    kind: Option<String>,
}

/// Prints each scenario that differs; an error when one does.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let here = std::env::current_dir().unwrap_or_else(|_| root());
    let mut command = cargo();
    command.args([
        "run",
        "--quiet",
        "--package",
        "overread-evaluation",
        "--example",
        "golden",
        "--",
    ]);
    command.arg(here.join(&arguments.file)).args(&arguments.kind);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) if status.code() == Some(1) => Err("Not every value is as expected.".to_owned()),
        Ok(_) => Err("The values could not be compared.".to_owned()),
        Err(error) => Err(format!("cargo could not be started: {error}.")),
    }
}
