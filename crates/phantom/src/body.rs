//! One patient's build: sizes, pose and densities, drawn from a seed.
//!
//! Body coordinates are (u, v, w) in mm: u to the patient's left, v to the back, w to the head; the origin lies on the
//! chest's axis at the height of the carina. Patient coordinates are DICOM's LPS.

use crate::finding::Finding;
use crate::random::Random;
use crate::tissue::{BLOOD, smooth_step};

/// The heart as an ellipsoid turned about the long axis of the body.
#[derive(Debug, Clone)]
pub(crate) struct Heart {
    pub(crate) centre: [f32; 3],
    /// Half axes: long and short in the axial plane, and along w.
    pub(crate) axes: [f32; 3],
    /// Cosine and sine of the long axis towards left and front.
    pub(crate) turn: [f32; 2],
    /// Amplitudes in mm by which the outline departs from an ellipse.
    pub(crate) waves: [f32; 4],
    /// Width across, mm.
    pub(crate) transverse: f32,
}

/// The build of one patient.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) centre: [f32; 2],
    pub(crate) turn: [f32; 2],
    pub(crate) lean: f32,
    pub(crate) carina_z: f32,
    pub(crate) half_width: f32,
    pub(crate) half_depth: f32,
    pub(crate) exponent: f32,
    /// Amplitudes (share of the radius) of the outline's departures from a superellipse.
    pub(crate) waves: [f32; 5],
    pub(crate) fat: f32,
    pub(crate) belly: f32,
    pub(crate) muscle: f32,
    pub(crate) shoulder: f32,
    pub(crate) female: bool,
    pub(crate) breast: f32,
    pub(crate) apex: f32,
    /// Top of the right and left dome of the diaphragm, w in mm.
    pub(crate) dome: [f32; 2],
    pub(crate) heart: Heart,
    pub(crate) lung_hu: f32,
    /// Rise of the lung's density from front to back, HU.
    pub(crate) lung_gradient: f32,
    /// Depth of the denser strip that everybody has who lies on the back, mm.
    pub(crate) dependent: f32,
    pub(crate) blood_hu: f32,
    /// What contrast medium adds to organs, HU.
    pub(crate) enhancement: f32,
    pub(crate) bone: f32,
    pub(crate) vertebra: f32,
    pub(crate) mediastinum: f32,
    pub(crate) age: u32,
    pub(crate) noise_hu: f32,
}

impl Body {
    /// Draws a patient. The heart is enlarged when `finding` says so; nothing else depends on `finding`.
    pub(crate) fn draw(seed: u64, finding: Finding, hard: bool) -> Self {
        let mut r = Random::new(seed, "body");
        let female = r.chance(0.5);
        let size = if female { 0.93 } else { 1.03 } * r.within(0.9, 1.08);
        let spread = if hard { 1.25 } else { 1.0 };
        let half_width = size * (134.0 + spread * r.within(-18.0, 18.0));
        let half_depth = size * (97.0 + spread * r.within(-12.0, 14.0));
        let fat = if hard {
            r.within(5.0, 46.0)
        } else {
            r.within(7.0, 34.0)
        };
        let angle = spread * r.within(-0.17, 0.17);
        let (sin, cos) = angle.sin_cos();
        let apex = size * r.within(92.0, 112.0);
        let right_dome = -size * r.within(82.0, 112.0);
        let left_dome = right_dome - r.within(4.0, 18.0);
        let enhanced = r.chance(0.4);
        let (blood_hu, enhancement) = if enhanced {
            (r.within(110.0, 240.0), r.within(15.0, 45.0))
        } else {
            (BLOOD, 0.0)
        };
        let mut body = Self {
            centre: [spread * r.within(-24.0, 24.0), spread * r.within(-18.0, 18.0)],
            turn: [cos, sin],
            lean: spread * r.within(-0.05, 0.05),
            carina_z: r.within(-320.0, -60.0).round(),
            half_width,
            half_depth,
            exponent: r.within(2.1, 2.7),
            waves: std::array::from_fn(|_| 0.012 * spread * r.normal().clamp(-2.0, 2.0)),
            fat,
            belly: r.within(0.0, 0.6),
            muscle: size * r.within(12.0, 20.0),
            shoulder: r.within(20.0, 48.0),
            female,
            breast: if female {
                r.within(8.0, 40.0)
            } else {
                r.within(0.0, 5.0)
            },
            apex,
            dome: [right_dome, left_dome],
            heart: Heart {
                centre: [0.0; 3],
                axes: [1.0; 3],
                turn: [1.0, 0.0],
                waves: [0.0; 4],
                transverse: 0.0,
            },
            lung_hu: r.within(-890.0, -800.0),
            lung_gradient: r.within(20.0, 90.0),
            dependent: r.within(0.0, 9.0),
            blood_hu,
            enhancement,
            bone: r.within(0.7, 1.15),
            vertebra: size * r.within(21.5, 24.5),
            mediastinum: r.within(20.0, 28.0),
            age: 28 + r.below(58) as u32,
            noise_hu: if hard {
                r.within(30.0, 40.0)
            } else {
                r.within(15.0, 27.0)
            },
        };
        body.heart = body.draw_heart(
            &mut Random::new(seed, "heart"),
            finding == Finding::Cardiomegaly,
            hard,
        );
        body
    }

    fn draw_heart(&self, r: &mut Random, enlarged: bool, hard: bool) -> Heart {
        // The same draws in the same order for both sizes, so that an enlarged heart is the same patient's heart.
        let place = r.unit();
        let sway = r.within(0.12, 0.2);
        let deep = r.within(0.40, 0.45);
        let waves = std::array::from_fn(|_| 2.2 * r.normal().clamp(-1.6, 1.6));
        let ratio = match (enlarged, hard) {
            (false, false) => 0.39 + 0.09 * place,
            (false, true) => 0.41 + 0.09 * place,
            (true, false) => 0.60 + 0.08 * place,
            (true, true) => 0.53 + 0.07 * place,
        };
        let half = ratio * self.half_width;
        let room = 2.0 * self.half_depth - 71.0;
        let half_depth = (deep * room).min(52.0) * if enlarged { 1.08 } else { 1.0 };
        let angle: f32 = if enlarged { 0.34 } else { 0.45 };
        let (sin, cos) = angle.sin_cos();
        let (s2, c2) = (sin * sin, cos * cos);
        let (x2, y2) = (half * half, half_depth * half_depth);
        let long = ((x2 * c2 - y2 * s2) / (c2 - s2)).max(400.0).sqrt();
        let short = ((y2 * c2 - x2 * s2) / (c2 - s2)).max(700.0).sqrt();
        let (along, lift) = if enlarged { (66.0, 4.0) } else { (51.0, 0.0) };
        Heart {
            centre: [
                sway * 2.0 * half,
                -self.half_depth + 10.0 + half_depth,
                self.heart_level() + lift,
            ],
            axes: [long, short, along],
            turn: [cos, sin],
            waves,
            transverse: 2.0 * half,
        }
    }

    /// The height of a normal heart's middle: findings are asked about near it.
    pub(crate) fn heart_level(&self) -> f32 {
        0.5 * (self.dome[0] + self.dome[1]) + 40.0
    }

    /// Body coordinates of a point of the patient at height w.
    pub(crate) fn to_body(&self, x: f32, y: f32, w: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.centre[0] - self.lean * w, y - self.centre[1]);
        let [cos, sin] = self.turn;
        (cos * dx + sin * dy, cos * dy - sin * dx)
    }

    /// Patient coordinates (LPS, mm) of a point of the body.
    pub(crate) fn to_patient(&self, point: [f32; 3]) -> [f32; 3] {
        let [u, v, w] = point;
        let [cos, sin] = self.turn;
        let x = self.centre[0] + self.lean * w + cos * u - sin * v;
        let y = self.centre[1] + sin * u + cos * v;
        [x, y, self.carina_z + w]
    }

    /// How much of its full width the chest has at height w: 0 above the apex, 1 below the carina.
    pub(crate) fn growth(&self, w: f32) -> f32 {
        let t = ((self.apex - w) / (self.apex + 75.0)).clamp(0.0, 1.0);
        (1.0 - (1.0 - t).powf(3.0)).powf(0.62)
    }

    /// Height of the lungs' tops over (u, v), mm: each side has a dome of its own.
    pub(crate) fn cap(&self, u: f32, v: f32) -> f32 {
        let du = (u.abs() - 0.36 * self.half_width) / (0.34 * self.half_width);
        let dv = (v - 0.12 * self.half_depth) / (0.55 * self.half_depth);
        self.apex - 2.0 - 26.0 * (du * du + dv * dv)
    }

    /// Front of the vertebral bodies' centre, v in mm.
    pub(crate) fn spine_v(&self) -> f32 {
        self.half_depth - 48.0
    }

    /// Half the width of the mediastinum's fat at (v, w), mm.
    pub(crate) fn mediastinum_half(&self, v: f32, w: f32) -> f32 {
        let depth = self.half_depth;
        let wide = self.mediastinum + 5.0 * smooth_step(-10.0, 30.0, w) - 5.0 * smooth_step(-30.0, -60.0, w);
        let front = 4.0 + 8.0 * smooth_step(40.0, 70.0, w);
        let waist = wide * (1.0 - 0.35 * smooth_step(-0.05 * depth, 0.32 * depth, v));
        front + (waist - front).max(0.0) * smooth_step(-0.98 * depth, -0.30 * depth, v)
    }

    /// Height of the diaphragm over (u, v) and the steepness there (for distances), mm and mm per mm.
    pub(crate) fn diaphragm(&self, u: f32, v: f32) -> (f32, f32) {
        let side = usize::from(u >= 0.0);
        let (hu, hv) = (0.62 * self.half_width, 0.95 * self.half_depth);
        let du = u.abs() - 0.48 * self.half_width;
        let dv = v + 0.1 * self.half_depth;
        let q = (du / hu).powi(2) + (dv / hv).powi(2);
        let slope = 96.0 * ((du / (hu * hu)).powi(2) + (dv / (hv * hv)).powi(2)).sqrt();
        (self.dome[side] - 48.0 * q.min(1.7), slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_go_there_and_back() {
        let body = Body::draw(5, Finding::Normal, true);
        let [x, y, z] = body.to_patient([40.0, -22.0, -31.0]);
        let (u, v) = body.to_body(x, y, z - body.carina_z);
        assert!((u - 40.0).abs() < 1e-3 && (v + 22.0).abs() < 1e-3, "{u} {v}");
    }

    #[test]
    fn hearts_keep_to_their_share_of_the_chest_and_change_nothing_else() {
        for seed in 0..200 {
            for hard in [false, true] {
                let normal = Body::draw(seed, Finding::Normal, hard);
                let large = Body::draw(seed, Finding::Cardiomegaly, hard);
                let ratio = |body: &Body| body.heart.transverse / (2.0 * body.half_width);
                assert!(ratio(&normal) <= 0.5 && ratio(&large) > 0.52, "{seed}");
                assert!((normal.lung_hu - large.lung_hu).abs() < f32::EPSILON);
                assert_eq!(normal.dome.map(f32::to_bits), large.dome.map(f32::to_bits));
            }
        }
    }
}
