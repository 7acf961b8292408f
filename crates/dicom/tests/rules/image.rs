//! Small images to be written in every form, and short ways to read them back.

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use overread_dicom::file::DicomFile;
use overread_dicom::{DicomError, ImageHeader, decode_with};
use overread_imaging::attributes::FrameAttributes;
use overread_imaging::frame::Frame;

use crate::write::{Data, File, SECONDARY_CAPTURE, Value, explicit};

/// Pixel Data.
pub(crate) const PIXELS: Tag = tags::PIXEL_DATA;

/// Everything of a grey image but its pixels: `allocated` bits, all stored, unsigned.
pub(crate) fn grey(rows: u16, columns: u16, allocated: u16) -> Data {
    Data::new()
        .text(tags::SOP_CLASS_UID, "UI", SECONDARY_CAPTURE)
        .text(tags::SOP_INSTANCE_UID, "UI", "2.25.7")
        .text(tags::MODALITY, "CS", "OT")
        .text(tags::STUDY_INSTANCE_UID, "UI", "2.25.8")
        .text(tags::SERIES_INSTANCE_UID, "UI", "2.25.9")
        .us(tags::SAMPLES_PER_PIXEL, &[1])
        .text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME2")
        .us(tags::ROWS, &[rows])
        .us(tags::COLUMNS, &[columns])
        .us(tags::BITS_ALLOCATED, &[allocated])
        .us(tags::BITS_STORED, &[allocated])
        .us(tags::HIGH_BIT, &[allocated - 1])
        .us(tags::PIXEL_REPRESENTATION, &[0])
}

/// A row of 16-bit cells.
pub(crate) fn row16(cells: &[u16]) -> Data {
    let columns = u16::try_from(cells.len()).expect("short");
    grey(1, columns, 16).words(PIXELS, "OW", cells)
}

/// A row of 8-bit cells.
pub(crate) fn row8(cells: &[u8]) -> Data {
    let columns = u16::try_from(cells.len()).expect("short");
    grey(1, columns, 8).bytes(PIXELS, "OB", cells)
}

/// A colour image of 8-bit samples, pixel by pixel, in a photometric interpretation.
pub(crate) fn colour(rows: u16, columns: u16, photometric: &str, samples: &[u8]) -> Data {
    grey(rows, columns, 8)
        .us(tags::SAMPLES_PER_PIXEL, &[3])
        .us(tags::PLANAR_CONFIGURATION, &[0])
        .text(tags::PHOTOMETRIC_INTERPRETATION, "CS", photometric)
        .bytes(PIXELS, "OB", samples)
}

/// Stored bits, high bit, signed.
pub(crate) fn stored(data: Data, bits: u16, high: u16, signed: bool) -> Data {
    data.us(tags::BITS_STORED, &[bits])
        .us(tags::HIGH_BIT, &[high])
        .us(tags::PIXEL_REPRESENTATION, &[u16::from(signed)])
}

/// The data set with compressed pixels: an empty offset table and then the fragments.
pub(crate) fn compressed(data: Data, fragments: &[Vec<u8>]) -> Data {
    let mut pieces = vec![Vec::new()];
    pieces.extend(fragments.iter().cloned().map(even));
    pieces_of(data, pieces)
}

/// The data set with the items of its pixel data as they are, the offset table first where there is one.
pub(crate) fn pieces_of(data: Data, pieces: Vec<Vec<u8>>) -> Data {
    data.put(PIXELS, "OB", Value::Pieces(pieces, true))
}

/// Padded with a NUL to even length.
pub(crate) fn even(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

pub(crate) fn open(bytes: &[u8]) -> Result<DicomFile, DicomError> {
    DicomFile::from_bytes(bytes.to_vec(), None)
}

pub(crate) fn header(bytes: &[u8]) -> Result<ImageHeader, DicomError> {
    ImageHeader::read(Path::new("made"), &open(bytes)?)
}

/// A frame, counted from 1.
pub(crate) fn frame(bytes: &[u8], number: u32) -> Result<Frame, DicomError> {
    let file = open(bytes)?;
    let header = ImageHeader::read(Path::new("made"), &file)?;
    decode_with(&file, &header, number)
}

/// Attributes of the only frame of an explicit file.
pub(crate) fn attributes(data: &Data) -> FrameAttributes {
    let header = header(&explicit(data)).expect("an image");
    FrameAttributes::clone(header.attributes(1).expect("a frame"))
}

/// All stored values of a frame.
pub(crate) fn values(frame: &Frame) -> Vec<f64> {
    (0..frame.samples.len()).map(|i| frame.samples.value(i)).collect()
}

/// Stored values of the first frame of an explicit file.
pub(crate) fn read(data: &Data) -> Vec<f64> {
    values(&frame(&explicit(data), 1).expect("decodes"))
}

/// Stored values of a frame of a file in any syntax.
pub(crate) fn read_as(syntax: &str, data: &Data, number: u32) -> Vec<f64> {
    values(&frame(&File::new(syntax).around(data), number).expect("decodes"))
}

/// RGB of the first frame of a file in any syntax.
pub(crate) fn rgb_as(syntax: &str, data: &Data) -> Vec<u8> {
    let frame = frame(&File::new(syntax).around(data), 1).expect("decodes");
    overread_imaging::colour::to_rgb8(&frame).expect("colour")
}

/// RGB of the first frame of an explicit file.
pub(crate) fn rgb(data: &Data) -> Vec<u8> {
    rgb_as(crate::write::EXPLICIT, data)
}

/// What the file says of the text of an element.
pub(crate) fn text_of(bytes: &[u8], tag: Tag) -> Option<String> {
    overread_dicom::dataset::text(&open(bytes).expect("opens").dataset, tag)
}
