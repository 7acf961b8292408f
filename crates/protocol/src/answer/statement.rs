//! Where a text states its answer: a `Final Answer:` line, JSON, a tag, a box of LaTeX, a sentence `the answer is …`.

use std::ops::Range;

use serde_json::Value;

/// How an answer was stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line that begins with `Final Answer:`, `Answer:`, `Diagnosis:` or the like.
    Line,
    /// A value of a JSON object.
    Json,
    /// `<answer>…</answer>`.
    Tag,
    /// `\boxed{…}`.
    Boxed,
    /// A sentence: `the answer is …`.
    Sentence,
}

impl Mark {
    /// The id in a rule's name.
    pub fn id(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Json => "json",
            Self::Tag => "tag",
            Self::Boxed => "boxed",
            Self::Sentence => "sentence",
        }
    }
}

/// A stated answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its bytes in the text, trimmed of emphasis and quotes; empty when nothing follows the mark.
    pub span: Range<usize>,
    /// How it was stated.
    pub mark: Mark,
    /// The parts, when JSON states a list; else empty.
    pub parts: Vec<Range<usize>>,
}

/// Names before a colon, the strongest first; those marked true only at the beginning of a line.
const NAMES: [(&str, bool); 6] = [
    ("final answer", false),
    ("final diagnosis", false),
    ("answer", false),
    ("most likely diagnosis", true),
    ("diagnosis", true),
    ("prediction", true),
];
/// Beginnings of sentences that state the answer, the strongest first.
const SENTENCES: [&str; 5] = [
    "final answer is",
    "correct answer is",
    "answer is",
    "most likely diagnosis is",
    "diagnosis is",
];
/// Keys of JSON that hold the answer, the strongest first; compared without spaces, hyphens and underscores.
const KEYS: [&str; 10] = [
    "finalanswer",
    "answer",
    "finaldiagnosis",
    "diagnosis",
    "label",
    "prediction",
    "choice",
    "class",
    "finding",
    "result",
];
/// Bytes of JSON that are parsed; a longer one is no answer.
const MOST_JSON: usize = 1 << 18;
/// Parts of a list that are kept.
const MOST_PARTS: usize = 64;

/// Where the text states its answer: the last place of the strongest kind. Whole JSON comes first, then lines, JSON in
/// fences, tags, boxes, sentences.
pub fn statement(text: &str) -> Option<Statement> {
    let open = text.trim_start();
    let begin = text.len() - open.len();
    if open.starts_with(['{', '[']) || open.starts_with("```") {
        let found = json(text, begin..text.len());
        if found.is_some() {
            return found;
        }
    }
    let lower = text.to_ascii_lowercase();
    line(text, &lower)
        .or_else(|| fenced(text))
        .or_else(|| tagged(text, &lower))
        .or_else(|| boxed(text))
        .or_else(|| sentence(text, &lower))
}

/// What stands after the last `Final Answer:` or what else states the answer; `None` when nothing does or nothing
/// follows.
pub fn final_answer(text: &str) -> Option<&str> {
    text.get(statement(text)?.span).filter(|said| !said.is_empty())
}

fn line(text: &str, lower: &str) -> Option<Statement> {
    for (name, begins) in NAMES {
        let mut end = lower.len();
        while let Some(at) = lower.get(..end).and_then(|part| part.rfind(name)) {
            end = at;
            if !begins_word(text, at) || begins && !begins_line(text, at) {
                continue;
            }
            let after = at + name.len();
            let Some(from) = past_colon(text, after) else {
                continue;
            };
            let span = first_line(text, from);
            let said = text.get(span.clone()).unwrap_or_default();
            // The line may hold JSON or a box again.
            let inner = if said.starts_with(['{', '[']) || said.starts_with("```") {
                json(text, span.start..text.len())
            } else if said.contains("\\boxed{") {
                boxed(text.get(..span.end).unwrap_or_default())
            } else {
                None
            };
            return inner.or(Some(Statement {
                span,
                mark: Mark::Line,
                parts: Vec::new(),
            }));
        }
    }
    None
}

fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    before.is_none_or(|c| !c.is_alphanumeric())
}

fn begins_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let marks = |c: char| matches!(c, ' ' | '\t' | '*' | '_' | '#' | '-' | '>' | '`');
    let before = before.trim_end_matches(marks);
    let Some((rest, word)) = before.split_at_checked(before.len().saturating_sub(3)) else {
        return before.ends_with('\n');
    };
    // `The diagnosis: …` begins a line too.
    let the = word.eq_ignore_ascii_case("the") && (rest.is_empty() || rest.ends_with('\n'));
    the || before.is_empty() || before.ends_with('\n')
}

/// The place after a colon, emphasis allowed around it.
fn past_colon(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let trimmed = rest.trim_start_matches(['*', '_', '`', '"', '\'', ' ', '\t']);
    let after = trimmed.strip_prefix([':', '：'])?;
    Some(text.len() - after.len())
}

/// The first line with words from `from` on, tidied; an empty range at the end without one.
fn first_line(text: &str, from: usize) -> Range<usize> {
    let mut at = from;
    for line in text.get(from..).unwrap_or_default().split('\n') {
        let span = tidy(text, at..at + line.len());
        if !span.is_empty() {
            return span;
        }
        at += line.len() + 1;
    }
    text.len()..text.len()
}

/// Without white space, emphasis, quotes, headings, a full stop, and brackets around the whole.
pub(crate) fn tidy(text: &str, span: Range<usize>) -> Range<usize> {
    let around = |c: char| {
        c.is_whitespace() || matches!(c, '*' | '_' | '`' | '"' | '“' | '”' | '\'' | '‘' | '’' | '#')
    };
    let Some(part) = text.get(span.clone()) else {
        return span.start..span.start;
    };
    let mut said = part.trim_start_matches(around);
    let mut from = span.start + (part.len() - said.len());
    said = said.trim_end_matches(|c| around(c) || matches!(c, '.' | '。'));
    if let Some(inner) = said.strip_prefix('(').and_then(|s| s.strip_suffix(')'))
        && !inner.contains(['(', ')'])
    {
        from += 1;
        said = inner;
    }
    from..from + said.len()
}

/// The last fenced JSON.
fn fenced(text: &str) -> Option<Statement> {
    let from = text.rfind("```json")?;
    json(text, from..text.len())
}

/// JSON at the beginning of a range, within a fence or not; what follows it is left alone.
fn json(text: &str, span: Range<usize>) -> Option<Statement> {
    let part = text.get(span.clone())?;
    let from = span.start + part.find(['{', '['])?;
    let body = text.get(from..)?;
    if body.len() > MOST_JSON {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(body).into_iter::<Value>();
    let value = values.next()?.ok()?;
    let whole = from..from + values.byte_offset();
    let value = match &value {
        Value::Array(list) if list.len() == 1 => list.first()?,
        other => other,
    };
    let held = match value {
        Value::Object(map) => KEYS.iter().find_map(|key| {
            map.iter()
                .find(|(own, _)| own.to_lowercase().replace([' ', '-', '_'], "") == *key)
                .map(|(own, held)| (Some(own.as_str()), held))
        })?,
        other => (None, other),
    };
    let place = |said: &str| written(text, &whole, held.0, said);
    let (span, parts) = match held.1 {
        Value::String(said) => (place(said), Vec::new()),
        Value::Bool(_) | Value::Number(_) => (place(&held.1.to_string()), Vec::new()),
        Value::Array(list) => {
            let parts = list
                .iter()
                .filter_map(Value::as_str)
                .take(MOST_PARTS)
                .map(place)
                .collect::<Vec<_>>();
            (whole.clone(), parts)
        }
        _ => return None,
    };
    Some(Statement {
        span,
        mark: Mark::Json,
        parts,
    })
}

/// Where a value was written: after its key. The whole JSON when escapes hide it.
fn written(text: &str, whole: &Range<usize>, key: Option<&str>, said: &str) -> Range<usize> {
    let body = text.get(whole.clone()).unwrap_or_default();
    let from = key.map_or(0, |key| {
        body.find(&format!("\"{key}\""))
            .map_or(0, |at| at + key.len() + 2)
    });
    let found = body.get(from..).and_then(|rest| rest.find(said));
    match found {
        Some(at) => tidy(
            text,
            whole.start + from + at..whole.start + from + at + said.len(),
        ),
        None => whole.clone(),
    }
}

fn tagged(text: &str, lower: &str) -> Option<Statement> {
    let from = lower.rfind("<answer>")? + "<answer>".len();
    let to = lower
        .get(from..)?
        .find("</answer>")
        .map_or(text.len(), |at| from + at);
    Some(Statement {
        span: tidy(text, from..to),
        mark: Mark::Tag,
        parts: Vec::new(),
    })
}

fn boxed(text: &str) -> Option<Statement> {
    let mut from = text.rfind("\\boxed{")? + "\\boxed{".len();
    let to = from + text.get(from..)?.find(['}', '\n'])?;
    if text.get(from..to)?.starts_with("\\text{") {
        from += "\\text{".len();
    }
    Some(Statement {
        span: tidy(text, from..to),
        mark: Mark::Boxed,
        parts: Vec::new(),
    })
}

fn sentence(text: &str, lower: &str) -> Option<Statement> {
    for name in SENTENCES {
        let mut end = lower.len();
        while let Some(at) = lower.get(..end).and_then(|part| part.rfind(name)) {
            end = at;
            let after = at + name.len();
            let rest = text.get(after..).unwrap_or_default();
            if !begins_word(text, at) || !rest.starts_with([' ', ':', '\n', '*']) {
                continue;
            }
            let to = rest
                .match_indices(['.', '\n', ';'])
                .map(|(at, _)| at)
                .find(|&at| {
                    at > 0
                        && !rest
                            .get(at + 1..)
                            .is_some_and(|r| r.starts_with(|c: char| c.is_alphanumeric()))
                })
                .unwrap_or(rest.len());
            let lead = rest.len() - rest.trim_start_matches([' ', ':', '*', '\n']).len();
            return Some(Statement {
                span: tidy(text, after + lead..after + to.max(lead)),
                mark: Mark::Sentence,
                parts: Vec::new(),
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<(&str, Mark)> {
        statement(text).map(|s| (&text[s.span], s.mark))
    }

    #[test]
    fn the_last_line_that_states_it_counts() {
        for (text, wanted) in [
            ("Final Answer: no … but then\nFINAL ANSWER:  Yes. \nbye", "Yes"),
            ("**Final Answer**: pneumonia", "pneumonia"),
            ("**Final Answer:** \n\n**\"left effusion\"**", "left effusion"),
            ("Answer: a\nFinal answer: b\nAnswer: c", "b"),
            ("## Diagnosis: giant hernia.", "giant hernia"),
            ("The diagnosis: hernia", "hernia"),
            ("Final Answer: (C)", "C"),
            ("Final Answer: (C) smooth muscle", "(C) smooth muscle"),
            ("Final Answer:", ""),
            ("Final Answer: yes\nFinal Answer: ", ""),
        ] {
            assert_eq!(said(text), Some((wanted, Mark::Line)), "{text}");
        }
        assert_eq!(said("Differential diagnosis: a, b"), None);
        assert_eq!(said("The unanswer: x"), None);
        assert_eq!(said("I have no final answer"), None);
    }

    #[test]
    fn json_tags_boxes_and_sentences() {
        for (text, wanted, mark) in [
            (r#"{"answer": "B"}"#, "B", Mark::Json),
            (
                "```json\n{\"reason\":\"x\",\"final_answer\":\"no\"}\n```",
                "no",
                Mark::Json,
            ),
            (
                "Well:\n```json\n{\"Label\": \"normal\"}\n``` ",
                "normal",
                Mark::Json,
            ),
            (r#"Final Answer: {"diagnosis": "hernia"}"#, "hernia", Mark::Json),
            (r#"[{"label": true}]"#, "true", Mark::Json),
            ("so <answer> B </answer>", "B", Mark::Tag),
            (r"thus $\boxed{\text{B}}$", "B", Mark::Boxed),
            ("Thus the answer is **B**. Because", "B", Mark::Sentence),
            (
                "The most likely diagnosis is Paget disease",
                "Paget disease",
                Mark::Sentence,
            ),
            ("The answer is 1.5 cm. Then", "1.5 cm", Mark::Sentence),
        ] {
            assert_eq!(said(text), Some((wanted, mark)), "{text}");
        }
        assert_eq!(said(r#"{"reason": "B"}"#), None);
        assert_eq!(said("{broken"), None);
        let list = r#"{"diagnosis": ["a b", "c"]}"#;
        let parts: Vec<_> = statement(list)
            .unwrap()
            .parts
            .into_iter()
            .map(|p| &list[p])
            .collect();
        assert_eq!(parts, ["a b", "c"]);
    }
}
