//! Holds an answer against the truth: right, partly right, wrong, invalid, or left to a person. Never the nearest label
//! and never a guess.

use std::ops::Range;

use overread_protocol::answer::words::same;
use overread_protocol::answer::{Invalid, Offered};
use serde::{Deserialize, Serialize};

use super::hierarchy::{Hierarchy, Level};
use super::lexicon::Lexicon;
use super::normalise::{Side, term};
use super::parse::{self, Body, Parsed};
use super::synonyms::Synonyms;

/// The rules of this module, for the record. A changed rule gets a new number.
pub const VERSION: &str = "matching/1";

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// One label of a set.
    Closed,
    /// One option of a multiple choice: its letter or its text.
    Choice,
    /// Yes or no.
    YesNo,
    /// One diagnosis in free words; the labels are the terms that are known.
    Open,
    /// A ranked list of diagnoses.
    Differential,
    /// All labels that are there.
    Findings,
}

/// How a doubted answer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hedge {
    /// As said: `possible pneumonia` is the answer pneumonia, marked as doubted; in a list of findings it is there.
    #[default]
    Said,
    /// Doubted is not there, and no answer: a person decides.
    Undecided,
    /// Doubted is not there; for one answer the same as `undecided`.
    Absent,
}

/// How a more exact answer counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finer {
    /// Partly right.
    #[default]
    Partial,
    /// Right.
    Right,
}

/// What decides how answers are judged. It belongs to a case set, not to a reader: one rule for all readers.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What was asked.
    pub task: Task,
    /// The labels offered or known, in order. For `Open` and `Differential` every truth should be among them: what is
    /// not known is compared word by word only.
    pub labels: Vec<String>,
    /// Synonyms.
    pub synonyms: Synonyms,
    /// Kinds.
    pub hierarchy: Hierarchy,
    /// Doubt.
    pub hedge: Hedge,
    /// More exact than the truth.
    pub finer: Finer,
    /// Entries of a differential that count; more are left out.
    pub allowed: usize,
}

impl Rules {
    /// The usual rules: the list of radiology words, no kinds, five entries of a differential.
    pub fn new(task: Task, labels: &[String]) -> Self {
        Self {
            task,
            labels: labels.to_vec(),
            synonyms: Synonyms::radiology(),
            hierarchy: Hierarchy::default(),
            hedge: Hedge::default(),
            finer: Finer::default(),
            allowed: 5,
        }
    }
}

/// How an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Right.
    Right,
    /// Partly right: a kind of the truth, what the truth is a kind of, the other side, some of several.
    Partial,
    /// Wrong.
    Wrong,
    /// No answer, by its kind.
    Invalid(Invalid),
    /// No rule decides; a person does.
    Undecided,
}

/// How the side stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SideMatch {
    /// The same.
    Same,
    /// Another.
    Other,
    /// The truth has one, the answer none.
    NotSaid,
    /// The answer has one, the truth none.
    NotAsked,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// How what was said stands to the truth, or to the label where there is no truth.
    pub level: Option<Level>,
    /// The label, as listed; for an open answer the known term.
    pub label: Option<String>,
    /// Place of the first entry of a differential that is right, from 1.
    pub rank: Option<usize>,
    /// The side that was said.
    pub side: Option<Side>,
    /// How it stands to the truth's.
    pub side_match: Option<SideMatch>,
    /// True when the answer was doubted.
    pub hedged: bool,
    /// True when the answer is an abbreviation of several meanings.
    pub clash: bool,
    /// The bytes of the raw text that say it.
    pub span: Option<Range<usize>>,
    /// Which rule found it: `line/whole/synonym` and the like.
    pub rule: String,
    /// [`VERSION`].
    pub version: String,
}

/// An answer to judge.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The raw text.
    pub text: &'a str,
    /// False when the token limit ended it.
    pub complete: bool,
    /// The kind of invalidity that the reader itself reported.
    pub invalid: Option<Invalid>,
}

impl<'a> Said<'a> {
    /// A text that ended by itself.
    pub fn whole(text: &'a str) -> Self {
        Self {
            text,
            complete: true,
            invalid: None,
        }
    }
}

/// Judges answers by one set of rules.
#[derive(Clone, Debug)]
pub struct Judge {
    pub(crate) rules: Rules,
    pub(crate) lexicon: Lexicon,
    offered: Offered,
}

impl Judge {
    /// Makes the rules ready.
    pub fn new(rules: Rules) -> Self {
        // `no` is a denial there, not a label.
        let labels = if rules.task == Task::YesNo {
            &[][..]
        } else {
            rules.labels.as_slice()
        };
        let lexicon = Lexicon::new(labels, &rules.synonyms, &rules.hierarchy);
        let offered = Offered::new(&rules.labels);
        let offered = if rules.task == Task::Choice {
            offered.with_letters()
        } else {
            offered
        };
        Self {
            rules,
            lexicon,
            offered,
        }
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What the record keeps: this module's version and those of the tables.
    pub fn version(&self) -> String {
        let kinds = self.rules.hierarchy.version();
        let tables = [self.rules.synonyms.version(), kinds];
        let tables: Vec<&str> = tables
            .iter()
            .map(String::as_str)
            .filter(|t| !t.is_empty())
            .collect();
        format!("{VERSION} {}", tables.join(" "))
    }

    /// Judges an answer against the labels that are true. Without any the label is found and the verdict left open.
    pub fn judge(&self, said: Said<'_>, truth: &[String]) -> Judgement {
        match said.invalid {
            // These two are found again from the text: an answer may stand before the end that came too early.
            Some(kind) if !matches!(kind, Invalid::Truncated | Invalid::Loop) => {
                return Judgement::invalid(kind, "reader");
            }
            _ => {}
        }
        let complete = said.complete && said.invalid != Some(Invalid::Truncated);
        let body = match Body::of(said.text, complete) {
            Ok(body) => body,
            Err(kind) => return Judgement::invalid(kind, "text"),
        };
        match self.rules.task {
            Task::Closed | Task::Choice => self.closed(said.text, &body, complete, truth),
            Task::YesNo => super::yes_no::judge(self, said.text, &body, complete, truth),
            Task::Open => super::open::judge(self, said.text, &body, complete, truth),
            Task::Differential => super::differential::judge(self, said.text, &body, complete, truth),
            Task::Findings => super::findings::judge(self, said.text, &body, complete, truth),
        }
    }

    fn closed(&self, raw: &str, body: &Body, complete: bool, truth: &[String]) -> Judgement {
        let parsed = match parse::closed(&self.lexicon, &self.offered, raw, body, complete) {
            Ok(parsed) => parsed,
            Err(kind) => return Judgement::invalid(kind, body.place()),
        };
        let label = parsed.label.and_then(|i| self.rules.labels.get(i).cloned());
        let mut out = self.against(&parsed, body.place(), truth);
        if let Some(label) = label {
            // Two labels of the set are two answers, whatever a table of synonyms says of their words.
            let hit = truth.iter().any(|t| same(t, &label));
            if !truth.is_empty() && !hit && matches!(out.level, Some(Level::Exact | Level::Synonym)) {
                out.verdict = Verdict::Wrong;
                out.level = Some(Level::Unrelated);
            }
            out.label = Some(label);
        }
        self.doubt(out, truth)
    }

    /// What a found term is against the truth.
    pub(crate) fn against(&self, parsed: &Parsed, place: &str, truth: &[String]) -> Judgement {
        let name = self.lexicon.name(parsed.term).to_owned();
        let mut out = Judgement {
            verdict: Verdict::Undecided,
            level: Some(parsed.level),
            label: Some(name).filter(|name| !name.is_empty()),
            rank: None,
            side: parsed.side,
            side_match: None,
            hedged: parsed.hedged,
            clash: parsed.clash,
            span: Some(parsed.span.clone()),
            rule: format!("{place}/{}/{}", parsed.how, level_id(parsed.level)),
            version: VERSION.to_owned(),
        };
        let mut best: Option<(Verdict, Level, Option<SideMatch>)> = None;
        for true_label in truth {
            let level = self.level(parsed, true_label);
            let side = side_match(parsed.side, term(true_label).side);
            let verdict = self.verdict(level, side);
            if best.as_ref().is_none_or(|(old, _, _)| rank(verdict) < rank(*old)) {
                best = Some((verdict, level, side));
            }
        }
        if let Some((verdict, level, side)) = best {
            out.verdict = verdict;
            out.level = Some(level);
            out.side_match = side;
        }
        out
    }

    fn level(&self, parsed: &Parsed, truth: &str) -> Level {
        let own = parsed.label.and_then(|i| self.lexicon.labels.get(i));
        if own.is_some_and(|entry| same(&entry.name, truth)) {
            return parsed.level.min(Level::Descendant);
        }
        match self.term_of(truth) {
            Some(term) => self.lexicon.level(parsed.term, term),
            None => Level::Unrelated,
        }
    }

    /// The term of a truth: of the label with this name, else of its words.
    pub(crate) fn term_of(&self, truth: &str) -> Option<usize> {
        let label = self.lexicon.term_of_label(truth);
        label.or_else(|| self.lexicon.term_of(truth))
    }

    /// The verdict of a level and a side.
    pub(crate) fn verdict(&self, level: Level, side: Option<SideMatch>) -> Verdict {
        let verdict = match level {
            Level::Exact | Level::Synonym => Verdict::Right,
            Level::Descendant if self.rules.finer == Finer::Right => Verdict::Right,
            Level::Descendant | Level::Ancestor => Verdict::Partial,
            Level::Sibling | Level::Unrelated => Verdict::Wrong,
        };
        if verdict == Verdict::Right && side == Some(SideMatch::Other) {
            return Verdict::Partial;
        }
        verdict
    }

    /// Leaves a doubted answer to a person where the rules say so.
    pub(crate) fn doubt(&self, mut out: Judgement, truth: &[String]) -> Judgement {
        if out.hedged && self.rules.hedge != Hedge::Said && !truth.is_empty() {
            out.verdict = Verdict::Undecided;
        }
        out
    }
}

impl Judgement {
    /// A judgement without a label.
    pub(crate) fn bare(verdict: Verdict, rule: String) -> Self {
        Self {
            verdict,
            level: None,
            label: None,
            rank: None,
            side: None,
            side_match: None,
            hedged: false,
            clash: false,
            span: None,
            rule,
            version: VERSION.to_owned(),
        }
    }

    /// An invalid answer, and where that was found out.
    pub fn invalid(kind: Invalid, place: &str) -> Self {
        Self::bare(Verdict::Invalid(kind), format!("{place}/{}", kind.id()))
    }
}

/// Better verdicts have smaller numbers.
pub(crate) fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Right => 0,
        Verdict::Partial => 1,
        Verdict::Undecided => 2,
        Verdict::Wrong => 3,
        Verdict::Invalid(_) => 4,
    }
}

pub(crate) fn level_id(level: Level) -> &'static str {
    match level {
        Level::Exact => "exact",
        Level::Synonym => "synonym",
        Level::Descendant => "descendant",
        Level::Ancestor => "ancestor",
        Level::Sibling => "sibling",
        Level::Unrelated => "unrelated",
    }
}

pub(crate) fn side_match(said: Option<Side>, truth: Option<Side>) -> Option<SideMatch> {
    match (said, truth) {
        (None, None) => None,
        (Some(a), Some(b)) if a == b => Some(SideMatch::Same),
        (Some(_), Some(_)) => Some(SideMatch::Other),
        (None, Some(_)) => Some(SideMatch::NotSaid),
        (Some(_), None) => Some(SideMatch::NotAsked),
    }
}
