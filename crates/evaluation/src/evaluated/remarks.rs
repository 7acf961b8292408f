//! The sentences that must stand beside figures: what is not like for like, and what so few cases can show.

use std::collections::{BTreeMap, BTreeSet};

use crate::case_set::{ReaderKind, ReaderSpec, Task, Tuning};
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
use crate::metrics::paired::{PairedCounts, mcnemar};
use crate::metrics::power::reach;
use crate::metrics::proportion::{clopper_pearson, wilson_of_share};

/// Cases below which the screen says what they can show.
const SOME: usize = 100;
/// The level at which a comparison is called significant.
const LEVEL: f64 = 0.05;

fn name(spec: &ReaderSpec) -> String {
    name_of(&spec.id, &spec.name)
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
    if confident && split_name(of).is_none() {
        let text = "No split is called validation or calibration, so no calibrator, abstain line or conformal set is fitted: \
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
    // The example is the best reader's own count, so that the sentence speaks of these cases.
    let best = looked
        .iter()
        .map(decided)
        .max_by_key(|(n, k)| (*k, *n))
        .filter(|(n, _)| *n > 0);
    let (n, k) = best.unwrap_or((cases, cases.div_ceil(2)));
    let mut text = format!("{}: ", count(n, "case"));
    if let Some([low, high]) = clopper_pearson(k, n) {
        let share = percent(k as f64 / n as f64);
        text.push_str(&format!(
            "{k} right is {share} ({:.0}-{:.0} %).",
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
                " No two readers can be told apart: even if one is right in every case and the other in none, p is {least:.3}."
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
            "{} for a person; until then they are in no figure of right and wrong.",
            if n == 1 {
                "1 answer waits".to_owned()
            } else {
                format!("{} answers wait", thousands(n))
            }
        );
        Remark::new("undecided", Weight::Caution, text, &readers)
    })
}

/// What is not like for like between two readers, and whether their cases can tell them apart.
pub(super) fn of_pair(of: &Evaluation, a: &Looked<'_>, b: &Looked<'_>, counts: PairedCounts) -> Vec<Remark> {
    let (x, y) = (&a.reader.spec, &b.reader.spec);
    let ids = [x.id.as_str(), y.id.as_str()];
    let mut out = Vec::new();
    match (x.tuning, y.tuning) {
        (Tuning::Tuned, Tuning::Untuned) | (Tuning::Untuned, Tuning::Tuned) => {
            let (tuned, other) = if x.tuning == Tuning::Tuned { (x, y) } else { (y, x) };
            let text = format!(
                "{} was tuned for this question, {} was not: the difference is that of the tuning as much as of the models.",
                name(tuned),
                name(other)
            );
            out.push(warning("tuned_against_untuned", text, &ids));
        }
        (Tuning::Tuned, Tuning::Unknown) | (Tuning::Unknown, Tuning::Tuned) => {
            let (tuned, other) = if x.tuning == Tuning::Tuned { (x, y) } else { (y, x) };
            let text = format!(
                "{} was tuned for this question; of {} it is not known.",
                name(tuned),
                name(other)
            );
            out.push(warning("tuned_against_unknown", text, &ids));
        }
        _ => {}
    }
    if (a.rows.len(), b.rows.len()) != (counts.n(), counts.n()) {
        let text = format!(
            "{} has {} and {} has {}; they are compared on the {} that both have.",
            name(x),
            count(a.rows.len(), "answer"),
            name(y),
            count(b.rows.len(), "answer"),
            thousands(counts.n())
        );
        out.push(warning("other_cases", text, &ids));
    }
    out.extend(settings(of, x, y, &ids));
    out.extend(never(counts, &ids));
    out
}

/// Input, preprocessing and prompt.
fn settings(of: &Evaluation, x: &ReaderSpec, y: &ReaderSpec, ids: &[&str]) -> Vec<Remark> {
    let mut out = Vec::new();
    let own = |spec: &ReaderSpec| spec.settings.clone().unwrap_or_else(|| of.set.settings.clone());
    let (s, t) = (own(x), own(y));
    if x.kind == ReaderKind::Local && y.kind == ReaderKind::Local {
        let differs = [
            ("preprocessing", s.preprocess != t.preprocess),
            ("slices", s.slices != t.slices),
            ("window", s.window != t.window),
            ("precision", s.precision != t.precision),
        ];
        let what: Vec<&str> = differs
            .iter()
            .filter(|(_, differs)| *differs)
            .map(|(what, _)| *what)
            .collect();
        if !what.is_empty() {
            let text = format!("{} and {} differ in {}.", name(x), name(y), what.join(", "));
            out.push(warning("other_preprocessing", text, ids));
        }
        if x.prompt != y.prompt {
            let text = format!("{} and {} were asked with different prompts.", name(x), name(y));
            out.push(warning("other_prompt", text, ids));
        }
    }
    let stages = |spec: &ReaderSpec| spec.kind == ReaderKind::Pipeline;
    if stages(x) != stages(y) {
        let (text_reader, other) = if stages(x) { (x, y) } else { (y, x) };
        let text = format!(
            "{} reasons from written findings, {} was given its input directly: they did not see the same.",
            name(text_reader),
            name(other)
        );
        out.push(warning("other_input", text, ids));
    } else if x.described != y.described && (x.kind != ReaderKind::Local || y.kind != ReaderKind::Local) {
        let told = |spec: &ReaderSpec| {
            if spec.described.is_empty() {
                "nothing is said".to_owned()
            } else {
                spec.described.clone()
            }
        };
        let text = format!(
            "What they were given may differ: of {} {}; of {} {}.",
            name(x),
            told(x),
            name(y),
            told(y)
        );
        out.push(Remark::new("other_input", Weight::Caution, text, ids));
    }
    out
}

/// So few cases on which two readers differ can never reach 0.05.
fn never(counts: PairedCounts, ids: &[&str]) -> Option<Remark> {
    let discordant = counts.a_only + counts.b_only;
    let least = mcnemar(discordant, 0)[0];
    if counts.n() == 0 || least < LEVEL {
        return None;
    }
    let text = if discordant == 0 {
        "The two are right and wrong in the same cases: nothing tells them apart.".to_owned()
    } else {
        format!(
            "They differ on {}; the smallest p that so few can give is {least:.3}. Six are needed at least.",
            count(discordant, "case")
        )
    };
    Some(warning("never_significant", text, ids))
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
