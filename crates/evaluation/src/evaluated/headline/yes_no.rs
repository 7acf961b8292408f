//! A list of labels, each yes or no: the papers' averages of F1, exact sets, cells.

use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::cases::Verdict;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::{Figure, Unit};
use crate::evaluated::headline::{LEFT_OUT, binary, invalid_rate};
use crate::metrics::multilabel::{
    Blank, CHEXPERT_FIVE, Case, Mark, Multilabel, Uncertain, macro_f1_of, multilabel,
};

/// What counts as an invalid answer in sums over cells.
const INVALID: &str = "An invalid answer says yes to nothing: each true label is missed.";

/// The figures of rows; the policy has settled what each state is.
pub(in crate::evaluated) fn figures(of: &Evaluation, rows: &[Row<'_>]) -> Multilabel {
    let labels = of.labels.len();
    let case = |row: &Row<'_>| Case {
        truth: row
            .truth
            .states
            .iter()
            .map(|state| match state {
                Some(true) => Mark::Present,
                Some(false) => Mark::Absent,
                None => Mark::Blank,
            })
            .collect(),
        said: if row.said.invalid.is_some() {
            vec![false; labels]
        } else {
            row.said.yes.clone()
        },
    };
    let cases: Vec<Case> = rows.iter().map(case).collect();
    multilabel(&cases, labels, Uncertain::Ignore, Blank::Missing)
}

pub(super) fn headline(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    debug_assert_eq!(of.set.question.task, Task::YesNo);
    let n = rows.len();
    let valid: Vec<Row<'_>> = rows
        .iter()
        .filter(|r| r.said.invalid.is_none())
        .copied()
        .collect();
    let (all, valid_only) = (figures(of, rows), figures(of, &valid));
    let some = |value: f64| (n > 0).then_some(value);
    let score = |key, name, value| Figure::score(key, name, value, n).noted(INVALID);
    let exact = rows.iter().filter(|r| r.verdict == Verdict::Right).count();
    let mut out = vec![
        score("macro_f1", "Macro F1 over labels", all.macro_f1.filter(|_| n > 0))
            .noted("A label that is never true and never said counts as 0."),
        invalid_rate(rows),
        Figure::score(
            "macro_f1_valid_only",
            "Macro F1 of valid answers",
            valid_only.macro_f1.filter(|_| !valid.is_empty()),
            valid.len(),
        )
        .noted(LEFT_OUT),
        score(
            "macro_f1_supported",
            "Macro F1 over labels that occur",
            all.macro_f1_supported,
        ),
    ];
    if let Some(five) = macro_f1_of(&all.per_label, &of.labels, &CHEXPERT_FIVE) {
        out.push(score(
            "macro_f1_five",
            "Macro F1 of the five CheXpert labels",
            some(five),
        ));
    }
    out.extend([
        score("micro_f1", "Micro F1", some(all.micro_f1)),
        score("weighted_f1", "Weighted F1", all.weighted_f1),
        score("samples_f1", "F1 over cases", all.samples_f1),
        score("samples_jaccard", "Jaccard over cases", all.samples_jaccard),
        Figure::share("subset_accuracy", "Every label right", exact, n),
        hamming(rows),
    ]);
    let areas: Vec<Option<f64>> = (0..of.labels.len())
        .filter_map(|l| binary::area(rows, l, "auc", "AUC"))
        .map(|f| f.value)
        .collect();
    let defined: Vec<f64> = areas.iter().copied().flatten().collect();
    if !areas.is_empty() {
        let mean = (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64);
        let over = format!(
            "Mean over {} of {} labels, those with cases of both kinds.",
            defined.len(),
            of.labels.len()
        );
        out.push(Figure::score("macro_auc", "Mean AUC over labels", mean, n).noted(&over));
    }
    out
}

/// Share of wrong cells; every cell of an invalid answer is wrong.
fn hamming(rows: &[Row<'_>]) -> Figure {
    let (wrong, cells) = rows
        .iter()
        .map(wrong_cells)
        .fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
    let value = (cells > 0).then(|| wrong as f64 / cells as f64);
    Figure::plain("hamming_loss", "Wrong cells", Unit::Share, value, rows.len())
        .noted(super::super::figure::BY_RESAMPLING)
        .noted("Every cell of an invalid answer is wrong.")
}

/// Wrong cells and cells of a row.
pub(in crate::evaluated) fn wrong_cells(row: &Row<'_>) -> (usize, usize) {
    let left = row.truth.states.iter().flatten().count();
    if row.said.invalid.is_some() {
        return (left, left);
    }
    let cells = row.truth.states.iter().zip(&row.said.yes);
    (cells.filter(|(t, s)| t.is_some_and(|t| t != **s)).count(), left)
}
