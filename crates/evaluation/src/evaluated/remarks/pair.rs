//! What is not like for like between two readers, and whether their cases can tell them apart.

use super::{name, probability, warning};
use crate::case_set::{ReaderKind, ReaderSpec, Tuning};
use crate::evaluated::comparison::{Looked, waiting};
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figure::{count, thousands};
use crate::evaluated::figures::{Remark, Weight};
use crate::metrics::paired::{PairedCounts, mcnemar};

/// The level at which a comparison is called significant.
const LEVEL: f64 = 0.05;

/// What is not like for like between two readers, and whether their cases can tell them apart.
pub(in crate::evaluated) fn of_pair(
    of: &Evaluation,
    a: &Looked<'_>,
    b: &Looked<'_>,
    counts: PairedCounts,
) -> Vec<Remark> {
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
    let waiting = waiting(a.rows, b.rows);
    if waiting > 0 {
        let text = format!(
            "{} left out: an answer of {} or {} waits for a person. Those that the rules could decide are no sample of all.",
            if waiting == 1 {
                "1 case is".to_owned()
            } else {
                format!("{} cases are", thousands(waiting))
            },
            name(x),
            name(y)
        );
        out.push(warning("waiting", text, &ids));
    }
    if (a.rows.len(), b.rows.len()) != (counts.n() + waiting, counts.n() + waiting) {
        let text = format!(
            "{} has {} and {} has {}; they are compared on the {} that both have.",
            name(x),
            count(a.rows.len(), "answer"),
            name(y),
            count(b.rows.len(), "answer"),
            thousands(counts.n() + waiting)
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
            "They differ on {}; the smallest p that so few can give is {}. Six are needed at least.",
            count(discordant, "case"),
            probability(least)
        )
    };
    Some(warning("never_significant", text, ids))
}
