//! All words that count, in one tree: labels, synonyms, terms of the hierarchy and the cues of negation.

use std::collections::HashMap;
use std::ops::Range;

use overread_protocol::answer::words::fold;

use super::cues::{CUES, Cue};
use super::gaps::{Gap, gap, stronger};
use super::hierarchy::{Hierarchy, Level, Tree};
use super::normalise::{CLASHES, Kind, Side, each, joined, term};
use super::synonyms::{Synonym, Synonyms};

/// Words of a text that are looked at, from its end.
const MOST_WORDS: usize = 200_000;

/// A word of a text.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// Its number in the lexicon; 0 when it is in no phrase.
    pub(crate) id: u32,
    /// Bytes of the raw text.
    pub(crate) span: Range<usize>,
    /// What stands before it.
    pub(crate) gap: Gap,
    /// A side named just before it.
    pub(crate) side: Option<Side>,
}

/// A text as the lexicon sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stream {
    pub(crate) words: Vec<Word>,
    /// A side after the last word.
    pub(crate) last_side: Option<Side>,
}

/// A phrase of the lexicon.
#[derive(Clone, Debug, Default)]
struct Phrase {
    /// Labels that are written so.
    labels: Vec<usize>,
    /// What it may mean: numbers of terms.
    terms: Vec<usize>,
    cue: Option<Cue>,
    /// A known clash of abbreviations that no table decides.
    clash: bool,
}

/// A phrase found in a text.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Which phrase.
    phrase: usize,
    /// Words of the stream.
    pub(crate) words: Range<usize>,
}

/// A label, as the lexicon knows it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) term: usize,
    pub(crate) side: Option<Side>,
}

/// All phrases, ready for texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lexicon {
    numbers: HashMap<String, u32>,
    next: HashMap<(u32, u32), u32>,
    ends: Vec<Option<usize>>,
    phrases: Vec<Phrase>,
    pub(crate) labels: Vec<Entry>,
    /// Labels by name as written, and folded.
    by_name: HashMap<String, usize>,
    /// The first label of a term.
    by_term: HashMap<usize, usize>,
    /// Names of terms.
    names: Vec<String>,
    tree: Tree,
}

impl Lexicon {
    pub(crate) fn new(labels: &[String], synonyms: &Synonyms, hierarchy: &Hierarchy) -> Self {
        let mut own = Self {
            ends: vec![None],
            ..Self::default()
        };
        for (words, cue) in CUES {
            let at = own.phrase(&term(words).words);
            if let Some(phrase) = own.phrases.get_mut(at) {
                phrase.cue = Some(*cue);
            }
        }
        // Synonyms of synonyms have the topmost term: find the top of every row first.
        let key = |text: &str| {
            let term = term(text);
            (term.words, term.side.map(|side| side as u8))
        };
        let up: HashMap<_, _> = synonyms
            .rows()
            .iter()
            .map(|r| (key(&r.synonym), &r.term))
            .collect();
        let top = |text: &str| {
            let mut at = text.to_owned();
            for _ in 0..128 {
                let Some(next) = up.get(&key(&at)) else { break };
                at.clone_from(next);
            }
            at
        };
        // A side is no part of a term: it is compared apart.
        let mut terms: HashMap<Vec<String>, usize> = HashMap::new();
        let mut number = |own: &mut Self, text: &str| {
            let top = top(text);
            let next = own.names.len();
            let number = *terms.entry(term(&top).words).or_insert(next);
            if number == next {
                own.names.push(top.clone());
                own.add(&top, number);
            }
            own.add(text, number);
            number
        };
        for row in synonyms.rows() {
            number(&mut own, &row.term);
            number(&mut own, &row.synonym);
        }
        for row in hierarchy.rows() {
            let (child, parent) = (number(&mut own, &row.child), number(&mut own, &row.parent));
            // Synonyms may have made two into one; a circle is refused by `hierarchy::agree`, never walked.
            if child != parent && !own.tree.above(parent).contains(&child) {
                own.tree.add(child, parent);
            }
        }
        for (index, name) in labels.iter().enumerate() {
            let number = number(&mut own, name);
            let term = term(name);
            let at = own.phrase(&term.words);
            if let Some(phrase) = own.phrases.get_mut(at) {
                phrase.labels.push(index);
            }
            own.by_name.insert(name.clone(), index);
            own.by_term.entry(number).or_insert(index);
            own.labels.push(Entry {
                name: name.clone(),
                term: number,
                side: term.side,
            });
        }
        for (index, name) in labels.iter().enumerate() {
            // A name as written comes before another one that folds to it.
            own.by_name.entry(fold(name)).or_insert(index);
        }
        own.mark_clashes(synonyms);
        own
    }

    /// Abbreviations of several meanings mean each of those the lexicon knows, unless a table or a label says which.
    fn mark_clashes(&mut self, synonyms: &Synonyms) {
        for (short, means) in CLASHES {
            let told =
                |r: &Synonym| r.synonym.eq_ignore_ascii_case(short) || r.term.eq_ignore_ascii_case(short);
            if synonyms.rows().iter().any(told) {
                continue;
            }
            let at = self.phrase(&[short.to_owned()]);
            let known: Vec<usize> = means
                .iter()
                .filter_map(|name| self.find(name))
                .flat_map(|p| p.terms.clone())
                .collect();
            if let Some(phrase) = self.phrases.get_mut(at)
                && phrase.labels.is_empty()
            {
                phrase.clash = true;
                phrase.terms = known;
            }
        }
    }

    fn add(&mut self, text: &str, number: usize) {
        let at = self.phrase(&term(text).words);
        if let Some(phrase) = self.phrases.get_mut(at)
            && !phrase.terms.contains(&number)
        {
            phrase.terms.push(number);
        }
    }

    /// The phrase of these words, made when it is new. Phrase 0 of no words is never found.
    fn phrase(&mut self, words: &[String]) -> usize {
        let mut node = 0_u32;
        for word in words {
            let next = self.numbers.len() as u32 + 1;
            let id = *self.numbers.entry(word.clone()).or_insert(next);
            let fresh = self.ends.len() as u32;
            node = *self.next.entry((node, id)).or_insert(fresh);
            if node == fresh {
                self.ends.push(None);
            }
        }
        let fresh = self.phrases.len();
        let end = self.ends.get_mut(node as usize);
        let at = end.map_or(fresh, |end| *end.get_or_insert(fresh));
        if at == fresh {
            self.phrases.push(Phrase::default());
        }
        at
    }

    /// The phrase that a text is, all its words.
    fn find(&self, text: &str) -> Option<&Phrase> {
        let mut node = 0_u32;
        let words = term(text).words;
        for word in &words {
            let id = self.numbers.get(word)?;
            node = *self.next.get(&(node, *id))?;
        }
        if words.is_empty() {
            return None;
        }
        self.phrases.get((*self.ends.get(node as usize)?)?)
    }

    /// The number of the term that a text names as a whole; `None` when it names none or several.
    pub(crate) fn term_of(&self, text: &str) -> Option<usize> {
        let phrase = self.find(text)?;
        match phrase.terms.as_slice() {
            [one] if !phrase.clash => Some(*one),
            _ => None,
        }
    }

    /// The term of the label with this name, as written or folded.
    pub(crate) fn term_of_label(&self, name: &str) -> Option<usize> {
        let at = self.by_name.get(name).or_else(|| self.by_name.get(&fold(name)))?;
        self.labels.get(*at).map(|entry| entry.term)
    }

    /// A term's name: a label of it, else what the table calls it.
    pub(crate) fn name(&self, term: usize) -> &str {
        let label = self.by_term.get(&term).and_then(|at| self.labels.get(*at));
        let name = label.map(|entry| entry.name.as_str());
        name.or_else(|| self.names.get(term).map(String::as_str))
            .unwrap_or_default()
    }

    /// How one term stands to another.
    pub(crate) fn level(&self, said: usize, truth: usize) -> Level {
        self.tree.level(said, truth)
    }

    /// Terms above a term.
    pub(crate) fn above(&self, term: usize) -> Vec<usize> {
        self.tree.above(term)
    }

    /// Cuts a part of a text into words.
    pub(crate) fn stream(&self, text: &str, part: Range<usize>) -> Stream {
        let body = text.get(part.clone()).unwrap_or_default();
        let mut out = Stream::default();
        let mut sides: Vec<Side> = Vec::new();
        let mut before = 0_usize;
        let mut open = Gap::Plain;
        each(body, |kind, span| {
            if out.words.len() >= MOST_WORDS {
                return;
            }
            let between = gap(body, before..span.start);
            before = span.end;
            open = stronger(open, between);
            match kind {
                Kind::Filler => {}
                Kind::Side(side) => {
                    if between == Gap::Stop {
                        sides.clear();
                    }
                    sides.push(side);
                }
                Kind::Word(word) => {
                    let id = self.numbers.get(word.as_ref()).copied().unwrap_or(0);
                    out.words.push(Word {
                        id,
                        span: part.start + span.start..part.start + span.end,
                        gap: open,
                        side: joined(&sides),
                    });
                    open = Gap::Plain;
                    sides.clear();
                }
            }
        });
        out.last_side = joined(&sides);
        out
    }

    /// The longest phrases of a stream, left to right, none over another and none over the end of a sentence.
    pub(crate) fn scan(&self, stream: &Stream) -> Vec<Found> {
        let mut out = Vec::new();
        let mut from = 0;
        while from < stream.words.len() {
            match self.longest(stream, from) {
                Some(found) => {
                    from = found.words.end;
                    out.push(found);
                }
                None => from += 1,
            }
        }
        out
    }

    fn longest(&self, stream: &Stream, from: usize) -> Option<Found> {
        let mut node = 0_u32;
        let mut best = None;
        for (at, word) in stream.words.iter().enumerate().skip(from) {
            if word.id == 0 || at > from && matches!(word.gap, Gap::Stop | Gap::Colon) {
                break;
            }
            let Some(next) = self.next.get(&(node, word.id)) else {
                break;
            };
            node = *next;
            if let Some(phrase) = self.ends.get(node as usize).copied().flatten() {
                best = Some(Found {
                    phrase,
                    words: from..at + 1,
                });
            }
        }
        best
    }

    /// The cue that a found phrase is; a phrase that is a term too is a term.
    pub(crate) fn cue(&self, found: &Found) -> Option<Cue> {
        let phrase = self.phrases.get(found.phrase)?;
        phrase.cue.filter(|_| phrase.terms.is_empty())
    }

    /// Labels written as the found phrase.
    pub(crate) fn labels_of(&self, found: &Found) -> &[usize] {
        self.phrases
            .get(found.phrase)
            .map_or(&[], |p| p.labels.as_slice())
    }

    /// Terms that the found phrase may mean.
    pub(crate) fn terms_of(&self, found: &Found) -> &[usize] {
        self.phrases.get(found.phrase).map_or(&[], |p| p.terms.as_slice())
    }

    /// True for an abbreviation of several meanings.
    pub(crate) fn clashes(&self, found: &Found) -> bool {
        self.phrases.get(found.phrase).is_some_and(|p| p.clash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        let labels = [
            "Pleural effusion",
            "left effusion",
            "right effusion",
            "pulmonary embolism",
        ]
        .map(str::to_owned);
        let synonyms = Synonyms::read(
            "s",
            "term,synonym\npleural effusion,pleural fluid\npleural fluid,fluid there\n",
        )
        .unwrap();
        let hierarchy = Hierarchy::read("h", "child,parent\ntense effusion,pleural fluid\n").unwrap();
        Lexicon::new(&labels, &synonyms, &hierarchy)
    }

    #[test]
    fn the_longest_phrase_is_found_and_sides_go_through() {
        let lexicon = lexicon();
        let text = "No: a pleural left effusion. Pleural\n\nfluid there";
        let stream = lexicon.stream(text, 0..text.len());
        let found = lexicon.scan(&stream);
        let texts: Vec<&str> = found
            .iter()
            .filter(|f| lexicon.cue(f).is_none())
            .map(|f| &text[stream.words[f.words.start].span.start..stream.words[f.words.end - 1].span.end])
            .collect();
        assert_eq!(
            texts,
            ["pleural left effusion", "fluid there"],
            "a phrase does not go over an empty line"
        );
        let fluid = "pleural fluid";
        let found = lexicon.scan(&lexicon.stream(fluid, 0..fluid.len()));
        assert_eq!(lexicon.terms_of(&found[0]), [lexicon.labels[0].term]);
        assert_eq!(
            lexicon.term_of("fluid there"),
            Some(lexicon.labels[0].term),
            "a synonym of a synonym"
        );
        assert_eq!(
            lexicon.level(lexicon.term_of("tense effusion").unwrap(), lexicon.labels[0].term),
            Level::Descendant
        );
    }

    #[test]
    fn clashing_abbreviations_are_marked() {
        let lexicon = lexicon();
        let found = lexicon.scan(&lexicon.stream("PE", 0..2));
        assert!(lexicon.clashes(&found[0]));
        assert_eq!(
            lexicon.terms_of(&found[0]).len(),
            2,
            "of its meanings those that are known"
        );
        assert_eq!(lexicon.term_of("PE"), None);
    }
}
