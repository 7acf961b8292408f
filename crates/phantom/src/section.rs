//! Outlines of the body at one height as tables over the angle, and which space a point lies in.

use std::f32::consts::{PI, TAU};

use crate::body::Body;
use crate::tissue::{ellipse, smooth_max, smooth_step};

const ANGLES: usize = 360;

/// One outline: radius over the angle from the back, and the cosine that turns a radial distance into a normal one.
#[derive(Debug, Clone)]
struct Outline(Vec<[f32; 2]>);

impl Outline {
    fn new(radius: impl Fn(f32) -> f32) -> Self {
        let radii: Vec<f32> = (0..ANGLES)
            .map(|i| radius(i as f32 / ANGLES as f32 * TAU - PI))
            .collect();
        let step = TAU / ANGLES as f32;
        let entry = |i: usize| {
            let (before, after) = (radii[(i + ANGLES - 1) % ANGLES], radii[(i + 1) % ANGLES]);
            let slope = (after - before) / (2.0 * step * radii[i].max(1.0));
            [radii[i], 1.0 / (1.0 + slope * slope).sqrt()]
        };
        Self((0..ANGLES).map(entry).collect())
    }

    fn distance(&self, slot: (usize, f32), r: f32) -> f32 {
        let (a, b) = (self.0[slot.0], self.0[(slot.0 + 1) % ANGLES]);
        let radius = a[0] + (b[0] - a[0]) * slot.1;
        let cosine = a[1] + (b[1] - a[1]) * slot.1;
        (r - radius) * cosine
    }
}

fn slot(phi: f32) -> (usize, f32) {
    let position = ((phi + PI) / TAU * ANGLES as f32).max(0.0);
    let floor = position.floor();
    (floor as usize % ANGLES, position - floor)
}

/// Outlines of skin, muscle and chest cavity at height w.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    skin: Outline,
    muscle: Outline,
    cavity: Outline,
    /// No part of the body is farther from the axis than this, mm.
    pub(crate) reach: f32,
    /// The body reaches this far back, mm.
    pub(crate) back: f32,
}

/// Signed distances in mm (negative: inside) of one point to the outlines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Angle from the back, positive to the left: 0 back, PI/2 left, ±PI front.
    pub(crate) phi: f32,
    pub(crate) skin: f32,
    pub(crate) muscle: f32,
    pub(crate) cavity: f32,
}

impl Section {
    pub(crate) fn new(body: &Body, w: f32) -> Self {
        let grown = body.growth(w);
        let least = grown.max(0.62 + 0.38 * smooth_step(body.apex + 45.0, body.apex - 70.0, w));
        let [w1, w2, w3, w4, w5] = body.waves;
        let radius = |phi: f32, factor: f32| {
            let a = body.half_width * factor;
            let b = body.half_depth * (0.30 + 0.70 * factor);
            let n = body.exponent;
            let sum = (phi.sin().abs() / a).powf(n) + (phi.cos().abs() / b).powf(n);
            let wave = w1 * phi.sin() + w2 * (2.0 * phi).sin() + w3 * (3.0 * phi).cos();
            sum.powf(-1.0 / n) * (1.0 + wave + w4 * (4.0 * phi).cos() + w5 * (3.0 * phi).sin())
        };
        let cavity = |phi: f32| if grown > 0.02 { radius(phi, grown) } else { 1.0 };
        let muscle = |phi: f32| radius(phi, least) + wall(body, phi, w);
        let skin = |phi: f32| muscle(phi) + fat(body, phi, w);
        let skin = Outline::new(skin);
        let reach = skin.0.iter().map(|entry| entry[0]).fold(0.0, f32::max);
        let back = (0..ANGLES)
            .map(|i| skin.0[i][0] * (i as f32 / ANGLES as f32 * TAU - PI).cos())
            .fold(0.0, f32::max);
        Self {
            skin,
            muscle: Outline::new(muscle),
            cavity: Outline::new(cavity),
            reach,
            back,
        }
    }

    pub(crate) fn place(&self, u: f32, v: f32) -> Place {
        let phi = u.atan2(v);
        let r = (u * u + v * v).sqrt();
        let slot = slot(phi);
        Place {
            phi,
            skin: self.skin.distance(slot, r),
            muscle: self.muscle.distance(slot, r),
            cavity: self.cavity.distance(slot, r),
        }
    }

    /// The point `depth` mm inside the cavity's wall at angle `phi`.
    pub(crate) fn under_wall(&self, phi: f32, depth: f32) -> (f32, f32) {
        let [radius, cosine] = self.cavity.0[slot(phi).0];
        let r = (radius - depth / cosine).max(0.0);
        (r * phi.sin(), r * phi.cos())
    }
}

/// Thickness of the chest wall outside the cavity, mm.
fn wall(body: &Body, phi: f32, w: f32) -> f32 {
    let a = phi.abs();
    let bump = |centre: f32, width: f32| (-((a - centre) / width).powi(2)).exp();
    let scapular = 15.0 * bump(1.0, 0.42) * smooth_step(-95.0, -30.0, w);
    let pectoral = 9.0 * bump(2.35, 0.36) * smooth_step(-50.0, 10.0, w);
    let back = 16.0 * bump(0.22, 0.28);
    let arms = body.shoulder * phi.sin().abs().powi(3) * smooth_step(25.0, 105.0, w);
    body.muscle + scapular + pectoral + back + arms
}

/// Thickness of fat and skin outside the muscle, mm.
fn fat(body: &Body, phi: f32, w: f32) -> f32 {
    let a = phi.abs();
    let side = 1.0 + 0.35 * phi.sin().abs();
    let belly = 1.0 + body.belly * smooth_step(-40.0, -130.0, w) * smooth_step(1.4, 2.6, a);
    let height = smooth_step(25.0, -25.0, w) * smooth_step(-135.0, -85.0, w);
    let breast = body.breast * (-((a - 2.45) / 0.40).powi(2)).exp() * height;
    let spine = 1.0 - 0.45 * (-(phi / 0.2).powi(2)).exp();
    2.0 + body.fat * side * belly * spine + breast
}

/// Signed distances that bound a lung.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LungSpace {
    /// Distance to the lung's surface (to the pleural space's, when fluid or air lies in it).
    pub(crate) lung: f32,
    /// Height above the diaphragm as a distance (positive: above).
    pub(crate) above: f32,
    /// Distance to the heart with its fat.
    pub(crate) heart: f32,
    /// Distance to the spine with what lies beside it.
    pub(crate) spine: f32,
}

/// Where (u, v, w) lies with regard to the lung of its side.
pub(crate) fn lung_space(body: &Body, u: f32, v: f32, w: f32, place: &Place) -> LungSpace {
    let middle = body.mediastinum_half(v, w) - (u - 3.0).abs();
    let heart = heart_distance(body, u, v, w) - 3.5;
    let spine = spine_block(body, u, v);
    let (height, slope) = body.diaphragm(u, v);
    let above = (w - height) / (1.0 + slope * slope).sqrt();
    let cap = 0.6 * (w - body.cap(u, v));
    let outer = smooth_max(smooth_max(place.cavity + 1.2, -above, 5.0), cap, 6.0);
    let inner = smooth_max(smooth_max(middle, -heart, 9.0), -spine, 7.0);
    LungSpace {
        lung: smooth_max(outer, inner, 7.0),
        above,
        heart,
        spine,
    }
}

/// First-order distance to the heart muscle's surface in the axial plane.
pub(crate) fn heart_distance(body: &Body, u: f32, v: f32, w: f32) -> f32 {
    let heart = &body.heart;
    let t = (w - heart.centre[2]) / heart.axes[2];
    let share = 1.0 - t * t;
    if share <= 0.01 {
        return 40.0 + 20.0 * t.abs();
    }
    let scale = share.sqrt();
    let (x, y) = heart_frame(body, u, v);
    let (a, b) = (heart.axes[0] * scale, heart.axes[1] * scale);
    let distance = ellipse(x, y, a, b);
    if distance.abs() > 30.0 {
        return distance;
    }
    // Low harmonics of the direction: the outline is no ellipse.
    let (x, y) = (x / a, y / b);
    let square = (x * x + y * y).max(1e-6);
    let (c2, s2) = ((x * x - y * y) / square, 2.0 * x * y / square);
    let (c, s) = (x / square.sqrt(), y / square.sqrt());
    let [w1, w2, w3, w4] = heart.waves;
    distance + scale * (w1 * c2 + w2 * s2 + w3 * (c2 * c - s2 * s) + w4 * (s2 * c + c2 * s))
}

/// Offsets along the heart's long and short axis.
pub(crate) fn heart_frame(body: &Body, u: f32, v: f32) -> (f32, f32) {
    let heart = &body.heart;
    let (du, dv) = (u - heart.centre[0], v - heart.centre[1]);
    let [cos, sin] = heart.turn;
    (cos * du - sin * dv, sin * du + cos * dv)
}

/// Distance to vertebra, costovertebral joints and the muscle beside them.
fn spine_block(body: &Body, u: f32, v: f32) -> f32 {
    let centre = body.spine_v();
    let front = ellipse(u, v - centre, 22.0, 20.0);
    let width = 14.0 + 15.0 * ((v - centre) / (body.half_depth - centre)).clamp(0.0, 1.0);
    let behind = (u.abs() - width).max(centre + 4.0 - v);
    front.min(behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    #[test]
    fn layers_enclose_each_other_at_every_height_and_angle() {
        for seed in 0..20 {
            let body = Body::draw(seed, Finding::Normal, seed % 2 == 0);
            for step in 0..32 {
                let section = Section::new(&body, 140.0 - 10.0 * step as f32);
                for i in 0..64 {
                    let phi = i as f32 / 64.0 * TAU - PI;
                    let place = section.place(60.0 * phi.sin(), 60.0 * phi.cos());
                    assert!(
                        place.skin < place.muscle && place.muscle < place.cavity,
                        "{seed} {step} {i}"
                    );
                }
            }
        }
    }

    #[test]
    fn lungs_lie_beside_the_midline_above_the_diaphragm() {
        let body = Body::draw(11, Finding::Normal, false);
        let section = Section::new(&body, -20.0);
        for side in [-1.0, 1.0] {
            let place = section.place(side * 90.0, 10.0);
            assert!(lung_space(&body, side * 90.0, 10.0, -20.0, &place).lung < -10.0);
            let low = Section::new(&body, -190.0).place(side * 70.0, 0.0);
            assert!(lung_space(&body, side * 70.0, 0.0, -190.0, &low).lung > 10.0);
        }
        let place = section.place(0.0, body.spine_v());
        assert!(lung_space(&body, 0.0, body.spine_v(), -20.0, &place).lung > 5.0);
        assert!((section.under_wall(1.0, 10.0).0) > 0.0);
    }
}
