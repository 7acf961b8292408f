//! Published rows that stand beside one's own run: chosen by the case set's keys, with what is not like for like.

use crate::case_set::{Task, Tuning};
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::{PublishedRow, Remark, Weight};
use crate::evaluated::filter::Filter;
use crate::evaluated::selection::Selection;
use crate::published::{Own, choose, shown};

/// The task in the words of published rows, with the metric and averaging shown here.
fn words(task: Task) -> [&'static str; 3] {
    match task {
        Task::Closed => ["closed", "accuracy", "plain"],
        Task::YesNo => ["findings", "f1", "macro"],
        Task::Choice => ["choice", "accuracy", "plain"],
        Task::Open => ["open", "accuracy", "plain"],
        Task::Vqa => ["vqa", "token-f1", "plain"],
        Task::Boxes => ["boxes", "rsna-score", "plain"],
    }
}

/// The rows, and a remark for keys that name none and for rows that are shown.
pub(super) fn rows(
    of: &Evaluation,
    filter: &Filter,
    selection: &Selection,
) -> (Vec<PublishedRow>, Vec<Remark>) {
    let [task, metric, averaging] = words(of.set.question.task);
    let own = Own {
        task: task.to_owned(),
        metric: metric.to_owned(),
        averaging: averaging.to_owned(),
        labels: of.labels.clone(),
        split: filter.splits.join(", "),
        n: selection.cases.len() as u64,
        tuned: tuned(of),
    };
    let chosen = choose(&of.set.published, &own);
    let mut remarks: Vec<Remark> = Vec::new();
    for key in &chosen.unknown {
        let text = format!("No published row is called {key}.");
        remarks.push(Remark::new("published_unknown", Weight::Caution, text, &[]));
    }
    let rows = shown(&chosen);
    if !rows.is_empty() {
        let text = "Published figures were found on other cases and mostly under other conditions; they stand beside, and no \
                    test is made against them.";
        remarks.push(Remark::new(
            "published_conditions",
            Weight::Note,
            text.to_owned(),
            &[],
        ));
    }
    (rows, remarks)
}

/// Whether one of the readers was tuned; `None` while nobody says.
fn tuned(of: &Evaluation) -> Option<bool> {
    let is = |tuning: Tuning| of.readers.iter().map(|r| r.spec.tuning).any(|t| t == tuning);
    if is(Tuning::Tuned) {
        return Some(true);
    }
    (!is(Tuning::Unknown)).then_some(false)
}
