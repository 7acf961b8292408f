//! Regions of reports as lines to draw (PS3.3 C.18.6.1.2): circles and ellipses become polygons.

use std::f64::consts::TAU;

use glam::DVec2;

/// Corners of a circle or ellipse: fewer than a fiftieth of a pixel off for radii up to some hundred pixels.
const CORNERS: u32 = 96;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Last joined to first.
    Closed,
    /// From first to last.
    Open,
    /// Points by themselves.
    Points,
}

/// A region as a line: flat column, row, column, row … in the coordinates that it came in. `None` for a graphic that is
/// not known or has too few points.
pub fn line(graphic: &str, points: &[f64]) -> Option<(Stroke, Vec<f64>)> {
    let at = |i: usize| Some(DVec2::new(*points.get(2 * i)?, *points.get(2 * i + 1)?));
    match graphic {
        "POINT" | "MULTIPOINT" => (points.len() >= 2).then(|| (Stroke::Points, points.to_vec())),
        "POLYLINE" | "POLYGON" => {
            let (first, last) = (at(0)?, at((points.len() / 2).checked_sub(1)?)?);
            // A polyline that comes back to its first point is an area.
            let is_closed = graphic == "POLYGON" || points.len() > 4 && first == last;
            let stroke = if is_closed { Stroke::Closed } else { Stroke::Open };
            (points.len() >= 4).then(|| (stroke, points.to_vec()))
        }
        // Centre, then a point on the rim.
        "CIRCLE" => {
            let (centre, rim) = (at(0)?, at(1)?);
            let radius = centre.distance(rim);
            Some(around(centre, DVec2::new(radius, 0.0), DVec2::new(0.0, radius)))
        }
        // Ends of the long axis, then ends of the short one.
        "ELLIPSE" => {
            let (a, b, c, d) = (at(0)?, at(1)?, at(2)?, at(3)?);
            Some(around((a + b) / 2.0, (b - a) / 2.0, (d - c) / 2.0))
        }
        _ => None,
    }
}

fn around(centre: DVec2, one: DVec2, other: DVec2) -> (Stroke, Vec<f64>) {
    let corners = (0..CORNERS).flat_map(|i| {
        let angle = TAU * f64::from(i) / f64::from(CORNERS);
        (centre + one * angle.cos() + other * angle.sin()).to_array()
    });
    (Stroke::Closed, corners.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_and_ellipses_pass_through_their_points() {
        let (stroke, circle) = line("CIRCLE", &[10.0, 20.0, 13.0, 24.0]).expect("a circle");
        assert_eq!((stroke, circle.len()), (Stroke::Closed, 192));
        assert!(
            circle
                .chunks(2)
                .all(|p| ((p[0] - 10.0).hypot(p[1] - 20.0) - 5.0).abs() < 1e-9)
        );
        let points = [0.0, 5.0, 20.0, 5.0, 10.0, 2.0, 10.0, 8.0];
        let (_, ellipse) = line("ELLIPSE", &points).expect("an ellipse");
        for end in points.chunks(2) {
            let met = ellipse
                .chunks(2)
                .any(|p| (p[0] - end[0]).hypot(p[1] - end[1]) < 1e-9);
            assert!(met, "{end:?}");
        }
    }

    #[test]
    fn a_line_is_closed_when_it_comes_back() {
        let triangle = [0.0, 0.0, 4.0, 0.0, 0.0, 4.0, 0.0, 0.0];
        assert_eq!(line("POLYLINE", &triangle).expect("a line").0, Stroke::Closed);
        assert_eq!(line("POLYLINE", &triangle[..6]).expect("a line").0, Stroke::Open);
        assert_eq!(line("POINT", &[1.0, 2.0]).expect("a point").0, Stroke::Points);
        assert_eq!(line("POLYLINE", &[1.0, 2.0]), None);
        assert_eq!(line("ELLIPSE", &[1.0, 2.0]), None);
        assert_eq!(line("SPLINE", &triangle), None);
    }
}
