//! PNG, JPEG and BMP to values.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::DynamicImage;
use overread_dicom::DicomError;

use super::shape::{Kind, Shape, reader};
use super::{Format, Values, wrong};

/// The values of a picture, upright.
///
/// # Errors
/// When it is damaged.
pub(super) fn decode(format: Format, bytes: &[u8], shape: &Shape) -> Result<Values, DicomError> {
    // A codec may panic on hostile bytes: that is an error of this picture.
    let decoded = catch_unwind(AssertUnwindSafe(|| reader(format, bytes).decode()));
    let picture = decoded
        .map_err(|_| wrong("the decoder gave up on it"))?
        .map_err(wrong)?;
    upright(picture, shape)
}

/// Turned upright, in the kind of the shape.
pub(super) fn upright(mut picture: DynamicImage, shape: &Shape) -> Result<Values, DicomError> {
    picture.apply_orientation(shape.orientation);
    if (picture.height(), picture.width()) != (u32::from(shape.rows), u32::from(shape.columns)) {
        return Err(wrong("its size is not the one that it says"));
    }
    Ok(match shape.kind {
        Kind::Grey8 => Values::Grey8(picture.into_luma8().into_raw()),
        Kind::Grey16 => Values::Grey16(picture.into_luma16().into_raw()),
        Kind::Rgb => Values::Rgb(picture.into_rgb8().into_raw()),
    })
}
