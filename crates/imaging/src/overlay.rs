//! Overlay planes (PS3.3 C.9.2) and the veil that they and a shutter lay over an image, one bit or colour a pixel.

use std::sync::Arc;

use glam::DVec2;
use rayon::prelude::*;

use crate::shutter::Shutter;

/// Overlay Type (60xx,0040).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OverlayKind {
    /// `G`: graphics.
    Graphics,
    /// `R`: a region of interest.
    Region,
}

impl OverlayKind {
    /// The file's letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Graphics => "G",
            Self::Region => "R",
        }
    }
}

/// What an overlay's region measured when it was made (60xx,1301 to 60xx,1303).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoiValues {
    /// ROI Area, number of px.
    pub area: Option<f64>,
    /// ROI Mean.
    pub mean: Option<f64>,
    /// ROI Standard Deviation.
    pub deviation: Option<f64>,
}

/// A bit plane over one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlayPlane {
    /// Group of its elements: 0x6000 to 0x601E.
    pub group: u16,
    /// (column, row) of its first bit on the image, from 0; may lie outside.
    pub origin: [i32; 2],
    /// Rows of bits.
    pub rows: u32,
    /// Columns of bits.
    pub columns: u32,
    /// One byte of 0 or 1 a bit, row-major, `rows * columns` of them.
    pub bits: Arc<[u8]>,
    /// Overlay Label (60xx,1500), or empty.
    pub label: String,
    /// Overlay Description (60xx,0022), or empty.
    pub description: String,
    /// Graphics or region.
    pub kind: OverlayKind,
    /// What its region measured, as the file says.
    pub roi: RoiValues,
}

impl OverlayPlane {
    /// True when the bit at an image point (column, row), corner convention, is set; false outside of the plane.
    pub fn is_set(&self, point: DVec2) -> bool {
        let at = point.floor() - DVec2::new(f64::from(self.origin[0]), f64::from(self.origin[1]));
        let within =
            at.x >= 0.0 && at.y >= 0.0 && at.x < f64::from(self.columns) && at.y < f64::from(self.rows);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to lie inside"
        )]
        let index = || at.y as usize * self.columns as usize + at.x as usize;
        within && self.bits.get(index()).is_some_and(|bit| *bit != 0)
    }
}

/// What lies over an image: bit planes, each in its colour, over a shutter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Veil {
    /// Colours of a supplemental palette, lowest of all: of pixels, row-major, with the number of columns.
    pub colours: Option<(u32, Arc<[Option<[u8; 3]>]>)>,
    /// Hides what lies outside.
    pub shutter: Option<Arc<Shutter>>,
    /// Planes with their colours, the topmost last.
    pub planes: Vec<(Arc<OverlayPlane>, [u8; 3])>,
}

/// Colour of overlays that none was recommended for: white, the largest P-value.
pub const OVERLAY_COLOUR: [u8; 3] = [255; 3];

impl Veil {
    /// True when there is nothing to lay over.
    pub fn is_empty(&self) -> bool {
        self.colours.is_none() && self.shutter.is_none() && self.planes.is_empty()
    }

    /// The colour over an image point (column, row), corner convention; `None` where the image is seen.
    pub fn at(&self, point: DVec2) -> Option<[u8; 3]> {
        if let Some((_, colour)) = self.planes.iter().rev().find(|(plane, _)| plane.is_set(point)) {
            return Some(*colour);
        }
        if let Some(shutter) = self.shutter.as_ref().filter(|s| s.hides(point)) {
            return Some(shutter.colour);
        }
        let (columns, colours) = self.colours.as_ref()?;
        if point.x < 0.0 || point.y < 0.0 || point.x >= f64::from(*columns) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not below nought; saturates"
        )]
        let index = (point.y as usize).saturating_mul(*columns as usize) + point.x as usize;
        colours.get(index).copied().flatten()
    }

    /// The veil as RGBA, one px for each px of the image, row-major; alpha 0 where the image is seen.
    pub fn rgba(&self, rows: u32, columns: u32) -> Vec<u8> {
        let width = columns as usize;
        let mut out = vec![0_u8; rows as usize * width * 4];
        out.par_chunks_exact_mut(width.max(1) * 4)
            .enumerate()
            .for_each(|(y, row)| {
                for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                    if let Some([r, g, b]) = self.at(DVec2::new(x as f64 + 0.5, y as f64 + 0.5)) {
                        pixel.copy_from_slice(&[r, g, b, 255]);
                    }
                }
            });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shutter::ShutterShape;

    #[test]
    fn a_plane_is_clipped_and_lies_over_the_shutter() {
        let plane = OverlayPlane {
            group: 0x6000,
            origin: [-1, 2],
            rows: 2,
            columns: 3,
            bits: vec![1, 1, 0, 1, 0, 1].into(),
            label: String::new(),
            description: String::new(),
            kind: OverlayKind::Graphics,
            roi: RoiValues::default(),
        };
        let veil = Veil {
            colours: None,
            shutter: Some(Arc::new(Shutter {
                shapes: vec![ShutterShape::Rectangular([1.0, 1.0, 2.0, 9.0])],
                colour: [9; 3],
            })),
            planes: vec![(Arc::new(plane), OVERLAY_COLOUR)],
        };
        let reds: Vec<u8> = veil.rgba(4, 3).chunks_exact(4).map(|p| p[0]).collect();
        assert_eq!(reds, [0, 0, 9, 0, 0, 9, 255, 0, 9, 0, 255, 9]);
        let alphas: Vec<u8> = veil.rgba(1, 3).chunks_exact(4).map(|p| p[3]).collect();
        assert_eq!(alphas, [0, 0, 255]);
    }
}
