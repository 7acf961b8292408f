//! How a square picture looks this time: moved a little, mirrored or not.

use crate::random::Draw;

/// A way of looking at a square picture. What comes from beyond its edge is black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// To the left, px.
    pub dx: isize,
    /// Up, px.
    pub dy: isize,
    /// Left and right exchanged: sides must be exchanged in the answer too.
    pub mirrored: bool,
}

impl Look {
    /// As it is.
    pub const PLAIN: Self = Self {
        dx: 0,
        dy: 0,
        mirrored: false,
    };

    /// Moved by up to `most` px either way, and mirrored half the time.
    pub fn draw(draw: Draw, most: usize) -> Self {
        let shift = |i| draw.below(i, 2 * most + 1) as isize - most as isize;
        Self {
            dx: shift(1),
            dy: shift(2),
            mirrored: draw.unit(3) < 0.5,
        }
    }

    /// Where a pixel comes from; `None`: from beyond the edge.
    fn source(self, x: usize, y: usize, side: usize) -> Option<usize> {
        let x = if self.mirrored { side - 1 - x } else { x };
        let (x, y) = (x as isize + self.dx, y as isize + self.dy);
        let inside = |v: isize| usize::try_from(v).ok().filter(|v| *v < side);
        Some(inside(y)? * side + inside(x)?)
    }

    /// Interleaved bytes `[side, side, 3]` to the tower's values, planar `[3, side, side]`: (b/255 - 0.5)/0.5.
    pub fn values(self, rgb: &[u8], side: usize) -> Vec<f32> {
        let mut out = vec![-1.0; 3 * side * side];
        for y in 0..side {
            for x in 0..side {
                if let Some(at) = self.source(x, y, side) {
                    for c in 0..3 {
                        out[c * side * side + y * side + x] = f32::from(rgb[3 * at + c]) / 127.5 - 1.0;
                    }
                }
            }
        }
        out
    }

    /// Share of each patch of `patch` x `patch` px that a mask `[side, side]` (0 to 255) covers; all 0 for an empty one.
    pub fn covered(self, mask: &[u8], side: usize, patch: usize) -> Vec<f32> {
        let grid = side / patch;
        let mut out = vec![0.0; grid * grid];
        if mask.is_empty() {
            return out;
        }
        for y in 0..grid * patch {
            for x in 0..grid * patch {
                if let Some(at) = self.source(x, y, side) {
                    out[y / patch * grid + x / patch] += f32::from(mask[at]) / 255.0;
                }
            }
        }
        out.iter_mut().for_each(|v| *v /= (patch * patch) as f32);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_moves_and_turns_with_its_mask() {
        let (side, patch) = (4, 2);
        let mut mask = vec![0; 16];
        mask[side + 3] = 255;
        let rgb: Vec<u8> = mask.iter().flat_map(|v| [*v, 0, 255]).collect();
        let plain = Look::PLAIN.values(&rgb, side);
        assert_eq!(
            (plain[7], plain[6], plain[16 + 7], plain[32]),
            (1.0, -1.0, -1.0, 1.0)
        );
        assert_eq!(Look::PLAIN.covered(&mask, side, patch), [0.0, 0.25, 0.0, 0.0]);
        let look = Look {
            dx: 1,
            dy: -1,
            mirrored: true,
        };
        // Column 3 comes from 1 of the mirrored row, and the row from the one above.
        let seen = look.values(&rgb, side);
        let at = seen.iter().take(16).position(|v| *v == 1.0);
        assert_eq!(at, Some(2 * side + 1));
        assert_eq!(seen[32..36], [-1.0; 4]);
        assert_eq!(look.covered(&mask, side, patch), [0.0, 0.0, 0.25, 0.0]);
        assert!(look.covered(&[], side, patch).iter().all(|v| *v == 0.0));
    }
}
