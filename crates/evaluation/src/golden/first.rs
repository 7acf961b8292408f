//! The kinds about counts: proportions, tables, pairs, agreement, bootstrap, power.

use serde_json::{Value, json};

use super::input::{count, flags, number};
use crate::metrics::paired::{PairedCounts, paired};
use crate::metrics::proportion::{LEVEL, proportion};

/// Our values of a scenario; `None` for a kind that is not here.
pub(super) fn compute(kind: &str, input: &Value) -> Option<Result<Value, String>> {
    Some(match kind {
        "proportion" => of_proportion(input),
        "paired" => of_paired(input),
        _ => return None,
    })
}

fn of_proportion(input: &Value) -> Result<Value, String> {
    let level = match input.get("level") {
        None | Some(Value::Null) => LEVEL,
        Some(_) => number(input, "level")?,
    };
    Ok(json!(proportion(count(input, "k")?, count(input, "n")?, level)))
}

fn of_paired(input: &Value) -> Result<Value, String> {
    let (a, b) = (flags(input, "a")?, flags(input, "b")?);
    if a.len() != b.len() {
        return Err(format!("a has {} cases and b {}", a.len(), b.len()));
    }
    Ok(json!(paired(PairedCounts::of(a.into_iter().zip(b)))))
}
