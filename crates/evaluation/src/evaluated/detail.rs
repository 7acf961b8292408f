//! One case whole.

use std::collections::BTreeSet;

use crate::evaluated::bench::Bench;
use crate::evaluated::cases::{AnswerDetail, CaseAnswer, CaseDetail, Verdict};
use crate::evaluated::evaluation::{Column, Evaluation, Reader};
use crate::evaluated::formula::question as question_of_set;
use crate::evaluated::judged::{in_words, raw_text};
use crate::evaluated::table::{row, words_of};
use crate::matching::{Decision, answer_hash, suggest};

/// Labels that are suggested to a person.
const SUGGESTIONS: usize = 8;

/// One case whole; `None` when there is no such place. Of a hidden case only what may be seen before an answer is given.
pub fn case_detail(of: &Evaluation, case: usize, hidden: bool) -> Option<CaseDetail> {
    let bench = &of.bench;
    let spec = of.set.cases.get(case)?;
    let readers: Vec<usize> = (0..of.readers.len()).collect();
    let mut question = vec![spec.question.clone()];
    question.extend(
        spec.options
            .iter()
            .enumerate()
            .map(|(i, o)| format!("{}. {o}", super::evaluation::letter(i))),
    );
    question.push(spec.context.clone());
    question.retain(|part| !part.trim().is_empty());
    if spec.question.trim().is_empty() {
        let mut asked = question_of_set(of);
        let labels = &of.set.question.labels;
        if !labels.is_empty() {
            asked = format!("{asked} {}", labels.join(", "));
        }
        question.insert(0, asked);
    }
    let mut answers = Vec::new();
    let mut truth = Vec::new();
    if !hidden {
        truth = truth_lines(of, bench, case);
        for reader in &of.readers {
            for (part, column) in parts(reader) {
                answers.extend(answer(of, bench, reader, &part, column, case));
            }
        }
    }
    Some(CaseDetail {
        row: row(of, bench, &readers, case, hidden)?,
        question: question.join("\n"),
        truth,
        answers,
    })
}

/// The columns of a reader with their names; the one that counts comes first, and only once.
fn parts(reader: &Reader) -> Vec<(String, &Column)> {
    let mut out: Vec<(String, &Column)> = reader
        .arms
        .iter()
        .map(|(arm, column)| (crate::evaluated::words::arm(*arm).to_owned(), column))
        .collect();
    out.push(("before".to_owned(), &reader.before));
    out.push(("after".to_owned(), &reader.after));
    out.insert(0, (String::new(), &reader.counting));
    out
}

fn answer(
    of: &Evaluation,
    bench: &Bench,
    reader: &Reader,
    part: &str,
    column: &Column,
    case: usize,
) -> Option<AnswerDetail> {
    let at = column.get(case).copied().flatten()?;
    // The answer that counts has its part's name where it has one.
    let counts = reader.counting.get(case).copied().flatten();
    let named = parts_of(reader, case, at);
    if (part.is_empty() && named.is_some()) || (counts != Some(at) && part.is_empty()) {
        return None;
    }
    let spec = of.set.cases.get(case)?;
    let (said, recorded) = (of.said.get(at as usize)?, of.answers.get(at as usize)?);
    let verdict = bench
        .verdicts
        .get(at as usize)
        .copied()
        .unwrap_or(Verdict::NoTruth);
    let mut probabilities: Vec<(String, f64)> = recorded
        .probabilities
        .iter()
        .flatten()
        .filter(|(_, p)| p.is_finite())
        .map(|(l, p)| (l.clone(), *p))
        .collect();
    probabilities.sort_by(|a, b| b.1.total_cmp(&a.1));
    let found = said.found.as_deref();
    let text = raw_text(recorded);
    let hash = found.map_or_else(|| answer_hash(&text), |f| f.hash.clone());
    let of_answer =
        |d: &&Decision| d.reader == recorded.reader && d.case == recorded.case && d.answer_hash == hash;
    let decisions = of
        .context
        .decisions
        .iter()
        .filter(of_answer)
        .map(in_words)
        .collect();
    let suggestions = if verdict == Verdict::Undecided {
        suggestions(of, spec, &text)
    } else {
        Vec::new()
    };
    Some(AnswerDetail {
        answer: CaseAnswer {
            reader: reader.spec.id.clone(),
            said: words_of(of, spec, at as usize),
            verdict: bench
                .verdicts
                .get(at as usize)
                .copied()
                .unwrap_or(Verdict::NoTruth),
            confidence: said.confidence,
        },
        part: part.to_owned(),
        text,
        findings: recorded.findings.clone().unwrap_or_default(),
        span: found
            .and_then(|f| f.span.as_ref())
            .map(|s| [s.start as u32, s.end as u32]),
        rule: found.map(|f| f.rule.clone()).unwrap_or_default(),
        probabilities,
        differential: recorded.differential.clone(),
        suggestions,
        recorded: recorded_lines(recorded),
        decisions,
        answer_hash: hash,
    })
}

/// Labels that look like the answer: the set's own, else the diagnoses of all cases.
fn suggestions(of: &Evaluation, spec: &crate::case_set::CaseSpec, text: &str) -> Vec<String> {
    let mut labels: Vec<String> = of.set.question.labels.clone();
    if labels.is_empty() {
        let all: BTreeSet<&String> = of
            .set
            .cases
            .iter()
            .flat_map(|c| c.truth.labels.iter().chain(&c.truth.answers))
            .collect();
        labels.extend(spec.truth.answers.iter().cloned());
        labels.extend(all.into_iter().cloned());
    }
    suggest(text, &labels, SUGGESTIONS)
        .into_iter()
        .map(|s| s.label)
        .collect()
}

/// The part that an answer belongs to, where it has one.
fn parts_of(reader: &Reader, case: usize, at: u32) -> Option<()> {
    let is = |column: &Column| column.get(case).copied().flatten() == Some(at);
    (reader.arms.values().any(is) || is(&reader.before) || is(&reader.after)).then_some(())
}

fn recorded_lines(recorded: &crate::recorded::Recorded) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            out.push((name.to_owned(), value));
        }
    };
    add("Answered at", recorded.at.clone());
    add(
        "Seconds",
        recorded
            .seconds
            .filter(|s| s.is_finite())
            .map(|s| format!("{s:.2}")),
    );
    add(
        "Cost",
        recorded.cost.filter(|s| s.is_finite()).map(|s| s.to_string()),
    );
    add("Confidence is", recorded.confidence_kind.clone());
    add("Error", recorded.error.clone());
    add("Settings", recorded.settings.clone());
    for (name, value) in &recorded.more {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        add(name, Some(text));
    }
    out
}

fn truth_lines(of: &Evaluation, bench: &Bench, case: usize) -> Vec<(String, String)> {
    let Some(spec) = of.set.cases.get(case) else {
        return Vec::new();
    };
    let truth = &spec.truth;
    let mut out = Vec::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            out.push((name.to_owned(), value));
        }
    };
    add("Truth", super::table::truth_words(of, bench, case));
    if let Some(trouble) = bench.truths.get(case).and_then(|t| t.trouble) {
        add("Left out", crate::evaluated::words::trouble(trouble).to_owned());
    }
    for (label, state) in &truth.states {
        add(label, crate::evaluated::words::state(*state).to_owned());
    }
    add("Accepted", truth.answers.join("; "));
    add("Side", truth.side.clone());
    add("Findings", truth.findings.clone());
    let source = if truth.source.is_empty() {
        &of.set.truth.source
    } else {
        &truth.source
    };
    add("Source", source.clone());
    for vote in &truth.votes {
        let mut said = if vote.labels.is_empty() {
            "nothing".to_owned()
        } else {
            vote.labels.join(", ")
        };
        for (name, value) in &vote.ratings {
            said.push_str(&format!("; {name} {value}"));
        }
        add(&format!("Truth reader {}", vote.reader), said);
    }
    out
}
