//! Overlap of boxes: IoU, generalised IoU and Dice, in the plane (px) or in space (patient mm), and the hit of a centre.
//!
//! Corners are continuous: a box from 0 to 10 is 10 wide, without + 1.

use serde::{Deserialize, Serialize};

/// A box in `N` dimensions with sides along the axes, in px or mm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extent<const N: usize>
where
    [f64; N]: Serialize + for<'a> Deserialize<'a>,
{
    /// Least corner.
    pub low: [f64; N],
    /// Largest corner.
    pub high: [f64; N],
}

/// A box in a picture, px: x, y.
pub type Rectangle = Extent<2>;
/// A box in the patient, mm: x, y, z of the patient's axes (PS3.3 C.7.6.2.1.1).
pub type Cuboid = Extent<3>;

impl Extent<2> {
    /// From x0, y0, x1, y1.
    pub fn from_corners([x0, y0, x1, y1]: [f64; 4]) -> Self {
        Self {
            low: [x0, y0],
            high: [x1, y1],
        }
    }
}

impl<const N: usize> Extent<N>
where
    [f64; N]: Serialize + for<'a> Deserialize<'a>,
{
    fn sides(&self) -> impl Iterator<Item = f64> {
        self.low.iter().zip(&self.high).map(|(low, high)| high - low)
    }

    /// Area in px² or volume in mm³.
    pub fn size(&self) -> f64 {
        self.sides().product()
    }

    /// The middle.
    pub fn centre(&self) -> [f64; N] {
        std::array::from_fn(|i| f64::midpoint(self.low[i], self.high[i]))
    }

    fn common(&self, other: &Self) -> f64 {
        (0..N)
            .map(|i| (self.high[i].min(other.high[i]) - self.low[i].max(other.low[i])).max(0.0))
            .product()
    }

    /// Size of both together.
    fn joined(&self, other: &Self) -> f64 {
        self.size() + other.size() - self.common(other)
    }

    /// Intersection over union, 0 for two empty boxes.
    pub fn iou(&self, other: &Self) -> f64 {
        let joined = self.joined(other);
        if joined > 0.0 {
            self.common(other) / joined
        } else {
            0.0
        }
    }

    /// Generalised IoU, -1 to 1 (Rezatofighi and others 2019): IoU less the share of the hull that neither fills. IoU
    /// itself when the hull is empty.
    pub fn giou(&self, other: &Self) -> f64 {
        let hull: f64 = (0..N)
            .map(|i| self.high[i].max(other.high[i]) - self.low[i].min(other.low[i]))
            .product();
        let iou = self.iou(other);
        if hull > 0.0 {
            iou - (hull - self.joined(other)) / hull
        } else {
            iou
        }
    }

    /// Dice coefficient, 2 IoU / (1 + IoU).
    pub fn dice(&self, other: &Self) -> f64 {
        let iou = self.iou(other);
        2.0 * iou / (1.0 + iou)
    }
}

/// A ball, such as a nodule given by its centre and its diameter, patient mm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ball {
    /// Centre, mm.
    pub centre: [f64; 3],
    /// Radius, mm.
    pub radius: f64,
}

impl Ball {
    /// True when a point lies within: its distance from the centre is less than the radius (the rule of LUNA16).
    pub fn holds(&self, point: [f64; 3]) -> bool {
        self.distance(point) < self.radius
    }

    /// Distance of a point from the centre, mm.
    pub fn distance(&self, point: [f64; 3]) -> f64 {
        (0..3)
            .map(|i| (point[i] - self.centre[i]).powi(2))
            .sum::<f64>()
            .sqrt()
    }
}

/// How well something true and something said fit, for matching: larger is better, above the threshold is a hit.
pub trait Fits<Said> {
    /// The fit of what was said.
    fn fit(&self, said: &Said) -> f64;
}

impl<const N: usize> Fits<Self> for Extent<N>
where
    [f64; N]: Serialize + for<'a> Deserialize<'a>,
{
    fn fit(&self, said: &Self) -> f64 {
        self.iou(said)
    }
}

impl Fits<[f64; 3]> for Ball {
    /// 1 - distance / radius: above 0 within the ball, 1 in its centre. Minus infinity for a ball without extent.
    fn fit(&self, said: &[f64; 3]) -> f64 {
        if self.radius > 0.0 {
            1.0 - self.distance(*said) / self.radius
        } else {
            f64::NEG_INFINITY
        }
    }
}

impl Fits<Cuboid> for Ball {
    /// That of the box's centre.
    fn fit(&self, said: &Cuboid) -> f64 {
        self.fit(&said.centre())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rectangle(corners: [f64; 4]) -> Rectangle {
        Rectangle::from_corners(corners)
    }

    #[test]
    fn overlaps_by_hand() {
        let (a, b) = (
            rectangle([0.0, 0.0, 10.0, 10.0]),
            rectangle([5.0, 5.0, 15.0, 15.0]),
        );
        assert!((a.iou(&b) - 25.0 / 175.0).abs() < 1e-15);
        assert!((a.dice(&b) - 0.25).abs() < 1e-15);
        assert!((a.giou(&b) - (25.0 / 175.0 - 50.0 / 225.0)).abs() < 1e-15);
        let empty = rectangle([0.0; 4]);
        assert_eq!(
            (empty.iou(&empty), empty.giou(&empty), empty.dice(&empty)),
            (0.0, 0.0, 0.0)
        );
        let cube = |at: f64| Cuboid {
            low: [at; 3],
            high: [at + 2.0; 3],
        };
        assert!((cube(0.0).iou(&cube(1.0)) - 1.0 / 15.0).abs() < 1e-15);
    }

    #[test]
    fn a_centre_hits_within_the_radius() {
        let ball = Ball {
            centre: [10.0, 0.0, -5.0],
            radius: 4.0,
        };
        assert!(ball.holds([13.9, 0.0, -5.0]) && !ball.holds([14.0, 0.0, -5.0]));
        assert!(ball.fit(&[14.0, 0.0, -5.0]) <= 0.0 && ball.fit(&[10.0, 0.0, -5.0]) == 1.0);
        assert!(
            ball.fit(&Cuboid {
                low: [9.0, -1.0, -6.0],
                high: [11.0, 1.0, -4.0]
            }) == 1.0
        );
        assert!(
            Ball {
                centre: [0.0; 3],
                radius: 0.0
            }
            .fit(&[0.0; 3])
                < 0.0
        );
    }

    fn any_rectangle() -> impl Strategy<Value = Rectangle> {
        (
            prop::array::uniform2(-5.0_f64..5.0),
            prop::array::uniform2(0.0_f64..6.0),
        )
            .prop_map(|(low, side)| Rectangle {
                low,
                high: [low[0] + side[0], low[1] + side[1]],
            })
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_and_a_share(a in any_rectangle(), b in any_rectangle()) {
            prop_assert!((a.iou(&b) - b.iou(&a)).abs() < 1e-15);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&a.iou(&b)));
            prop_assert!(a.dice(&b) + 1e-15 >= a.iou(&b) && a.giou(&b) <= a.iou(&b) + 1e-12 && a.giou(&b) >= -1.0);
            if a.size() > 0.0 {
                prop_assert!((a.iou(&a) - 1.0).abs() < 1e-12);
            }
        }
    }
}
