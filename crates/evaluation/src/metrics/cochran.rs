//! Three readers and more of the same cases: whether they differ at all (Cochran's Q), then which of them.

use serde::Serialize;

use super::multiple::{benjamini_hochberg, bonferroni, holm};
use super::paired::mcnemar;
use super::special::chi_squared_sf;

/// The whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cochran {
    /// Statistic; `None` where no case tells the readers apart.
    pub q: Option<f64>,
    /// Degrees of freedom, readers - 1.
    pub df: usize,
    /// p of Q; 1 where it is undefined.
    pub p: f64,
    /// Every pair, first before second in the readers' order.
    pub pairs: Vec<CochranPair>,
}

/// A pair of readers, by their places from 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CochranPair {
    /// First reader.
    pub a: usize,
    /// Second reader.
    pub b: usize,
    /// Cases that only the first got right.
    pub a_only: usize,
    /// Cases that only the second got right.
    pub b_only: usize,
    /// McNemar's exact p.
    pub mcnemar_exact: f64,
    /// Mid-p.
    pub mcnemar_midp: f64,
    /// The exact p by Holm over all pairs.
    pub holm: f64,
    /// By Bonferroni.
    pub bonferroni: f64,
    /// By Benjamini and Hochberg.
    pub benjamini_hochberg: f64,
}

/// Compares `readers` readers over `correct[case][reader]`; a case with another number of readers is left out.
pub fn cochran(readers: usize, correct: &[Vec<bool>]) -> Cochran {
    let mut of_reader = vec![0_usize; readers];
    let (mut cases_sum, mut cases_squares) = (0_u128, 0_u128);
    let mut only = vec![0_usize; readers * readers];
    for row in correct.iter().filter(|row| row.len() == readers) {
        let right = row.iter().filter(|r| **r).count() as u128;
        cases_sum += right;
        cases_squares += right * right;
        for (i, _) in row.iter().enumerate().filter(|(_, right)| **right) {
            of_reader[i] += 1;
            for (j, _) in row.iter().enumerate().filter(|(_, right)| !**right) {
                only[i * readers + j] += 1;
            }
        }
    }
    let k = readers as u128;
    let below = (k * cases_sum).saturating_sub(cases_squares);
    let squares: u128 = of_reader.iter().map(|g| (*g as u128) * (*g as u128)).sum();
    let above = k.saturating_sub(1) * (k * squares).saturating_sub(cases_sum * cases_sum);
    let q = (below > 0).then(|| above as f64 / below as f64);
    let df = readers.saturating_sub(1);
    let p = q.map_or(1.0, |q| chi_squared_sf(q, df as f64));
    let mut pairs = Vec::new();
    for a in 0..readers {
        for b in a + 1..readers {
            let (a_only, b_only) = (only[a * readers + b], only[b * readers + a]);
            let [mcnemar_exact, mcnemar_midp] = mcnemar(a_only, b_only);
            pairs.push(CochranPair {
                a,
                b,
                a_only,
                b_only,
                mcnemar_exact,
                mcnemar_midp,
                holm: 1.0,
                bonferroni: 1.0,
                benjamini_hochberg: 1.0,
            });
        }
    }
    let raw: Vec<f64> = pairs.iter().map(|pair| pair.mcnemar_exact).collect();
    let adjusted = holm(&raw)
        .into_iter()
        .zip(bonferroni(&raw))
        .zip(benjamini_hochberg(&raw));
    for (pair, ((holm, bonferroni), hochberg)) in pairs.iter_mut().zip(adjusted) {
        pair.holm = holm;
        pair.bonferroni = bonferroni;
        pair.benjamini_hochberg = hochberg;
    }
    Cochran { q, df, p, pairs }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With two readers Q is McNemar's statistic without correction.
    #[test]
    fn two_readers_are_mcnemar() {
        let rows: Vec<Vec<bool>> = [
            (true, false, 7),
            (false, true, 2),
            (true, true, 5),
            (false, false, 3),
        ]
        .into_iter()
        .flat_map(|(a, b, n)| std::iter::repeat_n(vec![a, b], n))
        .collect();
        let all = cochran(2, &rows);
        assert!((all.q.expect("defined") - 25.0 / 9.0).abs() < 1e-12);
        assert_eq!((all.df, all.pairs.len(), all.pairs[0].a_only), (1, 1, 7));
    }

    #[test]
    fn one_reader_or_none() {
        assert_eq!(cochran(1, &[vec![true]]).q, None);
        assert_eq!(cochran(0, &[]).p, 1.0);
    }
}
