//! The label that an answer gives to a question with a set of labels, by rules in a fixed order.

use std::ops::Range;

use overread_protocol::answer::{
    Invalid, Mark, Offered, foreign, missing, statement, unsaid, without_thought,
};

use super::hierarchy::Level;
use super::lexicon::{Found, Lexicon, Stream};
use super::normalise::{Side, joined};
use super::scope::{Mention, State, mentions};

/// Bytes of an answer that are looked at, from its end.
const MOST_BYTES: usize = 1 << 20;

/// Where an answer was looked for.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// The bytes without thought and marks of a turn's end.
    pub(crate) all: Range<usize>,
    /// The stated answer, else all.
    pub(crate) said: Range<usize>,
    /// How it was stated.
    pub(crate) mark: Option<Mark>,
    /// Parts of a JSON list.
    pub(crate) parts: Vec<Range<usize>>,
}

impl Body {
    /// Takes off the thought and finds the stated answer.
    ///
    /// # Errors
    /// [`Invalid::Truncated`] for a thought without an end; [`Invalid::Empty`], [`Invalid::Unparseable`] where nothing is
    /// said.
    pub(crate) fn of(raw: &str, complete: bool) -> Result<Self, Invalid> {
        let mut from = raw.len().saturating_sub(MOST_BYTES);
        while !raw.is_char_boundary(from) {
            from += 1;
        }
        let tail = raw.get(from..).unwrap_or_default();
        let all = without_thought(tail).ok_or(Invalid::Truncated)?;
        let text = tail.get(all.clone()).unwrap_or_default();
        let start = from + all.start;
        let moved = |span: &Range<usize>| start + span.start..start + span.end;
        let stated = statement(text);
        let said = stated.as_ref().map_or(0..text.len(), |s| s.span.clone());
        if said.is_empty() {
            return Err(unsaid(stated.is_some(), complete));
        }
        Ok(Self {
            all: start..start + text.len(),
            said: moved(&said),
            mark: stated.as_ref().map(|s| s.mark),
            parts: stated.iter().flat_map(|s| &s.parts).map(moved).collect(),
        })
    }

    /// True for prose in another language: the cues of negation are English, so nothing in it is matched.
    pub(crate) fn is_foreign(&self, raw: &str) -> bool {
        self.mark.is_none() && raw.get(self.all.clone()).is_some_and(foreign)
    }

    /// The beginning of a rule's name: how the answer was stated, `text` when it was not.
    pub(crate) fn place(&self) -> &'static str {
        self.mark.map_or("text", Mark::id)
    }
}

/// A label that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parsed {
    /// Index of the label; `None` for a term above the labels.
    pub(crate) label: Option<usize>,
    /// The term that was said.
    pub(crate) term: usize,
    /// How what was said stands to the label.
    pub(crate) level: Level,
    pub(crate) side: Option<Side>,
    pub(crate) span: Range<usize>,
    /// Kind of match: `whole`, `mention`, `letter`.
    pub(crate) how: &'static str,
    pub(crate) hedged: bool,
    pub(crate) clash: bool,
}

/// A candidate: a phrase of the text and what it may be.
struct Candidate<'m> {
    mention: &'m Mention,
    label: usize,
    level: Level,
    side: Option<Side>,
}

/// Finds the one label of an answer.
///
/// # Errors
/// The kind of invalidity.
pub(crate) fn closed(
    lexicon: &Lexicon,
    offered: &Offered,
    raw: &str,
    body: &Body,
    complete: bool,
) -> Result<Parsed, Invalid> {
    let said = raw.get(body.said.clone()).unwrap_or_default();
    if let Some((index, span)) = offered.whole(said)? {
        let whole = span.len() == said.len();
        return Ok(Parsed {
            label: Some(index),
            term: lexicon.labels.get(index).map_or(usize::MAX, |entry| entry.term),
            level: Level::Exact,
            side: lexicon.labels.get(index).and_then(|entry| entry.side),
            span: body.said.start + span.start..body.said.start + span.end,
            how: if whole { "whole" } else { "letter" },
            hedged: false,
            clash: false,
        });
    }
    if body.is_foreign(raw) {
        return Err(Invalid::WrongLanguage);
    }
    let stream = lexicon.stream(raw, body.said.clone());
    let found = mentions(lexicon, raw, &stream);
    // Prose names the normal in passing: `the heart is normal`.
    let brief = body.mark.is_some() || is_brief(&stream);
    if let Some(parsed) = best(lexicon, &stream, &found, brief)? {
        return Ok(parsed);
    }
    Err(if body.mark.is_some() {
        Invalid::OutOfSet
    } else {
        missing(raw.get(body.all.clone()).unwrap_or_default(), complete)
    })
}

/// Words of a text that is an answer rather than a description.
const BRIEF: usize = 25;

/// True for a text of one sentence and few words.
pub(crate) fn is_brief(stream: &Stream) -> bool {
    let stops = stream
        .words
        .iter()
        .skip(1)
        .filter(|w| w.gap == super::gaps::Gap::Stop)
        .count();
    stream.words.len() <= BRIEF && stops == 0
}

/// The best label among the mentions: those that are said to be there before those that may be; of these the nearest
/// level. Two labels at the same level are no answer.
fn best(
    lexicon: &Lexicon,
    stream: &Stream,
    found: &[Mention],
    brief: bool,
) -> Result<Option<Parsed>, Invalid> {
    for state in [State::Present, State::Uncertain] {
        let mut candidates: Vec<Candidate<'_>> = Vec::new();
        for mention in found.iter().filter(|m| m.state == state && m.answers()) {
            candidates.extend(labels_at(lexicon, stream, mention));
        }
        if !brief {
            let normal = |c: &Candidate<'_>| is_normal(lexicon, c.label);
            candidates.retain(|c| !normal(c));
        }
        let Some(level) = candidates.iter().map(|c| c.level).min() else {
            continue;
        };
        candidates.retain(|c| c.level == level);
        let Some(first) = candidates.first() else {
            continue;
        };
        if candidates.iter().any(|c| c.label != first.label) {
            return Err(Invalid::Ambiguous);
        }
        // The last mention is the one shown: a text works towards its answer.
        let last = candidates.last().unwrap_or(first);
        let covers = last.mention.found.words.len() == stream.words.len();
        let term = lexicon.terms_of(&last.mention.found).first().copied();
        return Ok(Some(Parsed {
            label: Some(last.label),
            term: if level == Level::Descendant {
                term.unwrap_or(usize::MAX)
            } else {
                lexicon
                    .labels
                    .get(last.label)
                    .map_or(usize::MAX, |entry| entry.term)
            },
            level,
            side: last.side,
            span: span_of(stream, &last.mention.found),
            how: if covers { "whole" } else { "mention" },
            hedged: state == State::Uncertain,
            clash: lexicon.clashes(&last.mention.found),
        }));
    }
    // Nothing of the set: a term above some label is partly right where that label is true.
    let above: Vec<&Mention> = found
        .iter()
        .filter(|m| m.answers())
        .filter(|m| {
            let terms = lexicon.terms_of(&m.found);
            let is_above = |term: &usize| {
                lexicon
                    .labels
                    .iter()
                    .any(|l| lexicon.above(l.term).contains(term))
            };
            terms.len() == 1 && !lexicon.clashes(&m.found) && terms.iter().any(is_above)
        })
        .collect();
    let Some(last) = above.last() else {
        return Ok(None);
    };
    let term = lexicon
        .terms_of(&last.found)
        .first()
        .copied()
        .unwrap_or(usize::MAX);
    if above
        .iter()
        .any(|m| lexicon.terms_of(&m.found).first() != Some(&term))
    {
        return Err(Invalid::Ambiguous);
    }
    Ok(Some(Parsed {
        label: None,
        term,
        level: Level::Ancestor,
        side: side_of(stream, &last.found),
        span: span_of(stream, &last.found),
        how: if last.found.words.len() == stream.words.len() {
            "whole"
        } else {
            "mention"
        },
        hedged: last.state == State::Uncertain,
        clash: false,
    }))
}

/// True for a label that says that there is nothing.
fn is_normal(lexicon: &Lexicon, label: usize) -> bool {
    let Some(entry) = lexicon.labels.get(label) else {
        return false;
    };
    let folded = overread_protocol::answer::words::fold(&entry.name);
    [
        "normal",
        "no finding",
        "no findings",
        "healthy",
        "negative",
        "unremarkable",
    ]
    .contains(&folded.as_str())
        || lexicon.term_of("no finding") == Some(entry.term)
}

/// The labels that one mention may mean, each with its level.
fn labels_at<'m>(lexicon: &Lexicon, stream: &Stream, mention: &'m Mention) -> Vec<Candidate<'m>> {
    let side = side_of(stream, &mention.found);
    let fits = |label: usize| {
        let own = lexicon.labels.get(label).and_then(|entry| entry.side);
        own.is_none() || side.is_none() || own == side
    };
    let candidate = |label: usize, level: Level| Candidate {
        mention,
        label,
        level,
        side,
    };
    let exact: Vec<usize> = lexicon
        .labels_of(&mention.found)
        .iter()
        .copied()
        .filter(|l| fits(*l))
        .collect();
    if !exact.is_empty() {
        return exact
            .into_iter()
            .map(|label| candidate(label, Level::Exact))
            .collect();
    }
    let terms = lexicon.terms_of(&mention.found);
    let of_term = |level: Level| {
        let mut out = Vec::new();
        for (label, entry) in lexicon.labels.iter().enumerate() {
            let near = |term: &usize| lexicon.level(*term, entry.term) == level;
            if fits(label) && terms.iter().any(near) {
                out.push(candidate(label, level));
            }
        }
        out
    };
    let same = of_term(Level::Synonym);
    if !same.is_empty() || lexicon.clashes(&mention.found) {
        return same;
    }
    // Of labels above one another the nearest is meant.
    let mut above = of_term(Level::Descendant);
    let term = |c: &Candidate<'_>| lexicon.labels.get(c.label).map_or(usize::MAX, |entry| entry.term);
    let far: Vec<usize> = above.iter().flat_map(|c| lexicon.above(term(c))).collect();
    above.retain(|c| !far.contains(&term(c)));
    above
}

/// The bytes of a phrase.
pub(crate) fn span_of(stream: &Stream, found: &Found) -> Range<usize> {
    let first = stream.words.get(found.words.start).map_or(0, |w| w.span.start);
    let last = found.words.end.checked_sub(1).and_then(|at| stream.words.get(at));
    first..last.map_or(first, |w| w.span.end)
}

/// Words before and after a phrase at which a side belongs to it.
const BEFORE: usize = 3;
/// Words after it.
const AFTER: usize = 5;

/// The side of a phrase: named within, just before, else just after it, in the same clause.
pub(crate) fn side_of(stream: &Stream, found: &Found) -> Option<Side> {
    use super::gaps::Gap;
    let word = |at: usize| stream.words.get(at);
    let inside: Vec<Side> = found.words.clone().filter_map(|at| word(at)?.side).collect();
    if !inside.is_empty() {
        return joined(&inside);
    }
    for at in (found.words.start.saturating_sub(BEFORE)..found.words.start).rev() {
        if word(at + 1).is_none_or(|w| w.gap != Gap::Plain) {
            break;
        }
        if let Some(side) = word(at).and_then(|w| w.side) {
            return Some(side);
        }
    }
    for at in found.words.end..found.words.end + AFTER {
        match word(at) {
            None => return stream.last_side,
            Some(w) if w.gap != Gap::Plain => return None,
            Some(w) => {
                if let Some(side) = w.side {
                    return Some(side);
                }
            }
        }
    }
    None
}
