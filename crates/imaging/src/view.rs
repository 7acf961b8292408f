//! How a picture is laid on a viewport: which image point each screen pixel shows.

use glam::{DAffine2, DMat2, DVec2};

use crate::presentation::{DisplayedArea, Turn};

/// Interpolation between pixels, on modality values, before the VOI function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Interpolation {
    /// The pixel whose square holds the point.
    Nearest,
    /// Bilinear between pixel centres, edge pixels repeated outwards by half a pixel.
    #[default]
    Linear,
}

/// A view: output size and the map from output points to image points. Both use the corner convention: (0,0) is
/// the outer corner of the first pixel, its centre is (0.5, 0.5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Output width, px.
    pub width: u32,
    /// Output height, px.
    pub height: u32,
    /// Image (column, row) of an output (x, y).
    pub image_from_output: DAffine2,
    /// Interpolation.
    pub interpolation: Interpolation,
    /// The user's own inversion, on top of the file's.
    pub inverted: bool,
}

impl View {
    /// One output pixel for each image pixel.
    pub fn identity(columns: u32, rows: u32) -> Self {
        Self {
            width: columns,
            height: rows,
            image_from_output: DAffine2::IDENTITY,
            interpolation: Interpolation::Nearest,
            inverted: false,
        }
    }

    /// The whole image as large as it fits, centred. `aspect` is pixel height over pixel width.
    pub fn fit(columns: u32, rows: u32, aspect: f64, width: u32, height: u32) -> Self {
        let aspect = if aspect.is_finite() && aspect > 0.0 {
            aspect
        } else {
            1.0
        };
        let size = DVec2::new(f64::from(columns.max(1)), f64::from(rows.max(1)) * aspect);
        let zoom = (f64::from(width) / size.x).min(f64::from(height) / size.y);
        let scale = DMat2::from_diagonal(DVec2::new(1.0 / zoom, 1.0 / (zoom * aspect)));
        let middle = DVec2::new(f64::from(columns), f64::from(rows)) / 2.0;
        let centre = DVec2::new(f64::from(width), f64::from(height)) / 2.0;
        Self {
            width,
            height,
            image_from_output: DAffine2::from_mat2_translation(scale, middle - scale * centre),
            interpolation: Interpolation::Linear,
            inverted: false,
        }
    }

    /// A displayed area in the middle of the output, turned as its presentation state says. `zoom` is output px for an
    /// image column; as large as it fits when it is not given.
    pub fn area(area: &DisplayedArea, turn: Turn, width: u32, height: u32, zoom: Option<f64>) -> Self {
        let seen = area.seen(turn).max(DVec2::splat(f64::MIN_POSITIVE));
        let output = DVec2::new(f64::from(width), f64::from(height));
        let zoom = zoom
            .filter(|z| z.is_finite() && *z > 0.0)
            .unwrap_or_else(|| (output / seen).min_element());
        // Clockwise where y runs down: (1,0) to (0,1).
        let (cos, sin) = match turn.rotation {
            90 => (0.0, 1.0),
            180 => (-1.0, 0.0),
            270 => (0.0, -1.0),
            _ => (1.0, 0.0),
        };
        let mirror = DVec2::new(if turn.flipped { -1.0 } else { 1.0 }, 1.0);
        let column = DVec2::new(cos, sin) * mirror * zoom;
        let row = DVec2::new(-sin, cos) * mirror * zoom * area.aspect;
        let output_from_image = DMat2::from_cols(column, row);
        let back = output_from_image.inverse();
        let middle = (area.low + area.high) / 2.0;
        Self {
            width,
            height,
            image_from_output: DAffine2::from_mat2_translation(back, middle - back * (output / 2.0)),
            interpolation: Interpolation::Linear,
            inverted: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presentation::SizeMode;

    #[test]
    fn an_area_is_turned_first_and_mirrored_then() {
        let area = DisplayedArea {
            low: DVec2::new(10.0, 20.0),
            high: DVec2::new(30.0, 60.0),
            mode: SizeMode::ScaleToFit,
            aspect: 1.0,
        };
        for rotation in [0, 90, 180, 270] {
            for flipped in [false, true] {
                let turn = Turn { rotation, flipped };
                let seen = area.seen(turn);
                let view = View::area(&area, turn, seen.x as u32, seen.y as u32, None);
                for part in [DVec2::ZERO, DVec2::new(1.0, 0.0), DVec2::new(0.25, 0.75)] {
                    let expected = area.from_display(turn, part);
                    let got = view.image_from_output.transform_point2(part * seen);
                    assert!(got.distance(expected) < 1e-9, "{turn:?} {part}: {got} {expected}");
                }
            }
        }
    }
}
