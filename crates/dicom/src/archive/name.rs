//! Names of entries: which bytes are which letters, and which names are refused.

/// Code page 437 from 128 on: what a zip that says nothing is written in (APPNOTE appendix D). Every byte has a letter,
/// so that two names never become one; a Japanese name looks odd and is found again all the same.
const PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The name as text: UTF-8 where the bytes are (many writers do not say so), else by code page 437.
pub(super) fn decode(raw: &[u8]) -> String {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let upper: Vec<char> = PAGE_437.chars().collect();
            raw.iter()
                .map(|byte| match byte {
                    0..=127 => char::from(*byte),
                    _ => upper.get(usize::from(*byte) - 128).copied().unwrap_or('?'),
                })
                .collect()
        }
    };
    // Some writers on Windows put backslashes between folders.
    text.replace('\\', "/")
}

/// Why a name is not taken; `None` for a sound one.
pub(super) fn refusal(name: &str) -> Option<&'static str> {
    let drive = |part: &str| part.as_bytes().get(1) == Some(&b':');
    if name.is_empty() || name.contains('\0') {
        Some("its name in the zip is empty or holds a NUL")
    } else if name.starts_with('/') || drive(name) {
        Some("its name in the zip is an absolute path")
    } else if name.split('/').any(|part| part == "..") {
        Some("its name in the zip leads out of the zip")
    } else if name.split('/').any(|part| part.is_empty() || part == ".") {
        Some("its name in the zip has an empty part")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_letters_and_stay_apart() {
        assert_eq!(decode("検査/IM1".as_bytes()), "検査/IM1");
        assert_eq!(decode(b"M\x81ller\\IM1"), "Müller/IM1");
        let all: std::collections::BTreeSet<String> = (128..=255_u8).map(|b| decode(&[b])).collect();
        assert_eq!(all.len(), 128, "each byte has a letter of its own");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "C:/x",
            "",
            "a//b",
            "./a",
            "a\0b",
        ] {
            assert!(refusal(bad).is_some(), "{bad:?}");
        }
        for good in ["a", "a/b..c", "..a/b", "日本/1"] {
            assert_eq!(refusal(good), None, "{good:?}");
        }
    }
}
