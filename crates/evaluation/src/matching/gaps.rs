//! What stands between two words: where a list goes on, and where a sentence or an item ends.

use std::ops::Range;

/// What stands between a word and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing that matters.
    Plain,
    /// A comma.
    Comma,
    /// A colon, an equals sign, a bar, a dash between spaces.
    Colon,
    /// The end of a sentence or of an item.
    Stop,
}

/// The stronger of two gaps.
pub(crate) fn stronger(a: Gap, b: Gap) -> Gap {
    let rank = |gap| match gap {
        Gap::Plain => 0,
        Gap::Comma => 1,
        Gap::Colon => 2,
        Gap::Stop => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// What a piece of text between two words is.
pub(crate) fn gap(text: &str, span: Range<usize>) -> Gap {
    let between = text.get(span.clone()).unwrap_or_default();
    // The last mark of an item: a line that begins before it begins an item.
    let items = between.rfind(['-', '*', '#', '|', '"']);
    let mut found = Gap::Plain;
    let mut lines = 0;
    for (at, c) in between.char_indices() {
        let here = match c {
            '.' => {
                let word = text.get(..span.start).unwrap_or_default();
                let word = word
                    .rsplit(|c: char| !c.is_alphanumeric())
                    .next()
                    .unwrap_or_default();
                let short = ["vs", "dr", "approx", "no", "e", "g", "i", "cf"].contains(&word);
                let ends = between.get(at + 1..).is_none_or(|r| {
                    r.is_empty() || r.starts_with(char::is_whitespace) || r.starts_with(['*', '"', ')'])
                });
                if short && word != "no" || !ends {
                    Gap::Plain
                } else {
                    Gap::Stop
                }
            }
            ';' | '!' | '?' | '•' | '。' => Gap::Stop,
            '\n' => {
                lines += 1;
                let next = text.get(span.end..).and_then(|t| t.chars().next());
                let item = items.is_some_and(|last| last > at);
                let fresh = next.is_some_and(|c| c.is_uppercase() || c.is_ascii_digit());
                if lines > 1 || item || fresh {
                    Gap::Stop
                } else {
                    Gap::Plain
                }
            }
            ',' | '、' | '，' => Gap::Comma,
            ':' | '：' | '=' | '|' | '\t' => Gap::Colon,
            '-' | '–' | '—' if between.get(..at).is_some_and(|b| b.ends_with(' ')) => Gap::Colon,
            '–' | '—' => Gap::Comma,
            _ => Gap::Plain,
        };
        found = stronger(found, here);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_told() {
        let all = |text: &str| gap(text, 1..text.len() - 1);
        assert_eq!(all("a, b"), Gap::Comma);
        assert_eq!(all("a. b"), Gap::Stop);
        assert_eq!(all("a\nb"), Gap::Plain);
        assert_eq!(all("a\nB"), Gap::Stop);
        assert_eq!(all("a\n- b"), Gap::Stop);
        assert_eq!(all("a - b"), Gap::Colon);
        assert_eq!(all("a-b"), Gap::Plain);
    }
}
