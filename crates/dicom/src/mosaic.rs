//! Siemens mosaics: the slices of one volume side by side in one picture.
//!
//! The picture's own frame stays frame 1; its slices follow as frames 2 and on, so that a frame number names one picture
//! and one only. Image Position of a mosaic is where a picture of the mosaic's size would lie: the first slice's own
//! position is moved in by half of what the mosaic is larger (viewer facts of the vendor, confirmed by dcm2niix).

use std::sync::Arc;

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use glam::DVec3;
use overread_imaging::geometry::Plane;
use overread_imaging::samples::Samples;

use crate::attributes::FrameContext;
use crate::csa;
use crate::dataset::{bytes, number};
use crate::pixels::PixelLayout;
use crate::private::{self, Form};

/// Most slices in one mosaic.
const MOST_TILES: u32 = 1024;

/// How a mosaic is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mosaic {
    /// Number of slices.
    pub slices: u32,
    /// Slices in a row of the mosaic.
    pub across: u32,
    /// Rows of a slice, px.
    pub rows: u32,
    /// Columns of a slice, px.
    pub columns: u32,
}

impl Mosaic {
    /// Reads the layout; `None` for an image that is no mosaic, or whose size does not divide.
    pub(crate) fn read(root: &InMemDicomObject, image_type: &str, layout: &PixelLayout) -> Option<Self> {
        let said = image_type.split('/').any(|part| part == "MOSAIC");
        if !said || layout.frames != 1 || layout.samples != 1 {
            return None;
        }
        let said = private::numbers(root, (0x0019, "SIEMENS MR HEADER", 0x0A), Form::Unsigned);
        let slices = said
            .first()
            .and_then(|n| (1..=MOST_TILES).find(|k| f64::from(*k) == *n))
            .or_else(|| {
                let values = csa::values(&csa_header(root)?, "NumberOfImagesInMosaic")?;
                values.first()?.parse().ok()
            })
            .filter(|n| (2..=MOST_TILES).contains(n))?;
        let across = (1..=MOST_TILES).find(|n| n * n >= slices)?;
        let divides = layout.columns.is_multiple_of(across) && layout.rows.is_multiple_of(across);
        divides.then_some(Self {
            slices,
            across,
            rows: layout.rows / across,
            columns: layout.columns / across,
        })
    }

    /// One context a slice. Without the direction of stacking the slices have no place in the patient, and a warning says so:
    /// guessing it would mirror half of all volumes.
    pub(crate) fn contexts(
        &self,
        root: &InMemDicomObject,
        whole: &FrameContext,
        warnings: &mut Vec<String>,
    ) -> Vec<FrameContext> {
        let planes = whole.attributes.plane.and_then(|plane| self.planes(root, &plane));
        if planes.is_none() {
            warnings.push(
                "a mosaic that does not say in which direction its slices are stacked: they are shown without a place"
                    .to_owned(),
            );
        }
        (0..self.slices as usize)
            .map(|k| {
                let mut attributes = (*whole.attributes).clone();
                attributes.rows = self.rows;
                attributes.columns = self.columns;
                attributes.shutter = None;
                attributes.plane = planes.as_ref().and_then(|planes| planes.get(k)).copied();
                FrameContext {
                    attributes: Arc::new(attributes),
                    ..whole.clone()
                }
            })
            .collect()
    }

    fn planes(&self, root: &InMemDicomObject, whole: &Plane) -> Option<Vec<Plane>> {
        let spacing = number(root, tags::SPACING_BETWEEN_SLICES).filter(|mm| *mm > 0.0)?;
        let values = csa::values(&csa_header(root)?, "SliceNormalVector")?;
        let normal: Vec<f64> = values
            .iter()
            .map(|v| v.parse().ok())
            .collect::<Option<Vec<f64>>>()?;
        let &[x, y, z] = normal.as_slice() else {
            return None;
        };
        let normal = DVec3::new(x, y, z).try_normalize()?;
        // It must be the pictures' normal, up or down.
        let along = normal.dot(whole.normal());
        if (along.abs() - 1.0).abs() > 1e-3 {
            return None;
        }
        let step = whole.normal() * along.signum() * spacing;
        let half = |large: u32, small: u32| (f64::from(large) - f64::from(small)) / 2.0;
        let first = whole.position
            + whole.row_direction * (whole.column_spacing * half(self.columns * self.across, self.columns))
            + whole.column_direction * (whole.row_spacing * half(self.rows * self.across, self.rows));
        Some(
            (0..self.slices)
                .map(|k| Plane {
                    position: first + step * f64::from(k),
                    ..*whole
                })
                .collect(),
        )
    }

    /// The slice, from 0, of the decoded mosaic.
    pub(crate) fn cut(&self, whole: &Samples, slice: u32) -> Samples {
        let left = (slice % self.across * self.columns) as usize;
        let top = (slice / self.across * self.rows) as usize;
        let stride = (self.across * self.columns) as usize;
        let (rows, columns) = (self.rows as usize, self.columns as usize);
        fn part<T: Copy>(values: &[T], rows: impl Iterator<Item = usize>, columns: usize) -> Vec<T> {
            rows.filter_map(|start| values.get(start..start + columns))
                .flatten()
                .copied()
                .collect()
        }
        let starts = || (0..rows).map(move |r| (top + r) * stride + left);
        match whole {
            Samples::U8(v) => Samples::U8(part(v, starts(), columns)),
            Samples::I8(v) => Samples::I8(part(v, starts(), columns)),
            Samples::U16(v) => Samples::U16(part(v, starts(), columns)),
            Samples::I16(v) => Samples::I16(part(v, starts(), columns)),
            Samples::U32(v) => Samples::U32(part(v, starts(), columns)),
            Samples::I32(v) => Samples::I32(part(v, starts(), columns)),
            Samples::F32(v) => Samples::F32(part(v, starts(), columns)),
            Samples::F64(v) => Samples::F64(part(v, starts(), columns)),
        }
    }
}

fn csa_header(root: &InMemDicomObject) -> Option<Vec<u8>> {
    bytes(root, private::tag(root, 0x0029, "SIEMENS CSA HEADER", 0x10)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_cut_row_by_row() {
        // Five slices of 2 x 1 px in a mosaic of 6 x 3 px.
        let mosaic = Mosaic {
            slices: 5,
            across: 3,
            rows: 1,
            columns: 2,
        };
        let whole = Samples::U8((0..18).collect());
        assert_eq!(mosaic.cut(&whole, 0), Samples::U8(vec![0, 1]));
        assert_eq!(mosaic.cut(&whole, 2), Samples::U8(vec![4, 5]));
        assert_eq!(mosaic.cut(&whole, 3), Samples::U8(vec![6, 7]));
        assert_eq!(mosaic.cut(&whole, 4), Samples::U8(vec![8, 9]));
    }
}
