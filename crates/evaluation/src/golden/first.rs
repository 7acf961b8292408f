//! The kinds about counts: proportions, tables, pairs, agreement, bootstrap, power.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ideal;
use super::input::{count, flag, flags, list, number};
use crate::metrics::agreement::{agreement, cross_table, kappa_standard_error};
use crate::metrics::binary::{Counts, at_prevalence, binary};
use crate::metrics::classification::Confusion;
use crate::metrics::cochran::cochran;
use crate::metrics::difference::two_proportions;
use crate::metrics::paired::{PairedCounts, paired};
use crate::metrics::power::{mcnemar_cases, wilson_cases};
use crate::metrics::proportion::{LEVEL, clopper_pearson, proportion, wilson};
use crate::metrics::raters::agreement_many;
use crate::metrics::special::Z95;

/// Our values of a scenario; `None` for a kind that is not here.
pub(super) fn compute(kind: &str, input: &Value) -> Option<Result<Value, String>> {
    Some(match kind {
        "proportion" => of_proportion(input),
        "two_proportions" => of_two_proportions(input),
        "classification" => of_classification(input),
        "binary" => of_binary(input),
        "paired" => of_paired(input),
        "cochran" => of_cochran(input),
        "agreement2" => of_agreement(input),
        "agreement_many" => of_many(input),
        "bootstrap_iid" => ideal::of_cases(input),
        "bootstrap_cluster" => ideal::of_patients(input),
        "power" => of_power(input),
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

fn of_two_proportions(input: &Value) -> Result<Value, String> {
    let of = |key| count(input, key);
    Ok(json!(two_proportions(of("k1")?, of("n1")?, of("k2")?, of("n2")?)))
}

/// A label as a text: labels may be written as numbers.
fn name(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Labels in order; numbers by size, texts by code point.
fn sorted(values: &[Value]) -> Vec<Value> {
    let mut all: Vec<&Value> = values.iter().collect();
    all.sort_by(|a, b| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => name(a).cmp(&name(b)),
    });
    all.dedup();
    all.into_iter().cloned().collect()
}

fn places(labels: &[Value]) -> BTreeMap<String, usize> {
    labels
        .iter()
        .enumerate()
        .map(|(i, label)| (name(label), i))
        .collect()
}

fn of_classification(input: &Value) -> Result<Value, String> {
    let (truth, answers) = (list(input, "truth")?, list(input, "pred")?);
    if truth.len() != answers.len() {
        return Err(format!(
            "truth has {} cases and pred {}",
            truth.len(),
            answers.len()
        ));
    }
    let given = input
        .get("labels")
        .and_then(Value::as_array)
        .filter(|l| !l.is_empty());
    let labels = given.cloned().unwrap_or_else(|| sorted(truth));
    let place = places(&labels);
    let mut confusion = Confusion::new(labels.len());
    for (truth, answer) in truth.iter().zip(answers) {
        let row = *place
            .get(&name(truth))
            .ok_or_else(|| format!("truth {truth} is no label"))?;
        let answer = if answer.is_null() {
            None
        } else {
            place.get(&name(answer))
        };
        confusion.add(row, answer.copied());
    }
    let figures = confusion.figures();
    let (n, correct) = (figures.n, figures.correct);
    let mut out = json!(figures);
    if n == 0 && !labels.is_empty() {
        // The file's means over labels are 0 for no cases; ours say nothing.
        for key in ["macro_precision", "macro_recall", "macro_f1"] {
            out[key] = json!(0.0);
        }
    }
    if n == 0 {
        for key in ["micro_precision", "micro_recall", "micro_f1"] {
            out[key] = json!(0.0);
        }
    }
    let per_label: Map<String, Value> = labels
        .iter()
        .zip(&figures.per_label)
        .map(|(label, row)| (name(label), json!(row)))
        .collect();
    out["labels"] = json!(labels);
    out["per_label"] = Value::Object(per_label);
    out["ci"] =
        json!({"accuracy": {"wilson": wilson(correct, n), "clopper_pearson": clopper_pearson(correct, n)}});
    Ok(out)
}

/// A number as the reference file's keys have it: shortest digits, `1e-05` for small ones.
fn printed(value: &Value) -> String {
    let Some(x) = value.as_f64().filter(|_| value.is_f64()) else {
        return value.to_string();
    };
    let size = x.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{x:e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, power) = power.strip_prefix('-').map_or(('+', power), |p| ('-', p));
        return format!("{digits}e{sign}{power:0>2}");
    }
    format!("{x:?}")
}

fn of_binary(input: &Value) -> Result<Value, String> {
    let counts = Counts {
        tp: count(input, "tp")?,
        fp: count(input, "fp")?,
        missed: count(input, "fn")?,
        tn: count(input, "tn")?,
    };
    let figures = binary(counts);
    let mut out = json!(figures);
    let mut moved = Map::new();
    if let (Some(sensitivity), Some(specificity), Some(all)) = (
        figures.sensitivity,
        figures.specificity,
        input.get("prevalences").and_then(Value::as_array),
    ) {
        for prevalence in all {
            let share = prevalence
                .as_f64()
                .ok_or_else(|| format!("prevalence {prevalence} is no number"))?;
            moved.insert(
                printed(prevalence),
                json!(at_prevalence(sensitivity, specificity, share)),
            );
        }
    }
    out["at_prevalence"] = Value::Object(moved);
    Ok(out)
}

fn of_paired(input: &Value) -> Result<Value, String> {
    let (a, b) = (flags(input, "a")?, flags(input, "b")?);
    if a.len() != b.len() {
        return Err(format!("a has {} cases and b {}", a.len(), b.len()));
    }
    Ok(json!(paired(PairedCounts::of(a.into_iter().zip(b)))))
}

fn of_cochran(input: &Value) -> Result<Value, String> {
    let readers = list(input, "readers")?;
    let mut correct = Vec::new();
    for row in list(input, "correct")? {
        let row: Option<Vec<bool>> = row.as_array().and_then(|row| row.iter().map(flag).collect());
        correct.push(
            row.filter(|row| row.len() == readers.len())
                .ok_or("correct holds a row that is not 0 or 1 for each reader")?,
        );
    }
    let all = cochran(readers.len(), &correct);
    let mut out = json!(all);
    for (pair, value) in all
        .pairs
        .iter()
        .zip(out["pairs"].as_array_mut().into_iter().flatten())
    {
        value["a"] = readers[pair.a].clone();
        value["b"] = readers[pair.b].clone();
    }
    Ok(out)
}

fn of_agreement(input: &Value) -> Result<Value, String> {
    let categories = list(input, "categories")?;
    let place = places(categories);
    let (a, b) = (list(input, "a")?, list(input, "b")?);
    if a.len() != b.len() {
        return Err(format!("a has {} cases and b {}", a.len(), b.len()));
    }
    let find = |value: &Value| {
        place
            .get(&name(value))
            .copied()
            .ok_or_else(|| format!("{value} is no category"))
    };
    let pairs = a
        .iter()
        .zip(b)
        .map(|(a, b)| Ok((find(a)?, find(b)?)))
        .collect::<Result<Vec<_>, String>>()?;
    let all = agreement(cross_table(categories.len(), pairs));
    let mut out = json!(all);
    if let (Some(kappa), true) = (all.kappa, all.observed < Some(1.0)) {
        // The file has the formula's value where a reader is constant, too.
        let se = kappa_standard_error(&all.table);
        out["kappa_se"] = json!(se);
        out["kappa_ci"] = json!([se.map(|s| kappa - Z95 * s), se.map(|s| kappa + Z95 * s)]);
    }
    if categories.len() == 2 && a.is_empty() {
        out["prevalence_index"] = Value::Null;
        out["bias_index"] = Value::Null;
    }
    Ok(out)
}

fn of_many(input: &Value) -> Result<Value, String> {
    let categories = list(input, "categories")?;
    let place = places(categories);
    let mut ratings = Vec::new();
    for row in list(input, "ratings")? {
        let row = row.as_array().ok_or("ratings holds something that is no list")?;
        let row = row.iter().map(|value| match value {
            Value::Null => Ok(None),
            value => place
                .get(&name(value))
                .map(|c| Some(*c))
                .ok_or_else(|| format!("{value} is no category")),
        });
        ratings.push(row.collect::<Result<Vec<_>, String>>()?);
    }
    let ordered = input.get("ordered").and_then(flag).unwrap_or(false);
    Ok(json!(agreement_many(&ratings, categories.len(), ordered)))
}

fn of_power(input: &Value) -> Result<Value, String> {
    let of = |key| number(input, key);
    let cases = mcnemar_cases(of("p_a_only")?, of("p_b_only")?, of("alpha")?, of("power")?);
    Ok(json!({
        "mcnemar_connor_n": cases,
        "mcnemar_connor_cases": cases.map(|n| n.ceil() as u64),
        "wilson_half_width_cases": wilson_cases(of("p")?, of("half_width")?, LEVEL),
    }))
}
