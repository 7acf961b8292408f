//! `cargo xtask fuzz`: hostile bytes steered by coverage (libFuzzer). Needs a nightly compiler; `fuzz/` is laid out as
//! cargo-fuzz expects it, so that `cargo +nightly fuzz run TARGET` does as well.

use std::path::PathBuf;

use crate::process::{self, Outcome, cargo, command, output, root, target};

/// What the compiler has to put in so that a target sees which way its bytes go.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this target; all of them when not given.
    #[arg(long)]
    target: Option<String>,
    /// Folders whose small files and code streams are seeds too.
    files: Vec<PathBuf>,
}

/// Writes seeds, builds the targets and runs each; an error names what stopped.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let folder = root().join("fuzz");
    let here = std::env::current_dir().unwrap_or_else(|_| root());
    let corpus = folder.join("corpus");
    let mut seeds = cargo();
    seeds.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "overread-dicom",
        "--example",
        "seeds",
        "--",
    ]);
    seeds
        .arg(&corpus)
        .args(arguments.files.iter().map(|files| here.join(files)));
    process::run(&mut seeds)?;

    let host = output(command("rustc").arg("--version").arg("--verbose"))
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        })
        .ok_or("rustc does not say what it runs on.")?;
    let built = target().join("fuzz");
    let mut build = command("rustup");
    build
        .args([
            "run",
            "nightly",
            "cargo",
            "build",
            "--release",
            "--target",
            &host,
            "--manifest-path",
        ])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&built)
        .env("RUSTFLAGS", COVERAGE)
        .env_remove("CARGO");
    process::run(&mut build)?;

    let mut targets: Vec<String> = std::fs::read_dir(folder.join("fuzz_targets"))
        .map_err(|error| format!("fuzz/fuzz_targets: {error}."))?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .filter(|name| arguments.target.as_ref().is_none_or(|wanted| wanted == name))
        .collect();
    targets.sort();
    if targets.is_empty() {
        return Err("There is no such target; fuzz/fuzz_targets has them.".to_owned());
    }
    let mut stopped = Vec::new();
    for name in targets {
        if !one(
            &name,
            arguments.seconds,
            &folder,
            &built.join(&host).join("release").join(&name),
        )? {
            stopped.push(name);
        }
    }
    if stopped.is_empty() {
        Ok(())
    } else {
        Err(format!("Findings in {}: see fuzz/artifacts.", stopped.join(", ")))
    }
}

/// Runs one target; false when it stopped at a finding.
fn one(
    name: &str,
    seconds: u32,
    folder: &std::path::Path,
    program: &std::path::Path,
) -> Result<bool, String> {
    let artifacts = folder.join("artifacts").join(name);
    let corpus = folder.join("corpus").join(name);
    for made in [&artifacts, &corpus] {
        std::fs::create_dir_all(made).map_err(|error| format!("{}: {error}.", made.display()))?;
    }
    let done = command(program)
        .arg(&corpus)
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-dict={}", folder.join("dicom.dict").display()))
        .arg(format!("-max_total_time={seconds}"))
        .args([
            "-timeout=30",
            "-rss_limit_mb=3072",
            "-max_len=65536",
            "-seed=1",
            "-print_final_stats=1",
        ])
        .output()
        .map_err(|error| format!("{name} does not start: {error}."))?;
    let said = String::from_utf8_lossy(&done.stderr);
    let runs = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .map_or("?", str::trim);
    let verdict = if done.status.success() { "clean" } else { "FINDING" };
    println!("{name}: {runs} runs in {seconds} s, {verdict}");
    if !done.status.success() {
        let told = said
            .lines()
            .filter(|line| line.contains("panicked") || line.contains("ERROR") || line.contains("Test unit"));
        told.take(6).for_each(|line| println!("  {line}"));
    }
    Ok(done.status.success())
}
