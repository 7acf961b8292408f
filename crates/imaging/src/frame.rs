//! One decoded frame: attributes and stored values.

use std::sync::Arc;

use crate::attributes::FrameAttributes;
use crate::samples::Samples;

/// A frame ready to be shown, measured or handed to a model.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What the header says.
    pub attributes: Arc<FrameAttributes>,
    /// Stored values; `rows * columns * samples_per_pixel` of them.
    pub samples: Samples,
}

impl Frame {
    /// The modality value at (row, column); `None` outside or for colour.
    pub fn modality_value(&self, row: u32, column: u32) -> Option<f64> {
        self.stored_value(row, column)
            .map(|v| self.attributes.modality.apply(v))
    }

    /// The stored value at (row, column) of a grey frame; `None` outside or for colour.
    pub fn stored_value(&self, row: u32, column: u32) -> Option<f64> {
        let a = &self.attributes;
        if row >= a.rows || column >= a.columns || a.samples_per_pixel != 1 {
            return None;
        }
        Some(
            self.samples
                .value(row as usize * a.columns as usize + column as usize),
        )
    }
}
