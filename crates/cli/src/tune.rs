//! `overread tune`.

use overread_desk::Desk;
use overread_desk::op::demo_model;

use crate::arguments::TuneCommand;
use crate::files::print_text;
use crate::{Outcome, Trouble, tune_lora};

pub(crate) fn tune(desk: &dyn Fn() -> Desk, command: &TuneCommand) -> Outcome {
    let (out, seed, quick, judge_only, json) = match command {
        TuneCommand::Lora(arguments) => return tune_lora::tune(&desk(), arguments),
        TuneCommand::Head(a) => return crate::tune_head::tune_head(a),
        TuneCommand::DemoModel {
            out,
            seed,
            quick,
            judge_only,
            json,
        } => (out, seed, quick, judge_only, json),
    };
    let whole = demo_model::Plan::default();
    let plan = match quick {
        None => whole,
        Some(cases) => demo_model::Plan {
            cases: [*cases, cases / 5],
            volumes: cases / 10,
            steps: [cases / 4, cases / 8, cases / 8, cases / 8],
            judged: (cases / 4).max(7),
            ..whole
        },
    };
    let plan = demo_model::Plan { seed: *seed, ..plan };
    let report = demo_model::train(out, &plan, *judge_only, &mut |line| eprintln!("{line}"))?;
    if *json {
        return print_text(&format!("{report:#}\n"));
    }
    let card = std::fs::read_to_string(out.join("README.md"))
        .map_err(|error| Trouble::failed(format!("{}: {error}.", out.display())))?;
    print_text(&card)
}
