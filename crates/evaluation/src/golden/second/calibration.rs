//! Probabilities, confidences, their calibration, and conformal sets.

use serde_json::{Map, Value, json};

use super::{floats, indices, key, leaf, numbers, same, table, texts_of};
use crate::golden::input::{flags, list};
use crate::metrics::confidence::{Answer, Bin, confidence, in_case_order};
use crate::metrics::conformal::{Score, Threshold, coverage};
use crate::metrics::isotonic::Isotonic;
use crate::metrics::platt::{self, Targets, sigmoid};
use crate::metrics::probabilities::{self, Case, Probabilities};
use crate::metrics::roc;
use crate::metrics::selective::RiskCoverage;
use crate::metrics::temperature::{LabelledScores, fit_temperature, softmax};

/// One value for each label, by its name.
fn by_label(labels: &[String], values: impl IntoIterator<Item = Value>) -> Value {
    labels.iter().cloned().zip(values).collect::<Map<_, _>>().into()
}

pub(super) fn of_probabilities(input: &Value) -> Result<Value, String> {
    let (labels, truth, rows) = (
        texts_of(input, "labels")?,
        texts_of(input, "truth")?,
        table(input, "probabilities")?,
    );
    same("truth", truth.len(), "probabilities", rows.len())?;
    let case = |(name, probabilities): (&String, Vec<f64>)| {
        same(
            "labels",
            labels.len(),
            "a row of probabilities",
            probabilities.len(),
        )?;
        let truth = labels
            .iter()
            .rposition(|l| l == name)
            .ok_or_else(|| format!("{name} is not among the labels"))?;
        Ok(Case { probabilities, truth })
    };
    let cases: Vec<Case> = truth.iter().zip(rows).map(case).collect::<Result<_, String>>()?;
    let found = probabilities::probabilities(&cases, labels.len());
    let Probabilities {
        brier_per_label,
        roc_auc_ovr,
        roc_auc_ovo_macro,
        ..
    } = &found;
    let mut out = json!(found);
    out["brier_per_label"] = by_label(&labels, brier_per_label.iter().map(|v| json!(v)));
    out["roc_auc_ovr"] = by_label(&labels, roc_auc_ovr.iter().map(|v| json!(v)));
    if let (None, Some(map)) = (roc_auc_ovo_macro, out.as_object_mut()) {
        map.shift_remove("roc_auc_ovo_macro");
    }
    Ok(out)
}

pub(super) fn of_confidence(input: &Value) -> Result<Value, String> {
    let (values, right) = (numbers(input, "confidence")?, flags(input, "correct")?);
    same("confidence", values.len(), "correct", right.len())?;
    let names: Vec<String> = match input.get("case") {
        None | Some(Value::Null) => (0..values.len()).map(|i| format!("{i:06}")).collect(),
        Some(_) => texts_of(input, "case")?,
    };
    same("confidence", values.len(), "case", names.len())?;
    let answer = |(confidence, right): (&f64, &bool)| Answer {
        confidence: *confidence,
        right: *right,
    };
    let given = values.iter().zip(&right).map(answer);
    let answers = in_case_order(&names.iter().map(String::as_str).zip(given).collect::<Vec<_>>());
    let found = confidence(&answers);
    let bins = |bins: &[Bin]| -> Value {
        bins.iter()
            .map(|b| json!({"count": b.count, "confidence": b.confidence, "accuracy": b.accuracy}))
            .collect()
    };
    let mut out = json!(found);
    out["bins_equal_width_10"] = bins(&found.bins_equal_width_10);
    out["bins_equal_mass_10"] = bins(&found.bins_equal_mass_10);
    let curve = RiskCoverage::new(&answers);
    let risk = |c: f64| (format!("{c:?}"), json!(curve.risk_at(c)));
    out["risk_at_coverage"] = Value::Object([0.5, 0.8, 1.0].map(risk).into_iter().collect());
    Ok(out)
}

pub(super) fn temperature(input: &Value) -> Result<Value, String> {
    let (rows, truth) = (table(input, "logits")?, indices(input, "truth_index")?);
    same("logits", rows.len(), "truth_index", truth.len())?;
    let cases: Vec<LabelledScores> = rows
        .into_iter()
        .zip(truth)
        .map(|(scores, truth)| LabelledScores { scores, truth })
        .collect();
    let fit = fit_temperature(&cases).ok_or("no case can be used")?;
    let mut out = json!({"temperature": fit.t, "nll_before": fit.before, "nll_after": fit.after});
    let labels = cases.iter().map(|c| c.scores.len()).max().unwrap_or(0);
    for (name, t) in [("before", 1.0), ("after", fit.t)] {
        let soft = |c: &LabelledScores| Case {
            probabilities: softmax(&c.scores, t),
            truth: c.truth,
        };
        let found = probabilities::probabilities(&cases.iter().map(soft).collect::<Vec<_>>(), labels);
        out[format!("ece_equal_width_10_{name}")] = json!(found.ece_equal_width_10);
        out[format!("brier_{name}")] = json!(found.brier);
    }
    Ok(out)
}

pub(super) fn of_platt(input: &Value) -> Result<Value, String> {
    let (score, truth) = (numbers(input, "score")?, flags(input, "truth")?);
    same("score", score.len(), "truth", truth.len())?;
    let cases: Vec<(f64, bool)> = score.iter().copied().zip(truth.iter().copied()).collect();
    let of = |targets| {
        platt::fit(&cases, targets).map_or(Value::Null, |fit| {
            let p: Vec<f64> = score.iter().map(|s| sigmoid(fit.a * s + fit.b)).collect();
            json!({
                "slope": fit.a,
                "intercept": fit.b,
                "log_loss": roc::log_loss(&truth, &p),
                "probabilities": p,
            })
        })
    };
    Ok(json!({"smoothed": of(Targets::Softened), "plain": of(Targets::Plain)}))
}

pub(super) fn of_isotonic(input: &Value) -> Result<Value, String> {
    let (score, truth) = (numbers(input, "score")?, numbers(input, "truth")?);
    same("score", score.len(), "truth", truth.len())?;
    let query = match input.get("query") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => floats(value)?,
    };
    let cases: Vec<(f64, f64)> = score.iter().copied().zip(truth).collect();
    let curve = Isotonic::fit(&cases).ok_or("no case can be used")?;
    let fitted: Vec<f64> = score.iter().map(|s| curve.at(*s)).collect();
    let at: Vec<[f64; 2]> = query.iter().map(|q| [*q, curve.at(*q)]).collect();
    Ok(json!({"fitted": fitted, "at": at}))
}

pub(super) fn of_conformal(input: &Value) -> Result<Value, String> {
    let (known, known_truth) = (
        table(input, "cal_probabilities")?,
        indices(input, "cal_truth_index")?,
    );
    let (new, new_truth) = (
        table(input, "test_probabilities")?,
        indices(input, "test_truth_index")?,
    );
    same(
        "cal_probabilities",
        known.len(),
        "cal_truth_index",
        known_truth.len(),
    )?;
    same(
        "test_probabilities",
        new.len(),
        "test_truth_index",
        new_truth.len(),
    )?;
    let labels = known.iter().chain(&new).map(Vec::len).max().unwrap_or(0);
    let (mut out, mut every) = (Map::new(), Map::new());
    for (name, score) in [("lac", Score::Lac), ("aps", Score::Aps)] {
        let of = |(p, t): (&Vec<f64>, &usize)| score.of(p, *t).ok_or_else(|| format!("{t} is no label"));
        let scores: Vec<f64> = known.iter().zip(&known_truth).map(of).collect::<Result<_, _>>()?;
        for alpha in list(input, "alphas")? {
            let Value::Number(number) = alpha else {
                return Err(format!("alphas holds {alpha}"));
            };
            let threshold = number.as_f64().and_then(|a| Threshold::new(score, &scores, a));
            let threshold = threshold.ok_or_else(|| format!("alpha {alpha} is not between 0 and 1"))?;
            let sets: Vec<Vec<usize>> = new.iter().map(|p| threshold.set(p)).collect();
            let found = coverage(&sets, &new_truth, labels);
            out.insert(
                format!("{name}_{}", key(number)),
                json!({
                    "rank": threshold.rank,
                    "threshold": leaf(threshold.q.unwrap_or(f64::INFINITY)),
                    "sets": sets,
                    "coverage": found.all.coverage,
                    "mean_size": found.mean_size,
                    "empty": found.empty,
                }),
            );
        }
        every.insert(name.to_owned(), json!(scores));
    }
    out.insert("scores".to_owned(), every.into());
    Ok(out.into())
}
