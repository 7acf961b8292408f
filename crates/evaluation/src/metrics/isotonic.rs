//! Isotonic regression: the rising step function nearest to the outcomes, by pooling adjacent violators in O(n log n),
//! linear between its knots and level outside them (Zadrozny and Elkan 2002). Needs some hundreds of cases.

use serde::{Deserialize, Serialize};

/// Scores closer than this are one score.
const SAME: f64 = 1e-15;

/// A rising curve from score to probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// Scores, rising.
    pub x: Vec<f64>,
    /// Probabilities at them, 0 to 1, never falling.
    pub y: Vec<f64>,
}

impl Isotonic {
    /// Fits outcomes (0 to 1) to scores. Equal scores share the mean of their outcomes. Cases that are not finite are left
    /// out. `None` without cases.
    pub fn fit(cases: &[(f64, f64)]) -> Option<Self> {
        let mut sorted: Vec<(f64, f64)> = cases
            .iter()
            .copied()
            .filter(|(s, t)| s.is_finite() && t.is_finite())
            .collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        // (score, mean outcome, cases) of each score.
        let mut scores: Vec<(f64, f64, f64)> = Vec::new();
        for (score, outcome) in sorted {
            match scores.last_mut() {
                Some(last) if score - last.0 < SAME => {
                    last.2 += 1.0;
                    last.1 += (outcome - last.1) / last.2;
                }
                _ => scores.push((score, outcome, 1.0)),
            }
        }
        // (sum of outcomes, cases, scores) of each pooled block.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        for (_, outcome, cases) in &scores {
            let mut block = (outcome * cases, *cases, 1);
            while let Some(before) = blocks.last().copied() {
                if before.0 * block.1 < block.0 * before.1 {
                    break;
                }
                blocks.pop();
                block = (before.0 + block.0, before.1 + block.1, before.2 + block.2);
            }
            blocks.push(block);
        }
        let (mut x, mut y, mut at) = (Vec::new(), Vec::new(), 0);
        for (sum, cases, members) in blocks {
            let level = (sum / cases).clamp(0.0, 1.0);
            // Both ends of a level stretch are knots.
            x.push(scores[at].0);
            y.push(level);
            if members > 1 {
                x.push(scores[at + members - 1].0);
                y.push(level);
            }
            at += members;
        }
        (!x.is_empty()).then_some(Self { x, y })
    }

    /// True when its knots are finite, rising, as many as its values, and these rise within 0 to 1: what a file must
    /// hold.
    pub fn is_sound(&self) -> bool {
        let rising =
            |v: &[f64], strictly: bool| v.windows(2).all(|w| w[0] < w[1] || (!strictly && w[0] == w[1]));
        !self.x.is_empty()
            && self.x.len() == self.y.len()
            && self.x.iter().all(|v| v.is_finite())
            && self.y.iter().all(|v| (0.0..=1.0).contains(v))
            && rising(&self.x, true)
            && rising(&self.y, false)
    }

    /// The probability at a score: linear between knots, that of the nearest knot outside. Not a number for one.
    pub fn at(&self, score: f64) -> f64 {
        if score.is_nan() {
            return f64::NAN;
        }
        let after = self.x.partition_point(|x| *x < score);
        match (after.checked_sub(1), self.x.get(after)) {
            (_, Some(x)) if *x == score => self.y[after],
            (Some(before), Some(next)) => {
                let (x0, y0) = (self.x[before], self.y[before]);
                y0 + (self.y[after] - y0) * ((score - x0) / (next - x0))
            }
            (None, Some(_)) => self.y[0],
            (Some(last), None) => self.y[last],
            (None, None) => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pools_by_hand() {
        let cases: Vec<(f64, f64)> = [0.0, 1.0, 0.0, 0.0, 1.0]
            .iter()
            .enumerate()
            .map(|(i, t)| (i as f64, *t))
            .collect();
        let curve = Isotonic::fit(&cases).expect("cases");
        let third = 1.0 / 3.0;
        assert_eq!(
            (curve.x.clone(), curve.y.clone()),
            (vec![0.0, 1.0, 3.0, 4.0], vec![0.0, third, third, 1.0])
        );
        assert_eq!((curve.at(-9.0), curve.at(2.0), curve.at(9.0)), (0.0, third, 1.0));
        assert!((curve.at(3.5) - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(Isotonic::fit(&[]), None);
        let same = Isotonic::fit(&[(2.0, 1.0), (2.0, 0.0), (2.0, 0.0), (2.0, 0.0)]).expect("cases");
        assert_eq!((same.at(0.0), same.at(2.0)), (0.25, 0.25));
    }

    proptest! {
        #[test]
        fn it_rises_keeps_the_mean_and_fits_itself(
            list in prop::collection::vec(((0_u8..20).prop_map(f64::from), any::<bool>()), 1..60)
        ) {
            let cases: Vec<(f64, f64)> = list.iter().map(|(s, t)| (*s, f64::from(u8::from(*t)))).collect();
            let curve = Isotonic::fit(&cases).expect("cases");
            prop_assert!(curve.is_sound());
            let fitted: Vec<(f64, f64)> = cases.iter().map(|(s, _)| (*s, curve.at(*s))).collect();
            let sum = |v: &[(f64, f64)]| v.iter().map(|c| c.1).sum::<f64>();
            prop_assert!((sum(&cases) - sum(&fitted)).abs() < 1e-9);
            let again = Isotonic::fit(&fitted).expect("cases");
            for (score, value) in fitted {
                prop_assert!((again.at(score) - value).abs() < 1e-12);
            }
        }
    }
}
