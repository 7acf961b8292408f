//! Where a finding goes in a patient, and what is true about it then.

use crate::body::Body;
use crate::bones::Skeleton;
use crate::finding::{Finding, Side};
use crate::lesion::{Fracture, Lesion};
use crate::random::Random;
use crate::section::{Section, lung_space};
use crate::tree::{Lungs, Rod, distance};
use crate::vessels::Tube;

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
        tubes: &[Tube],
    ) -> Self {
        let mut r = Random::new(seed, "finding");
        let middle = body.heart_level();
        let w = r.within(middle - 28.0, middle + 28.0);
        let side = if r.chance(0.5) { Side::Right } else { Side::Left };
        let sign = side.sign();
        let none = Self {
            lesion: Lesion::None,
            side: Side::None,
            w,
            point: None,
            size: None,
            span: (w, w),
        };
        match finding {
            Finding::Normal => none,
            Finding::Nodule => nodule(&mut r, hard, lungs, tubes, side, w).unwrap_or(none),
            Finding::Bulla => bulla(&mut r, hard, lungs, tubes, side, w).unwrap_or(none),
            Finding::Effusion => {
                let thickness = if hard {
                    r.within(8.0, 15.0)
                } else {
                    r.within(14.0, 36.0)
                };
                let lesion = Lesion::Effusion {
                    sign,
                    thickness,
                    w,
                    hu: r.within(2.0, 22.0),
                };
                layered(body, lesion, side, w, (-175.0, w + 60.0))
            }
            Finding::Pneumothorax => {
                let thickness = if hard {
                    r.within(8.0, 14.0)
                } else {
                    r.within(15.0, 40.0)
                };
                let lesion = Lesion::Pneumothorax { sign, thickness, w };
                layered(body, lesion, side, w, (w - 90.0, w + 90.0))
            }
            Finding::Consolidation => consolidation(&mut r, hard, lungs, tubes, side, w).unwrap_or(none),
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

/// A point of the lung at height w, `margin` mm from its surface and from what is painted over it.
fn free_point(
    r: &mut Random,
    lungs: &Lungs<'_>,
    tubes: &[Tube],
    side: Side,
    w: f32,
    margin: f32,
) -> Option<[f32; 3]> {
    let free = |p: &[f32; 3]| {
        tubes
            .iter()
            .flat_map(|tube| &tube.rods)
            .all(|rod| rod.distance(*p) > margin)
    };
    (0..24)
        .filter_map(|_| lungs.point(r, side.sign(), (w, w + 0.01), margin))
        .find(free)
}

fn nodule(r: &mut Random, hard: bool, lungs: &Lungs<'_>, tubes: &[Tube], side: Side, w: f32) -> Option<Plan> {
    let radius = if hard {
        r.within(3.0, 6.5)
    } else {
        r.within(5.0, 12.0)
    };
    let hu = if hard && r.chance(0.4) {
        r.within(-420.0, -120.0)
    } else {
        r.within(5.0, 70.0)
    };
    let knobs = r.within(0.08, 0.28);
    let spiky = r.chance(0.4);
    let off = 0.25 * radius * r.within(-1.0, 1.0);
    let centre = free_point(r, lungs, tubes, side, w + off, radius + 3.0)?;
    let spikes = (0..if spiky { 6 } else { 0 })
        .map(|_| {
            let direction: [f32; 3] = std::array::from_fn(|_| r.normal());
            let length = distance(direction, [0.0; 3]).max(0.1);
            let reach = radius * r.within(1.3, 1.8);
            let tip = std::array::from_fn(|i| centre[i] + reach * direction[i] / length);
            Rod {
                from: centre,
                to: tip,
                radius: [0.16 * radius, 0.3],
            }
        })
        .collect();
    Some(Plan {
        lesion: Lesion::Nodule {
            centre,
            radius,
            hu,
            spikes,
            knobs,
        },
        side,
        w,
        point: Some(centre),
        size: Some(2.0 * radius),
        span: (centre[2] - 0.85 * radius, centre[2] + 0.85 * radius),
    })
}

/// Vessels and airways may run into it: it is painted over them, as a bulla takes their place.
fn bulla(r: &mut Random, hard: bool, lungs: &Lungs<'_>, tubes: &[Tube], side: Side, w: f32) -> Option<Plan> {
    let radius = if hard {
        r.within(7.0, 12.0)
    } else {
        r.within(14.0, 28.0)
    };
    let wall = r.within(0.7, 1.4);
    let off = 0.25 * radius * r.within(-1.0, 1.0);
    let centre = free_point(r, lungs, tubes, side, w + off, 0.6 * radius)?;
    Some(Plan {
        lesion: Lesion::Bulla { centre, radius, wall },
        side,
        w,
        point: Some(centre),
        size: Some(2.0 * radius),
        span: (centre[2] - 0.85 * radius, centre[2] + 0.85 * radius),
    })
}

fn consolidation(
    r: &mut Random,
    hard: bool,
    lungs: &Lungs<'_>,
    tubes: &[Tube],
    side: Side,
    w: f32,
) -> Option<Plan> {
    let wide = if hard {
        r.within(13.0, 20.0)
    } else {
        r.within(19.0, 34.0)
    };
    let radii = [wide * r.within(0.75, 1.0), wide, wide * r.within(0.7, 1.0)];
    let hu = if hard {
        r.within(-420.0, -180.0)
    } else {
        r.within(-60.0, 35.0)
    };
    let off = 0.3 * radii[2] * r.within(-1.0, 1.0);
    let centre = free_point(r, lungs, tubes, side, w + off, 0.45 * wide)?;
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
        let Some(layer) = lesion.layer(phi, w) else {
            continue;
        };
        let (u, v) = section.under_wall(phi, 0.5 * layer.thickness + 1.0);
        let place = section.place(u, v);
        let space = lung_space(body, u, v, w, &place);
        let fits = space.lung < -0.38 * layer.thickness;
        if fits && best.is_none_or(|(thickest, _)| layer.thickness > thickest) {
            best = Some((layer.thickness, [u, v, w]));
        }
    }
    let (size, point) = best.unzip();
    Plan {
        lesion,
        side,
        w,
        point,
        size,
        span,
    }
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
    let size = if hard {
        r.within(3.5, 5.5)
    } else {
        r.within(6.0, 10.0)
    };
    let shift = if r.chance(0.6) { -size } else { size };
    let section = Section::new(body, w);
    // 5.6 mm outside the cavity runs the centre line; a point on the displaced fragment lies just in front of the gap.
    let (u, v) = section.under_wall(side.sign() * angle, -5.6);
    let fracture = Fracture {
        rib,
        sign: side.sign(),
        angle,
        shift,
        gap: if hard {
            r.within(1.2, 2.2)
        } else {
            r.within(2.4, 4.5)
        },
        oblique: r.within(-0.6, 0.6),
        radius: (u * u + v * v).sqrt(),
        w,
        haematoma: if hard {
            r.within(2.0, 3.5)
        } else {
            r.within(4.0, 8.0)
        },
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
