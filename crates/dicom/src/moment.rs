//! Moments of a data set, to a fraction of a second: DA with TM, and DT, whose offset from universal time counts.

use dicom_core::Tag;
use dicom_object::InMemDicomObject;

use crate::dataset::text;

/// Seconds.
const DAY: f64 = 86_400.0;
/// The latest and earliest clocks there are, s from universal time (PS3.5 6.2, DT).
const OFFSETS: std::ops::RangeInclusive<f64> = -43_200.0..=50_400.0;

/// Days since the epoch of 1970 and seconds of the day, local time of the scanner.
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

    /// `YYYYMMDDHHMMSS.FFFFFF&ZZXX`, in the clock of a file of `zone`; at least the hour is needed.
    ///
    /// # Errors
    /// A reason in words where the value names its offset from universal time and the file does not.
    pub(crate) fn parse(text: &str, zone: Option<f64>) -> Result<Option<Self>, String> {
        let sign = text.rfind(['+', '-']);
        let (local, own) = sign.map_or((text, None), |at| {
            let (local, own) = text.split_at(at);
            (local, Some(own))
        });
        let moment = local.split_at_checked(8).and_then(|(date, time)| {
            Some(Self {
                day: day(date)?,
                seconds: seconds(time)?,
            })
        });
        let (Some(moment), Some(own)) = (moment, own) else {
            return Ok(moment);
        };
        let own = offset(own).ok_or_else(|| format!("the time zone of {text} cannot be read"))?;
        let zone =
            zone.ok_or_else(|| format!("{text} names its time zone, and that of the scan is not known"))?;
        Ok(Some(moment.plus(zone - own)))
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
        (self.day - earlier.day) as f64 * DAY + self.seconds - earlier.seconds
    }

    /// Seconds since midnight.
    pub(crate) fn clock(self) -> f64 {
        self.seconds
    }

    /// The same time of the day before.
    pub(crate) fn day_before(self) -> Self {
        Self {
            day: self.day - 1,
            ..self
        }
    }

    /// Some seconds later, or earlier; fewer than a day.
    pub(crate) fn plus(self, seconds: f64) -> Self {
        let seconds = self.seconds + seconds;
        let (day, seconds) = if seconds < 0.0 {
            (self.day - 1, seconds + DAY)
        } else if seconds >= DAY {
            (self.day + 1, seconds - DAY)
        } else {
            (self.day, seconds)
        };
        Self { day, seconds }
    }
}

/// Seconds from universal time of `+0100`.
pub(crate) fn offset(text: &str) -> Option<f64> {
    let (sign, digits) = text.split_at_checked(1)?;
    let sign = match sign {
        "+" => 1.0,
        "-" => -1.0,
        _ => return None,
    };
    if digits.len() != 4 {
        return None;
    }
    Some(sign * seconds(digits)?).filter(|s| OFFSETS.contains(s))
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
        let parse = |text| Moment::parse(text, None).ok().flatten();
        let a = parse("20240101233000.0").expect("a moment");
        let b = parse("20240102003000").expect("a moment");
        assert!((b.since(a) - 3600.0).abs() < 1e-9);
        assert!((b.since(b.plus(-3600.0)) - 3600.0).abs() < 1e-9);
        assert_eq!(b.plus(-3600.0), a);
        assert_eq!(a.plus(3600.0), b);
        assert_eq!(parse("20240101"), None);
    }

    #[test]
    fn offsets_from_universal_time_count() {
        assert_eq!(
            (offset("+0130"), offset("-0500")),
            (Some(5400.0), Some(-18_000.0))
        );
        assert_eq!(
            (offset("0100"), offset("+1500"), offset("+1")),
            (None, None, None)
        );
        let local = Moment::parse("20240102000000", None).expect("no offset");
        assert_eq!(Moment::parse("20240102000000", Some(3600.0)), Ok(local));
        assert_eq!(Moment::parse("20240101230000.0+0000", offset("+0100")), Ok(local));
        let alone = Moment::parse("20240101230000+0000", None).expect_err("no zone of the file");
        assert!(alone.contains("names its time zone"), "{alone}");
        let odd = Moment::parse("20240101230000+1", Some(0.0)).expect_err("no offset");
        assert!(odd.contains("cannot be read"), "{odd}");
    }
}
