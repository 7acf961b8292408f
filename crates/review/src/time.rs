//! Points in time as RFC 3339 text; reading a clock is the caller's business.

/// True for a complete RFC 3339 time such as `2026-11-21T09:30:00Z` or `2026-11-21T10:30:00.25+01:00`.
pub fn is_rfc3339(text: &str) -> bool {
    fn parse(text: &str) -> Option<()> {
        let number = |range: std::ops::Range<usize>| -> Option<u32> {
            let part = text.get(range)?;
            part.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse().ok())?
        };
        let mark =
            |at: usize, marks: &[u8]| text.as_bytes().get(at).filter(|b| marks.contains(b)).map(|_| ());
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        mark(4, b"-")?;
        mark(7, b"-")?;
        mark(10, b"Tt ")?;
        mark(13, b":")?;
        mark(16, b":")?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let mut rest = text.get(19..)?;
        if let Some(fraction) = rest.strip_prefix('.') {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            rest = &fraction[digits..];
        }
        if matches!(rest, "Z" | "z") {
            return Some(());
        }
        let zone = rest.strip_prefix(['+', '-'])?.as_bytes();
        let [a, b, b':', c, d] = zone else { return None };
        let pair =
            |x: &u8, y: &u8| (x.is_ascii_digit() && y.is_ascii_digit()).then(|| (x - b'0') * 10 + (y - b'0'));
        (pair(a, b)? <= 23 && pair(c, d)? <= 59).then_some(())
    }
    parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::is_rfc3339;

    #[test]
    fn times_are_complete_and_exist() {
        for good in [
            "2026-11-21T09:30:00Z",
            "2026-11-21T09:30:00.123456789+01:00",
            "2024-02-29T23:59:60z",
        ] {
            assert!(is_rfc3339(good), "{good}");
        }
        for bad in [
            "",
            "2026-11-21",
            "2026-11-21T09:30:00",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T09:30:00.Z",
            "2026-11-21T09:30:00+1:00",
            "2026-11-21T09:30:00+01:60",
            "2O26-11-21T09:30:00Z",
            "２026-11-21T09:30:00Z",
            "+026-11-21T09:30:00Z",
        ] {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}
