//! `cargo xtask mutate`: damaged files by the thousand, in one process; the reader of `overread-dicom` must bear them.

use std::path::PathBuf;
use std::process::Stdio;

use crate::process::{self, Outcome, cargo, command, root, target};

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Number of mutants.
    #[arg(long = "n", default_value_t = 20_000)]
    count: u64,
    /// The same seed and folder give the same mutants.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this mutant, with what became of it.
    #[arg(long)]
    only: Option<u64>,
    /// With --only: write the mutant here.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Threads; as many as there are cores when not given.
    #[arg(long)]
    threads: Option<u64>,
    /// Make overflows and broken assumptions panic, in the crates below too.
    #[arg(long)]
    checked: bool,
    /// Keep the summary for docs/conformance.md.
    #[arg(long)]
    record: bool,
    /// Folder whose files are mutated.
    folder: PathBuf,
}

/// Builds the tool and runs it. When the process dies, says at which mutants.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let profile = if arguments.checked { "checked" } else { "release" };
    process::run(cargo().args([
        "build",
        "--profile",
        profile,
        "--package",
        "overread-dicom",
        "--example",
        "mutate",
    ]))?;
    let journal = target().join("mutate");
    let _ = std::fs::remove_dir_all(&journal);
    std::fs::create_dir_all(&journal).map_err(|error| format!("{}: {error}.", journal.display()))?;
    let here = std::env::current_dir().unwrap_or_else(|_| root());
    let mut tool = command(target().join(profile).join("examples/mutate"));
    tool.arg("--n")
        .arg(arguments.count.to_string())
        .arg("--seed")
        .arg(arguments.seed.to_string());
    for (name, value) in [("--only", arguments.only), ("--threads", arguments.threads)] {
        if let Some(value) = value {
            tool.arg(name).arg(value.to_string());
        }
    }
    if let Some(path) = &arguments.write {
        tool.arg("--write").arg(here.join(path));
    }
    tool.arg(here.join(&arguments.folder))
        .env("OVERREAD_MUTATE_JOURNAL", &journal);
    let output = tool
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("the tool does not start: {error}."))?;
    let summary = String::from_utf8_lossy(&output.stdout);
    print!("{summary}");
    let status = output.status;
    if arguments.record && status.success() {
        let kept = root().join("crates/dicom/tests/mutation.txt");
        std::fs::write(&kept, summary.as_bytes()).map_err(|error| format!("{}: {error}.", kept.display()))?;
    }
    match status.code() {
        Some(0) => Ok(()),
        Some(_) => Err("There are findings, or nothing to mutate.".to_owned()),
        None => {
            let at: Vec<String> = std::fs::read_dir(&journal)
                .into_iter()
                .flatten()
                .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
                .map(|text| text.trim().to_owned())
                .collect();
            Err(format!(
                "The process died ({status}) while it read mutants {} of seed {}.",
                at.join(", "),
                arguments.seed
            ))
        }
    }
}
