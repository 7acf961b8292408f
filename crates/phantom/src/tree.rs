//! Vessels and bronchi: trees that grow from the hilum towards points scattered through the lung.

use crate::body::Body;
use crate::random::Random;
use crate::section::{Section, lung_space};
use crate::tissue::smooth_step;

/// A tapered round rod between two points, body coordinates and mm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rod {
    pub(crate) from: [f32; 3],
    pub(crate) to: [f32; 3],
    pub(crate) radius: [f32; 2],
}

impl Rod {
    /// Signed distance from a point to the rod's surface.
    pub(crate) fn distance(&self, p: [f32; 3]) -> f32 {
        let axis = sub(self.to, self.from);
        let offset = sub(p, self.from);
        let length = dot(axis, axis);
        let t = if length > 1e-9 {
            (dot(offset, axis) / length).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let away = [
            offset[0] - t * axis[0],
            offset[1] - t * axis[1],
            offset[2] - t * axis[2],
        ];
        dot(away, away).sqrt() - (self.radius[0] + t * (self.radius[1] - self.radius[0]))
    }

    /// Lowest and highest w that the rod reaches.
    pub(crate) fn span(&self) -> (f32, f32) {
        let r = self.radius[0].max(self.radius[1]);
        (self.from[2].min(self.to[2]) - r, self.from[2].max(self.to[2]) + r)
    }
}

pub(crate) fn sub(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    let d = sub(a, b);
    dot(d, d).sqrt()
}

/// Sections at fixed heights, to ask whether a point lies in a lung.
#[derive(Debug)]
pub(crate) struct Lungs<'a> {
    body: &'a Body,
    sections: Vec<Section>,
}

const LOWEST: f32 = -180.0;
const STEP: f32 = 5.0;

impl<'a> Lungs<'a> {
    pub(crate) fn new(body: &'a Body) -> Self {
        let count = ((body.apex - LOWEST) / STEP) as usize + 1;
        let sections = (0..count)
            .map(|i| Section::new(body, LOWEST + STEP * i as f32))
            .collect();
        Self { body, sections }
    }

    /// Signed distance in mm to the surface of the lung on the point's side.
    pub(crate) fn distance(&self, [u, v, w]: [f32; 3]) -> f32 {
        if !(LOWEST..self.body.apex).contains(&w) {
            return 50.0;
        }
        let index = (((w - LOWEST) / STEP).round() as usize).min(self.sections.len() - 1);
        let place = self.sections[index].place(u, v);
        lung_space(self.body, u, v, w, &place).lung
    }

    /// A point at least `margin` mm inside the lung of that side (`sign` -1 right, 1 left), if one is found.
    pub(crate) fn point(
        &self,
        random: &mut Random,
        sign: f32,
        heights: (f32, f32),
        margin: f32,
    ) -> Option<[f32; 3]> {
        let (a, b) = (self.body.half_width, self.body.half_depth);
        (0..400)
            .map(|_| {
                let w = random.within(heights.0, heights.1);
                [sign * random.within(8.0, a), random.within(-b, b), w]
            })
            .find(|&p| self.distance(p) < -margin)
    }
}

/// Vessels and bronchi of both lungs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trees {
    pub(crate) vessels: Vec<Rod>,
    /// Outer radius; the lumen has [`LUMEN`] of it.
    pub(crate) bronchi: Vec<Rod>,
}

/// Share of a bronchus's outer radius that is air.
pub(crate) const LUMEN: f32 = 0.74;

impl Trees {
    pub(crate) fn grow(seed: u64, lungs: &Lungs<'_>) -> Self {
        let mut trees = Self::default();
        let body = lungs.body;
        for sign in [-1.0, 1.0] {
            let mut random = Random::new(seed, if sign < 0.0 { "tree right" } else { "tree left" });
            let hilum = body.mediastinum + 12.0;
            let artery = [sign * hilum, 4.0, -14.0 - 3.0 * sign];
            let vein = [sign * (hilum - 2.0), -6.0, -38.0];
            let arteries = grow(&mut random, lungs, sign, artery, 330);
            let veins = grow(&mut random, lungs, sign, vein, 220);
            trees
                .bronchi
                .extend(arteries.iter().filter_map(|rod| companion(rod, sign)));
            trees.vessels.extend(arteries);
            trees.vessels.extend(veins);
        }
        trees
    }
}

struct Node {
    at: [f32; 3],
    parent: usize,
    path: f32,
    load: f32,
}

/// Grows one tree from `root` to about `leaves` points of the lung and returns its rods, thick ones near the root.
fn grow(random: &mut Random, lungs: &Lungs<'_>, sign: f32, root: [f32; 3], leaves: usize) -> Vec<Rod> {
    let body = lungs.body;
    let mut targets: Vec<[f32; 3]> = (0..leaves)
        .filter_map(|_| lungs.point(random, sign, (-165.0, body.apex), 3.0))
        .collect();
    targets.sort_by(|a, b| distance(*a, root).total_cmp(&distance(*b, root)));
    let mut nodes = vec![Node {
        at: root,
        parent: 0,
        path: 0.0,
        load: 0.0,
    }];
    for target in targets {
        let cost = |node: &Node| distance(node.at, target) + 0.22 * node.path;
        let nearest = (0..nodes.len())
            .min_by(|&a, &b| cost(&nodes[a]).total_cmp(&cost(&nodes[b])))
            .unwrap_or(0);
        extend(&mut nodes, random, nearest, target);
    }
    // Murray's law with an exponent of 2.7: the load of a parent is the sum of its children's.
    for index in (1..nodes.len()).rev() {
        nodes[index].load = nodes[index].load.max(0.42);
        let (load, parent) = (nodes[index].load, nodes[index].parent);
        nodes[parent].load += load;
    }
    let radius = |load: f32| load.powf(1.0 / 2.7).min(5.2);
    let rods = nodes.iter().skip(1).map(|node| {
        let parent = &nodes[node.parent];
        let end = radius(node.load);
        Rod {
            from: parent.at,
            to: node.at,
            radius: [radius(parent.load).min(end * 1.25), end],
        }
    });
    rods.collect()
}

/// Adds the way from node `from` to `target`, bent a little and cut into pieces of at most 14 mm.
fn extend(nodes: &mut Vec<Node>, random: &mut Random, from: usize, target: [f32; 3]) {
    let start = nodes[from].at;
    let length = distance(start, target);
    let pieces = (length / 14.0).ceil().max(1.0) as usize;
    let bend: [f32; 3] = std::array::from_fn(|_| random.normal() * 0.05 * length);
    let mut parent = from;
    for piece in 1..=pieces {
        let t = piece as f32 / pieces as f32;
        let arch = 4.0 * t * (1.0 - t);
        let at = std::array::from_fn(|i| start[i] + t * (target[i] - start[i]) + arch * bend[i]);
        let path = nodes[parent].path + distance(nodes[parent].at, at);
        nodes.push(Node {
            at,
            parent,
            path,
            load: 0.0,
        });
        parent = nodes.len() - 1;
    }
}

/// The bronchus that runs beside an artery, where it is wide enough to be seen.
fn companion(rod: &Rod, sign: f32) -> Option<Rod> {
    let outer = rod.radius.map(|r| 1.02 * r * smooth_step(0.8, 1.7, r));
    if outer[1] < 0.7 {
        return None;
    }
    let axis = sub(rod.to, rod.from);
    let across = [-axis[1], axis[0], 0.25 * axis[2]];
    let length = dot(across, across).sqrt().max(1e-3);
    let shift = |p: [f32; 3], r: f32, outer: f32| {
        std::array::from_fn(|i| p[i] - sign * across[i] / length * (r + outer + 0.2))
    };
    Some(Rod {
        from: shift(rod.from, rod.radius[0], outer[0]),
        to: shift(rod.to, rod.radius[1], outer[1]),
        radius: outer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    #[test]
    fn trees_fill_the_lungs_and_taper() {
        let body = Body::draw(21, Finding::Normal, false);
        let lungs = Lungs::new(&body);
        let trees = Trees::grow(21, &lungs);
        assert!(trees.vessels.len() > 600, "{}", trees.vessels.len());
        assert!(trees.bronchi.len() > 40, "{}", trees.bronchi.len());
        let inside = trees
            .vessels
            .iter()
            .filter(|rod| lungs.distance(rod.to) < 2.0)
            .count();
        assert!(
            inside * 10 > trees.vessels.len() * 8,
            "{inside} of {}",
            trees.vessels.len()
        );
        let widest = trees.vessels.iter().map(|rod| rod.radius[0]).fold(0.0, f32::max);
        let finest = trees.vessels.iter().map(|rod| rod.radius[1]).fold(9.0, f32::min);
        assert!(widest > 3.0 && finest < 0.9, "{widest} {finest}");
        assert!(trees.vessels.iter().any(|rod| rod.to[0] < -60.0));
        assert!(trees.vessels.iter().any(|rod| rod.to[0] > 60.0));
    }

    #[test]
    fn a_rod_is_a_capsule() {
        let rod = Rod {
            from: [0.0; 3],
            to: [10.0, 0.0, 0.0],
            radius: [2.0, 1.0],
        };
        assert!((rod.distance([5.0, 4.0, 0.0]) - 2.5).abs() < 1e-5);
        assert!((rod.distance([-3.0, 0.0, 0.0]) - 1.0).abs() < 1e-5);
        assert_eq!(rod.span(), (-2.0, 2.0));
    }
}
