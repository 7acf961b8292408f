//! Readers against each other, on the cases that both answered.

use rayon::prelude::*;

use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::compared::{Comparison, Comparisons, Test};
use crate::evaluated::evaluation::{Evaluation, Reader};
use crate::evaluated::figure::BY_RESAMPLING;
use crate::evaluated::figures::{Figure, Unit};
use crate::evaluated::headline::{self, binary};
use crate::evaluated::remarks;
use crate::metrics::cochran::cochran;
use crate::metrics::delong;
use crate::metrics::multiple::holm;
use crate::metrics::paired::{PairedCounts, paired};

/// A reader with its rows under the filter, in the order of cases.
pub(super) struct Looked<'a> {
    /// The reader.
    pub reader: &'a Reader,
    /// Its answers that have a truth.
    pub rows: &'a [Row<'a>],
}

/// What a pair is right or wrong in.
fn right_means(task: Task) -> &'static str {
    match task {
        Task::YesNo => "Right: every label of the case.",
        Task::Boxes => "Right: every box found and none too many, IoU > 0.25.",
        Task::Open | Task::Vqa | Task::Closed | Task::Choice => "",
    }
}

/// The rows of two readers on the cases that both answered.
pub(super) fn common<'a>(a: &[Row<'a>], b: &[Row<'a>]) -> Vec<(Row<'a>, Row<'a>)> {
    let (mut i, mut j, mut out) = (0, 0, Vec::with_capacity(a.len().min(b.len())));
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.case.cmp(&y.case) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                if x.right().is_some() && y.right().is_some() {
                    out.push((*x, *y));
                }
                i += 1;
                j += 1;
            }
        }
    }
    out
}

/// Cases that both answered of which one answer waits for a person.
pub(super) fn waiting(a: &[Row<'_>], b: &[Row<'_>]) -> usize {
    let both = |x: &&Row<'_>| {
        let at = b.binary_search_by_key(&x.case, |y| y.case).ok();
        at.and_then(|at| b.get(at))
            .is_some_and(|y| x.right().is_none() || y.right().is_none())
    };
    a.iter().filter(both).count()
}

/// Every pair and the test over all; `None` with fewer than two readers.
pub(super) fn figures(of: &Evaluation, looked: &[Looked<'_>]) -> Option<Comparisons> {
    if looked.len() < 2 {
        return None;
    }
    let places: Vec<(usize, usize)> = (0..looked.len())
        .flat_map(|i| (i + 1..looked.len()).map(move |j| (i, j)))
        .collect();
    let mut pairs: Vec<Comparison> = places
        .par_iter()
        .filter_map(|(i, j)| Some(pair(of, looked.get(*i)?, looked.get(*j)?)))
        .collect();
    for key in ["mcnemar_exact", "mcnemar_midp", "delong"] {
        adjust(&mut pairs, key);
    }
    let (omnibus, n_common) = all(looked);
    Some(Comparisons {
        omnibus,
        n_common,
        pairs,
    })
}

/// Holm over all pairs that have the test.
pub(super) fn adjust(pairs: &mut [Comparison], key: &str) {
    let of = |c: &Comparison| c.tests.iter().find(|t| t.key == key).and_then(|t| t.p);
    let p: Vec<f64> = pairs.iter().filter_map(of).collect();
    let mut adjusted = holm(&p).into_iter();
    for test in pairs
        .iter_mut()
        .flat_map(|c| &mut c.tests)
        .filter(|t| t.key == key && t.p.is_some())
    {
        test.p_adjusted = adjusted.next();
    }
}

pub(super) fn test(key: &str, name: &str, p: Option<f64>) -> Test {
    Test {
        key: key.to_owned(),
        name: name.to_owned(),
        statistic: None,
        df: None,
        p: p.filter(|p| p.is_finite()),
        p_adjusted: None,
        note: String::new(),
    }
}

fn pair(of: &Evaluation, a: &Looked<'_>, b: &Looked<'_>) -> Comparison {
    let both = common(a.rows, b.rows);
    let right = |row: &Row<'_>| row.right() == Some(true);
    let counts = PairedCounts::of(both.iter().map(|(x, y)| (right(x), right(y))));
    let all = paired(counts);
    let n = both.len();
    let task = of.set.question.task;
    let mut figures = vec![
        Figure::plain("accuracy", "Right", Unit::Points, all.difference, n)
            .between(all.difference_newcombe, "Newcombe, paired (method 10)")
            .noted(right_means(task))
            .undefined("No case was answered by both."),
    ];
    let mut tests = vec![
        test(
            "mcnemar_exact",
            "McNemar, exact",
            (n > 0).then_some(all.mcnemar_exact),
        ),
        test(
            "mcnemar_midp",
            "McNemar, mid-p",
            (n > 0).then_some(all.mcnemar_midp),
        ),
    ];
    figures.extend(second(of, &both));
    if let Some((figure, delong)) = area(of, &both) {
        figures.push(figure);
        tests.push(delong);
    }
    Comparison {
        a: a.reader.spec.id.clone(),
        b: b.reader.spec.id.clone(),
        n: n as u32,
        both: counts.both as u32,
        a_only: counts.a_only as u32,
        b_only: counts.b_only as u32,
        neither: counts.neither as u32,
        figures,
        tests,
        remarks: remarks::of_pair(of, a, b, counts),
    }
}

/// The difference of the task's own score beside that of right answers.
fn second(of: &Evaluation, both: &[(Row<'_>, Row<'_>)]) -> Option<Figure> {
    let (a, b): (Vec<Row<'_>>, Vec<Row<'_>>) = both.iter().copied().unzip();
    let (key, name, difference) = match of.set.question.task {
        Task::Closed => {
            let f1 = |rows: &[Row<'_>]| headline::closed::confusion(of, rows).summary()[1];
            ("macro_f1", "Macro F1".to_owned(), f1(&a).zip(f1(&b)))
        }
        Task::YesNo | Task::Vqa | Task::Boxes => {
            let (x, y) = (headline::measure(of, &a), headline::measure(of, &b));
            let key = match of.set.question.task {
                Task::YesNo => "macro_f1",
                Task::Vqa => "token_f1_plain",
                _ => "rsna_score",
            };
            (key, x.name, x.value.zip(y.value))
        }
        Task::Choice | Task::Open => return None,
    };
    let value = difference.map(|(a, b)| a - b);
    Some(Figure::plain(key, &name, Unit::Difference, value, both.len()).noted(BY_RESAMPLING))
}

/// The difference of two areas under the curve on the cases that both scored.
fn area(of: &Evaluation, both: &[(Row<'_>, Row<'_>)]) -> Option<(Figure, Test)> {
    let (positive, _) = binary::positive(of)?;
    let (mut truth, mut a, mut b) = (Vec::new(), Vec::new(), Vec::new());
    for (x, y) in both {
        let score = |row: &Row<'_>| {
            let p = row.said.probabilities.get(positive).copied()?;
            row.said.invalid.is_none().then_some(p)
        };
        if let (Some(one), Some(p), Some(q)) = (x.truth.one, score(x), score(y)) {
            truth.push(one as usize == positive);
            a.push(p);
            b.push(q);
        }
    }
    let found = delong::paired(&truth, &a, &b)?;
    let figure = Figure::plain(
        "auc",
        "AUC",
        Unit::Difference,
        Some(found.difference),
        truth.len(),
    )
    .noted(BY_RESAMPLING)
    .between(found.ci, "DeLong, paired");
    let mut delong = test("delong", "DeLong, paired", found.p);
    delong.statistic = found.z.filter(|z| z.is_finite());
    if delong.p.is_none() {
        delong.note = "The two order the cases alike, or a class has too few cases.".to_owned();
    }
    Some((figure, delong))
}

/// Cochran's Q over the cases that every reader answered.
fn all(looked: &[Looked<'_>]) -> (Option<Test>, u32) {
    let most = looked
        .iter()
        .flat_map(|l| l.rows.last())
        .map(|r| r.case + 1)
        .max()
        .unwrap_or(0);
    let mut correct: Vec<Vec<bool>> = vec![Vec::new(); most];
    for (place, one) in looked.iter().enumerate() {
        for row in one.rows {
            if let (Some(right), Some(list)) = (row.right(), correct.get_mut(row.case))
                && list.len() == place
            {
                list.push(right);
            }
        }
    }
    correct.retain(|list| list.len() == looked.len());
    let n = correct.len() as u32;
    if looked.len() < 3 || n == 0 {
        return (None, n);
    }
    let found = cochran(looked.len(), &correct);
    let mut test = test("cochran_q", "Cochran's Q", Some(found.p));
    test.statistic = found.q.filter(|q| q.is_finite());
    test.df = Some(found.df as f64);
    test.note = if found.q.is_none() {
        "No case tells the readers apart.".to_owned()
    } else {
        "Whether the readers differ at all; the pairs say which.".to_owned()
    };
    (Some(test), n)
}

#[cfg(test)]
mod tests {
    use crate::evaluated::samples::closed;
    use crate::evaluated::{Request, by_formula};

    #[test]
    fn a_pair_by_hand() {
        let of = closed(
            "aaaaaabbbb",
            &[("x", "aaaaaabbbb"), ("y", "bbbbbbbbb-"), ("z", "aaaa  bbbb")],
        );
        let figures = by_formula(&of, &Request::default());
        let all = figures.comparison.expect("three readers");
        let pair = &all.pairs[0];
        assert_eq!(
            (pair.n, pair.both, pair.a_only, pair.b_only, pair.neither),
            (10, 3, 7, 0, 0)
        );
        let exact = pair
            .tests
            .iter()
            .find(|t| t.key == "mcnemar_exact")
            .expect("a test");
        assert!((exact.p.expect("cases") - 2.0 / 128.0).abs() < 1e-12);
        // The smallest of three, by Holm.
        assert!((exact.p_adjusted.expect("cases") - 6.0 / 128.0).abs() < 1e-12);
        assert!((pair.figures[0].value.expect("cases") - 0.7).abs() < 1e-12);
        assert_eq!(all.n_common, 8);
        assert!(pair.remarks.iter().all(|r| r.key != "other_cases"));
        assert!(all.pairs[1].remarks.iter().any(|r| r.key == "other_cases"));
    }
}
