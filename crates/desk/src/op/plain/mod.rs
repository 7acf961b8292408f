//! Plain pictures (PNG, JPEG, TIFF, BMP) read like DICOM: in memory, as secondary captures, each a series of its own.
//!
//! | file | duty |
//! |---|---|
//! | `mod` | what is a plain picture, its header, its bytes as DICOM |
//! | `shape` | size, frames and kind of values, without decoding |
//! | `decode` | PNG, JPEG, BMP to values |
//! | `tiff` | TIFF to values |
//!
//! The values are the picture's: 8-bit grey and RGB as they are, 16-bit grey as stored, each turned upright by the
//! orientation of its EXIF data. A window over the whole range shows eight bits unchanged. UIDs come from the picture's
//! bytes, so that a case is the same wherever it lies; nothing of its name or folder is in its header, for a folder is often
//! the answer.

mod decode;
mod shape;
mod tiff;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use overread_dicom::file::DicomFile;
use overread_dicom::source;
use overread_dicom::{DicomError, ImageHeader};
use overread_phantom::dicom::{Samples, Window, Writer, uid_from};
use sha2::{Digest, Sha256};

use shape::Shape;

/// Largest picture file that is read, bytes.
const LARGEST_FILE: u64 = 1 << 30;
/// Bytes of values from which on pictures are described one at a time.
const ALONE: u64 = 64 << 20;
static LARGE: Mutex<()> = Mutex::new(());
/// Endings of entries of zips that may be pictures: their bytes are not looked at before.
const ENDINGS: [&str; 6] = ["png", "jpg", "jpeg", "tif", "tiff", "bmp"];
/// Words under which a picture's study is listed.
pub(crate) const STUDY: &str = "Plain pictures";

/// A format, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    Bmp,
    Tiff,
}

impl Format {
    fn of(start: &[u8]) -> Option<Self> {
        // A DICOM file may hold a TIFF's header in its preamble.
        if start.get(128..132) == Some(b"DICM") {
            return None;
        }
        match start {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            // Two letters are little: reserved bytes and the length of the header must be those of a bitmap, too.
            [
                b'B',
                b'M',
                _,
                _,
                _,
                _,
                0,
                0,
                0,
                0,
                _,
                _,
                _,
                _,
                12 | 40 | 52 | 56 | 64 | 108 | 124,
                0,
                0,
                0,
                ..,
            ] => Some(Self::Bmp),
            _ => None,
        }
    }
}

/// Values of a picture, row by row, frames one after another.
enum Values {
    Grey8(Vec<u8>),
    Grey16(Vec<u16>),
    /// Interleaved.
    Rgb(Vec<u8>),
}

/// True for what can be read as a plain picture, by its first bytes; of entries of zips by their ending.
pub(crate) fn is_picture(path: &Path) -> bool {
    let by_ending = || {
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        ending.is_some_and(|e| ENDINGS.contains(&e.as_str()))
    };
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => false,
        Err(_) if !overread_dicom::archive::leads_into(path) || !by_ending() => false,
        _ => source::start(path, 132).is_ok_and(|start| Format::of(&start).is_some()),
    }
}

/// The header of a plain picture, without decoding it.
///
/// # Errors
/// When it is no picture, damaged, or of a form that is not read.
pub(crate) fn header(path: &Path) -> Result<ImageHeader, DicomError> {
    let (source, bytes) = source::whole(path, LARGEST_FILE)?;
    let format = Format::of(&bytes).ok_or_else(not_a_picture)?;
    let shape = Shape::of(format, &bytes)?;
    let hash = hash(&bytes);
    drop(bytes);
    // Few claims of large pictures may be true: their room is taken one after another.
    let _alone = (shape.values() > ALONE).then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    let file = DicomFile::from_bytes(described(&hash, &shape, shape.empty()).encode(), None)?;
    let mut header = ImageHeader::read(path, &file)?;
    header.source = source;
    header.warnings.extend(shape.notes);
    Ok(header)
}

/// A plain picture again, decoded; its pixels lie where its header says.
///
/// # Errors
/// When the file changed, or cannot be decoded.
pub(crate) fn reopen(header: &ImageHeader) -> Result<DicomFile, DicomError> {
    let bytes = header.source.bytes(&header.path, LARGEST_FILE)?;
    let file = as_dicom(&bytes)?;
    let again = ImageHeader::read(&header.path, &file)?;
    if again.sop_uid != header.sop_uid || again.layout != header.layout {
        return Err(DicomError::Changed);
    }
    Ok(file)
}

/// True for a header that [`header`] made.
pub(crate) fn is_plain(header: &ImageHeader) -> bool {
    header.sop_class == SECONDARY_CAPTURE && header.study_uid == study_uid()
}

const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";

fn study_uid() -> String {
    uid_from("plain pictures study")
}

/// A file opened as DICOM, be it DICOM or a plain picture.
///
/// # Errors
/// Whatever is wrong with it.
pub(crate) fn open(path: &Path) -> Result<DicomFile, DicomError> {
    if !is_picture(path) {
        return DicomFile::open(path);
    }
    let (source, bytes) = source::whole(path, LARGEST_FILE)?;
    let mut file = as_dicom(&bytes)?;
    file.source = source;
    Ok(file)
}

/// Decoded, and written as DICOM in memory.
fn as_dicom(bytes: &[u8]) -> Result<DicomFile, DicomError> {
    let format = Format::of(bytes).ok_or_else(not_a_picture)?;
    let shape = Shape::of(format, bytes)?;
    let values = match format {
        Format::Tiff => tiff::decode(bytes, &shape)?,
        _ => decode::decode(format, bytes, &shape)?,
    };
    DicomFile::from_bytes(described(&hash(bytes), &shape, values).encode(), None)
}

/// The data set: nothing of it comes from the file's name.
fn described(hash: &str, shape: &Shape, values: Values) -> Writer {
    let (rows, columns) = (shape.rows, shape.columns);
    let writer = match values {
        Values::Rgb(samples) => Writer::rgb(hash, rows, columns, samples),
        Values::Grey8(samples) => {
            Writer::new(hash, rows, columns, Samples::U8(samples)).windows(&[Window::new(128.0, 256.0, "")])
        }
        Values::Grey16(samples) => Writer::new(hash, rows, columns, Samples::U16(samples))
            .windows(&[Window::new(32768.0, 65536.0, "")]),
    };
    writer
        .text((0x0010, 0x0010), "PN", "")
        .text((0x0010, 0x0020), "LO", "")
        .text((0x0010, 0x0040), "CS", "")
        .text((0x0008, 0x0020), "DA", "")
        .text((0x0008, 0x0030), "TM", "")
        .text((0x0008, 0x1030), "LO", STUDY)
        .text((0x0008, 0x103E), "LO", &format!("Picture {}", &hash[..8]))
        .text((0x0020, 0x000D), "UI", &study_uid())
        .without((0x0020, 0x0011))
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

fn not_a_picture() -> DicomError {
    DicomError::NotDicom("nor is it a PNG, JPEG, TIFF or BMP".to_owned())
}

/// What is wrong with a picture, as a sentence's middle.
fn wrong(reason: impl std::fmt::Display) -> DicomError {
    DicomError::Picture(reason.to_string())
}

#[cfg(test)]
mod tests;
