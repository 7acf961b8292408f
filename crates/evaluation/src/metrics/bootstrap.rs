//! The bootstrap over patients: what every figure, and every difference of two, might have been with other patients.
//!
//! A resample draws as many patients as there are, with replacement, and takes all their cases along: a case counts as
//! often as its patient was drawn. All figures are computed on the same resamples, so differences are paired. Resample r
//! depends on the seed and r alone, and figures are never added across resamples while they are computed: the result is
//! the same, to the bit, on any number of cores.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use super::generator::Generator;
use super::patients::Patients;
use super::proportion::{LEVEL, wilson_of_share};
use super::special::{normal_cdf, normal_quantile, two_sided_z};

/// Figures (columns) of weighted cases. [`super::weighted`] has those of an evaluation.
pub trait Statistic: Sync {
    /// How many figures.
    fn width(&self) -> usize;

    /// One more than the highest case it looks at.
    fn cases(&self) -> usize;

    /// The figures with case i counted `weights[i]` times; `out` has [`Self::width`] places, `None` is undefined.
    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]);

    /// The figures with each patient left out in turn, patient after patient, into `patients × width` places. Written
    /// over by statistics that can take a patient's part away instead of adding up all others.
    fn leave_out(&self, patients: &Patients, out: &mut [Option<f64>]) {
        let width = self.width().max(1);
        out.par_chunks_mut(width).enumerate().for_each_init(
            || vec![1_u32; patients.cases()],
            |weights, (patient, row)| {
                for case in patients.cases_of(patient) {
                    weights[*case as usize] = 0;
                }
                self.evaluate(weights, row);
                for case in patients.cases_of(patient) {
                    weights[*case as usize] = 1;
                }
            },
        );
    }

    /// The cases of a column that is a share of cases, for the interval where no resample differs; `None` for others.
    fn share(&self, _column: usize) -> Option<&[u32]> {
        None
    }
}

/// A single figure from a closure over the weights of `cases` cases.
pub struct Figure<F> {
    /// Cases.
    pub cases: usize,
    /// The figure.
    pub of: F,
}

impl<F> std::fmt::Debug for Figure<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Figure")
            .field("cases", &self.cases)
            .finish_non_exhaustive()
    }
}

impl<F: Fn(&[u32]) -> Option<f64> + Sync> Statistic for Figure<F> {
    fn width(&self) -> usize {
        1
    }

    fn cases(&self) -> usize {
        self.cases
    }

    fn evaluate(&self, weights: &[u32], out: &mut [Option<f64>]) {
        out[0] = (self.of)(weights);
    }
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Resamples; 2000 for a look, 10 000 and more for a report.
    pub resamples: usize,
    /// Same seed, same result.
    pub seed: u64,
    /// Of the intervals.
    pub level: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            resamples: 10_000,
            seed: 1,
            level: LEVEL,
        }
    }
}

/// Bias-corrected and accelerated interval (B. Efron, JASA 1987).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bca {
    /// Normal quantile of the share of resamples below the estimate, half of the equal ones added.
    pub z0: f64,
    /// From leaving each patient out.
    pub acceleration: f64,
    /// The levels that take the place of 0.025 and 0.975.
    pub alpha: [f64; 2],
    /// The interval.
    pub interval: [f64; 2],
}

/// What an interval rests on where no resample differs from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Wilson over the cases, each a patient of its own.
    WilsonCases,
    /// Wilson with one case for each patient: how alike a patient's cases are cannot be seen where all are the same.
    WilsonPatients,
}

/// The interval of a share where no resample differs from another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WithoutSpread {
    /// What it rests on.
    pub basis: Basis,
    /// Cases or patients that it counts.
    pub n: usize,
    /// The interval.
    pub interval: [f64; 2],
}

/// A figure and its spread over resamples.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Over the cases as they are.
    pub estimate: Option<f64>,
    /// Resamples in which the figure was defined.
    pub defined: usize,
    /// The others, left out: those that lack a class, for example.
    pub undefined: usize,
    /// Mean over the resamples.
    pub mean: Option<f64>,
    /// Standard deviation over them: the standard error of the estimate.
    pub sd: Option<f64>,
    /// Quantiles of the resamples.
    pub percentile: Option<[f64; 2]>,
    /// Corrected for bias and skew; `None` where no resample differs or all lie on one side.
    pub bca: Option<Bca>,
    /// Set where no resample differs from another: their interval would have no width.
    pub without_spread: Option<WithoutSpread>,
    /// Whether all resamples gave the same.
    pub all_alike: bool,
    /// For differences: two-sided p of no difference, from the share of resamples on the far side of 0.
    pub p_no_difference: Option<f64>,
}

impl Spread {
    /// The interval to show: BCa, else percentile; where no resample differs that of [`WithoutSpread`], or none.
    pub fn interval(&self) -> Option<[f64; 2]> {
        if self.all_alike {
            return self.without_spread.map(|w| w.interval);
        }
        self.bca.map(|b| b.interval).or(self.percentile)
    }
}

/// Why nothing was drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// No resamples, or a level outside 0…1.
    #[error("a bootstrap needs one resample or more and a level between 0 and 1")]
    Plan,
    /// More than memory should hold.
    #[error(
        "{resamples} resamples of {figures} figures are too many at once; take fewer resamples or fewer figures"
    )]
    TooMany {
        /// Resamples asked for.
        resamples: usize,
        /// Columns.
        figures: usize,
    },
    /// A figure looks at cases that no patient has.
    #[error("a figure speaks of case {case}, but there are {cases} cases")]
    Cases {
        /// Highest case.
        case: usize,
        /// Cases of the patients.
        cases: usize,
    },
    /// Whoever watched said stop.
    #[error("the resampling was stopped")]
    Stopped,
    /// A difference of a column that does not exist.
    #[error("a difference speaks of column {0}, which does not exist")]
    Column(usize),
}

/// Values kept at once: 10 000 resamples of 6000 figures, 480 MB.
const MOST_VALUES: usize = 60_000_000;

/// Draws patients and gives the spread of every column: those of `statistics` one after the other, then for each pair of
/// column numbers in `differences` the first less the second.
///
/// # Errors
/// See [`BootstrapError`].
pub fn bootstrap(
    patients: &Patients,
    statistics: &[&dyn Statistic],
    differences: &[(usize, usize)],
    plan: Plan,
) -> Result<Vec<Spread>, BootstrapError> {
    bootstrap_watched(patients, statistics, differences, plan, &|_| true)
}

/// As [`bootstrap`]; `watch` hears the number of resamples drawn so far, in no order, and stops it by `false`.
///
/// # Errors
/// See [`BootstrapError`].
pub fn bootstrap_watched(
    patients: &Patients,
    statistics: &[&dyn Statistic],
    differences: &[(usize, usize)],
    plan: Plan,
    watch: &(dyn Fn(usize) -> bool + Sync),
) -> Result<Vec<Spread>, BootstrapError> {
    let z = two_sided_z(plan.level).ok_or(BootstrapError::Plan)?;
    if plan.resamples == 0 {
        return Err(BootstrapError::Plan);
    }
    let own: usize = statistics.iter().map(|s| s.width()).sum();
    let width = own + differences.len();
    let size = plan.resamples.max(patients.count()).saturating_mul(width);
    if size > MOST_VALUES {
        return Err(BootstrapError::TooMany {
            resamples: plan.resamples,
            figures: width,
        });
    }
    if let Some(s) = statistics.iter().find(|s| s.cases() > patients.cases()) {
        return Err(BootstrapError::Cases {
            case: s.cases() - 1,
            cases: patients.cases(),
        });
    }
    if let Some((a, b)) = differences.iter().find(|(a, b)| *a.max(b) >= own) {
        return Err(BootstrapError::Column(*a.max(b)));
    }
    if width == 0 || patients.count() == 0 {
        return Ok(vec![Spread::default(); width]);
    }
    let row = |weights: &[u32], found: &mut [Option<f64>], out: &mut [f64]| {
        let mut at = 0;
        for statistic in statistics {
            let to = at + statistic.width();
            found[at..to].fill(None);
            statistic.evaluate(weights, &mut found[at..to]);
            at = to;
        }
        fill(found, differences, out);
    };
    let mut estimates = vec![f64::NAN; width];
    row(&vec![1; patients.cases()], &mut vec![None; own], &mut estimates);
    let (done, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut drawn = vec![f64::NAN; plan.resamples * width];
    drawn.par_chunks_mut(width).enumerate().for_each_init(
        || {
            (
                vec![0_u32; patients.count()],
                vec![0_u32; patients.cases()],
                vec![None; own],
            )
        },
        |(counts, weights, found), (resample, out)| {
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            draw(plan.seed, resample, patients, counts, weights);
            row(weights, found, out);
            if !watch(done.fetch_add(1, Ordering::Relaxed) + 1) {
                stopped.store(true, Ordering::Relaxed);
            }
        },
    );
    if stopped.into_inner() {
        return Err(BootstrapError::Stopped);
    }
    let left = leave_out(patients, statistics, own, differences);
    let share = |column: usize| {
        let mut at = 0;
        for statistic in statistics {
            if column < at + statistic.width() {
                return statistic.share(column - at);
            }
            at += statistic.width();
        }
        None
    };
    Ok((0..width)
        .into_par_iter()
        .map(|column| {
            let all = drawn.iter().skip(column).step_by(width).copied();
            let mut spread = summarise(estimates[column], all, plan.level);
            if spread.all_alike {
                spread.without_spread = spread
                    .estimate
                    .zip(share(column))
                    .and_then(|(p, cases)| without_spread(p, cases, patients, plan.level));
            } else {
                let values = left.iter().skip(column).step_by(width).copied();
                spread.bca = acceleration(values).and_then(|a| bca(&spread.sorted, spread.estimate?, a, z));
            }
            if column >= own {
                spread.p_no_difference = p_no_difference(&spread.sorted);
            }
            spread.finish()
        })
        .collect())
}

fn fill(found: &[Option<f64>], differences: &[(usize, usize)], out: &mut [f64]) {
    let value = |x: Option<f64>| x.filter(|x| x.is_finite()).unwrap_or(f64::NAN);
    for (place, x) in out.iter_mut().zip(found) {
        *place = value(*x);
    }
    for (place, (a, b)) in out[found.len()..].iter_mut().zip(differences) {
        *place = value(found[*a]) - value(found[*b]);
    }
}

fn draw(seed: u64, resample: usize, patients: &Patients, counts: &mut [u32], weights: &mut [u32]) {
    let mut generator = Generator::new(seed, resample as u64);
    let m = counts.len();
    counts.fill(0);
    for _ in 0..m {
        counts[generator.below(m)] += 1;
    }
    for (weight, patient) in weights.iter_mut().zip(patients.places()) {
        *weight = counts[*patient as usize];
    }
}

/// Every column with each patient left out, patient after patient.
fn leave_out(
    patients: &Patients,
    statistics: &[&dyn Statistic],
    own: usize,
    differences: &[(usize, usize)],
) -> Vec<f64> {
    let m = patients.count();
    let parts: Vec<Vec<Option<f64>>> = statistics
        .iter()
        .map(|statistic| {
            let mut part = vec![None; m * statistic.width()];
            statistic.leave_out(patients, &mut part);
            part
        })
        .collect();
    let width = own + differences.len();
    let (mut out, mut found) = (vec![f64::NAN; m * width], Vec::with_capacity(own));
    for (patient, row) in out.chunks_mut(width).enumerate() {
        found.clear();
        for (part, statistic) in parts.iter().zip(statistics) {
            let w = statistic.width();
            found.extend_from_slice(&part[patient * w..(patient + 1) * w]);
        }
        fill(&found, differences, row);
    }
    out
}

/// A spread under way, with its defined values in order.
struct Sorted {
    spread: Spread,
    sorted: Vec<f64>,
}

impl Sorted {
    fn finish(self) -> Spread {
        self.spread
    }
}

impl std::ops::Deref for Sorted {
    type Target = Spread;
    fn deref(&self) -> &Spread {
        &self.spread
    }
}

impl std::ops::DerefMut for Sorted {
    fn deref_mut(&mut self) -> &mut Spread {
        &mut self.spread
    }
}

fn alike(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0)
}

fn summarise(estimate: f64, values: impl Iterator<Item = f64>, level: f64) -> Sorted {
    let (mut sorted, mut undefined) = (Vec::new(), 0);
    for value in values {
        if value.is_nan() {
            undefined += 1;
        } else {
            sorted.push(value);
        }
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let same = sorted
        .first()
        .filter(|first| sorted.last() == Some(first))
        .copied();
    // Adding up equal numbers would leave a rest.
    let mean = same.or_else(|| (!sorted.is_empty()).then(|| sorted.iter().sum::<f64>() / n));
    let sd = mean.map(|mean| (sorted.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt());
    let tail = (1.0 - level) / 2.0;
    let spread = Spread {
        estimate: (!estimate.is_nan()).then_some(estimate),
        defined: sorted.len(),
        undefined,
        mean,
        sd,
        percentile: quantile(&sorted, tail)
            .zip(quantile(&sorted, 1.0 - tail))
            .map(|(a, b)| [a, b]),
        all_alike: sorted
            .first()
            .zip(sorted.last())
            .is_some_and(|(a, b)| alike(*a, *b)),
        ..Spread::default()
    };
    Sorted { spread, sorted }
}

/// The smallest value at or below which a share `q` of the sorted values lies.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let n = sorted.len();
    // What 0.025 of 10 000 is must not be 251 by the last digit of a product.
    let rank = (q * n as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank.min(n).checked_sub(1)?).copied()
}

/// Acceleration from the figure with each patient left out; 0 where none changes it, `None` where one is undefined.
fn acceleration(left: impl Iterator<Item = f64>) -> Option<f64> {
    let left: Vec<f64> = left.collect();
    let mean = left.iter().sum::<f64>() / left.len() as f64;
    if !mean.is_finite() {
        return None;
    }
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in left {
        let d = mean - value;
        squares += d * d;
        cubes += d * d * d;
    }
    let scale = 6.0 * squares * squares.sqrt();
    Some(if scale > 0.0 { cubes / scale } else { 0.0 })
}

fn bca(sorted: &[f64], estimate: f64, acceleration: f64, z: f64) -> Option<Bca> {
    let below = sorted
        .iter()
        .filter(|v| **v < estimate && !alike(**v, estimate))
        .count();
    let ties = sorted.iter().filter(|v| alike(**v, estimate)).count();
    let share = (below as f64 + ties as f64 / 2.0) / sorted.len() as f64;
    let z0 = normal_quantile(share).filter(|z| z.is_finite())?;
    let level = |side: f64| {
        let moved = z0 + side;
        let scale = 1.0 - acceleration * moved;
        (scale > 0.0).then(|| normal_cdf(z0 + moved / scale))
    };
    let alpha = [level(-z)?, level(z)?];
    Some(Bca {
        z0,
        acceleration,
        alpha,
        interval: [quantile(sorted, alpha[0])?, quantile(sorted, alpha[1])?],
    })
}

fn without_spread(p: f64, cases: &[u32], patients: &Patients, level: f64) -> Option<WithoutSpread> {
    let among = patients.among(cases);
    let (basis, n) = if among == cases.len() {
        (Basis::WilsonCases, cases.len())
    } else {
        (Basis::WilsonPatients, among)
    };
    let interval = wilson_of_share(p.clamp(0.0, 1.0), n as f64, level)?;
    Some(WithoutSpread { basis, n, interval })
}

/// Twice the smaller share of resamples at or beyond 0, the sample itself counted as one of them.
fn p_no_difference(sorted: &[f64]) -> Option<f64> {
    if sorted.is_empty() {
        return None;
    }
    let low = sorted.iter().filter(|v| **v <= 1e-12).count();
    let high = sorted.iter().filter(|v| **v >= -1e-12).count();
    Some((2.0 * (low.min(high) + 1) as f64 / (sorted.len() + 1) as f64).min(1.0))
}
