//! The sentences that must stand beside figures: what is not like for like, and what so few cases can show.

mod pair;

use std::collections::{BTreeMap, BTreeSet};

use crate::case_set::{ReaderSpec, Task};
use crate::error::trim;
use crate::evaluated::bench::{Bench, Row};
use crate::evaluated::calibration::{FEW, split_name};
use crate::evaluated::comparison::Looked;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figure::{count, percent, thousands};
use crate::evaluated::figures::{Remark, Weight};
use crate::evaluated::filter::Filter;
use crate::evaluated::selection::{Selection, name_of};
use crate::evaluated::words;
use crate::metrics::paired::mcnemar;
use crate::metrics::power::reach;
use crate::metrics::proportion::{clopper_pearson, wilson_of_share};

/// Cases below which the screen says what they can show.
const SOME: usize = 100;

pub(super) use pair::of_pair;

fn name(spec: &ReaderSpec) -> String {
    name_of(&spec.id, &spec.name)
}

/// `0.0625`, `0.125`, `1`: what so few cases can give comes out whole.
fn probability(p: f64) -> String {
    format!("{p:.4}")
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

fn warning(key: &str, text: String, readers: &[&str]) -> Remark {
    Remark::new(key, Weight::Warning, text, readers)
}

/// What stands above everything; the gravest first.
pub(super) fn of_all(
    of: &Evaluation,
    bench: &Bench,
    filter: &Filter,
    selection: &Selection,
    looked: &[Looked<'_>],
) -> Vec<Remark> {
    let mut out = Vec::new();
    out.extend(few_cases(selection.cases.len(), looked));
    for one in looked {
        out.extend(tuned_on_these(of, selection, one));
        out.extend(versions(one));
        out.extend(after_the_reveal(selection, one));
    }
    out.extend(left_out(of, bench, selection));
    out.extend(undecided(looked));
    let (cases, patients) = (selection.cases.len(), selection.patients as usize);
    if patients < cases {
        let text = format!(
            "{} come from {}; cases of one patient are alike, so intervals are drawn over patients.",
            count(cases, "case"),
            count(patients, "patient")
        );
        out.push(Remark::new("clusters", Weight::Caution, text, &[]));
    }
    let source = of.set.truth.source.to_lowercase();
    if source == "report" || source == "model" {
        let text = format!(
            "The truth was taken from {source}s, not set by people who looked for it; its own errors limit every figure."
        );
        out.push(Remark::new("truth_source", Weight::Caution, text, &[]));
    }
    let confident = looked.iter().any(|l| {
        l.rows
            .iter()
            .any(|r| r.said.confidence.is_some() || !r.said.probabilities.is_empty())
    });
    if confident && split_name(of, selection).is_none() {
        let text = "No split is called validation, calibration, tune or dev, nor is one alone left aside, so no calibrator, abstain line or conformal set is fitted: \
                    fitted on the cases looked at they would flatter.";
        out.push(Remark::new(
            "no_validation_split",
            Weight::Note,
            text.to_owned(),
            &[],
        ));
    }
    if confident && cases < FEW {
        let text = format!(
            "{}: the calibration error of so few is biased upwards; the bins are shown without it.",
            count(cases, "case")
        );
        out.push(Remark::new("few_confidences", Weight::Caution, text, &[]));
    }
    if *filter != Filter::default() {
        let text = format!(
            "Filtered: {}. All figures are of these cases alone.",
            filter_words(filter)
        );
        if !filter.invalid.is_empty() {
            let text = "The cases were chosen by what readers answered: no share of right answers among them says how good \
                        a reader is.";
            out.push(warning("chosen_by_answers", text.to_owned(), &[]));
        }
        out.push(Remark::new("filtered", Weight::Note, text, &[]));
    }
    out.sort_by_key(|r| std::cmp::Reverse(r.weight));
    out
}

/// What a filter chooses, in words.
fn filter_words(filter: &Filter) -> String {
    let mut out = Vec::new();
    let lists = [
        ("split", &filter.splits),
        ("modality", &filter.modalities),
        ("truth", &filter.labels),
        ("reader", &filter.readers),
        ("invalid answer", &filter.invalid),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            out.push(format!("{name} {}", list.join(" or ")));
        }
    }
    out.extend(filter.groups.iter().map(|g| format!("{} {}", g.key, g.value)));
    out.join(", ")
}

/// "10 cases: 7 right is 70 % (35 to 93 %) …": what so few can show.
fn few_cases(cases: usize, looked: &[Looked<'_>]) -> Option<Remark> {
    if cases == 0 {
        return Some(warning(
            "no_cases",
            "No case is left under this filter.".to_owned(),
            &[],
        ));
    }
    if cases >= SOME {
        return None;
    }
    let decided = |l: &Looked<'_>| {
        l.rows
            .iter()
            .filter_map(Row::right)
            .fold((0, 0), |(n, k), r| (n + 1, k + usize::from(r)))
    };
    // The example is the best reader's own count, so that the sentence speaks of these cases; of one that waits for
    // nobody.
    let best = looked
        .iter()
        .filter(|l| l.rows.iter().all(|r| r.right().is_some()))
        .map(decided)
        .max_by_key(|(n, k)| (*k, *n))
        .filter(|(n, _)| *n > 0);
    let is = if best.is_some() { "is" } else { "would be" };
    let (n, k) = best.unwrap_or((cases, cases.div_ceil(2)));
    let mut text = format!("{}: ", count(n, "case"));
    if let Some([low, high]) = clopper_pearson(k, n) {
        let share = percent(k as f64 / n as f64);
        text.push_str(&format!(
            "{k} right {is} {share} ({:.0}-{:.0} %).",
            100.0 * low,
            100.0 * high
        ));
    }
    let can = reach(n);
    if looked.len() > 1 {
        if can.can_reach {
            text.push_str(&format!(
                " No split of {} with fewer than {} one-sided differences reaches 0.05.",
                count(n, "paired case"),
                can.one_sided_split
            ));
        } else {
            let least = mcnemar(n, 0)[0];
            text.push_str(&format!(
                " No two readers can be told apart: even if one is right in every case and the other in none, p is {}.",
                probability(least)
            ));
        }
    } else if let Some(half) = wilson_of_share(0.5, n as f64, 0.95).map(|[low, high]| (high - low) / 2.0) {
        text.push_str(&format!(
            " At 50 % right the interval is {:.0} points wide to either side.",
            100.0 * half
        ));
    }
    let weight = if n < 30 { Weight::Warning } else { Weight::Caution };
    Some(Remark::new("few_cases", weight, text, &[]))
}

/// Patients that a reader was tuned on must not be among those scored.
fn tuned_on_these(of: &Evaluation, selection: &Selection, one: &Looked<'_>) -> Option<Remark> {
    let spec = &one.reader.spec;
    let splits: BTreeSet<&str> = spec.tuned_on_splits.iter().map(|s| trim(s)).collect();
    let named = of.context.tuned_on.get(&spec.id);
    // A patient of a split that it was tuned on is known to it wherever the patient stands.
    let from_splits: BTreeSet<u32> = of
        .set
        .cases
        .iter()
        .zip(&of.patients)
        .filter(|(case, _)| splits.contains(trim(&case.split)))
        .map(|(_, patient)| *patient)
        .collect();
    let known = |case: &&u32| {
        let case = **case as usize;
        let patient = of.patients.get(case).is_some_and(|p| from_splits.contains(p));
        let by_name =
            of.set.cases.get(case).is_some_and(|c| {
                named.is_some_and(|n| n.contains(trim(&c.patient)) || n.contains(trim(&c.id)))
            });
        patient || by_name
    };
    let cases = selection.cases.iter().filter(known).count();
    (cases > 0).then(|| {
        let text = format!(
            "{} was tuned on patients of {} scored here: its figures flatter. Choose a split that it has not seen.",
            name(spec),
            if cases == 1 { "1 case".to_owned() } else { format!("{} of the cases", thousands(cases)) }
        );
        warning("tuned_on_these", text, &[&spec.id])
    })
}

/// Answers that were not all given with the same settings.
fn versions(one: &Looked<'_>) -> Option<Remark> {
    let mut hashes: BTreeMap<&str, usize> = BTreeMap::new();
    for row in one.rows {
        *hashes
            .entry(row.recorded.settings.as_deref().unwrap_or_default())
            .or_default() += 1;
    }
    (hashes.len() > 1).then(|| {
        let counts: Vec<String> = hashes.values().map(|n| thousands(*n)).collect();
        let text = format!(
            "The answers of {} were given with {} different settings ({} answers): they are not one reader.",
            name(&one.reader.spec),
            hashes.len(),
            counts.join(" and ")
        );
        warning("several_versions", text, &[&one.reader.spec.id])
    })
}

/// Answers that were given when the model's answer was known.
fn after_the_reveal(selection: &Selection, one: &Looked<'_>) -> Option<Remark> {
    let reader = one.reader;
    let at = |column: &[Option<u32>], case: u32| column.get(case as usize).copied().flatten();
    let alone = |case: &&u32| at(&reader.after, **case).is_some() && at(&reader.before, **case).is_none();
    let n = selection.cases.iter().filter(alone).count();
    let counted = reader.before.iter().all(Option::is_none);
    (n > 0).then(|| {
        let text = format!(
            "{} answered {} only after the reveal, knowing another answer: {}.",
            name(&reader.spec),
            count(n, "case"),
            if counted {
                "these figures are not a reading of its own"
            } else {
                "they are missing from its figures"
            }
        );
        warning("after_the_reveal", text, &[&reader.spec.id])
    })
}

fn left_out(of: &Evaluation, bench: &Bench, selection: &Selection) -> Vec<Remark> {
    let mut out = Vec::new();
    let mut troubles: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &selection.cases {
        if let Some(truth) = bench.truths.get(*case as usize).filter(|t| !t.known) {
            *troubles
                .entry(truth.trouble.map_or("there is no truth", words::trouble))
                .or_default() += 1;
        }
    }
    for (why, n) in troubles {
        let text = format!(
            "{} left out of every figure: {why}.",
            if n == 1 {
                "1 case is".to_owned()
            } else {
                format!("{} cases are", thousands(n))
            }
        );
        out.push(Remark::new("no_truth", Weight::Caution, text, &[]));
    }
    let left = &of.left_out;
    if !left.unknown_cases.is_empty() {
        let n = left.unknown_cases.len();
        let text = format!(
            "{} to cases that are not in the set; left out.",
            count(n, "answer")
        );
        out.push(Remark::new("unknown_cases", Weight::Note, text, &[]));
    }
    for (reader, n) in &left.unknown_readers {
        let text = format!(
            "{} of {reader}, who is not among the readers of the set; left out.",
            count(*n as usize, "answer")
        );
        out.push(Remark::new("unknown_reader", Weight::Note, text, &[]));
    }
    if !left.duplicates.is_empty() {
        let text = format!(
            "{} answered more than once; the last answer counts.",
            if left.duplicates.len() == 1 {
                "1 case was".to_owned()
            } else {
                format!("{} cases were", thousands(left.duplicates.len()))
            }
        );
        out.push(Remark::new("duplicates", Weight::Note, text, &[]));
    }
    for note in &of.context.notes {
        out.push(Remark::new("answers", Weight::Caution, note.clone(), &[]));
    }
    if left.stale_decisions > 0 {
        let n = left.stale_decisions as usize;
        let text = format!(
            "{} made on an answer that is another by now; not applied.",
            if n == 1 {
                "1 decision was".to_owned()
            } else {
                format!("{} decisions were", thousands(n))
            }
        );
        out.push(Remark::new("stale_decisions", Weight::Caution, text, &[]));
    }
    out
}

fn undecided(looked: &[Looked<'_>]) -> Option<Remark> {
    let waiting: Vec<(&str, usize)> = looked
        .iter()
        .map(|l| {
            (
                l.reader.spec.id.as_str(),
                l.rows.iter().filter(|r| r.right().is_none()).count(),
            )
        })
        .filter(|(_, n)| *n > 0)
        .collect();
    let n: usize = waiting.iter().map(|(_, n)| n).sum();
    let readers: Vec<&str> = waiting.iter().map(|(id, _)| *id).collect();
    (n > 0).then(|| {
        let text = format!(
            "{} for a person; until then what depends on them has bounds and no value.",
            if n == 1 {
                "1 answer waits".to_owned()
            } else {
                format!("{} answers wait", thousands(n))
            }
        );
        Remark::new("undecided", Weight::Caution, text, &readers)
    })
}

/// Words for a task whose headline depends on how truth was settled.
pub(super) fn has_policies(of: &Evaluation) -> bool {
    use crate::case_set::State;
    let open = |state: &State| matches!(state, State::Uncertain | State::Blank);
    // A label in neither list is blank where states are given.
    let partly = |states: &BTreeMap<String, State>| !states.is_empty();
    of.set.question.task == Task::YesNo
        && of
            .set
            .cases
            .iter()
            .any(|c| c.truth.states.values().any(open) || partly(&c.truth.states))
}

#[cfg(test)]
mod tests {
    use crate::case_set::{CaseSet, Task, Tuning};
    use crate::evaluated::figures::Figures;
    use crate::evaluated::samples::{answer, case, closed, set};
    use crate::evaluated::{Context, Evaluation, Request, by_formula};

    fn text<'a>(figures: &'a Figures, key: &str) -> Option<&'a str> {
        let pairs = figures
            .comparison
            .iter()
            .flat_map(|c| &c.pairs)
            .flat_map(|p| &p.remarks);
        figures
            .remarks
            .iter()
            .chain(pairs)
            .find(|r| r.key == key)
            .map(|r| r.text.as_str())
    }

    fn of(change: impl Fn(&mut CaseSet)) -> Figures {
        let mut set = set(Task::Closed, &["a", "b"], Vec::new(), &["x", "y"]);
        let mut answers = Vec::new();
        for i in 0..120 {
            let mut one = case(&format!("c{i}"), &[["a", "b"][i % 2]]);
            one.patient = format!("p{i}");
            one.split = ["train", "test"][usize::from(i >= 60)].to_owned();
            answers.push(answer("x", &one.id, ["a", "b"][i % 2]));
            answers.push(answer("y", &one.id, ["a", "b"][i % 3 % 2]));
            set.cases.push(one);
        }
        change(&mut set);
        by_formula(
            &Evaluation::new(set, answers, Context::default()),
            &Request::default(),
        )
    }

    #[test]
    fn ten_cases_say_what_ten_cases_can_show() {
        let figures = by_formula(
            &closed("aaaaabbbbb", &[("x", "aaaabbbbaa"), ("y", "bbaaabbbbb")]),
            &Request::default(),
        );
        assert_eq!(
            text(&figures, "few_cases"),
            Some(
                "10 cases: 8 right is 80 % (44-97 %). No split of 10 paired cases with fewer than 6 one-sided differences reaches 0.05."
            )
        );
        let never = text(&figures, "never_significant").expect("they differ on five cases");
        assert_eq!(
            never,
            "They differ on 5 cases; the smallest p that so few can give is 0.0625. Six are needed at least."
        );
        let five = by_formula(
            &closed("aaaaa", &[("x", "aaaaa"), ("y", "bbbbb")]),
            &Request::default(),
        );
        assert!(text(&five, "few_cases").expect("five").contains("p is 0.0625."));
        let many = of(|_| {});
        assert_eq!(
            (text(&many, "few_cases"), text(&many, "never_significant")),
            (None, None)
        );
    }

    #[test]
    fn tuned_and_untuned_are_not_alike() {
        assert_eq!(text(&of(|_| {}), "tuned_against_untuned"), None);
        let figures = of(|set| {
            set.readers[0].tuning = Tuning::Tuned;
            set.readers[1].tuning = Tuning::Untuned;
        });
        assert!(
            text(&figures, "tuned_against_untuned")
                .expect("a warning")
                .starts_with("x was tuned")
        );
        let figures = of(|set| set.readers[0].tuning = Tuning::Tuned);
        assert!(text(&figures, "tuned_against_unknown").is_some());
    }

    #[test]
    fn tuned_on_the_cases_scored() {
        let figures = of(|set| set.readers[1].tuned_on_splits = vec!["train".to_owned()]);
        let words = text(&figures, "tuned_on_these").expect("a warning");
        assert!(
            words.starts_with("y was tuned on patients of 60 of the cases"),
            "{words}"
        );
        let mut request = Request::default();
        request.filter.splits = vec!["test".to_owned()];
        let mut set = set(Task::Closed, &["a"], vec![case("1", &["a"])], &["x"]);
        set.readers[0].tuned_on_splits = vec!["train".to_owned()];
        let alone = Evaluation::new(set, vec![answer("x", "1", "a")], Context::default());
        assert_eq!(text(&by_formula(&alone, &request), "tuned_on_these"), None);
    }

    #[test]
    fn other_preprocessing_and_patients_in_common() {
        let figures = of(|set| {
            set.readers[0].settings = Some(crate::case_set::ReadSettings {
                preprocess: "display/1".to_owned(),
                ..Default::default()
            });
            for (i, case) in set.cases.iter_mut().enumerate() {
                case.patient = format!("p{}", i / 4);
            }
        });
        assert_eq!(
            text(&figures, "other_preprocessing"),
            Some("x and y differ in preprocessing.")
        );
        assert!(
            text(&figures, "clusters")
                .expect("patients")
                .starts_with("120 cases come from 30 patients")
        );
    }
}
