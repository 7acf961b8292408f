//! Many readers of the same items, gaps allowed: Fleiss, Gwet's AC1, Krippendorff's alpha.

use serde::Serialize;

/// Agreement of many readers; `None` where undefined.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ManyReaders {
    /// Items.
    pub items: usize,
    /// Readers, as the first item has places.
    pub raters: usize,
    /// Fleiss' kappa; `None` with gaps.
    pub fleiss_kappa: Option<f64>,
    /// Mean share of agreeing pairs, over the items with two ratings or more.
    pub percent_agreement: Option<f64>,
    /// Gwet's AC1.
    pub gwet_ac1: Option<f64>,
    /// Krippendorff's alpha, every disagreement alike.
    pub krippendorff_nominal: Option<f64>,
    /// By rank, where categories have an order.
    pub krippendorff_ordinal: Option<f64>,
    /// By the squared steps between them, likewise.
    pub krippendorff_interval: Option<f64>,
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// Agreement over `ratings[item][reader]`, each a category below `categories` or a gap. The ordinal and interval alphas
/// are given where the categories are `ordered`.
pub fn agreement_many(ratings: &[Vec<Option<usize>>], categories: usize, ordered: bool) -> ManyReaders {
    let raters = ratings.first().map_or(0, Vec::len);
    let mut out = ManyReaders {
        items: ratings.len(),
        raters,
        ..ManyReaders::default()
    };
    let counts: Vec<Vec<f64>> = ratings
        .iter()
        .map(|row| {
            let mut of_item = vec![0.0; categories];
            for category in row.iter().flatten() {
                if let Some(count) = of_item.get_mut(*category) {
                    *count += 1.0;
                }
            }
            of_item
        })
        .collect();
    let m: Vec<f64> = counts.iter().map(|row| row.iter().sum()).collect();
    let agreeing: Vec<f64> = counts
        .iter()
        .zip(&m)
        .filter(|(_, m)| **m >= 2.0)
        .map(|(row, m)| row.iter().map(|c| c * (c - 1.0)).sum::<f64>() / (m * (m - 1.0)))
        .collect();
    let observed = finite(agreeing.iter().sum::<f64>() / agreeing.len() as f64);
    out.percent_agreement = observed;
    let full = raters >= 2 && m.iter().all(|m| *m == raters as f64);
    if full {
        let total: f64 = m.iter().sum();
        let chance: f64 = (0..categories)
            .map(|c| (counts.iter().map(|row| row[c]).sum::<f64>() / total).powi(2))
            .sum();
        out.fleiss_kappa = observed
            .filter(|_| chance != 1.0)
            .and_then(|o| finite((o - chance) / (1.0 - chance)));
    }
    let used: Vec<(&Vec<f64>, f64)> = counts
        .iter()
        .zip(m.iter().copied())
        .filter(|(_, m)| *m >= 1.0)
        .collect();
    let chance = (0..categories)
        .map(|c| {
            let share = used.iter().map(|(row, m)| row[c] / m).sum::<f64>() / used.len() as f64;
            share * (1.0 - share)
        })
        .sum::<f64>()
        / categories.saturating_sub(1) as f64;
    out.gwet_ac1 = observed.and_then(|o| finite((o - chance) / (1.0 - chance)));
    let coincidences = coincidences(&counts, &m);
    out.krippendorff_nominal = alpha(&coincidences, |_, a, b| f64::from(u8::from(a != b)));
    if ordered {
        out.krippendorff_ordinal = alpha(&coincidences, |margins, a, b| {
            let (low, high) = (a.min(b), a.max(b));
            let between: f64 = margins[low..=high].iter().sum();
            (between - f64::midpoint(margins[low], margins[high])).powi(2)
        });
        out.krippendorff_interval = alpha(&coincidences, |_, a, b| (a as f64 - b as f64).powi(2));
    }
    out
}

/// Pairs of ratings within items, each item weighing as many pairs as it has ratings.
fn coincidences(counts: &[Vec<f64>], m: &[f64]) -> Vec<Vec<f64>> {
    let k = counts.first().map_or(0, Vec::len);
    let mut out = vec![vec![0.0; k]; k];
    for (row, m) in counts.iter().zip(m).filter(|(_, m)| **m >= 2.0) {
        let given: Vec<usize> = (0..k).filter(|c| row[*c] > 0.0).collect();
        for &a in &given {
            for &b in &given {
                let same = if a == b { 1.0 } else { 0.0 };
                out[a][b] += row[a] * (row[b] - same) / (m - 1.0);
            }
        }
    }
    out
}

/// 1 - observed / expected disagreement (K. Krippendorff, Content Analysis), distances squared.
fn alpha(coincidences: &[Vec<f64>], distance: impl Fn(&[f64], usize, usize) -> f64) -> Option<f64> {
    let margins: Vec<f64> = coincidences.iter().map(|row| row.iter().sum()).collect();
    let total: f64 = margins.iter().sum();
    let (mut seen, mut chance) = (0.0, 0.0);
    for (a, row) in coincidences.iter().enumerate() {
        for (b, cell) in row.iter().enumerate() {
            if a == b || margins[a] == 0.0 || margins[b] == 0.0 {
                continue;
            }
            let apart = distance(&margins, a, b);
            seen += cell * apart;
            chance += margins[a] * margins[b] * apart;
        }
    }
    (chance > 0.0)
        .then(|| finite(1.0 - (total - 1.0) * seen / chance))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Krippendorff's own example of two observers, binary, without gaps: alpha 0.095.
    #[test]
    fn two_observers() {
        let a = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0];
        let b = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0];
        let rows: Vec<Vec<Option<usize>>> = a.iter().zip(b).map(|(a, b)| vec![Some(*a), Some(b)]).collect();
        let many = agreement_many(&rows, 2, false);
        assert!(
            (many.krippendorff_nominal.expect("defined") - 0.095).abs() < 5e-4,
            "{many:?}"
        );
        assert_eq!(many.krippendorff_ordinal, None);
    }

    #[test]
    fn nothing_to_compare() {
        assert_eq!(agreement_many(&[], 2, true), ManyReaders::default());
        let single = agreement_many(&[vec![Some(0)], vec![None]], 2, true);
        assert_eq!(
            (single.percent_agreement, single.gwet_ac1, single.fleiss_kappa),
            (None, None, None)
        );
        assert_eq!(single.krippendorff_nominal, None);
    }
}
