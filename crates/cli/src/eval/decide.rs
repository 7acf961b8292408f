//! `eval decide` and `eval calibrate`: what a person decides on answers, and calibration files of readers.

use overread_desk::Desk;
use overread_desk::op::evaluation::{calibrate as op_calibrate, decide as op_decide};
use overread_desk::wire::evaluation::DecisionDraft;
use serde_json::json;

use crate::eval::arguments::{CalibrateArguments, DecideArguments};
use crate::files::{print_json, print_text};
use crate::{Outcome, Trouble};

pub(crate) fn decide(desk: &Desk, a: &DecideArguments) -> Outcome {
    if let (Some(case), Some(reader)) = (&a.case, &a.reader) {
        let Some(why) = &a.why else {
            return Err(Trouble::Usage("Say why: --why TEXT.".to_owned()));
        };
        let draft = DecisionDraft {
            evaluation: desk.handle(&a.set),
            number: op_decide::number_of(desk, &a.set, case)?,
            reader: reader.clone(),
            answer_hash: String::new(),
            verdict: a.verdict.clone().unwrap_or_default(),
            label: a.label.clone(),
            why: why.clone(),
        };
        let detail = op_decide::decide(desk, &draft)?;
        if a.json {
            return print_json(&json!(detail));
        }
        if !a.list {
            return print_text("kept\n");
        }
    }
    let waiting = op_decide::waiting(desk, &a.set)?;
    if a.json {
        return print_json(&json!({"waiting": waiting}));
    }
    let mut text = String::new();
    for one in &waiting {
        text.push_str(&format!("{}  {}  truth {}\n", one.case, one.reader, one.truth));
        for line in one.text.lines() {
            text.push_str(&format!("  | {line}\n"));
        }
        if !one.suggestions.is_empty() {
            text.push_str(&format!("  like: {}\n", one.suggestions.join(", ")));
        }
    }
    text.push_str(&format!("{} wait for a decision\n", waiting.len()));
    print_text(&text)
}

pub(crate) fn calibrate(desk: &Desk, a: &CalibrateArguments) -> Outcome {
    let fitted = op_calibrate::fit(desk, &a.set, &a.reader, &a.kind, &a.split)?;
    op_calibrate::write(&fitted.calibration, &a.out)?;
    if a.json {
        return print_json(&json!({"calibration": a.out, "fitted": fitted.calibration, "text": fitted.text}));
    }
    print_text(&format!("{}\n{}\n", fitted.text, a.out.display()))
}
