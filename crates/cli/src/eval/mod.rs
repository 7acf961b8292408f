//! `overread eval`: case sets, runs, scores. One file a command.

pub(crate) mod arguments;
mod check;
mod decide;
mod new;
pub(crate) mod progress;
mod report;
mod run;
mod score;

use overread_desk::Desk;

use crate::Outcome;
use arguments::{EvalArguments, EvalCommand};

/// `desk` opens the desk where a command needs it; scoring texts needs none.
pub(crate) fn eval(desk: &dyn Fn() -> Desk, a: EvalArguments) -> Outcome {
    match a.command {
        EvalCommand::New(a) => new::new(&desk(), &a),
        EvalCommand::Check { set, json } => check::check(&desk(), &set, json),
        EvalCommand::Run(a) => run::run(&desk(), &a),
        EvalCommand::Report(a) => report::report(&desk(), &a),
        EvalCommand::Merge { runs, out, json } => run::merge(&runs, &out, json),
        EvalCommand::Decide(a) => decide::decide(&desk(), &a),
        EvalCommand::Calibrate(a) => decide::calibrate(&desk(), &a),
        EvalCommand::Score {
            answers,
            truth,
            labels,
            out,
            json: _,
        } => score::score(&answers, &truth, labels.as_deref(), out.as_deref()),
    }
}
