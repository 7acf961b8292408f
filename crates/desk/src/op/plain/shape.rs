//! Size, frames and kind of values of a picture, from its head alone.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageReader, Limits};
use overread_dicom::DicomError;

use super::{Format, Values, tiff, wrong};

/// Largest side, px: DICOM's rows and columns are 16-bit.
const LARGEST: u32 = u16::MAX as u32;
/// Most bytes of decoded values of all frames.
const MOST_BYTES: u64 = 512 << 20;

/// How the values of a pixel are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 8-bit grey.
    Grey8,
    /// 16-bit grey.
    Grey16,
    /// 8-bit red, green, blue.
    Rgb,
}

impl Kind {
    fn bytes(self) -> u64 {
        match self {
            Self::Grey8 => 1,
            Self::Grey16 => 2,
            Self::Rgb => 3,
        }
    }
}

/// What is known of a picture before it is decoded.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// px, upright.
    pub(super) rows: u16,
    /// px, upright.
    pub(super) columns: u16,
    /// Pages of a TIFF; 1 else.
    pub(super) frames: u32,
    pub(super) kind: Kind,
    /// How it is turned to stand upright.
    pub(super) orientation: Orientation,
    /// What a reader should know.
    pub(super) notes: Vec<String>,
}

impl Shape {
    /// # Errors
    /// When the head is damaged, or the picture is too large.
    pub(super) fn of(format: Format, bytes: &[u8]) -> Result<Self, DicomError> {
        if format == Format::Tiff {
            return tiff::shape(bytes);
        }
        let mut decoder = reader(format, bytes).into_decoder().map_err(wrong)?;
        let kind = match decoder.color_type() {
            ColorType::L8 | ColorType::La8 => Kind::Grey8,
            ColorType::L16 | ColorType::La16 => Kind::Grey16,
            _ => Kind::Rgb,
        };
        // Damaged EXIF data turn nothing.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Self::new(decoder.dimensions(), 1, kind, orientation)
    }

    /// `size` is width and height as stored.
    ///
    /// # Errors
    /// When it is too large, or has no pixels.
    pub(super) fn new(
        size: (u32, u32),
        frames: u32,
        kind: Kind,
        orientation: Orientation,
    ) -> Result<Self, DicomError> {
        let (width, height) = if turns(orientation) {
            (size.1, size.0)
        } else {
            size
        };
        let side = |px: u32| match u16::try_from(px) {
            Ok(0) => Err(wrong("it has no pixels")),
            Ok(px) => Ok(px),
            Err(_) => Err(wrong(format!("it has more than {LARGEST} px on a side"))),
        };
        let (rows, columns) = (side(height)?, side(width)?);
        let pixels = u64::from(rows) * u64::from(columns) * u64::from(frames);
        if pixels.saturating_mul(kind.bytes()) > MOST_BYTES {
            return Err(wrong(format!(
                "it is too large to be opened: {columns} x {rows} px, {frames} frames"
            )));
        }
        Ok(Self {
            rows,
            columns,
            frames,
            kind,
            orientation,
            notes: Vec::new(),
        })
    }
}

impl Shape {
    /// Bytes of the values of all frames.
    pub(super) fn values(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns) * u64::from(self.frames) * self.kind.bytes()
    }

    /// Values of its size, all 0.
    pub(super) fn empty(&self) -> Values {
        let bytes = usize::try_from(self.values()).unwrap_or(0);
        match self.kind {
            Kind::Grey8 => Values::Grey8(vec![0; bytes]),
            Kind::Grey16 => Values::Grey16(vec![0; bytes / 2]),
            Kind::Rgb => Values::Rgb(vec![0; bytes]),
        }
    }
}

/// Rows become columns.
fn turns(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// A reader of a format with limits.
pub(super) fn reader(format: Format, bytes: &[u8]) -> ImageReader<Cursor<&[u8]>> {
    let mut reader = ImageReader::with_format(
        Cursor::new(bytes),
        match format {
            Format::Png => image::ImageFormat::Png,
            Format::Bmp => image::ImageFormat::Bmp,
            Format::Jpeg | Format::Tiff => image::ImageFormat::Jpeg,
        },
    );
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST);
    limits.max_image_height = Some(LARGEST);
    limits.max_alloc = Some(2 * MOST_BYTES);
    reader.limits(limits);
    reader
}
