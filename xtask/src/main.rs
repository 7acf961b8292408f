//! Tasks of the repository: `cargo xtask setup | demo | test | codegen | tidy | bench | mutate | fuzz |
//! golden | conformance`.
//!
//! Everything a person or CI does more than once is here, so that two commands suffice: `cargo xtask demo` to see
//! Overread, `cargo xtask test` to check it. Both install what is missing and say what they install.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task talks to its terminal"
)]

mod bench;
mod codegen;
mod demo;
mod fuzz;
mod golden;
mod mutate;
mod process;
mod setup;
mod test;
mod tidy;

use clap::{Parser, Subcommand};

/// Tasks of the repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what building and running need.
    Setup,
    /// Build, and open the app on the bundled study with the bundled model; without a display, the same read headless.
    Demo {
        /// Do the headless read even where there is a display.
        #[arg(long)]
        headless: bool,
        /// Teach the bundled model a finding that it never saw, and judge it on cases apart: some minutes.
        #[arg(long)]
        tune: bool,
    },
    /// Run every check.
    Test {
        /// Only the steps whose name contains this.
        #[arg(long)]
        only: Option<String>,
    },
    /// Write the generated files: TypeScript types and translated shaders.
    Codegen,
    /// Check what no compiler checks: arrows, docs, wording, file lengths.
    Tidy,
    /// Measure the page and the window beside their peers (see docs/bench.md).
    Bench {
        /// Passed on to the page's benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Damage the files of a folder in thousands of ways and read them: no crash, no hang, no flood of memory.
    Mutate(mutate::Arguments),
    /// Fuzz the reader with coverage: runs of each target, and its findings.
    Fuzz(fuzz::Arguments),
    /// Hold the evaluation's figures against a file of reference values, and print what differs.
    Golden(golden::Arguments),
    /// Write docs/conformance.md from a run over the test corpus.
    Conformance,
}

fn main() -> std::process::ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Setup => setup::everything(),
        Task::Demo { headless, tune } => demo::run(headless, tune),
        Task::Test { only } => test::run(only.as_deref()),
        Task::Codegen => codegen::write(),
        Task::Tidy => tidy::check(),
        Task::Bench { arguments } => bench::run(&arguments),
        Task::Mutate(arguments) => mutate::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Golden(arguments) => golden::run(&arguments),
        Task::Conformance => codegen::conformance(),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("{sentence}");
            std::process::ExitCode::FAILURE
        }
    }
}
