//! Each label by itself, and the curves of its scores.

use rayon::prelude::*;

use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::{Curve, CurveKind, Figure, LabelFigures};
use crate::evaluated::headline::{binary, boxes, closed, open, yes_no};
use crate::metrics::froc::detections;
use crate::metrics::roc::Steps;

/// Labels of open questions that are listed, those with most cases.
const OPEN_LABELS: usize = 60;

/// Figures of each label.
pub(super) fn per_label(of: &Evaluation, rows: &[Row<'_>]) -> Vec<LabelFigures> {
    match of.set.question.task {
        Task::Closed | Task::Choice => of_one(of, rows),
        Task::YesNo => of_list(of, rows),
        Task::Open | Task::Vqa => of_truth(of, rows),
        Task::Boxes => of_boxes(of, rows),
    }
}

fn of_one(of: &Evaluation, rows: &[Row<'_>]) -> Vec<LabelFigures> {
    let confusion = closed::confusion(of, rows);
    let n = confusion.n();
    let choice = of.set.question.task == Task::Choice;
    let one = |k: usize| {
        let (support, said) = (confusion.support(k), confusion.answered(k));
        let hit = confusion
            .cells()
            .get(k)
            .and_then(|row| row.get(k))
            .copied()
            .unwrap_or(0);
        let [_, _, f1, _] = confusion.of_label(k);
        let zero = |figure: Figure, why: &str| figure.undefined(why);
        let mut figures = vec![
            zero(
                Figure::share("recall", "Sensitivity", hit, support),
                "It is the truth of no case.",
            ),
            zero(Figure::share("precision", "PPV", hit, said), "It was never said."),
            zero(
                Figure::share(
                    "specificity",
                    "Specificity",
                    (n + hit).saturating_sub(support + said),
                    n - support,
                ),
                "It is the truth of every case.",
            ),
            Figure::score("f1", "F1", f1, n),
        ];
        if choice {
            // Truth and answers by place: what is chosen for its place shows here.
            figures.push(Figure::share("chosen", "Chosen", said, n));
            figures.push(Figure::share("true_share", "True", support, n));
        } else if !(of.labels.len() == 2 && binary::positive(of).is_some_and(|(p, _)| p == k)) {
            figures.extend(binary::area(rows, k, "auc", "AUC against the rest"));
        }
        if !choice {
            figures.extend(average_precision(rows, k));
        }
        label(of, k, support, figures)
    };
    (0..of.labels.len()).into_par_iter().map(one).collect()
}

fn label(of: &Evaluation, k: usize, support: usize, figures: Vec<Figure>) -> LabelFigures {
    LabelFigures {
        label: of.labels.get(k).cloned().unwrap_or_default(),
        support: support as u32,
        figures,
    }
}

/// Area under the precision-recall curve by steps, not by trapezoids.
fn average_precision(rows: &[Row<'_>], label: usize) -> Option<Figure> {
    let scored = binary::scores(rows, label);
    if scored.is_empty() {
        return None;
    }
    let value = steps(&scored).average_precision();
    let share = scored.iter().filter(|s| s.1).count() as f64 / scored.len() as f64;
    Some(
        Figure::score("average_precision", "Average precision", value, scored.len())
            .noted(&format!("By chance: {share:.3}."))
            .undefined("It is the truth of no scored case."),
    )
}

fn steps(scored: &[(usize, bool, f64)]) -> Steps {
    let truth: Vec<bool> = scored.iter().map(|s| s.1).collect();
    let score: Vec<f64> = scored.iter().map(|s| s.2).collect();
    Steps::new(&truth, &score)
}

fn of_list(of: &Evaluation, rows: &[Row<'_>]) -> Vec<LabelFigures> {
    let all = yes_no::figures(of, rows);
    let one = |k: usize| {
        let counts = all.per_label.get(k).copied().unwrap_or_default();
        let support = counts.support();
        let mut figures = vec![
            Figure::share("recall", "Sensitivity", counts.tp, support).undefined("It is true of no case."),
            Figure::share("specificity", "Specificity", counts.tn, counts.tn + counts.fp)
                .noted("An invalid answer says yes to nothing, so it is right here: read it with the sensitivity.")
                .undefined("It is true of every case."),
            Figure::share("precision", "PPV", counts.tp, counts.tp + counts.fp).undefined("It was never said."),
            Figure::share("npv", "NPV", counts.tn, counts.tn + counts.fn_).undefined("It was always said."),
            Figure::score("f1", "F1", (counts.n() > 0).then(|| counts.f1()), counts.n()),
        ];
        figures.extend(binary::area(rows, k, "auc", "AUC"));
        figures.extend(average_precision(rows, k));
        label(of, k, support, figures)
    };
    (0..of.labels.len()).into_par_iter().map(one).collect()
}

/// Open questions: how often each diagnosis was found.
fn of_truth(of: &Evaluation, rows: &[Row<'_>]) -> Vec<LabelFigures> {
    let mut by: std::collections::BTreeMap<String, Vec<Row<'_>>> = std::collections::BTreeMap::new();
    for row in rows {
        for name in of.truth_labels(&of.bench, row.case) {
            by.entry(name).or_default().push(*row);
        }
    }
    let mut all: Vec<(String, Vec<Row<'_>>)> = by.into_iter().collect();
    all.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    all.truncate(OPEN_LABELS);
    let one = |(label, rows): (String, Vec<Row<'_>>)| {
        let mut figures = vec![super::headline::right("recall", "Found", &rows)];
        let ranks = open::ranks(&rows);
        let mean = crate::metrics::differential::mean_reciprocal_rank(&ranks);
        if ranks.iter().any(Option::is_some) {
            figures.push(Figure::score(
                "mean_reciprocal_rank",
                "Mean reciprocal rank",
                mean,
                ranks.len(),
            ));
        }
        LabelFigures {
            label,
            support: rows.len() as u32,
            figures,
        }
    };
    all.into_iter().map(one).collect()
}

fn of_boxes(of: &Evaluation, rows: &[Row<'_>]) -> Vec<LabelFigures> {
    let one = |name: &String| {
        let images = boxes::all(of, rows, Some(name));
        let mut figures = Vec::new();
        for (overlap, suffix) in [(0.25, "25"), (0.5, "50")] {
            let found = detections(&images, overlap);
            let (key, shown) = (
                format!("box_sensitivity_{suffix}"),
                format!("Boxes found, IoU > {overlap}"),
            );
            figures.push(Figure::share(&key, &shown, found.tp, found.tp + found.fn_));
            let (key, shown) = (
                format!("box_precision_{suffix}"),
                format!("Marks that hit, IoU > {overlap}"),
            );
            figures.push(Figure::share(&key, &shown, found.tp, found.tp + found.fp));
        }
        LabelFigures {
            label: name.clone(),
            support: images.iter().filter(|i| !i.truth.is_empty()).count() as u32,
            figures,
        }
    };
    of.labels.iter().map(one).collect()
}

/// ROC and precision-recall of each label that has scores; the free-response curve of boxes.
pub(super) fn curves(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Curve> {
    match of.set.question.task {
        Task::Boxes => boxes::free_response(of, rows).into_iter().collect(),
        Task::Closed | Task::YesNo => {
            let labels: Vec<usize> = match binary::positive(of).filter(|_| of.labels.len() == 2) {
                Some((positive, _)) => vec![positive],
                None => (0..of.labels.len()).collect(),
            };
            labels
                .into_par_iter()
                .flat_map_iter(|label| of_label(of, rows, label))
                .collect()
        }
        Task::Choice | Task::Open | Task::Vqa => Vec::new(),
    }
}

fn of_label(of: &Evaluation, rows: &[Row<'_>], label: usize) -> Vec<Curve> {
    let scored = binary::scores(rows, label);
    let name = of.labels.get(label).cloned().unwrap_or_default();
    let (Some(area), Some(precision)) = (
        binary::area(rows, label, "auc", "AUC"),
        average_precision(rows, label),
    ) else {
        return Vec::new();
    };
    if area.value.is_none() {
        return Vec::new();
    }
    let steps = steps(&scored);
    let curve = |kind, points, figure| Curve {
        kind,
        label: name.clone(),
        points: boxes::thinned(points),
        figure,
    };
    vec![
        curve(
            CurveKind::Roc,
            steps
                .roc()
                .iter()
                .filter_map(|p| Some([p.fpr?, p.tpr?]))
                .collect(),
            area,
        ),
        curve(
            CurveKind::PrecisionRecall,
            steps
                .precision_recall()
                .iter()
                .map(|p| [p.recall, p.precision])
                .collect(),
            precision,
        ),
    ]
}
