//! Specific Character Set (0008,0005) with code extensions: ISO 2022 escape sequences, Korean, Japanese, Chinese
//! (PS3.5 6.1.2, PS3.3 C.12.1.1.2). The parser stops at bytes that a set lacks and knows no escapes, so all text is
//! decoded here.

use encoding_rs::{
    EUC_JP, EUC_KR, Encoding, GB18030, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

/// What bytes mean until an escape sequence says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// Bytes decoded as they are.
    Plain(&'static Encoding),
    /// JIS X 0201: katakana in the upper half.
    Katakana,
    /// Two 7-bit bytes a character: JIS X 0208.
    Kanji,
    /// Two 7-bit bytes a character: JIS X 0212.
    Supplementary,
}

/// The sets a data set names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharacterSet {
    first: Set,
    /// A set that holds every character and forbids escapes (PS3.3 C.12.1.1.2): UTF-8, GB18030, GBK.
    whole: bool,
}

impl Default for CharacterSet {
    /// The default repertoire; bytes beyond it are taken as Latin-1, which is what they mostly are.
    fn default() -> Self {
        Self {
            first: Set::Plain(WINDOWS_1252),
            whole: false,
        }
    }
}

impl CharacterSet {
    /// Reads the attribute's values; unknown names are taken as the default repertoire.
    pub fn new(values: &[String]) -> Self {
        let first = values.first().map_or("", |v| v.trim());
        let (first, whole) = set(first);
        Self { first, whole }
    }

    /// Text of a value. Invalid bytes become U+FFFD. `delimiters` are the bytes after which the first set holds again:
    /// `^` and `=` in names, besides the controls and the backslash that always do.
    pub fn decode(&self, bytes: &[u8], delimiters: &[u8]) -> String {
        // Escapes are followed whether or not the attribute announces them: writers forget to.
        if self.whole || !bytes.contains(&0x1B) {
            return plain(self.first, bytes);
        }
        let mut text = String::new();
        let (mut lower, mut upper) = (Set::Plain(WINDOWS_1252), self.first);
        let mut start = 0;
        let mut at = 0;
        while at < bytes.len() {
            let double = matches!(lower, Set::Kanji | Set::Supplementary);
            if bytes[at] == 0x1B {
                piece(lower, upper, &bytes[start..at], &mut text);
                at += escape(&bytes[at..], &mut lower, &mut upper);
                start = at;
            } else if bytes[at] < 0x20 || (!double && (bytes[at] == b'\\' || delimiters.contains(&bytes[at])))
            {
                piece(lower, upper, &bytes[start..at], &mut text);
                text.push(char::from(bytes[at]));
                (lower, upper) = (Set::Plain(WINDOWS_1252), self.first);
                at += 1;
                start = at;
            } else {
                // The second byte of a pair may look like a delimiter.
                let pair = double
                    || matches!(upper, Set::Plain(e) if e == EUC_KR || e == GB18030) && bytes[at] >= 0x80;
                at = (at + if pair { 2 } else { 1 }).min(bytes.len());
            }
        }
        piece(lower, upper, &bytes[start..], &mut text);
        text
    }
}

/// The set of a defined term, and whether it is one without escapes. Spaces, underscores and hyphens are mixed up often,
/// and so are the names that the sets have elsewhere.
fn set(term: &str) -> (Set, bool) {
    let term: String = term
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let whole = match term.as_str() {
        "GB18030" | "GBK" | "GB2312" => Some(GB18030),
        "UTF8" | "ISOIR192" | "ISO2022IR192" => Some(UTF_8),
        "SHIFTJIS" | "SJIS" | "WINDOWS31J" => Some(SHIFT_JIS),
        "EUCKR" | "KSX1001" | "KSC5601" => Some(EUC_KR),
        "EUCJP" => Some(EUC_JP),
        _ => None,
    };
    if let Some(encoding) = whole {
        return (Set::Plain(encoding), true);
    }
    let number = term
        .strip_prefix("ISO2022IR")
        .or_else(|| term.strip_prefix("ISOIR"))
        .or_else(|| term.strip_prefix("ISO2022"))
        .unwrap_or(&term);
    let encoding = match number {
        "58" => GB18030,
        "13" => return (Set::Katakana, false),
        "101" | "ISO88592" => ISO_8859_2,
        "109" | "ISO88593" => ISO_8859_3,
        "110" | "ISO88594" => ISO_8859_4,
        "144" | "ISO88595" => ISO_8859_5,
        "127" | "ISO88596" => ISO_8859_6,
        "126" | "ISO88597" => ISO_8859_7,
        "138" | "ISO88598" => ISO_8859_8,
        "148" | "ISO88599" => WINDOWS_1254,
        "203" | "ISO885915" => ISO_8859_15,
        "149" => EUC_KR,
        "166" | "ISO885911" | "TIS620" => WINDOWS_874,
        _ => WINDOWS_1252,
    };
    (Set::Plain(encoding), false)
}

/// Length of the escape sequence at the start of `bytes`, its sets put in place.
fn escape(bytes: &[u8], lower: &mut Set, upper: &mut Set) -> usize {
    let latin = |encoding| Set::Plain(encoding);
    match bytes {
        [_, b'$', b')', b'C', ..] => *upper = latin(EUC_KR),
        [_, b'$', b')', b'A', ..] => *upper = latin(GB18030),
        [_, b'$', b'(', b'D', ..] => *lower = Set::Supplementary,
        [_, b'$', b'@' | b'B', ..] => {
            *lower = Set::Kanji;
            return 3;
        }
        [_, b'(', b'B' | b'J', ..] => {
            *lower = latin(WINDOWS_1252);
            return 3;
        }
        [_, b')', b'I', ..] => {
            *upper = Set::Katakana;
            return 3;
        }
        [_, b'-', which, ..] => {
            *upper = latin(match which {
                b'B' => ISO_8859_2,
                b'C' => ISO_8859_3,
                b'D' => ISO_8859_4,
                b'F' => ISO_8859_7,
                b'G' => ISO_8859_6,
                b'H' => ISO_8859_8,
                b'L' => ISO_8859_5,
                b'M' => WINDOWS_1254,
                b'T' => WINDOWS_874,
                b'b' => ISO_8859_15,
                _ => WINDOWS_1252,
            });
            return 3;
        }
        _ => return 1,
    }
    4
}

/// Text of bytes between two escape sequences.
fn piece(lower: Set, upper: Set, bytes: &[u8], text: &mut String) {
    let shifted = |prefix: &[u8]| -> Vec<u8> {
        bytes
            .chunks(2)
            .flat_map(|pair| prefix.iter().copied().chain(pair.iter().map(|b| b | 0x80)))
            .collect()
    };
    match lower {
        Set::Kanji => text.push_str(&EUC_JP.decode_without_bom_handling(&shifted(&[])).0),
        Set::Supplementary => text.push_str(&EUC_JP.decode_without_bom_handling(&shifted(&[0x8F])).0),
        _ => text.push_str(&plain(upper, bytes)),
    }
}

fn plain(set: Set, bytes: &[u8]) -> String {
    let encoding = match set {
        Set::Plain(encoding) => encoding,
        Set::Katakana => return bytes.iter().map(|b| katakana(*b)).collect(),
        Set::Kanji | Set::Supplementary => EUC_JP,
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// A character of JIS X 0201: half-width katakana in the upper half.
fn katakana(byte: u8) -> char {
    match byte {
        0..=0x7F => char::from(byte),
        0xA1..=0xDF => char::from_u32(0xFF61 + u32::from(byte - 0xA1)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(values: &[&str], bytes: &[u8]) -> String {
        let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        CharacterSet::new(&values).decode(bytes, b"^=")
    }

    /// The examples of PS3.5 annexes H, I and K.
    #[test]
    fn the_standards_names() {
        assert_eq!(
            decode(
                &["", "ISO 2022 IR 87"],
                b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
            ),
            "Yamada^Tarou=山田^太郎=やまだ^たろう"
        );
        assert_eq!(
            decode(
                &["ISO 2022 IR 13", "ISO 2022 IR 87"],
                b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
            ),
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎"
        );
        assert_eq!(
            decode(
                &["", "ISO 2022 IR 149"],
                b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
            ),
            "Hong^Gildong=洪^吉洞=홍^길동"
        );
        assert_eq!(
            decode(
                &["", "ISO 2022 IR 58"],
                b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="
            ),
            "Zhang^XiaoDong=张^小东="
        );
        assert_eq!(
            decode(&["GB18030"], b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab="),
            "Wang^XiaoDong=王^小东="
        );
    }

    #[test]
    fn a_delimiter_brings_the_first_set_back() {
        // Cyrillic in G1 up to the caret, Latin-1 after it.
        assert_eq!(
            decode(&["ISO 2022 IR 100", "ISO 2022 IR 144"], b"\x1b-L\xbb^\xe4"),
            "Л^ä"
        );
    }

    #[test]
    fn broken_bytes_never_stop_the_text() {
        assert_eq!(decode(&["", "ISO 2022 IR 87"], b"A\x1b"), "A");
        assert!(decode(&["", "ISO 2022 IR 87"], b"\x1b$B;").contains('\u{FFFD}'));
        assert!(decode(&["ISO_IR 192"], b"\xff").contains('\u{FFFD}'));
    }
}
