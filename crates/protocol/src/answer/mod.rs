//! What an open answer says: never mapped to the nearest label, never guessed.

use std::ops::Range;

mod failing;
mod invalid;
pub mod letter;
mod statement;
mod thought;
pub mod words;

pub use failing::{foreign, loops, refuses};
pub use invalid::Invalid;
pub use statement::{Mark, Statement, final_answer, statement};
pub use thought::without_thought;

/// What was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// One of the labels, as it was listed.
    Label(String),
    /// Nothing usable, and why: an id of [`Invalid`].
    Invalid(&'static str),
}

/// The labels that were offered, made ready to be found.
#[derive(Clone, Debug)]
pub struct Offered {
    labels: Vec<String>,
    folded: Vec<String>,
    options: Vec<letter::Lettered>,
}

impl Offered {
    /// Labels as listed; those that carry letters may be chosen by them.
    pub fn new(labels: &[String]) -> Self {
        Self {
            labels: labels.to_vec(),
            folded: labels.iter().map(|label| words::fold(label)).collect(),
            options: letter::lettered(labels),
        }
    }

    /// Options without letters of their own get them by their order.
    #[must_use]
    pub fn with_letters(mut self) -> Self {
        if self.options.is_empty() {
            self.options = letter::by_order(&self.labels);
        }
        self
    }

    /// The labels, in order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The names of lettered options, in order; empty when there are none.
    pub fn options(&self) -> &[letter::Lettered] {
        &self.options
    }

    /// The index of the label that a text is as a whole, by itself or by its letter, and the bytes that say so; `None`
    /// when it is none.
    ///
    /// # Errors
    /// [`Invalid::Ambiguous`] when it is two, [`Invalid::OutOfSet`] for a letter that was not offered.
    pub fn whole(&self, said: &str) -> Result<Option<(usize, Range<usize>)>, Invalid> {
        let all = 0..said.len();
        let one = |found: &mut dyn Iterator<Item = usize>| (found.next(), found.next().is_some());
        let trimmed = said.trim();
        // As it stands first: labels may differ in capitals or signs alone.
        let labels = self.labels.iter().enumerate();
        let mut same = labels
            .filter(|(_, label)| label.trim() == trimmed)
            .map(|(i, _)| i);
        if let (Some(index), false) = one(&mut same) {
            return Ok(Some((index, all)));
        }
        let folded = words::fold(said);
        if !folded.is_empty() {
            let labels = self.folded.iter().enumerate();
            let mut same = labels.filter(|(_, label)| **label == folded).map(|(i, _)| i);
            match one(&mut same) {
                (Some(index), false) => return Ok(Some((index, all))),
                (Some(_), true) => return Err(Invalid::Ambiguous),
                _ => {}
            }
            let options = self.options.iter().enumerate();
            if let (Some(index), false) = one(&mut options.filter(|(_, o)| o.name == folded).map(|(i, _)| i))
            {
                return Ok(Some((index, all)));
            }
        }
        let chosen = match letter::choose(said, &self.options) {
            letter::Chosen::Nothing => letter::choose_alone(said, &self.options),
            chosen => chosen,
        };
        match chosen {
            letter::Chosen::One(index, span) => Ok(Some((index, span))),
            letter::Chosen::Several => Err(Invalid::Ambiguous),
            letter::Chosen::NotOffered(_) => Err(Invalid::OutOfSet),
            letter::Chosen::Nothing => Ok(None),
        }
    }
}

/// Finds the label of a closed set, a thought taken off. The stated answer must be a label or the letter of one; where
/// none is stated the whole text must. Capitals, accents, hyphens and punctuation do not matter, words do.
pub fn closed_set(text: &str, labels: &[String], complete: bool) -> Parsed {
    match closed(text, labels, complete) {
        Ok(label) => Parsed::Label(label),
        Err(kind) => Parsed::Invalid(kind.id()),
    }
}

fn closed(text: &str, labels: &[String], complete: bool) -> Result<String, Invalid> {
    let text = without_thought(text)
        .and_then(|span| text.get(span))
        .ok_or(Invalid::Truncated)?;
    let stated = statement(text);
    let said = match &stated {
        Some(stated) => text.get(stated.span.clone()).unwrap_or_default(),
        None => text,
    };
    if said.is_empty() {
        return Err(unsaid(stated.is_some(), complete));
    }
    let offered = Offered::new(labels);
    match offered.whole(said)? {
        Some((index, _)) => labels.get(index).cloned().ok_or(Invalid::OutOfSet),
        None if stated.is_some() => Err(Invalid::OutOfSet),
        None => Err(missing(text, complete)),
    }
}

/// Why an answer without a word is none.
pub fn unsaid(stated: bool, complete: bool) -> Invalid {
    match (complete, stated) {
        (false, _) => Invalid::Truncated,
        (true, true) => Invalid::Unparseable,
        (true, false) => Invalid::Empty,
    }
}

/// Why a text in which no answer was found has none.
pub fn missing(text: &str, complete: bool) -> Invalid {
    if text.trim().is_empty() {
        return if complete {
            Invalid::Empty
        } else {
            Invalid::Truncated
        };
    }
    if refuses(text) {
        Invalid::Refusal
    } else if loops(text) {
        Invalid::Loop
    } else if !complete {
        Invalid::Truncated
    } else if foreign(text) {
        Invalid::WrongLanguage
    } else {
        Invalid::Unparseable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["yes", "no", "pleural effusion"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_last_final_answer_counts() {
        let text = "Final Answer: yes\nOn reflection, **final answer: No.**";
        assert_eq!(closed_set(text, &labels(), true), Parsed::Label("no".into()));
    }

    #[test]
    fn an_option_is_named_by_its_letter_or_its_name() {
        let options = ["A: adipose", "B: background", "C: smooth muscle"].map(str::to_owned);
        let parse = |text: &str| closed_set(text, &options, true);
        for text in [
            "C: smooth muscle",
            "Final Answer: (C) smooth muscle",
            "Final Answer: (C)",
            "final answer: C",
            "Final Answer: smooth muscle.",
        ] {
            assert_eq!(parse(text), Parsed::Label("C: smooth muscle".into()), "{text}");
        }
        assert_eq!(
            parse("Final Answer: (A) background"),
            Parsed::Invalid("ambiguous")
        );
        assert_eq!(parse("Final Answer: muscle"), Parsed::Invalid("out-of-set"));
        assert_eq!(parse("Final Answer: D"), Parsed::Invalid("out-of-set"));
    }

    #[test]
    fn nothing_is_mapped_to_the_nearest() {
        assert_eq!(
            closed_set("Final Answer: effusion", &labels(), true),
            Parsed::Invalid("out-of-set")
        );
        assert_eq!(
            closed_set("There is an effusion, yes.", &labels(), true),
            Parsed::Invalid("unparseable")
        );
        assert_eq!(
            closed_set("I cannot read this image.", &labels(), true),
            Parsed::Invalid("refusal")
        );
        assert_eq!(closed_set("", &labels(), true), Parsed::Invalid("empty"));
        assert_eq!(
            closed_set("The lungs are", &labels(), false),
            Parsed::Invalid("truncated")
        );
    }
}
