//! Several people before and after the reveal, as a study of many readers and many cases (Obuchowski and Rockette).

use crate::evaluated::bench::{Bench, Row};
use crate::evaluated::compared::Comparison;
use crate::evaluated::comparison::{common, test};
use crate::evaluated::evaluation::{Evaluation, Reader};
use crate::evaluated::figures::{Figure, Remark, Unit, Weight};
use crate::evaluated::headline::binary::positive;
use crate::evaluated::selection::Selection;
use crate::metrics::mrmc::mrmc;
use crate::metrics::paired::PairedCounts;

/// How sure an answer is of the positive label. Of more than two labels, being sure of another one does not tell.
fn score(row: &Row<'_>, positive: usize, labels: usize) -> Option<f64> {
    let label = row.said.label.filter(|_| row.said.invalid.is_none())? as usize;
    let listed = row.said.probabilities.get(positive).copied();
    let sure = row
        .said
        .confidence
        .filter(|_| label == positive || labels == 2)
        .map(|c| if label == positive { c } else { 1.0 - c });
    listed.or(sure)
}

/// The areas of two readers or more, before against after, on the cases that all of them scored both times; `None`
/// without scores.
pub(super) fn before_and_after(
    of: &Evaluation,
    bench: &Bench,
    readers: &[&Reader],
    selection: &Selection,
) -> Option<Comparison> {
    let (positive, _) = positive(of)?;
    let labels = of.labels.len();
    let mut people: Vec<Vec<(Row<'_>, Row<'_>)>> = readers
        .iter()
        .map(|reader| {
            let rows = |column| bench.rows(of, column, &selection.cases);
            let mut both = common(&rows(&reader.before), &rows(&reader.after));
            both.retain(|(b, a)| {
                score(b, positive, labels).is_some() && score(a, positive, labels).is_some()
            });
            both
        })
        .filter(|both| !both.is_empty())
        .collect();
    if people.len() < 2 {
        return None;
    }
    let shared: Vec<usize> = people
        .first()?
        .iter()
        .map(|(b, _)| b.case)
        .filter(|case| {
            people
                .iter()
                .all(|p| p.binary_search_by_key(case, |(b, _)| b.case).is_ok())
        })
        .collect();
    for own in &mut people {
        own.retain(|(b, _)| shared.binary_search(&b.case).is_ok());
    }
    let truth: Vec<bool> = people
        .first()?
        .iter()
        .map(|(b, _)| b.truth.one.is_some_and(|t| t as usize == positive))
        .collect();
    let scores = |after: bool| -> Vec<Vec<f64>> {
        let of_row =
            |pair: &(Row<'_>, Row<'_>)| score(if after { &pair.1 } else { &pair.0 }, positive, labels);
        people
            .iter()
            .map(|own| own.iter().filter_map(of_row).collect())
            .collect()
    };
    // After first: the difference is what the reveal brought.
    let found = mrmc(&truth, &[scores(true), scores(false)])?;
    let right = |row: &Row<'_>| row.right() == Some(true);
    let counts = PairedCounts::of(people.iter().flatten().map(|(b, a)| (right(a), right(b))));
    let mut rockette = test("obuchowski_rockette", "Obuchowski and Rockette", found.p);
    rockette.statistic = found.f.filter(|f| f.is_finite());
    rockette.df = found.ddf_hillis.filter(|df| df.is_finite());
    rockette.note = format!(
        "{} readers, {} cases; readers and cases both as drawn.",
        people.len(),
        truth.len()
    );
    let figure = Figure::plain(
        "auc",
        "Mean AUC",
        Unit::Difference,
        Some(found.difference_1_2),
        truth.len(),
    )
    .between(found.difference_ci, "Obuchowski and Rockette")
    .noted("After the reveal less before it, mean over readers.");
    let counted = format!(
        "Counts are answers of {} people to {}, not cases.",
        people.len(),
        super::figure::count(truth.len(), "case")
    );
    Some(Comparison {
        a: "After the reveal".to_owned(),
        b: "Before the reveal".to_owned(),
        n: counts.n() as u32,
        both: counts.both as u32,
        a_only: counts.a_only as u32,
        b_only: counts.b_only as u32,
        neither: counts.neither as u32,
        figures: vec![figure],
        tests: vec![rockette],
        remarks: vec![Remark::new("study", Weight::Note, counted, &[])],
    })
}
