//! Which slices: `12`, `10-20`, `10-40/3`, `3,7,9`, `middle`, `official`, `all`; slices count from 1.

/// Most slices that the official recipe takes.
pub const OFFICIAL_MOST: usize = 85;

/// A spec that cannot be met.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SliceError {
    /// Not understood.
    #[error("`{0}` names no slices; write for example 12, 10-20, 10-40/3, 3,7,9, middle, official or all")]
    NotUnderstood(String),
    /// Outside the series.
    #[error("there is no slice {asked}; the series has {slices}")]
    Outside {
        /// Asked for.
        asked: usize,
        /// Slices there are.
        slices: usize,
    },
}

/// The slices of a spec, from 1, ascending and each once, for a series of `n`.
///
/// # Errors
/// [`SliceError`].
pub fn choose(spec: &str, n: usize) -> Result<Vec<usize>, SliceError> {
    let unknown = || SliceError::NotUnderstood(spec.to_owned());
    let number = |text: &str| {
        text.trim()
            .parse::<usize>()
            .ok()
            .filter(|v| *v > 0)
            .ok_or_else(unknown)
    };
    let mut chosen = match spec.trim() {
        "middle" if n > 0 => vec![n / 2 + 1],
        "all" => (1..=n).collect(),
        "official" => official(n),
        other => {
            let mut all = Vec::new();
            for part in other.split(',') {
                let (range, step) = match part.split_once('/') {
                    Some((range, step)) => (range, number(step)?),
                    None => (part, 1),
                };
                match range.split_once('-') {
                    Some((from, to)) => all.extend((number(from)?..=number(to)?).step_by(step)),
                    None if step == 1 => all.push(number(range)?),
                    None => return Err(unknown()),
                }
            }
            all
        }
    };
    chosen.sort_unstable();
    chosen.dedup();
    if chosen.is_empty() {
        return Err(unknown());
    }
    match chosen.iter().find(|s| **s > n) {
        Some(asked) => Err(SliceError::Outside {
            asked: *asked,
            slices: n,
        }),
        None => Ok(chosen),
    }
}

/// The notebook's sampling: all of up to 85, else index round(i / 85 * (n - 1)) for i = 1 to 85, half to even. The
/// first slice is then never taken and the last always is.
pub fn official(n: usize) -> Vec<usize> {
    if n <= OFFICIAL_MOST {
        return (1..=n).collect();
    }
    (1..=OFFICIAL_MOST)
        .map(|i| (i as f64 / OFFICIAL_MOST as f64 * (n - 1) as f64).round_ties_even() as usize + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_understood() {
        assert_eq!(choose("12", 20), Ok(vec![12]));
        assert_eq!(choose("10-16/3", 20), Ok(vec![10, 13, 16]));
        assert_eq!(choose("9,3-4,3", 20), Ok(vec![3, 4, 9]));
        assert_eq!(choose("middle", 5), Ok(vec![3]));
        assert_eq!(choose("all", 3), Ok(vec![1, 2, 3]));
        assert_eq!(
            choose("21", 20),
            Err(SliceError::Outside {
                asked: 21,
                slices: 20
            })
        );
        for wrong in ["", "0", "a", "5-", "7-3", "3/2", "1-3/0"] {
            assert!(
                matches!(choose(wrong, 20), Err(SliceError::NotUnderstood(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_official_sampling_skips_the_first_and_takes_the_last() {
        let chosen = official(171);
        assert_eq!((chosen.len(), chosen[0], chosen[84]), (85, 3, 171));
        assert_eq!(official(85).len(), 85);
        assert_eq!(official(86), (2..=86).collect::<Vec<_>>());
    }
}
