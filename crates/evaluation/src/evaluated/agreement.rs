//! How far readers agree with each other, and the truth's own readers among themselves.

use std::collections::BTreeMap;

use crate::case_set::{Task, Votes};
use crate::error::trim;
use crate::evaluated::bench::Row;
use crate::evaluated::compared::AgreementFigures;
use crate::evaluated::comparison::Looked;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figure::count;
use crate::evaluated::figures::{Figure, Unit};
use crate::evaluated::selection::Selection;
use crate::metrics::agreement::{agreement, cross_table};
use crate::metrics::cluster::clustered;
use crate::metrics::proportion::wilson;
use crate::metrics::raters::agreement_many;

/// Items that are compared at most in an agreement of many readers over yes/no lists.
const ITEMS: usize = 2_000_000;

/// Every pair, all readers, and the truth's own readers.
pub(super) fn figures(
    of: &Evaluation,
    selection: &Selection,
    looked: &[Looked<'_>],
) -> Vec<AgreementFigures> {
    let mut out = Vec::new();
    let categories = match of.set.question.task {
        Task::Closed | Task::Choice => of.labels.len(),
        Task::YesNo => 2,
        Task::Open | Task::Vqa | Task::Boxes => 0,
    };
    if categories >= 2 {
        for (i, a) in looked.iter().enumerate() {
            for b in looked.iter().skip(i + 1) {
                out.extend(pair(of, a, b, categories));
            }
        }
        if looked.len() > 2 {
            out.extend(all(of, selection, looked, categories));
        }
    }
    out.extend(of_truth(of, selection));
    out
}

/// What was said of a case: one category, or yes and no label by label.
fn items(of: &Evaluation, row: &Row<'_>) -> Vec<usize> {
    match of.set.question.task {
        Task::YesNo => row.said.yes.iter().map(|yes| usize::from(*yes)).collect(),
        _ => row.said.label.map(|l| l as usize).into_iter().collect(),
    }
}

fn pair(of: &Evaluation, a: &Looked<'_>, b: &Looked<'_>, categories: usize) -> Option<AgreementFigures> {
    let mut pairs = Vec::new();
    // Same and all, by patient: the labels of one case are no independent answers.
    let mut by: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    let mut other = b.rows.iter().peekable();
    for x in a.rows.iter().filter(|r| r.said.invalid.is_none()) {
        while other.peek().is_some_and(|y| y.case < x.case) {
            other.next();
        }
        if let Some(y) = other
            .peek()
            .filter(|y| y.case == x.case && y.said.invalid.is_none())
        {
            let own: Vec<(usize, usize)> = items(of, x).into_iter().zip(items(of, y)).collect();
            let place = by.entry(x.patient).or_default();
            place.0 += own.iter().filter(|(x, y)| x == y).count();
            place.1 += own.len();
            pairs.extend(own);
        }
    }
    if pairs.is_empty() {
        return None;
    }
    let n = pairs.len();
    let same = pairs.iter().filter(|(x, y)| x == y).count();
    let all = agreement(cross_table(categories, pairs));
    let score = |key, name, value| Figure::score(key, name, value, n);
    let observed = Figure::plain("observed", "Same answer", Unit::Share, all.observed, n);
    let kappa = score("kappa", "Cohen's kappa", all.kappa);
    let [observed, kappa] = if of.set.question.task == Task::YesNo {
        let patients: Vec<(usize, usize)> = by.into_values().collect();
        let found = clustered(&patients, 0.95);
        let how = format!("Wilson, effective n of {}", count(patients.len(), "patient"));
        [observed.between(found.wilson_effective_n, &how), kappa]
    } else {
        [
            observed.between(wilson(same, n), "Wilson"),
            kappa.between(all.kappa_ci, "Fleiss, Cohen, Everitt"),
        ]
    };
    let mut figures = vec![observed, kappa.undefined("Both said one label alone.")];
    if of.set.question.ordinal {
        figures.push(score("kappa_linear", "Kappa, linear weights", all.kappa_linear));
        figures.push(score(
            "kappa_quadratic",
            "Kappa, quadratic weights",
            all.kappa_quadratic,
        ));
    }
    figures.push(score("gwet_ac1", "Gwet's AC1", all.gwet_ac1));
    figures.push(score("pabak", "PABAK", all.pabak));
    if categories == 2 {
        figures.push(score(
            "prevalence_index",
            "Prevalence index",
            all.prevalence_index,
        ));
        figures.push(score("bias_index", "Bias index", all.bias_index));
    }
    Some(AgreementFigures {
        between: vec![a.reader.spec.id.clone(), b.reader.spec.id.clone()],
        n: n as u32,
        figures: noted(of, figures),
    })
}

fn noted(of: &Evaluation, figures: Vec<Figure>) -> Vec<Figure> {
    let text = if of.set.question.task == Task::YesNo {
        "Over the labels of the cases that both answered validly."
    } else {
        "Over the cases that both answered validly."
    };
    figures.into_iter().map(|f| f.noted(text)).collect()
}

fn all(
    of: &Evaluation,
    selection: &Selection,
    looked: &[Looked<'_>],
    categories: usize,
) -> Option<AgreementFigures> {
    let labels = if of.set.question.task == Task::YesNo {
        of.labels.len()
    } else {
        1
    };
    let size = selection
        .cases
        .len()
        .saturating_mul(labels)
        .saturating_mul(looked.len());
    if size == 0 || size > ITEMS {
        return None;
    }
    let place: BTreeMap<usize, usize> = selection
        .cases
        .iter()
        .enumerate()
        .map(|(i, c)| (*c as usize, i))
        .collect();
    let mut ratings = vec![vec![None; looked.len()]; selection.cases.len() * labels];
    for (reader, one) in looked.iter().enumerate() {
        for row in one.rows.iter().filter(|r| r.said.invalid.is_none()) {
            let Some(first) = place.get(&row.case).map(|at| at * labels) else {
                continue;
            };
            for (k, category) in items(of, row).into_iter().enumerate() {
                if let Some(cell) = ratings.get_mut(first + k).and_then(|r| r.get_mut(reader)) {
                    *cell = Some(category);
                }
            }
        }
    }
    many(
        &["readers"],
        ratings,
        categories,
        of.set.question.ordinal && labels == 1,
    )
}

/// Figures of many readers over items with gaps; items without a rating are left out.
fn many(
    between: &[&str],
    mut ratings: Vec<Vec<Option<usize>>>,
    categories: usize,
    ordered: bool,
) -> Option<AgreementFigures> {
    ratings.retain(|row| row.iter().flatten().count() > 1);
    if ratings.is_empty() {
        return None;
    }
    let found = agreement_many(&ratings, categories, ordered);
    let n = ratings.len();
    let score = |key, name, value| Figure::score(key, name, value, n);
    let mut figures = vec![
        Figure::plain(
            "percent_agreement",
            "Pairs that agree",
            Unit::Share,
            found.percent_agreement,
            n,
        )
        .noted(crate::evaluated::figure::BY_RESAMPLING),
        score("fleiss_kappa", "Fleiss' kappa", found.fleiss_kappa)
            .undefined("Some did not answer every case; Krippendorff's alpha allows for it."),
        score(
            "krippendorff_nominal",
            "Krippendorff's alpha",
            found.krippendorff_nominal,
        )
        .undefined("There is one answer alone."),
        score("gwet_ac1", "Gwet's AC1", found.gwet_ac1),
    ];
    if ordered {
        figures.push(score(
            "krippendorff_ordinal",
            "Krippendorff's alpha, ordered",
            found.krippendorff_ordinal,
        ));
    }
    Some(AgreementFigures {
        between: between.iter().map(|b| (*b).to_owned()).collect(),
        n: n as u32,
        figures,
    })
}

/// The truth's own readers, where their votes were kept: consensus hides their disagreement.
fn of_truth(of: &Evaluation, selection: &Selection) -> Option<AgreementFigures> {
    let cases = || {
        selection
            .cases
            .iter()
            .filter_map(|c| of.set.cases.get(*c as usize))
            .filter(|c| c.truth.votes.len() > 1)
    };
    let mut readers: BTreeMap<&str, usize> = BTreeMap::new();
    for vote in cases().flat_map(|c| &c.truth.votes) {
        let next = readers.len();
        readers.entry(trim(&vote.reader)).or_insert(next);
    }
    let list = matches!(of.set.question.task, Task::YesNo | Task::Boxes);
    let labels = if list { of.labels.len().max(1) } else { 1 };
    if readers.len() < 2
        || cases()
            .count()
            .saturating_mul(labels)
            .saturating_mul(readers.len())
            > ITEMS
    {
        return None;
    }
    let mut ratings = Vec::new();
    for case in cases() {
        let mut rows = vec![vec![None; readers.len()]; labels];
        for vote in &case.truth.votes {
            let Some(reader) = readers.get(trim(&vote.reader)) else {
                continue;
            };
            let said = |label: &String| vote.labels.iter().any(|l| l == label);
            if list {
                for (row, label) in rows.iter_mut().zip(&of.labels) {
                    if let Some(cell) = row.get_mut(*reader) {
                        *cell = Some(usize::from(said(label)));
                    }
                }
            } else if let (Some(cell), Some(label)) = (
                rows.first_mut().and_then(|r| r.get_mut(*reader)),
                of.labels.iter().position(said),
            ) {
                *cell = Some(label);
            }
        }
        ratings.extend(rows);
    }
    let categories = if list { 2 } else { of.labels.len() };
    let mut out = many(&["truth"], ratings, categories, of.set.question.ordinal && !list)?;
    let votes = match of.set.truth.votes {
        Votes::Majority => "more than half",
        Votes::Any => "at least one",
        Votes::All => "all",
    };
    if let Some(first) = out.figures.first_mut() {
        let note = format!("The truth's own readers; a label is true where {votes} of them say so.");
        *first = first.clone().noted(&note);
    }
    Some(out)
}
