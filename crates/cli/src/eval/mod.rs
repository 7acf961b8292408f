//! `overread eval`: case sets, runs, scores. One file a command.

pub(crate) mod arguments;
mod report;
mod run;
mod score;

use overread_desk::Desk;

use crate::{Outcome, Trouble};
use arguments::{EvalArguments, EvalCommand};

/// `desk` opens the desk where a command needs it; scoring texts needs none.
pub(crate) fn eval(desk: &dyn Fn() -> Desk, a: EvalArguments) -> Outcome {
    match a.command {
        EvalCommand::Run(a) => run::run(&desk(), &a),
        EvalCommand::Report(a) => report::report(&desk(), &a),
        EvalCommand::Merge { runs, out, json } => run::merge(&runs, &out, json),
        EvalCommand::Decide(_)
        | EvalCommand::Calibrate(_)
        | EvalCommand::New(_)
        | EvalCommand::Check { .. } => Err(Trouble::failed("Not yet.")),
        EvalCommand::Score {
            answers,
            truth,
            labels,
            out,
            json: _,
        } => score::score(&answers, &truth, labels.as_deref(), out.as_deref()),
    }
}
