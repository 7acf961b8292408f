//! What is fitted on a split kept apart and held against the cases looked at, never on those themselves.

use std::collections::BTreeSet;

use super::{Confident, confident, listed};
use crate::case_set::{CaseSpec, ReaderKind, Task};
use crate::error::trim;
use crate::evaluated::bench::{Bench, Row};
use crate::evaluated::evaluation::{Evaluation, Reader};
use crate::evaluated::figure::count;
use crate::evaluated::figures::{AbstainLine, ConformalFigures, Figure, FittedCalibrator, LabelCoverage};
use crate::evaluated::selection::Selection;
use crate::metrics::calibrators::{Calibrator, Kind, fit_list, fit_yes_no};
use crate::metrics::confidence::{Answer, equal_width, expected_error};
use crate::metrics::conformal::{Score, Threshold, coverage, worst_of_patient};
use crate::metrics::probabilities::Case;
use crate::metrics::selective::abstain_line;

/// Names of a split that calibration may be fitted on, the first that is there.
const SPLITS: [&str; 7] = [
    "calibration",
    "validation",
    "val",
    "valid",
    "tune",
    "tuning",
    "dev",
];
/// Names of a split that nothing is fitted on, whatever is looked at.
const KEPT: [&str; 2] = ["test", "testing"];
/// Cases that isotonic regression needs.
const ISOTONIC: usize = 300;
/// Cases below which a fit is only a hint.
const HINT: usize = 50;
/// Temperatures from here on are the edge of what is looked at: the interval has no upper end.
const UNBOUNDED: f64 = 1e5;
/// Risks for which an abstain line is sought.
const RISKS: [f64; 3] = [0.05, 0.1, 0.2];
/// Shares that conformal sets may miss.
const ALPHAS: [f64; 2] = [0.1, 0.05];

/// The fitting split and the cases looked at, without a patient in common.
pub(super) struct Split<'a> {
    name: String,
    fit: Vec<Row<'a>>,
    seen: Vec<Row<'a>>,
}

/// The split that calibration is fitted on: one that is called so, else the only one that is not looked at.
pub(in crate::evaluated) fn split_name<'a>(of: &'a Evaluation, selection: &Selection) -> Option<&'a str> {
    let split = |case: &'a CaseSpec| Some(trim(&case.split)).filter(|s| !s.is_empty());
    let all: BTreeSet<&str> = of.set.cases.iter().filter_map(split).collect();
    let has = |name: &str| all.iter().copied().find(|s| s.eq_ignore_ascii_case(name));
    let named = SPLITS.iter().find_map(|name| has(name));
    named.or_else(|| {
        let cases = selection
            .cases
            .iter()
            .filter_map(|c| of.set.cases.get(*c as usize));
        let looked_at: BTreeSet<&str> = cases.filter_map(split).collect();
        let mut rest = all.difference(&looked_at).copied();
        let only = rest
            .next()
            .filter(|_| rest.next().is_none() && !looked_at.is_empty())?;
        (!KEPT.iter().any(|name| only.eq_ignore_ascii_case(name))).then_some(only)
    })
}

/// Whether a split is named for fitting.
fn is_named(split: &str) -> bool {
    SPLITS.iter().any(|name| split.eq_ignore_ascii_case(name))
}

impl<'a> Split<'a> {
    pub(super) fn new(
        of: &'a Evaluation,
        bench: &'a Bench,
        reader: &'a Reader,
        selection: &Selection,
        rows: &[Row<'a>],
    ) -> Self {
        let tuned = |name: &&str| reader.spec.tuned_on_splits.iter().any(|s| trim(s) == *name);
        // A reader is too sure of cases that it was tuned on.
        let Some(name) = split_name(of, selection).filter(|name| !tuned(name)) else {
            return Self {
                name: String::new(),
                fit: Vec::new(),
                seen: Vec::new(),
            };
        };
        let in_split = |case: usize| of.set.cases.get(case).is_some_and(|c| trim(&c.split) == name);
        // A patient with cases on both sides is looked at, not fitted on.
        let looked_at: BTreeSet<u32> = selection
            .cases
            .iter()
            .filter(|c| !in_split(**c as usize))
            .filter_map(|c| of.patients.get(*c as usize).copied())
            .collect();
        let fit = (0..of.set.cases.len())
            .filter(|case| in_split(*case) && of.patients.get(*case).is_some_and(|p| !looked_at.contains(p)))
            .filter_map(|case| bench.row(of, &reader.counting, case));
        Self {
            name: name.to_owned(),
            fit: fit.collect(),
            seen: rows.iter().filter(|r| !in_split(r.case)).copied().collect(),
        }
    }

    fn usable(&self) -> bool {
        !self.fit.is_empty() && !self.seen.is_empty()
    }
}

fn answers(list: &[Confident]) -> Vec<Answer> {
    list.iter().map(|c| c.answer).collect()
}

fn ece(answers: &[Answer]) -> Option<f64> {
    expected_error(&equal_width(answers, 10))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = values.fold((0_usize, 0.0), |(n, sum), v| (n + 1, sum + v));
    (n > 0).then(|| sum / n as f64)
}

/// Temperature, Platt and isotonic calibrators with their errors before and after.
pub(super) fn calibrators(of: &Evaluation, reader: &Reader, split: &Split<'_>) -> Vec<FittedCalibrator> {
    if !split.usable() {
        return Vec::new();
    }
    let kinds = [
        (Kind::Temperature, "temperature"),
        (Kind::Platt, "platt"),
        (Kind::Isotonic, "isotonic"),
    ];
    let lists = of.set.question.task == Task::Closed && !listed(&split.fit).is_empty();
    let one = |(kind, name): (Kind, &str)| {
        let mut out = if lists {
            of_lists(of, split, kind)?
        } else {
            of_answers(of, split, kind)?
        };
        name.clone_into(&mut out.kind);
        out.split.clone_from(&split.name);
        let mut notes = Vec::new();
        if !is_named(&split.name) {
            notes.push(format!("Fitted on {}, the only split not looked at.", split.name));
        }
        if kind == Kind::Isotonic && (out.n as usize) < ISOTONIC {
            notes.push(format!(
                "A rising curve needs some hundreds of cases; here are {}.",
                out.n
            ));
        } else if (out.n as usize) < HINT {
            notes.push(format!(
                "Fitted on {}: only a hint.",
                count(out.n as usize, "case")
            ));
        }
        let fits_panel = match kind {
            Kind::Temperature => lists,
            Kind::Platt => of.set.question.task == Task::YesNo && of.labels.len() == 1,
            Kind::Isotonic | Kind::Identity => false,
        };
        out.can_be_used = fits_panel && reader.spec.kind == ReaderKind::Local;
        if !out.can_be_used {
            let why = if reader.spec.kind == ReaderKind::Local {
                "The reading panel's calibration file holds a temperature for a list of labels, or Platt scaling for one yes or no."
            } else {
                "Only a model on this machine can use it."
            };
            notes.push(why.to_owned());
        }
        notes.push(
            "It holds for this model, question, preprocessing and precision; fit again when one changes."
                .to_owned(),
        );
        out.note = notes.join(" ");
        Some(out)
    };
    kinds.into_iter().filter_map(one).collect()
}

fn blank(n: usize, parameters: String) -> FittedCalibrator {
    FittedCalibrator {
        kind: String::new(),
        split: String::new(),
        n: n as u32,
        parameters,
        ece_before: None,
        ece_after: None,
        log_loss_before: None,
        log_loss_after: None,
        can_be_used: false,
        note: String::new(),
    }
}

fn of_lists(of: &Evaluation, split: &Split<'_>, kind: Kind) -> Option<FittedCalibrator> {
    let cases =
        |rows: &[Row<'_>]| -> Vec<Case> { listed(rows).into_iter().map(|(_, _, case)| case).collect() };
    let fit = fit_list(kind, &cases(&split.fit), of.labels.len())?;
    let seen = cases(&split.seen);
    let mended: Vec<Case> = seen
        .iter()
        .map(|c| Case {
            probabilities: fit.calibrator.list(&c.probabilities),
            truth: c.truth,
        })
        .collect();
    // The likeliest label, as calibrated: only one label's own calibrator may change which that is.
    let sure = |cases: &[Case]| -> Vec<Answer> { cases.iter().filter_map(Case::answer).collect() };
    Some(FittedCalibrator {
        ece_before: ece(&sure(&seen)),
        ece_after: ece(&sure(&mended)),
        log_loss_before: mean(seen.iter().map(Case::log_loss)),
        log_loss_after: mean(mended.iter().map(Case::log_loss)),
        ..blank(fit.n, words(&fit.calibrator, fit.interval, fit.at_edge))
    })
}

fn of_answers(of: &Evaluation, split: &Split<'_>, kind: Kind) -> Option<FittedCalibrator> {
    let pairs = |rows: &[Row<'_>]| -> Vec<(f64, bool)> {
        answers(&confident(of, rows))
            .iter()
            .map(|a| (a.confidence, a.right))
            .collect()
    };
    let fit = fit_yes_no(kind, &pairs(&split.fit))?;
    let before: Vec<Answer> = answers(&confident(of, &split.seen));
    let after: Vec<Answer> = before
        .iter()
        .map(|a| Answer {
            confidence: fit.calibrator.yes(a.confidence).clamp(0.0, 1.0),
            right: a.right,
        })
        .collect();
    let loss = |list: &[Answer]| {
        mean(list.iter().map(|a| {
            let p = if a.right { a.confidence } else { 1.0 - a.confidence };
            -p.max(f64::EPSILON).ln()
        }))
    };
    Some(FittedCalibrator {
        ece_before: ece(&before),
        ece_after: ece(&after),
        log_loss_before: loss(&before),
        log_loss_after: loss(&after),
        ..blank(fit.n, words(&fit.calibrator, fit.interval, fit.at_edge))
    })
}

fn words(calibrator: &Calibrator, interval: Option<[f64; 2]>, at_edge: bool) -> String {
    let mut out = calibrator.in_words();
    if let Some([low, high]) = interval.filter(|_| !at_edge) {
        out.push_str(&if high < UNBOUNDED {
            format!(" ({low:.2} to {high:.2})")
        } else {
            format!(" ({low:.2} and more)")
        });
    }
    if at_edge {
        out.push_str(" (at the edge of what is looked at)");
    }
    out
}

/// The confidence above which the risk stays below what was wanted.
pub(super) fn abstain(of: &Evaluation, split: &Split<'_>) -> Vec<AbstainLine> {
    if !split.usable() || of.set.question.task == Task::YesNo {
        return Vec::new();
    }
    let (fit, seen) = (
        answers(&confident(of, &split.fit)),
        answers(&confident(of, &split.seen)),
    );
    let one = |risk: f64| {
        let Some(line) = abstain_line(&fit, risk, 0.95) else {
            return AbstainLine {
                risk,
                confidence: None,
                coverage: None,
                found: None,
                note: format!(
                    "No line keeps the risk below {:.0} % with 95 % certainty; sought on {} of {}.",
                    100.0 * risk,
                    count(fit.len(), "answer"),
                    split.name
                ),
            };
        };
        let kept: Vec<&Answer> = seen.iter().filter(|a| a.confidence >= line.confidence).collect();
        let wrong = kept.iter().filter(|a| !a.right).count();
        AbstainLine {
            risk,
            confidence: Some(line.confidence),
            coverage: (!seen.is_empty()).then(|| kept.len() as f64 / seen.len() as f64),
            found: (!kept.is_empty()).then(|| wrong as f64 / kept.len() as f64),
            note: format!(
                "Found on {} of {}: {} of {} kept are wrong, at most {:.1} % with 95 % certainty.",
                count(line.n, "answer"),
                split.name,
                line.errors,
                line.kept,
                100.0 * line.risk_upper
            ),
        }
    };
    RISKS.into_iter().map(one).collect()
}

/// Sets of labels that hold the truth as often as wanted.
pub(super) fn conformal(of: &Evaluation, split: &Split<'_>) -> Vec<ConformalFigures> {
    if !split.usable() || of.set.question.task != Task::Closed {
        return Vec::new();
    }
    let (fit, seen) = (listed(&split.fit), listed(&split.seen));
    if fit.is_empty() || seen.is_empty() {
        return Vec::new();
    }
    let truth: Vec<usize> = seen.iter().map(|(_, _, c)| c.truth).collect();
    let mut out = Vec::new();
    for (score, method) in [(Score::Lac, "lac"), (Score::Aps, "aps")] {
        let names: Vec<String> = fit.iter().map(|(_, patient, _)| patient.to_string()).collect();
        let scores = fit
            .iter()
            .zip(&names)
            .filter_map(|((_, _, c), name)| Some((name.as_str(), score.of(&c.probabilities, c.truth)?)));
        let worst = worst_of_patient(scores);
        for alpha in ALPHAS {
            let Some(threshold) = Threshold::new(score, &worst, alpha) else {
                continue;
            };
            let sets: Vec<Vec<usize>> = seen
                .iter()
                .map(|(_, _, c)| threshold.set(&c.probabilities))
                .collect();
            let found = coverage(&sets, &truth, of.labels.len());
            let mut figure = Figure::share("coverage", "Coverage", found.all.covered, found.all.n).noted(
                "On the average over new patients of the same kind, all cases of a patient together; not for each label.",
            );
            if threshold.q.is_none() {
                figure = figure.noted("Too few patients in the split: every set holds every label.");
            }
            out.push(ConformalFigures {
                method: method.to_owned(),
                alpha,
                split: split.name.clone(),
                n: threshold.n as u32,
                coverage: figure,
                mean_size: found.mean_size,
                per_label: of
                    .labels
                    .iter()
                    .zip(&found.per_label)
                    .map(|(label, own)| LabelCoverage {
                        label: label.clone(),
                        n: own.n as u32,
                        covered: own.covered as u32,
                    })
                    .collect(),
            });
        }
    }
    out
}
