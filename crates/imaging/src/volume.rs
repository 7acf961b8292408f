//! A regular, maybe sheared, grid of modality values with its place in the patient.

use std::sync::Arc;

use glam::{DAffine3, DMat3, DVec3};

use crate::frame::Frame;
use crate::modality::ModalityTransform;
use crate::samples::Samples;
use crate::stack::Arrangement;

/// Why frames do not form a volume.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VolumeError {
    /// The arrangement is no grid.
    #[error(
        "these slices do not form a volume: their spacing is uneven, some lie at the same place, or there is only one; read them as a stack"
    )]
    NotAGrid,
    /// A frame lacks a plane or is not grey.
    #[error("slice {0} has no position in the patient or is not grey; read the images as a stack")]
    NoPlane(usize),
    /// A frame has another size.
    #[error("slice {0} has another size than the first; read the images as a stack")]
    OtherSize(usize),
}

/// Values of one slice: a decoded frame, shared with whoever else shows it, and its rescale; else single precision.
#[derive(Clone, Debug)]
enum Slice {
    Stored {
        frame: Arc<Frame>,
        slope: f64,
        intercept: f64,
    },
    F32(Vec<f32>),
}

/// A volume. Voxel indices are (column, row, slice); integers are voxel centres.
#[derive(Clone, Debug)]
pub struct Volume {
    columns: usize,
    rows: usize,
    slices: Vec<Slice>,
    patient_from_index: DAffine3,
    index_from_patient: DAffine3,
}

impl Volume {
    /// A volume of frames given in the arrangement's order. Frames of 8 and 16 bits are kept as they are: of a frame
    /// that is shared no copy is made.
    ///
    /// # Errors
    /// When the arrangement is no grid or a frame does not fit it.
    pub fn new<F: Into<Arc<Frame>>>(frames: Vec<F>, arrangement: &Arrangement) -> Result<Self, VolumeError> {
        let frames: Vec<Arc<Frame>> = frames.into_iter().map(Into::into).collect();
        if !arrangement.volume || frames.len() < 2 {
            return Err(VolumeError::NotAGrid);
        }
        let plane_of = |i: usize| frames[i].attributes.plane.ok_or(VolumeError::NoPlane(i + 1));
        let (first, last) = (plane_of(0)?, plane_of(frames.len() - 1)?);
        let steps = (frames.len() - 1) as f64;
        let matrix = DMat3::from_cols(
            first.row_direction * first.column_spacing,
            first.column_direction * first.row_spacing,
            (last.position - first.position) / steps,
        );
        if matrix.determinant().abs() < 1e-12 {
            return Err(VolumeError::NotAGrid);
        }
        let (rows, columns) = (frames[0].attributes.rows, frames[0].attributes.columns);
        let patient_from_index = DAffine3::from_mat3_translation(matrix, first.position);
        let slices = frames
            .into_iter()
            .enumerate()
            .map(|(i, frame)| {
                let a = &frame.attributes;
                if !a.photometric.is_monochrome() {
                    Err(VolumeError::NoPlane(i + 1))
                } else if (a.rows, a.columns) != (rows, columns) {
                    Err(VolumeError::OtherSize(i + 1))
                } else {
                    Ok(compact(frame))
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            columns: columns as usize,
            rows: rows as usize,
            slices,
            patient_from_index,
            index_from_patient: patient_from_index.inverse(),
        })
    }

    /// Size in voxels: columns, rows, slices.
    pub fn size(&self) -> [usize; 3] {
        [self.columns, self.rows, self.slices.len()]
    }

    /// Patient mm of a voxel index; its matrix carries the shear of a tilted stack.
    pub fn patient_from_index(&self) -> DAffine3 {
        self.patient_from_index
    }

    /// Voxel index of a patient point.
    pub fn index_from_patient(&self) -> DAffine3 {
        self.index_from_patient
    }

    /// Distances between voxel centres along columns, rows and slices, mm.
    pub fn steps(&self) -> DVec3 {
        let m = self.patient_from_index.matrix3;
        DVec3::new(m.x_axis.length(), m.y_axis.length(), m.z_axis.length())
    }

    /// The modality value of a voxel.
    ///
    /// # Panics
    /// Outside the volume.
    pub fn value(&self, column: usize, row: usize, slice: usize) -> f64 {
        let i = row * self.columns + column;
        match &self.slices[slice] {
            Slice::Stored {
                frame,
                slope,
                intercept,
            } => {
                let stored = match &frame.samples {
                    Samples::I16(values) => f64::from(values[i]),
                    Samples::U16(values) => f64::from(values[i]),
                    other => other.value(i),
                };
                stored * slope + intercept
            }
            Slice::F32(values) => f64::from(values[i]),
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.slices
            .iter()
            .map(|slice| match slice {
                Slice::Stored { frame, .. } => frame.samples.bytes(),
                Slice::F32(values) => values.len() * 4,
            })
            .sum()
    }
}

fn compact(frame: Arc<Frame>) -> Slice {
    let modality = &frame.attributes.modality;
    let linear = match modality {
        ModalityTransform::Identity => Some((1.0, 0.0)),
        ModalityTransform::Rescale { slope, intercept } => Some((*slope, *intercept)),
        ModalityTransform::Lut(_) => None,
    };
    match (&frame.samples, linear) {
        (Samples::I16(_) | Samples::U16(_) | Samples::U8(_), Some((slope, intercept))) => Slice::Stored {
            frame,
            slope,
            intercept,
        },
        #[expect(
            clippy::cast_possible_truncation,
            reason = "single precision is what such volumes hold"
        )]
        (samples, _) => Slice::F32(
            (0..samples.len())
                .map(|i| modality.apply(samples.value(i)) as f32)
                .collect(),
        ),
    }
}
