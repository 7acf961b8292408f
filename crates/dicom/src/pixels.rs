//! The image pixel module (PS3.3 C.7.6.3) as the decoder needs it, checked before anything is allocated.

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use overread_imaging::attributes::Photometric;

use crate::codec::fragments;
use crate::dataset::{integer, text};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::syntax::Codec;
use crate::walk::{PixelKind, PixelLocation};

/// Largest number of samples in one frame.
const MOST_SAMPLES: u64 = 1 << 28;
/// Largest number of frames in one file.
const MOST_FRAMES: u64 = 1 << 20;
/// Most frames whose fragments are counted when the header is read: each costs a look into the file.
const MOST_COUNTED: u32 = 4096;

/// Rows, columns, bits and colour of a file's pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelLayout {
    /// Rows (0028,0010).
    pub rows: u32,
    /// Columns (0028,0011).
    pub columns: u32,
    /// Samples per Pixel (0028,0002): 1 or 3 (an alpha plane makes 4 of old ARGB files: refused).
    pub samples: u8,
    /// Planar Configuration (0028,0006) is 1.
    pub planar: bool,
    /// Bits Allocated (0028,0100).
    pub bits_allocated: u16,
    /// Bits Stored (0028,0101).
    pub bits_stored: u16,
    /// High Bit (0028,0102).
    pub high_bit: u16,
    /// Pixel Representation (0028,0103) is 1.
    pub signed: bool,
    /// Photometric Interpretation (0028,0004) as written.
    pub photometric: String,
    /// Number of Frames (0028,0008), at least 1, without those that are not in the file.
    pub frames: u32,
    /// Rows of the last frame that are in the file: fewer than `rows` when native pixels break off in it.
    pub rows_there: u32,
    /// Where the pixels are.
    pub location: PixelLocation,
}

impl PixelLayout {
    /// Reads and checks the module. What is missing of the frames is told in `warnings`.
    ///
    /// # Errors
    /// [`DicomError::Missing`] and [`DicomError::UnsupportedPixels`].
    pub fn read(file: &DicomFile, warnings: &mut Vec<String>) -> Result<Self, DicomError> {
        let d = &file.dataset;
        let location = file.pixels.ok_or(DicomError::Missing("the pixel data"))?;
        let size = |tag, name| {
            integer(d, tag)
                .and_then(|v| u32::try_from(v).ok())
                .filter(|v| (1..=65_535).contains(v))
                .ok_or(DicomError::Missing(name))
        };
        let small = |tag| integer(d, tag).and_then(|v| u16::try_from(v).ok());
        let rows = size(tags::ROWS, "Rows")?;
        let columns = size(tags::COLUMNS, "Columns")?;
        let samples = small(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let samples = match samples {
            1 => 1,
            3 => 3,
            other => return Err(DicomError::UnsupportedPixels(format!("{other} samples a pixel"))),
        };
        let (bits_allocated, default_stored) = match location.kind {
            PixelKind::Float => (32, 32),
            PixelKind::Double => (64, 64),
            PixelKind::Integer => {
                let allocated = small(tags::BITS_ALLOCATED).ok_or(DicomError::Missing("Bits Allocated"))?;
                if !matches!(allocated, 1 | 8 | 12 | 16 | 24 | 32) {
                    return Err(DicomError::UnsupportedPixels(format!(
                        "{allocated} bits allocated"
                    )));
                }
                (allocated, allocated)
            }
        };
        let bits_stored = small(tags::BITS_STORED)
            .filter(|v| (1..=bits_allocated).contains(v))
            .unwrap_or(default_stored);
        let high_bit = small(tags::HIGH_BIT)
            .filter(|v| *v < bits_allocated && *v + 1 >= bits_stored)
            .unwrap_or(bits_stored - 1);
        let total = u64::from(rows) * u64::from(columns) * u64::from(samples);
        if total > MOST_SAMPLES {
            return Err(DicomError::UnsupportedPixels(format!(
                "{columns} x {rows} pixels in one frame"
            )));
        }
        let photometric = text(d, tags::PHOTOMETRIC_INTERPRETATION)
            .map(|written| written.to_ascii_uppercase())
            .unwrap_or_else(|| if samples == 3 { "RGB" } else { "MONOCHROME2" }.to_owned());
        let one = matches!(
            photometric.as_str(),
            "MONOCHROME1" | "MONOCHROME2" | "PALETTE COLOR"
        );
        let three = matches!(photometric.as_str(), "RGB" | "ARGB" | "XYB") || photometric.starts_with("YBR_");
        if one && samples != 1 || three && samples != 3 {
            return Err(DicomError::UnsupportedPixels(format!(
                "{photometric} with {samples} samples a pixel"
            )));
        }
        if !one && !three {
            return Err(DicomError::UnsupportedPixels(format!(
                "the photometric interpretation {photometric}"
            )));
        }
        let mut layout = Self {
            rows,
            columns,
            samples,
            planar: small(tags::PLANAR_CONFIGURATION) == Some(1),
            bits_allocated,
            bits_stored,
            high_bit,
            signed: small(tags::PIXEL_REPRESENTATION) == Some(1),
            photometric,
            frames: claimed_frames(d),
            rows_there: rows,
            location,
        };
        layout.keep_what_is_there(file, warnings)?;
        let codec = file.syntax.codec;
        if layout.is_native(codec) != (codec == Codec::None) {
            let are = if codec == Codec::None {
                "in items"
            } else {
                "uncompressed"
            };
            warnings.push(format!(
                "the pixel data are {are}, which the transfer syntax {} does not say",
                file.syntax.uid
            ));
        }
        Ok(layout)
    }

    /// A header may claim any number of frames, and files are cut short: what is there is shown, and what is missing is
    /// told. A single frame of which nothing is there keeps its place; it fails when it is asked for.
    fn keep_what_is_there(&mut self, file: &DicomFile, warnings: &mut Vec<String>) -> Result<(), DicomError> {
        let claimed = self.frames;
        let beyond = file.length().saturating_sub(self.location.offset);
        self.see_full_width(file.syntax.codec, beyond, warnings);
        let there = match self.location.length {
            Some(length) => self.native_frames(length.min(beyond)),
            None => self.compressed_frames(file, beyond)?,
        };
        let found = claimed.min(there);
        self.frames = found.max(1);
        if there > claimed && (self.location.length.is_some() || claimed > 1) {
            warnings.push(format!(
                "the header says {claimed} frames and {there} are in the file: the others are not shown"
            ));
        }
        if self.frames < claimed {
            let are = if found == 1 { "is" } else { "are" };
            warnings.push(format!(
                "the header says {claimed} frames and {found} {are} in the file"
            ));
        }
        Ok(())
    }

    /// Writers name colours of full width after the form that has half of it (4:2:2): the length tells which they are.
    fn see_full_width(&mut self, codec: Codec, beyond: u64, warnings: &mut Vec<String>) {
        let Some(length) = self
            .location
            .length
            .filter(|_| codec == Codec::None && self.is_422())
        else {
            return;
        };
        let full =
            self.samples_in_frame() as u64 * u64::from(self.bits_allocated / 8) * u64::from(self.frames);
        if length.min(beyond) >= full {
            warnings.push(format!(
                "the pixels are as wide as three samples each, which {} does not say: read as YBR_FULL",
                self.photometric
            ));
            self.photometric = "YBR_FULL".to_owned();
        }
    }

    /// Frames that begin in as many bytes of native pixels; the last may lack rows.
    fn native_frames(&mut self, there: u64) -> u32 {
        let frame = self.native_frame_bits().max(1);
        let bits = there.saturating_mul(8);
        let whole = bits / frame;
        let mut frames = u32::try_from(whole.min(MOST_FRAMES)).unwrap_or(1);
        if frames < self.frames && whole < MOST_FRAMES {
            let rows = u32::try_from((bits % frame) / (frame / u64::from(self.rows)).max(1)).unwrap_or(0);
            // Of colour planes only the first would be there.
            let planes = self.planar && self.samples == 3 && !self.is_422();
            if rows > 0 && !planes {
                frames += 1;
                self.rows_there = rows;
            }
        }
        frames
    }

    fn compressed_frames(&self, file: &DicomFile, beyond: u64) -> Result<u32, DicomError> {
        // An item header at least.
        let possible = (beyond / 8).min(MOST_FRAMES);
        let believable = u64::from(self.frames) <= possible;
        if self.frames == 1
            || believable && self.frames > MOST_COUNTED
            || believable && fragments::table_is_whole(file, &self.location, self.frames)?
        {
            return Ok(self.frames);
        }
        Ok(u32::try_from(file.frames(&self.location)?.len()).unwrap_or(u32::MAX))
    }

    /// Samples in one frame.
    pub fn samples_in_frame(&self) -> usize {
        self.rows as usize * self.columns as usize * usize::from(self.samples)
    }

    /// True when the pixels stand there as cells: by the syntax, or by a stated length that is just theirs under another.
    /// Items are never native, whatever the syntax says (PS3.5 A.4).
    pub fn is_native(&self, codec: Codec) -> bool {
        let bits = self.native_frame_bits().saturating_mul(u64::from(self.frames));
        let whole = bits.div_ceil(8);
        self.location
            .length
            .is_some_and(|length| codec == Codec::None || length == whole || length == whole + whole % 2)
    }

    /// Native 4:2:2 colour: Y Y Cb Cr for two pixels.
    pub fn is_422(&self) -> bool {
        self.photometric.ends_with("_422") && self.samples == 3
    }

    /// Bytes of one native frame (bits packed for BitsAllocated 1 are counted up).
    pub fn native_frame_bits(&self) -> u64 {
        let pixels = u64::from(self.rows) * u64::from(self.columns);
        let samples = if self.is_422() {
            pixels * 2
        } else {
            pixels * u64::from(self.samples)
        };
        samples * u64::from(self.bits_allocated)
    }

    /// Photometric interpretation of the decoded stored values, when the codec leaves colours alone.
    pub fn decoded_photometric(&self) -> Photometric {
        match self.photometric.as_str() {
            "MONOCHROME1" => Photometric::Monochrome1,
            "PALETTE COLOR" => Photometric::PaletteColor,
            // The codec undoes the last three: what comes out is RGB.
            "RGB" | "ARGB" | "YBR_ICT" | "YBR_RCT" | "XYB" => Photometric::Rgb,
            "YBR_FULL" | "YBR_FULL_422" => Photometric::YbrFull,
            "YBR_PARTIAL_422" | "YBR_PARTIAL_420" => Photometric::YbrPartial,
            _ if self.samples == 3 => Photometric::Rgb,
            _ => Photometric::Monochrome2,
        }
    }
}

/// Number of Frames (0028,0008) as the header says it; 1 where it says nothing that counts.
pub(crate) fn claimed_frames(dataset: &InMemDicomObject) -> u32 {
    integer(dataset, tags::NUMBER_OF_FRAMES)
        .and_then(|v| u32::try_from(v).ok())
        .unwrap_or(1)
        .max(1)
}
