//! Ranked lists: the entries of a text, and the place of the first that is right.

use std::ops::Range;

use overread_protocol::answer::{Invalid, missing};

use super::hierarchy::Level;
use super::judge::{Judge, Judgement, Verdict};
use super::normalise::term;
use super::open::{known, shares_a_word, the_one};
use super::parse::Body;
use super::scope::{Mention, State, mentions};

/// Entries of a list that are looked at.
const MOST_ENTRIES: usize = 100;
/// Bytes that an entry may have before it is prose.
const MOST_BYTES: usize = 300;

pub(crate) fn judge(judge: &Judge, raw: &str, body: &Body, complete: bool, truth: &[String]) -> Judgement {
    let spans = list(raw, body);
    let place = body.place();
    let prose = spans.len() == 1 && spans.iter().all(|s| s.len() > MOST_BYTES);
    if spans.is_empty() || prose {
        let kind = missing(raw.get(body.all.clone()).unwrap_or_default(), complete);
        if kind != Invalid::Unparseable {
            return Judgement::invalid(kind, place);
        }
        return Judgement::bare(Verdict::Undecided, format!("{place}/list/prose"));
    }
    let mut seen: Vec<(Option<usize>, Vec<String>)> = Vec::new();
    let mut partial: Option<Judgement> = None;
    let mut all_known = true;
    let mut named = false;
    for span in spans.iter().take(MOST_ENTRIES) {
        let said = raw.get(span.clone()).unwrap_or_default();
        let stream = judge.lexicon.stream(raw, span.clone());
        let found = mentions(&judge.lexicon, raw, &stream);
        let there: Vec<&Mention> = found
            .iter()
            .filter(|m| matches!(m.state, State::Present | State::Uncertain))
            .collect();
        let parsed = the_one(judge, &stream, &there);
        let words = term(said).words;
        let own = (parsed.as_ref().map(|p| p.term), words);
        // Twice the same thing is one entry, in other words too.
        if seen
            .iter()
            .any(|(term, words)| own.0.is_some() && *term == own.0 || *words == own.1)
        {
            continue;
        }
        seen.push(own);
        let within = seen.len() <= judge.rules.allowed;
        named |= parsed.is_some();
        let exact = truth.iter().find(|t| {
            let wanted = term(t).words;
            !wanted.is_empty() && seen.last().is_some_and(|(_, words)| *words == wanted)
        });
        let judged = match (&parsed, exact) {
            (_, Some(label)) => {
                let side = super::judge::side_match(term(said).side, term(label).side);
                let mut out =
                    Judgement::bare(judge.verdict(Level::Exact, side), format!("{place}/list/exact"));
                out.level = Some(Level::Exact);
                out.label = Some(label.clone());
                out.side = term(said).side;
                out.side_match = side;
                out.span = Some(span.clone());
                Some(out)
            }
            (Some(parsed), None) => Some(judge.against(parsed, &format!("{place}/list"), truth)),
            (None, None) => None,
        };
        match judged {
            Some(mut out) if out.verdict == Verdict::Right => {
                out.rank = Some(seen.len());
                if !within {
                    out.verdict = Verdict::Wrong;
                    out.rule.push_str("/beyond");
                }
                return out;
            }
            Some(out) if out.verdict == Verdict::Partial && within => {
                partial.get_or_insert(out);
            }
            _ => {}
        }
        let whole = parsed.as_ref().is_some_and(|p| p.how == "whole");
        all_known &= !within || whole && !shares_a_word(said, truth);
    }
    if let Some(out) = partial {
        return out;
    }
    if !named {
        let kind = missing(raw.get(body.all.clone()).unwrap_or_default(), complete);
        if !matches!(kind, Invalid::Unparseable | Invalid::Truncated) {
            return Judgement::invalid(kind, place);
        }
    }
    if all_known && !truth.is_empty() && known(judge, truth) {
        let mut out = Judgement::bare(Verdict::Wrong, format!("{place}/list/known"));
        out.level = Some(Level::Unrelated);
        return out;
    }
    Judgement::bare(Verdict::Undecided, format!("{place}/list/unmatched"))
}

/// True for a text that is a ranked list: two marked entries or more, or a heading that says so.
pub(crate) fn is_list(raw: &str) -> bool {
    Body::of(raw, true).is_ok_and(|body| {
        let text = raw.get(body.all.clone()).unwrap_or_default();
        let headed = text.to_ascii_lowercase().contains("differential");
        body.parts.len() > 1
            || marked(raw, body.all.clone()).len() > 1
            || headed && list(raw, &body).len() > 1
    })
}

/// The entries of an answer. A stated answer is the first; where it is one alone, the list that stands after the last
/// `differential …:`, else the marked lines of the text, follow it.
fn list(raw: &str, body: &Body) -> Vec<Range<usize>> {
    if !body.parts.is_empty() {
        return body.parts.clone();
    }
    let all = raw.get(body.all.clone()).unwrap_or_default();
    let lower = all.to_ascii_lowercase();
    let heading = lower.rfind("differential").and_then(|at| {
        let colon = lower.get(at..)?.find(':').filter(|colon| *colon < 60)?;
        Some(body.all.start + at + colon + 1..body.all.end)
    });
    if body.mark.is_none() {
        return entries(raw, heading.unwrap_or(body.all.clone()));
    }
    let mut out = entries(raw, stated(raw, body));
    if out.len() > 1 {
        return out;
    }
    match heading {
        Some(region) => out.extend(entries(raw, region)),
        None => {
            let more = marked(raw, body.all.clone());
            if more.len() > 1 {
                out.extend(tidied(raw, more));
            }
        }
    }
    out
}

/// The stated line, and the lines after it that are entries of a list.
fn stated(raw: &str, body: &Body) -> Range<usize> {
    let mut end = body.said.end;
    let rest = raw.get(end..body.all.end).unwrap_or_default();
    let mut at = end;
    for (number, line) in rest.split_inclusive('\n').enumerate() {
        at += line.len();
        // The first piece is what is left of the stated line.
        if number == 0 || line.trim().is_empty() {
            continue;
        }
        if marker(line).is_none() {
            break;
        }
        end = at;
    }
    let begin = raw.get(..body.said.start).unwrap_or_default();
    let from = begin.len() - begin.rsplit('\n').next().unwrap_or_default().len();
    let own = raw.get(from..body.said.start).unwrap_or_default();
    // The number of the first entry may stand before what was tidied.
    if marker(own).is_some() {
        from..end
    } else {
        body.said.start..end
    }
}

/// The length of what marks an entry at the beginning of a line: `1.`, `2)`, `(3)`, `-`, `*`, `•`.
fn marker(line: &str) -> Option<usize> {
    let trimmed = line.trim_start();
    let lead = line.len() - trimmed.len();
    let bullet = ["- ", "* ", "• ", "– ", "•"]
        .iter()
        .find(|b| trimmed.starts_with(**b));
    if let Some(bullet) = bullet {
        return Some(lead + bullet.len());
    }
    let open = trimmed.trim_start_matches(['*', '(', '#', ' ']);
    let digits = open.bytes().take_while(u8::is_ascii_digit).count();
    let after = open.get(digits..).unwrap_or_default();
    let known = (1..=3).contains(&digits) && after.starts_with(['.', ')', ':']);
    let spaced = after
        .get(1..)
        .is_some_and(|r| r.is_empty() || r.starts_with([' ', '*', '\t']));
    (known && spaced).then(|| line.len() - after.len() + 1)
}

/// The entries of a list: numbered or bulleted lines, numbers within a line, else parts between semicolons or commas.
pub(crate) fn entries(raw: &str, region: Range<usize>) -> Vec<Range<usize>> {
    let text = raw.get(region.clone()).unwrap_or_default();
    let marked = marked(raw, region.clone());
    let mut plain = Vec::new();
    let mut at = region.start;
    for line in text.split('\n') {
        if !line.trim().is_empty() && marker(line).is_none() {
            plain.push(at..at + line.len());
        }
        at += line.len() + 1;
    }
    if marked.len() >= 2 {
        return tidied(raw, marked);
    }
    let numbered = numbers_within(raw, region.clone());
    if numbered.len() >= 2 {
        let heads = numbered.into_iter().map(|span| head(raw, span)).collect();
        return tidied(raw, heads);
    }
    if !marked.is_empty() {
        return tidied(raw, marked);
    }
    let [line] = plain.as_slice() else {
        // Several bare lines are entries only when all are short.
        let short = plain.iter().all(|span| span.len() <= 80);
        return if short { tidied(raw, plain) } else { vec![region] };
    };
    let body = raw.get(line.clone()).unwrap_or_default();
    let mark = [';', '>', ','].into_iter().find(|mark| body.contains(*mark));
    let Some(mark) = mark else {
        return tidied(raw, vec![line.clone()]);
    };
    let mut from = line.start;
    let mut parts = Vec::new();
    for part in body.split(mark) {
        parts.push(from..from + part.len());
        from += part.len() + mark.len_utf8();
    }
    // `a, b and c`: the last two come without a comma between.
    if mark == ','
        && let Some(last) = parts.pop()
    {
        let text = raw.get(last.clone()).unwrap_or_default();
        let begins = ["and ", "or "]
            .iter()
            .any(|word| text.trim_start().starts_with(word));
        let joint = [" and ", " or "]
            .iter()
            .filter_map(|j| text.find(j).map(|at| (at, j.len())))
            .min();
        match joint.filter(|_| !begins) {
            Some((at, length)) => {
                parts.push(last.start..last.start + at);
                parts.push(last.start + at + length..last.end);
            }
            None => parts.push(last),
        }
    }
    tidied(raw, parts)
}

/// The lines that are marked as entries, without their explanations.
fn marked(raw: &str, region: Range<usize>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = region.start;
    for line in raw.get(region).unwrap_or_default().split('\n') {
        if let Some(skip) = marker(line) {
            out.push(head(raw, at + skip..at + line.len()));
        }
        at += line.len() + 1;
    }
    out
}

/// The parts after `1.`, `2.`, `3.` … in order within one line.
fn numbers_within(raw: &str, region: Range<usize>) -> Vec<Range<usize>> {
    let text = raw.get(region.clone()).unwrap_or_default();
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    for number in 1..=MOST_ENTRIES {
        let found = [format!("{number}. "), format!("{number}) ")]
            .iter()
            .filter_map(|mark| {
                text.get(from..)
                    .and_then(|t| t.find(mark.as_str()))
                    .map(|at| (from + at, from + at + mark.len()))
            })
            .min();
        let Some((at, after)) = found else { break };
        starts.push((at, after));
        from = after;
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((_, from), to)| region.start + from..region.start + to)
        .collect()
}

/// An entry without its explanation: up to a colon, a dash between spaces, a bracket or the end of its sentence.
fn head(raw: &str, span: Range<usize>) -> Range<usize> {
    let text = raw.get(span.clone()).unwrap_or_default();
    let lead = text.len() - text.trim_start_matches([' ', '*', '_', '"']).len();
    let rest = text.get(lead..).unwrap_or_default();
    let cut = [
        ":",
        " - ",
        " – ",
        " — ",
        " (",
        ". ",
        "\n",
        ", because",
        " because ",
    ]
    .iter()
    .filter_map(|mark| rest.find(mark))
    .filter(|at| *at > 0)
    .min();
    span.start + lead..span.start + lead + cut.unwrap_or(rest.len())
}

/// Trimmed, without joining words and what has no word.
fn tidied(raw: &str, spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut out = Vec::with_capacity(spans.len());
    for span in spans {
        let text = raw.get(span.clone()).unwrap_or_default();
        let marks = |c: char| {
            c.is_whitespace() || matches!(c, '*' | '_' | '"' | '\'' | '`' | '.' | ',' | ';' | '[' | ']')
        };
        let mut inner = text.trim_start_matches(marks);
        for word in ["and ", "or ", "versus ", "vs "] {
            inner = inner.strip_prefix(word).unwrap_or(inner);
        }
        let from = span.start + (text.len() - inner.len());
        let inner = inner.trim_end_matches(marks);
        if !term(inner).words.is_empty() {
            out.push(from..from + inner.len());
        }
        if out.len() >= MOST_ENTRIES {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<&str> {
        entries(text, 0..text.len())
            .into_iter()
            .map(|span| &text[span])
            .collect()
    }

    #[test]
    fn lists_are_read_in_their_usual_forms() {
        let three = ["sarcoidosis", "lung cancer", "tuberculosis"];
        for text in [
            "1. sarcoidosis\n2. lung cancer\n3. tuberculosis",
            "1) **sarcoidosis**: nodes\n2) lung cancer (less likely)\n3) tuberculosis - cavities",
            "- sarcoidosis\n- lung cancer\n\n- tuberculosis",
            "sarcoidosis, lung cancer, and tuberculosis.",
            "sarcoidosis; lung cancer; tuberculosis",
            "1. sarcoidosis 2. lung cancer 3. tuberculosis",
            "sarcoidosis\nlung cancer\ntuberculosis\n",
            "sarcoidosis > lung cancer > tuberculosis",
            "These come to mind:\n* sarcoidosis\n* lung cancer\n* tuberculosis",
        ] {
            assert_eq!(list(text), three, "{text}");
        }
        assert_eq!(list("sarcoidosis"), ["sarcoidosis"]);
        assert!(list("…").is_empty());
    }
}
