//! Intervals by resampling patients: one drawing for every reader and figure, so that differences are paired.

mod derived;
mod differences;
mod marks;
mod statistics;

use crate::evaluated::bench::{Bench, Row};
use crate::evaluated::clusters;
use crate::evaluated::evaluation::{Evaluation, Reader};
use crate::evaluated::figure::{BY_RESAMPLING, thousands};
use crate::evaluated::figures::{Curve, Figure, Figures, Resampling, Unit};
use crate::evaluated::formula::Request;
use crate::metrics::bootstrap::{Basis, BootstrapError, Plan, Spread, Statistic, bootstrap_watched};
use crate::metrics::patients::Patients;

/// How many resamples, from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resamples {
    /// Resamples; 2,000 for a look, 10,000 for a report.
    pub count: u32,
    /// The same seed gives the same intervals, on any number of cores.
    pub seed: u32,
}

/// Which figures a column of the resampling belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Of a reader: headline or effort.
    Headline(usize, String),
    /// Of a reader's label.
    Label(usize, usize, String),
    /// Of a reader's calibration.
    Calibration(usize, String),
    /// Of a pair.
    Pair(usize, String),
    /// Of an agreement.
    Agreement(usize, String),
    /// Of none: needed for others.
    Nothing,
}

/// Statistics with the targets of their columns.
#[derive(Default)]
pub(super) struct Columns {
    statistics: Vec<Box<dyn Statistic>>,
    targets: Vec<Target>,
    /// Differences of columns.
    differences: Vec<((usize, usize), Target)>,
}

impl Columns {
    /// Adds a statistic; it has one target for each of its columns.
    pub(super) fn add(&mut self, statistic: impl Statistic + 'static, targets: Vec<Target>) {
        debug_assert_eq!(statistic.width(), targets.len());
        self.statistics.push(Box::new(statistic));
        self.targets.extend(targets);
    }

    /// Adds the difference of the columns of two targets, where both are there.
    pub(super) fn difference(&mut self, a: &Target, b: &Target, target: Target) {
        let at = |wanted: &Target| self.targets.iter().position(|t| t == wanted);
        if let (Some(a), Some(b)) = (at(a), at(b)) {
            self.differences.push(((a, b), target));
        }
    }
}

/// The figures with intervals by resampling. `figures` are those of [`super::by_formula`] for the same request. `watch`
/// hears the number of resamples drawn and stops by `false`.
///
/// # Errors
/// [`BootstrapError::Stopped`] when `watch` said so; [`BootstrapError::TooMany`] for more than memory should hold.
pub fn resampled(
    of: &Evaluation,
    request: &Request,
    resamples: Resamples,
    mut figures: Figures,
    watch: &(dyn Fn(usize) -> bool + Sync),
) -> Result<Figures, BootstrapError> {
    if resamples.count == 0 || figures.cases == 0 {
        return Ok(figures);
    }
    let policy = request.policy(of);
    let other;
    let bench = if policy == of.bench.policy {
        &of.bench
    } else {
        other = Bench::new(of, policy);
        &other
    };
    let selection = of.select(bench, &request.filter);
    let readers: Vec<&Reader> = selection
        .readers
        .iter()
        .filter_map(|r| of.readers.get(*r))
        .collect();
    // Cases by their place among those chosen: what is drawn is what is looked at.
    let mut place = vec![usize::MAX; of.set.cases.len()];
    for (i, case) in selection.cases.iter().enumerate() {
        if let Some(at) = place.get_mut(*case as usize) {
            *at = i;
        }
    }
    let rows: Vec<Vec<Row<'_>>> = readers
        .iter()
        .map(|r| {
            let mut rows = bench.rows(of, &r.counting, &selection.cases);
            rows.retain_mut(|row| place.get(row.case).is_some_and(|at| *at != usize::MAX));
            rows
        })
        .collect();
    let columns = statistics::columns(of, &rows, &place, &figures);
    let identifiers: Vec<u32> = selection
        .cases
        .iter()
        .filter_map(|c| of.patients.get(*c as usize).copied())
        .collect();
    let patients = Patients::group(&identifiers);
    let plan = Plan {
        resamples: resamples.count as usize,
        seed: u64::from(resamples.seed),
        ..Plan::default()
    };
    let statistics: Vec<&dyn Statistic> = columns.statistics.iter().map(AsRef::as_ref).collect();
    let differences: Vec<(usize, usize)> = columns.differences.iter().map(|(pair, _)| *pair).collect();
    let spreads = bootstrap_watched(&patients, &statistics, &differences, plan, watch)?;
    let clustered = patients.count() < patients.cases();
    let unit = if clustered { "patients" } else { "cases" };
    let how = How {
        clustered,
        over: format!("bootstrap over {} {unit}", thousands(patients.count())),
        drawn: format!("{} resamples, seed {}", thousands(plan.resamples), resamples.seed),
    };
    let targets = columns
        .targets
        .iter()
        .chain(columns.differences.iter().map(|(_, target)| target));
    for (target, spread) in targets.zip(&spreads) {
        if let Some(figure) = find(&mut figures, target) {
            how.write(figure, spread);
        }
    }
    finish(&mut figures);
    figures.resampling = Resampling {
        resamples: resamples.count,
        seed: resamples.seed,
        unit: unit.to_owned(),
    };
    Ok(figures)
}

fn find<'a>(figures: &'a mut Figures, target: &Target) -> Option<&'a mut Figure> {
    let by = |list: &'a mut [Figure], key: &str| list.iter_mut().find(|f| f.key == key);
    match target {
        Target::Headline(reader, key) => {
            let own = figures.readers.get_mut(*reader)?;
            own.headline
                .iter_mut()
                .chain(&mut own.effort)
                .find(|f| f.key == *key)
        }
        Target::Label(reader, label, key) => by(
            &mut figures
                .readers
                .get_mut(*reader)?
                .per_label
                .get_mut(*label)?
                .figures,
            key,
        ),
        Target::Calibration(reader, key) => by(
            &mut figures.readers.get_mut(*reader)?.calibration.as_mut()?.figures,
            key,
        ),
        Target::Pair(pair, key) => by(
            &mut figures.comparison.as_mut()?.pairs.get_mut(*pair)?.figures,
            key,
        ),
        Target::Agreement(at, key) => by(&mut figures.agreement.get_mut(*at)?.figures, key),
        Target::Nothing => None,
    }
}

struct How {
    clustered: bool,
    over: String,
    drawn: String,
}

impl How {
    /// Writes the interval of a spread into a figure: in the first place where no formula gave one or the cases come in
    /// patients (which formulas do not know of), else beside it.
    fn write(&self, figure: &mut Figure, spread: &Spread) {
        let Some(bounds) = spread.interval().filter(|b| b.iter().all(|v| v.is_finite())) else {
            if spread.all_alike && spread.defined > 0 && figure.interval.is_empty() {
                drop_note(figure);
                *figure = figure
                    .clone()
                    .noted("Every resample gave the same, so there is no interval.");
            }
            return;
        };
        if spread.undefined > spread.defined {
            // What is left is no sample of anything: resamples that happen to hold each label.
            drop_note(figure);
            let note = format!(
                "{} of {} resamples left it undefined: too few cases for an interval by resampling.",
                thousands(spread.undefined),
                thousands(spread.undefined + spread.defined)
            );
            *figure = figure.clone().noted(&note);
            return;
        }
        let words = match (&spread.without_spread, &spread.bca) {
            (Some(without), _) if spread.all_alike => match without.basis {
                Basis::WilsonCases => "Wilson; every resample gave the same".to_owned(),
                Basis::WilsonPatients => {
                    "Wilson, one case a patient; every resample gave the same".to_owned()
                }
            },
            (_, Some(_)) => format!("{}, BCa, {}", self.over, self.drawn),
            (_, None) => format!("{}, percentile, {}", self.over, self.drawn),
        };
        let first = figure.interval.is_empty() || self.clustered || figure.interval.ends_with("by itself");
        if first {
            let old = figure
                .low
                .zip(figure.high)
                .map(|(a, b)| ([a, b], figure.interval.clone()));
            drop_note(figure);
            let mut new = figure.clone().between(Some(bounds), &words);
            if let Some((old, method)) = old {
                new = new.beside(&clusters::named(&method), old);
            }
            *figure = new;
        } else if !spread.all_alike {
            *figure = figure.clone().beside(&words, bounds);
        }
        if spread.undefined > 0 {
            let note = format!(
                "{} resamples left it undefined and are left out.",
                thousands(spread.undefined)
            );
            *figure = figure.clone().noted(&note);
        }
    }
}

fn drop_note(figure: &mut Figure) {
    figure.note = figure.note.replace(BY_RESAMPLING, "").trim().to_owned();
}

/// What is still without an interval says so; curves carry the figure that was written elsewhere.
fn finish(figures: &mut Figures) {
    let close = |figure: &mut Figure| {
        if figure.note.contains(BY_RESAMPLING) {
            drop_note(figure);
            if figure.value.is_some() && !matches!(figure.unit, Unit::Seconds) {
                *figure = figure.clone().noted("No interval is computed for it.");
            }
        }
    };
    for reader in &mut figures.readers {
        for figure in reader.headline.iter_mut().chain(&mut reader.effort) {
            close(figure);
        }
        reader
            .per_label
            .iter_mut()
            .flat_map(|l| &mut l.figures)
            .for_each(close);
        reader
            .calibration
            .iter_mut()
            .flat_map(|c| &mut c.figures)
            .for_each(close);
        reader.subgroups.iter_mut().map(|s| &mut s.figure).for_each(close);
        reader.arms.iter_mut().map(|a| &mut a.figure).for_each(close);
        let written = |curve: &Curve| {
            let label = reader.per_label.iter().find(|l| l.label == curve.label);
            let calibration = reader.calibration.iter().flat_map(|c| &c.figures);
            let own = label.into_iter().flat_map(|l| &l.figures);
            own.chain(&reader.headline)
                .chain(calibration)
                .find(|f| f.key == curve.figure.key)
                .cloned()
        };
        let new: Vec<Option<Figure>> = reader.curves.iter().map(written).collect();
        for (curve, figure) in reader.curves.iter_mut().zip(new) {
            match figure {
                Some(figure) => curve.figure = figure,
                None => close(&mut curve.figure),
            }
        }
    }
    figures
        .comparison
        .iter_mut()
        .flat_map(|c| &mut c.pairs)
        .flat_map(|p| &mut p.figures)
        .for_each(close);
    figures
        .agreement
        .iter_mut()
        .flat_map(|a| &mut a.figures)
        .for_each(close);
    figures.policies.iter_mut().map(|p| &mut p.figure).for_each(close);
}
