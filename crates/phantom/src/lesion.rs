//! The planted finding: what it is made of and where it lies.

use std::f32::consts::PI;

use crate::lattice::Lattice;
use crate::tissue::{HAEMATOMA, PLEURAL_AIR, smooth_step};
use crate::tree::{Rod, distance};

/// CT number of a bulla's wall, HU.
const WALL: f32 = 10.0;

/// A broken rib.
#[derive(Debug, Clone)]
pub(crate) struct Fracture {
    pub(crate) rib: usize,
    pub(crate) sign: f32,
    pub(crate) angle: f32,
    /// Displacement of the front fragment, mm (positive: outwards).
    pub(crate) shift: f32,
    pub(crate) gap: f32,
    pub(crate) oblique: f32,
    /// Distance of the rib from the chest's axis, to turn angles into mm.
    pub(crate) radius: f32,
    pub(crate) w: f32,
    pub(crate) haematoma: f32,
}

impl Fracture {
    /// Displacement of the rib's centre line at an angle, mm.
    pub(crate) fn shift_at(&self, angle: f32) -> f32 {
        let along = (angle - self.angle) * self.radius;
        if along >= 0.0 {
            self.shift * (-along / 26.0).exp()
        } else {
            -0.3 * self.shift * (along / 14.0).exp()
        }
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
    Nodule {
        centre: [f32; 3],
        radius: f32,
        hu: f32,
        spikes: Vec<Rod>,
        knobs: f32,
    },
    Bulla {
        centre: [f32; 3],
        radius: f32,
        /// mm.
        wall: f32,
    },
    Effusion {
        sign: f32,
        thickness: f32,
        w: f32,
        hu: f32,
    },
    Pneumothorax {
        sign: f32,
        thickness: f32,
        w: f32,
    },
    Consolidation {
        centre: [f32; 3],
        radii: [f32; 3],
        hu: f32,
    },
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
            Self::Effusion {
                sign,
                thickness,
                w: at,
                hu,
            } if phi * sign > 0.0 => {
                let fall = (phi.abs() * 0.82).cos().max(0.0).powf(1.3);
                let height = (1.0 + (at - w) / 95.0).clamp(0.0, 1.45);
                (thickness * fall * height, *hu, false)
            }
            Self::Pneumothorax {
                sign,
                thickness,
                w: at,
            } if phi * sign > 0.0 => {
                let fall = ((PI - phi.abs()) * 0.85).cos().max(0.0).powf(1.1);
                (
                    thickness * fall * (1.0 - (w - at).abs() / 150.0).max(0.2),
                    PLEURAL_AIR,
                    true,
                )
            }
            Self::Fracture(f) if phi * f.sign > 0.0 => (f.bulge(phi.abs(), w), HAEMATOMA, false),
            _ => return None,
        };
        (thickness > 0.3).then_some(Layer { thickness, hu, line })
    }

    /// Density of the lung's own airspaces: how much of them is filled (0..1) and with what, in the lung.
    pub(crate) fn filling(&self, p: [f32; 3], texture: &Lattice) -> Option<(f32, f32)> {
        let Self::Consolidation { centre, radii, hu } = self else {
            return None;
        };
        let d: [f32; 3] = std::array::from_fn(|i| (p[i] - centre[i]) / radii[i]);
        let q = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
        if q > 1.7 {
            return None;
        }
        let rough = 0.26 * texture.at(p[0] / 14.0, p[1] / 14.0, p[2] / 14.0)
            + 0.07 * texture.at(p[0] / 4.5 + 7.0, p[1] / 4.5, p[2] / 4.5);
        let share = smooth_step(1.30, 0.80, q + rough);
        (share > 0.0).then_some((share, *hu))
    }

    /// Centre and reach of what is painted over the lung as a ball.
    pub(crate) fn ball(&self) -> Option<([f32; 3], f32)> {
        match self {
            Self::Nodule { centre, radius, .. } => Some((*centre, 2.2 * radius)),
            Self::Bulla { centre, radius, .. } => Some((*centre, 1.3 * radius)),
            _ => None,
        }
    }

    /// Signed distance to a nodule or a bulla and its density there.
    pub(crate) fn solid(&self, p: [f32; 3], texture: &Lattice) -> Option<(f32, f32)> {
        let Self::Bulla { centre, radius, wall } = self else {
            return self.nodule(p, texture);
        };
        let away = distance(p, *centre);
        if away > 1.3 * radius {
            return None;
        }
        let scale = 1.0 / radius;
        let edge = away - radius + 0.06 * radius * texture.at(p[0] * scale, p[1] * scale, p[2] * scale);
        // A wall of less than a pixel is seen as a faint line: it shares its pixel with the air on both sides.
        let share = smooth_step(0.5 * wall + 0.4, 0.5 * wall - 0.4, (edge + 0.5 * wall).abs());
        Some((edge, PLEURAL_AIR + share * (WALL - PLEURAL_AIR)))
    }

    /// Signed distance to a nodule and its density.
    fn nodule(&self, p: [f32; 3], texture: &Lattice) -> Option<(f32, f32)> {
        let Self::Nodule {
            centre,
            radius,
            hu,
            spikes,
            knobs,
        } = self
        else {
            return None;
        };
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
        if let Self::Fracture(fracture) = self {
            Some(fracture)
        } else {
            None
        }
    }
}
