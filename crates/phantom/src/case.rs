//! One case: a CT series of a made patient and what is true about it.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Side, Truth};
use crate::noise;
use crate::plan::Plan;
use crate::radiograph::Radiograph;
use crate::random::{Random, mix};
use crate::section::Section;
use crate::slice::{Grid, Patient};

/// Which part of the chest the slices cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coverage {
    /// A few slices around the height that the truth names; its place among them is random.
    Around,
    /// The whole chest.
    Chest,
}

/// What kind of case to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Rows and columns of a slice, 32 to 1024.
    pub size: u16,
    /// Number of slices, 1 to 512.
    pub slices: usize,
    /// Distance between slices, mm.
    pub spacing_mm: f32,
    /// Thickness of a slice, mm.
    pub thickness_mm: f32,
    /// What the slices cover.
    pub coverage: Coverage,
    /// Lower contrast, smaller findings, more noise, other body shapes.
    pub hard: bool,
    /// What to plant; `None` draws it.
    pub finding: Option<Finding>,
}

impl Options {
    /// Five slices of 256 x 256 around the finding.
    pub fn small() -> Self {
        Self {
            size: 256,
            slices: 5,
            spacing_mm: 5.0,
            thickness_mm: 4.0,
            coverage: Coverage::Around,
            hard: false,
            finding: None,
        }
    }

    /// A short volume: 20 slices of 256 x 256 through the chest.
    pub fn volume() -> Self {
        Self {
            slices: 20,
            spacing_mm: 13.0,
            thickness_mm: 5.0,
            coverage: Coverage::Chest,
            ..Self::small()
        }
    }

    /// A study as a scanner makes it: 128 slices of 512 x 512, 2.5 mm.
    pub fn full() -> Self {
        Self {
            size: 512,
            slices: 128,
            spacing_mm: 2.5,
            thickness_mm: 2.5,
            ..Self::volume()
        }
    }

    fn bounded(&self) -> Self {
        Self {
            size: self.size.clamp(32, 1024),
            slices: self.slices.clamp(1, 512),
            spacing_mm: if self.spacing_mm.is_finite() {
                self.spacing_mm.clamp(0.5, 40.0)
            } else {
                5.0
            },
            thickness_mm: if self.thickness_mm.is_finite() {
                self.thickness_mm.clamp(0.3, 10.0)
            } else {
                4.0
            },
            ..self.clone()
        }
    }
}

/// One axial slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Centre of the first pixel, LPS, mm.
    pub position_mm: [f32; 3],
    /// CT numbers in HU, row by row, -1024 to 3071.
    pub hu: Vec<i16>,
}

/// A CT series: slices in ascending order of z, rows to the patient's left, columns to the back.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Rows and columns.
    pub size: u16,
    /// Distance between pixels, both ways, mm.
    pub pixel_mm: f32,
    /// Distance between slices, mm.
    pub spacing_mm: f32,
    /// Thickness of a slice, mm.
    pub thickness_mm: f32,
    /// The slices.
    pub slices: Vec<Slice>,
}

/// What the header says about the made patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Years.
    pub age: u32,
    /// Female, else male.
    pub female: bool,
    /// Was contrast medium given?
    pub contrast: bool,
}

/// A made patient's CT series with its truth.
#[derive(Debug)]
pub struct Case {
    /// The seed it was made from.
    pub seed: u64,
    /// The options it was made with.
    pub options: Options,
    /// The images.
    pub series: Series,
    /// What is true.
    pub truth: Truth,
    /// Who it is.
    pub person: Person,
    patient: Patient,
}

impl Case {
    /// Makes a case: the same seed and options give the same bytes on the same machine, on any number of threads.
    pub fn generate(seed: u64, options: &Options) -> Self {
        let options = options.bounded();
        let drawn = Finding::ALL[Random::new(seed, "label").below(Finding::ALL.len())];
        let (patient, finding) = placed(seed, options.finding.unwrap_or(drawn), options.hard);
        let mut layout = Random::new(seed, "layout");
        let (heights, truth_slice) = heights(&options, &patient, &mut layout);
        let grid = grid(&options, &patient, &mut layout);
        let slices: Vec<Slice> = heights
            .par_iter()
            .enumerate()
            .map(|(index, &z)| slice(&patient, &options, &grid, seed, index, z))
            .collect();
        let mut truth = truth(
            finding,
            &patient.plan,
            &heights,
            truth_slice,
            patient.body.carina_z,
        );
        if finding != Finding::Normal {
            truth.position_mm = patient
                .plan
                .point
                .map(|point| patient.body.to_patient(point).map(tenth));
            truth.size_mm = truth.size_mm.map(tenth);
        }
        let person = Person {
            age: patient.body.age,
            female: patient.body.female,
            contrast: patient.body.enhancement > 0.0,
        };
        let series = Series {
            size: options.size,
            pixel_mm: grid.step[0],
            spacing_mm: options.spacing_mm,
            thickness_mm: options.thickness_mm,
            slices,
        };
        Self {
            seed,
            options,
            series,
            truth,
            person,
            patient,
        }
    }

    /// CT numbers without noise of the plane of slice `number` (from 1); `None` past the last slice.
    pub fn clean_slice(&self, number: usize) -> Option<Vec<f32>> {
        let at = self.series.slices.get(number.checked_sub(1)?)?.position_mm;
        let size = usize::from(self.series.size);
        let grid = Grid {
            columns: size,
            rows: size,
            step: [self.series.pixel_mm; 2],
            origin: [at[0], at[1]],
        };
        let mut hu = vec![0.0; size * size];
        self.patient.paint(&grid, at[2], true, &mut hu);
        Some(hu)
    }

    /// Column and row (fractions count from the first pixel's centre) of a patient point in any slice.
    pub fn pixel_of(&self, point_mm: [f32; 3]) -> (f32, f32) {
        let origin = self
            .series
            .slices
            .first()
            .map_or([0.0; 3], |slice| slice.position_mm);
        (
            (point_mm[0] - origin[0]) / self.series.pixel_mm,
            (point_mm[1] - origin[1]) / self.series.pixel_mm,
        )
    }

    /// A frontal radiograph of the same patient.
    pub fn radiograph(&self) -> Radiograph {
        Radiograph::project(&self.patient, self.seed)
    }
}

/// A patient in whom the finding found a place; where a build leaves none, the same seed's next build is taken.
fn placed(seed: u64, finding: Finding, hard: bool) -> (Patient, Finding) {
    let fits = |patient: &Patient| finding == Finding::Normal || patient.plan.point.is_some();
    let mut patient = Patient::draw(seed, finding, hard);
    for attempt in 1..32u64 {
        if fits(&patient) {
            return (patient, finding);
        }
        patient = Patient::draw(mix(seed ^ (attempt << 40)), finding, hard);
    }
    let planted = if fits(&patient) { finding } else { Finding::Normal };
    (patient, planted)
}

/// z of every slice, ascending, and the index of the one that the truth names.
fn heights(options: &Options, patient: &Patient, r: &mut Random) -> (Vec<f32>, usize) {
    let target = patient.body.carina_z + patient.plan.w;
    let target = (target * 2.0).round() * 0.5;
    let n = options.slices;
    let before = match options.coverage {
        Coverage::Around => r.below(n),
        Coverage::Chest => {
            let top = patient.body.carina_z + patient.body.apex + 14.0;
            let bottom = patient.body.carina_z - 172.0;
            let length = options.spacing_mm * (n - 1) as f32;
            let first = 0.5 * (top + bottom) - 0.5 * length;
            (((target - first) / options.spacing_mm).round().max(0.0) as usize).min(n - 1)
        }
    };
    let z = |index: usize| target + (index as f32 - before as f32) * options.spacing_mm;
    ((0..n).map(z).collect(), before)
}

/// A square field that holds the body at the height of the finding, its centre near the body's.
fn grid(options: &Options, patient: &Patient, r: &mut Random) -> Grid {
    let section = Section::new(&patient.body, patient.plan.w);
    let field = (2.0 * section.reach + r.within(12.0, 84.0)).clamp(280.0, 500.0);
    let size = usize::from(options.size);
    // Millimetres with three decimals, so that the header says exactly what was painted.
    let step = (field / size as f32 * 1000.0).round() / 1000.0;
    let corner = |middle: f32| {
        let start = middle - 0.5 * step * (size as f32 - 1.0);
        (start * 10.0).round() / 10.0
    };
    let [x, y] = patient.body.centre;
    let origin = [
        corner(0.5 * x + r.within(-6.0, 6.0)),
        corner(0.5 * y + r.within(-6.0, 6.0) + 6.0),
    ];
    Grid {
        columns: size,
        rows: size,
        step: [step, step],
        origin,
    }
}

fn slice(patient: &Patient, options: &Options, grid: &Grid, seed: u64, index: usize, z: f32) -> Slice {
    let layers = if options.thickness_mm > 1.6 { 2 } else { 1 };
    let mut hu = vec![0.0f32; grid.rows * grid.columns];
    patient.paint(
        grid,
        z + layer_offset(0, layers, options.thickness_mm),
        true,
        &mut hu,
    );
    if layers == 2 {
        let mut other = vec![0.0f32; hu.len()];
        patient.paint(
            grid,
            z + layer_offset(1, layers, options.thickness_mm),
            true,
            &mut other,
        );
        hu.iter_mut().zip(&other).for_each(|(a, b)| *a = 0.5 * (*a + b));
    }
    let kernel = [0.14, 0.72, 0.14];
    let mut hu = noise::blur(&hu, grid.columns, &kernel, &kernel);
    noise::add(
        &mut hu,
        grid.columns,
        mix(seed ^ 0x5EED) ^ mix(index as u64),
        patient.body.noise_hu,
    );
    let stored = hu
        .iter()
        .map(|v| v.round().clamp(-1024.0, 3071.0) as i16)
        .collect();
    Slice {
        position_mm: [grid.origin[0], grid.origin[1], z],
        hu: stored,
    }
}

/// Millimetres to one decimal.
fn tenth(mm: f32) -> f32 {
    (mm * 10.0).round() / 10.0
}

fn layer_offset(layer: usize, layers: usize, thickness: f32) -> f32 {
    ((layer as f32 + 0.5) / layers as f32 - 0.5) * thickness
}

fn truth(finding: Finding, plan: &Plan, heights: &[f32], at: usize, carina_z: f32) -> Truth {
    let shows = |z: &f32| (plan.span.0..=plan.span.1).contains(&(z - carina_z));
    let first = heights.iter().position(shows).map_or(at, |i| i.min(at));
    let last = heights.iter().rposition(shows).map_or(at, |i| i.max(at));
    let normal = finding == Finding::Normal;
    Truth {
        finding,
        label: finding.label().to_owned(),
        side: if normal { Side::None } else { plan.side },
        position_mm: None,
        size_mm: if normal { None } else { plan.size },
        slice: at + 1,
        slices: if normal {
            [at + 1; 2]
        } else {
            [first + 1, last + 1]
        },
    }
}
