//! `overread eval score`: any number of readers against one truth table. Same inputs, same bytes out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::answers::{self, Answer};
use crate::error::{InputError, trim, without_mark};
use crate::metrics::classification::Confusion;
use crate::metrics::confidence;
use crate::metrics::paired::mcnemar;
use crate::metrics::proportion::{clopper_pearson, wilson};

/// A named text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Name for errors.
    pub file: &'a str,
    /// Contents.
    pub text: &'a str,
}

struct Truth {
    labels: Vec<String>,
    /// Case to label index and patient.
    cases: BTreeMap<String, (usize, Option<String>)>,
    patients: bool,
}

/// Scores answers against a truth table.
///
/// # Errors
/// [`InputError`] naming file and line.
pub fn score(
    answers: Source<'_>,
    truth: Source<'_>,
    labels: Option<Source<'_>>,
) -> Result<Value, InputError> {
    let truth = read_truth(truth, labels)?;
    let all = answers::read(answers.file, answers.text)?;
    let mut readers: BTreeMap<&str, BTreeMap<&str, &Answer>> = BTreeMap::new();
    let mut rows: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for answer in &all {
        let of_reader = readers.entry(&answer.reader).or_default();
        *rows.entry((&answer.reader, &answer.case)).or_default() += 1;
        if truth.cases.contains_key(&answer.case) {
            of_reader.insert(&answer.case, answer);
        }
    }
    let pair = |reader: &str, case: &str| json!({"reader": reader, "case": case});
    let extra: Vec<Value> = rows
        .keys()
        .filter(|(_, case)| !truth.cases.contains_key(*case))
        .map(|(r, c)| pair(r, c))
        .collect();
    let duplicates: Vec<Value> = rows
        .iter()
        .filter(|((_, case), n)| **n > 1 && truth.cases.contains_key(*case))
        .map(|((r, c), n)| json!({"reader": r, "case": c, "rows": n}))
        .collect();
    let missing: Vec<Value> = readers
        .iter()
        .flat_map(|(reader, own)| {
            truth
                .cases
                .keys()
                .filter(|case| !own.contains_key(case.as_str()))
                .map(|case| pair(reader, case))
        })
        .collect();
    let mut out = Map::new();
    for (reader, own) in &readers {
        out.insert((*reader).to_owned(), one_reader(&truth, own));
    }
    Ok(json!({
        "labels": truth.labels,
        "readers": out,
        "pairs": pairs(&truth, &readers),
        "missing": missing,
        "extra": extra,
        "duplicates": duplicates,
    }))
}

fn read_truth(source: Source<'_>, labels: Option<Source<'_>>) -> Result<Truth, InputError> {
    let error = |line: u64, reason: String| InputError::new(source.file, line, reason);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(without_mark(source.text).as_bytes());
    let header: Vec<String> = reader
        .headers()
        .map_err(|e| error(1, e.to_string()))?
        .iter()
        .map(|h| trim(h).to_owned())
        .collect();
    let column = |name: &str| header.iter().position(|h| h == name);
    let case_column = column("case").ok_or_else(|| error(1, "no column is called case".to_owned()))?;
    let label_column = column("label").ok_or_else(|| error(1, "no column is called label".to_owned()))?;
    let patient_column = column("patient");
    let mut rows: Vec<(String, String, Option<String>, u64)> = Vec::new();
    let mut seen = BTreeSet::new();
    for record in reader.records() {
        let record = record.map_err(|e| error(e.position().map_or(1, csv::Position::line), e.to_string()))?;
        let line = record.position().map_or(1, csv::Position::line);
        let get = |c: usize| trim(record.get(c).unwrap_or_default()).to_owned();
        let (case, label) = (get(case_column), get(label_column));
        if case.is_empty() {
            return Err(error(line, "the case is empty".to_owned()));
        }
        if label.is_empty() {
            return Err(error(line, "the label is empty".to_owned()));
        }
        if !seen.insert(case.clone()) {
            return Err(error(line, format!("case {case} stands here a second time")));
        }
        rows.push((case, label, patient_column.map(get), line));
    }
    let names: Vec<String> = match labels {
        Some(list) => {
            let mut names: Vec<String> = Vec::new();
            for line in without_mark(list.text).lines() {
                let name = trim(line).to_owned();
                if !name.is_empty() && !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        }
        None => rows
            .iter()
            .map(|(_, label, ..)| label.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
    };
    let mut cases = BTreeMap::new();
    for (case, label, patient, line) in rows {
        let Some(k) = names.iter().position(|name| *name == label) else {
            return Err(error(line, format!("label {label} is not in the label list")));
        };
        cases.insert(case, (k, patient));
    }
    Ok(Truth {
        labels: names,
        cases,
        patients: patient_column.is_some(),
    })
}

/// The answer's label index, or the kind of its invalidity.
fn judge<'a>(truth: &Truth, answer: &'a Answer) -> Result<usize, &'a str> {
    if let Some(kind) = &answer.invalid {
        return Err(kind);
    }
    let Some(label) = &answer.label else {
        return Err("none");
    };
    truth
        .labels
        .iter()
        .position(|name| name == label)
        .ok_or("out-of-set")
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn one_reader(truth: &Truth, own: &BTreeMap<&str, &Answer>) -> Value {
    let mut confusion = Confusion::new(truth.labels.len());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut brier, mut log_loss, mut confident) = (Vec::new(), Vec::new(), Vec::new());
    let mut patients = BTreeSet::new();
    for (case, answer) in own {
        let (k, patient) = &truth.cases[*case];
        patients.extend(patient.iter());
        let judged = judge(truth, answer);
        confusion.add(*k, judged.ok());
        let label = match judged {
            Ok(label) => label,
            Err(kind) => {
                *kinds.entry(kind).or_default() += 1;
                continue;
            }
        };
        if let Some(map) = &answer.probabilities {
            let p = |i: usize| map.get(&truth.labels[i]).copied().unwrap_or(0.0);
            brier.push(
                (0..truth.labels.len())
                    .map(|i| (p(i) - f64::from(u8::from(i == *k))).powi(2))
                    .sum(),
            );
            log_loss.push(-p(*k).max(f64::EPSILON).ln());
        }
        let named = answer
            .probabilities
            .as_ref()
            .and_then(|map| map.get(&truth.labels[label]))
            .copied();
        if let Some(confidence) = answer.confidence.or(named) {
            // Cases come in code-point order, which breaks the ties of bins of equal size.
            confident.push(confidence::Answer {
                confidence,
                right: label == *k,
            });
        }
    }
    let (n, right) = (confusion.n(), confusion.right());
    let invalid: usize = kinds.values().sum();
    let share = |a: usize, b: usize| (b > 0).then(|| a as f64 / b as f64);
    let [balanced, macro_f1, weighted_f1, mcc, kappa] = confusion.summary();
    let sure = confidence::confidence(&confident);
    let mut out = json!({
        "n": n,
        "accuracy": share(right, n),
        "accuracy_valid_only": share(right, n - invalid),
        "balanced_accuracy": balanced,
        "macro_f1": macro_f1,
        "weighted_f1": weighted_f1,
        "mcc": mcc,
        "kappa": kappa,
        "invalid_rate": share(invalid, n),
        "invalid_kinds": kinds,
        "confusion": confusion.cells(),
        "per_label": confusion.per_label(&truth.labels),
        "ci": {"accuracy": {"wilson": interval(wilson(right, n)), "clopper_pearson": interval(clopper_pearson(right, n))}},
        "n_probabilities": brier.len(),
        "n_confidence": confident.len(),
        "brier": mean(&brier),
        "log_loss": mean(&log_loss),
        "ece": {"equal_width_10": sure.ece_equal_width_10, "equal_mass_10": sure.ece_equal_mass_10},
        "aurc": sure.aurc,
    });
    if truth.patients {
        out["n_patients"] = json!(patients.len());
    }
    out
}

fn interval(bounds: Option<[f64; 2]>) -> Value {
    bounds.map_or_else(|| json!([null, null]), |b| json!(b))
}

fn pairs(truth: &Truth, readers: &BTreeMap<&str, BTreeMap<&str, &Answer>>) -> Vec<Value> {
    let right = |case: &str, answer: &Answer| judge(truth, answer) == Ok(truth.cases[case].0);
    let names: Vec<&&str> = readers.keys().collect();
    let mut out = Vec::new();
    for (i, a) in names.iter().enumerate() {
        for b in &names[i + 1..] {
            let (mut n, mut a_only, mut b_only) = (0, 0, 0);
            for (case, of_a) in &readers[**a] {
                let Some(of_b) = readers[**b].get(case) else {
                    continue;
                };
                n += 1;
                match (right(case, of_a), right(case, of_b)) {
                    (true, false) => a_only += 1,
                    (false, true) => b_only += 1,
                    _ => {}
                }
            }
            let [exact, mid] = mcnemar(a_only, b_only);
            out.push(json!({"a": a, "b": b, "n": n, "a_only": a_only, "b_only": b_only, "mcnemar_exact": exact, "mcnemar_midp": mid}));
        }
    }
    out
}
