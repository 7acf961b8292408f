//! Figures of an order by score, sorted once: areas under curves.

use super::reach;
use crate::metrics::bootstrap::Statistic;
use crate::metrics::patients::Patients;

/// A case with a score; for [`RiskCoverage`] the score is the confidence and `positive` is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Case.
    pub case: usize,
    /// Higher speaks for positive. Finite.
    pub score: f64,
    /// Whether it is.
    pub positive: bool,
}

/// A case in order of score.
#[derive(Clone, Copy, Debug)]
struct Place {
    case: u32,
    positive: bool,
    /// The next has another score.
    ends: bool,
}

/// By rising score, equal ones by case.
fn ordered(rows: impl IntoIterator<Item = Scored>) -> Vec<Place> {
    let mut all: Vec<Scored> = rows.into_iter().filter(|row| !row.score.is_nan()).collect();
    // Adding 0 makes the two zeros one.
    all.sort_by(|a, b| {
        (a.score + 0.0)
            .total_cmp(&(b.score + 0.0))
            .then(a.case.cmp(&b.case))
    });
    let ends: Vec<bool> = (0..all.len())
        .map(|i| all.get(i + 1).is_none_or(|next| next.score != all[i].score))
        .collect();
    all.into_iter()
        .zip(ends)
        .map(|(row, ends)| Place {
            case: row.case as u32,
            positive: row.positive,
            ends,
        })
        .collect()
}

fn highest(places: &[Place]) -> usize {
    reach(&places.iter().map(|p| p.case).collect::<Vec<_>>())
}

/// Area under the ROC curve (Mann-Whitney, ties one half); undefined with one class only.
#[derive(Clone, Debug)]
pub struct Auc {
    places: Vec<Place>,
}

impl Auc {
    /// From scored cases.
    pub fn new(rows: impl IntoIterator<Item = Scored>) -> Self {
        Self {
            places: ordered(rows),
        }
    }

    /// Twice the pairs in order, positives, negatives.
    fn count(places: impl Iterator<Item = (u64, Place)>) -> [u64; 3] {
        let (mut twice, mut all, mut below) = (0, 0, 0);
        let (mut here, mut there) = (0, 0);
        for (w, place) in places {
            let positive = w * u64::from(place.positive);
            here += positive;
            there += w - positive;
            if place.ends {
                twice += here * (2 * below + there);
                below += there;
                all += here;
                (here, there) = (0, 0);
            }
        }
        [twice, all, below]
    }

    fn area([twice, positives, negatives]: [u64; 3]) -> Option<f64> {
        (positives > 0 && negatives > 0).then(|| twice as f64 / 2.0 / (positives as f64 * negatives as f64))
    }

    /// For each place, twice the pairs in order that it is part of.
    fn parts(&self) -> Vec<u64> {
        let [_, positives, _] = Self::count(self.places.iter().map(|p| (1, *p)));
        let mut out = vec![0; self.places.len()];
        let (mut from, mut positives_below, mut negatives_below) = (0, 0_u64, 0_u64);
        while from < self.places.len() {
            let length = self.places[from..]
                .iter()
                .position(|p| p.ends)
                .map_or(1, |i| i + 1);
            let block = &self.places[from..from + length];
            let here = block.iter().filter(|p| p.positive).count() as u64;
            let there = length as u64 - here;
            for (part, place) in out[from..].iter_mut().zip(block) {
                *part = if place.positive {
                    2 * negatives_below + there
                } else {
                    2 * (positives - positives_below - here) + here
                };
            }
            positives_below += here;
            negatives_below += there;
            from += length;
        }
        out
    }
}

impl Statistic for Auc {
    fn width(&self) -> usize {
        1
    }

    fn cases(&self) -> usize {
        highest(&self.places)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        let weighted = self
            .places
            .iter()
            .map(|p| (u64::from(weights[p.case as usize]), *p));
        out[0] = Self::area(Self::count(weighted));
    }

    fn leave_out(&self, patients: &Patients, out: &mut [Option<f64>]) {
        let [twice, positives, negatives] = Self::count(self.places.iter().map(|p| (1, *p)));
        let parts = self.parts();
        // Of each patient: its places in order, where ties end by the number of their block.
        let mut own: Vec<Vec<(usize, usize)>> = vec![Vec::new(); patients.count()];
        let mut block = 0;
        for (i, place) in self.places.iter().enumerate() {
            if let Some(list) = patients.of(place.case as usize).and_then(|p| own.get_mut(p)) {
                list.push((i, block));
            }
            block += usize::from(place.ends);
        }
        for (value, list) in out.iter_mut().zip(&own) {
            let part: u64 = list.iter().map(|(i, _)| parts[*i]).sum();
            let within = list.iter().enumerate().map(|(k, (i, block))| {
                let ends = list.get(k + 1).is_none_or(|next| next.1 != *block);
                (
                    1,
                    Place {
                        ends,
                        ..self.places[*i]
                    },
                )
            });
            // Pairs of two cases of this patient were taken away twice.
            let [pairs, of_positives, of_negatives] = Self::count(within);
            *value = Self::area([
                twice + pairs - part,
                positives - of_positives,
                negatives - of_negatives,
            ]);
        }
    }
}

/// Average precision (steps, not trapezoids); undefined without positives.
#[derive(Clone, Debug)]
pub struct AveragePrecision {
    places: Vec<Place>,
}

impl AveragePrecision {
    /// From scored cases.
    pub fn new(rows: impl IntoIterator<Item = Scored>) -> Self {
        let mut places = ordered(rows);
        falling(&mut places);
        Self { places }
    }
}

/// By falling score.
fn falling(places: &mut [Place]) {
    let starts: Vec<bool> = (0..places.len()).map(|i| i == 0 || places[i - 1].ends).collect();
    for (place, start) in places.iter_mut().zip(starts) {
        place.ends = start;
    }
    places.reverse();
}

impl Statistic for AveragePrecision {
    fn width(&self) -> usize {
        1
    }

    fn cases(&self) -> usize {
        highest(&self.places)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        let (mut found, mut all, mut sum, mut new) = (0_u64, 0_u64, 0.0, 0_u64);
        for place in &self.places {
            let w = u64::from(weights[place.case as usize]);
            all += w;
            new += w * u64::from(place.positive);
            if place.ends {
                found += new;
                if new > 0 {
                    sum += new as f64 * found as f64 / all as f64;
                }
                new = 0;
            }
        }
        out[0] = (found > 0).then(|| sum / found as f64);
    }
}

/// Area under the risk-coverage curve, equal confidences sharing their errors evenly; undefined without answers.
#[derive(Clone, Debug)]
pub struct RiskCoverage {
    places: Vec<Place>,
    /// 1 + ½ + … + 1/n.
    harmonic: Vec<f64>,
}

impl RiskCoverage {
    /// From confidences (`score`) and whether they were right (`positive`).
    pub fn new(rows: impl IntoIterator<Item = Scored>) -> Self {
        let mut places = ordered(rows);
        falling(&mut places);
        let mut harmonic = vec![0.0];
        let mut sum = 0.0;
        for n in 1..=(2 * places.len()).max(1024) {
            sum += 1.0 / n as f64;
            harmonic.push(sum);
        }
        Self { places, harmonic }
    }

    fn harmonic(&self, n: u64) -> f64 {
        match self.harmonic.get(n as usize) {
            Some(sum) => *sum,
            None => {
                let n = n as f64;
                n.ln() + 0.577_215_664_901_532_9 + 0.5 / n - 1.0 / (12.0 * n * n)
            }
        }
    }
}

impl Statistic for RiskCoverage {
    fn width(&self) -> usize {
        1
    }

    fn cases(&self) -> usize {
        highest(&self.places)
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        let (mut before, mut errors, mut sum) = (0_u64, 0.0, 0.0);
        let (mut m, mut wrong, mut last) = (0_u64, 0_u64, 0.0);
        for place in &self.places {
            let w = u64::from(weights[place.case as usize]);
            m += w;
            wrong += w * u64::from(!place.positive);
            if place.ends && m > 0 {
                // Σ (errors + wrong·j/m) / (before + j) over j = 1…m.
                let wrong_here = wrong as f64;
                let here = self.harmonic(before + m);
                sum += wrong_here + (errors - wrong_here * before as f64 / m as f64) * (here - last);
                last = here;
                before += m;
                errors += wrong_here;
                (m, wrong) = (0, 0);
            }
        }
        out[0] = (before > 0).then(|| sum / before as f64);
    }
}
