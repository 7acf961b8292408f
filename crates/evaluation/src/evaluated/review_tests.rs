//! What a figure must not do: flatter, hide what was left out, be fitted on what is looked at.

use crate::case_set::{CaseSpec, Task};
use crate::evaluated::figures::Figures;
use crate::evaluated::samples::{answer, case, closed, large, set};
use crate::evaluated::{Context, Evaluation, Request, by_formula};
use crate::recorded::Phase;

fn remark<'a>(figures: &'a Figures, key: &str) -> Option<&'a str> {
    figures
        .remarks
        .iter()
        .find(|r| r.key == key)
        .map(|r| r.text.as_str())
}

#[test]
fn answers_after_the_reveal_fill_no_gaps() {
    let cases: Vec<CaseSpec> = ["1", "2", "3"].iter().map(|id| case(id, &["a"])).collect();
    let said = |phases: &[(&str, Phase)]| {
        let answers = phases.iter().map(|(id, phase)| {
            let mut one = answer("p", id, "a");
            one.phase = Some(*phase);
            one
        });
        let set = set(Task::Closed, &["a", "b"], cases.clone(), &["p"]);
        by_formula(
            &Evaluation::new(set, answers.collect(), Context::default()),
            &Request::default(),
        )
    };
    let mixed = said(&[("1", Phase::Before), ("1", Phase::After), ("2", Phase::After)]);
    assert_eq!((mixed.readers[0].n, mixed.readers[0].missing), (1, 2));
    assert_eq!(
        remark(&mixed, "after_the_reveal"),
        Some(
            "p answered 1 case only after the reveal, knowing another answer: they are missing from its figures."
        )
    );
    let late = said(&[("1", Phase::After), ("2", Phase::After)]);
    assert_eq!(late.readers[0].n, 2);
    assert!(
        remark(&late, "after_the_reveal")
            .expect("late")
            .ends_with("not a reading of its own.")
    );
    let blind = said(&[("1", Phase::Before), ("1", Phase::After)]);
    assert_eq!(remark(&blind, "after_the_reveal"), None);
}

#[test]
fn what_was_left_out_stands_above_the_figures() {
    let of = closed("ab", &[("x", "ab")]);
    let context = Context {
        notes: vec!["x has answers to cases that are not in the set: q.".to_owned()],
        ..Context::default()
    };
    let of = Evaluation::new(of.set().clone(), of.answers.clone(), context);
    let figures = by_formula(&of, &Request::default());
    assert_eq!(
        remark(&figures, "answers"),
        Some("x has answers to cases that are not in the set: q.")
    );
}

#[test]
fn cases_chosen_by_answers_say_nothing_of_how_good_a_reader_is() {
    let of = closed("abab", &[("x", "ab-b")]);
    let mut request = Request::default();
    assert_eq!(remark(&by_formula(&of, &request), "chosen_by_answers"), None);
    request.filter.invalid = vec!["any".to_owned()];
    assert!(remark(&by_formula(&of, &request), "chosen_by_answers").is_some());
}

#[test]
fn calibrators_are_fitted_on_a_split_that_is_not_looked_at() {
    let of = large(600, 1, 3);
    // The names of the two splits, what is looked at, what the reader was tuned on: where and with what words it is fitted.
    let fitted = |fit: &str, seen: &str, looked_at: &str, tuned: &[&str]| {
        let mut set = of.set().clone();
        for case in &mut set.cases {
            case.split = if case.split == "validation" { fit } else { seen }.to_owned();
        }
        set.readers[0].tuned_on_splits = tuned.iter().map(|t| (*t).to_owned()).collect();
        let of = Evaluation::new(set, of.answers.clone(), Context::default());
        let mut request = Request::default();
        if !looked_at.is_empty() {
            request.filter.splits = vec![looked_at.to_owned()];
        }
        let figures = by_formula(&of, &request);
        let calibration = figures.readers[0].calibration.clone().expect("probabilities");
        let first = calibration.fitted.into_iter().next();
        first.map(|f| (f.split, f.note.contains("the only split not looked at")))
    };
    for name in ["tune", "calibration", "dev", "Val"] {
        assert_eq!(fitted(name, "test", "", &[]), Some((name.to_owned(), false)));
    }
    assert_eq!(
        fitted("first", "second", "second", &[]),
        Some(("first".to_owned(), true))
    );
    assert_eq!(fitted("first", "second", "", &[]), None);
    assert_eq!(fitted("test", "second", "second", &[]), None);
    assert_eq!(fitted("validation", "test", "", &["validation"]), None);
}

#[test]
fn labels_of_one_case_are_not_independent_answers() {
    let labels: Vec<String> = (0..20).map(|i| format!("l{i}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let cases: Vec<CaseSpec> = (0..4).map(|i| case(&format!("c{i}"), &labels)).collect();
    let mut answers = Vec::new();
    for (i, one) in cases.iter().enumerate() {
        for reader in ["x", "y"] {
            let mut said = answer(reader, &one.id, "");
            let all = reader == "x" || i > 0;
            said.labels = Some(labels.iter().filter(|_| all).map(|l| (*l).to_owned()).collect());
            answers.push(said);
        }
    }
    let of = Evaluation::new(
        set(Task::YesNo, &labels, cases, &["x", "y"]),
        answers,
        Context::default(),
    );
    let figures = by_formula(&of, &Request::default());
    let observed = &figures.agreement[0].figures[0];
    assert_eq!((observed.value, observed.n), (Some(0.75), 80));
    assert_eq!(observed.interval, "Wilson, effective n of 4 patients");
    // Over 80 answers it would be 0.19 wide.
    assert!(observed.high.expect("bounds") - observed.low.expect("bounds") > 0.6);
    assert_eq!(figures.agreement[0].figures[1].low, None);
}
