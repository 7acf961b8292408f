//! Ribs, spine, breastbone and shoulder girdle.

use std::f32::consts::PI;

use crate::body::Body;
use crate::lesion::Fracture;
use crate::random::Random;
use crate::section::Place;
use crate::tissue::{CANAL, CARTILAGE, DISC, coverage, ellipse, over, rounded_box, smooth_step};
use crate::tree::Rod;

/// The skeleton of one patient.
#[derive(Debug, Clone)]
pub(crate) struct Skeleton {
    ribs: [Rib; 12],
    pub(crate) girdle: Vec<Rod>,
    marrow: f32,
    cortex: f32,
    phase: f32,
}

/// One pair of ribs: where it starts at the spine and how far it goes down and around.
#[derive(Debug, Clone, Copy)]
struct Rib {
    start: f32,
    drop: f32,
    end: f32,
    half_height: f32,
    half_thickness: f32,
    /// Does cartilage carry it on to the breastbone?
    joined: bool,
}

impl Rib {
    fn height(&self, angle: f32) -> f32 {
        self.start - self.drop * 0.5 * (1.0 - (PI * (angle / 2.75).min(1.0)).cos())
    }
}

/// Distance of the ribs' centre line from the cavity's wall, mm.
const RIB_DEPTH: f32 = 5.6;

impl Skeleton {
    pub(crate) fn new(seed: u64, body: &Body) -> Self {
        let mut r = Random::new(seed, "bones");
        let slant = r.within(0.85, 1.2);
        let thick = r.within(0.9, 1.15);
        let first = body.apex - r.within(2.0, 10.0);
        let ribs = std::array::from_fn(|k| {
            let n = k as f32;
            let (end, drop) = match k {
                0 => (2.3, 26.0),
                1 => (2.4, 42.0),
                2..=6 => (2.42, 54.0 + 3.0 * n),
                7..=9 => (2.25, 64.0),
                10 => (1.55, 48.0),
                _ => (1.05, 34.0),
            };
            Rib {
                start: first - body.vertebra * n,
                drop: drop * slant,
                end: end + r.within(-0.08, 0.08),
                half_height: thick * r.within(5.6, 6.8),
                half_thickness: thick * r.within(3.2, 3.9),
                joined: k < 10,
            }
        });
        let phase = first + r.within(-2.0, 2.0);
        Self {
            ribs,
            girdle: girdle(body, &mut r),
            marrow: 210.0 * body.bone,
            cortex: 900.0 * body.bone,
            phase,
        }
    }

    /// All ribs whose centre line passes height w on one side: rib and angle.
    pub(crate) fn crossings(&self, w: f32) -> Vec<(usize, f32)> {
        let mut found = Vec::new();
        for (k, rib) in self.ribs.iter().enumerate() {
            let mut angle = 0.55;
            while angle < rib.end - 0.25 {
                if (rib.height(angle) - w).abs() < rib.drop * 0.012 {
                    found.push((k, angle));
                    break;
                }
                angle += 0.01;
            }
        }
        found
    }

    /// Paints ribs, spine and breastbone over `hu`.
    pub(crate) fn paint(
        &self,
        body: &Body,
        (u, v, w): (f32, f32, f32),
        place: &Place,
        fracture: Option<&Fracture>,
        pixel: f32,
        mut hu: f32,
    ) -> f32 {
        let angle = place.phi.abs();
        if (-16.0..22.0).contains(&place.cavity) && angle > 0.2 {
            hu = self.paint_ribs(u, w, place, fracture, pixel, hu);
        }
        if u.abs() < 46.0 {
            let back = v - body.spine_v();
            if (-20.0..75.0).contains(&back) {
                hu = self.paint_spine(body, u, back, w, pixel, hu);
            }
            if v < 0.0 && place.cavity > -6.0 {
                hu = self.paint_breastbone(u, w, place, pixel, hu);
            }
        }
        hu
    }

    fn paint_ribs(
        &self,
        u: f32,
        w: f32,
        place: &Place,
        fracture: Option<&Fracture>,
        pixel: f32,
        mut hu: f32,
    ) -> f32 {
        let angle = place.phi.abs();
        for (k, rib) in self.ribs.iter().enumerate() {
            let lift = w - rib.height(angle);
            if lift.abs() > rib.half_height + 4.0 {
                continue;
            }
            let broken = fracture.filter(|f| f.rib == k && f.sign * u > 0.0);
            let shift = broken.map_or(0.0, |f| f.shift_at(angle));
            let across = (place.cavity - RIB_DEPTH - shift) / rib.half_thickness;
            let along = lift / rib.half_height;
            let mut d = ((along * along + across * across).sqrt() - 1.0) * rib.half_thickness;
            if let Some(f) = broken {
                d = d.max(f.gap_at(angle, lift));
            }
            if angle < rib.end {
                d = d.max((angle - rib.end) * 60.0);
                let cover = coverage(d, pixel);
                if cover > 0.0 {
                    let inside = coverage(d + 1.5, pixel.max(0.8));
                    hu = over(hu, over(self.cortex, self.marrow, inside), cover);
                }
            } else if rib.joined && angle < PI - 0.1 {
                hu = over(hu, CARTILAGE, coverage(d + 0.4, pixel));
            }
        }
        hu
    }

    fn paint_spine(&self, body: &Body, u: f32, back: f32, w: f32, pixel: f32, mut hu: f32) -> f32 {
        let level = (w - self.phase).rem_euclid(body.vertebra) / body.vertebra;
        let disc = coverage((0.5 - (level - 0.5).abs() - 0.10) * body.vertebra, 1.6);
        let d = ellipse(
            u,
            back,
            17.0 - 1.6 * (PI * level).sin(),
            14.0 - 1.2 * (PI * level).sin(),
        );
        let cover = coverage(d, pixel);
        if cover > 0.0 {
            let plate = smooth_step(0.22, 0.12, 0.5 - (level - 0.5).abs());
            let spongy = self.marrow * (0.9 + 0.6 * plate);
            let bone = over(0.62 * self.cortex, spongy, coverage(d + 1.2, pixel.max(0.8)));
            hu = over(hu, over(bone, DISC, disc), cover);
        }
        let canal = ellipse(u, back - 23.0, 9.0, 8.0);
        let ring = canal.abs() - 2.4;
        let lamina = ring.max(16.0 - back);
        let pedicle = rounded_box(u.abs() - 10.0, back - 15.5, 3.4, 6.0, 2.0);
        let arch = 1.0 - smooth_step(0.25, 0.45, (level - 0.45).abs());
        let spinous = rounded_box(u, back - 43.0, 2.6 + 1.2 * arch, 11.0, 2.0);
        let transverse = rounded_box(
            u.abs() - 20.0,
            back - 24.0 - 0.35 * (u.abs() - 12.0),
            11.0,
            3.6,
            3.0,
        );
        let joints = lamina.min(spinous);
        let part = joints.min(if arch > 0.35 {
            pedicle.min(transverse)
        } else {
            joints
        });
        hu = over(hu, CANAL, coverage(canal, pixel));
        let cover = coverage(part, pixel);
        if cover > 0.0 {
            hu = over(
                hu,
                over(0.7 * self.cortex, 1.3 * self.marrow, coverage(part + 1.3, pixel)),
                cover,
            );
        }
        hu
    }

    fn paint_breastbone(&self, u: f32, w: f32, place: &Place, pixel: f32, hu: f32) -> f32 {
        let half = 13.0 + 12.0 * smooth_step(5.0, 40.0, w) + 5.0 * smooth_step(-30.0, -70.0, w)
            - 12.0 * smooth_step(-78.0, -98.0, w);
        if !(-112.0..52.0).contains(&w) {
            return hu;
        }
        let d = rounded_box(u, place.cavity - 7.0, half, 5.4, 4.0);
        let cover = coverage(d, pixel);
        if cover <= 0.0 {
            return hu;
        }
        over(
            hu,
            over(
                0.45 * self.cortex,
                0.7 * self.marrow,
                coverage(d + 1.2, pixel.max(0.8)),
            ),
            cover,
        )
    }

    /// HU of compact and spongy bone.
    pub(crate) fn densities(&self) -> (f32, f32) {
        (self.cortex, self.marrow)
    }
}

/// Collar bones, shoulder blades and upper arms.
fn girdle(body: &Body, r: &mut Random) -> Vec<Rod> {
    let (a, b) = (body.half_width, body.half_depth);
    let lift = r.within(-6.0, 8.0);
    let mut rods = Vec::new();
    for sign in [-1.0f32, 1.0] {
        let mut chain = |points: &[([f32; 3], f32)]| {
            rods.extend(points.windows(2).map(|p| Rod {
                from: p[0].0,
                to: p[1].0,
                radius: [p[0].1, p[1].1],
            }));
        };
        chain(&[
            ([sign * 20.0, -0.62 * b, 50.0 + lift], 8.0),
            ([sign * 70.0, -0.70 * b, 62.0 + lift], 5.5),
            ([sign * 0.96 * a, -0.2 * b, 86.0 + lift], 5.5),
        ]);
        // The blade is a fan of thin rods behind the chest wall.
        let tip = [sign * 0.70 * a, 0.82 * b + 11.0, -48.0 + lift];
        for step in 0..13u8 {
            let t = f32::from(step) / 12.0;
            let top = [
                sign * (0.62 + 0.42 * t) * a,
                (0.86 - 0.40 * t) * b + 13.0,
                62.0 + lift,
            ];
            chain(&[(top, 2.6), (tip, 2.0)]);
        }
        let head = [sign * (a + 8.0), 0.1 * b, 84.0 + lift];
        chain(&[([sign * 1.0 * a, 0.45 * b, 70.0 + lift], 7.0), (head, 12.0)]);
        chain(&[(head, 19.0), ([sign * (a + 16.0), -0.1 * b, 150.0 + lift], 12.0)]);
    }
    rods
}
