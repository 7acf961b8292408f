//! Agreement of readers over weighted cases.

use super::{reach, weight};
use crate::metrics::agreement::{Weighting, agreement, kappa};
use crate::metrics::bootstrap::Statistic;
use crate::metrics::patients::Patients;

/// The columns of [`TwoReaders`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Share of cases with the same category.
    Observed,
    /// Cohen's kappa.
    Kappa,
    /// With linear weights.
    KappaLinear,
    /// With quadratic weights.
    KappaQuadratic,
    /// Gwet's AC1.
    GwetAc1,
    /// Scott's pi.
    ScottPi,
}

/// Agreement of two readers; the columns are those of [`Between`].
#[derive(Clone, Debug)]
pub struct TwoReaders {
    categories: usize,
    /// Categories of the two and where their cases end.
    cells: Vec<(usize, usize, usize)>,
    cases: Vec<u32>,
}

impl TwoReaders {
    /// From (case, category of the first, of the second) over `categories` ordered categories, counted from 0; a case
    /// with another category is left out.
    pub fn new(rows: impl IntoIterator<Item = (usize, usize, usize)>, categories: usize) -> Self {
        let mut all: Vec<(usize, usize, u32)> = rows
            .into_iter()
            .filter(|(_, a, b)| *a < categories && *b < categories)
            .map(|(case, a, b)| (a, b, case as u32))
            .collect();
        all.sort_unstable();
        let mut cells: Vec<(usize, usize, usize)> = Vec::new();
        for (i, (a, b, _)) in all.iter().enumerate() {
            match cells.last_mut().filter(|cell| (cell.0, cell.1) == (*a, *b)) {
                Some(cell) => cell.2 = i + 1,
                None => cells.push((*a, *b, i + 1)),
            }
        }
        Self {
            categories,
            cells,
            cases: all.into_iter().map(|row| row.2).collect(),
        }
    }

    fn table(&self, of: impl Fn(&[u32]) -> usize) -> Vec<Vec<usize>> {
        let mut table = vec![vec![0; self.categories]; self.categories];
        let mut from = 0;
        for (a, b, to) in &self.cells {
            table[*a][*b] = of(&self.cases[from..*to]);
            from = *to;
        }
        table
    }

    fn figures(table: Vec<Vec<usize>>, out: &mut [Option<f64>]) {
        out[1] = kappa(&table, Weighting::Nominal);
        out[2] = kappa(&table, Weighting::Linear);
        out[3] = kappa(&table, Weighting::Quadratic);
        let all = agreement(table);
        out[0] = all.observed;
        out[4] = all.gwet_ac1;
        out[5] = all.scott_pi;
    }
}

impl Statistic for TwoReaders {
    fn width(&self) -> usize {
        6
    }

    fn cases(&self) -> usize {
        reach(&self.cases)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        Self::figures(self.table(|cases| weight(weights, cases) as usize), out);
    }

    fn leave_out(&self, patients: &Patients, out: &mut [Option<f64>]) {
        let mut table = self.table(<[u32]>::len);
        let mut own: Vec<Vec<(usize, usize)>> = vec![Vec::new(); patients.count()];
        let mut from = 0;
        for (a, b, to) in &self.cells {
            for case in &self.cases[from..*to] {
                if let Some(list) = patients.of(*case as usize).and_then(|p| own.get_mut(p)) {
                    list.push((*a, *b));
                }
            }
            from = *to;
        }
        for (row, list) in out.chunks_mut(self.width()).zip(&own) {
            list.iter().for_each(|(a, b)| table[*a][*b] -= 1);
            Self::figures(table.clone(), row);
            list.iter().for_each(|(a, b)| table[*a][*b] += 1);
        }
    }

    fn share(&self, column: usize) -> Option<&[u32]> {
        (column == 0).then_some(&self.cases)
    }
}
