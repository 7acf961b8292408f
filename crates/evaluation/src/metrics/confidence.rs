//! Confidence against right and wrong: reliability bins, expected and maximum calibration error, Brier.
//!
//! ECE is biased upwards when there are few answers: below about a hundred show the bins and an interval, not the number.

use serde::Serialize;

use super::proportion::wilson;
use super::roc;

/// An answer: how sure, and whether it was right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// 0 to 1.
    pub confidence: f64,
    /// Right.
    pub right: bool,
}

/// Answers in the order of their cases' names (code points), which breaks the ties of bins of equal size.
pub fn in_case_order(named: &[(&str, Answer)]) -> Vec<Answer> {
    let mut sorted: Vec<&(&str, Answer)> = named.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    sorted.into_iter().map(|(_, answer)| *answer).collect()
}

/// A group of answers of about the same confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Answers in it.
    pub count: usize,
    /// Right ones.
    pub right: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// Share of right ones.
    pub accuracy: f64,
    /// 95 % Wilson interval of the accuracy.
    pub wilson: Option<[f64; 2]>,
    /// Bounds of the confidence: (low, high] for bins of equal width, least and largest for bins of equal mass.
    pub bounds: [f64; 2],
}

impl Bin {
    fn of(answers: &[Answer], bounds: [f64; 2]) -> Option<Self> {
        let (count, right) = (answers.len(), answers.iter().filter(|a| a.right).count());
        (count > 0).then(|| Self {
            count,
            right,
            confidence: answers.iter().map(|a| a.confidence).sum::<f64>() / count as f64,
            accuracy: right as f64 / count as f64,
            wilson: wilson(right, count),
            bounds,
        })
    }

    /// |accuracy - mean confidence|.
    pub fn gap(&self) -> f64 {
        (self.accuracy - self.confidence).abs()
    }
}

/// The bin of a confidence among `bins` of equal width, from 0: bin i holds i/bins < c <= (i+1)/bins, both bounds as the
/// double nearest to the quotient; 0 and less go into the first, more than 1 into the last.
pub fn bin_of(confidence: f64, bins: usize) -> usize {
    let last = bins.saturating_sub(1);
    let edge = |k: usize| k as f64 / bins as f64;
    // The product may be off by one beside an edge, never by more.
    let mut at = ((confidence * bins as f64).ceil().max(1.0) as usize - 1).min(last);
    while at > 0 && confidence <= edge(at) {
        at -= 1;
    }
    while at < last && confidence > edge(at + 1) {
        at += 1;
    }
    at
}

/// Bins of equal width that hold an answer, from the least confidence up. An edge belongs to the bin below it.
pub fn equal_width(answers: &[Answer], bins: usize) -> Vec<Bin> {
    let mut groups: Vec<Vec<Answer>> = vec![Vec::new(); bins];
    for answer in answers {
        if let Some(group) = groups.get_mut(bin_of(answer.confidence, bins)) {
            group.push(*answer);
        }
    }
    let edge = |k: usize| k as f64 / bins as f64;
    groups
        .iter()
        .enumerate()
        .filter_map(|(i, group)| Bin::of(group, [edge(i), edge(i + 1)]))
        .collect()
}

/// Bins of equal size by confidence, equal ones in their own order; the first bins are one larger where the number of
/// answers does not divide, empty ones are left out. Give the answers in the order of their cases.
pub fn equal_mass(answers: &[Answer], bins: usize) -> Vec<Bin> {
    if bins == 0 {
        return Vec::new();
    }
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| (a.confidence + 0.0).total_cmp(&(b.confidence + 0.0)));
    let (size, larger) = (sorted.len() / bins, sorted.len() % bins);
    let (mut at, mut out) = (0, Vec::new());
    for i in 0..bins {
        let end = at + size + usize::from(i < larger);
        let group = &sorted[at..end];
        if let (Some(first), Some(last)) = (group.first(), group.last()) {
            out.extend(Bin::of(group, [first.confidence, last.confidence]));
        }
        at = end;
    }
    out
}

/// Expected calibration error: the gaps weighted by the share of answers (Naeini 2015). `None` without answers.
pub fn expected_error(bins: &[Bin]) -> Option<f64> {
    let n: usize = bins.iter().map(|b| b.count).sum();
    (n > 0).then(|| bins.iter().map(|b| b.count as f64 / n as f64 * b.gap()).sum())
}

/// Maximum calibration error: the largest gap. `None` without answers.
pub fn maximum_error(bins: &[Bin]) -> Option<f64> {
    bins.iter().map(Bin::gap).reduce(f64::max)
}

/// How sure a reader was against how often it was right. Undefined figures are `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confidence {
    /// Answers with a confidence.
    pub n: usize,
    /// ECE, ten bins of equal width.
    pub ece_equal_width_10: Option<f64>,
    /// ECE, fifteen bins of equal width.
    pub ece_equal_width_15: Option<f64>,
    /// ECE, ten bins of equal size.
    pub ece_equal_mass_10: Option<f64>,
    /// Largest gap of ten bins of equal width.
    pub mce_equal_width_10: Option<f64>,
    /// Largest gap of ten bins of equal size.
    pub mce_equal_mass_10: Option<f64>,
    /// Bins of equal width.
    pub bins_equal_width_10: Vec<Bin>,
    /// Bins of equal size.
    pub bins_equal_mass_10: Vec<Bin>,
    /// Mean confidence.
    pub mean_confidence: Option<f64>,
    /// Share of right ones.
    pub accuracy: Option<f64>,
    /// Mean confidence less accuracy.
    pub overconfidence: Option<f64>,
    /// Mean squared distance of the confidence from right (1) and wrong (0).
    pub brier_of_confidence: Option<f64>,
    /// Area under the risk-coverage curve.
    pub aurc: Option<f64>,
    /// Less that of a perfect order.
    pub e_aurc: Option<f64>,
    /// How well the confidence tells right from wrong; `None` when all are right or all wrong.
    pub auroc_of_confidence: Option<f64>,
}

/// Every figure of the confidences. Give the answers in the order of their cases: it breaks ties of equal-mass bins.
pub fn confidence(answers: &[Answer]) -> Confidence {
    let n = answers.len();
    let mean = |of: &dyn Fn(&Answer) -> f64| (n > 0).then(|| answers.iter().map(of).sum::<f64>() / n as f64);
    let truth: Vec<bool> = answers.iter().map(|a| a.right).collect();
    let score: Vec<f64> = answers.iter().map(|a| a.confidence).collect();
    let (width, mass) = (equal_width(answers, 10), equal_mass(answers, 10));
    let risks = super::selective::RiskCoverage::new(answers);
    let (mean_confidence, accuracy) = (mean(&|a| a.confidence), mean(&|a| f64::from(u8::from(a.right))));
    Confidence {
        n,
        ece_equal_width_10: expected_error(&width),
        ece_equal_width_15: expected_error(&equal_width(answers, 15)),
        ece_equal_mass_10: expected_error(&mass),
        mce_equal_width_10: maximum_error(&width),
        mce_equal_mass_10: maximum_error(&mass),
        bins_equal_width_10: width,
        bins_equal_mass_10: mass,
        mean_confidence,
        accuracy,
        overconfidence: mean_confidence.zip(accuracy).map(|(c, a)| c - a),
        brier_of_confidence: roc::brier(&truth, &score),
        aurc: risks.area(),
        e_aurc: risks.excess_area(),
        auroc_of_confidence: roc::auc(&truth, &score),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn answers(list: &[(f64, bool)]) -> Vec<Answer> {
        list.iter()
            .map(|(confidence, right)| Answer {
                confidence: *confidence,
                right: *right,
            })
            .collect()
    }

    #[test]
    fn an_edge_belongs_below() {
        for bins in [1, 2, 7, 10, 15, 100] {
            for k in 1..=bins {
                let edge = k as f64 / bins as f64;
                assert_eq!(bin_of(edge, bins), k - 1, "{k}/{bins}");
                assert_eq!(bin_of(edge.next_up(), bins), k.min(bins - 1), "above {k}/{bins}");
            }
            assert_eq!(
                (bin_of(0.0, bins), bin_of(-1.0, bins), bin_of(2.0, bins)),
                (0, 0, bins - 1)
            );
        }
    }

    #[test]
    fn groups_by_hand() {
        let list = answers(&[(0.95, true), (0.92, false), (0.3, false), (0.3, true)]);
        let bins = equal_width(&list, 10);
        assert_eq!(bins.len(), 2);
        assert_eq!(
            (bins[0].count, bins[0].accuracy, bins[0].bounds),
            (2, 0.5, [0.2, 0.3])
        );
        // 0.5 * |0.5 - 0.3| + 0.5 * |0.5 - 0.935|
        assert!((expected_error(&bins).expect("answers") - 0.3175).abs() < 1e-12);
        assert!((maximum_error(&bins).expect("answers") - 0.435).abs() < 1e-12);
        assert_eq!(
            equal_mass(&list, 3).iter().map(|b| b.count).collect::<Vec<_>>(),
            [2, 1, 1]
        );
        assert_eq!(expected_error(&[]), None);
        assert_eq!(confidence(&[]).ece_equal_mass_10, None);
    }

    proptest! {
        #[test]
        fn errors_stay_within_bounds(
            list in prop::collection::vec((0.0_f64..=1.0, any::<bool>()), 1..80), bins in 1_usize..20
        ) {
            let list = answers(&list);
            for groups in [equal_width(&list, bins), equal_mass(&list, bins)] {
                let (e, m) = (expected_error(&groups).expect("answers"), maximum_error(&groups).expect("answers"));
                prop_assert!(0.0 <= e && e <= m + 1e-12 && m <= 1.0);
                prop_assert_eq!(groups.iter().map(|b| b.count).sum::<usize>(), list.len());
                // Never less than the gap of all answers together.
                let whole = Bin::of(&list, [0.0, 1.0]).expect("answers").gap();
                prop_assert!(e >= whole - 1e-12);
            }
        }
    }
}
