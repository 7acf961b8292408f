//! Which statistics a resampling computes for the figures of each task.

use super::derived::Derived;
use super::{Columns, Target};
use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::calibration::{confident, listed};
use crate::evaluated::cases::Verdict;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::Figures;
use crate::evaluated::headline::{binary, open};
use crate::metrics::binary::at_prevalence;
use crate::metrics::bootstrap::Statistic;
use crate::metrics::weighted::{
    Auc, AveragePrecision, Between, EqualMass, EqualWidth, LabelColumn, Labelled, Labels, OfLabel, Overall,
    Ratio, RiskCoverage, Scored, Summary, TwoReaders, YesNo, YesNoLists,
};

/// Scores of all labels of all readers above which labels keep the intervals of formulas.
const SCORES: usize = 200_000;

/// The place of a case among those drawn.
pub(super) struct Places<'a>(&'a [usize]);

impl Places<'_> {
    pub(super) fn of(&self, row: &Row<'_>) -> usize {
        self.of_case(row.case)
    }

    fn of_case(&self, case: usize) -> usize {
        self.0.get(case).copied().unwrap_or(usize::MAX)
    }
}

/// Every statistic of every reader and pair.
pub(super) fn columns(
    of: &Evaluation,
    readers: &[Vec<Row<'_>>],
    place: &[usize],
    figures: &Figures,
) -> Columns {
    let mut out = Columns::default();
    let at = Places(place);
    let scores: usize = readers.iter().map(|rows| rows.len() * of.labels.len()).sum();
    for (reader, rows) in readers.iter().enumerate() {
        match of.set.question.task {
            Task::Closed | Task::Choice => {
                labels(&mut out, of, reader, rows, &at);
                if of.set.question.task == Task::Closed {
                    two_classes(&mut out, of, reader, rows, &at);
                }
            }
            Task::YesNo => lists(&mut out, of, reader, rows, &at),
            Task::Open => opened(&mut out, reader, rows, &at),
            Task::Vqa => texts(&mut out, of, reader, rows, &at),
            Task::Boxes => super::marks::marks(&mut out, of, reader, rows, &at),
        }
        if scores <= SCORES {
            curves(&mut out, of, reader, rows, &at);
        }
        confidence(&mut out, of, reader, rows, &at);
        let seconds = rows.iter().filter_map(|r| {
            Some((
                at.of(r),
                r.recorded.seconds.filter(|s| s.is_finite() && *s >= 0.0)?,
            ))
        });
        out.add(Ratio::mean(seconds), vec![head(reader, "seconds_mean")]);
    }
    super::differences::pairs(&mut out, of, readers, &at, figures);
    out
}

pub(super) fn head(reader: usize, key: &str) -> Target {
    Target::Headline(reader, key.to_owned())
}

pub(super) fn share(
    out: &mut Columns,
    reader: usize,
    key: &str,
    rows: impl IntoIterator<Item = (usize, bool)>,
) {
    out.add(Ratio::share(rows), vec![head(reader, key)]);
}

pub(super) fn invalid_rate(out: &mut Columns, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    let invalid = rows.iter().map(|r| (at.of(r), r.said.invalid.is_some()));
    share(out, reader, "invalid_rate", invalid);
}

/// Adds a statistic of which only these columns are figures.
pub(super) fn named(
    out: &mut Columns,
    statistic: impl Statistic + 'static,
    columns: impl IntoIterator<Item = (usize, Target)>,
) {
    let mut targets = vec![Target::Nothing; statistic.width()];
    for (column, target) in columns {
        if let Some(place) = targets.get_mut(column) {
            *place = target;
        }
    }
    out.add(statistic, targets);
}

/// The figures of each label, by the keys of their columns.
fn per_label<K: Copy>(
    reader: usize,
    labels: usize,
    keys: &[(K, &str)],
    column: impl Fn(usize, K) -> usize,
) -> Vec<(usize, Target)> {
    let of = |label| {
        let one = |(figure, key): &(K, &str)| {
            (
                column(label, *figure),
                Target::Label(reader, label, (*key).to_owned()),
            )
        };
        keys.iter().map(one).collect::<Vec<_>>()
    };
    (0..labels).flat_map(of).collect()
}

fn labels(out: &mut Columns, of: &Evaluation, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    let labelled = rows.iter().filter_map(|r| {
        Some(Labelled {
            case: at.of(r),
            truth: r.truth.one? as usize,
            answer: r.said.label.map(|l| l as usize),
        })
    });
    let summaries = [
        (Summary::Accuracy, "accuracy"),
        (Summary::AccuracyValidOnly, "accuracy_valid_only"),
        (Summary::BalancedAccuracy, "balanced_accuracy"),
        (Summary::MacroF1, "macro_f1"),
        (Summary::WeightedF1, "weighted_f1"),
        (Summary::Mcc, "mcc"),
        (Summary::Kappa, "kappa"),
        (Summary::InvalidRate, "invalid_rate"),
    ];
    let own = [
        (LabelColumn::Precision, "precision"),
        (LabelColumn::Recall, "recall"),
        (LabelColumn::F1, "f1"),
        (LabelColumn::Specificity, "specificity"),
    ];
    let columns = summaries.map(|(figure, key)| (Labels::summary(figure), head(reader, key)));
    let of_labels = per_label(reader, of.labels.len(), &own, Labels::of_label);
    named(
        out,
        Labels::new(labelled, of.labels.len(), true),
        columns.into_iter().chain(of_labels),
    );
    if of.set.question.ordinal {
        let pairs = rows
            .iter()
            .filter_map(|r| Some((at.of(r), r.truth.one? as usize, r.said.label? as usize)));
        named(
            out,
            TwoReaders::new(pairs, of.labels.len()),
            [
                (Between::KappaLinear, "kappa_linear"),
                (Between::KappaQuadratic, "kappa_quadratic"),
            ]
            .map(|(figure, key)| (figure as usize, head(reader, key))),
        );
    }
}

/// Sensitivity, specificity, predictive values, and what follows from them.
fn two_classes(out: &mut Columns, of: &Evaluation, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    let Some((positive, _)) = binary::positive(of) else {
        return;
    };
    let told: Vec<(usize, bool, Option<bool>)> = rows
        .iter()
        .filter_map(|r| {
            Some((
                at.of(r),
                r.truth.one? as usize == positive,
                r.said.label.map(|l| l as usize == positive),
            ))
        })
        .collect();
    let truth_is = |wanted: bool| -> Vec<(usize, bool)> {
        told.iter()
            .filter(|t| t.1 == wanted)
            .map(|t| (t.0, t.2 == Some(wanted)))
            .collect()
    };
    let said_is = |wanted: bool| -> Vec<(usize, bool)> {
        told.iter()
            .filter(|t| t.2 == Some(wanted))
            .map(|t| (t.0, t.1 == wanted))
            .collect()
    };
    share(out, reader, "sensitivity", truth_is(true));
    share(out, reader, "specificity", truth_is(false));
    share(out, reader, "ppv", said_is(true));
    share(out, reader, "npv", said_is(false));
    let prevalences = binary::prevalences(of);
    let mut targets = vec![
        head(reader, "lr_positive"),
        head(reader, "lr_negative"),
        head(reader, "youden"),
    ];
    for prevalence in &prevalences {
        targets.push(head(reader, &format!("ppv_at_{prevalence}")));
        targets.push(head(reader, &format!("npv_at_{prevalence}")));
    }
    let from: Vec<Box<dyn Statistic>> = vec![
        Box::new(Ratio::share(truth_is(true))),
        Box::new(Ratio::share(truth_is(false))),
    ];
    let derived = Derived::new(from, targets.len(), move |found, out| {
        let (Some(sensitivity), Some(specificity)) =
            (found.first().copied().flatten(), found.get(1).copied().flatten())
        else {
            out.fill(None);
            return;
        };
        let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
        let mut values = vec![
            ratio(sensitivity, 1.0 - specificity),
            ratio(1.0 - sensitivity, specificity),
            Some(sensitivity + specificity - 1.0),
        ];
        for prevalence in &prevalences {
            let moved = at_prevalence(sensitivity, specificity, *prevalence);
            values.extend([moved.ppv, moved.npv]);
        }
        for (place, value) in out.iter_mut().zip(values) {
            *place = value;
        }
    });
    out.add(derived, targets);
    let scored: Vec<(usize, bool, f64)> = binary::scores(rows, positive);
    out.add(Auc::new(in_places(&scored, at)), vec![head(reader, "auc")]);
}

fn in_places(scored: &[(usize, bool, f64)], at: &Places<'_>) -> Vec<Scored> {
    let one = |(case, positive, score): &(usize, bool, f64)| Scored {
        case: at.of_case(*case),
        score: *score,
        positive: *positive,
    };
    scored.iter().map(one).collect()
}

/// Areas of every label, where there are not too many.
fn curves(out: &mut Columns, of: &Evaluation, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    if !matches!(of.set.question.task, Task::Closed | Task::YesNo) {
        return;
    }
    for label in 0..of.labels.len() {
        let scored = in_places(&binary::scores(rows, label), at);
        if scored.is_empty() {
            continue;
        }
        out.add(
            Auc::new(scored.clone()),
            vec![Target::Label(reader, label, "auc".to_owned())],
        );
        out.add(
            AveragePrecision::new(scored),
            vec![Target::Label(reader, label, "average_precision".to_owned())],
        );
    }
}

fn lists(out: &mut Columns, of: &Evaluation, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    let cells = |valid_only: bool| -> Vec<YesNo> {
        let mut all = Vec::new();
        for row in rows.iter().filter(|r| !valid_only || r.said.invalid.is_none()) {
            for (label, truth) in row.truth.states.iter().enumerate() {
                if let Some(truth) = truth {
                    let said =
                        row.said.invalid.is_none() && row.said.yes.get(label).copied().unwrap_or(false);
                    all.push(YesNo {
                        case: at.of(row),
                        label,
                        truth: *truth,
                        said,
                    });
                }
            }
        }
        all
    };
    let overall = [
        (Overall::MacroF1, "macro_f1"),
        (Overall::MacroF1Supported, "macro_f1_supported"),
        (Overall::MicroF1, "micro_f1"),
        (Overall::WeightedF1, "weighted_f1"),
    ];
    let own = [
        (OfLabel::Sensitivity, "recall"),
        (OfLabel::Specificity, "specificity"),
        (OfLabel::Ppv, "precision"),
        (OfLabel::Npv, "npv"),
        (OfLabel::F1, "f1"),
    ];
    let columns = overall.map(|(figure, key)| (YesNoLists::overall(figure), head(reader, key)));
    let of_labels = per_label(reader, of.labels.len(), &own, YesNoLists::of_label);
    named(
        out,
        YesNoLists::new(cells(false), of.labels.len()),
        columns.into_iter().chain(of_labels),
    );
    named(
        out,
        YesNoLists::new(cells(true), of.labels.len()),
        [(
            YesNoLists::overall(Overall::MacroF1),
            head(reader, "macro_f1_valid_only"),
        )],
    );
    let wrong = rows.iter().map(|r| {
        let (wrong, cells) = crate::evaluated::headline::yes_no::wrong_cells(r);
        (at.of(r), wrong as f64, cells as f64)
    });
    out.add(Ratio::new(wrong), vec![head(reader, "hamming_loss")]);
    let whole = rows.iter().map(|r| (at.of(r), r.verdict == Verdict::Right));
    share(out, reader, "subset_accuracy", whole);
    invalid_rate(out, reader, rows, at);
}

/// Whether a row waits for a person: then what depends on verdicts has no value, and so no interval.
fn waits(rows: &[Row<'_>]) -> bool {
    rows.iter().any(|r| r.right().is_none())
}

fn decided<'a>(rows: &'a [Row<'a>]) -> impl Iterator<Item = &'a Row<'a>> {
    rows.iter().filter(|r| r.right().is_some())
}

fn opened(out: &mut Columns, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    invalid_rate(out, reader, rows, at);
    if waits(rows) {
        return;
    }
    let of = |holds: &dyn Fn(&Row<'_>) -> bool| -> Vec<(usize, bool)> {
        decided(rows).map(|r| (at.of(r), holds(r))).collect()
    };
    share(out, reader, "right", of(&|r| r.verdict == Verdict::Right));
    share(
        out,
        reader,
        "right_or_partial",
        of(&|r| matches!(r.verdict, Verdict::Right | Verdict::Partial)),
    );
    let valid = decided(rows)
        .filter(|r| r.said.invalid.is_none())
        .map(|r| (at.of(r), r.verdict == Verdict::Right));
    share(out, reader, "right_valid_only", valid);
    for k in [1, 3, 5] {
        share(
            out,
            reader,
            &format!("hit_at_{k}"),
            of(&|r| open::rank(r).is_some_and(|rank| rank <= k)),
        );
    }
    let ranks = decided(rows).map(|r| (at.of(r), open::rank(r).map_or(0.0, |rank| 1.0 / rank as f64)));
    out.add(Ratio::mean(ranks), vec![head(reader, "mean_reciprocal_rank")]);
}

fn texts(out: &mut Columns, of: &Evaluation, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    let scored: Vec<_> = open::texts(rows).collect();
    let mut mean =
        |key: &str, values: Vec<(usize, f64)>| out.add(Ratio::mean(values), vec![head(reader, key)]);
    mean(
        "token_f1_plain",
        scored.iter().map(|(r, s)| (at.of(r), s.f1_plain)).collect(),
    );
    mean(
        "token_f1_squad",
        scored.iter().map(|(r, s)| (at.of(r), s.f1_squad)).collect(),
    );
    let valid = scored.iter().filter(|(r, _)| r.said.invalid.is_none());
    mean(
        "token_f1_plain_valid_only",
        valid.map(|(r, s)| (at.of(r), s.f1_plain)).collect(),
    );
    let exact = scored.iter().map(|(r, s)| (at.of(r), s.exact_plain));
    share(out, reader, "exact_match_plain", exact);
    let exact = scored.iter().map(|(r, s)| (at.of(r), s.exact_squad));
    share(out, reader, "exact_match_squad", exact);
    let right = |r: &Row<'_>| (at.of(r), r.verdict == Verdict::Right);
    invalid_rate(out, reader, rows, at);
    let closed: Vec<Row<'_>> = rows.iter().filter(|r| open::is_closed(of, r)).copied().collect();
    if !waits(&closed) {
        share(out, reader, "closed_accuracy", closed.iter().map(right));
    }
    if !waits(rows) {
        share(out, reader, "right", rows.iter().map(right));
    }
}

fn confidence(out: &mut Columns, of: &Evaluation, reader: usize, rows: &[Row<'_>], at: &Places<'_>) {
    let target = |key: &str| Target::Calibration(reader, key.to_owned());
    let all = confident(of, rows);
    if all.is_empty() {
        return;
    }
    let answers = || all.iter().map(|c| (at.of_case(c.case), c.answer));
    out.add(
        EqualWidth::new(answers(), 10),
        vec![
            target("ece_equal_width_10"),
            target("mce_equal_width_10"),
            target("overconfidence"),
        ],
    );
    out.add(EqualMass::new(answers(), 10), vec![target("ece_equal_mass_10")]);
    let squares = answers().map(|(case, a)| (case, (a.confidence - f64::from(u8::from(a.right))).powi(2)));
    out.add(Ratio::mean(squares), vec![target("brier_of_confidence")]);
    let scored: Vec<Scored> = answers()
        .map(|(case, a)| Scored {
            case,
            score: a.confidence,
            positive: a.right,
        })
        .collect();
    out.add(RiskCoverage::new(scored.clone()), vec![target("aurc")]);
    out.add(Auc::new(scored), vec![target("auroc_of_confidence")]);
    if of.set.question.task == Task::Closed {
        let cases = listed(rows);
        let brier = cases.iter().map(|(case, _, c)| (at.of_case(*case), c.brier()));
        out.add(Ratio::mean(brier), vec![target("brier")]);
        let loss = cases.iter().map(|(case, _, c)| (at.of_case(*case), c.log_loss()));
        out.add(Ratio::mean(loss), vec![target("log_loss")]);
    }
}
