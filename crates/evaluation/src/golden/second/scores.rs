//! Scores against yes and no, of one reader, two, or several.

use serde_json::{Map, Value, json};

use super::{floats, leaf, numbers, same};
use crate::golden::input::{flags, list};
use crate::metrics::roc::{self, Steps};
use crate::metrics::{delong, mrmc};

pub(super) fn scores(input: &Value) -> Result<Value, String> {
    let (truth, score) = (flags(input, "truth")?, numbers(input, "score")?);
    same("truth", truth.len(), "score", score.len())?;
    let steps = Steps::new(&truth, &score);
    let mut out = json!({
        "n": truth.len(),
        "positives": steps.positives,
        "roc_auc": steps.auc(),
        "average_precision": steps.average_precision(),
    });
    if let Some(auc) = steps.auc() {
        curve(&steps, auc, &truth, &score, &mut out);
    }
    if input.get("probabilities").and_then(Value::as_bool) != Some(false) {
        out["brier"] = json!(roc::brier(&truth, &score));
        out["log_loss"] = json!(roc::log_loss(&truth, &score));
        let benefit = |t: f64| (format!("{t:?}"), json!(steps.net_benefit(t)));
        out["net_benefit"] = Value::Object([0.1, 0.2, 0.5].map(benefit).into_iter().collect::<Map<_, _>>());
    }
    Ok(out)
}

fn curve(steps: &Steps, auc: f64, truth: &[bool], score: &[f64], out: &mut Value) {
    out["pr_auc_trapezoid"] = json!(steps.pr_auc_trapezoid());
    let variance = delong::areas(truth, &[score])
        .and_then(|a| a.covariance)
        .map(|c| c[0][0]);
    if let Some(variance) = variance {
        out["delong_variance"] = json!(variance);
        out["delong_ci"] = json!(delong::plain_interval(auc, variance));
        if let Some(interval) = delong::logit_interval(auc, variance) {
            out["delong_logit_ci"] = json!(interval);
        }
    }
    out["hanley_mcneil_se"] = json!(roc::hanley_mcneil_se(auc, steps.positives, steps.negatives));
    let point = |p: &roc::RocPoint| json!([p.fpr, p.tpr, leaf(p.threshold)]);
    out["roc_points_fpr_tpr_threshold"] = steps.roc().iter().map(point).collect();
    if let Some(best) = steps.youden() {
        out["youden_j"] = json!(best.j);
        out["youden_threshold"] = leaf(best.threshold);
    }
    out["sensitivity_at_specificity_90"] = json!(steps.sensitivity_at_specificity(0.9));
    out["specificity_at_sensitivity_90"] = json!(steps.specificity_at_sensitivity(0.9));
}

pub(super) fn delong_pair(input: &Value) -> Result<Value, String> {
    let (truth, a, b) = (flags(input, "truth")?, numbers(input, "a")?, numbers(input, "b")?);
    same("truth", truth.len(), "a", a.len())?;
    same("truth", truth.len(), "b", b.len())?;
    let Some(pair) = delong::paired(&truth, &a, &b) else {
        let names = [
            "auc_a",
            "auc_b",
            "covariance",
            "difference",
            "variance",
            "z",
            "p",
            "ci",
        ];
        return Ok(names
            .into_iter()
            .map(|name| (name.to_owned(), Value::Null))
            .collect::<Map<_, _>>()
            .into());
    };
    let mut out = json!(pair);
    if pair.ci.is_none() {
        out["covariance"] = json!([[null, null], [null, null]]);
        out["ci"] = json!([null, null]);
    }
    Ok(out)
}

pub(super) fn readers(input: &Value) -> Result<Value, String> {
    let truth = flags(input, "truth")?;
    let modality = |value: &Value| {
        let readers = value
            .as_array()
            .ok_or_else(|| "scores holds no list of readers".to_owned())?;
        readers.iter().map(floats).collect::<Result<Vec<_>, _>>()
    };
    let scores: Vec<Vec<Vec<f64>>> = list(input, "scores")?
        .iter()
        .map(modality)
        .collect::<Result<_, _>>()?;
    let readers = scores.first().map_or(0, Vec::len);
    if scores.len() < 2 || readers == 0 || scores.iter().any(|m| m.len() != readers) {
        return Err("mrmc needs two modalities with the same readers".to_owned());
    }
    for reader in scores.iter().flatten() {
        same("truth", truth.len(), "a reader", reader.len())?;
    }
    let Some(found) = mrmc::mrmc(&truth, &scores) else {
        // One class only: nothing is defined.
        let names = [
            "var",
            "cov1",
            "cov2",
            "cov3",
            "ms_t",
            "ms_tr",
            "f",
            "ddf_hillis",
            "p",
            "difference_1_2",
        ];
        let mut out = Value::Object(
            names
                .into_iter()
                .map(|name| (name.to_owned(), Value::Null))
                .collect(),
        );
        out["auc"] = json!(vec![vec![Value::Null; readers]; scores.len()]);
        out["modality_mean"] = json!(vec![Value::Null; scores.len()]);
        out["df1"] = json!(scores.len() - 1);
        out["difference_ci"] = json!([null, null]);
        return Ok(out);
    };
    let mut out = json!(found);
    for (name, value) in [("f", found.f), ("ddf_hillis", found.ddf_hillis)] {
        out[name] = value.map_or(Value::Null, leaf);
    }
    if found.difference_ci.is_none() {
        out["difference_ci"] = json!([null, null]);
    }
    Ok(out)
}
