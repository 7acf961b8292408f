//! Text made harmless for a page or a table cell, and bytes as text.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Text for HTML content and double-quoted attributes. Characters that a page must not contain, or that reorder what
/// a person reads (bidirectional controls), become visible codes.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}' => {
                let _ = write!(out, "[U+{:04X}]", u32::from(character));
            }
            // Unicode noncharacters and controls are parse errors in HTML.
            c if c.is_control() || (u32::from(c) & 0xFFFE) == 0xFFFE => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// A table cell that no spreadsheet takes for a formula: what starts like one gets an apostrophe in front, unless it is
/// a plain number. NUL characters are left out.
pub(crate) fn cell(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c != '\0').collect();
    let dangerous = matches!(
        text.trim_start_matches([' ', '\u{A0}', '\u{FEFF}'])
            .chars()
            .next(),
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '|' | '%')
    );
    if dangerous && !plain_number(&text) {
        format!("'{text}")
    } else {
        text
    }
}

fn plain_number(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    text.chars().all(digits) && text.parse::<f64>().is_ok()
}

/// Base64 with padding (RFC 4648 section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_defused_and_numbers_kept() {
        for bad in [
            "=1+1",
            "@SUM(A1)",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "\t=1",
            " =1",
            "＝1",
            "%0A=1",
            "-",
        ] {
            assert!(cell(bad).starts_with('\''), "{bad:?}");
        }
        for good in ["-12.5", "+3", "-1e-5", "0.93", "nodule", "1-2", "2024-01-02", ""] {
            assert_eq!(cell(good), good);
        }
        assert_eq!(cell("a\0b"), "ab");
    }

    #[test]
    fn text_direction_tricks_become_visible() {
        assert_eq!(html("a\u{202E}b\u{1}"), "a[U+202E]b\u{FFFD}");
    }

    proptest! {
        #[test]
        fn no_text_opens_a_tag_or_ends_an_attribute(text in any::<String>()) {
            let safe = html(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'']));
            let mut rest = safe.as_str();
            while let Some(at) = rest.find('&') {
                rest = &rest[at..];
                prop_assert!(["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"].iter().any(|e| rest.starts_with(e)));
                rest = &rest[1..];
            }
        }
    }
}
