//! A diagnosis in free words. Right, partly right or wrong only where a rule says so plainly; a person decides the rest.

use overread_protocol::answer::{Invalid, missing, refuses};

use super::hierarchy::Level;
use super::judge::{Judge, Judgement, Verdict};
use super::lexicon::Stream;
use super::normalise::{Kind, Term, each, joined, term};
use super::parse::{Body, Parsed, is_brief, side_of, span_of};
use super::scope::{Mention, State, mentions};

/// Words that turn a named disease into something else.
const TWISTS: [&str; 12] = [
    "mimic",
    "mimicking",
    "like",
    "simulating",
    "resembling",
    "pseudo",
    "post",
    "risk",
    "screening",
    "family",
    "unlike",
    "predisposing",
];

pub(crate) fn judge(judge: &Judge, raw: &str, body: &Body, complete: bool, truth: &[String]) -> Judgement {
    let said = raw.get(body.said.clone()).unwrap_or_default();
    let stream = judge.lexicon.stream(raw, body.said.clone());
    let found = mentions(&judge.lexicon, raw, &stream);
    if let Some(out) = same_words(judge, said, body, truth) {
        return out;
    }
    if body.is_foreign(raw) {
        return Judgement::invalid(Invalid::WrongLanguage, body.place());
    }
    let there: Vec<&Mention> = found.iter().filter(|m| m.answers()).collect();
    let open = |how: &str, mention: Option<&Mention>| {
        let mut out = Judgement::bare(Verdict::Undecided, format!("{}/{how}", body.place()));
        out.span = mention.map(|m| span_of(&stream, &m.found));
        out
    };
    let brief = body.mark.is_some() || is_brief(&stream);
    if brief && let Some(parsed) = the_one(judge, &stream, &there) {
        let mut out = judge.against(&parsed, body.place(), truth);
        let clear = match out.verdict {
            Verdict::Wrong => parsed.how == "whole" && !shares_a_word(said, truth) && known(judge, truth),
            _ => parsed.how == "whole" || !twisted(said),
        };
        if !clear {
            out.verdict = Verdict::Undecided;
            out.rule.push_str("/open");
        }
        return judge.doubt(out, truth);
    }
    if there.is_empty() {
        let kind = if body.mark.is_some() && refuses(said) {
            Invalid::Refusal
        } else {
            missing(
                raw.get(body.all.clone()).unwrap_or_default(),
                complete || body.mark.is_some(),
            )
        };
        // A text that merely matches nothing may be right in other words.
        if kind != Invalid::Unparseable {
            return Judgement::invalid(kind, body.place());
        }
    }
    let hit = there.iter().find(|m| {
        let terms = judge.lexicon.terms_of(&m.found);
        truth
            .iter()
            .filter_map(|t| judge.term_of(t))
            .any(|t| terms.contains(&t))
    });
    let how = match there.as_slice() {
        [] => "unmatched",
        [one] if judge.lexicon.clashes(&one.found) => "abbreviation",
        _ if brief => "several",
        _ => "prose",
    };
    open(how, hit.copied())
}

/// The whole text in the words of a truth.
fn same_words(judge: &Judge, said: &str, body: &Body, truth: &[String]) -> Option<Judgement> {
    let own = term(said);
    for label in truth {
        let wanted = term(label);
        // `left` and `the left side` are nothing but a side.
        let sides_alone = wanted.side.is_some() && own.side.is_some() && of_side(&wanted) && of_side(&own);
        if !sides_alone && (of_side(&wanted) || wanted.words != own.words) {
            continue;
        }
        let mut sides = Vec::new();
        each(said, |kind, _| {
            if let Kind::Side(side) = kind {
                sides.push(side);
            }
        });
        let side = joined(&sides);
        let side_match = super::judge::side_match(side, wanted.side);
        let mut out = Judgement::bare(
            judge.verdict(Level::Exact, side_match),
            format!("{}/whole/exact", body.place()),
        );
        out.level = Some(Level::Exact);
        out.label = Some(label.clone());
        out.side = side;
        out.side_match = side_match;
        out.span = Some(body.said.clone());
        return Some(out);
    }
    None
}

/// True for a term without a word of its own.
fn of_side(term: &Term) -> bool {
    term.words.iter().all(|word| word == "side")
}

/// The one term that is said to be there; `None` for none, several, or an abbreviation of several meanings.
pub(crate) fn the_one(judge: &Judge, stream: &Stream, there: &[&Mention]) -> Option<Parsed> {
    let last = there.last()?;
    let mut one: Option<usize> = None;
    for mention in there {
        let side = side_of(stream, &mention.found);
        let terms = judge.lexicon.terms_of(&mention.found);
        if judge.lexicon.clashes(&mention.found) {
            return None;
        }
        // Labels that differ by side alone have the same words: the side says which.
        let fitting: Vec<usize> = match terms {
            [one] => vec![*one],
            several => several
                .iter()
                .copied()
                .filter(|t| {
                    judge
                        .lexicon
                        .labels
                        .iter()
                        .any(|l| l.term == *t && l.side == side)
                })
                .collect(),
        };
        let [own] = fitting.as_slice() else {
            return None;
        };
        if one.is_some_and(|one| one != *own) {
            return None;
        }
        one = Some(*own);
    }
    let term = one?;
    let whole = last.found.words.len() == stream.words.len();
    let exact = judge.lexicon.labels_of(&last.found);
    let label = exact
        .iter()
        .copied()
        .find(|l| judge.lexicon.labels.get(*l).is_some_and(|e| e.term == term));
    Some(Parsed {
        label,
        term,
        level: if label.is_some() {
            Level::Exact
        } else {
            Level::Synonym
        },
        side: side_of(stream, &last.found),
        span: span_of(stream, &last.found),
        how: if whole { "whole" } else { "mention" },
        hedged: last.state == State::Uncertain,
        clash: false,
    })
}

/// True when some truth's term is known to the tables, so that another known term can be told from it.
pub(crate) fn known(judge: &Judge, truth: &[String]) -> bool {
    truth.iter().any(|t| judge.term_of(t).is_some())
}

/// True when an answer and a truth have a word in common: they may mean the same.
pub(crate) fn shares_a_word(said: &str, truth: &[String]) -> bool {
    let own = term(said).words;
    let small = [
        "of", "in", "and", "or", "with", "to", "acute", "chronic", "disease", "syndrome",
    ];
    let shared = |word: &String| !small.contains(&word.as_str()) && own.contains(word);
    truth.iter().any(|t| term(t).words.iter().any(shared))
}

fn twisted(said: &str) -> bool {
    term(said)
        .words
        .iter()
        .any(|word| TWISTS.contains(&word.as_str()))
}
