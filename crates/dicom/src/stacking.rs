//! Planes of multi-frame files that keep one position for all frames: reconstructed nuclear medicine and dose grids.

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use overread_imaging::geometry::Plane;

use crate::dataset::{number, numbers, texts};

/// Offsets of the frames from the file's position, along the normal, mm.
#[derive(Debug, Default)]
pub(crate) struct Stacking {
    offsets: Option<Vec<f64>>,
}

impl Stacking {
    /// Reads what the root says of how its frames are stacked.
    pub(crate) fn read(root: &InMemDicomObject, frames: u32) -> Self {
        let offsets = dose_grid(root).or_else(|| tomogram(root, frames));
        Self {
            offsets: offsets.filter(|offsets| offsets.len() == frames as usize && frames > 1),
        }
    }

    /// True when every frame has a plane of its own although the file gives one.
    pub(crate) fn is_stacked(&self) -> bool {
        self.offsets.is_some()
    }

    /// The plane of a frame, counted from 0.
    pub(crate) fn place(&self, plane: Plane, frame: usize) -> Plane {
        let offset = self.offsets.as_ref().and_then(|o| o.get(frame)).unwrap_or(&0.0);
        Plane {
            position: plane.position + plane.normal() * *offset,
            ..plane
        }
    }
}

/// Grid Frame Offset Vector of RT Dose (PS3.3 C.8.8.3.2): relative when it starts at 0, else positions along the normal.
fn dose_grid(root: &InMemDicomObject) -> Option<Vec<f64>> {
    let offsets: Vec<f64> = numbers(root, tags::GRID_FRAME_OFFSET_VECTOR)
        .into_iter()
        .collect::<Option<_>>()?;
    let first = *offsets.first()?;
    Some(offsets.into_iter().map(|offset| offset - first).collect())
}

/// A reconstructed tomogram (PS3.3 C.8.4.15): slices at Spacing Between Slices, whose sign is the direction of stacking along
/// the normal, in the order of the Slice Vector.
fn tomogram(root: &InMemDicomObject, frames: u32) -> Option<Vec<f64>> {
    let kind = texts(root, tags::IMAGE_TYPE);
    if !kind.iter().skip(2).any(|v| v.starts_with("RECON")) {
        return None;
    }
    let spacing = number(root, tags::SPACING_BETWEEN_SLICES).filter(|mm| *mm != 0.0)?;
    let slices: Vec<f64> = numbers(root, tags::SLICE_VECTOR)
        .into_iter()
        .collect::<Option<_>>()?;
    let slices = if slices.is_empty() {
        (1..=frames).map(f64::from).collect()
    } else {
        slices
    };
    Some(slices.into_iter().map(|slice| (slice - 1.0) * spacing).collect())
}
