//! Pictures to and from PNG bytes.

use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use overread_medgemma::Picture;

use crate::Outcome;
use crate::code::failure;

/// PNG of interleaved bytes with `channels` 1, 3 or 4.
///
/// # Errors
/// When the bytes do not fit the size.
pub fn png(bytes: &[u8], width: u32, height: u32, channels: u8) -> Outcome<Vec<u8>> {
    let colour = match channels {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        _ => ExtendedColorType::Rgba8,
    };
    let mut out = Vec::new();
    PngEncoder::new(&mut out)
        .write_image(bytes, width, height, colour)
        .map_err(|error| {
            failure(
                "picture.encode",
                format!("The picture could not be written: {error}."),
                "",
            )
        })?;
    Ok(out)
}

/// PNG of a picture for a model.
///
/// # Errors
/// See [`png`].
pub fn picture_png(picture: &Picture) -> Outcome<Vec<u8>> {
    png(
        &picture.rgb,
        u32::try_from(picture.width).unwrap_or(0),
        u32::try_from(picture.height).unwrap_or(0),
        3,
    )
}

/// Opens a picture file as Pillow's `convert("RGB")` would, with Pillow's name of its mode.
///
/// # Errors
/// In words.
pub fn open_picture(path: &Path) -> Result<(Picture, &'static str), String> {
    let image = image::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mode = match (image.color().has_color(), image.color().has_alpha()) {
        (true, true) => "RGBA",
        (true, false) => "RGB",
        (false, true) => "LA",
        (false, false) => "L",
    };
    let rgb = image.to_rgb8();
    Ok((
        Picture {
            width: rgb.width() as usize,
            height: rgb.height() as usize,
            rgb: rgb.into_raw(),
        },
        mode,
    ))
}
