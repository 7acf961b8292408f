//! Great vessels, windpipe and gullet as chains of rods.

use crate::body::Body;
use crate::random::Random;
use crate::tissue::{AIRWAY, AIRWAY_WALL, ESOPHAGUS, MUSCLE};
use crate::tree::Rod;

/// A chain of rods of one tissue, painted in order.
#[derive(Debug, Clone)]
pub(crate) struct Tube {
    pub(crate) rods: Vec<Rod>,
    /// HU inside.
    pub(crate) inner: f32,
    /// HU of the wall.
    pub(crate) wall: f32,
    /// Thickness of the wall, mm (0: none).
    pub(crate) thickness: f32,
}

fn tube(points: &[([f32; 3], f32)], inner: f32, wall: f32, thickness: f32) -> Tube {
    let rods = points
        .windows(2)
        .map(|pair| Rod {
            from: pair[0].0,
            to: pair[1].0,
            radius: [pair[0].1, pair[1].1],
        })
        .collect();
    Tube {
        rods,
        inner,
        wall,
        thickness,
    }
}

/// Everything tubular of the mediastinum, in painting order.
pub(crate) fn mediastinal_tubes(seed: u64, body: &Body) -> Vec<Tube> {
    let mut r = Random::new(seed, "mediastinum");
    let blood = body.blood_hu;
    let spine = body.spine_v();
    let depth = body.half_depth;
    let heart = body.heart.centre;
    let aorta = r.within(12.0, 15.5);
    let root = [heart[0] - 20.0, heart[1] - 8.0, heart[2] + 18.0];
    let front = -0.36 * depth;
    let descent = [26.0, spine - 19.0];
    let wall = MUSCLE;
    let arch = tube(
        &[
            (root, aorta + 2.0),
            ([-14.0, front, -8.0], aorta + 1.5),
            ([-8.0, front + 4.0, 16.0], aorta + 0.5),
            ([6.0, 0.5 * (front + descent[1]) - 6.0, 27.0], aorta),
            ([20.0, descent[1] - 10.0, 22.0], aorta - 0.5),
            ([descent[0], descent[1], 8.0], aorta - 1.0),
            ([descent[0], descent[1] + 2.0, -60.0], aorta - 1.5),
            ([12.0, spine - 20.0, -130.0], aorta - 2.5),
            ([4.0, spine - 22.0, -230.0], aorta - 3.0),
        ],
        blood,
        wall,
        1.2,
    );
    let pulmonary = r.within(11.0, 13.5);
    let trunk = tube(
        &[
            ([heart[0] + 2.0, heart[1] - 22.0, heart[2] + 24.0], pulmonary),
            ([14.0, front + 4.0, -22.0], pulmonary),
            ([20.0, -8.0, -12.0], pulmonary - 1.5),
            ([body.mediastinum + 12.0, 4.0, -16.0], 8.0),
        ],
        blood * 1.05,
        wall,
        0.0,
    );
    let right_artery = tube(
        &[
            ([14.0, front + 10.0, -20.0], 10.0),
            ([-12.0, -4.0, -18.0], 9.5),
            ([-body.mediastinum - 12.0, 4.0, -12.0], 8.0),
        ],
        blood * 1.05,
        wall,
        0.0,
    );
    let right = 0.31 * body.heart.transverse;
    let cava = [-27.0, -0.22 * depth];
    let upper = tube(
        &[
            ([heart[0] - right, heart[1], heart[2] + 16.0], 9.5),
            ([cava[0], cava[1], -10.0], 9.0),
            ([cava[0], cava[1] - 2.0, 38.0], 8.5),
            ([-22.0, cava[1] - 6.0, 62.0], 7.0),
        ],
        blood,
        wall,
        0.0,
    );
    let brachiocephalic = tube(
        &[
            ([-20.0, cava[1] - 8.0, 46.0], 6.5),
            ([4.0, front - 6.0, 46.0], 6.0),
            ([28.0, front, 58.0], 6.0),
            ([36.0, front + 10.0, 90.0], 6.0),
        ],
        blood * 0.9,
        wall,
        0.0,
    );
    let lower = tube(
        &[
            ([heart[0] - right, heart[1] + 14.0, heart[2] - 18.0], 12.0),
            ([-26.0, spine - 34.0, -140.0], 12.0),
            ([-22.0, spine - 28.0, -230.0], 11.0),
        ],
        blood * 0.85,
        wall,
        0.0,
    );
    let azygos = tube(
        &[
            ([-8.0, spine - 18.0, -180.0], 3.0),
            ([-9.0, spine - 18.0, 8.0], 3.8),
            ([-20.0, spine - 34.0, 20.0], 4.2),
            ([-26.0, cava[1] + 4.0, 12.0], 4.2),
        ],
        blood * 0.8,
        wall,
        0.0,
    );
    let branches = [
        [-12.0, front + 2.0, -34.0, 5.6],
        [2.0, front + 14.0, 2.0, 3.6],
        [14.0, -6.0, 24.0, 4.2],
    ]
    .map(|[u, v, lift, radius]| {
        tube(
            &[
                ([u, v, 30.0], radius),
                ([u * 1.2, v + 6.0, 70.0], radius),
                ([u * 2.2 + lift * 0.3, v + 10.0, 130.0], radius - 0.6),
            ],
            blood,
            wall,
            0.6,
        )
    });
    let gullet_air = if r.chance(0.3) { -300.0 } else { ESOPHAGUS };
    let gullet = tube(
        &[
            ([5.0, spine - 24.0, 140.0], 6.5),
            ([6.0, spine - 25.0, -40.0], 6.5),
            ([12.0, spine - 32.0, -130.0], 7.5),
        ],
        gullet_air,
        ESOPHAGUS,
        4.2,
    );
    let windpipe = r.within(8.0, 10.0);
    let fork = [1.0, spine - 40.0, 2.0];
    let trachea = tube(
        &[
            ([0.0, spine - 44.0, 150.0], windpipe),
            ([0.0, spine - 42.0, 60.0], windpipe),
            (fork, windpipe + 1.0),
        ],
        AIRWAY,
        AIRWAY_WALL,
        1.6,
    );
    let main = [-1.0f32, 1.0].map(|sign| {
        let reach = if sign < 0.0 { 24.0 } else { 30.0 };
        tube(
            &[
                (fork, windpipe - 0.5),
                ([sign * reach, spine - 40.0, -16.0], 7.0),
                ([sign * (body.mediastinum + 13.0), 10.0, -24.0], 5.4),
                ([sign * (body.mediastinum + 17.0), 20.0, -52.0], 3.9),
            ],
            AIRWAY,
            AIRWAY_WALL,
            1.2,
        )
    });
    let mut tubes = vec![lower, upper, brachiocephalic, azygos, right_artery, trunk, arch];
    tubes.extend(branches);
    tubes.push(gullet);
    tubes.extend(main);
    tubes.push(trachea);
    tubes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    #[test]
    fn the_windpipe_holds_air_and_the_aorta_descends_on_the_left() {
        let body = Body::draw(2, Finding::Normal, false);
        let tubes = mediastinal_tubes(2, &body);
        let inside = |tube: &Tube, p| tube.rods.iter().any(|rod| rod.distance(p) < 0.0);
        let trachea = tubes.last().unwrap();
        assert!(inside(trachea, [0.0, body.spine_v() - 42.0, 60.0]) && trachea.inner < -900.0);
        assert!(
            tubes
                .iter()
                .any(|tube| tube.inner > 30.0 && inside(tube, [26.0, body.spine_v() - 18.0, -40.0]))
        );
    }
}
