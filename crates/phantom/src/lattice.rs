//! Smooth random texture: values on a lattice that repeats, interpolated.

use crate::random::Random;

const SIDE: usize = 32;

/// A periodic lattice of standard normal values; reading it gives a band-limited field with correlation of one cell.
#[derive(Debug, Clone)]
pub(crate) struct Lattice {
    values: Vec<f32>,
}

impl Lattice {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self {
            values: (0..SIDE * SIDE * SIDE).map(|_| random.normal()).collect(),
        }
    }

    /// The field at (x, y, z) in cells; about normal with a standard deviation near 0.6.
    pub(crate) fn at(&self, x: f32, y: f32, z: f32) -> f32 {
        let (ix, fx) = split(x);
        let (iy, fy) = split(y);
        let (iz, fz) = split(z);
        let next = |i: usize| (i + 1) % SIDE;
        let row = |z: usize, y: usize| {
            let base = (z * SIDE + y) * SIDE;
            let (a, b) = (self.values[base + ix], self.values[base + next(ix)]);
            a + (b - a) * fx
        };
        let plane = |z: usize| {
            let (a, b) = (row(z, iy), row(z, next(iy)));
            a + (b - a) * fy
        };
        let (a, b) = (plane(iz), plane(next(iz)));
        a + (b - a) * fz
    }
}

fn split(x: f32) -> (usize, f32) {
    let floor = x.floor();
    let t = x - floor;
    (
        (floor as i64).rem_euclid(SIDE as i64) as usize,
        t * t * (3.0 - 2.0 * t),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_continuous_and_repeats() {
        let lattice = Lattice::new(&mut Random::new(3, "lattice"));
        let here = lattice.at(4.999, 2.5, -1.25);
        assert!((here - lattice.at(5.001, 2.5, -1.25)).abs() < 1e-3);
        let wrapped = lattice.at(4.999 + SIDE as f32, 2.5, -1.25 - SIDE as f32);
        assert!((here - wrapped).abs() < 1e-3, "{here} {wrapped}");
    }
}
