//! One frame of a file to stored values.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use overread_imaging::attributes::{FrameAttributes, Photometric};
use overread_imaging::frame::Frame;

use crate::codec::{Cells, Decoded, jpeg, jpeg2000, jpegls, jpegxl, rle};
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::ImageHeader;
use crate::missing;
use crate::native;
use crate::pixels::PixelLayout;
use crate::syntax::Codec;

/// Opens a file and decodes a frame, from 1.
///
/// # Errors
/// Whatever is wrong with the file or that frame.
pub fn decode(path: &Path, frame: u32) -> Result<Frame, DicomError> {
    let file = DicomFile::open(path)?;
    let header = ImageHeader::read(path, &file)?;
    decode_with(&file, &header, frame)
}

/// Decodes a frame, from 1, of an opened file.
///
/// # Errors
/// Whatever is wrong with that frame.
pub fn decode_with(file: &DicomFile, header: &ImageHeader, frame: u32) -> Result<Frame, DicomError> {
    let frames = header.frame_count();
    let missing = DicomError::NoSuchFrame { asked: frame, frames };
    let attributes = header.attributes(frame).ok_or(missing)?;
    if let (Some(mosaic), Some(slice)) = (&header.mosaic, frame.checked_sub(2)) {
        let whole = decode_with(file, header, 1)?;
        return Ok(Frame {
            attributes: Arc::clone(attributes),
            samples: mosaic.cut(&whole.samples, slice),
        });
    }
    if header.layout.is_native(file.syntax.codec) {
        return native_frame(file, header, attributes, frame);
    }
    if file.syntax.codec == Codec::Unsupported {
        return Err(DicomError::UnsupportedSyntax(format!(
            "{} ({})",
            file.syntax.uid, file.syntax.name
        )));
    }
    let bytes = frame_bytes(file, header, frame)?;
    let codec = match file.syntax.codec {
        // Items under a syntax of native pixels: a stream is told by its mark, all else are cells.
        Codec::None => stream_of(&bytes).unwrap_or(Codec::Encapsulated),
        codec => labelled(codec, &bytes),
    };
    let layout = &header.layout;
    let most = layout.samples_in_frame().saturating_mul(4).max(1 << 16);
    let codec_error = |reason: String| DicomError::Codec { frame, reason };
    // A codec may panic on hostile bytes: that is an error of this frame.
    let decoded = catch_unwind(AssertUnwindSafe(|| match codec {
        Codec::Rle => rle::decode(layout, &bytes),
        Codec::Jpeg => jpeg::decode(&bytes, most, layout.photometric == "RGB"),
        Codec::JpegLs => jpegls::decode(&bytes, most).map(Decoded::from),
        Codec::Jpeg2000 => jpeg2000::decode(&bytes, most).map(Decoded::from),
        Codec::JpegXl => jpegxl::decode(&bytes, most).map(Decoded::from),
        Codec::Encapsulated | Codec::DeflatedFrame | Codec::None | Codec::Unsupported => Err(String::new()),
    }));
    match codec {
        Codec::Encapsulated => {
            let samples = native::unpack(layout, &bytes, 0, false, frame)?;
            return Ok(Frame {
                attributes: Arc::clone(attributes),
                samples,
            });
        }
        Codec::DeflatedFrame => {
            let most = layout.native_frame_bits().div_ceil(8) + 2;
            let mut inflated = Vec::new();
            flate2::read::DeflateDecoder::new(&bytes[..])
                .take(most)
                .read_to_end(&mut inflated)
                .map_err(|error| codec_error(error.to_string()))?;
            let samples = native::unpack(layout, &inflated, 0, false, frame)?;
            return Ok(Frame {
                attributes: Arc::clone(attributes),
                samples,
            });
        }
        _ => {}
    }
    let decoded = decoded
        .map_err(|_| codec_error("the decoder gave up on it".to_owned()))?
        .map_err(codec_error)?;
    finish(header, attributes, decoded, frame)
}

/// The codec of a frame: what its first bytes are, where a file says one code stream and holds another.
fn labelled(codec: Codec, bytes: &[u8]) -> Codec {
    if !matches!(
        codec,
        Codec::Jpeg | Codec::JpegLs | Codec::Jpeg2000 | Codec::JpegXl
    ) {
        return codec;
    }
    stream_of(bytes).unwrap_or(codec)
}

/// The codec of a code stream, by its mark.
fn stream_of(bytes: &[u8]) -> Option<Codec> {
    match bytes {
        [0xFF, 0x4F, 0xFF, 0x51, ..] => Some(Codec::Jpeg2000),
        [0xFF, 0x0A, ..] => Some(Codec::JpegXl),
        [0, 0, 0, 12, b'j', b'P', ..] => Some(Codec::Jpeg2000),
        [0, 0, 0, 12, b'J', b'X', ..] => Some(Codec::JpegXl),
        [0xFF, 0xD8, ..] => jpeg_or_jpegls(bytes),
        _ => None,
    }
}

/// Which of the two a stream with JPEG's markers is, by its frame header.
fn jpeg_or_jpegls(bytes: &[u8]) -> Option<Codec> {
    let mut at = 2;
    loop {
        let &[0xFF, marker] = bytes.get(at..at + 2)? else {
            return None;
        };
        match marker {
            0xFF => at += 1,
            0xF7 => return Some(Codec::JpegLs),
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => return Some(Codec::Jpeg),
            _ => {
                let length = bytes.get(at + 2..at + 4)?;
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
            }
        }
    }
}

/// Checks a codec's cells against the header and turns them into stored values.
fn finish(
    header: &ImageHeader,
    attributes: &Arc<FrameAttributes>,
    decoded: Decoded<Cells>,
    frame: u32,
) -> Result<Frame, DicomError> {
    let layout = &header.layout;
    if (decoded.rows, decoded.columns) != (layout.rows, layout.columns) {
        return Err(DicomError::Codec {
            frame,
            reason: format!(
                "the stream holds {} x {} pixels and the header says {} x {}",
                decoded.columns, decoded.rows, layout.columns, layout.rows
            ),
        });
    }
    let mut attributes = Arc::clone(attributes);
    let usable = decoded.components == layout.samples
        || (decoded.components > layout.samples && (layout.samples == 1 || decoded.components == 4));
    if !usable {
        return Err(DicomError::Codec {
            frame,
            reason: format!(
                "the stream has {} colours and the header says {}",
                decoded.components, layout.samples
            ),
        });
    }
    let mut layout = layout.clone();
    // Codecs give cells of the stream's own precision, aligned right: High Bit no longer applies. RLE keeps the
    // cell as it was.
    if header.syntax.codec != Codec::Rle {
        let precision = u16::from(decoded.precision).clamp(1, layout.bits_allocated);
        layout.bits_stored = if layout.bits_stored == precision || decoded.signed {
            precision
        } else {
            layout.bits_stored.max(precision).min(layout.bits_allocated)
        };
        layout.high_bit = layout.bits_stored - 1;
    }
    let keep = usize::from(layout.samples);
    let all = usize::from(decoded.components);
    let cells = match decoded.cells {
        cells if keep == all => cells,
        Cells::U8(cells) => Cells::U8(kept(&cells, keep, all)),
        Cells::U16(cells) => Cells::U16(kept(&cells, keep, all)),
        Cells::U32(cells) => Cells::U32(kept(&cells, keep, all)),
    };
    let samples = native::stored(&layout, cells);
    if decoded.rgb && layout.samples == 3 && attributes.photometric != Photometric::Rgb {
        Arc::make_mut(&mut attributes).photometric = Photometric::Rgb;
    }
    Ok(Frame { attributes, samples })
}

/// The first `keep` of `all` components.
fn kept<T: Copy>(cells: &[T], keep: usize, all: usize) -> Vec<T> {
    cells
        .chunks_exact(all)
        .flat_map(|pixel| &pixel[..keep])
        .copied()
        .collect()
}

fn native_frame(
    file: &DicomFile,
    header: &ImageHeader,
    attributes: &Arc<FrameAttributes>,
    frame: u32,
) -> Result<Frame, DicomError> {
    let layout = &header.layout;
    let location = &layout.location;
    let bits = layout.native_frame_bits();
    let first_bit = bits * u64::from(frame - 1);
    let (offset, shift) = (first_bit / 8, (first_bit % 8) as u32);
    let needed = (bits + u64::from(shift)).div_ceil(8);
    let there = location.length.unwrap_or(u64::MAX).saturating_sub(offset);
    let big = file.syntax.big_endian_pixels();
    // Bytes of 8-bit cells written as big endian words come in swapped pairs.
    let bytes = if big && location.words && layout.bits_allocated <= 8 {
        let start = offset & !1;
        let mut bytes = file.read(
            location.offset + start,
            ((needed + 2).div_ceil(2) * 2).min(there.saturating_add(1)),
        )?;
        bytes.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        let from = usize::try_from(offset - start).unwrap_or(0).min(bytes.len());
        bytes.drain(..from);
        bytes
    } else {
        file.read(location.offset + offset, needed.min(there))?
    };
    let mut attributes = Arc::clone(attributes);
    let samples = match native::unpack(layout, &bytes, shift, big, frame) {
        Err(truncated @ DicomError::Truncated { .. }) => {
            let rows = rows_in(layout, bytes.len(), shift);
            if rows == 0 {
                return Err(truncated);
            }
            // What a header could not see: a deflated data set shows its length only when it is inflated.
            if layout.rows_there == layout.rows {
                missing::mark(Arc::make_mut(&mut attributes), layout, rows);
            }
            let part = PixelLayout {
                rows,
                ..layout.clone()
            };
            let samples = native::unpack(&part, &bytes, shift, big, frame)?;
            missing::fill(samples, layout.samples_in_frame(), layout, &attributes)
        }
        whole => whole?,
    };
    Ok(Frame { attributes, samples })
}

/// Whole rows of a native frame in as many bytes; none where colour planes are apart.
fn rows_in(layout: &PixelLayout, bytes: usize, first_bit: u32) -> u32 {
    if layout.planar && layout.samples == 3 && !layout.is_422() {
        return 0;
    }
    let bits = (bytes as u64)
        .saturating_mul(8)
        .saturating_sub(u64::from(first_bit));
    let row = (layout.native_frame_bits() / u64::from(layout.rows.max(1))).max(1);
    u32::try_from(bits / row).unwrap_or(0).min(layout.rows)
}

/// The compressed bytes of a frame.
pub(crate) fn frame_bytes(file: &DicomFile, header: &ImageHeader, frame: u32) -> Result<Vec<u8>, DicomError> {
    let parts = file
        .frames(&header.layout.location)?
        .get(frame as usize - 1)
        .filter(|parts| !parts.is_empty())
        .ok_or(DicomError::Truncated {
            frame,
            needed: 1,
            found: 0,
        })?;
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(file.read(part.offset, part.length)?);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_itself_says_what_it_is() {
        let j2k = [0xFF, 0x4F, 0xFF, 0x51, 0, 41];
        assert_eq!(labelled(Codec::JpegLs, &j2k), Codec::Jpeg2000);
        let ls = [0xFF, 0xD8, 0xFF, 0xE8, 0, 2, 0xFF, 0xF7, 0, 11];
        assert_eq!(labelled(Codec::Jpeg, &ls), Codec::JpegLs);
        let dct = [0xFF, 0xD8, 0xFF, 0xC4, 0, 2, 0xFF, 0xC1];
        assert_eq!(labelled(Codec::JpegLs, &dct), Codec::Jpeg);
        assert_eq!(labelled(Codec::Jpeg2000, &[1, 2, 3]), Codec::Jpeg2000);
        assert_eq!(labelled(Codec::Rle, &j2k), Codec::Rle);
    }
}
