//! The slices that are learned from: a made patient, the same patient without the lesion, and where they differ.

use overread_medgemma::Picture;
use overread_phantom::{Case, Coverage, Finding, Options, Side, balanced_labels, case_seed};
use overread_protocol::Recipe;
use rayon::prelude::*;

/// Side of the tower's picture, px.
pub(super) const SIDE: usize = 224;
/// Side of a patch, px.
pub(super) const PATCH: usize = 14;
/// Patches in a row.
pub(super) const GRID: usize = SIDE / PATCH;
/// A pixel belongs to a lesion where it changes the slice by so many HU.
const CHANGED_HU: i32 = 78;

/// A slice as the model sees it, with its truth.
#[derive(Debug)]
pub(super) struct Slice {
    /// `SIDE * SIDE * 3` bytes.
    pub(super) rgb: Vec<u8>,
    /// The same patient without the lesion; empty for a normal one.
    pub(super) without: Vec<u8>,
    /// How much of each pixel the lesion covers, 0 to 255; empty for a normal one.
    pub(super) mask: Vec<u8>,
    pub(super) finding: Finding,
    pub(super) side: Side,
    /// Row of the lesion's point as a share of the height; `None` for a normal one.
    pub(super) row: Option<f32>,
}

/// A set of cases: balanced labels, each case from a seed of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set {
    pub(super) seed: u64,
    pub(super) cases: usize,
    pub(super) hard: bool,
}

/// The picture of a slice as the desk gives it to the model, resized as the model does.
fn picture(hu: &[i16], size: usize) -> Picture {
    let bytes = |hu: &i16| {
        Recipe::CtWindows
            .of_hounsfield(f64::from(*hu))
            .unwrap_or_default()
    };
    let whole = Picture {
        width: size,
        height: size,
        rgb: hu.iter().flat_map(bytes).collect(),
    };
    whole.resized(SIDE)
}

fn one(seed: u64, finding: Finding, hard: bool, twin: bool) -> Slice {
    let options = Options {
        slices: 1,
        hard,
        finding: Some(finding),
        ..Options::small()
    };
    let case = Case::generate(seed, &options);
    let size = usize::from(case.series.size);
    let hu = &case.series.slices[case.truth.slice - 1].hu;
    let (mut without, mut mask) = (Vec::new(), Vec::new());
    if twin && case.truth.finding != Finding::Normal {
        let normal = Options {
            finding: Some(Finding::Normal),
            ..options
        };
        let other = Case::generate(seed, &normal);
        let other = &other.series.slices[other.truth.slice - 1].hu;
        without = picture(other, size).rgb;
        let changed = |(a, b): (&i16, &i16)| {
            let is_changed = (i32::from(*a) - i32::from(*b)).abs() >= CHANGED_HU;
            [if is_changed { 255_u8 } else { 0 }; 3]
        };
        let changed = Picture {
            width: size,
            height: size,
            rgb: hu.iter().zip(other).flat_map(changed).collect(),
        };
        mask = changed.resized(SIDE).rgb.chunks_exact(3).map(|p| p[0]).collect();
    }
    Slice {
        rgb: picture(hu, size).rgb,
        without,
        mask,
        finding: case.truth.finding,
        side: case.truth.side,
        row: case.truth.position_mm.map(|p| case.pixel_of(p).1 / size as f32),
    }
}

/// Slices to learn from, with their twins, or to be judged by, without.
pub(super) fn make(set: Set, twins: bool) -> Vec<Slice> {
    balanced_labels(set.cases, set.seed)
        .into_par_iter()
        .enumerate()
        .map(|(i, finding)| one(case_seed(set.seed, i), finding, set.hard, twins))
        .collect()
}

/// The slices of a short volume around the finding.
#[derive(Debug)]
pub(super) struct Volume {
    pub(super) slices: Vec<Vec<u8>>,
    pub(super) finding: Finding,
}

/// Short volumes of `slices` slices, 5 mm apart.
pub(super) fn volumes(seed: u64, cases: usize, slices: usize) -> Vec<Volume> {
    balanced_labels(cases, seed)
        .into_par_iter()
        .enumerate()
        .map(|(i, finding)| {
            let options = Options {
                slices,
                coverage: Coverage::Around,
                finding: Some(finding),
                ..Options::small()
            };
            let case = Case::generate(case_seed(seed, i), &options);
            let size = usize::from(case.series.size);
            Volume {
                slices: case
                    .series
                    .slices
                    .iter()
                    .map(|s| picture(&s.hu, size).rgb)
                    .collect(),
                finding: case.truth.finding,
            }
        })
        .collect()
}
