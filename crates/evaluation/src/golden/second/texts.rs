//! Free answers, differentials, and several labels a case.

use serde_json::{Map, Value, json};

use super::texts_of;
use crate::golden::input::{flag, list};
use crate::metrics::differential::{hit, mean_reciprocal_rank, rank};
use crate::metrics::multilabel::{Blank, Case, Mark, Uncertain, multilabel};
use crate::metrics::tokens::text_score;

/// A text or a list of texts.
fn one_or_more(value: &Value) -> Result<Vec<&str>, String> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(list) => list
            .iter()
            .map(|v| v.as_str().ok_or_else(|| format!("{v} is not a text")))
            .collect(),
        other => Err(format!("{other} is neither a text nor a list of texts")),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

pub(super) fn vqa(input: &Value) -> Result<Value, String> {
    let mut items = Vec::new();
    let mut columns: [(&str, Vec<f64>); 4] =
        ["f1_squad", "f1_plain", "exact_squad", "exact_plain"].map(|name| (name, Vec::new()));
    for pair in list(input, "pairs")? {
        let Some([said, accepted]) = pair.as_array().map(Vec::as_slice) else {
            return Err(format!("{pair} is not a pair"));
        };
        let score = text_score(said.as_str(), &one_or_more(accepted)?)
            .ok_or_else(|| format!("{pair} has no accepted answer"))?;
        let bit = |b: bool| u8::from(b);
        items.push(json!({
            "f1_squad": score.f1_squad,
            "exact_squad": bit(score.exact_squad),
            "f1_plain": score.f1_plain,
            "exact_plain": bit(score.exact_plain),
            "recall_plain": score.recall_plain,
        }));
        let values = [
            score.f1_squad,
            score.f1_plain,
            f64::from(bit(score.exact_squad)),
            f64::from(bit(score.exact_plain)),
        ];
        columns
            .iter_mut()
            .zip(values)
            .for_each(|(column, value)| column.1.push(value));
    }
    let mut out = json!({"items": items});
    for (name, values) in &columns {
        out[format!("mean_{name}")] = json!(mean(values));
    }
    Ok(out)
}

pub(super) fn ranked(input: &Value) -> Result<Value, String> {
    let (truth, differentials) = (list(input, "truth")?, list(input, "differentials")?);
    super::same("truth", truth.len(), "differentials", differentials.len())?;
    let one =
        |(truth, differential): (&Value, &Value)| Ok(rank(&one_or_more(truth)?, &one_or_more(differential)?));
    let ranks: Vec<Option<usize>> = truth
        .iter()
        .zip(differentials)
        .map(one)
        .collect::<Result<_, String>>()?;
    let mut out = json!({"n": ranks.len(), "ranks": ranks, "mean_reciprocal_rank": mean_reciprocal_rank(&ranks), "ci": {}});
    for k in [1, 3, 5] {
        let found = hit(&ranks, k);
        out[format!("hit_at_{k}")] = json!(found.share);
        out["ci"][format!("hit_at_{k}")] = json!({"wilson": found.wilson});
    }
    Ok(out)
}

fn mark(value: &Value) -> Result<Mark, String> {
    match (value, value.as_f64()) {
        (Value::Null, _) => Ok(Mark::Blank),
        (_, Some(1.0)) => Ok(Mark::Present),
        (_, Some(0.0)) => Ok(Mark::Absent),
        (_, Some(-1.0)) => Ok(Mark::Uncertain),
        _ => Err(format!("{value} is none of 1, 0, -1 and null")),
    }
}

pub(super) fn of_multilabel(input: &Value) -> Result<Value, String> {
    let labels = texts_of(input, "labels")?;
    let (truth, pred) = (list(input, "truth")?, list(input, "pred")?);
    super::same("truth", truth.len(), "pred", pred.len())?;
    let row = |value: &Value| {
        value
            .as_array()
            .cloned()
            .ok_or_else(|| format!("{value} is not a list"))
    };
    let mut cases = Vec::new();
    for (truth, pred) in truth.iter().zip(pred) {
        let (truth, pred) = (row(truth)?, row(pred)?);
        super::same("labels", labels.len(), "a row of truth", truth.len())?;
        super::same("labels", labels.len(), "a row of pred", pred.len())?;
        let said = |v: &Value| flag(v).ok_or_else(|| format!("pred holds {v}, neither 0 nor 1"));
        cases.push(Case {
            truth: truth.iter().map(mark).collect::<Result<_, _>>()?,
            said: pred.iter().map(said).collect::<Result<_, _>>()?,
        });
    }
    let blank = match input.get("blank").and_then(Value::as_str) {
        None | Some("negative") => Blank::Negative,
        Some("missing") => Blank::Missing,
        Some(other) => return Err(format!("blank is {other}, neither negative nor missing")),
    };
    let policies = match input.get("policies") {
        None | Some(Value::Null) => ["ones", "zeros", "ignore"].map(str::to_owned).to_vec(),
        Some(_) => texts_of(input, "policies")?,
    };
    let mut out = Map::new();
    for name in policies {
        let uncertain = match name.as_str() {
            "ones" => Uncertain::Ones,
            "zeros" => Uncertain::Zeros,
            "ignore" => Uncertain::Ignore,
            other => return Err(format!("{other} is no policy")),
        };
        let found = multilabel(&cases, labels.len(), uncertain, blank);
        let mut value = json!(found);
        value["per_label"] = labels
            .iter()
            .zip(&found.per_label)
            .map(|(label, c)| {
                let figures = json!({
                    "n": c.n(),
                    "support": c.support(),
                    "precision": c.precision(),
                    "recall": c.recall(),
                    "f1": c.f1(),
                    "specificity": c.specificity(),
                    "accuracy": c.accuracy(),
                });
                (label.clone(), figures)
            })
            .collect::<Map<_, _>>()
            .into();
        out.insert(name, value);
    }
    Ok(out.into())
}
