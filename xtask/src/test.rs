//! `cargo xtask test`: every check, cheap ones first. CI calls this and nothing else.

use std::process::Command;
use std::time::Instant;

use crate::process::{self, Outcome, cargo, command, has, npm, output, root, target};
use crate::{setup, tidy};

struct Step {
    name: &'static str,
    action: fn() -> Outcome,
}

const STEPS: &[Step] = &[
    Step {
        name: "format",
        action: || process::run(cargo().args(["fmt", "--all", "--check"])),
    },
    Step {
        name: "toml",
        action: || {
            process::run(npm().args([
                "exec",
                "--",
                "taplo",
                "fmt",
                "--check",
                "--config",
                "../taplo.toml",
            ]))
        },
    },
    Step {
        name: "tidy",
        action: tidy::check,
    },
    Step {
        name: "page: types",
        action: || process::run(npm().args(["run", "--silent", "check"])),
    },
    Step {
        name: "page: lint",
        action: || process::run(npm().args(["run", "--silent", "lint"])),
    },
    Step {
        name: "page: unit tests",
        action: || process::run(npm().args(["run", "--silent", "test"])),
    },
    Step {
        name: "page: build",
        action: || process::run(npm().args(["run", "--silent", "build"])),
    },
    Step {
        name: "build",
        action: build,
    },
    Step {
        name: "tests",
        action: tests,
    },
    Step {
        name: "doctests",
        action: || process::run(cargo().args(["test", "--workspace", "--doc", "--quiet"])),
    },
    Step {
        name: "clippy",
        action: || {
            process::run(cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ]))
        },
    },
    Step {
        name: "dependencies",
        // The advisory list would have to be fetched; licences, sources and bans need no network.
        action: || {
            process::run(cargo().args([
                "deny",
                "--offline",
                "--log-level",
                "error",
                "check",
                "licenses",
                "bans",
                "sources",
            ]))
        },
    },
    Step {
        name: "evaluation, found twice",
        action: || process::run(&mut node("tests/evaluation/run.mjs")),
    },
    Step {
        name: "browser flows",
        action: || process::run(&mut node("tests/flows/run.mjs")),
    },
    Step {
        name: "window flows",
        action: window_flows,
    },
];

/// Sets up and runs every step, or those whose name contains `only`.
pub(crate) fn run(only: Option<&str>) -> Outcome {
    setup::everything()?;
    let started = Instant::now();
    let mut times = Vec::new();
    for step in STEPS
        .iter()
        .filter(|step| only.is_none_or(|only| step.name.contains(only)))
    {
        println!("== {}", step.name);
        let begun = Instant::now();
        (step.action)().map_err(|sentence| format!("{}: {sentence}", step.name))?;
        times.push(format!("{} {:.0} s", step.name, begun.elapsed().as_secs_f64()));
    }
    println!(
        "== all checks passed in {:.0} s ({})",
        started.elapsed().as_secs_f64(),
        times.join(", ")
    );
    Ok(())
}

fn build() -> Outcome {
    process::run(cargo().args([
        "build",
        "--workspace",
        "--all-targets",
        "--features",
        "overread-app/testing",
    ]))
}

fn tests() -> Outcome {
    if output(command("cargo-nextest").args(["nextest", "--version"])).is_some() {
        return process::run(cargo().args([
            "nextest",
            "run",
            "--workspace",
            "--features",
            "overread-app/testing",
            "--no-fail-fast",
        ]));
    }
    println!("cargo-nextest is not installed: using cargo test");
    process::run(cargo().args([
        "test",
        "--workspace",
        "--features",
        "overread-app/testing",
        "--quiet",
    ]))
}

fn window_flows() -> Outcome {
    if !has("WebKitWebDriver") {
        return Err("WebKitWebDriver is missing: install webkit2gtk-driver.".to_owned());
    }
    process::run(&mut node("tests/window/run.mjs"))
}

fn node(script: &str) -> Command {
    let mut node = command("node");
    node.arg(root().join(script))
        .env("OVERREAD_BINARY", target().join("debug/overread"))
        .env("OVERREAD_APP", target().join("debug/overread-app"));
    node
}
