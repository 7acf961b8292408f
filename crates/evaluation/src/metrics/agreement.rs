//! Two readers, the same cases, the same categories: agreement beyond chance, and what makes it look low or high.

use serde::Serialize;

use super::special::Z95;

/// Agreement of two readers; `None` where undefined.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Cases.
    pub n: usize,
    /// Cases by category of the first (row) and of the second (column).
    pub table: Vec<Vec<usize>>,
    /// Share of cases with the same category.
    pub observed: Option<f64>,
    /// The same by chance, from the margins.
    pub expected: Option<f64>,
    /// Cohen's kappa; undefined where both always say the same one category.
    pub kappa: Option<f64>,
    /// Kappa with weights by steps apart in the category order.
    pub kappa_linear: Option<f64>,
    /// By their squares.
    pub kappa_quadratic: Option<f64>,
    /// Standard error (Fleiss, Cohen and Everitt 1969); `None` where agreement is complete or a reader is constant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kappa_se: Option<f64>,
    /// Normal interval from it, 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kappa_ci: Option<[f64; 2]>,
    /// The highest kappa that these margins allow.
    pub kappa_max: Option<f64>,
    /// Kappa if every category were as common and neither reader leaned.
    pub pabak: Option<f64>,
    /// Scott's pi.
    pub scott_pi: Option<f64>,
    /// Gwet's AC1, steady where one category is rare.
    pub gwet_ac1: Option<f64>,
    /// Two categories only: how uneven they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prevalence_index: Option<f64>,
    /// Two categories only: how far the readers' shares are apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias_index: Option<f64>,
}

/// How a disagreement of two categories weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighting {
    /// All alike.
    Nominal,
    /// By the steps between them.
    Linear,
    /// By the square of the steps.
    Quadratic,
}

/// The table of two readers over `categories` categories; a category outside is left out.
pub fn cross_table(categories: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Vec<Vec<usize>> {
    let mut table = vec![vec![0; categories]; categories];
    for (a, b) in pairs {
        if let Some(cell) = table.get_mut(a).and_then(|row| row.get_mut(b)) {
            *cell += 1;
        }
    }
    table
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// Cohen's kappa of a square table (counts or weights); `None` for no cases, or where chance alone explains all.
pub fn kappa(table: &[Vec<usize>], weighting: Weighting) -> Option<f64> {
    let k = table.len();
    let n: usize = table.iter().flatten().sum();
    let rows: Vec<f64> = table.iter().map(|row| row.iter().sum::<usize>() as f64).collect();
    let columns = column_sums(table);
    let far = k.saturating_sub(1) as f64;
    let (mut above, mut below) = (0.0, 0.0);
    for (i, row) in table.iter().enumerate() {
        for (j, cell) in row.iter().enumerate() {
            let steps = i.abs_diff(j) as f64;
            let weight = match weighting {
                Weighting::Nominal => f64::from(u8::from(i != j)),
                Weighting::Linear => steps / far,
                Weighting::Quadratic => (steps / far) * (steps / far),
            };
            above += weight * *cell as f64;
            below += weight * (rows[i] * columns[j] / n as f64);
        }
    }
    (below > 0.0).then(|| finite(1.0 - above / below)).flatten()
}

fn column_sums(table: &[Vec<usize>]) -> Vec<f64> {
    let mut sums = vec![0_usize; table.len()];
    for row in table {
        for (sum, cell) in sums.iter_mut().zip(row) {
            *sum += cell;
        }
    }
    sums.into_iter().map(|x| x as f64).collect()
}

/// Everything about a square table of two readers.
pub fn agreement(table: Vec<Vec<usize>>) -> Agreement {
    let k = table.len();
    let n: usize = table.iter().flatten().sum();
    if n == 0 || table.iter().any(|row| row.len() != k) {
        return Agreement {
            table,
            ..Agreement::default()
        };
    }
    let m = n as f64;
    let p: Vec<f64> = table
        .iter()
        .map(|row| row.iter().sum::<usize>() as f64 / m)
        .collect();
    let q: Vec<f64> = column_sums(&table).into_iter().map(|c| c / m).collect();
    let observed = (0..k).map(|i| table[i][i]).sum::<usize>() as f64 / m;
    let expected: f64 = p.iter().zip(&q).map(|(p, q)| p * q).sum();
    let beyond = |chance: f64| {
        (chance < 1.0)
            .then(|| finite((observed - chance) / (1.0 - chance)))
            .flatten()
    };
    let shares: Vec<f64> = p.iter().zip(&q).map(|(p, q)| f64::midpoint(*p, *q)).collect();
    let scott: f64 = shares.iter().map(|s| s * s).sum();
    let others = k.saturating_sub(1) as f64;
    let gwet = shares.iter().map(|s| s * (1.0 - s)).sum::<f64>() / others;
    let plain = kappa(&table, Weighting::Nominal);
    // A reader who says one thing only has kappa 0 on any cases: the formula's 0 is no certainty.
    let constant = [&p, &q].iter().any(|shares| shares.contains(&1.0));
    let kappa_se = kappa_standard_error(&table).filter(|_| plain.is_some() && !constant);
    let two = k == 2;
    Agreement {
        n,
        observed: Some(observed),
        expected: Some(expected),
        kappa: plain,
        kappa_linear: kappa(&table, Weighting::Linear),
        kappa_quadratic: kappa(&table, Weighting::Quadratic),
        kappa_se,
        kappa_ci: plain.zip(kappa_se).map(|(x, se)| [x - Z95 * se, x + Z95 * se]),
        kappa_max: (expected < 1.0)
            .then(|| (p.iter().zip(&q).map(|(p, q)| p.min(*q)).sum::<f64>() - expected) / (1.0 - expected)),
        pabak: finite((k as f64 * observed - 1.0) / others),
        scott_pi: beyond(scott),
        gwet_ac1: beyond(gwet),
        prevalence_index: two.then(|| table[0][0].abs_diff(table[1][1]) as f64 / m),
        bias_index: two.then(|| table[0][1].abs_diff(table[1][0]) as f64 / m),
        table,
    }
}

/// Large-sample standard error of kappa (J. L. Fleiss, J. Cohen, B. S. Everitt, Psychological Bulletin 1969); `None` for
/// no cases, complete agreement, or a variance that rounding takes below 0.
pub fn kappa_standard_error(table: &[Vec<usize>]) -> Option<f64> {
    let n: usize = table.iter().flatten().sum();
    let m = n as f64;
    let p: Vec<f64> = table
        .iter()
        .map(|row| row.iter().sum::<usize>() as f64 / m)
        .collect();
    let q: Vec<f64> = column_sums(table).into_iter().map(|c| c / m).collect();
    let same: usize = table.iter().enumerate().filter_map(|(i, row)| row.get(i)).sum();
    if n == 0 || same == n {
        return None;
    }
    let chance: f64 = p.iter().zip(&q).map(|(p, q)| q * p).sum();
    let kappa = (same as f64 / m - chance) / (1.0 - chance);
    let off = 1.0 - kappa;
    let (mut diagonal, mut rest) = (0.0, 0.0);
    for (i, row) in table.iter().enumerate() {
        for (j, cell) in row.iter().enumerate() {
            let share = *cell as f64 / m;
            if i == j {
                let inner = 1.0 - (p[i] + q[i]) * off;
                diagonal += share * (inner * inner);
            } else {
                let inner = q[i] + p[j];
                rest += share * (inner * inner);
            }
        }
    }
    let centre = kappa - chance * off;
    let left = diagonal + off * off * rest - centre * centre;
    let variance = left / ((1.0 - chance) * (1.0 - chance)) / m;
    (variance >= 0.0).then(|| variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cohen's kappa of 20, 5, 10, 15 is 0.4 by hand (0.7 observed, 0.5 expected).
    #[test]
    fn fifty_grants() {
        let a = agreement(vec![vec![20, 5], vec![10, 15]]);
        assert!((a.kappa.expect("defined") - 0.4).abs() < 1e-12);
        assert!((a.pabak.expect("defined") - 0.4).abs() < 1e-12);
        assert_eq!((a.prevalence_index, a.bias_index), (Some(0.1), Some(0.1)));
        // With two categories one step is all there is.
        assert!((a.kappa_quadratic.expect("defined") - 0.4).abs() < 1e-12);
    }

    #[test]
    fn undefined_where_chance_explains_all() {
        let same = agreement(vec![vec![6, 0], vec![0, 0]]);
        assert_eq!(
            (same.kappa, same.kappa_max, same.gwet_ac1),
            (None, None, Some(1.0))
        );
        assert_eq!(agreement(vec![vec![0, 0], vec![0, 0]]).observed, None);
        assert_eq!(agreement(Vec::new()).kappa, None);
        assert_eq!(agreement(vec![vec![4]]).gwet_ac1, None);
    }
}
