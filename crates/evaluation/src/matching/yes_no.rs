//! Yes or no: by the word, its usual equals, or a sentence that says that something is there or is not.

use std::ops::Range;

use overread_protocol::answer::words::{each_word, fold};
use overread_protocol::answer::{Invalid, missing};

use super::cues::Cue;
use super::hierarchy::Level;
use super::judge::{Judge, Judgement, VERSION, Verdict};
use super::parse::{Body, is_brief};

const YES: [&str; 12] = [
    "yes",
    "y",
    "true",
    "present",
    "positive",
    "correct",
    "affirmative",
    "it is",
    "there is",
    "there are",
    "yes it is",
    "it does",
];
const NO: [&str; 13] = [
    "no",
    "n",
    "false",
    "absent",
    "negative",
    "none",
    "incorrect",
    "it is not",
    "there is not",
    "there is none",
    "not present",
    "not seen",
    "it does not",
];
/// Words after which a sentence says that something is there.
const THERE: [&str; 10] = [
    "there is",
    "there are",
    "present",
    "seen",
    "visible",
    "noted",
    "identified",
    "evident",
    "demonstrated",
    "shows",
];

/// What was said.
struct Word {
    yes: bool,
    span: Range<usize>,
    how: &'static str,
    hedged: bool,
}

pub(crate) fn judge(judge: &Judge, raw: &str, body: &Body, complete: bool, truth: &[String]) -> Judgement {
    let word = match find(judge, raw, body, complete) {
        Ok(word) => word,
        Err(kind) => return Judgement::invalid(kind, body.place()),
    };
    let spelled = if word.yes { "yes" } else { "no" };
    let own = judge
        .rules
        .labels
        .iter()
        .find(|label| truth_of(label) == Some(word.yes));
    let wanted = truth.first().map(|t| truth_of(t));
    let verdict = match wanted {
        None | Some(None) => Verdict::Undecided,
        Some(Some(yes)) if yes == word.yes => Verdict::Right,
        Some(Some(_)) => Verdict::Wrong,
    };
    let out = Judgement {
        verdict,
        level: Some(if word.how == "sentence" {
            Level::Synonym
        } else {
            Level::Exact
        }),
        label: Some(own.cloned().unwrap_or_else(|| spelled.to_owned())),
        rank: None,
        side: None,
        side_match: None,
        hedged: word.hedged,
        clash: false,
        span: Some(word.span),
        rule: format!("{}/yes-no/{}", body.place(), word.how),
        version: VERSION.to_owned(),
    };
    judge.doubt(out, truth)
}

/// Yes or no as truths and labels spell it.
pub(crate) fn truth_of(text: &str) -> Option<bool> {
    let folded = fold(text);
    match folded.as_str() {
        "1" => Some(true),
        "0" => Some(false),
        said if YES.contains(&said) => Some(true),
        said if NO.contains(&said) => Some(false),
        _ => None,
    }
}

fn find(judge: &Judge, raw: &str, body: &Body, complete: bool) -> Result<Word, Invalid> {
    let said = raw.get(body.said.clone()).unwrap_or_default();
    if let Some(yes) = truth_of(said) {
        return Ok(Word {
            yes,
            span: body.said.clone(),
            how: "whole",
            hedged: false,
        });
    }
    let mut words: Vec<(Option<bool>, Range<usize>)> = Vec::new();
    let mut first = true;
    let mut before = 0;
    let mut either = false;
    each_word(said, |word, span| {
        let plain = match word {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        // Only where a sentence begins is it an answer; `yes or no` is none.
        let gap = said.get(before..span.start).unwrap_or_default();
        let begins = first || gap.contains(['.', '\n', '!', '?', ';', ':']);
        let joins = words.len() == 1 && (gap.contains('/') || word == "or" || word == "and");
        either |= joins && words.len() == 1 && before == words.first().map_or(0, |w| w.1.end);
        if let Some(yes) = plain.filter(|_| begins) {
            words.push((Some(yes), span.clone()));
        }
        first = false;
        before = span.end;
    });
    let lead = words
        .first()
        .filter(|(_, span)| fold(said.get(..span.start).unwrap_or_default()).is_empty());
    if let Some((Some(yes), span)) = lead {
        let turned = words.iter().any(|(other, _)| *other == Some(!*yes));
        // `No pneumothorax. No effusion.` says no twice; `no … Yes` says both.
        if turned || either && opposite_follows(said, *yes) {
            return Err(Invalid::Ambiguous);
        }
        return Ok(Word {
            yes: *yes,
            span: body.said.start + span.start..body.said.start + span.end,
            how: "word",
            hedged: false,
        });
    }
    sentence(judge, raw, body).ok_or_else(|| {
        if body.mark.is_some() && !overread_protocol::answer::refuses(said) {
            return Invalid::OutOfSet;
        }
        missing(raw.get(body.all.clone()).unwrap_or_default(), complete)
    })
}

fn opposite_follows(said: &str, yes: bool) -> bool {
    let folded = fold(said);
    let other = if yes { "no" } else { "yes" };
    folded.split(' ').skip(1).take(2).any(|word| word == other)
}

/// A sentence that says so: `there is no …`, `… is seen`.
fn sentence(judge: &Judge, raw: &str, body: &Body) -> Option<Word> {
    let stream = judge.lexicon.stream(raw, body.said.clone());
    if !is_brief(&stream) {
        return None;
    }
    let said = raw.get(body.said.clone()).unwrap_or_default();
    if overread_protocol::answer::refuses(said) {
        return None;
    }
    let found = judge.lexicon.scan(&stream);
    let has = |wanted: &[Cue]| {
        found
            .iter()
            .any(|f| judge.lexicon.cue(f).is_some_and(|cue| wanted.contains(&cue)))
    };
    let no = has(&[Cue::No, Cue::NoBefore, Cue::NoBeside]);
    let no = no || has(&[Cue::Unlikely]);
    let maybe = has(&[Cue::Maybe, Cue::MaybeBefore, Cue::MaybeBeside]);
    let unlikely = has(&[Cue::Unlikely]);
    if has(&[Cue::End, Cue::Past, Cue::Unknown]) {
        return None;
    }
    let padded = format!(" {} ", fold(said));
    let there = THERE.iter().any(|words| padded.contains(&format!(" {words} ")));
    let yes = match (no, maybe, there) {
        (true, false, _) => false,
        (false, true, _) | (false, false, true) => true,
        _ => return None,
    };
    Some(Word {
        yes,
        span: body.said.clone(),
        how: "sentence",
        hedged: maybe || unlikely,
    })
}
