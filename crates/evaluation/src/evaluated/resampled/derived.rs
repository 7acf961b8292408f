//! Figures that follow from other figures of the same resample.

use crate::metrics::bootstrap::Statistic;
use crate::metrics::patients::Patients;

/// Columns computed from the columns of other statistics.
pub(super) struct Derived {
    from: Vec<Box<dyn Statistic>>,
    width: usize,
    of: Box<dyn Fn(&[Option<f64>], &mut [Option<f64>]) + Send + Sync>,
}

impl Derived {
    /// `of` gets the columns of `from`, one after the other, and fills `width` places.
    pub(super) fn new(
        from: Vec<Box<dyn Statistic>>,
        width: usize,
        of: impl Fn(&[Option<f64>], &mut [Option<f64>]) + Send + Sync + 'static,
    ) -> Self {
        Self {
            from,
            width,
            of: Box::new(of),
        }
    }

    fn inner(&self) -> usize {
        self.from.iter().map(|s| s.width()).sum()
    }
}

impl Statistic for Derived {
    fn width(&self) -> usize {
        self.width
    }

    fn cases(&self) -> usize {
        self.from.iter().map(|s| s.cases()).max().unwrap_or(0)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        let mut found = vec![None; self.inner()];
        let mut rest = found.as_mut_slice();
        for statistic in &self.from {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(statistic.width());
            statistic.evaluate(weights, own);
            rest = after;
        }
        (self.of)(&found, out);
    }

    fn leave_out(&self, patients: &Patients, out: &mut [Option<f64>]) {
        let parts: Vec<(usize, Vec<Option<f64>>)> = self
            .from
            .iter()
            .map(|s| {
                let mut part = vec![None; patients.count() * s.width()];
                s.leave_out(patients, &mut part);
                (s.width(), part)
            })
            .collect();
        let mut found = Vec::with_capacity(self.inner());
        for (patient, row) in out.chunks_mut(self.width.max(1)).enumerate() {
            found.clear();
            for (width, part) in &parts {
                found.extend(part.iter().skip(patient * width).take(*width).copied());
            }
            (self.of)(&found, row);
        }
    }
}
