//! One label a case: accuracy and what the confusion table gives.

use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::{ConfusionTable, Figure, Unit};
use crate::evaluated::headline::{LEFT_OUT, invalid_rate};
use crate::metrics::agreement::{Weighting, agreement, cross_table, kappa};
use crate::metrics::classification::Confusion;

/// Counts of rows; options stand by their place.
pub(in crate::evaluated) fn confusion(evaluation: &Evaluation, rows: &[Row<'_>]) -> Confusion {
    let mut out = Confusion::new(evaluation.labels.len());
    for row in rows {
        if let Some(truth) = row.truth.one {
            out.add(truth as usize, row.said.label.map(|l| l as usize));
        }
    }
    out
}

/// The counts as a table; the last column is `invalid`.
pub(in crate::evaluated) fn table(labels: &[String], confusion: &Confusion) -> ConfusionTable {
    let mut columns = labels.to_vec();
    columns.push("invalid".to_owned());
    let cells = confusion
        .cells()
        .iter()
        .map(|row| row.iter().map(|n| *n as u32).collect());
    ConfusionTable {
        rows: labels.to_vec(),
        columns,
        cells: cells.collect(),
    }
}

pub(super) fn headline(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    let confusion = confusion(of, rows);
    let (n, right) = (confusion.n(), confusion.right());
    let valid = rows.iter().filter(|r| r.said.invalid.is_none()).count();
    let [balanced, macro_f1, weighted_f1, mcc, kappa] = confusion.summary();
    let mut out = vec![
        Figure::share("accuracy", "Accuracy", right, n),
        invalid_rate(rows),
        Figure::share("accuracy_valid_only", "Accuracy of valid answers", right, valid).noted(LEFT_OUT),
    ];
    if of.set.question.task == Task::Choice {
        let mut chances = Vec::new();
        chances.extend(
            rows.iter()
                .filter_map(|r| of.set.cases.get(r.case))
                .map(|c| 1.0 / c.options.len().max(1) as f64),
        );
        let chance = (n > 0).then(|| chances.iter().sum::<f64>() / n as f64);
        out.push(
            Figure::plain("chance", "By guessing", Unit::Share, chance, n)
                .noted("One option drawn at random; no estimate, so no interval."),
        );
        return out;
    }
    let table = chance_table(&confusion);
    out.extend([
        Figure::score("balanced_accuracy", "Balanced accuracy", balanced, n),
        Figure::score("macro_f1", "Macro F1", macro_f1, n),
        Figure::score("weighted_f1", "Weighted F1", weighted_f1, n),
        Figure::score("mcc", "Matthews correlation", mcc, n),
        Figure::score("kappa", "Kappa with the truth", kappa, n)
            .between(agreement(table).kappa_ci, "Fleiss, Cohen, Everitt")
            .undefined("Truth and answers have one label alone."),
    ]);
    if of.set.question.ordinal {
        out.extend(weighted_kappas(of, rows));
    }
    if of.labels.len() > 2 {
        out.extend(top_two(rows));
    }
    out
}

/// The counts with a row for `invalid`, which is never true.
fn chance_table(confusion: &Confusion) -> Vec<Vec<usize>> {
    let mut table = confusion.cells().to_vec();
    table.push(vec![0; table.len() + 1]);
    table
}

/// An invalid answer has no place in an order of labels: over the valid ones.
fn weighted_kappas(of: &Evaluation, rows: &[Row<'_>]) -> [Figure; 2] {
    let pairs: Vec<(usize, usize)> = rows
        .iter()
        .filter_map(|r| Some((r.truth.one? as usize, r.said.label? as usize)))
        .collect();
    let n = pairs.len();
    let table = cross_table(of.labels.len(), pairs);
    let figure = |key, name, weighting| {
        Figure::score(key, name, kappa(&table, weighting), n)
            .noted("Over valid answers; the labels are taken as equally far apart.")
    };
    [
        figure("kappa_linear", "Kappa, linear weights", Weighting::Linear),
        figure(
            "kappa_quadratic",
            "Kappa, quadratic weights",
            Weighting::Quadratic,
        ),
    ]
}

/// The truth is among the two likeliest labels; a tied label before it in the order of tables counts before it.
fn top_two(rows: &[Row<'_>]) -> Option<Figure> {
    let scored = rows
        .iter()
        .filter(|r| !r.said.probabilities.is_empty() && r.said.invalid.is_none());
    let (mut n, mut hits) = (0, 0);
    for row in scored {
        let Some(truth) = row.truth.one.map(|t| t as usize) else {
            continue;
        };
        let p = &row.said.probabilities;
        let own = p.get(truth).copied().unwrap_or(0.0);
        let before = p
            .iter()
            .enumerate()
            .filter(|(i, q)| **q > own || (**q == own && *i < truth))
            .count();
        n += 1;
        hits += usize::from(before < 2);
    }
    (n > 0).then(|| Figure::share("top_2_accuracy", "Among the two likeliest", hits, n))
}
