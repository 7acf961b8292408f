//! What a text says of each term that it names: that it is there, is not, may be, or was.
//!
//! A cue reaches forward or back to the end of its clause: a full stop, `but`, `however`, a new statement. A list goes on
//! over commas. The rules follow the idea of NegEx (Chapman 2001); words and reaches are our own.

use serde::{Deserialize, Serialize};

use super::cues::Cue;
use super::gaps::Gap;
use super::lexicon::{Found, Lexicon, Stream};

/// What a text says of a term. The numbers are those of CheXpert's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is there (1).
    Present,
    /// It may be there (-1).
    Uncertain,
    /// It is not there (0).
    Absent,
    /// Nothing is said of it now (blank).
    NotMentioned,
}

impl State {
    /// 1, -1, 0; `None` for a blank.
    pub fn code(self) -> Option<i8> {
        match self {
            Self::Present => Some(1),
            Self::Uncertain => Some(-1),
            Self::Absent => Some(0),
            Self::NotMentioned => None,
        }
    }
}

/// A term that a text names.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    pub(crate) found: Found,
    pub(crate) state: State,
    /// Said to be rather not there, or that nobody knows: no answer.
    pub(crate) idle: bool,
}

impl Mention {
    /// True when a text may mean it as its answer: it is there or may be.
    pub(crate) fn answers(&self) -> bool {
        matches!(self.state, State::Present | State::Uncertain) && !self.idle
    }
}

/// Words that a denial, a doubt and the past reach forward.
const DENIAL: usize = 80;
const DOUBT: usize = 14;
const PAST: usize = 8;

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    no: bool,
    maybe: bool,
    maybe_anyway: bool,
    idle: bool,
    past: bool,
    told: Option<State>,
}

/// The mentions of a text, each with its state.
pub(crate) fn mentions(lexicon: &Lexicon, text: &str, stream: &Stream) -> Vec<Mention> {
    let found = lexicon.scan(stream);
    let mut walk = Walk {
        text,
        stream,
        cues: found.iter().map(|f| lexicon.cue(f)).collect(),
        flags: vec![Flags::default(); found.len()],
        found: &found,
    };
    let told = walk.values();
    for at in 0..found.len() {
        if !told.contains(&at) {
            walk.reach(at);
        }
    }
    let (cues, flags) = (walk.cues, walk.flags);
    let mut out = Vec::new();
    for ((found, cue), flags) in found.into_iter().zip(cues).zip(flags) {
        if cue.is_some() {
            continue;
        }
        let state = match flags {
            Flags {
                told: Some(state), ..
            } => state,
            Flags {
                past: true,
                no: false,
                ..
            } => State::NotMentioned,
            Flags {
                maybe_anyway: true, ..
            } => State::Uncertain,
            Flags { no: true, .. } => State::Absent,
            Flags { maybe: true, .. } => State::Uncertain,
            _ => State::Present,
        };
        out.push(Mention {
            found,
            state,
            idle: flags.idle,
        });
    }
    out
}

struct Walk<'a> {
    text: &'a str,
    stream: &'a Stream,
    found: &'a [Found],
    cues: Vec<Option<Cue>>,
    flags: Vec<Flags>,
}

impl Walk<'_> {
    fn gap(&self, word: usize) -> Gap {
        self.stream.words.get(word).map_or(Gap::Stop, |w| w.gap)
    }

    /// The strongest gap between the end of one found phrase and the beginning of the next, and how many words lie
    /// between.
    fn between(&self, a: usize, b: usize) -> (Gap, usize) {
        let (Some(a), Some(b)) = (self.found.get(a), self.found.get(b)) else {
            return (Gap::Stop, usize::MAX);
        };
        let words = a.words.end..b.words.start + 1;
        let worst = words.clone().map(|w| self.gap(w)).max_by_key(|gap| match gap {
            Gap::Plain => 0,
            Gap::Comma => 1,
            Gap::Colon => 2,
            Gap::Stop => 3,
        });
        (worst.unwrap_or(Gap::Plain), words.len().saturating_sub(1))
    }

    /// Sets the states that are written as values (`effusion: yes`, `"effusion": -1`) and gives the indices of the
    /// phrases that were such values.
    fn values(&mut self) -> Vec<usize> {
        let mut used = Vec::new();
        for at in 0..self.found.len() {
            let Some(found) = self.found.get(at).filter(|_| self.cues.get(at) == Some(&None)) else {
                continue;
            };
            let next = found.words.end;
            let Some(word) = self.stream.words.get(next).filter(|w| w.gap == Gap::Colon) else {
                continue;
            };
            let raw = self
                .text
                .get(word.span.clone())
                .unwrap_or_default()
                .to_lowercase();
            let minus = self
                .text
                .get(..word.span.start)
                .is_some_and(|t| t.ends_with(['-', '−']))
                && raw.starts_with('1');
            let state = match raw.as_str() {
                _ if minus => State::Uncertain,
                "yes" | "present" | "positive" | "true" | "1" | "1.0" | "seen" => State::Present,
                "no" | "absent" | "negative" | "false" | "0" | "0.0" | "none" => State::Absent,
                "uncertain" | "maybe" | "possible" | "possibly" | "equivocal" | "unclear"
                | "indeterminate" => State::Uncertain,
                "null" | "na" | "nan" => State::NotMentioned,
                _ => continue,
            };
            // `effusion: no evidence of it, nodule: …` is a sentence, not a value: the next word must end it.
            let ends = self
                .stream
                .words
                .get(next + 1)
                .is_none_or(|w| w.gap != Gap::Plain);
            if !ends {
                continue;
            }
            if let Some(flags) = self.flags.get_mut(at) {
                flags.told = Some(state);
            }
            used.extend(
                (at + 1..self.found.len())
                    .take_while(|i| self.found.get(*i).is_some_and(|f| f.words.start <= next)),
            );
        }
        used
    }

    fn reach(&mut self, at: usize) {
        let Some(Some(cue)) = self.cues.get(at).copied() else {
            return;
        };
        match cue {
            Cue::No => self.forward(at, DENIAL, |f| f.no = true),
            Cue::Maybe => self.forward(at, DOUBT, |f| f.maybe = true),
            Cue::Past => self.forward(at, PAST, |f| f.past = true),
            Cue::NoBefore => {
                self.back(at, |f| f.no = true);
            }
            Cue::MaybeBefore => {
                self.back(at, |f| f.maybe_anyway = true);
            }
            Cue::NoBeside => {
                if self.heads(at) || !self.back(at, |f| f.no = true) {
                    self.forward(at, DENIAL, |f| f.no = true);
                }
            }
            Cue::MaybeBeside => self.beside(at, |f| f.maybe = true),
            Cue::Unlikely | Cue::Unknown => self.beside(at, |f| {
                f.maybe = true;
                f.idle = true;
            }),
            Cue::Nothing | Cue::End | Cue::Verb | Cue::And | Cue::Or | Cue::Starter => {}
        }
    }

    /// `possible effusion` and `effusion is possible`: what stands right after comes first, then what stands before.
    fn beside(&mut self, at: usize, set: impl Fn(&mut Flags) + Copy) {
        let next = self.between(at, at + 1);
        let after = self.cues.get(at + 1) == Some(&None) && next.0 == Gap::Plain && next.1 <= 3;
        if after || self.heads(at) || !self.back(at, set) {
            self.forward(at, DOUBT, set);
        }
    }

    /// True when a colon follows: a heading of a list.
    fn heads(&self, at: usize) -> bool {
        self.found
            .get(at)
            .is_some_and(|f| self.gap(f.words.end) == Gap::Colon)
    }

    fn forward(&mut self, at: usize, most: usize, set: impl Fn(&mut Flags)) {
        let heads = self.heads(at);
        let start = self.found.get(at).map_or(0, |f| f.words.end);
        let mut last = at;
        for next in at + 1..self.found.len() {
            let (gap, _) = self.between(last, next);
            let Some(words) = self.found.get(next).map(|f| f.words.clone()) else {
                break;
            };
            if words.start.saturating_sub(start) > most {
                break;
            }
            let stops = match gap {
                Gap::Stop => true,
                Gap::Colon => !(heads && last == at),
                Gap::Comma => !heads && !self.listed(next) && self.starts(last, next),
                Gap::Plain => false,
            };
            if stops {
                break;
            }
            match self.cues.get(next).copied().flatten() {
                None => {
                    if let Some(flags) = self.flags.get_mut(next) {
                        set(flags);
                    }
                }
                Some(Cue::End) => break,
                Some(Cue::And) if self.says(next) => break,
                Some(_) => {}
            }
            last = next;
        }
    }

    /// True when an `or` or `nor` follows before the end of the sentence: the list goes on.
    fn listed(&self, from: usize) -> bool {
        for at in from..self.found.len().min(from + 24) {
            if at > from && self.between(at - 1, at).0 == Gap::Stop {
                return false;
            }
            match self.cues.get(at).copied().flatten() {
                Some(Cue::Or) => return true,
                Some(Cue::End | Cue::Verb) => return false,
                _ => {}
            }
        }
        false
    }

    /// True when what follows the comma begins something new: a size, a side, `there is`, another cue.
    fn starts(&self, last: usize, next: usize) -> bool {
        let after = self.found.get(last).map_or(0, |f| f.words.end);
        let upto = self.found.get(next).map_or(0, |f| f.words.start);
        let comma = (after..=upto)
            .find(|w| self.gap(*w) == Gap::Comma)
            .unwrap_or(upto);
        let side = self.stream.words.get(comma).is_some_and(|w| w.side.is_some());
        let cue = self.cues.get(next).copied().flatten();
        side || comma == upto
            && matches!(
                cue,
                Some(Cue::Starter | Cue::Verb | Cue::No | Cue::Maybe | Cue::Past)
            )
            || self.said_after(next)
    }

    /// True when a verb says something of what follows, before the next stop.
    fn said_after(&self, from: usize) -> bool {
        for at in from..self.found.len().min(from + 4) {
            if at > from && self.between(at - 1, at).0 != Gap::Plain {
                return false;
            }
            match self.cues.get(at).copied().flatten() {
                Some(Cue::Verb) => return true,
                Some(Cue::And | Cue::Or | Cue::End) if at > from => return false,
                _ => {}
            }
        }
        false
    }

    /// True when a new statement follows the `and`.
    fn says(&self, and: usize) -> bool {
        let starter = self.cues.get(and + 1).copied().flatten();
        let adjacent = self.between(and, and + 1).1 == 0;
        adjacent && matches!(starter, Some(Cue::Starter | Cue::Verb)) || self.said_after(and + 1)
    }

    /// Goes back to what the cue speaks of; true when there was something.
    fn back(&mut self, at: usize, set: impl Fn(&mut Flags)) -> bool {
        let mut any = false;
        let mut last = at;
        let mut joined = false;
        for before in (0..at).rev() {
            let (gap, _) = self.between(before, last);
            let stops = match gap {
                Gap::Plain => false,
                Gap::Comma => !joined,
                Gap::Colon | Gap::Stop => true,
            };
            if stops {
                break;
            }
            match self.cues.get(before).copied().flatten() {
                None => {
                    if let Some(flags) = self.flags.get_mut(before) {
                        set(flags);
                    }
                    any = true;
                }
                Some(Cue::Verb) if !any => {}
                Some(Cue::And | Cue::Or) => joined = true,
                Some(Cue::Starter) => {}
                Some(_) => break,
            }
            last = before;
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::super::hierarchy::Hierarchy;
    use super::super::synonyms::Synonyms;
    use super::*;

    fn states(text: &str) -> String {
        let labels = ["pneumothorax", "effusion", "pneumonia", "no finding"].map(str::to_owned);
        let lexicon = Lexicon::new(&labels, &Synonyms::default(), &Hierarchy::default());
        let stream = lexicon.stream(text, 0..text.len());
        let sign = |state| match state {
            State::Present => '+',
            State::Absent => '-',
            State::Uncertain => '?',
            State::NotMentioned => '.',
        };
        mentions(&lexicon, text, &stream)
            .into_iter()
            .map(|m| sign(m.state))
            .collect()
    }

    #[test]
    fn denials_reach_to_the_end_of_their_clause() {
        for (text, wanted) in [
            ("No pneumothorax.", "-"),
            ("There is a pneumothorax.", "+"),
            ("no pneumothorax, effusion or pneumonia", "---"),
            ("No pneumothorax, effusion, pneumonia.", "---"),
            ("No pneumothorax, large left effusion.", "-+"),
            ("No pneumothorax but a small effusion.", "-+"),
            ("No pneumothorax. Effusion.", "-+"),
            ("Without pneumothorax; effusion is seen", "-+"),
            ("No pneumothorax and there is an effusion", "-+"),
            ("No pneumothorax and the effusion is large", "-+"),
            ("No evidence of pneumothorax or effusion", "--"),
            ("Neither pneumothorax nor effusion", "--"),
            ("Pneumothorax is not seen.", "-"),
            ("Effusion is present and pneumothorax is not seen", "+-"),
            ("Pneumothorax and effusion are absent", "--"),
            ("Pneumonia has been ruled out", "-"),
            ("Negative for pneumonia", "-"),
            ("resolved pneumothorax", "-"),
            ("Pneumothorax has resolved", "-"),
            ("No change in the effusion", "+"),
            ("No finding", "+"),
            ("I cannot see a pneumothorax", "-"),
        ] {
            assert_eq!(states(text), wanted, "{text}");
        }
    }

    #[test]
    fn doubt_and_the_past_are_told() {
        for (text, wanted) in [
            ("Pneumonia cannot be excluded.", "?"),
            ("Cannot exclude pneumonia", "?"),
            ("No effusion. Pneumonia cannot be excluded", "-?"),
            ("No pneumothorax, effusion cannot be excluded", "-?"),
            ("possible pneumonia", "?"),
            ("Pneumonia is possible", "?"),
            ("may represent pneumonia", "?"),
            ("rule out pneumonia", "?"),
            ("pneumonia versus effusion", "+?"),
            ("Pneumonia is less likely", "?"),
            ("less likely pneumonia", "?"),
            ("history of pneumonia", "."),
            ("History of pneumonia, now effusion", ".+"),
            ("consistent with pneumonia", "+"),
            ("most likely pneumonia", "+"),
        ] {
            assert_eq!(states(text), wanted, "{text}");
        }
    }

    #[test]
    fn values_and_headings_are_read() {
        for (text, wanted) in [
            ("Pneumonia: yes\nEffusion: no\nPneumothorax: uncertain", "+-?"),
            ("Pneumonia: no, effusion: yes", "-+"),
            (
                r#"{"pneumonia": 1, "effusion": 0, "pneumothorax": -1, "no finding": null}"#,
                "+-?.",
            ),
            ("- **Pneumonia** - absent\n- **Effusion** - present", "-+"),
            ("Absent: pneumonia, effusion\nPresent: pneumothorax", "--+"),
            ("| Pneumonia | yes |\n| Effusion | no |", "+-"),
            ("Pneumonia: no evidence of effusion", "+-"),
        ] {
            assert_eq!(states(text), wanted, "{text}");
        }
    }

    #[test]
    fn codes_are_those_of_chexpert() {
        let all = [
            State::Present,
            State::Absent,
            State::Uncertain,
            State::NotMentioned,
        ];
        assert_eq!(all.map(State::code), [Some(1), Some(0), Some(-1), None]);
    }
}
