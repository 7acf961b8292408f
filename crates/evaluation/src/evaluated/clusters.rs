//! Several cases a patient: no formula that takes cases as independent stands alone.

use std::collections::BTreeMap;

use crate::evaluated::bench::Row;
use crate::evaluated::cases::Verdict;
use crate::evaluated::comparison::{Looked, common, test};
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figure::count;
use crate::evaluated::figures::{Comparison, Figure, Figures, Test};
use crate::evaluated::headline::{binary, open};
use crate::metrics::cluster::{clustered, sign_flip};
use crate::metrics::proportion::wilson;

/// What the name of a method ends with that takes every case as a patient of its own.
const ALONE: &str = ", each case by itself";
/// What the name of a method begins with that does not.
const EFFECTIVE: &str = "Wilson, effective n";
const ONE_A_PATIENT: &str = "Wilson, one case a patient";
/// What stands with a test that takes cases as independent.
const INDEPENDENT: &str =
    "It takes every case as independent, though some are of one patient; see the test by patients.";

/// The name of a method that a resampling over patients takes the first place from.
pub(super) fn named(method: &str) -> String {
    let knows = [EFFECTIVE, ONE_A_PATIENT, "Obuchowski", "bounds"]
        .iter()
        .any(|m| method.starts_with(m));
    if method.is_empty() || knows || method.ends_with("by itself") {
        method.to_owned()
    } else {
        format!("{method}{ALONE}")
    }
}

/// Rewrites every interval by formula, and adds the tests by patients.
pub(super) fn apply(of: &Evaluation, looked: &[Looked<'_>], figures: &mut Figures) {
    for (reader, one) in figures.readers.iter_mut().zip(looked) {
        for figure in &mut reader.headline {
            let key = figure.key.clone();
            own(figure, one.rows, |row| headline(of, row, &key));
        }
        for (label, of_label) in reader.per_label.iter_mut().enumerate() {
            for figure in &mut of_label.figures {
                let key = figure.key.clone();
                own(figure, one.rows, |row| in_label(row, label, &key));
            }
        }
        let rest = reader.curves.iter_mut().map(|c| &mut c.figure);
        rest.chain(reader.subgroups.iter_mut().map(|s| &mut s.figure))
            .chain(
                reader
                    .arms
                    .iter_mut()
                    .flat_map(|a| std::iter::once(&mut a.figure).chain(&mut a.gain)),
            )
            .chain(reader.calibration.iter_mut().flat_map(|c| {
                let sets = c.conformal.iter_mut().map(|c| &mut c.coverage);
                c.figures.iter_mut().chain(sets)
            }))
            .for_each(rename);
    }
    for reveal in &mut figures.reveal {
        for figure in [
            &mut reveal.rescued,
            &mut reveal.misled,
            &mut reveal.unmoved,
            &mut reveal.before,
            &mut reveal.after,
            &mut reveal.change,
        ] {
            rename(figure);
        }
    }
    figures
        .agreement
        .iter_mut()
        .flat_map(|a| &mut a.figures)
        .for_each(rename);
    figures
        .policies
        .iter_mut()
        .map(|p| &mut p.figure)
        .for_each(rename);
    let Some(all) = &mut figures.comparison else {
        return;
    };
    if let Some(omnibus) = &mut all.omnibus {
        omnibus.note = format!(
            "{} It takes every case as independent, though some are of one patient.",
            omnibus.note
        );
    }
    for pair in &mut all.pairs {
        pair.figures.iter_mut().for_each(rename);
        compare(pair, looked);
    }
    super::comparison::adjust(&mut all.pairs, KEY);
}

/// The test of a pair by patients.
const KEY: &str = "mcnemar_patients";

fn compare(pair: &mut Comparison, looked: &[Looked<'_>]) {
    let rows = |id: &str| looked.iter().find(|l| l.reader.spec.id == id).map(|l| l.rows);
    let (Some(a), Some(b)) = (rows(&pair.a), rows(&pair.b)) else {
        return;
    };
    for test in &mut pair.tests {
        INDEPENDENT.clone_into(&mut test.note);
    }
    let mut by: BTreeMap<u32, i64> = BTreeMap::new();
    for (x, y) in common(a, b) {
        *by.entry(x.patient).or_default() +=
            i64::from(x.right() == Some(true)) - i64::from(y.right() == Some(true));
    }
    if by.is_empty() {
        return;
    }
    let differences: Vec<i64> = by.into_values().collect();
    let differ = differences.iter().filter(|d| **d != 0).count();
    let mut by_patients: Test = test(KEY, "McNemar by patients", sign_flip(&differences));
    by_patients.note = format!(
        "The signs of the differences of {} flipped together, patient by patient: with one case a patient it is McNemar, exact.",
        count(differ, "patient")
    );
    pair.tests.insert(0, by_patients);
}

fn rename(figure: &mut Figure) {
    figure.interval = named(&figure.interval);
    for other in &mut figure.beside {
        other.method = named(&other.method);
    }
}

/// The interval of a share over patients in the first place, those over cases beside it.
fn own(figure: &mut Figure, rows: &[Row<'_>], holds: impl Fn(&Row<'_>) -> Option<bool>) {
    let is_share = figure.interval == "Wilson";
    rename(figure);
    if !is_share {
        return;
    }
    let mut by: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for row in rows {
        if let Some(holds) = holds(row) {
            let place = by.entry(row.patient).or_default();
            place.0 += usize::from(holds);
            place.1 += 1;
        }
    }
    let (n, m) = (by.values().map(|(_, n)| n).sum::<usize>(), by.len());
    // Not the cases of the figure: its own interval stays, by its true name.
    if n != figure.n as usize {
        return;
    }
    if n == m {
        "Wilson".clone_into(&mut figure.interval);
        return;
    }
    let patients: Vec<(usize, usize)> = by.into_values().collect();
    let found = clustered(&patients, 0.95);
    let value = found.estimate.unwrap_or_default();
    let (bounds, how) = match (found.effective_n, found.wilson_effective_n) {
        // Cases of one patient that differ more than those of others are no reason for more than n.
        (Some(effective), Some(bounds)) if effective < n as f64 => (
            Some(bounds),
            format!(
                "{EFFECTIVE} {effective:.1} of {}, {}",
                count(n, "case"),
                count(m, "patient")
            ),
        ),
        (Some(_), Some(_)) => (
            wilson((value * n as f64).round() as usize, n),
            format!("{EFFECTIVE} {n} of {}, {}", count(n, "case"), count(m, "patient")),
        ),
        _ => (
            wilson(if value > 0.5 { m } else { 0 }, m).filter(|_| m > 1),
            ONE_A_PATIENT.to_owned(),
        ),
    };
    let old = figure.low.zip(figure.high).map(|(a, b)| [a, b]);
    let method = std::mem::take(&mut figure.interval);
    (figure.low, figure.high) = (None, None);
    let mut new = figure.clone().between(bounds, &how);
    if bounds.is_none() {
        new = new.noted("All cases are of one patient: they have no interval.");
    }
    if let Some(old) = old {
        new = new.beside(&method, old);
    }
    *figure = new;
}

/// Whether a row is among those of a headline figure, and whether it holds there.
fn headline(of: &Evaluation, row: &Row<'_>, key: &str) -> Option<bool> {
    let right = row.right();
    let valid = row.said.invalid.is_none();
    let two = || {
        let (positive, _) = binary::positive(of)?;
        let is = |label: u32| label as usize == positive;
        Some((is(row.truth.one?), row.said.label.map(is)))
    };
    match key {
        "accuracy" | "right" | "subset_accuracy" => right,
        "accuracy_valid_only" | "right_valid_only" => right.filter(|_| valid),
        "right_or_partial" => right.map(|_| matches!(row.verdict, Verdict::Right | Verdict::Partial)),
        "invalid_rate" => Some(!valid),
        "sensitivity" => two()
            .filter(|(truth, _)| *truth)
            .map(|(_, said)| said == Some(true)),
        "specificity" => two()
            .filter(|(truth, _)| !truth)
            .map(|(_, said)| said == Some(false)),
        "ppv" => two()
            .filter(|(_, said)| *said == Some(true))
            .map(|(truth, _)| truth),
        "npv" => two()
            .filter(|(_, said)| *said == Some(false))
            .map(|(truth, _)| !truth),
        "closed_accuracy" => right.filter(|_| open::is_closed(of, row)),
        "exact_match_plain" => row.said.text.map(|t| t.exact_plain),
        "exact_match_squad" => row.said.text.map(|t| t.exact_squad),
        _ => {
            let at: usize = key.strip_prefix("hit_at_")?.parse().ok()?;
            right.map(|_| open::rank(row).is_some_and(|rank| rank <= at))
        }
    }
}

/// The same for a figure of a label.
fn in_label(row: &Row<'_>, label: usize, key: &str) -> Option<bool> {
    let (truth, said) = match row.truth.one {
        Some(one) => (one as usize == label, row.said.label.map(|l| l as usize == label)),
        None => {
            let truth = row.truth.states.get(label).copied().flatten()?;
            (truth, row.said.yes.get(label).copied())
        }
    };
    let said = said.unwrap_or(false);
    match key {
        "recall" => truth.then_some(said),
        "specificity" => (!truth).then_some(!said),
        "precision" => said.then_some(truth),
        "npv" => (!said).then_some(!truth),
        "chosen" => Some(said),
        "true_share" => Some(truth),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluated::samples::closed;
    use crate::evaluated::{Context, Evaluation, Request, Resamples, by_formula, resampled};

    /// Four patients with five cases each, right in all of a patient's or in none.
    fn alike() -> Evaluation {
        let of = closed(
            "aaaaabbbbbaaaaabbbbb",
            &[("x", "aaaaabbbbbaaaaaaaaaa"), ("y", "bbbbbbbbbbaaaaaaaaaa")],
        );
        let mut set = of.set().clone();
        for (i, case) in set.cases.iter_mut().enumerate() {
            case.patient = format!("p{}", i / 5);
        }
        Evaluation::new(set, of.answers.clone(), Context::default())
    }

    #[test]
    fn cases_of_a_patient_are_not_independent() {
        let of = alike();
        let figures = by_formula(&of, &Request::default());
        let accuracy = &figures.readers[0].headline[0];
        assert_eq!(
            accuracy.interval,
            "Wilson, effective n 3.0 of 20 cases, 4 patients"
        );
        assert!(
            accuracy
                .beside
                .iter()
                .any(|b| b.method == "Wilson, each case by itself")
        );
        assert!(accuracy.high.expect("bounds") - accuracy.low.expect("bounds") > 0.6);
        let invalid = &figures.readers[0].headline[1];
        assert_eq!(
            (invalid.interval.as_str(), invalid.value),
            ("Wilson, one case a patient", Some(0.0))
        );
        let pair = &figures.comparison.as_ref().expect("two").pairs[0];
        assert_eq!(
            (pair.tests[0].key.as_str(), pair.tests[0].p),
            ("mcnemar_patients", Some(1.0))
        );
        assert!(pair.tests.iter().all(|t| !t.note.is_empty()));
        // By cases it seems a difference.
        assert!((pair.tests[1].p.expect("five") - 0.0625).abs() < 1e-12);
        let plan = Resamples { count: 500, seed: 1 };
        let drawn = resampled(&of, &Request::default(), plan, figures, &|_| true).expect("few");
        let accuracy = &drawn.readers[0].headline[0];
        assert!(
            accuracy.interval.starts_with("bootstrap over 4 patients"),
            "{}",
            accuracy.interval
        );
        let methods: Vec<&str> = accuracy.beside.iter().map(|b| b.method.as_str()).collect();
        assert_eq!(
            methods,
            [
                "Clopper-Pearson, each case by itself",
                "Wilson, each case by itself",
                "Wilson, effective n 3.0 of 20 cases, 4 patients"
            ]
        );
    }
}
