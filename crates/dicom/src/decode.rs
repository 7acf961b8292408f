//! One frame of a file to stored values.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use dicom_dictionary_std::tags;
use overread_imaging::attributes::Photometric;
use overread_imaging::frame::Frame;

use crate::codec::fragments::{self, Fragment};
use crate::codec::{Decoded, jpeg, jpeg2000, jpegls, jpegxl, rle};
use crate::dataset;
use crate::error::DicomError;
use crate::file::DicomFile;
use crate::header::ImageHeader;
use crate::native;
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
    let frames = header.layout.frames;
    let attributes = header
        .attributes(frame)
        .ok_or(DicomError::NoSuchFrame { asked: frame, frames })?;
    if file.syntax.codec == Codec::None {
        let samples = native_frame(file, header, frame)?;
        return Ok(Frame {
            attributes: Arc::clone(attributes),
            samples,
        });
    }
    if file.syntax.codec == Codec::Unsupported {
        return Err(DicomError::UnsupportedSyntax(format!(
            "{} ({})",
            file.syntax.uid, file.syntax.name
        )));
    }
    let bytes = frame_bytes(file, header, frame)?;
    let codec = labelled(file.syntax.codec, &bytes);
    let layout = &header.layout;
    let most = layout.samples_in_frame().saturating_mul(4).max(1 << 16);
    let codec_error = |reason: String| DicomError::Codec { frame, reason };
    // A codec may panic on hostile bytes: that is an error of this frame.
    let decoded = catch_unwind(AssertUnwindSafe(|| match codec {
        Codec::Rle => rle::decode(layout, &bytes),
        Codec::Jpeg => jpeg::decode(&bytes, most, layout.photometric == "RGB"),
        Codec::JpegLs => jpegls::decode(&bytes, most),
        Codec::Jpeg2000 => jpeg2000::decode(&bytes, most),
        Codec::JpegXl => jpegxl::decode(&bytes, most),
        Codec::Encapsulated | Codec::DeflatedFrame | Codec::None | Codec::Unsupported => Err(String::new()),
    }));
    match file.syntax.codec {
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
    match bytes {
        [0xFF, 0x4F, 0xFF, 0x51, ..] => Codec::Jpeg2000,
        [0xFF, 0x0A, ..] => Codec::JpegXl,
        [0, 0, 0, 12, b'j', b'P', ..] => Codec::Jpeg2000,
        [0, 0, 0, 12, b'J', b'X', ..] => Codec::JpegXl,
        [0xFF, 0xD8, ..] => jpeg_or_jpegls(bytes).unwrap_or(codec),
        _ => codec,
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
    attributes: &Arc<overread_imaging::attributes::FrameAttributes>,
    decoded: Decoded,
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
    let samples = if keep == all {
        // Read, not consumed: a vector that is reused in place is filled cell by cell.
        native::narrow(&layout, decoded.cells.iter().copied())
    } else {
        native::narrow(
            &layout,
            decoded
                .cells
                .chunks_exact(all)
                .flat_map(|pixel| pixel[..keep].to_vec())
                .collect::<Vec<_>>()
                .into_iter(),
        )
    };
    if decoded.rgb && layout.samples == 3 && attributes.photometric != Photometric::Rgb {
        Arc::make_mut(&mut attributes).photometric = Photometric::Rgb;
    }
    Ok(Frame { attributes, samples })
}

fn native_frame(
    file: &DicomFile,
    header: &ImageHeader,
    frame: u32,
) -> Result<overread_imaging::samples::Samples, DicomError> {
    let layout = &header.layout;
    let location = &layout.location;
    let bits = layout.native_frame_bits();
    let first_bit = bits * u64::from(frame - 1);
    let (offset, shift) = (first_bit / 8, (first_bit % 8) as u32);
    let needed = (bits + u64::from(shift)).div_ceil(8);
    let there = location.length.unwrap_or(u64::MAX).saturating_sub(offset);
    let big = file.syntax.big_endian_pixels();
    // Bytes of 8-bit cells written as big endian words come in swapped pairs.
    if big && location.words && layout.bits_allocated <= 8 {
        let start = offset & !1;
        let mut bytes = file.read(location.offset + start, (needed + 2).div_ceil(2) * 2)?;
        bytes.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        let from = usize::try_from(offset - start).unwrap_or(0).min(bytes.len());
        return native::unpack(layout, &bytes[from..], shift, big, frame);
    }
    let bytes = file.read(location.offset + offset, needed.min(there))?;
    native::unpack(layout, &bytes, shift, big, frame)
}

/// The compressed bytes of a frame.
fn frame_bytes(file: &DicomFile, header: &ImageHeader, frame: u32) -> Result<Vec<u8>, DicomError> {
    let found = file.fragments(&header.layout.location)?;
    let extended: Vec<u64> = dataset::bytes(&file.dataset, tags::EXTENDED_OFFSET_TABLE)
        .unwrap_or_default()
        .chunks_exact(8)
        .map(|b| u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
        .collect();
    let starts = |item: &Fragment| {
        file.read(item.offset, 4)
            .is_ok_and(|head| match file.syntax.codec {
                Codec::Jpeg | Codec::JpegLs => head.starts_with(&[0xFF, 0xD8]),
                Codec::Jpeg2000 => head.starts_with(&[0xFF, 0x4F]) || head.starts_with(&[0, 0, 0, 12]),
                Codec::JpegXl => head.starts_with(&[0xFF, 0x0A]) || head.starts_with(&[0, 0, 0, 12]),
                _ => true,
            })
    };
    let all = fragments::frames(found, header.layout.frames, &extended, starts);
    let parts = all
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
