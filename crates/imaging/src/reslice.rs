//! Pictures cut out of a volume along any plane, in modality values.

use glam::DVec3;
use rayon::prelude::*;

use crate::view::Interpolation;
use crate::volume::Volume;

/// The plane to cut: point (row i, column j) lies at `origin + i * step * down + j * step * right`, patient mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Patient position of the first point, mm.
    pub origin: DVec3,
    /// Unit direction of columns.
    pub right: DVec3,
    /// Unit direction of rows.
    pub down: DVec3,
    /// Distance between points, mm.
    pub step: f64,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Value of points outside the volume.
    pub outside: f32,
}

/// One of the planes of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyPlane {
    /// Seen from the feet: patient's right on the left.
    Axial,
    /// Seen from the front, head up.
    Coronal,
    /// Seen from the left, head up, front on the left.
    Sagittal,
}

/// How the planes of a slab become one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Largest value.
    Maximum,
    /// Smallest value.
    Minimum,
    /// Mean of the values inside.
    Mean,
}

/// Cuts one plane; `height * width` values, row-major.
///
/// Nearest takes the voxel whose index is the rounded point (ties up); linear is trilinear. A point is inside when
/// it lies within the grid of voxel centres.
#[expect(clippy::cast_possible_truncation, reason = "the answer is single precision")]
pub fn reslice(volume: &Volume, grid: &Grid, interpolation: Interpolation) -> Vec<f32> {
    let mut out = vec![grid.outside; grid.width * grid.height];
    if grid.width == 0 {
        return out;
    }
    let map = volume.index_from_patient();
    let start = map.transform_point3(grid.origin);
    let right = map.transform_vector3(grid.right * grid.step);
    let down = map.transform_vector3(grid.down * grid.step);
    out.par_chunks_exact_mut(grid.width)
        .enumerate()
        .for_each(|(i, row)| {
            for (j, value) in row.iter_mut().enumerate() {
                if let Some(v) = sample(volume, start + down * i as f64 + right * j as f64, interpolation) {
                    *value = v as f32;
                }
            }
        });
    out
}

/// Cuts a slab of `thickness` mm centred on the grid's plane, sampled at most half the smallest voxel apart.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "few thousand planes at most; f32 out"
)]
pub fn slab(volume: &Volume, grid: &Grid, thickness: f64, projection: Projection) -> Vec<f32> {
    let normal = grid.right.cross(grid.down).normalize_or_zero();
    let most = volume.steps().min_element() / 2.0;
    let planes = ((thickness.max(0.0) / most).ceil() as usize).min(4096) + 1;
    let layers: Vec<Vec<f32>> = (0..planes)
        .map(|k| {
            let offset = if planes == 1 {
                0.0
            } else {
                thickness * (k as f64 / (planes - 1) as f64 - 0.5)
            };
            let plane = Grid {
                origin: grid.origin + normal * offset,
                outside: f32::NAN,
                ..*grid
            };
            reslice(volume, &plane, Interpolation::Linear)
        })
        .collect();
    (0..grid.width * grid.height)
        .map(|i| {
            let inside = layers.iter().map(|layer| layer[i]).filter(|v| !v.is_nan());
            let value = match projection {
                Projection::Maximum => inside.reduce(f32::max),
                Projection::Minimum => inside.reduce(f32::min),
                Projection::Mean => {
                    let (sum, n) = inside.fold((0.0, 0_u32), |(s, n), v| (s + f64::from(v), n + 1));
                    (n > 0).then(|| (sum / f64::from(n)) as f32)
                }
            };
            value.unwrap_or(grid.outside)
        })
        .collect()
}

/// The value at a voxel index, or `None` outside the grid of voxel centres.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie inside the grid"
)]
fn sample(volume: &Volume, at: DVec3, interpolation: Interpolation) -> Option<f64> {
    // A point on the rim may land a rounding error outside.
    const RIM: f64 = 1e-7;
    let size = volume.size();
    let top = DVec3::new(size[0] as f64 - 1.0, size[1] as f64 - 1.0, size[2] as f64 - 1.0);
    if at.cmplt(DVec3::splat(-RIM)).any() || at.cmpgt(top + RIM).any() || !at.is_finite() {
        return None;
    }
    let at = at.clamp(DVec3::ZERO, top);
    match interpolation {
        Interpolation::Nearest => {
            let i = (at + 0.5).floor().min(top);
            Some(volume.value(i.x as usize, i.y as usize, i.z as usize))
        }
        Interpolation::Linear => {
            let low = at.floor();
            let part = at - low;
            let high = (low + 1.0).min(top);
            let (x, y, z) = (
                [low.x as usize, high.x as usize],
                [low.y as usize, high.y as usize],
                [low.z as usize, high.z as usize],
            );
            let line = |r: usize, s: usize| {
                volume.value(x[0], r, s) * (1.0 - part.x) + volume.value(x[1], r, s) * part.x
            };
            let face = |s: usize| line(y[0], s) * (1.0 - part.y) + line(y[1], s) * part.y;
            Some(face(z[0]) * (1.0 - part.z) + face(z[1]) * part.z)
        }
    }
}

/// The grid of a body plane through `at` mm (along z for axial, y for coronal, x for sagittal) that covers the
/// volume, at its smallest voxel step.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the volume's own size"
)]
pub fn body_grid(volume: &Volume, plane: BodyPlane, at: f64, outside: f32) -> Grid {
    let [columns, rows, slices] = volume.size().map(|n| n as f64 - 1.0);
    let map = volume.patient_from_index();
    let corners: Vec<DVec3> = (0..8_u8)
        .map(|k| {
            let pick = |bit: u8, n: f64| if k & bit == 0 { 0.0 } else { n };
            map.transform_point3(DVec3::new(pick(1, columns), pick(2, rows), pick(4, slices)))
        })
        .collect();
    let low = corners.iter().copied().fold(DVec3::INFINITY, DVec3::min);
    let high = corners.iter().copied().fold(DVec3::NEG_INFINITY, DVec3::max);
    let step = volume.steps().min_element();
    let (origin, right, down) = match plane {
        BodyPlane::Axial => (DVec3::new(low.x, low.y, at), DVec3::X, DVec3::Y),
        BodyPlane::Coronal => (DVec3::new(low.x, at, high.z), DVec3::X, DVec3::NEG_Z),
        BodyPlane::Sagittal => (DVec3::new(at, low.y, high.z), DVec3::Y, DVec3::NEG_Z),
    };
    let extent = high - low;
    let count = |direction: DVec3| ((extent.dot(direction.abs()) / step).floor() as usize).min(8191) + 1;
    Grid {
        origin,
        right,
        down,
        step,
        width: count(right),
        height: count(down),
        outside,
    }
}
