//! `eval check`: leaks, duplicates, missing files, unknown labels. Exit 1 when something makes figures wrong.

use std::path::Path;

use overread_desk::op::evaluation::check as op_check;
use overread_desk::wire::evaluation::EvaluationCheck;
use overread_desk::{Cancel, Desk};
use serde_json::json;

use crate::eval::progress::Counted;
use crate::files::{print_json, print_text};
use crate::{Outcome, Trouble};

pub(crate) fn check(desk: &Desk, set: &Path, for_machines: bool) -> Outcome {
    let progress = Counted::new("cases looked at");
    let found = op_check::check_file(desk, set, &Cancel::default(), &|done, of| {
        progress.tell(done, Some(of))
    })?;
    progress.done();
    if for_machines {
        print_json(&json!(found))?;
    } else {
        print_text(&told(&found))?;
    }
    let grave = found.findings.iter().filter(|finding| finding.grave).count();
    match grave {
        0 => Ok(()),
        1 => Err(Trouble::failed("One finding makes figures wrong.")),
        n => Err(Trouble::failed(format!("{n} findings make figures wrong."))),
    }
}

fn told(found: &EvaluationCheck) -> String {
    let mut text = format!("{} cases, {} images looked at\n", found.cases, found.images);
    if found.findings.is_empty() {
        text.push_str("nothing found\n");
    }
    for finding in &found.findings {
        let weight = if finding.grave { "grave" } else { "to know" };
        text.push_str(&format!("{weight}: {} ({})\n", finding.text, finding.count));
        for (case, what) in finding.examples.iter().take(5) {
            text.push_str(&format!("  {case}: {what}\n"));
        }
    }
    text
}
