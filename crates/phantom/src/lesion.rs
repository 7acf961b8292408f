//! The planted finding: what it is made of and where it lies.

use std::f32::consts::PI;

use crate::body::Body;
use crate::bones::Skeleton;
use crate::finding::{Finding, Side};
use crate::lattice::Lattice;
use crate::random::Random;
use crate::section::{Section, lung_space};
use crate::tissue::{HAEMATOMA, PLEURAL_AIR, smooth_step};
use crate::tree::{Lungs, Rod, distance};

/// A broken rib.
#[derive(Debug, Clone)]
pub(crate) struct Fracture {
    pub(crate) rib: usize,
    pub(crate) sign: f32,
    angle: f32,
    /// Displacement of the front fragment, mm (positive: outwards).
    shift: f32,
    gap: f32,
    oblique: f32,
    /// Distance of the rib from the chest's axis, to turn angles into mm.
    radius: f32,
    w: f32,
    haematoma: f32,
}

impl Fracture {
    /// Displacement of the rib's centre line at an angle, mm.
    pub(crate) fn shift_at(&self, angle: f32) -> f32 {
        let along = (angle - self.angle) * self.radius;
        if along >= 0.0 { self.shift * (-along / 26.0).exp() } else { -0.3 * self.shift * (along / 14.0).exp() }
    }

    /// Distance to the gap's walls (positive: in the gap) at an angle and a height over the rib's middle.
    pub(crate) fn gap_at(&self, angle: f32, lift: f32) -> f32 {
        0.5 * self.gap - ((angle - self.angle) * self.radius + self.oblique * lift).abs()
    }

    fn bulge(&self, angle: f32, w: f32) -> f32 {
        let along = (angle - self.angle) * self.radius / 30.0;
        let up = (w - self.w) / 22.0;
        self.haematoma * (1.0 - along * along - up * up).max(0.0).sqrt()
    }
}

/// The finding's substance.
#[derive(Debug, Clone)]
pub(crate) enum Lesion {
    None,
    Nodule { centre: [f32; 3], radius: f32, hu: f32, spikes: Vec<Rod>, knobs: f32 },
    Effusion { sign: f32, thickness: f32, w: f32, hu: f32 },
    Pneumothorax { sign: f32, thickness: f32, w: f32 },
    Consolidation { centre: [f32; 3], radii: [f32; 3], hu: f32 },
    Cardiomegaly,
    Fracture(Fracture),
}

/// What lies between the lung and the chest wall at one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer {
    pub(crate) thickness: f32,
    pub(crate) hu: f32,
    /// Is the lung's own edge visible as a line (air on both sides)?
    pub(crate) line: bool,
}

impl Lesion {
    /// The pleural layer at an angle and height, if the finding makes one there.
    pub(crate) fn layer(&self, phi: f32, w: f32) -> Option<Layer> {
        let (thickness, hu, line) = match self {
            Self::Effusion { sign, thickness, w: at, hu } if phi * sign > 0.0 => {
                let fall = (phi.abs() * 0.82).cos().max(0.0).powf(1.3);
                let height = (1.0 + (at - w) / 95.0).clamp(0.0, 1.45);
                (thickness * fall * height, *hu, false)
            }
            Self::Pneumothorax { sign, thickness, w: at } if phi * sign > 0.0 => {
                let fall = ((PI - phi.abs()) * 0.85).cos().max(0.0).powf(1.1);
                (thickness * fall * (1.0 - (w - at).abs() / 150.0).max(0.2), PLEURAL_AIR, true)
            }
            Self::Fracture(f) if phi * f.sign > 0.0 => (f.bulge(phi.abs(), w), HAEMATOMA, false),
            _ => return None,
        };
        (thickness > 0.3).then_some(Layer { thickness, hu, line })
    }

    /// Density of the lung's own airspaces: how much of them is filled (0..1) and with what, in the lung.
    pub(crate) fn filling(&self, p: [f32; 3], texture: &Lattice) -> Option<(f32, f32)> {
        let Self::Consolidation { centre, radii, hu } = self else { return None };
        let d: [f32; 3] = std::array::from_fn(|i| (p[i] - centre[i]) / radii[i]);
        let q = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
        if q > 1.7 {
            return None;
        }
        let rough = 0.20 * texture.at(p[0] / 11.0, p[1] / 11.0, p[2] / 11.0)
            + 0.10 * texture.at(p[0] / 4.0 + 7.0, p[1] / 4.0, p[2] / 4.0);
        let share = smooth_step(1.22, 0.86, q + rough);
        (share > 0.0).then_some((share, *hu))
    }

    /// Signed distance to a nodule and its density.
    pub(crate) fn nodule(&self, p: [f32; 3], texture: &Lattice) -> Option<(f32, f32)> {
        let Self::Nodule { centre, radius, hu, spikes, knobs } = self else { return None };
        let away = distance(p, *centre);
        if away > 2.2 * radius + 4.0 {
            return None;
        }
        let scale = 1.4 / radius;
        let bumps = knobs * radius * texture.at(p[0] * scale, p[1] * scale, p[2] * scale);
        let body = away - radius + bumps;
        Some((spikes.iter().map(|rod| rod.distance(p)).fold(body, f32::min), *hu))
    }

    /// The fracture, for painting the ribs.
    pub(crate) fn fracture(&self) -> Option<&Fracture> {
        if let Self::Fracture(fracture) = self { Some(fracture) } else { None }
    }
}

/// A lesion with what is true about it, in body coordinates.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) lesion: Lesion,
    pub(crate) side: Side,
    /// The height at which it is asked about.
    pub(crate) w: f32,
    pub(crate) point: Option<[f32; 3]>,
    pub(crate) size: Option<f32>,
    /// Lowest and highest w that show it.
    pub(crate) span: (f32, f32),
}

impl Plan {
    /// Places `finding` in a patient. The height is drawn before the finding is looked at, from one range for all.
    pub(crate) fn draw(
        seed: u64,
        finding: Finding,
        hard: bool,
        body: &Body,
        lungs: &Lungs<'_>,
        skeleton: &Skeleton,
    ) -> Self {
        let mut r = Random::new(seed, "finding");
        let middle = body.heart.centre[2];
        let w = r.within(middle - 24.0, middle + 24.0);
        let side = if r.chance(0.5) { Side::Right } else { Side::Left };
        let sign = side.sign();
        let none = Self { lesion: Lesion::None, side: Side::None, w, point: None, size: None, span: (w, w) };
        match finding {
            Finding::Normal => none,
            Finding::Nodule => nodule(&mut r, hard, lungs, side, w).unwrap_or(none),
            Finding::Effusion => {
                let thickness = if hard { r.within(9.0, 16.0) } else { r.within(17.0, 42.0) };
                let lesion = Lesion::Effusion { sign, thickness, w, hu: r.within(2.0, 22.0) };
                layered(body, lesion, side, w, (-175.0, w + 60.0))
            }
            Finding::Pneumothorax => {
                let thickness = if hard { r.within(8.0, 14.0) } else { r.within(15.0, 40.0) };
                let lesion = Lesion::Pneumothorax { sign, thickness, w };
                layered(body, lesion, side, w, (w - 90.0, w + 90.0))
            }
            Finding::Consolidation => consolidation(&mut r, hard, lungs, side, w).unwrap_or(none),
            Finding::Cardiomegaly => {
                let [u, v, cw] = body.heart.centre;
                let reach = 0.8 * body.heart.axes[2];
                Self {
                    lesion: Lesion::Cardiomegaly,
                    point: Some([u, v, w]),
                    size: Some(body.heart.transverse),
                    span: (cw - reach, cw + reach),
                    ..none
                }
            }
            Finding::RibFracture => fracture(&mut r, hard, skeleton, body, side, w).unwrap_or(none),
        }
    }
}

fn nodule(r: &mut Random, hard: bool, lungs: &Lungs<'_>, side: Side, w: f32) -> Option<Plan> {
    let radius = if hard { r.within(3.0, 6.5) } else { r.within(5.0, 12.0) };
    let hu = if hard && r.chance(0.4) { r.within(-420.0, -120.0) } else { r.within(5.0, 70.0) };
    let knobs = r.within(0.08, 0.28);
    let spiky = r.chance(0.4);
    let off = 0.25 * radius * r.within(-1.0, 1.0);
    let centre = lungs.point(r, side.sign(), (w + off, w + off + 0.01), radius + 3.0)?;
    let spikes = (0..if spiky { 6 } else { 0 })
        .map(|_| {
            let direction: [f32; 3] = std::array::from_fn(|_| r.normal());
            let length = distance(direction, [0.0; 3]).max(0.1);
            let reach = radius * r.within(1.3, 1.8);
            let tip = std::array::from_fn(|i| centre[i] + reach * direction[i] / length);
            Rod { from: centre, to: tip, radius: [0.16 * radius, 0.3] }
        })
        .collect();
    Some(Plan {
        lesion: Lesion::Nodule { centre, radius, hu, spikes, knobs },
        side,
        w,
        point: Some(centre),
        size: Some(2.0 * radius),
        span: (centre[2] - 0.85 * radius, centre[2] + 0.85 * radius),
    })
}

fn consolidation(r: &mut Random, hard: bool, lungs: &Lungs<'_>, side: Side, w: f32) -> Option<Plan> {
    let wide = if hard { r.within(13.0, 20.0) } else { r.within(19.0, 34.0) };
    let radii = [wide * r.within(0.75, 1.0), wide, wide * r.within(0.7, 1.0)];
    let hu = if hard { r.within(-420.0, -180.0) } else { r.within(-60.0, 35.0) };
    let off = 0.3 * radii[2] * r.within(-1.0, 1.0);
    let centre = lungs.point(r, side.sign(), (w + off, w + off + 0.01), 0.45 * wide)?;
    Some(Plan {
        lesion: Lesion::Consolidation { centre, radii, hu },
        side,
        w,
        point: Some(centre),
        size: Some(2.0 * wide),
        span: (centre[2] - 0.8 * radii[2], centre[2] + 0.8 * radii[2]),
    })
}

/// Fluid or air in a pleural space: the truth's point is where the layer is thickest and truly between lung and wall.
fn layered(body: &Body, lesion: Lesion, side: Side, w: f32, span: (f32, f32)) -> Plan {
    let section = Section::new(body, w);
    let mut best: Option<(f32, [f32; 3])> = None;
    for step in 12..=300 {
        let phi = side.sign() * step as f32 * 0.01;
        let Some(layer) = lesion.layer(phi, w) else { continue };
        let (u, v) = section.under_wall(phi, 0.5 * layer.thickness + 1.0);
        let place = section.place(u, v);
        let space = lung_space(body, u, v, w, &place);
        let fits = space.lung < -0.38 * layer.thickness;
        if fits && best.is_none_or(|(thickest, _)| layer.thickness > thickest) {
            best = Some((layer.thickness, [u, v, w]));
        }
    }
    let (size, point) = best.unzip();
    Plan { lesion, side, w, point, size, span }
}

fn fracture(
    r: &mut Random,
    hard: bool,
    skeleton: &Skeleton,
    body: &Body,
    side: Side,
    w: f32,
) -> Option<Plan> {
    let mut places = skeleton.crossings(w);
    places.retain(|&(_, angle)| angle > 0.65);
    if places.is_empty() {
        return None;
    }
    let (rib, angle) = places[r.below(places.len())];
    let size = if hard { r.within(3.5, 5.5) } else { r.within(6.0, 10.0) };
    let shift = if r.chance(0.6) { -size } else { size };
    let section = Section::new(body, w);
    // 5.6 mm outside the cavity runs the centre line; a point on the displaced fragment lies just in front of the gap.
    let (u, v) = section.under_wall(side.sign() * angle, -5.6);
    let fracture = Fracture {
        rib,
        sign: side.sign(),
        angle,
        shift,
        gap: if hard { r.within(1.2, 2.2) } else { r.within(2.4, 4.5) },
        oblique: r.within(-0.6, 0.6),
        radius: (u * u + v * v).sqrt(),
        w,
        haematoma: if hard { r.within(2.0, 3.5) } else { r.within(4.0, 8.0) },
    };
    Some(Plan {
        lesion: Lesion::Fracture(fracture),
        side,
        w,
        point: Some([u, v, w]),
        size: Some(size),
        span: (w - 7.0, w + 7.0),
    })
}
