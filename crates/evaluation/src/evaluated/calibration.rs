//! Confidence against truth, and what a split kept apart can mend: calibrators, abstain lines, conformal sets.

mod fitted;

pub(super) use fitted::split_name;

use crate::case_set::Task;
use crate::evaluated::bench::{Bench, Row};
use crate::evaluated::evaluation::{Evaluation, Reader};
use crate::evaluated::figures::{CalibrationFigures, Curve, CurveKind, Figure, ReliabilityBin, Unit};
use crate::evaluated::headline::boxes::thinned;
use crate::evaluated::selection::Selection;
use crate::metrics::confidence::{self, Answer};
use crate::metrics::probabilities::{Case, probabilities};
use crate::metrics::proportion::wilson;
use crate::metrics::selective::RiskCoverage;

/// Answers below which a calibration error is not given as one number.
pub(super) const FEW: usize = 100;
const FEW_NOTE: &str =
    "Fewer than 100 answers: the error is biased upwards, so no single number is given; look at the bins.";
const BINS: usize = 10;

/// An answer with a confidence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confident {
    /// Place of the case.
    pub case: usize,
    /// How sure, and whether right.
    pub answer: Answer,
}

/// Answers with confidences, in the order of case ids (equal confidences stand in this order). Of a yes/no list every
/// label that has a truth, with the probability of yes.
pub(super) fn confident(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Confident> {
    let mut out: Vec<Confident> = Vec::new();
    for row in rows.iter().filter(|r| r.said.invalid.is_none()) {
        let mut add = |confidence: f64, right: bool| {
            out.push(Confident {
                case: row.case,
                answer: Answer { confidence, right },
            });
        };
        if of.set.question.task == Task::YesNo {
            for (truth, p) in row.truth.states.iter().zip(&row.said.probabilities) {
                if let Some(truth) = truth {
                    add(*p, *truth);
                }
            }
        } else if let (Some(confidence), Some(right)) = (row.said.confidence, row.right()) {
            add(confidence, right);
        }
    }
    let id = |c: &Confident| of.set.cases.get(c.case).map(|s| s.id.as_str());
    out.sort_by(|a, b| id(a).cmp(&id(b)));
    out
}

/// Rows whose probabilities make sense for a list of labels, with their truth.
pub(super) fn listed(rows: &[Row<'_>]) -> Vec<(usize, u32, Case)> {
    let one = |row: &Row<'_>| {
        let truth = row.truth.one? as usize;
        let p = &row.said.probabilities;
        let sound = row.said.invalid.is_none() && truth < p.len();
        sound.then(|| {
            let case = Case {
                probabilities: p.clone(),
                truth,
            };
            (row.case, row.patient, case)
        })
    };
    rows.iter().filter_map(one).collect()
}

/// Calibration of a reader; `None` without confidences.
pub(super) fn figures(
    of: &Evaluation,
    bench: &Bench,
    reader: &Reader,
    selection: &Selection,
    rows: &[Row<'_>],
) -> Option<CalibrationFigures> {
    let all = confident(of, rows);
    if all.is_empty() {
        return None;
    }
    let answers: Vec<Answer> = all.iter().map(|c| c.answer).collect();
    let mut figures = of_confidence(&answers);
    figures.extend(of_probabilities(of, rows));
    let split = fitted::Split::new(of, bench, reader, selection, rows);
    Some(CalibrationFigures {
        kind: kind(of, rows),
        n: answers.len() as u32,
        figures,
        bins: bins(&answers),
        fitted: fitted::calibrators(of, reader, &split),
        abstain: fitted::abstain(of, &split),
        conformal: fitted::conformal(of, &split),
    })
}

fn kind(of: &Evaluation, rows: &[Row<'_>]) -> String {
    if of.set.question.task == Task::YesNo {
        return "the probability of each label, against whether it is true".to_owned();
    }
    let stated = rows.iter().find_map(|r| r.recorded.confidence_kind.clone());
    let probability = rows
        .iter()
        .any(|r| r.recorded.confidence.is_none() && !r.said.probabilities.is_empty());
    match stated {
        Some(kind) => kind,
        None if probability => "the probability of the label said".to_owned(),
        None => "as recorded".to_owned(),
    }
}

fn of_confidence(answers: &[Answer]) -> Vec<Figure> {
    let n = answers.len();
    let all = confidence::confidence(answers);
    let enough = |key, name, value: Option<f64>| {
        if n < FEW {
            Figure::plain(key, name, Unit::Score, None, n).noted(FEW_NOTE)
        } else {
            Figure::score(key, name, value, n)
        }
    };
    let one_kind = "All answers are right, or all are wrong.";
    vec![
        enough(
            "ece_equal_width_10",
            "ECE, 10 bins of equal width",
            all.ece_equal_width_10,
        ),
        enough(
            "ece_equal_mass_10",
            "ECE, 10 bins of equal size",
            all.ece_equal_mass_10,
        ),
        enough(
            "mce_equal_width_10",
            "Largest gap of a bin",
            all.mce_equal_width_10,
        ),
        Figure::plain(
            "overconfidence",
            "Mean confidence less accuracy",
            Unit::Difference,
            all.overconfidence,
            n,
        )
        .noted(crate::evaluated::figure::BY_RESAMPLING),
        Figure::score(
            "brier_of_confidence",
            "Brier of the confidence",
            all.brier_of_confidence,
            n,
        ),
        Figure::score("aurc", "Area under risk and coverage", all.aurc, n),
        Figure::score("e_aurc", "The same less that of a perfect order", all.e_aurc, n),
        Figure::score(
            "auroc_of_confidence",
            "AUC of the confidence for right against wrong",
            all.auroc_of_confidence,
            n,
        )
        .undefined(one_kind),
    ]
}

fn of_probabilities(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    if of.set.question.task != Task::Closed {
        return Vec::new();
    }
    let cases: Vec<Case> = listed(rows).into_iter().map(|(_, _, case)| case).collect();
    if cases.is_empty() {
        return Vec::new();
    }
    let all = probabilities(&cases, of.labels.len());
    let n = cases.len();
    let classwise = if n < FEW { None } else { all.classwise_ece_10 };
    vec![
        Figure::score("brier", "Brier over labels", all.brier, n).noted("0 is best, 2 is worst."),
        Figure::score(
            "brier_skill",
            "Brier skill against the base rates",
            all.brier_skill,
            n,
        ),
        Figure::score("log_loss", "Log loss", all.log_loss, n)
            .noted("In nats; a probability of 0 for the truth counts as 2.2e-16."),
        Figure::score("classwise_ece_10", "ECE by label", classwise, n).undefined(FEW_NOTE),
        Figure::score(
            "roc_auc_ovr_macro",
            "Mean AUC, a label against the rest",
            all.roc_auc_ovr_macro,
            n,
        )
        .undefined("A label is the truth of no scored case."),
    ]
}

/// Ten bins of equal width, empty ones among them.
pub(super) fn bins(answers: &[Answer]) -> Vec<ReliabilityBin> {
    let mut counts = [(0_usize, 0_usize, 0.0_f64); BINS];
    for answer in answers {
        if let Some(bin) = counts.get_mut(confidence::bin_of(answer.confidence, BINS)) {
            bin.0 += 1;
            bin.1 += usize::from(answer.right);
            bin.2 += answer.confidence;
        }
    }
    let bin = |(i, (n, right, sum)): (usize, &(usize, usize, f64))| {
        let bounds = wilson(*right, *n);
        ReliabilityBin {
            low: i as f64 / BINS as f64,
            high: (i + 1) as f64 / BINS as f64,
            n: *n as u32,
            confidence: (*n > 0).then(|| sum / *n as f64),
            right: (*n > 0).then(|| *right as f64 / *n as f64),
            right_low: bounds.map(|b| b[0]),
            right_high: bounds.map(|b| b[1]),
        }
    };
    counts.iter().enumerate().map(bin).collect()
}

/// The risk when only the surest answers are kept.
pub(super) fn risk_curve(of: &Evaluation, rows: &[Row<'_>]) -> Option<Curve> {
    let answers: Vec<Answer> = confident(of, rows).iter().map(|c| c.answer).collect();
    if answers.is_empty() || of.set.question.task == Task::YesNo {
        return None;
    }
    let curve = RiskCoverage::new(&answers);
    let n = answers.len();
    let points = curve
        .risks
        .iter()
        .enumerate()
        .map(|(i, risk)| [(i + 1) as f64 / n as f64, *risk])
        .collect();
    Some(Curve {
        kind: CurveKind::RiskCoverage,
        label: String::new(),
        points: thinned(points),
        figure: Figure::score("aurc", "Area under risk and coverage", curve.area(), n),
    })
}
