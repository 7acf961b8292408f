//! The painter: one axial plane of one patient, free of noise, in HU.

use crate::body::Body;
use crate::bones::Skeleton;
use crate::finding::Finding;
use crate::lattice::Lattice;
use crate::lesion::Lesion;
use crate::plan::Plan;
use crate::random::Random;
use crate::section::{Place, Section, heart_distance, heart_frame, lung_space};
use crate::tissue::{
    AIR, AIRWAY, AIRWAY_WALL, FAT, FOAM, GLAND, LIVER, MEDIASTINAL_FAT, MUSCLE, MYOCARDIUM, SKIN, SPLEEN,
    STOMACH, TABLE, coverage, ellipse, over, smooth_max, smooth_step,
};
use crate::tree::{LUMEN, Lungs, Rod, Trees};
use crate::vessels::{Tube, mediastinal_tubes};

/// A regular grid of an axial plane: rows run to the patient's left (+x), columns to the back (+y).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Step along x and y, mm.
    pub(crate) step: [f32; 2],
    /// Centre of the first pixel, mm.
    pub(crate) origin: [f32; 2],
}

impl Grid {
    fn at(&self, column: usize, row: usize) -> (f32, f32) {
        (
            self.origin[0] + column as f32 * self.step[0],
            self.origin[1] + row as f32 * self.step[1],
        )
    }
}

/// One made patient with the planted finding.
#[derive(Debug)]
pub(crate) struct Patient {
    pub(crate) body: Body,
    pub(crate) plan: Plan,
    skeleton: Skeleton,
    trees: Trees,
    tubes: Vec<Tube>,
    texture: Lattice,
}

impl Patient {
    pub(crate) fn draw(seed: u64, finding: Finding, hard: bool) -> Self {
        let body = Body::draw(seed, finding, hard);
        let skeleton = Skeleton::new(seed, &body);
        let tubes = mediastinal_tubes(seed, &body);
        let texture = Lattice::new(&mut Random::new(seed, "texture"));
        let (plan, trees) = {
            let lungs = Lungs::new(&body);
            (
                Plan::draw(seed, finding, hard, &body, &lungs, &skeleton, &tubes),
                Trees::grow(seed, &lungs),
            )
        };
        Self {
            body,
            plan,
            skeleton,
            trees,
            tubes,
            texture,
        }
    }

    /// Paints the plane at patient height `z` (mm) into `hu`, row by row. With `table` the scanner's table is under it.
    pub(crate) fn paint(&self, grid: &Grid, z: f32, table: bool, hu: &mut [f32]) {
        let w = z - self.body.carina_z;
        let section = Section::new(&self.body, w);
        let pixel = (grid.step[0] * grid.step[1]).sqrt();
        let mut lung = vec![0.0f32; hu.len()];
        let table_y = self.body.centre[1] + Section::new(&self.body, -60.0).back;
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                let (x, y) = grid.at(column, row);
                let (u, v) = self.body.to_body(x, y, w);
                let index = row * grid.columns + column;
                let mut value = if table {
                    self.table(x, y, table_y, pixel)
                } else {
                    AIR
                };
                if u * u + v * v < (section.reach + 2.0).powi(2) {
                    let place = section.place(u, v);
                    if place.skin < pixel {
                        (value, lung[index]) = self.point((u, v, w), &place, pixel, value);
                    }
                }
                hu[index] = value;
            }
        }
        let canvas = &mut Canvas {
            grid,
            body: &self.body,
            w,
            pixel,
            hu,
            lung: &lung,
        };
        for rod in &self.trees.vessels {
            canvas.rod(rod, true, |_, d| (self.body.blood_hu + 4.0, coverage(d, pixel)));
        }
        for rod in &self.trees.bronchi {
            let outer = 0.5 * (rod.radius[0] + rod.radius[1]);
            canvas.rod(rod, true, |_, d| (AIRWAY_WALL, coverage(d, pixel)));
            canvas.rod(rod, true, |_, d| {
                (AIRWAY, coverage(d + (1.0 - LUMEN) * outer, pixel))
            });
        }
        for tube in &self.tubes {
            for rod in &tube.rods {
                canvas.rod(rod, false, |_, d| (tube.wall, coverage(d, pixel)));
            }
            for rod in &tube.rods {
                canvas.rod(rod, false, |_, d| {
                    (tube.inner, coverage(d + tube.thickness, pixel))
                });
            }
        }
        let (cortex, marrow) = self.skeleton.densities();
        for rod in &self.skeleton.girdle {
            canvas.rod(rod, false, |_, d| {
                (
                    over(cortex, marrow, coverage(d + 1.6, pixel.max(0.8))),
                    coverage(d, pixel),
                )
            });
        }
        if let Some((centre, reach)) = self.plan.lesion.ball() {
            let ball = Rod {
                from: centre,
                to: centre,
                radius: [reach, reach],
            };
            canvas.rod(&ball, true, |p, _| {
                match self.plan.lesion.solid(p, &self.texture) {
                    Some((d, density)) => (density, coverage(d, pixel)),
                    None => (0.0, 0.0),
                }
            });
        }
    }

    fn table(&self, x: f32, y: f32, top: f32, pixel: f32) -> f32 {
        let across = x - self.body.centre[0] * 0.3;
        let rise = 260.0 - (260.0f32.powi(2) - across * across).max(0.0).sqrt();
        let depth = y - (top + 4.0 - rise * 0.45);
        if across.abs() > 205.0 || !(-2.0..46.0).contains(&depth) {
            return AIR;
        }
        let mattress = coverage((depth - 6.0).abs() - 5.0, pixel);
        let shell = coverage((depth - 26.0).abs() - 13.0, pixel);
        let core = coverage((depth - 26.0).abs() - 11.2, pixel);
        let value = over(AIR, FOAM, mattress);
        over(over(value, TABLE, shell), FOAM - 30.0, core)
    }

    /// HU and lung share at a point of the body.
    fn point(&self, at: (f32, f32, f32), place: &Place, pixel: f32, around: f32) -> (f32, f32) {
        let (u, v, w) = at;
        let body = &self.body;
        let strands = self.texture.at(u / 9.0, v / 9.0, w / 9.0);
        let mut hu = over(around, SKIN, coverage(place.skin, pixel));
        let deep = place.skin + 1.9;
        hu = over(hu, self.breast_or_fat(at, place, strands), coverage(deep, pixel));
        if place.muscle < pixel {
            let grain = self.texture.at(u / 5.0 + 9.0, v / 5.0, w / 14.0);
            let mut flesh = MUSCLE + 0.3 * body.enhancement + 9.0 * strands + 6.0 * grain;
            let planes = (place.muscle + 8.5 + 2.0 * strands).abs();
            flesh = over(flesh, FAT, 0.75 * coverage(planes - 0.8, pixel.max(1.0)));
            hu = over(hu, flesh, coverage(place.muscle, pixel));
        }
        let mut lung = 0.0;
        if place.cavity < pixel {
            let (inside, share) = self.cavity(at, place, pixel, strands);
            let cover = coverage(place.cavity, pixel);
            hu = over(hu, inside, cover);
            lung = share * cover;
        }
        hu = self
            .skeleton
            .paint(body, at, place, self.plan.lesion.fracture(), pixel, hu);
        (hu, lung)
    }

    fn breast_or_fat(&self, (u, v, w): (f32, f32, f32), place: &Place, strands: f32) -> f32 {
        let fat = FAT + 7.0 * strands;
        let body = &self.body;
        let front = place.phi.abs();
        if body.breast < 9.0 || !(1.8..3.0).contains(&front) || !(-125.0..15.0).contains(&w) {
            return fat;
        }
        let glands = self.texture.at(u / 13.0, v / 13.0 + 5.0, w / 13.0);
        let core = smooth_step(0.36, 0.1, (front - 2.45).abs())
            * smooth_step(3.0, 9.0, place.muscle)
            * smooth_step(50.0, 15.0, (w + 55.0).abs());
        over(fat, GLAND, core * smooth_step(0.0, 0.5, glands))
    }

    /// Everything inside the chest wall: HU and the share of lung.
    fn cavity(&self, at: (f32, f32, f32), place: &Place, pixel: f32, strands: f32) -> (f32, f32) {
        let (u, v, w) = at;
        let body = &self.body;
        let space = lung_space(body, u, v, w, place);
        let beside = smooth_step(2.0, -2.0, space.spine);
        let mut hu = over(MEDIASTINAL_FAT + 12.0 * strands, MUSCLE, beside);
        if w > body.apex - 40.0 {
            hu = over(
                hu,
                MUSCLE,
                smooth_step(0.1, 0.5, strands + (w - body.apex + 10.0) / 40.0),
            );
        }
        if space.above < pixel {
            hu = over(hu, self.abdomen(at, place, strands), coverage(space.above, pixel));
        }
        if space.heart < 3.5 + pixel {
            hu = self.heart(u, v, w, pixel, hu);
        }
        let mut lung = space.lung;
        if lung > pixel {
            return (hu, 0.0);
        }
        let whole = coverage(lung, pixel);
        let depth = -place.cavity;
        let mut compressed = 0.0;
        let mut line = 0.0;
        if let Some(layer) = self.plan.lesion.layer(place.phi, w) {
            let edge = layer.thickness - depth + 1.2;
            hu = over(hu, layer.hu, whole);
            lung = smooth_max(lung, edge, 4.0);
            if layer.line {
                line = coverage((lung + 0.4).abs() - 0.5, pixel) * smooth_step(-6.0, -2.0, -lung.abs());
            } else if layer.hu < 40.0 {
                compressed = smooth_step(-9.0, -2.0, edge);
            }
        }
        let share = coverage(lung, pixel);
        if share > 0.0 {
            let inside = self.lung(at, place, compressed);
            hu = over(hu, inside, share);
        }
        (over(hu, -250.0, line * whole), share)
    }

    /// Lung tissue without its vessels.
    fn lung(&self, (u, v, w): (f32, f32, f32), place: &Place, compressed: f32) -> f32 {
        let body = &self.body;
        let behind = 0.5 + 0.5 * (v / body.half_depth).clamp(-1.0, 1.0);
        let fine = self.texture.at(u / 3.5, v / 3.5, w / 3.5);
        let coarse = self.texture.at(u / 17.0 + 3.0, v / 17.0, w / 17.0);
        let mut hu = body.lung_hu + body.lung_gradient * behind + 14.0 * fine + 14.0 * coarse;
        let fissure =
            v - 0.55 * w * body.half_depth / 100.0 - 0.35 * body.half_depth + 5.0 * coarse + 0.08 * u.abs();
        hu = over(hu, hu + 170.0, (1.0 - (fissure.abs() / 0.9)).clamp(0.0, 1.0));
        if place.phi.abs() < 1.3 {
            let rise = smooth_step(body.dependent + 4.0 + 3.0 * coarse, 0.0, -place.cavity)
                * (1.0 - 0.5 * place.phi.abs());
            hu += 300.0 * rise * (body.dependent / 9.0);
        }
        hu = over(hu, 18.0, 0.85 * compressed);
        if let Lesion::Pneumothorax { sign, thickness, .. } = self.plan.lesion
            && sign * u > 0.0
        {
            hu += 1.6 * thickness;
        }
        match self.plan.lesion.filling([u, v, w], &self.texture) {
            Some((share, density)) => over(hu, density + 15.0 * fine, share),
            None => hu,
        }
    }

    fn heart(&self, u: f32, v: f32, w: f32, pixel: f32, hu: f32) -> f32 {
        let body = &self.body;
        let d = heart_distance(body, u, v, w);
        if d > 4.5 {
            return hu;
        }
        let sac = coverage((d - 3.2).abs() - 0.7, pixel);
        let mut value = over(hu, MEDIASTINAL_FAT, coverage(d - 3.2, pixel));
        value = over(value, 25.0, 0.7 * sac);
        let muscle = MYOCARDIUM + 1.1 * body.enhancement;
        value = over(value, muscle, coverage(d, pixel));
        // Four chambers along the turned axes; unenhanced blood is barely darker than muscle.
        let heart = &body.heart;
        let t = (w - heart.centre[2]) / heart.axes[2];
        let scale = (1.0 - t * t).max(0.02).sqrt();
        let (x, y) = heart_frame(body, u, v);
        let [a, b, _] = heart.axes;
        let (x, y) = (x / scale, y / scale);
        let chambers = [
            (0.34 * a, 0.22 * b, 0.46 * a, 0.42 * b),
            (0.14 * a, -0.52 * b, 0.50 * a, 0.32 * b),
            (-0.42 * a, 0.42 * b, 0.36 * a, 0.36 * b),
            (-0.58 * a, -0.34 * b, 0.30 * a, 0.42 * b),
        ];
        let blood = chambers
            .iter()
            .map(|c| ellipse(x - c.0, y - c.1, c.2, c.3))
            .fold(f32::MAX, f32::min)
            * scale;
        over(value, body.blood_hu, coverage(blood.max(d + 1.5), pixel.max(2.0)))
    }

    /// Organs under the diaphragm.
    fn abdomen(&self, (u, v, w): (f32, f32, f32), place: &Place, strands: f32) -> f32 {
        let body = &self.body;
        let (a, b) = (body.half_width, body.half_depth);
        let fat = FAT + 8.0 * strands;
        let bowel = self.texture.at(u / 26.0, v / 26.0, w / 26.0 + 4.0);
        let mut hu = over(fat, 32.0, smooth_step(-0.25, 0.15, bowel));
        let spleen = ellipse(u - 0.70 * a, v - 0.45 * b, 0.22 * a, 0.42 * b)
            + ((w + 130.0).abs() - 45.0).max(0.0) * 0.3;
        hu = over(hu, SPLEEN + 1.2 * body.enhancement, coverage(spleen, 1.5));
        let stomach = ellipse(u - 0.40 * a, v + 0.25 * b, 0.34 * a, 0.46 * b);
        let gas = v < -0.45 * b;
        let content = if gas { -880.0 } else { STOMACH };
        hu = over(hu, 42.0, coverage(stomach, 1.5));
        hu = over(hu, content, coverage(stomach + 4.0, 1.5));
        let edge =
            0.12 * a + 0.5 * (v + 0.5 * b).min(0.0) + 0.55 * (w - body.dome[0]).max(-70.0) + 7.0 * bowel;
        let liver = smooth_max(u - edge - 0.25 * a, place.cavity + 2.5, 6.0);
        let grain = self.texture.at(u / 6.0, v / 6.0, w / 6.0);
        over(hu, LIVER + body.enhancement + 4.0 * grain, coverage(liver, 1.5))
    }
}

/// A plane being painted, for shapes that are drawn within their own bounds.
struct Canvas<'a> {
    grid: &'a Grid,
    body: &'a Body,
    w: f32,
    pixel: f32,
    hu: &'a mut [f32],
    lung: &'a [f32],
}

impl Canvas<'_> {
    /// Paints what `shade` gives (HU, coverage) for points near a rod and their distance; only in lung if `inside`.
    fn rod(&mut self, rod: &Rod, inside: bool, shade: impl Fn([f32; 3], f32) -> (f32, f32)) {
        let (low, high) = rod.span();
        if self.w < low - self.pixel || self.w > high + self.pixel {
            return;
        }
        let reach = rod.radius[0].max(rod.radius[1]) + self.pixel;
        let thin = (2.0 * rod.radius[0].min(rod.radius[1]) / self.pixel).min(1.0);
        let ends = [rod.from, rod.to].map(|p| self.body.to_patient([p[0], p[1], self.w]));
        let bounds = |axis: usize, count: usize| {
            let (a, b) = (ends[0][axis], ends[1][axis]);
            let index = |p: f32| (p - self.grid.origin[axis]) / self.grid.step[axis];
            let first = index(a.min(b) - reach).floor().max(0.0) as usize;
            let last = index(a.max(b) + reach).ceil().max(-1.0);
            first..((last + 1.0).max(0.0) as usize).min(count)
        };
        let (columns, rows) = (bounds(0, self.grid.columns), bounds(1, self.grid.rows));
        for row in rows {
            for column in columns.clone() {
                let index = row * self.grid.columns + column;
                let share = if inside { self.lung[index] } else { 1.0 };
                if share <= 0.0 {
                    continue;
                }
                let (x, y) = self.grid.at(column, row);
                let (u, v) = self.body.to_body(x, y, self.w);
                let point = [u, v, self.w];
                let d = rod.distance(point);
                if d > self.pixel {
                    continue;
                }
                let (value, cover) = shade(point, d);
                self.hu[index] = over(self.hu[index], value, cover * share * thin);
            }
        }
    }
}
