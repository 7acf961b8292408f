//! Large values that nobody asked for: a scan steps over them, whatever they are packed in, and everything behind them
//! is where it was.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use overread_dicom::scan::Found;
use overread_dicom::{DicomError, decode, decode_with};
use overread_phantom::dicom::{Samples, Writer};

use super::told;
use super::zip::{Entry, zip};

const BULK: usize = 3 << 20;

fn with_bulk() -> Writer {
    let bulk = (0..BULK).map(|i| (i % 251) as u8).collect();
    Writer::new("bulk", 16, 16, Samples::U16((0..256).collect()))
        .text((0x0009, 0x0010), "LO", "MADE HERE")
        .bytes((0x0009, 0x1010), "OB", bulk)
}

/// The same data set, deflated (PS3.5 A.5).
fn deflated(plain: &[u8]) -> Vec<u8> {
    // Explicit little endian and deflated have identifiers of 20 and 22 bytes.
    let (from, to) = (b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99");
    let at = plain
        .windows(from.len())
        .position(|w| w == from)
        .expect("its syntax");
    let group_end = 132 + 12 + u32::from_le_bytes([plain[140], plain[141], plain[142], plain[143]]) as usize;
    let mut out = plain[..at].to_vec();
    out.extend(to);
    out.extend(&plain[at + from.len()..group_end]);
    out[140] += 2;
    out[at - 2] = 22;
    let mut encoder = DeflateEncoder::new(out, Compression::default());
    encoder.write_all(&plain[group_end..]).expect("memory");
    encoder.finish().expect("memory")
}

fn check(path: &Path) {
    let mut told = told(&[path]);
    let Some(Found::Image(header)) = told.files.remove(path) else {
        panic!("{:?}", told.at(path));
    };
    assert_eq!((header.layout.rows, header.layout.frames), (16, 1));
    let frame = decode_with(&header.open().expect("there"), &header, 1).expect("sound");
    assert_eq!(frame.samples, decode(path, 1).expect("sound").samples);
    assert_eq!(frame.samples.value(200), 200.0);
}

#[test]
fn pixels_are_found_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let plain = with_bulk().encode();
    let packed = deflated(&plain);
    for (name, bytes) in [
        ("explicit", &plain),
        ("implicit", &with_bulk().implicit().encode()),
        ("deflated", &packed),
    ] {
        fs::write(at(name), bytes).expect("room");
        check(&at(name));
    }
    let entries = [
        Entry::new("plain", &plain),
        Entry::stored("stored", &plain),
        Entry::new("packed", &packed),
    ];
    fs::write(at("all.zip"), zip(&entries).0).expect("room");
    for name in ["plain", "stored", "packed"] {
        check(&at("all.zip").join(name));
    }
}

#[test]
fn a_file_that_ends_inside_it_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cut");
    let plain = with_bulk().encode();
    let packed = deflated(&plain);
    for bytes in [&plain[..plain.len() / 2], &packed[..packed.len() / 2]] {
        fs::write(&path, bytes).expect("room");
        match told(&[&path]).files.remove(&path) {
            Some(Found::Unreadable(DicomError::Damaged(_)) | Found::Object(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}
