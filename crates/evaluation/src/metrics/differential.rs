//! A differential, the most likely diagnosis first: the rank of the truth, hits at 1, 3 and 5, mean reciprocal rank.
//!
//! A long list finds more: fix the length that is asked for, and fold synonyms before counting.

use serde::Serialize;

use super::proportion::wilson;

/// The place from 1 of the first entry that is one of the accepted names.
pub fn rank<T: AsRef<str>, U: AsRef<str>>(accepted: &[T], differential: &[U]) -> Option<usize> {
    let found = |entry: &U| accepted.iter().any(|name| name.as_ref() == entry.as_ref());
    differential.iter().position(found).map(|at| at + 1)
}

/// How often the truth was among the first k.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hit {
    /// k.
    pub at: usize,
    /// Cases with a hit.
    pub hits: usize,
    /// Their share; `None` without cases.
    pub share: Option<f64>,
    /// Its 95 % Wilson interval.
    pub wilson: Option<[f64; 2]>,
}

/// Cases whose truth is among the first `at`.
pub fn hit(ranks: &[Option<usize>], at: usize) -> Hit {
    let hits = ranks.iter().flatten().filter(|rank| **rank <= at).count();
    Hit {
        at,
        hits,
        share: (!ranks.is_empty()).then(|| hits as f64 / ranks.len() as f64),
        wilson: wilson(hits, ranks.len()),
    }
}

/// Mean of 1 / rank, 0 where the truth is not in the list. `None` without cases.
pub fn mean_reciprocal_rank(ranks: &[Option<usize>]) -> Option<f64> {
    let sum: f64 = ranks.iter().flatten().map(|rank| 1.0 / *rank as f64).sum();
    (!ranks.is_empty()).then(|| sum / ranks.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_from_one() {
        assert_eq!(rank(&["mi", "stemi"], &["angina", "stemi", "mi"]), Some(2));
        assert_eq!(rank(&["tb"], &["ca"]), None);
        assert_eq!(rank::<&str, &str>(&[], &[]), None);
        let ranks = [Some(1), Some(2), None, Some(6)];
        assert_eq!(
            (hit(&ranks, 1).hits, hit(&ranks, 3).share, hit(&ranks, 5).hits),
            (1, Some(0.5), 2)
        );
        let mean = mean_reciprocal_rank(&ranks).expect("cases");
        assert!((mean - (1.0 + 0.5 + 1.0 / 6.0) / 4.0).abs() < 1e-15);
        assert_eq!(
            (hit(&[], 1).share, hit(&[], 1).wilson, mean_reciprocal_rank(&[])),
            (None, None, None)
        );
    }
}
