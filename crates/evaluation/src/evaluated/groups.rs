//! Parts of one reader's figures: subgroups, arms of a pipeline, before and after the reveal, other policies, effort.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::case_set::{Arm, Blank, Uncertain};
use crate::error::trim;
use crate::evaluated::bench::{Bench, Row};
use crate::evaluated::comparison::{common, waiting};
use crate::evaluated::evaluation::{Evaluation, Reader};
use crate::evaluated::figure::{BY_RESAMPLING, count};
use crate::evaluated::figures::{ArmFigures, Figure, PolicyFigures, RevealFigures, SubgroupFigures, Unit};
use crate::evaluated::headline;
use crate::evaluated::selection::Selection;
use crate::evaluated::truths::Policy;
use crate::evaluated::words;
use crate::metrics::cluster::group_against_rest;
use crate::metrics::difference::two_proportions;
use crate::metrics::multiple::holm;
use crate::metrics::paired::{PairedCounts, paired};

/// Cases below which a subgroup is not shown.
pub(super) const SMALL: usize = 5;
/// Values above which a subgroup is no subgroup (an age, a date).
const VALUES: usize = 20;
/// More distinct numbers than these are a measurement.
const NUMBERS: usize = 6;

/// The subgroups of each case: modality and what the case set gives.
fn groups_of(of: &Evaluation, case: usize) -> Vec<(String, String)> {
    let Some(spec) = of.set.cases.get(case) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    if !trim(&spec.modality).is_empty() {
        out.push(("modality".to_owned(), trim(&spec.modality).to_owned()));
    }
    for (key, value) in &spec.groups {
        let value = group_value(key, value);
        if !value.is_empty() {
            out.push((key.clone(), value));
        }
    }
    out
}

/// The subgroup that a value stands for: ages in bands, others as they are.
pub(super) fn group_value(key: &str, value: &str) -> String {
    if key == "age" {
        age_band(value)
    } else {
        trim(value).to_owned()
    }
}

/// Values tell groups apart: a size in mm that is another in each case does not.
pub(super) fn are_groups<'a>(values: impl IntoIterator<Item = &'a str>) -> bool {
    let values: Vec<&str> = values.into_iter().filter(|v| !v.is_empty()).collect();
    let numbers = values.len() > NUMBERS && values.iter().all(|v| v.parse::<f64>().is_ok());
    !values.is_empty() && values.len() <= VALUES && !numbers
}

/// Years (`64`, or `064Y` as in PS3.5, AS) as a band; other words as they are.
fn age_band(age: &str) -> String {
    let text = trim(age);
    let digits: String = text
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let unit = text
        .get(digits.len()..)
        .unwrap_or_default()
        .trim()
        .to_ascii_uppercase();
    let band = |years: f64| match years {
        y if y < 18.0 => "under 18",
        y if y < 40.0 => "18 to 39",
        y if y < 60.0 => "40 to 59",
        y if y < 80.0 => "60 to 79",
        _ => "80 and over",
    };
    match (digits.parse::<f64>(), unit.as_str()) {
        (Ok(years), "" | "Y") => band(years).to_owned(),
        (Ok(_), "M" | "W" | "D") => "under 18".to_owned(),
        _ => text.to_owned(),
    }
}

/// Subgroups with their measure; each against the rest, p by Holm over all shown.
pub(super) fn subgroups(of: &Evaluation, rows: &[Row<'_>]) -> Vec<SubgroupFigures> {
    let mut by: BTreeMap<String, BTreeMap<String, Vec<Row<'_>>>> = BTreeMap::new();
    for row in rows {
        for (key, value) in groups_of(of, row.case) {
            by.entry(key).or_default().entry(value).or_default().push(*row);
        }
    }
    by.retain(|_, values| values.len() > 1 && are_groups(values.keys().map(String::as_str)));
    let (whole_n, whole_k) = shares(rows);
    let clustered = rows.iter().map(|r| r.patient).collect::<BTreeSet<_>>().len() < rows.len();
    let (mut out, mut p) = (Vec::new(), Vec::new());
    for (key, values) in by {
        for (value, own) in values {
            let (n, k) = shares(&own);
            let mut figure = headline::measure(of, &own);
            let mut test = None;
            if own.len() < SMALL {
                figure = Figure::plain(&figure.key, &figure.name, figure.unit, None, own.len())
                    .noted(&format!("Fewer than {SMALL} cases: not shown."));
            } else if whole_n == rows.len() {
                test = if clustered {
                    let mine: BTreeSet<usize> = own.iter().map(|r| r.case).collect();
                    let told = rows
                        .iter()
                        .filter_map(|r| Some((r.patient, mine.contains(&r.case), r.right()?)));
                    figure = figure.noted("Against the rest by patients, on the normal law.");
                    group_against_rest(told)
                } else {
                    two_proportions(k, n, whole_k - k, whole_n - n).fisher_exact_p
                };
            }
            p.extend(test);
            out.push((key.clone(), value, figure, test.is_some()));
        }
    }
    let mut adjusted = holm(&p).into_iter();
    out.into_iter()
        .map(|(key, value, figure, tested)| SubgroupFigures {
            key,
            value,
            figure,
            p_adjusted: if tested { adjusted.next() } else { None },
        })
        .collect()
}

/// Decided and right.
fn shares(rows: &[Row<'_>]) -> (usize, usize) {
    rows.iter()
        .filter_map(Row::right)
        .fold((0, 0), |(n, k), right| (n + 1, k + usize::from(right)))
}

/// Arms of a pipeline; gains are over the arm without findings, on the same cases.
pub(super) fn arms(
    of: &Evaluation,
    bench: &Bench,
    reader: &Reader,
    selection: &Selection,
) -> Vec<ArmFigures> {
    let rows: BTreeMap<Arm, Vec<Row<'_>>> = reader
        .arms
        .iter()
        .map(|(arm, column)| (*arm, bench.rows(of, column, &selection.cases)))
        .collect();
    let without = rows.get(&Arm::None);
    let one = |(arm, own): (&Arm, &Vec<Row<'_>>)| ArmFigures {
        arm: *arm,
        figure: headline::measure(of, own).noted(&format!("Given {}.", words::arm(*arm))),
        gain: without
            .filter(|_| *arm != Arm::None)
            .map(|without| difference("gain", "Gain over no findings", own, without)),
    };
    rows.iter().map(one).collect()
}

/// The paired difference of right answers, first less second.
fn difference(key: &str, name: &str, a: &[Row<'_>], b: &[Row<'_>]) -> Figure {
    let both = common(a, b);
    let waiting = waiting(a, b);
    let right = |row: &Row<'_>| row.right() == Some(true);
    let found = paired(PairedCounts::of(both.iter().map(|(x, y)| (right(x), right(y)))));
    let mut out = Figure::plain(key, name, Unit::Points, found.difference, both.len())
        .between(found.difference_newcombe, "Newcombe, paired (method 10)");
    if !both.is_empty() {
        out = out.noted(&format!("McNemar, exact: p = {:.3}.", found.mcnemar_exact));
    }
    if waiting > 0 {
        let text = format!(
            "{} of which an answer waits for a person left out.",
            count(waiting, "case")
        );
        out = out.noted(&text);
    }
    out.undefined("No case has both answers.")
}

/// What the reveal did to a reader; `None` without answers before and after.
pub(super) fn reveal(
    of: &Evaluation,
    bench: &Bench,
    reader: &Reader,
    selection: &Selection,
) -> Option<RevealFigures> {
    let (before, after) = (
        bench.rows(of, &reader.before, &selection.cases),
        bench.rows(of, &reader.after, &selection.cases),
    );
    let both = common(&before, &after);
    if both.is_empty() {
        return None;
    }
    let right = |row: &Row<'_>| row.right() == Some(true);
    let cases = |of: &dyn Fn(&(Row<'_>, Row<'_>)) -> bool| both.iter().filter(|pair| of(pair)).count();
    let n = both.len();
    let (wrong_before, right_before) = (cases(&|(b, _)| !right(b)), cases(&|(b, _)| right(b)));
    let rescued = cases(&|(b, a)| !right(b) && right(a));
    let misled = cases(&|(b, a)| right(b) && !right(a));
    let same = cases(&|(b, a)| {
        let words = |row: &Row<'_>| {
            let spec = of.set.cases.get(row.case);
            spec.map(|spec| crate::evaluated::table::words_of(of, spec, row.answer))
        };
        words(b) == words(a)
    });
    Some(RevealFigures {
        reader: reader.spec.id.clone(),
        n: n as u32,
        rescued: Figure::share("rescued", "Rescued", rescued, wrong_before)
            .noted("Of the answers that were wrong before."),
        misled: Figure::share("misled", "Misled", misled, right_before)
            .noted("Of the answers that were right before."),
        unmoved: Figure::share("unmoved", "Unmoved", same, n),
        before: Figure::share("before", "Right before", right_before, n),
        after: Figure::share("after", "Right after", cases(&|(_, a)| right(a)), n),
        change: difference("change", "Change", &after, &before),
    })
}

/// The measure under every policy for uncertain and blank labels.
pub(super) fn policies(of: &Evaluation, selection: &Selection) -> Vec<PolicyFigures> {
    if !super::remarks::has_policies(of) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for uncertain in [Uncertain::Ones, Uncertain::Zeros, Uncertain::Ignore] {
        for blank in [Blank::Negative, Blank::Missing] {
            all.push(Policy { uncertain, blank });
        }
    }
    let of_policy = |policy: &Policy| -> Vec<PolicyFigures> {
        let bench = Bench::new(of, *policy);
        let readers = selection.readers.iter().filter_map(|r| of.readers.get(*r));
        readers
            .map(|reader| PolicyFigures {
                uncertain: policy.uncertain,
                blank: policy.blank,
                reader: reader.spec.id.clone(),
                figure: headline::measure(of, &bench.rows(of, &reader.counting, &selection.cases)),
            })
            .collect()
    };
    all.par_iter().flat_map_iter(of_policy).collect()
}

/// Seconds an answer and cost, where recorded.
pub(super) fn effort(rows: &[Row<'_>]) -> Vec<Figure> {
    let sound = |value: Option<f64>| value.filter(|v| v.is_finite() && *v >= 0.0);
    let mut seconds: Vec<f64> = rows.iter().filter_map(|r| sound(r.recorded.seconds)).collect();
    let costs: Vec<f64> = rows.iter().filter_map(|r| sound(r.recorded.cost)).collect();
    seconds.sort_by(f64::total_cmp);
    let mut out = Vec::new();
    let n = seconds.len();
    if let (Some(middle), Some(most)) = (seconds.get(n / 2), seconds.last()) {
        let lower = seconds.get((n - 1) / 2).copied().unwrap_or(*middle);
        let measured = "Measured, not estimated: no interval.";
        let figure =
            |key, name, value| Figure::plain(key, name, Unit::Seconds, Some(value), n).noted(measured);
        out.push(figure(
            "seconds_median",
            "Seconds an answer, median",
            f64::midpoint(lower, *middle),
        ));
        out.push(figure("seconds_most", "Seconds an answer, most", *most));
        out.push(
            Figure::plain(
                "seconds_mean",
                "Seconds an answer, mean",
                Unit::Seconds,
                Some(seconds.iter().sum::<f64>() / n as f64),
                n,
            )
            .noted(BY_RESAMPLING),
        );
    }
    if !costs.is_empty() {
        let sum = costs.iter().sum::<f64>();
        out.push(
            Figure::plain(
                "cost",
                "Cost of all answers",
                Unit::Number,
                Some(sum),
                costs.len(),
            )
            .noted("In the currency of the source; a sum, so no interval."),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_fall_into_bands() {
        let of = ["064Y", "64", "17", "006M", "80.5", "unknown", ""].map(age_band);
        assert_eq!(
            of,
            [
                "60 to 79",
                "60 to 79",
                "under 18",
                "under 18",
                "80 and over",
                "unknown",
                ""
            ]
        );
    }

    #[test]
    fn measurements_are_no_groups() {
        let numbers: Vec<String> = (0..9).map(|n| format!("{n}.5")).collect();
        let of = |n: usize| are_groups(numbers.iter().take(n).map(String::as_str));
        assert!(of(6), "stages, scores");
        assert!(!of(7), "sizes");
        assert!(are_groups(["", "A", "B", "C", "D", "E", "F", "G", "1"]), "sites");
        assert!(!are_groups([""]));
        assert_eq!(group_value("age", "064Y"), "60 to 79");
        assert_eq!(group_value("site", " A "), "A");
    }

    #[test]
    fn the_reveal_by_hand() {
        use crate::case_set::Task;
        use crate::evaluated::samples::{answer, case, set};
        use crate::evaluated::{Context, Request, by_formula};
        use crate::recorded::Phase;

        let truth = "aaaabb";
        let cases = truth
            .chars()
            .enumerate()
            .map(|(i, l)| case(&i.to_string(), &[&l.to_string()]))
            .collect();
        let mut answers = Vec::new();
        for (phase, said) in [(Phase::Before, "aabbba"), (Phase::After, "abaaba")] {
            for (i, label) in said.chars().enumerate() {
                let mut one = answer("p", &i.to_string(), &label.to_string());
                one.phase = Some(phase);
                answers.push(one);
            }
        }
        let of = Evaluation::new(
            set(Task::Closed, &["a", "b"], cases, &["p"]),
            answers,
            Context::default(),
        );
        let figures = by_formula(&of, &Request::default());
        let reveal = &figures.reveal[0];
        let share = |f: &Figure| (f.value.map(|v| (v * f64::from(f.n)).round()), f.n);
        assert_eq!(reveal.n, 6);
        assert_eq!(share(&reveal.rescued), (Some(2.0), 3));
        assert_eq!(share(&reveal.misled), (Some(1.0), 3));
        assert_eq!(share(&reveal.unmoved), (Some(3.0), 6));
        assert_eq!(
            (share(&reveal.before), share(&reveal.after)),
            ((Some(3.0), 6), (Some(4.0), 6))
        );
        assert!((reveal.change.value.expect("pairs") - 1.0 / 6.0).abs() < 1e-12);
        // What counts is the answer before the reveal.
        assert_eq!(figures.readers[0].headline[0].value, Some(0.5));
    }

    #[test]
    fn small_groups_are_not_shown_and_a_split_is_not_looked_at_twice() {
        use crate::evaluated::samples::large;
        use crate::evaluated::{Request, by_formula};

        let of = large(600, 2, 3);
        let figures = by_formula(&of, &Request::default());
        let reader = &figures.readers[0];
        assert_eq!(reader.subgroups.len(), 4);
        assert!(
            reader
                .subgroups
                .iter()
                .all(|s| s.figure.value.is_some() && s.p_adjusted.is_some())
        );
        let calibration = reader.calibration.as_ref().expect("probabilities");
        let fitted = &calibration.fitted[0];
        assert_eq!(
            (fitted.kind.as_str(), fitted.split.as_str()),
            ("temperature", "validation")
        );
        assert!(fitted.n > 140 && fitted.n <= 150, "{}", fitted.n);
        assert_eq!(calibration.conformal.len(), 4);
        assert!(calibration.conformal[0].coverage.n <= 450);
        let mut request = Request::default();
        request.filter.splits = vec!["validation".to_owned()];
        let alone = by_formula(&of, &request);
        let calibration = alone.readers[0].calibration.as_ref().expect("probabilities");
        assert!(calibration.fitted.is_empty() && calibration.conformal.is_empty());
        assert!(alone.remarks.iter().any(|r| r.key == "filtered"));
        let few = by_formula(&large(8, 1, 3), &Request::default());
        assert!(
            few.readers[0]
                .subgroups
                .iter()
                .any(|s| s.figure.value.is_none() && s.p_adjusted.is_none())
        );
    }
}
