//! The letter of a multiple choice. A lone `A` in a sentence is an article, `not B` is not B, `A and C` is no choice.

use std::ops::Range;

use super::words::fold;

/// What a text chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The option with this index, and the bytes of its letter.
    One(usize, Range<usize>),
    /// Several options.
    Several,
    /// A letter that was not offered, and its bytes.
    NotOffered(Range<usize>),
    /// No letter.
    Nothing,
}

/// An option: its letter, small, and its name, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lettered {
    /// Small letter or digit.
    pub letter: char,
    /// Folded name; empty for a bare letter.
    pub name: String,
}

/// The options of labels that carry letters themselves: `A: name`, `A. name`, `A) name`, `(A) name` or bare letters, all
/// of them, each letter once. Empty when the labels have none.
pub fn lettered(labels: &[String]) -> Vec<Lettered> {
    let mut out: Vec<Lettered> = Vec::with_capacity(labels.len());
    for label in labels {
        let Some((letter, name)) = split(label) else {
            return Vec::new();
        };
        if out.iter().any(|other| other.letter == letter) {
            return Vec::new();
        }
        out.push(Lettered {
            letter,
            name: fold(name),
        });
    }
    if out.len() < 2 { Vec::new() } else { out }
}

/// Letters by order for options that have none of their own, `a` first; empty when there are more than 26.
pub fn by_order(labels: &[String]) -> Vec<Lettered> {
    if labels.len() > 26 {
        return Vec::new();
    }
    let name = |(letter, label): (char, &String)| Lettered {
        letter,
        name: fold(label),
    };
    ('a'..='z').zip(labels).map(name).collect()
}

fn split(label: &str) -> Option<(char, &str)> {
    let label = label.trim();
    let bracketed = label.strip_prefix('(');
    let mut rest = bracketed.unwrap_or(label).chars();
    let letter = rest
        .next()
        .filter(char::is_ascii_alphanumeric)?
        .to_ascii_lowercase();
    let rest = rest.as_str();
    if rest.is_empty() {
        return Some((letter, ""));
    }
    let marks: &[char] = if bracketed.is_some() {
        &[')']
    } else {
        &[':', '.', ')']
    };
    let name = rest.strip_prefix(marks)?;
    (name.is_empty() || name.starts_with(char::is_whitespace)).then(|| (letter, name.trim()))
}

/// A word of a line that may be a letter.
struct Token<'a> {
    raw: &'a str,
    at: usize,
}

/// Words that may stand around letters without making a sentence of them.
const AROUND: [&str; 13] = [
    "option", "options", "choice", "answer", "letter", "is", "the", "correct", "and", "or", "both", "not",
    "but",
];
/// Words after which a bare letter is its own reason (`B because …`).
const REASONS: [&str; 5] = ["because", "since", "as", "due", "is"];

/// The letter that a stated answer chooses: a line, without what states it.
pub fn choose(line: &str, options: &[Lettered]) -> Chosen {
    if options.is_empty() {
        return Chosen::Nothing;
    }
    let tokens: Vec<Token<'_>> = tokens(line);
    let one = |token: &Token<'_>| letter(token, options);
    // Nothing but letters and what joins them. Several of them are no choice; those after `not` are none.
    let bare = |t: &Token<'_>| one(t).is_some() || AROUND.iter().any(|w| t.raw.eq_ignore_ascii_case(w));
    if tokens.len() <= 32 && tokens.iter().all(bare) {
        let mut said: Vec<&Token<'_>> = Vec::new();
        for (i, token) in tokens.iter().enumerate() {
            let denied = i > 0
                && tokens
                    .get(i - 1)
                    .is_some_and(|t| t.raw.eq_ignore_ascii_case("not"));
            if one(token).is_some() && !denied && !said.iter().any(|t| t.raw.eq_ignore_ascii_case(token.raw))
            {
                said.push(token);
            }
        }
        return match said.as_slice() {
            [] => Chosen::Nothing,
            [token] => resolve(token, line, options, 0..0),
            _ => Chosen::Several,
        };
    }
    let lead = tokens
        .iter()
        .take_while(|t| {
            ["option", "choice", "answer", "letter"]
                .iter()
                .any(|w| t.raw.eq_ignore_ascii_case(w))
        })
        .count();
    if let Some(token) = tokens.get(lead).filter(|t| one(t).is_some()) {
        let after = line.get(token.at + token.raw.len()..).unwrap_or_default();
        let marked = after.starts_with([')', '.', ':', ']', ',', '*', '}'])
            || after.starts_with(" -")
            || after.starts_with(" –")
            || lead > 0;
        let capital = token.raw.starts_with(|c: char| c.is_ascii_uppercase());
        let reason = tokens
            .get(lead + 1)
            .is_some_and(|t| REASONS.iter().any(|w| t.raw.eq_ignore_ascii_case(w)));
        if marked || capital && reason {
            let more = tokens
                .iter()
                .skip(lead + 1)
                .any(|t| bracketed(line, t) && one(t).is_some_and(|l| Some(l) != one(token)));
            let joined = tokens
                .get(lead + 1)
                .is_some_and(|t| ["and", "or"].contains(&t.raw))
                && tokens.get(lead + 2).is_some_and(|t| one(t).is_some());
            let next = after.starts_with(',') && tokens.get(lead + 1).is_some_and(|t| one(t).is_some());
            if more || joined || next {
                return Chosen::Several;
            }
            return resolve(token, line, options, token.at + token.raw.len()..line.len());
        }
    }
    let mut found = tokens.iter().filter(|t| bracketed(line, t) && one(t).is_some());
    match (found.next(), found.next()) {
        (Some(token), None) => resolve(token, line, options, 0..token.at),
        (Some(a), Some(b)) if one(a) != one(b) => Chosen::Several,
        (Some(token), Some(_)) => resolve(token, line, options, 0..0),
        (None, _) => Chosen::Nothing,
    }
}

/// The letter that a text of several lines chooses without stating it: alone on the first or the last line.
pub fn choose_alone(text: &str, options: &[Lettered]) -> Chosen {
    let alone = |line: &str| match choose(line, options) {
        found @ (Chosen::One(..) | Chosen::NotOffered(..)) if tokens(line).len() <= 2 => found,
        Chosen::Several if tokens(line).len() <= 4 => Chosen::Several,
        _ => Chosen::Nothing,
    };
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split('\n') {
        if !line.trim().is_empty() {
            lines.push((at, line));
        }
        at += line.len() + 1;
    }
    let moved = |(at, line): (usize, &str)| match alone(line) {
        Chosen::One(i, span) => Chosen::One(i, span.start + at..span.end + at),
        Chosen::NotOffered(span) => Chosen::NotOffered(span.start + at..span.end + at),
        other => other,
    };
    let (Some(first), Some(last)) = (
        lines.first().copied().map(moved),
        lines.last().copied().map(moved),
    ) else {
        return Chosen::Nothing;
    };
    match (first, last) {
        (Chosen::One(a, _), Chosen::One(b, _)) if a != b => Chosen::Several,
        (Chosen::Nothing, other) | (other, Chosen::Nothing) => other,
        (_, last) => last,
    }
}

fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut from = None;
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        let inner = c.is_alphanumeric() || c == '\'';
        match from {
            None if inner => from = Some(at),
            Some(start) if !inner => {
                out.push(Token {
                    raw: line.get(start..at).unwrap_or_default(),
                    at: start,
                });
                from = None;
            }
            _ => {}
        }
    }
    out
}

/// The small letter of a token of one: a letter where letters are offered, a digit where digits are.
fn letter(token: &Token<'_>, options: &[Lettered]) -> Option<char> {
    let mut chars = token.raw.chars();
    let c = chars
        .next()
        .filter(char::is_ascii_alphanumeric)?
        .to_ascii_lowercase();
    if chars.next().is_some() {
        return None;
    }
    let digits = options.first().is_some_and(|o| o.letter.is_ascii_digit());
    (c.is_ascii_digit() == digits).then_some(c)
}

fn bracketed(line: &str, token: &Token<'_>) -> bool {
    let before = line.get(..token.at).unwrap_or_default();
    let after = line.get(token.at + token.raw.len()..).unwrap_or_default();
    before.ends_with('(') && after.starts_with(')') || before.ends_with("**") && after.starts_with("**")
}

/// The option of a letter. When the words beside it name another option, two are named.
fn resolve(token: &Token<'_>, line: &str, options: &[Lettered], beside: Range<usize>) -> Chosen {
    let span = token.at..token.at + token.raw.len();
    let Some(own) = letter(token, options) else {
        return Chosen::Nothing;
    };
    let Some(index) = options.iter().position(|o| o.letter == own) else {
        return Chosen::NotOffered(span);
    };
    let name = fold(line.get(beside).unwrap_or_default());
    let other = options
        .iter()
        .enumerate()
        .any(|(i, o)| i != index && !o.name.is_empty() && o.name == name);
    let same = options.get(index).is_some_and(|o| o.name == name);
    if other && !same {
        return Chosen::Several;
    }
    Chosen::One(index, span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Vec<Lettered> {
        lettered(
            &[
                "A: hepatitis B",
                "B: hepatitis A",
                "C: normal heart",
                "D: effusion",
            ]
            .map(str::to_owned),
        )
    }

    fn chosen(line: &str) -> Option<usize> {
        match choose(line, &options()) {
            Chosen::One(i, span) => {
                assert_eq!(span.len(), 1);
                Some(i)
            }
            _ => None,
        }
    }

    #[test]
    fn a_letter_is_chosen_in_its_usual_forms() {
        for text in [
            "B",
            "b",
            "(B)",
            "B.",
            "B)",
            "**B**",
            "[B]",
            "Option B",
            "option b",
            "B, not C",
            "not C but B",
            "B is correct",
            "B) hepatitis A",
            "(B) because it is",
            "B: hepatitis A",
            "B because of it",
            "B - it is",
            "hepatitis A (B)",
        ] {
            assert_eq!(chosen(text), Some(1), "{text}");
        }
        assert_eq!(chosen("A"), Some(0));
        assert_eq!(chosen("A is correct"), Some(0));
    }

    #[test]
    fn articles_names_and_denials_are_no_letters() {
        for text in [
            "A lung nodule",
            "hepatitis B",
            "not B",
            "a normal heart",
            "vitamin D is low",
            "CT",
            "I see",
        ] {
            assert_eq!(choose(text, &options()), Chosen::Nothing, "{text}");
        }
    }

    #[test]
    fn several_letters_are_no_choice() {
        for text in [
            "A and C",
            "A, C",
            "A/C",
            "B or C",
            "(A) or (C)",
            "C: effusion",
            "either (A), maybe (C)",
        ] {
            assert_eq!(choose(text, &options()), Chosen::Several, "{text}");
        }
        assert!(matches!(choose("F", &options()), Chosen::NotOffered(_)));
    }

    #[test]
    fn alone_on_the_first_or_last_line() {
        let alone = |text| choose_alone(text, &options());
        assert_eq!(alone("C\n\nA heart of usual size."), Chosen::One(2, 0..1));
        assert_eq!(alone("A heart of usual size.\n(C)\n"), Chosen::One(2, 24..25));
        assert_eq!(alone("C\nOr rather\nD"), Chosen::Several);
        assert_eq!(
            alone("A heart.\nB is for blood vessels that are seen"),
            Chosen::Nothing
        );
        assert_eq!(alone(""), Chosen::Nothing);
    }

    #[test]
    fn labels_have_letters_all_or_none() {
        let list = |l: &[&str]| lettered(&l.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(list(&["(A) x y", "b) z"]).len(), 2);
        assert_eq!(list(&["A", "B"]).len(), 2);
        assert!(list(&["A: x", "normal"]).is_empty() && list(&["A: x", "A: y"]).is_empty());
        assert!(list(&["a.b", "c.d"]).is_empty(), "an abbreviation is no letter");
        let order = by_order(&["x".to_owned(), "y".to_owned()]);
        assert_eq!(order.get(1).map(|o| o.letter), Some('b'));
    }
}
