//! Damage that was found by mutation, made again by our own writer: each file is read, refused with a sentence, or read
//! without the part that lies. None may panic, hang or take memory for what is not there.

use std::path::Path;

use dicom_dictionary_std::tags;
use overread_dicom::file::DicomFile;
use overread_dicom::scan::{Found, examine_bytes};
use overread_dicom::{DicomError, ImageHeader, dataset, decode_with};
use overread_imaging::frame::Frame;
use overread_phantom::dicom::{DataSet, Samples, Writer};

fn grey() -> Writer {
    Writer::new("damage", 4, 6, Samples::U16((0..24).collect()))
}

fn open(bytes: &[u8]) -> Result<DicomFile, DicomError> {
    DicomFile::from_bytes(bytes.to_vec(), None)
}

fn read(bytes: &[u8]) -> Result<Frame, DicomError> {
    let file = open(bytes)?;
    let header = ImageHeader::read(Path::new("made"), &file)?;
    decode_with(&file, &header, 1)
}

/// Replaces the first occurrence.
fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|w| w == from)
        .expect("it is in the file");
    let mut out = bytes.to_vec();
    out.splice(at..at + from.len(), to.iter().copied());
    out
}

#[test]
fn memory_and_file_read_the_same() {
    let bytes = grey().encode();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grey.dcm");
    std::fs::write(&path, &bytes).expect("room");
    let from_file = overread_dicom::decode(&path, 1).expect("sound");
    let from_memory = read(&bytes).expect("sound");
    assert_eq!(from_file.samples, from_memory.samples);
    assert!(matches!(examine_bytes(&path, &bytes), Found::Image(_)));
}

#[test]
fn an_unknown_representation_is_not_taken_for_a_long_length() {
    // Read as a long form, the text would be a length of more than a gigabyte.
    let sound = grey().text((0x0008, 0x1030), "LO", "RITMO SINUSALE").encode();
    let strange = replace(
        &sound,
        &[8, 0, 0x30, 0x10, b'L', b'O'],
        &[8, 0, 0x30, 0x10, b'Q', b'T'],
    );
    let file = open(&strange).expect("opens");
    let text = dataset::text(&file.dataset, tags::STUDY_DESCRIPTION);
    assert_eq!(text.as_deref(), Some("RITMO SINUSALE"));
    assert_eq!(read(&strange).expect("decodes").samples.len(), 24);
}

#[test]
fn a_length_that_lies_inside_a_sequence_costs_that_sequence_alone() {
    let mut item = DataSet::new();
    item.text((0x0008, 0x0104), "UT", "what it means");
    let sound = grey().sequence((0x0008, 0x1032), vec![item]).encode();
    let lying = replace(
        &sound,
        &[b'U', b'T', 0, 0, 14, 0, 0, 0],
        &[b'U', b'T', 0, 0, 0xF0, 0xFF, 0xFF, 0x7F],
    );
    assert_eq!(read(&lying).expect("decodes").samples.len(), 24);
}

#[test]
fn numbers_of_uneven_length_do_not_shift_what_follows() {
    // The parser takes whole numbers only, and would read the two bytes left over as the next tag.
    let bytes = grey()
        .bytes((0x0018, 0x6024), "UL", vec![1, 2, 3, 4, 5, 6])
        .encode();
    assert_eq!(read(&bytes).expect("decodes").samples.len(), 24);
}

#[test]
fn a_stray_item_at_the_top_is_stepped_over() {
    let sound = grey().encode();
    let rows = [0x28, 0, 0x10, 0, b'U', b'S', 2, 0];
    let mut stray = vec![0xFE, 0xFF, 0x00, 0xE0, 0xF0, 0xFF, 0xFF, 0x7F];
    stray.extend(rows);
    let frame = read(&replace(&sound, &rows, &stray)).expect("decodes");
    assert_eq!((frame.attributes.rows, frame.samples.len()), (4, 24));
}

#[test]
fn colours_that_contradict_the_samples_are_refused() {
    let contradictions = [
        grey().photometric("RGB").encode(),
        grey().photometric("YBR_FULL").encode(),
        Writer::rgb("damage", 2, 2, vec![0; 12])
            .photometric("MONOCHROME2")
            .encode(),
        Writer::rgb("damage", 2, 2, vec![0; 12])
            .photometric("PALETTE COLOR")
            .encode(),
    ];
    for bytes in contradictions {
        let refused = read(&bytes).expect_err("a contradiction");
        assert!(refused.to_string().contains("samples a pixel"), "{refused}");
    }
}

#[test]
fn shared_colour_needs_pairs_of_pixels() {
    let odd = Writer::rgb("damage", 2, 3, vec![9; 12])
        .photometric("YBR_FULL_422")
        .encode();
    let refused = read(&odd).expect_err("three columns");
    assert!(matches!(refused, DicomError::UnsupportedPixels(_)), "{refused}");
}

#[test]
fn coloured_single_bits_are_refused_by_rle() {
    let mut stream = vec![0; 64];
    stream[0] = 3;
    let bytes = Writer::rgb("damage", 2, 4, vec![0; 24])
        .us((0x0028, 0x0100), &[1])
        .us((0x0028, 0x0101), &[1])
        .us((0x0028, 0x0102), &[0])
        .encapsulated("1.2.840.10008.1.2.5", vec![stream])
        .encode();
    let refused = read(&bytes).expect_err("not known");
    assert!(matches!(refused, DicomError::Codec { .. }), "{refused}");
}

#[test]
fn a_cut_at_any_byte_is_an_error_or_an_image() {
    let whole = grey().ct(1.0, -1024.0, &[]).encode();
    for length in 0..whole.len() {
        if let Ok(frame) = read(&whole[..length]) {
            assert_eq!(frame.samples.len(), 24, "cut to {length} bytes");
        }
    }
}
