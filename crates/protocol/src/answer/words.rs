//! The words of a text as they are compared: one form for capitals, widths, accents, hyphens and punctuation.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// Signs that carry meaning (`< 5 mm`, `T2+`) and count as words of their own.
const SIGNS: [char; 6] = ['<', '>', '≤', '≥', '+', '%'];

/// Calls `each` with every word, folded, and its bytes in `text`. A word is a run of letters and digits, with the points
/// within numbers and the apostrophes within words; a possessive `'s` is taken off. Folded means: compatibility forms
/// and accents resolved (Unicode NFKD without combining Latin marks, then NFC), small letters.
pub fn each_word(text: &str, mut each: impl FnMut(&str, Range<usize>)) {
    let mut folded = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        let mut end = start + first.len_utf8();
        if SIGNS.contains(&first) {
            folded.clear();
            folded.push(first);
            each(&folded, start..end);
            continue;
        }
        if !first.is_alphanumeric() {
            continue;
        }
        let mut last = first;
        while let Some(&(at, c)) = chars.peek() {
            let inner = c.is_alphanumeric()
                || is_mark(c)
                || joins(c, last) && text[at + c.len_utf8()..].starts_with(|n: char| continues(c, n));
            if !inner {
                break;
            }
            end = at + c.len_utf8();
            last = c;
            chars.next();
        }
        let raw = &text[start..end];
        folded.clear();
        if raw.is_ascii() {
            folded.push_str(raw);
            folded.make_ascii_lowercase();
        } else {
            let plain = raw.nfkd().filter(|c| !is_mark(*c)).nfc();
            folded.extend(plain.flat_map(char::to_lowercase));
            folded = folded.replace(['’', '‘', 'ʼ'], "'");
        }
        if let Some(owner) = folded.strip_suffix("'s") {
            let length = owner.len();
            folded.truncate(length);
        }
        each(&folded, start..end);
    }
}

/// Combining Latin marks.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn joins(c: char, before: char) -> bool {
    match c {
        '.' => before.is_ascii_digit(),
        '\'' | '’' | '‘' | 'ʼ' => before.is_alphabetic(),
        _ => false,
    }
}

fn continues(joint: char, next: char) -> bool {
    if joint == '.' {
        next.is_ascii_digit()
    } else {
        next.is_alphabetic()
    }
}

/// The folded words, one space between.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each_word(text, |word, _| {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    });
    out
}

/// True when two texts are the same words. Texts without any word are compared as they stand.
pub fn same(a: &str, b: &str) -> bool {
    let (x, y) = (fold(a), fold(b));
    if x.is_empty() || y.is_empty() {
        return a.trim() == b.trim();
    }
    x == y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_what_means_the_same() {
        for (text, wanted) in [
            ("Pleural_Thickening", "pleural thickening"),
            ("  T2‑weighted, (MRI)", "t2 weighted mri"),
            ("Alzheimer’s disease", "alzheimer disease"),
            ("Sjögren", "sjogren"),
            ("Sjo\u{308}gren", "sjogren"),
            ("ＣＴ ﬁbrosis", "ct fibrosis"),
            ("1.5 cm. Then", "1.5 cm then"),
            ("<5 mm", "< 5 mm"),
            ("can't", "can't"),
            ("…", ""),
        ] {
            assert_eq!(fold(text), wanted, "{text}");
        }
        assert!(same("<5 mm", "< 5 mm") && !same("<5 mm", ">5 mm"));
        assert!(same("-", " -") && !same("-", "–"));
    }

    #[test]
    fn spans_are_those_of_the_text() {
        let text = "Ein Ödem’s “Rest”";
        let mut found = Vec::new();
        each_word(text, |word, span| found.push((word.to_owned(), &text[span])));
        assert_eq!(
            found,
            [("ein", "Ein"), ("odem", "Ödem’s"), ("rest", "Rest")].map(|(a, b)| (a.to_owned(), b))
        );
    }
}
