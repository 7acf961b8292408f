//! Display shutters (PS3.3 C.7.6.11, C.7.6.15): which pixels of an image are not to be seen, and what stands there.

use std::sync::Arc;

use glam::DVec2;

use crate::overlay::OverlayPlane;

/// One shape: what lies outside of it is hidden.
#[derive(Clone, Debug, PartialEq)]
pub enum ShutterShape {
    /// Left Vertical, Upper Horizontal, Right Vertical and Lower Horizontal Edge: pixel numbers from 1; the edges
    /// themselves are seen, since files that hide nothing say 1 and the size.
    Rectangular([f64; 4]),
    /// Centre (column, row), pixel numbers from 1, radius in px along a row, and pixel height over width: a circle as
    /// it is seen.
    Circular(DVec2, f64, f64),
    /// Vertices (column, row), pixel numbers from 1, the last joined to the first.
    Polygonal(Vec<DVec2>),
    /// A bit plane: a set bit hides its pixel.
    Bitmap(Arc<OverlayPlane>),
}

/// The shutter of an image: a pixel is seen when every shape lets it be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Shutter {
    /// One of each kind at most.
    pub shapes: Vec<ShutterShape>,
    /// What stands in hidden places, sRGB; black unless the file says otherwise.
    pub colour: [u8; 3],
}

impl Shutter {
    /// The shutter over pixels of another height over width.
    pub fn over_pixels(self: &Arc<Self>, height_over_width: f64) -> Arc<Self> {
        let is_other = |shape: &ShutterShape| matches!(shape, ShutterShape::Circular(_, _, aspect) if *aspect != height_over_width);
        let mut own = Arc::clone(self);
        if own.shapes.iter().any(is_other) {
            for shape in &mut Arc::make_mut(&mut own).shapes {
                if let ShutterShape::Circular(_, _, aspect) = shape {
                    *aspect = height_over_width;
                }
            }
        }
        own
    }

    /// True when the pixel of an image point (column, row), corner convention, is hidden.
    pub fn hides(&self, point: DVec2) -> bool {
        // Numbers of pixels count from 1 and mean their centres.
        let at = point.floor() + 1.0;
        self.shapes.iter().any(|shape| !shape.shows(at))
    }
}

impl ShutterShape {
    /// True when the pixel with this number (column, row), from 1, is seen.
    fn shows(&self, at: DVec2) -> bool {
        match self {
            Self::Rectangular([left, upper, right, lower]) => {
                at.x >= *left && at.x <= *right && at.y >= *upper && at.y <= *lower
            }
            Self::Circular(centre, radius, aspect) => {
                ((at - *centre) * DVec2::new(1.0, *aspect)).length() <= *radius
            }
            Self::Polygonal(vertices) => inside(vertices, at),
            Self::Bitmap(plane) => !plane.is_set(at - 0.5),
        }
    }
}

/// Even-odd rule; points on an edge are inside.
pub(crate) fn inside(vertices: &[DVec2], at: DVec2) -> bool {
    let mut within = false;
    let Some(mut from) = vertices.last().copied() else {
        return true;
    };
    for to in vertices {
        let (edge, d) = (*to - from, at - from);
        let along = d.dot(edge);
        if edge.perp_dot(d).abs() < 1e-9 && along >= 0.0 && along <= edge.length_squared() {
            return true;
        }
        if (from.y > at.y) != (to.y > at.y) && at.x < from.x + edge.x * (at.y - from.y) / edge.y {
            within = !within;
        }
        from = *to;
    }
    within
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(shape: ShutterShape) -> String {
        let shutter = Shutter {
            shapes: vec![shape],
            colour: [0; 3],
        };
        let one = |row: u32, column: u32| {
            let centre = DVec2::new(f64::from(column) + 0.5, f64::from(row) + 0.5);
            if shutter.hides(centre) { '.' } else { '#' }
        };
        (0..5)
            .map(|r| (0..5).map(|c| one(r, c)).collect::<String>() + "/")
            .collect()
    }

    #[test]
    fn pixels_are_numbered_from_one_and_edges_are_seen() {
        let rectangle = ShutterShape::Rectangular([2.0, 3.0, 4.0, 4.0]);
        assert_eq!(seen(rectangle), "...../...../.###./.###./...../");
        let circle = ShutterShape::Circular(DVec2::new(3.0, 3.0), 1.0, 1.0);
        assert_eq!(seen(circle), "...../..#../.###./..#../...../");
        // Pixels half as high as wide, and twice.
        let low = ShutterShape::Circular(DVec2::new(3.0, 3.0), 1.0, 0.5);
        assert_eq!(seen(low), "..#../..#../.###./..#../..#../");
        let high = ShutterShape::Circular(DVec2::new(3.0, 3.0), 2.0, 2.0);
        assert_eq!(seen(high), "...../..#../#####/..#../...../");
        let corner = [[1.0, 1.0], [4.0, 1.0], [1.0, 4.0]].map(DVec2::from);
        let polygon = ShutterShape::Polygonal(corner.to_vec());
        assert_eq!(seen(polygon), "####./###../##.../#..../...../");
    }
}
