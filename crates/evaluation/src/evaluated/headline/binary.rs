//! Two classes told apart: sensitivity, specificity, predictive values, likelihood ratios, the area under the curve.

use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figure::BY_RESAMPLING;
use crate::evaluated::figures::{Figure, Unit};
use crate::metrics::binary::{Counts, Odds, at_prevalence, binary};
use crate::metrics::delong;

/// Labels that mean that nothing is found.
const NEGATIVE: [&str; 14] = [
    "normal",
    "no finding",
    "no findings",
    "negative",
    "absent",
    "no",
    "none",
    "benign",
    "healthy",
    "control",
    "false",
    "0",
    "no disease",
    "unremarkable",
];

/// The label that counts as positive, and whether the case set says so.
pub(in crate::evaluated) fn positive(of: &Evaluation) -> Option<(usize, bool)> {
    if of.set.question.task != Task::Closed {
        return None;
    }
    let stated = of.labels.iter().position(|l| *l == of.set.question.positive);
    if let Some(at) = stated.filter(|_| !of.set.question.positive.is_empty()) {
        return Some((at, true));
    }
    let [first, second] = of.labels.as_slice() else {
        return None;
    };
    let negative = |label: &String| NEGATIVE.contains(&label.to_lowercase().as_str());
    // Where the names do not tell, the second: tables put "no" before "yes".
    let at = if negative(second) && !negative(first) {
        0
    } else {
        1
    };
    Some((at, false))
}

/// What is counted, and how invalid answers count in it.
pub(in crate::evaluated) struct Told {
    /// An invalid answer is a false negative or a false positive here.
    pub counts: Counts,
    /// Said to be positive, and right.
    pub said_positive: [usize; 2],
    /// Said to be negative, and right.
    pub said_negative: [usize; 2],
}

pub(in crate::evaluated) fn told(rows: &[Row<'_>], positive: usize) -> Told {
    let (mut counts, mut yes, mut no) = (Counts::default(), [0; 2], [0; 2]);
    for row in rows {
        let Some(truth) = row.truth.one.map(|t| t as usize == positive) else {
            continue;
        };
        let said = row.said.label.map(|l| l as usize == positive);
        match (truth, said) {
            (true, Some(true)) => counts.tp += 1,
            (true, _) => counts.missed += 1,
            (false, Some(false)) => counts.tn += 1,
            (false, _) => counts.fp += 1,
        }
        match said {
            Some(true) => yes = [yes[0] + 1, yes[1] + usize::from(truth)],
            Some(false) => no = [no[0] + 1, no[1] + usize::from(!truth)],
            None => {}
        }
    }
    Told {
        counts,
        said_positive: yes,
        said_negative: no,
    }
}

pub(super) fn headline(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    let Some((positive, stated)) = positive(of) else {
        return Vec::new();
    };
    let name = of.labels.get(positive).map_or("", String::as_str);
    let told = told(rows, positive);
    let Counts { tp, fp, missed, tn } = told.counts;
    let all = binary(told.counts);
    let n = all.n;
    let says = if stated {
        format!("Positive is {name}. Invalid answers are wrong.")
    } else {
        format!("Positive is taken to be {name}; the case set does not say. Invalid answers are wrong.")
    };
    let here = "At the prevalence of these cases; elsewhere it is another.";
    let odds = |odds: Option<Odds>| match odds {
        Some(Odds::Finite(x)) => (Some(x), ""),
        Some(Odds::Infinite) => (None, "Infinite: nothing stands below the line."),
        None => (None, "Not defined: there is nothing to divide by."),
    };
    let ratio = |key, name, value| {
        let (value, why) = odds(value);
        Figure::plain(key, name, Unit::Number, value, n)
            .noted(BY_RESAMPLING)
            .undefined(why)
    };
    let mut out = vec![
        Figure::share("sensitivity", "Sensitivity", tp, tp + missed).noted(&says),
        Figure::share("specificity", "Specificity", tn, tn + fp).noted(&says),
        Figure::share("ppv", "PPV", told.said_positive[1], told.said_positive[0]).noted(here),
        Figure::share("npv", "NPV", told.said_negative[1], told.said_negative[0]).noted(here),
        ratio("lr_positive", "LR+", all.lr_positive),
        ratio("lr_negative", "LR-", all.lr_negative),
        Figure::score("youden", "Youden index", all.youden_j, n),
    ];
    for prevalence in prevalences(of) {
        let moved = all
            .sensitivity
            .zip(all.specificity)
            .map(|(a, b)| at_prevalence(a, b, prevalence));
        let at = printed(prevalence);
        let figure = |key: &str, name: &str, value: Option<f64>| {
            Figure::plain(
                &format!("{key}_at_{prevalence}"),
                &format!("{name} at {at}"),
                Unit::Share,
                value,
                n,
            )
            .noted(BY_RESAMPLING)
            .undefined("Sensitivity or specificity is not known.")
        };
        out.push(figure("ppv", "PPV", moved.and_then(|m| m.ppv)));
        out.push(figure("npv", "NPV", moved.and_then(|m| m.npv)));
    }
    out.extend(area(rows, positive, "auc", "AUC"));
    out
}

/// Prevalences that were stated, those between 0 and 1.
pub(in crate::evaluated) fn prevalences(of: &Evaluation) -> Vec<f64> {
    let mut out: Vec<f64> = of
        .set
        .truth
        .prevalences
        .iter()
        .copied()
        .filter(|p| *p > 0.0 && *p < 1.0)
        .collect();
    out.dedup();
    out
}

fn printed(prevalence: f64) -> String {
    let text = format!("{:.2}", 100.0 * prevalence);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The score of a label in the rows that have one: (place in the rows' order of cases, true, score).
pub(in crate::evaluated) fn scores(rows: &[Row<'_>], label: usize) -> Vec<(usize, bool, f64)> {
    let score = |row: &Row<'_>| {
        let truth = match row.truth.one {
            Some(one) => one as usize == label,
            None => row.truth.states.get(label).copied().flatten()?,
        };
        let p = row.said.probabilities.get(label).copied()?;
        row.said.invalid.is_none().then_some((row.case, truth, p))
    };
    rows.iter().filter_map(score).collect()
}

/// Area under the ROC curve of a label against the rest, with DeLong's interval. `None` without scores.
pub(in crate::evaluated) fn area(rows: &[Row<'_>], label: usize, key: &str, name: &str) -> Option<Figure> {
    let scored = scores(rows, label);
    if scored.is_empty() {
        return None;
    }
    let truth: Vec<bool> = scored.iter().map(|s| s.1).collect();
    let score: Vec<f64> = scored.iter().map(|s| s.2).collect();
    let areas = delong::areas(&truth, &[&score]);
    let value = areas.as_ref().and_then(|a| a.auc.first().copied());
    let variance = areas.and_then(|a| Some(*a.covariance?.first()?.first()?));
    let mut out = Figure::score(key, name, value, scored.len());
    if let Some((value, variance)) = value.zip(variance) {
        out = match delong::logit_interval(value, variance).filter(|_| variance > 0.0) {
            Some(bounds) => out
                .between(Some(bounds), "DeLong, on the logit")
                .beside("DeLong, plain", delong::plain_interval(value, variance)),
            None => out
                .noted("The scores tell the classes apart without a fault; DeLong has no interval for that."),
        };
    }
    if scored.len() < rows.len() {
        out = out.noted("Over valid answers with probabilities.");
    }
    Some(out.undefined("It needs scored cases of both kinds."))
}
