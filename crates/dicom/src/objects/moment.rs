//! Dates and times of the standard (PS3.5 6.2: DA, TM, DT) as people write them.

/// `20240312` as `2024-03-12`; anything else as it is.
pub fn date(value: &str) -> String {
    let digits = value.trim();
    if digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()) {
        format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..])
    } else {
        digits.to_owned()
    }
}

/// `140530.123` as `14:05:30`, `1405` as `14:05`; anything else as it is.
pub fn clock(value: &str) -> String {
    let whole = value.trim();
    let digits = whole.split('.').next().unwrap_or_default();
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return whole.to_owned();
    }
    match digits.len() {
        4 => format!("{}:{}", &digits[..2], &digits[2..]),
        6 => format!("{}:{}:{}", &digits[..2], &digits[2..4], &digits[4..]),
        _ => whole.to_owned(),
    }
}

/// A DT value: date, time, offset from UTC.
pub fn date_time(value: &str) -> String {
    let value = value.trim();
    let (moment, offset) = match value.find(['+', '-']) {
        Some(at) => value.split_at(at),
        None => (value, ""),
    };
    let split = moment.char_indices().nth(8).map_or(moment.len(), |(at, _)| at);
    let (day, time) = moment.split_at(split);
    [date(day), clock(time), offset.to_owned()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_for_people() {
        assert_eq!(date_time("20240312140530.25+0100"), "2024-03-12 14:05:30 +0100");
        assert_eq!(date("1900.01.01"), "1900.01.01");
        assert_eq!(clock("1405"), "14:05");
        assert_eq!(date_time("2024"), "2024");
    }
}
