//! Frames for tests.

use std::sync::Arc;

use overread_imaging::attributes::{FrameAttributes, LossyHistory, Photometric};
use overread_imaging::frame::Frame;
use overread_imaging::geometry::{PixelSpacing, SpacingKind};
use overread_imaging::modality::{ModalityTransform, Unit};
use overread_imaging::samples::Samples;

/// A MONOCHROME2 frame without rescale.
pub(crate) fn grey(samples: Samples, columns: u32, rows: u32) -> Frame {
    let bits_stored = if matches!(samples, Samples::U8(_) | Samples::I8(_)) {
        8
    } else {
        16
    };
    Frame {
        attributes: Arc::new(FrameAttributes {
            rows,
            columns,
            samples_per_pixel: 1,
            bits_stored,
            photometric: Photometric::Monochrome2,
            modality: ModalityTransform::Identity,
            unit: Unit::Unspecified,
            vois: Vec::new(),
            default_voi: None,
            padding: None,
            presentation_inverse: false,
            palette: None,
            warnings: Vec::new(),
            plane: None,
            spacing: PixelSpacing {
                mm: None,
                kind: SpacingKind::None,
                aspect: 1.0,
            },
            lossy: LossyHistory::default(),
        }),
        samples,
    }
}

/// A CT frame: HU = stored + intercept.
pub(crate) fn ct(samples: Samples, columns: u32, rows: u32, intercept: f64) -> Frame {
    let mut frame = grey(samples, columns, rows);
    let a = Arc::make_mut(&mut frame.attributes);
    a.unit = Unit::Hounsfield;
    a.modality = ModalityTransform::Rescale {
        slope: 1.0,
        intercept,
    };
    frame
}

/// An RGB frame.
pub(crate) fn rgb(bytes: Vec<u8>, columns: u32, rows: u32) -> Frame {
    let mut frame = grey(Samples::U8(bytes), columns, rows);
    let a = Arc::make_mut(&mut frame.attributes);
    a.samples_per_pixel = 3;
    a.photometric = Photometric::Rgb;
    frame
}
