//! What an open answer says: never mapped to the nearest label, never guessed.

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

/// Finds the label of a closed set, a thought taken off. The stated answer must be a label or the letter of one; where
/// none is stated the whole text must. Capitals, accents, hyphens and punctuation do not matter, words do.
pub fn closed_set(text: &str, labels: &[String], complete: bool) -> Parsed {
    match closed(text, labels, complete) {
        Ok(label) => Parsed::Label(label.to_owned()),
        Err(kind) => Parsed::Invalid(kind.id()),
    }
}

fn closed<'l>(text: &str, labels: &'l [String], complete: bool) -> Result<&'l str, Invalid> {
    let text = without_thought(text)
        .and_then(|span| text.get(span))
        .ok_or(Invalid::Truncated)?;
    let stated = statement(text);
    let said = match &stated {
        Some(stated) => text.get(stated.span.clone()).unwrap_or_default(),
        None => text,
    };
    if said.is_empty() {
        return Err(match (complete, &stated) {
            (false, _) => Invalid::Truncated,
            (true, Some(_)) => Invalid::Unparseable,
            (true, None) => Invalid::Empty,
        });
    }
    match whole_label(said, labels, &letter::lettered(labels)) {
        Ok(Some(index)) => labels.get(index).map(String::as_str).ok_or(Invalid::OutOfSet),
        Ok(None) if stated.is_some() => Err(Invalid::OutOfSet),
        Err(kind) => Err(kind),
        Ok(None) => Err(missing(text, complete)),
    }
}

/// The label that a text is as a whole, by itself or by its letter; `None` when it is none.
///
/// # Errors
/// [`Invalid::Ambiguous`] when it is two, [`Invalid::OutOfSet`] for a letter that was not offered.
pub fn whole_label(
    said: &str,
    labels: &[String],
    options: &[letter::Lettered],
) -> Result<Option<usize>, Invalid> {
    let one = |test: &dyn Fn(&str) -> bool| {
        let mut found = labels.iter().enumerate().filter(|(_, label)| test(label));
        match (found.next(), found.next()) {
            (Some((index, _)), None) => Ok(Some(index)),
            (Some(_), Some(_)) => Err(Invalid::Ambiguous),
            (None, _) => Ok(None),
        }
    };
    let said = said.trim();
    // As it stands first: labels may differ in capitals or signs alone.
    if let Ok(Some(index)) = one(&|label| label.trim() == said) {
        return Ok(Some(index));
    }
    if let Some(index) = one(&|label| words::same(label, said))? {
        return Ok(Some(index));
    }
    let folded = words::fold(said);
    let mut named = options
        .iter()
        .enumerate()
        .filter(|(_, o)| !o.name.is_empty() && o.name == folded);
    if let (Some((index, _)), None) = (named.next(), named.next()) {
        return Ok(Some(index));
    }
    let chosen = match letter::choose(said, options) {
        letter::Chosen::Nothing => letter::choose_alone(said, options),
        chosen => chosen,
    };
    match chosen {
        letter::Chosen::One(index, _) => Ok(Some(index)),
        letter::Chosen::Several => Err(Invalid::Ambiguous),
        letter::Chosen::NotOffered(_) => Err(Invalid::OutOfSet),
        letter::Chosen::Nothing => Ok(None),
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

/// The rule of [`vote`], for the record.
pub const VOTE: &str = "final-answer/2";

/// What a sampled answer votes for, when answers are counted: a label of the set, or without a set the words that state
/// its answer, in small letters and single spaces.
///
/// # Errors
/// The kind of invalidity, as readings keep it.
pub fn vote(text: &str, labels: &[String], complete: bool) -> Result<String, String> {
    if !labels.is_empty() {
        return closed(text, labels, complete)
            .map(str::to_owned)
            .map_err(|kind| kind.id().to_owned());
    }
    let said = final_answer(text).map(|said| {
        said.to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    });
    match said {
        Some(said) if !said.is_empty() => Ok(said),
        _ => Err(missing(text, complete).id().to_owned()),
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
    fn votes_are_what_was_finally_said() {
        assert_eq!(
            vote("Well. Final Answer: No.", &labels(), false),
            Ok("no".to_owned())
        );
        assert_eq!(
            vote("Final Answer: **Small  Effusion**", &[], true),
            Ok("small effusion".to_owned())
        );
        assert_eq!(
            vote("A small effusion.", &[], true),
            Err("unparseable".to_owned())
        );
        assert_eq!(vote("A small", &[], false), Err("truncated".to_owned()));
        assert_eq!(vote("Final Answer:", &[], true), Err("unparseable".to_owned()));
        assert_eq!(
            vote("Final Answer: maybe", &labels(), true),
            Err("out-of-set".to_owned())
        );
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
