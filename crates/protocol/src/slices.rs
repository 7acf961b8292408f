//! Which slices of a display set a question is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most slices the official sampling takes.
pub const OFFICIAL_MOST: usize = 85;

/// Why a slice specification cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SliceError {
    /// Nothing was written.
    #[error("no slices are named; write for example 12, 10-20, 10-40/3, middle, official or all")]
    Empty,
    /// A part that is none of the forms.
    #[error("“{0}” names no slices; write for example 12, 10-20, 10-40/3, 3,7,9, middle, official or all")]
    Unreadable(String),
    /// Slices count from 1.
    #[error("“{0}” asks for slice 0 or a step of 0; slices count from 1")]
    Zero(String),
    /// From above to.
    #[error("“{0}” runs backwards; write the smaller slice first")]
    Backwards(String),
    /// Beyond the end.
    #[error("slice {slice} does not exist; this series has {count}")]
    Beyond {
        /// The slice asked for, from 1.
        slice: u64,
        /// Slices there are.
        count: usize,
    },
    /// No slices at all.
    #[error("this series has no slices that can be shown; choose another series")]
    NoSlices,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    One(u32),
    Range { from: u32, to: u32, step: u32 },
    Middle,
    Official,
    All,
}

/// A parsed slice specification: `12`, `10-20`, `10-40/3`, `middle`, `official`, `all`, or several with commas.
/// Slices count from 1 in display order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SliceSpec(Vec<Term>);

impl SliceSpec {
    /// Reads a specification; white space and capitals do not matter.
    ///
    /// # Errors
    /// [`SliceError`] says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, SliceError> {
        if text.trim().is_empty() {
            return Err(SliceError::Empty);
        }
        text.split(',').map(term).collect::<Result<Vec<_>, _>>().map(Self)
    }

    /// The slices of a display set with `count` slices, from 1, in the order written; a slice named twice comes once,
    /// at its first place.
    ///
    /// # Errors
    /// [`SliceError::Beyond`] for a slice that does not exist, [`SliceError::NoSlices`] for an empty set.
    pub fn resolve(&self, count: usize) -> Result<Vec<u32>, SliceError> {
        let last = u32::try_from(count).unwrap_or(u32::MAX);
        if last == 0 {
            return Err(SliceError::NoSlices);
        }
        let mut seen = vec![false; last as usize];
        let mut out = Vec::new();
        let mut take = |slice: u32| match seen.get_mut(slice as usize - 1) {
            None => Err(SliceError::Beyond {
                slice: u64::from(slice),
                count,
            }),
            Some(seen) => {
                if !std::mem::replace(seen, true) {
                    out.push(slice);
                }
                Ok(())
            }
        };
        for term in &self.0 {
            match term {
                Term::One(slice) => take(*slice)?,
                // The end is looked at first, so that a range to four thousand million is refused at once.
                Term::Range { to, .. } if *to > last => {
                    return Err(SliceError::Beyond {
                        slice: u64::from(*to),
                        count,
                    });
                }
                Term::Range { from, to, step } => {
                    (*from..=*to).step_by(*step as usize).try_for_each(&mut take)?;
                }
                Term::Middle => take(middle(last))?,
                Term::Official => official(last).into_iter().try_for_each(&mut take)?,
                Term::All => (1..=last).try_for_each(&mut take)?,
            }
        }
        Ok(out)
    }
}

/// The middle slice of `count` (at least 1), from 1; the upper one of an even count.
pub fn middle(count: u32) -> u32 {
    count / 2 + 1
}

/// The official sampling: all slices up to 85; else index `int(round(i/85*(n-1)))` for i = 1…85 with halves to even,
/// so that the first slice is never taken and the last always is. Slices from 1, ascending.
pub fn official(count: u32) -> Vec<u32> {
    if count as usize <= OFFICIAL_MOST {
        return (1..=count).collect();
    }
    (1..=OFFICIAL_MOST)
        .map(|i| (i as f64 / OFFICIAL_MOST as f64 * f64::from(count - 1)).round_ties_even() as u32 + 1)
        .collect()
}

fn term(text: &str) -> Result<Term, SliceError> {
    let text = text.trim();
    let unreadable = || SliceError::Unreadable(text.to_owned());
    let number = |part: &str| {
        let part = part.trim();
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(unreadable());
        }
        match part.parse::<u32>() {
            Ok(0) => Err(SliceError::Zero(text.to_owned())),
            Ok(n) => Ok(n),
            Err(_) => Err(unreadable()),
        }
    };
    match text.to_ascii_lowercase().as_str() {
        "middle" => return Ok(Term::Middle),
        "official" => return Ok(Term::Official),
        "all" => return Ok(Term::All),
        _ => {}
    }
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(number(step)?)),
        None => (text, None),
    };
    match range.split_once('-') {
        Some((from, to)) => {
            let (from, to) = (number(from)?, number(to)?);
            if from > to {
                return Err(SliceError::Backwards(text.to_owned()));
            }
            Ok(Term::Range {
                from,
                to,
                step: step.unwrap_or(1),
            })
        }
        None if step.is_some() => Err(unreadable()),
        None => number(range).map(Term::One),
    }
}

impl fmt::Display for SliceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            match term {
                Term::One(slice) => write!(f, "{slice}")?,
                Term::Range { from, to, step: 1 } => write!(f, "{from}-{to}")?,
                Term::Range { from, to, step } => write!(f, "{from}-{to}/{step}")?,
                Term::Middle => f.write_str("middle")?,
                Term::Official => f.write_str("official")?,
                Term::All => f.write_str("all")?,
            }
        }
        Ok(())
    }
}

impl FromStr for SliceSpec {
    type Err = SliceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for SliceSpec {
    type Error = SliceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<SliceSpec> for String {
    fn from(spec: SliceSpec) -> Self {
        spec.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slices(spec: &str, count: usize) -> Result<Vec<u32>, SliceError> {
        SliceSpec::parse(spec)?.resolve(count)
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(slices("12", 20), Ok(vec![12]));
        assert_eq!(slices(" 10 - 13 ", 20), Ok(vec![10, 11, 12, 13]));
        assert_eq!(slices("10-20/3", 20), Ok(vec![10, 13, 16, 19]));
        assert_eq!(slices("9,3,3,7-9", 20), Ok(vec![9, 3, 7, 8]));
        assert_eq!(slices("Middle", 5), Ok(vec![3]));
        assert_eq!(slices("middle", 4), Ok(vec![3]));
        assert_eq!(slices("middle", 1), Ok(vec![1]));
        assert_eq!(slices("all", 3), Ok(vec![1, 2, 3]));
        assert_eq!(slices("official", 3), Ok(vec![1, 2, 3]));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(slices("", 5), Err(SliceError::Empty));
        for wrong in [
            "a",
            "1-",
            "-3",
            "3/2",
            "1-5/",
            "1--5",
            "+3",
            "1,,2",
            "99999999999",
            "1.5",
            "٣",
        ] {
            assert!(
                matches!(slices(wrong, 50), Err(SliceError::Unreadable(_))),
                "{wrong}"
            );
        }
        assert_eq!(slices("0", 5), Err(SliceError::Zero("0".to_owned())));
        assert_eq!(slices("1-4/0", 5), Err(SliceError::Zero("1-4/0".to_owned())));
        assert_eq!(slices("5-2", 5), Err(SliceError::Backwards("5-2".to_owned())));
        assert_eq!(slices("6", 5), Err(SliceError::Beyond { slice: 6, count: 5 }));
        assert_eq!(
            slices("1-4294967295", 5),
            Err(SliceError::Beyond {
                slice: 4_294_967_295,
                count: 5
            })
        );
        assert_eq!(slices("all", 0), Err(SliceError::NoSlices));
    }

    #[test]
    fn official_sampling_rounds_halves_to_even() {
        assert_eq!(official(85), (1..=85).collect::<Vec<_>>());
        // n - 1 = 170: every second slice, first left out.
        assert_eq!(official(171), (1..=85).map(|i| 2 * i + 1).collect::<Vec<_>>());
        let ids: Vec<String> = (86..=2000).flat_map(official).map(|s| s.to_string()).collect();
        // Hash of the same list made by Python's own `int(round(i/85*(n-1)))+1`.
        assert_eq!(
            crate::hash::sha256_hex(ids.join(",").as_bytes()),
            "837b5447f708b9c0e791a08017db31e6a3a33d05260ec252a33ca55f04d6cb8b"
        );
        assert_eq!(official(86)[..5], [2, 3, 4, 5, 6]);
        assert_eq!(official(120)[..8], [2, 4, 5, 7, 8, 9, 11, 12]);
    }

    proptest! {
        #[test]
        fn official_is_ascending_distinct_and_ends_at_the_last(n in 1_u32..4000) {
            let sampled = official(n);
            prop_assert!(sampled.windows(2).all(|w| w[0] < w[1]));
            prop_assert_eq!(sampled.last().copied(), Some(n));
            prop_assert_eq!(sampled.len(), (n as usize).min(OFFICIAL_MOST));
        }

        #[test]
        fn no_text_panics_and_what_is_written_is_read_again(text in "[0-9a-z,/ -]{0,20}", n in 0_usize..300) {
            if let Ok(spec) = SliceSpec::parse(&text) {
                prop_assert_eq!(&SliceSpec::parse(&spec.to_string()).unwrap(), &spec);
                if let Ok(slices) = spec.resolve(n) {
                    prop_assert!(slices.iter().all(|s| (1..=n as u32).contains(s)));
                }
            }
        }
    }
}
