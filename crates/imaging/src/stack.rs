//! Images in geometric order: by position along the normal (row x column), never by instance number.

use glam::DVec3;

use crate::geometry::Plane;

/// Spacing within 1 % or 0.01 mm of the median counts as even.
const EVEN_RELATIVE: f64 = 0.01;
const EVEN_ABSOLUTE: f64 = 0.01;
/// Positions closer than this are the same place, mm.
const SAME_PLACE: f64 = 0.001;
/// Tilt below this many degrees is rounding of the header.
const TILT_NOISE: f64 = 0.05;

/// Slices missing between two that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Place in the order (from 0) of the slice before the gap.
    pub after: usize,
    /// Number of slices missing.
    pub missing: usize,
}

/// Planes in order, and what their positions say.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrangement {
    /// Indices of the planes given, in ascending position along the normal; equal positions keep their order.
    pub order: Vec<usize>,
    /// Position along the normal of each plane in `order`, mm.
    pub positions: Vec<f64>,
    /// Median distance between neighbours at different places, mm; `None` below two places.
    pub spacing: Option<f64>,
    /// Smallest and largest such distance, mm.
    pub spacing_range: Option<[f64; 2]>,
    /// True when every distance is the median within 1 % or 0.01 mm.
    pub even: bool,
    /// Gaps that are a near multiple of the median.
    pub gaps: Vec<Gap>,
    /// Planes that share a place with the one before.
    pub duplicates: usize,
    /// Angle between the normal and the line through the slice origins, degrees (gantry tilt); 0 when none.
    pub tilt: f64,
    /// In-plane shift of the origin for each mm along the normal, along [rows' direction, columns' direction].
    pub shear: [f64; 2],
    /// True when the planes form a regular (maybe sheared) grid of at least two slices.
    pub volume: bool,
}

impl Arrangement {
    /// Places in the order (from 0) whose slice lies where the next one lies.
    pub fn doubled(&self) -> impl Iterator<Item = usize> {
        self.positions
            .windows(2)
            .enumerate()
            .filter(|(_, w)| w[1] - w[0] < SAME_PLACE)
            .map(|(k, _)| k)
    }
}

/// Orders planes of one orientation.
///
/// The caller has split off other orientations and sizes; the first plane's directions stand for all.
pub fn arrange(planes: &[Plane]) -> Arrangement {
    let mut order: Vec<usize> = (0..planes.len()).collect();
    let normal = planes.first().map_or(DVec3::Z, Plane::normal);
    let place = |i: &usize| planes[*i].position.dot(normal);
    order.sort_by(|a, b| place(a).total_cmp(&place(b)));
    let positions: Vec<f64> = order.iter().map(place).collect();

    let steps: Vec<f64> = positions.windows(2).map(|w| w[1] - w[0]).collect();
    let duplicates = steps.iter().filter(|step| **step < SAME_PLACE).count();
    let mut apart: Vec<f64> = steps.iter().copied().filter(|step| *step >= SAME_PLACE).collect();
    apart.sort_by(f64::total_cmp);
    let spacing = median(&apart);
    let spacing_range = apart.first().zip(apart.last()).map(|(low, high)| [*low, *high]);
    let even = spacing.is_some_and(|m| apart.iter().all(|step| near(*step, m)));
    let gaps = spacing.map_or_else(Vec::new, |m| gaps(&steps, m));
    let (tilt, shear, straight) = lean(planes, &order, &positions);
    let volume = even && duplicates == 0 && straight && planes.len() > 1 && on_grid(&positions);
    Arrangement {
        order,
        positions,
        spacing,
        spacing_range,
        even,
        gaps,
        duplicates,
        tilt,
        shear,
        volume,
    }
}

/// True when each position lies within a tenth of a step of the regular grid between the first and the last: steps that are each
/// nearly even can add up to slices.
fn on_grid(positions: &[f64]) -> bool {
    let (Some(first), Some(last)) = (positions.first(), positions.last()) else {
        return true;
    };
    let step = (last - first) / (positions.len().max(2) - 1) as f64;
    positions
        .iter()
        .enumerate()
        .all(|(k, position)| (position - first - step * k as f64).abs() <= (0.1 * step).max(EVEN_ABSOLUTE))
}

fn near(step: f64, median: f64) -> bool {
    (step - median).abs() <= (median * EVEN_RELATIVE).max(EVEN_ABSOLUTE)
}

fn median(sorted: &[f64]) -> Option<f64> {
    let n = sorted.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(sorted[n / 2]),
        _ => Some(f64::midpoint(sorted[n / 2 - 1], sorted[n / 2])),
    }
}

fn gaps(steps: &[f64], median: f64) -> Vec<Gap> {
    steps
        .iter()
        .enumerate()
        .filter_map(|(after, step)| {
            let times = (step / median).round();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at least 2, far below usize"
            )]
            (times >= 2.0 && (step / median - times).abs() <= 0.05 * times).then(|| Gap {
                after,
                missing: times.min(1e6) as usize - 1,
            })
        })
        .collect()
}

/// Tilt, shear and whether all origins lie on one line (within a tenth of a millimetre or pixel).
fn lean(planes: &[Plane], order: &[usize], positions: &[f64]) -> (f64, [f64; 2], bool) {
    let (Some(first), Some(last)) = (order.first(), order.last()) else {
        return (0.0, [0.0; 2], true);
    };
    let (start, end) = (planes[*first].position, planes[*last].position);
    let depth = positions[positions.len() - 1] - positions[0];
    if depth < SAME_PLACE {
        return (0.0, [0.0; 2], true);
    }
    let plane = &planes[*first];
    let across = end - start - plane.normal() * depth;
    let shear = [
        across.dot(plane.row_direction) / depth,
        across.dot(plane.column_direction) / depth,
    ];
    let tilt = across.length().atan2(depth).to_degrees();
    let tolerance = (plane.row_spacing.min(plane.column_spacing) * 0.1).max(0.1);
    let straight = order.iter().zip(positions).all(|(i, position)| {
        let along = (position - positions[0]) / depth;
        (planes[*i].position - (start + (end - start) * along)).length() <= tolerance
    });
    if tilt < TILT_NOISE {
        (0.0, [0.0; 2], straight)
    } else {
        (tilt, shear, straight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(z: f64, shift: f64) -> Plane {
        Plane {
            position: DVec3::new(0.0, shift, z),
            row_direction: DVec3::X,
            column_direction: DVec3::Y,
            row_spacing: 1.0,
            column_spacing: 1.0,
        }
    }

    #[test]
    fn order_follows_position_not_the_list() {
        let a = arrange(&[plane(4.0, 0.0), plane(0.0, 0.0), plane(2.0, 0.0)]);
        assert_eq!(a.order, [1, 2, 0]);
        assert!(a.volume && a.even && a.gaps.is_empty());
        assert_eq!(a.spacing, Some(2.0));
    }

    #[test]
    fn a_missing_slice_is_a_gap_and_no_volume() {
        let planes: Vec<Plane> = [0.0, 1.0, 2.0, 5.0, 6.0].iter().map(|z| plane(*z, 0.0)).collect();
        let a = arrange(&planes);
        assert_eq!(a.gaps, [Gap { after: 2, missing: 2 }]);
        assert!(!a.volume && !a.even);
    }

    #[test]
    fn a_tilted_gantry_is_measured_and_still_a_grid() {
        let planes: Vec<Plane> = (0..10)
            .map(|k| plane(f64::from(k) * 2.0, f64::from(k) * -0.5))
            .collect();
        let a = arrange(&planes);
        assert!((a.tilt - 0.25_f64.atan().to_degrees()).abs() < 1e-9);
        assert!((a.shear[1] + 0.25).abs() < 1e-12 && a.shear[0].abs() < 1e-12);
        assert!(a.volume);
    }

    #[test]
    fn small_differences_that_add_up_to_slices_are_no_grid() {
        let mut z = 0.0;
        let planes: Vec<Plane> = (0..200)
            .map(|k| {
                z += if k < 100 { 0.2 } else { 0.2099 };
                plane(z, 0.0)
            })
            .collect();
        let a = arrange(&planes);
        assert!(a.even && !a.volume);
    }

    #[test]
    fn slices_at_one_place_are_duplicates() {
        let a = arrange(&[plane(0.0, 0.0), plane(0.0, 0.0), plane(1.0, 0.0)]);
        assert_eq!(a.duplicates, 1);
        assert!(!a.volume);
    }

    #[test]
    fn nothing_and_one_are_fine() {
        assert!(arrange(&[]).order.is_empty());
        assert!(!arrange(&[plane(0.0, 0.0)]).volume);
    }
}
