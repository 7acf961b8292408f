//! Moments of a data set, to a fraction of a second: DA with TM, and DT without its offset from universal time.

use dicom_core::Tag;
use dicom_object::InMemDicomObject;

use crate::dataset::text;

/// Days before the epoch of 1970 and seconds of the day, local time of the scanner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    day: i64,
    seconds: f64,
}

impl Moment {
    /// A date and a time of two attributes.
    pub(crate) fn of(d: &InMemDicomObject, date: Tag, time: Tag) -> Option<Self> {
        Some(Self {
            day: day(&text(d, date)?)?,
            seconds: seconds(&text(d, time)?)?,
        })
    }

    /// `YYYYMMDDHHMMSS.FFFFFF&ZZXX`; at least the hour is needed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let local = text.split(['+', '-']).next()?;
        let (date, time) = local.split_at_checked(8)?;
        Some(Self {
            day: day(date)?,
            seconds: seconds(time)?,
        })
    }

    /// Another time of the same day.
    pub(crate) fn at_time(self, time: &str) -> Option<Self> {
        Some(Self {
            seconds: seconds(time)?,
            ..self
        })
    }

    /// Seconds from `earlier` to here.
    pub(crate) fn since(self, earlier: Self) -> f64 {
        (self.day - earlier.day) as f64 * 86_400.0 + self.seconds - earlier.seconds
    }

    /// Some seconds later, or earlier.
    pub(crate) fn plus(self, seconds: f64) -> Self {
        Self {
            seconds: self.seconds + seconds,
            ..self
        }
    }
}

/// Days since 1970-01-01 of `YYYYMMDD` (or with points or dashes between).
fn day(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| !matches!(c, '.' | '-')).collect();
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let (y, m, d) = (part(0..4)?, part(4..6)?, part(6..8)?);
    if !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return None;
    }
    // Years from March, so that the leap day is the last.
    let (year, month) = if m > 2 { (y, m - 3) } else { (y - 1, m + 9) };
    Some(
        year * 365 + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (153 * month + 2) / 5
            + d
            - 719_469,
    )
}

/// Seconds of `HHMMSS.FFFFFF` (or with colons), its end left out as it may be.
fn seconds(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|c| *c != ':').collect();
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    if !matches!(whole.len(), 2 | 4 | 6) || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| whole.get(at..at + 2).map_or(Some(0.0), |p| p.parse::<f64>().ok());
    let (h, m, s) = (part(0)?, part(2)?, part(4)?);
    if h > 24.0 || m > 59.0 || s > 60.0 {
        return None;
    }
    let rest = if fraction.is_empty() {
        0.0
    } else {
        format!("0.{fraction}").parse().ok()?
    };
    Some(h * 3600.0 + m * 60.0 + s + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_fractions_count() {
        assert_eq!(day("19700101"), Some(0));
        assert_eq!(day("2000.03.01"), Some(11_017));
        assert_eq!(day("20240229").zip(day("20240301")).map(|(a, b)| b - a), Some(1));
        assert_eq!((day("20241301"), day("0101")), (None, None));
        assert_eq!(seconds("010203.5"), Some(3723.5));
        assert_eq!(
            (seconds("0102"), seconds("01:02:03")),
            (Some(3720.0), Some(3723.0))
        );
        assert_eq!((seconds("1"), seconds("25xx")), (None, None));
        let a = Moment::parse("20240101233000.0+0100").expect("a moment");
        let b = Moment::parse("20240102003000").expect("a moment");
        assert!((b.since(a) - 3600.0).abs() < 1e-9);
        assert_eq!(Moment::parse("20240101"), None);
    }
}
