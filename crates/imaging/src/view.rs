//! How a picture is laid on a viewport: which image point each screen pixel shows.

use glam::{DAffine2, DMat2, DVec2};

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
}
