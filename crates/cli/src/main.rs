//! `overread`, the command line over the desk: arguments, printing, exit codes, nothing else.
//!
//! Exit 0: done. 1: failed, one sentence on standard error. 2: wrong usage. Data go to standard output, progress and
//! logs to standard error. No network but `serve`, on the loopback address.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to its terminal"
)]

mod arguments;
mod ask;
mod ask_arguments;
mod bench;
mod demo;
mod demo_tune;
mod eval;
mod files;
mod models;
mod records;
mod serve;
mod told;
mod tune;
mod tune_arguments;
mod tune_head;
mod tune_lora;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use overread_desk::{Desk, DeskOptions, Failure};

/// Why a command ended badly.
pub(crate) enum Trouble {
    /// Exit 1.
    Failed(Failure),
    /// Exit 2.
    Usage(String),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Trouble {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Failure {
            code: "cli.failed".to_owned(),
            message: message.into(),
            hint: String::new(),
        })
    }
}

pub(crate) type Outcome = Result<(), Trouble>;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("OVERREAD_LOG").unwrap_or_else(|_| "error".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble::Failed(failure)) => {
            eprintln!(
                "{}",
                [failure.message.as_str(), failure.hint.as_str()].join(" ").trim()
            );
            ExitCode::from(1)
        }
        Err(Trouble::Usage(sentence)) => {
            eprintln!("{sentence}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Outcome {
    let desk = || Desk::open(DeskOptions::default());
    match arguments.command {
        Command::Index { paths, json } => files::index(&paths, json),
        Command::Tags { file, json } => files::tags(&file, json),
        Command::Object { file, json } => files::object(&file, json),
        Command::Pixels(a) => files::pixels(&a),
        Command::Render(a) => files::render(&desk(), &a),
        Command::Reslice(a) => files::reslice(&desk(), &a),
        Command::Model(a) => models::model(&desk, a),
        Command::Inputs(a) => ask::inputs(&desk(), &a),
        Command::Ask(a) => ask::ask(&desk(), &a),
        Command::Case(a) => records::case(&desk(), a),
        Command::Eval(a) => eval::eval(&desk, a),
        Command::Review(a) => records::review(&desk(), a),
        Command::Audit(a) => records::audit(&desk(), a),
        Command::Phantom(a) => files::phantom(&a),
        Command::Demo { open, tune, out } => demo::demo(desk(), open, tune, out.as_deref()),
        Command::Tune(command) => tune::tune(&desk, &command),
        Command::Open { path } => demo::open(path.as_deref()),
        Command::Bench(a) => bench::bench(&desk(), &a),
        Command::Serve { port, page } => serve::serve(desk(), port, page),
    }
}
