//! Open answers: right, partly right, how far down the list, and what waits for a person.

use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::cases::Verdict;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::{Figure, Unit};
use crate::evaluated::headline::{LEFT_OUT, invalid_rate};
use crate::metrics::differential::{hit, mean_reciprocal_rank};
use crate::metrics::tokens::TextScore;

/// What stands with the number of answers that wait.
const COUNTED: &str = "Counted, not estimated: no interval.";

/// Ranks of the truth among the diagnoses of decided rows; an invalid answer has none.
pub(in crate::evaluated) fn ranks(rows: &[Row<'_>]) -> Vec<Option<usize>> {
    let decided = rows.iter().filter(|r| r.right().is_some());
    decided.map(|r| rank(r)).collect()
}

/// The rank of the truth in a row.
pub(in crate::evaluated) fn rank(row: &Row<'_>) -> Option<usize> {
    row.said
        .rank
        .filter(|_| row.said.invalid.is_none())
        .map(|r| r as usize)
}

/// Cases whose answer lists several diagnoses.
fn listed(rows: &[Row<'_>]) -> bool {
    rows.iter()
        .any(|r| r.recorded.differential.len() > 1 || r.said.rank.is_some_and(|rank| rank > 1))
}

fn counts(rows: &[Row<'_>]) -> [usize; 5] {
    let is = |verdict| rows.iter().filter(|r| r.verdict == verdict).count();
    let undecided = is(Verdict::Undecided);
    [
        is(Verdict::Right),
        is(Verdict::Partial),
        is(Verdict::Invalid),
        undecided,
        rows.len() - undecided,
    ]
}

pub(super) fn headline(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    debug_assert_eq!(of.set.question.task, Task::Open);
    let [right, partial, invalid, undecided, decided] = counts(rows);
    let mut out = vec![
        Figure::share_so_far("right", "Right", "right", [right, decided, undecided]),
        invalid_rate(rows),
        Figure::share_so_far(
            "right_valid_only",
            "Right among valid answers",
            "right",
            [right, decided - invalid, undecided],
        )
        .noted(LEFT_OUT),
        Figure::share_so_far(
            "right_or_partial",
            "Right or partly right",
            "right or partly right",
            [right + partial, decided, undecided],
        )
        .noted("Partly right: an ancestor of the truth, or some of its labels."),
        waiting(undecided, rows.len()),
    ];
    if listed(rows) {
        let ranks = ranks(rows);
        for at in [1, 3, 5] {
            let found = hit(&ranks, at);
            let (key, name) = (format!("hit_at_{at}"), format!("Among the first {at}"));
            let counts = [found.hits, ranks.len(), undecided];
            out.push(Figure::share_so_far(&key, &name, "found", counts));
        }
        let mean = mean_reciprocal_rank(&ranks).filter(|_| undecided == 0);
        out.push(
            Figure::score("mean_reciprocal_rank", "Mean reciprocal rank", mean, rows.len())
                .undefined("Not before every answer is decided.")
                .noted("Longer lists find more: compare readers with lists of the same length."),
        );
    }
    out
}

/// The share of answers that wait for a person.
fn waiting(undecided: usize, n: usize) -> Figure {
    let share = (n > 0).then(|| undecided as f64 / n as f64);
    Figure::plain("undecided", "Waiting for a person", Unit::Share, share, n).noted(COUNTED)
}

/// A question that is answered by yes or no.
pub(in crate::evaluated) fn is_closed(of: &Evaluation, row: &Row<'_>) -> bool {
    let answers = of
        .set
        .cases
        .get(row.case)
        .map(|c| c.truth.answers.as_slice())
        .unwrap_or_default();
    answers
        .first()
        .is_some_and(|a| matches!(a.trim().to_lowercase().as_str(), "yes" | "no"))
}

/// The words of an answer against the accepted ones; an invalid answer has none.
pub(in crate::evaluated) fn texts<'a>(rows: &'a [Row<'a>]) -> impl Iterator<Item = (&'a Row<'a>, TextScore)> {
    rows.iter().filter_map(|row| Some((row, row.said.text?)))
}

pub(super) fn vqa(of: &Evaluation, rows: &[Row<'_>]) -> Vec<Figure> {
    let [right, _, _, undecided, decided] = counts(rows);
    let scored: Vec<(&Row<'_>, TextScore)> = texts(rows).collect();
    let n = scored.len();
    let mean = |value: &dyn Fn(&TextScore) -> f64, valid: bool| {
        let left: Vec<f64> = scored
            .iter()
            .filter(|(r, _)| !valid || r.said.invalid.is_none())
            .map(|(_, s)| value(s))
            .collect();
        (!left.is_empty()).then(|| left.iter().sum::<f64>() / left.len() as f64)
    };
    let valid = scored.iter().filter(|(r, _)| r.said.invalid.is_none()).count();
    let exact = |value: &dyn Fn(&TextScore) -> bool| scored.iter().filter(|(_, s)| value(s)).count();
    let closed: Vec<&Row<'_>> = rows.iter().filter(|r| is_closed(of, r)).collect();
    let closed_decided = closed.iter().filter(|r| r.right().is_some()).count();
    let closed_right = closed.iter().filter(|r| r.right() == Some(true)).count();
    let mut out = vec![
        Figure::score(
            "token_f1_plain",
            "Token F1 (plain)",
            mean(&|s| s.f1_plain, false),
            n,
        )
        .noted("Small letters, split at all that is neither letter nor digit. It counts words, not meaning."),
        invalid_rate(rows),
        Figure::score(
            "token_f1_plain_valid_only",
            "Token F1 (plain) of valid answers",
            mean(&|s| s.f1_plain, true),
            valid,
        )
        .noted(LEFT_OUT),
        Figure::score(
            "token_f1_squad",
            "Token F1 (SQuAD)",
            mean(&|s| s.f1_squad, false),
            n,
        )
        .noted("Small letters, ASCII punctuation and a, an, the dropped."),
        Figure::share(
            "exact_match_plain",
            "Same words (plain)",
            exact(&|s| s.exact_plain),
            n,
        ),
        Figure::share(
            "exact_match_squad",
            "Same words (SQuAD)",
            exact(&|s| s.exact_squad),
            n,
        ),
    ];
    if !closed.is_empty() {
        out.push(Figure::share_so_far(
            "closed_accuracy",
            "Accuracy of yes/no questions",
            "right",
            [closed_right, closed_decided, closed.len() - closed_decided],
        ));
    }
    out.push(Figure::share_so_far(
        "right",
        "Right",
        "right",
        [right, decided, undecided],
    ));
    out.push(waiting(undecided, rows.len()));
    out
}

#[cfg(test)]
mod tests {
    use crate::case_set::{CaseSpec, Task};
    use crate::evaluated::figures::Figures;
    use crate::evaluated::samples::{answer, case, set};
    use crate::evaluated::{Context, Evaluation, Request, Resamples, by_formula, resampled};

    /// Ten cases of two readers: the first two right by rule, the rest strange words; `y` is decided in all.
    fn figures(resamples: u32) -> Figures {
        let cases: Vec<CaseSpec> = (0..10)
            .map(|i| case(&format!("c{i}"), &["hiatal hernia"]))
            .collect();
        let mut answers = Vec::new();
        for (i, one) in cases.iter().enumerate() {
            let strange = if i < 2 {
                "hiatal hernia"
            } else {
                "thoracic stomach sign"
            };
            for (reader, words) in [("x", strange), ("y", "hiatal hernia")] {
                let mut said = answer(reader, &one.id, "");
                said.text = Some(format!("Final Answer: {words}"));
                said.confidence = Some(0.9);
                answers.push(said);
            }
        }
        let of = Evaluation::new(
            set(Task::Open, &[], cases, &["x", "y"]),
            answers,
            Context::default(),
        );
        let request = Request::default();
        let plan = Resamples {
            count: resamples,
            seed: 1,
        };
        resampled(&of, &request, plan, by_formula(&of, &request), &|_| true).expect("few")
    }

    #[test]
    fn what_waits_for_a_person_is_no_figure_yet() {
        for resamples in [0, 200] {
            let figures = figures(resamples);
            let [x, y] = figures.readers.as_slice() else {
                panic!("two readers");
            };
            let right = &x.headline[0];
            assert_eq!((right.value, right.low, right.n), (None, None, 10));
            assert_eq!(
                right.note,
                "2 of 10 right so far, 8 wait: between 20.0 % and 100.0 %."
            );
            assert!(x.calibration.is_none() && y.calibration.is_some());
            assert_eq!(y.headline[0].value, Some(1.0));
            let pair = &figures.comparison.as_ref().expect("two").pairs[0];
            assert_eq!((pair.n, pair.both), (2, 2));
            let keys: Vec<&str> = pair.remarks.iter().map(|r| r.key.as_str()).collect();
            assert!(
                keys.contains(&"waiting") && !keys.contains(&"other_cases"),
                "{keys:?}"
            );
        }
    }
}
