//! `eval score`: any number of readers against one truth table.

use std::collections::{BTreeMap, BTreeSet};

use crate::answers::{self, AnswerRow};
use crate::calibration::{self, Confident};
use crate::confusion::Confusion;
use crate::csv_rows;
use crate::input::{Input, InputError, trim};
use crate::intervals::{clopper_pearson, wilson};
use crate::mcnemar::mcnemar;
use crate::report::{
    AccuracyIntervals, Duplicate, Ece, Intervals, LabelScore, Ordered, Pair, ReaderCase, ReaderScore,
    ScoreReport,
};
use crate::selective::aurc;

/// Truth cases in code-point order: index of the label, and the patient.
struct Truth {
    cases: BTreeMap<String, (usize, Option<String>)>,
    has_patients: bool,
    labels: Vec<String>,
}

/// Why an answer counts as none, when the file does not say.
const NONE: &str = "none";
const OUT_OF_SET: &str = "out-of-set";

/// Scores answers (JSON Lines) against a truth table (CSV), with an optional label list. Deterministic.
///
/// # Errors
/// [`InputError`] names file and line: unreadable text, a missing column, a case twice, an empty label, a label outside
/// the list, a confidence or probability that is no number from 0 to 1.
pub fn score(
    answers: &Input<'_>,
    truth: &Input<'_>,
    labels: Option<&Input<'_>>,
) -> Result<ScoreReport, InputError> {
    let labels = labels.map(read_labels).transpose()?;
    let truth = read_truth(truth, labels)?;
    let rows = answers::read(answers)?;

    // The last row of a reader for a case counts.
    let mut last: BTreeMap<&str, BTreeMap<&str, (&AnswerRow, u64)>> = BTreeMap::new();
    let mut extra = BTreeSet::new();
    for row in &rows {
        let cases = last.entry(&row.reader).or_default();
        if truth.cases.contains_key(&row.case) {
            let entry = cases.entry(&row.case).or_insert((row, 0));
            *entry = (row, entry.1 + 1);
        } else {
            extra.insert(ReaderCase {
                reader: row.reader.clone(),
                case: row.case.clone(),
            });
        }
    }

    let mut missing = Vec::new();
    let mut duplicates = Vec::new();
    let mut readers = BTreeMap::new();
    let mut right: Vec<(&str, BTreeMap<&str, bool>)> = Vec::new();
    for (reader, cases) in &last {
        let absent = truth
            .cases
            .keys()
            .filter(|case| !cases.contains_key(case.as_str()));
        missing.extend(absent.map(|case| ReaderCase {
            reader: (*reader).to_owned(),
            case: case.clone(),
        }));
        let several = cases.iter().filter(|(_, (_, rows))| *rows > 1);
        duplicates.extend(several.map(|(case, (_, rows))| Duplicate {
            reader: (*reader).to_owned(),
            case: (*case).to_owned(),
            rows: *rows,
        }));
        let (numbers, outcome) = reader_score(&truth, cases);
        readers.insert((*reader).to_owned(), numbers);
        right.push((reader, outcome));
    }
    let mut pairs = Vec::new();
    for (i, (a, a_right)) in right.iter().enumerate() {
        pairs.extend(
            right[i + 1..]
                .iter()
                .map(|(b, b_right)| pair(a, a_right, b, b_right)),
        );
    }
    Ok(ScoreReport {
        labels: truth.labels,
        readers,
        pairs,
        missing,
        extra: extra.into_iter().collect(),
        duplicates,
    })
}

fn read_labels(input: &Input<'_>) -> Result<Vec<String>, InputError> {
    let mut labels: Vec<String> = Vec::new();
    for (i, line) in input.text()?.split('\n').enumerate() {
        let label = trim(line);
        if label.is_empty() {
            continue;
        }
        if labels.iter().any(|known| known == label) {
            return Err(input.error(
                i as u64 + 1,
                format!("the label “{label}” stands here a second time; remove it"),
            ));
        }
        labels.push(label.to_owned());
    }
    Ok(labels)
}

fn read_truth(input: &Input<'_>, labels: Option<Vec<String>>) -> Result<Truth, InputError> {
    let table = csv_rows::read(input, b',')?;
    let column = |name: &str| table.header.iter().position(|h| h == name);
    let need = |name: &str| {
        column(name).ok_or_else(|| input.error(1, format!("the header has no column “{name}”; add it")))
    };
    let (case_at, label_at, patient_at) = (need("case")?, need("label")?, column("patient"));
    let mut found: BTreeMap<String, (String, Option<String>, u64)> = BTreeMap::new();
    for (line, row) in &table.rows {
        let cell = |at: usize| trim(row.get(at).unwrap_or_default()).to_owned();
        let (case, label) = (cell(case_at), cell(label_at));
        if case.is_empty() {
            return Err(input.error(*line, "this row names no case"));
        }
        if label.is_empty() {
            return Err(input.error(*line, format!("the case “{case}” has no label")));
        }
        if let Some((_, _, first)) = found.get(&case) {
            return Err(input.error(
                *line,
                format!("the case “{case}” stands here a second time (first in line {first})"),
            ));
        }
        if labels.as_ref().is_some_and(|set| !set.contains(&label)) {
            return Err(input.error(*line, format!("the label “{label}” is not in the list of labels")));
        }
        found.insert(case, (label, patient_at.map(cell), *line));
    }
    let labels = labels.unwrap_or_else(|| {
        let distinct: BTreeSet<String> = found.values().map(|(label, _, _)| label.clone()).collect();
        distinct.into_iter().collect()
    });
    let place: BTreeMap<&str, usize> = labels.iter().enumerate().map(|(i, l)| (l.as_str(), i)).collect();
    let cases = found
        .into_iter()
        .filter_map(|(case, (label, patient, _))| Some((case, (*place.get(label.as_str())?, patient))))
        .collect();
    Ok(Truth {
        cases,
        has_patients: patient_at.is_some(),
        labels,
    })
}

/// A reader's numbers, and for each of its cases whether it was right.
fn reader_score<'t>(
    truth: &'t Truth,
    cases: &BTreeMap<&str, (&AnswerRow, u64)>,
) -> (ReaderScore, BTreeMap<&'t str, bool>) {
    let mut confusion = Confusion::new(truth.labels.len());
    let mut invalid_kinds: BTreeMap<String, u64> = BTreeMap::new();
    let (mut briers, mut losses, mut confident) = (Vec::new(), Vec::new(), Vec::new());
    let mut patients = BTreeSet::new();
    let mut outcome = BTreeMap::new();
    for (case, (label, patient)) in &truth.cases {
        let Some((row, _)) = cases.get(case.as_str()) else {
            continue;
        };
        patients.extend(patient.as_deref());
        let given = row
            .label
            .as_ref()
            .and_then(|l| truth.labels.iter().position(|known| known == l));
        let kind = match (&row.invalid, &row.label, given) {
            (Some(kind), _, _) => Some(kind.as_str()),
            (None, None, _) => Some(NONE),
            (None, Some(_), None) => Some(OUT_OF_SET),
            (None, Some(_), Some(_)) => None,
        };
        if let Some(kind) = kind {
            *invalid_kinds.entry(kind.to_owned()).or_default() += 1;
            confusion.add(*label, None);
            outcome.insert(case.as_str(), false);
            continue;
        }
        confusion.add(*label, given);
        let right = given == Some(*label);
        outcome.insert(case.as_str(), right);
        let mut confidence = row.confidence;
        if let Some(map) = &row.probabilities {
            let p: Vec<f64> = truth
                .labels
                .iter()
                .map(|l| map.get(l).copied().unwrap_or(0.0))
                .collect();
            briers.push(calibration::brier(&p, *label));
            losses.push(calibration::log_loss(p[*label]));
            confidence = confidence.or_else(|| row.label.as_ref().and_then(|l| map.get(l).copied()));
        }
        confident.extend(confidence.map(|confidence| Confident {
            case,
            confidence,
            right,
        }));
    }
    let n = confusion.n();
    let per_label = truth.labels.iter().enumerate().map(|(k, label)| {
        let l = confusion.label(k);
        let (support, specificity) = (l.support, l.specificity);
        (
            label.clone(),
            LabelScore {
                precision: l.precision,
                recall: l.recall,
                f1: l.f1,
                support,
                specificity,
            },
        )
    });
    let ranked: Vec<(f64, bool)> = confident.iter().map(|c| (c.confidence, c.right)).collect();
    let numbers = ReaderScore {
        n,
        accuracy: confusion.accuracy(),
        accuracy_valid_only: confusion.accuracy_valid_only(),
        balanced_accuracy: confusion.balanced_accuracy(),
        macro_f1: confusion.macro_f1(),
        weighted_f1: confusion.weighted_f1(),
        mcc: confusion.mcc(),
        kappa: confusion.kappa(),
        invalid_rate: confusion.invalid_rate(),
        invalid_kinds,
        confusion: confusion.counts().to_vec(),
        per_label: Ordered(per_label.collect()),
        ci: Intervals {
            accuracy: AccuracyIntervals {
                wilson: wilson(confusion.right(), n),
                clopper_pearson: clopper_pearson(confusion.right(), n),
            },
        },
        n_probabilities: briers.len() as u64,
        n_confidence: confident.len() as u64,
        brier: calibration::mean(&briers),
        log_loss: calibration::mean(&losses),
        ece: Ece {
            equal_width_10: calibration::ece_equal_width(&confident, 10),
            equal_mass_10: calibration::ece_equal_mass(&confident, 10),
        },
        aurc: aurc(&ranked),
        n_patients: truth.has_patients.then_some(patients.len() as u64),
    };
    (numbers, outcome)
}

fn pair(a: &str, a_right: &BTreeMap<&str, bool>, b: &str, b_right: &BTreeMap<&str, bool>) -> Pair {
    let (mut n, mut a_only, mut b_only) = (0, 0, 0);
    for (case, a) in a_right {
        if let Some(b) = b_right.get(case) {
            n += 1;
            a_only += u64::from(*a && !b);
            b_only += u64::from(!a && *b);
        }
    }
    let test = mcnemar(a_only, b_only);
    Pair {
        a: a.to_owned(),
        b: b.to_owned(),
        n,
        a_only,
        b_only,
        mcnemar_exact: test.exact,
        mcnemar_midp: test.mid_p,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(answers: &str, truth: &str, labels: Option<&str>) -> Result<ScoreReport, InputError> {
        let input = |name, text: &'static str| Input {
            name,
            bytes: text.as_bytes(),
        };
        let leak = |s: &str| -> &'static str { Box::leak(s.to_owned().into_boxed_str()) };
        score(
            &input("a.jsonl", leak(answers)),
            &input("t.csv", leak(truth)),
            labels.map(|l| input("l.txt", leak(l))).as_ref(),
        )
    }

    #[test]
    fn a_reader_without_a_truth_case_has_nulls_and_zeros() {
        let report = run(
            "{\"case\":\"z\",\"reader\":\"r\",\"label\":\"a\"}\n",
            "case,label\nx,a\n",
            None,
        )
        .unwrap();
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        let r = &json["readers"]["r"];
        assert_eq!(
            (r["n"].as_u64(), r["accuracy"].is_null(), r["mcc"].is_null()),
            (Some(0), true, true)
        );
        assert_eq!(r["per_label"]["a"]["precision"], 0.0);
        assert!(r["per_label"]["a"]["specificity"].is_null() && r["ci"]["accuracy"]["wilson"].is_null());
        assert!(r.get("n_patients").is_none());
        assert_eq!((report.extra.len(), report.missing.len()), (1, 1));
    }

    #[test]
    fn labels_keep_their_order_and_hold_the_truth() {
        let truth = "patient,label,case\np, b ,x\np,a,y\n";
        let report = run(
            "{\"case\":\"x\",\"reader\":\"r\",\"label\":\"b\"}",
            truth,
            Some("c\n\nb\na\n"),
        )
        .unwrap();
        assert_eq!(report.labels, ["c", "b", "a"]);
        assert_eq!(report.readers["r"].n_patients, Some(1));
        let error = run("", truth, Some("b\n")).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("t.csv", 3));
        assert_eq!(run("", truth, Some("a\nb\na")).unwrap_err().line, 3);
    }

    #[test]
    fn truth_slips_name_the_line() {
        for (truth, line) in [
            ("case,finding\nx,a\n", 1),
            ("case,label\nx,a\n\nx,b\n", 4),
            ("case,label\nx, \n", 2),
            ("case,label\nx\n", 2),
            ("case,label\n,a\n", 2),
            ("", 1),
        ] {
            let error = run("", truth, None).unwrap_err();
            assert_eq!((error.file.as_str(), error.line), ("t.csv", line), "{error}");
        }
    }

    #[test]
    fn the_last_row_counts_and_is_listed() {
        let answers = "{\"case\":\"x\",\"reader\":\"r\",\"label\":\"b\"}\n{\"case\":\"x\",\"reader\":\"r\",\"label\":\"a\"}";
        let report = run(answers, "case,label\nx,a\ny,b\n", None).unwrap();
        assert_eq!(report.readers["r"].accuracy, Some(1.0));
        assert_eq!(
            report.duplicates,
            [Duplicate {
                reader: "r".into(),
                case: "x".into(),
                rows: 2
            }]
        );
    }
}
