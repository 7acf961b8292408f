//! The pictures a model is given, before its own resizing.

use std::io::Cursor;

use image::{ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageReader, Limits};

use crate::hash::sha256_hex;

/// Largest side of a plain picture that is read, px.
const LARGEST_SIDE: u32 = 16_384;
/// Most bytes that decoding a plain picture may take.
const MOST_BYTES: u64 = 1 << 30;

/// An 8-bit RGB picture: `height` rows of `width` pixels, top row first, three bytes a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbPicture {
    /// Columns, px.
    pub width: u32,
    /// Rows, px.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// Why a plain picture cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Damaged, or neither PNG nor JPEG.
    #[error("this picture cannot be read ({0}); save it again as PNG or JPEG")]
    Unreadable(String),
    /// More than 8 bits a channel: which window to use is not for this program to guess.
    #[error(
        "this picture has more than 8 bits a channel and no window; save it with 8 bits, or open the DICOM file"
    )]
    TooDeep,
    /// It could not be encoded.
    #[error(
        "the picture could not be written as PNG ({0}); this is a fault of the program, please report it"
    )]
    NotEncoded(String),
}

impl RgbPicture {
    /// A picture from one grey byte a pixel, the same in all three channels.
    pub(crate) fn from_grey(width: u32, height: u32, grey: &[u8]) -> Self {
        Self {
            width,
            height,
            rgb: grey.iter().flat_map(|v| [*v; 3]).collect(),
        }
    }

    /// A plain PNG or JPEG as the model's image processor would turn it to RGB: grey is repeated, an alpha channel is
    /// dropped without compositing, a palette looked up.
    ///
    /// # Errors
    /// [`PictureError`] when it is damaged, larger than 16384 px a side, or deeper than 8 bits a channel.
    pub fn from_encoded(bytes: &[u8]) -> Result<Self, PictureError> {
        let unreadable = |e: &dyn std::fmt::Display| PictureError::Unreadable(e.to_string());
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|e| unreadable(&e))?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(LARGEST_SIDE);
        limits.max_image_height = Some(LARGEST_SIDE);
        limits.max_alloc = Some(MOST_BYTES);
        reader.limits(limits);
        let decoder = reader.into_decoder().map_err(|e| unreadable(&e))?;
        if !matches!(
            decoder.color_type(),
            ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8
        ) {
            return Err(PictureError::TooDeep);
        }
        let picture = DynamicImage::from_decoder(decoder)
            .map_err(|e| unreadable(&e))?
            .into_rgb8();
        Ok(Self {
            width: picture.width(),
            height: picture.height(),
            rgb: picture.into_raw(),
        })
    }

    /// The picture as PNG, lossless.
    ///
    /// # Errors
    /// [`PictureError::NotEncoded`].
    pub fn to_png(&self) -> Result<Vec<u8>, PictureError> {
        let mut out = Vec::new();
        image::codecs::png::PngEncoder::new(&mut out)
            .write_image(&self.rgb, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(|e| PictureError::NotEncoded(e.to_string()))?;
        Ok(out)
    }

    /// SHA-256 of the RGB bytes, hex: part of a reading's provenance.
    pub fn sha256(&self) -> String {
        sha256_hex(&self.rgb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn png_comes_back_as_it_went() {
        let picture = RgbPicture {
            width: 3,
            height: 2,
            rgb: (0..18).collect(),
        };
        assert_eq!(
            RgbPicture::from_encoded(&picture.to_png().unwrap()).unwrap(),
            picture
        );
    }

    #[test]
    fn alpha_is_dropped_not_blended() {
        let mut bytes = Vec::new();
        image::codecs::png::PngEncoder::new(&mut bytes)
            .write_image(&[200, 100, 50, 0], 1, 1, ExtendedColorType::Rgba8)
            .unwrap();
        assert_eq!(RgbPicture::from_encoded(&bytes).unwrap().rgb, [200, 100, 50]);
    }

    #[test]
    fn sixteen_bits_are_refused_and_rubbish_is_no_panic() {
        let mut bytes = Vec::new();
        image::codecs::png::PngEncoder::new(&mut bytes)
            .write_image(&[1, 2], 1, 1, ExtendedColorType::L16)
            .unwrap();
        assert!(matches!(
            RgbPicture::from_encoded(&bytes),
            Err(PictureError::TooDeep)
        ));
        assert!(matches!(
            RgbPicture::from_encoded(b"hello"),
            Err(PictureError::Unreadable(_))
        ));
    }
}
