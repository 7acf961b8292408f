//! How far probabilities can be believed: Brier score, log loss, expected calibration error.

/// Smallest probability of the truth that log loss tells apart: 2^-52.
pub const SMALLEST: f64 = 2.220_446_049_250_313e-16;

/// Sum over the labels of (p − [label is the truth])²: 0 to 2, not halved.
pub fn brier(probabilities: &[f64], truth: usize) -> f64 {
    probabilities
        .iter()
        .enumerate()
        .map(|(k, p)| (p - if k == truth { 1.0 } else { 0.0 }).powi(2))
        .sum()
}

/// −ln max(p of the truth, [`SMALLEST`]).
pub fn log_loss(truth_probability: f64) -> f64 {
    -truth_probability.max(SMALLEST).ln()
}

/// Mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// An answer with its confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confident<'a> {
    /// Case id: breaks ties, by code point.
    pub case: &'a str,
    /// 0 to 1.
    pub confidence: f64,
    /// The answer is right.
    pub right: bool,
}

fn gap<'a>(bin: impl Iterator<Item = &'a Confident<'a>>, total: usize) -> f64 {
    let (mut size, mut right, mut confidence) = (0_u64, 0_u64, 0.0);
    for answer in bin {
        size += 1;
        right += u64::from(answer.right);
        confidence += answer.confidence;
    }
    if size == 0 {
        return 0.0;
    }
    let n = size as f64;
    n / total as f64 * (right as f64 / n - confidence / n).abs()
}

/// Expected calibration error over `bins` bins of equal width: bin i of 1… holds (i−1)/bins < c ≤ i/bins, both bounds
/// as the double nearest to the quotient; 0 goes into the first. `None` of nothing.
pub fn ece_equal_width(answers: &[Confident<'_>], bins: u32) -> Option<f64> {
    let n = answers.len();
    let bound = |i: u32| f64::from(i) / f64::from(bins);
    let bin = |i: u32| {
        answers.iter().filter(move |a| {
            (a.confidence > bound(i - 1) || (i == 1 && a.confidence <= 0.0)) && a.confidence <= bound(i)
        })
    };
    (n > 0).then(|| (1..=bins).map(|i| gap(bin(i), n)).sum())
}

/// The same over `bins` groups of equal size: sorted by confidence, then case; the first (total mod bins) groups are
/// one larger, empty ones count nothing.
pub fn ece_equal_mass(answers: &[Confident<'_>], bins: usize) -> Option<f64> {
    let n = answers.len();
    if n == 0 || bins == 0 {
        return None;
    }
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| {
        a.confidence
            .total_cmp(&b.confidence)
            .then_with(|| a.case.cmp(b.case))
    });
    let (size, larger) = (n / bins, n % bins);
    let mut rest = sorted.as_slice();
    let mut sum = 0.0;
    for i in 0..bins {
        let (group, after) = rest.split_at(size + usize::from(i < larger));
        sum += gap(group.iter(), n);
        rest = after;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(all: &[(f64, bool)]) -> Vec<Confident<'static>> {
        all.iter()
            .map(|(confidence, right)| Confident {
                case: "c",
                confidence: *confidence,
                right: *right,
            })
            .collect()
    }

    #[test]
    fn bounds_belong_to_the_lower_bin() {
        // 0.3 as a double is the bound 3/10: bin 3, with 0.25.
        let a = answers(&[(0.25, true), (0.3, false)]);
        assert!((ece_equal_width(&a, 10).unwrap() - (0.5_f64 - 0.275).abs()).abs() < 1e-12);
        let zero = answers(&[(0.0, true), (-0.0, true)]);
        assert!((ece_equal_width(&zero, 10).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn groups_are_as_even_as_can_be() {
        let a = answers(&[(0.1, false), (0.2, true), (0.9, true)]);
        // Groups {0.1, 0.2}, {0.9}: 2/3 |0.5 − 0.15| + 1/3 |1 − 0.9|.
        let expected = 2.0 / 3.0 * 0.35 + 0.1 / 3.0;
        assert!((ece_equal_mass(&a, 2).unwrap() - expected).abs() < 1e-12);
        assert_eq!((ece_equal_mass(&[], 10), ece_equal_width(&[], 10)), (None, None));
    }

    #[test]
    fn brier_and_log_loss_at_their_ends() {
        assert!((brier(&[0.0, 1.0], 0) - 2.0).abs() < 1e-15);
        assert!((log_loss(0.0) - 36.043_653_389_117_15).abs() < 1e-12);
        assert!(log_loss(1.0).abs() < f64::EPSILON);
    }
}
