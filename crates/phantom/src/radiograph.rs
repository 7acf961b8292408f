//! A frontal chest radiograph: line integrals from front to back with exponential attenuation.

use rayon::prelude::*;

use crate::noise::blur;
use crate::random::{mix, quick_normal};
use crate::slice::{Grid, Patient};

/// A projection image, MONOCHROME2: what absorbs more is brighter. Columns run to the patient's left, rows to the feet.
#[derive(Debug, Clone, PartialEq)]
pub struct Radiograph {
    /// Rows and columns.
    pub size: u16,
    /// Distance between pixels at the detector, mm (parallel rays: no magnification).
    pub pixel_mm: f32,
    /// Patient x of the first column's centre and z of the first row's centre, mm.
    pub origin_mm: [f32; 2],
    /// 12-bit values, row by row.
    pub values: Vec<u16>,
    /// Window centre and width that show the chest.
    pub window: [f64; 2],
}

/// Linear attenuation of water at the beam's effective energy (about 65 keV), 1/mm.
const WATER: f32 = 0.0202;
/// Photons per pixel without a patient.
const PHOTONS: f32 = 26_000.0;
/// Scattered radiation that reaches the detector, as a share of the local mean.
const SCATTER: f32 = 0.22;
/// Pixels of the coarse projection along each side; the image has twice as many.
const COARSE: usize = 512;
const COARSE_MM: f32 = 0.72;

impl Radiograph {
    /// The point of the image (column, row) on which a patient point falls.
    pub fn pixel_of(&self, point_mm: [f32; 3]) -> (f32, f32) {
        let column = (point_mm[0] - self.origin_mm[0]) / self.pixel_mm;
        (column, (self.origin_mm[1] - point_mm[2]) / self.pixel_mm)
    }

    pub(crate) fn project(patient: &Patient, seed: u64) -> Self {
        let half = 0.5 * COARSE_MM * (COARSE as f32 - 1.0);
        let left = patient.body.centre[0] - half;
        let top = patient.body.carina_z + patient.body.apex + 38.0;
        let depth_step = 2.6;
        let depth = 150;
        let grid = Grid {
            columns: COARSE,
            rows: depth,
            step: [COARSE_MM, depth_step],
            origin: [left, patient.body.centre[1] - 0.5 * depth_step * depth as f32],
        };
        let mut paths = vec![0.0f32; COARSE * COARSE];
        paths.par_chunks_mut(COARSE).enumerate().for_each(|(row, line)| {
            let mut hu = vec![0.0f32; COARSE * depth];
            patient.paint(&grid, top - row as f32 * COARSE_MM, false, &mut hu);
            for plane in hu.chunks_exact(COARSE) {
                line.iter_mut()
                    .zip(plane)
                    .for_each(|(sum, hu)| *sum += attenuation(*hu) * depth_step);
            }
        });
        let fine = double(&paths);
        let size = 2 * COARSE;
        let signal = detect(&fine, size, mix(seed ^ 0xD0));
        let (values, window) = process(&signal, size);
        let pixel_mm = 0.5 * COARSE_MM;
        let origin_mm = [left - 0.25 * COARSE_MM, top + 0.25 * COARSE_MM];
        Self {
            size: size as u16,
            pixel_mm,
            origin_mm,
            values,
            window,
        }
    }
}

/// 1/mm at one point: bone's calcium adds more at this energy than its CT number says.
fn attenuation(hu: f32) -> f32 {
    let excess = (hu - 120.0).max(0.0) * 0.18;
    WATER * (1.0 + (hu + excess) / 1000.0).max(0.0)
}

/// Twice as many pixels each way; every new one lies a quarter of a coarse pixel beside an old one.
fn double(coarse: &[f32]) -> Vec<f32> {
    let size = 2 * COARSE;
    let along = |index: usize| {
        let at = (index as f32 * 0.5 - 0.25).clamp(0.0, COARSE as f32 - 1.0);
        let low = (at as usize).min(COARSE - 2);
        (low, at - low as f32)
    };
    let mut fine = vec![0.0f32; size * size];
    fine.par_chunks_mut(size).enumerate().for_each(|(row, line)| {
        let (y, fy) = along(row);
        for (column, value) in line.iter_mut().enumerate() {
            let (x, fx) = along(column);
            let read = |y: usize| {
                let (a, b) = (coarse[y * COARSE + x], coarse[y * COARSE + x + 1]);
                a + (b - a) * fx
            };
            *value = read(y) + (read(y + 1) - read(y)) * fy;
        }
    });
    fine
}

/// Photons at the detector: attenuation, scatter, quantum noise and the detector's blur.
fn detect(paths: &[f32], size: usize, key: u64) -> Vec<f32> {
    let primary: Vec<f32> = paths.iter().map(|p| (-p).exp()).collect();
    let kernel = [1.0 / 31.0f32; 31];
    let veil = blur(&blur(&primary, size, &kernel, &kernel), size, &kernel, &kernel);
    let photons: Vec<f32> = primary
        .iter()
        .zip(&veil)
        .enumerate()
        .map(|(index, (direct, veil))| {
            let mean = PHOTONS * (direct + SCATTER * veil.min(4.0 * direct + 0.01));
            mean + mean.sqrt() * quick_normal(key, index as u64)
        })
        .collect();
    blur(&photons, size, &[0.2, 0.6, 0.2], &[0.2, 0.6, 0.2])
}

/// Logarithm, a little edge enhancement, 12 bits over the range that the body takes.
fn process(signal: &[f32], size: usize) -> (Vec<u16>, [f64; 2]) {
    let log: Vec<f32> = signal.iter().map(|s| -(s.max(1.0) / PHOTONS).ln()).collect();
    let kernel = [1.0 / 21.0f32; 21];
    let smooth = blur(&log, size, &kernel, &kernel);
    let sharp: Vec<f32> = log.iter().zip(&smooth).map(|(a, b)| a + 0.45 * (a - b)).collect();
    let mut sorted: Vec<f32> = sharp.iter().copied().filter(|v| *v > 0.35).collect();
    sorted.sort_by(f32::total_cmp);
    let quantile = |q: f32| {
        sorted
            .get((q * (sorted.len().max(1) - 1) as f32) as usize)
            .copied()
            .unwrap_or(1.0)
    };
    let (low, high) = (quantile(0.01).min(0.4), quantile(0.995).max(1.0));
    let scale = 3900.0 / (high - low).max(0.1);
    let store = |v: f32| (60.0 + (v - low) * scale).round().clamp(0.0, 4095.0);
    let values = sharp.iter().map(|v| store(*v) as u16).collect();
    let (dark, bright) = (store(quantile(0.04)), store(quantile(0.997)));
    let window = [
        f64::from(0.5 * (dark + bright)).round(),
        f64::from(bright - dark).round().max(64.0),
    ];
    (values, window)
}
