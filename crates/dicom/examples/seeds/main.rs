//! Small files and code streams to begin fuzzing with: `seeds FOLDER [FILES…]` writes them into a folder a target,
//! made here, and the small files and code streams below FILES beside them.
#![expect(clippy::print_stderr, reason = "it reports to its terminal")]

#[allow(
    dead_code,
    reason = "the writer of the tests of rules; not all of it is needed here"
)]
#[path = "../../tests/rules/jpeg.rs"]
mod jpeg;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/rules/rle.rs"]
mod rle;
#[allow(dead_code, reason = "as above")]
#[path = "../../tests/rules/write.rs"]
mod write;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use overread_dicom::ImageHeader;
use overread_dicom::file::DicomFile;
use overread_dicom::syntax::Codec;

use jpeg::Blocks;
use write::{BIG, DEFLATED, Data, EXPLICIT, File, Form, IMPLICIT, JPEG_BASELINE, RLE, Value};

/// Larger seeds only slow a target down.
const LARGEST: u64 = 48 * 1024;

/// Padded with a NUL to even length.
pub(crate) fn even(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(folder) = words.next() else {
        eprintln!("Name the folder to write seeds into.");
        return ExitCode::FAILURE;
    };
    let mut seeds = Seeds { folder, written: 0 };
    let outcome = made(&mut seeds).and_then(|()| words.try_for_each(|files| found(&mut seeds, &files)));
    match outcome {
        Ok(()) => {
            eprintln!("{} seeds in {}", seeds.written, seeds.folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("The seeds cannot be written: {error}.");
            ExitCode::FAILURE
        }
    }
}

struct Seeds {
    folder: PathBuf,
    written: usize,
}

impl Seeds {
    fn put(&mut self, target: &str, bytes: &[u8]) -> std::io::Result<()> {
        let folder = self.folder.join(target);
        std::fs::create_dir_all(&folder)?;
        self.written += 1;
        std::fs::write(folder.join(format!("seed-{:05}", self.written)), bytes)
    }
}

fn image(rows: u16, columns: u16, bits: u16) -> Data {
    Data::new()
        .text(tags::SPECIFIC_CHARACTER_SET, "CS", "\\ISO 2022 IR 87")
        .text(tags::SOP_CLASS_UID, "UI", write::SECONDARY_CAPTURE)
        .text(tags::MODALITY, "CS", "CT")
        .bytes(tags::PATIENT_NAME, "PN", b"A^B=\x1b$B;3ED\x1b(B")
        .us(tags::SAMPLES_PER_PIXEL, &[1])
        .text(tags::PHOTOMETRIC_INTERPRETATION, "CS", "MONOCHROME2")
        .text(tags::NUMBER_OF_FRAMES, "IS", "2")
        .us(tags::ROWS, &[rows])
        .us(tags::COLUMNS, &[columns])
        .us(tags::BITS_ALLOCATED, &[bits])
        .us(tags::BITS_STORED, &[bits])
        .us(tags::HIGH_BIT, &[bits - 1])
        .us(tags::PIXEL_REPRESENTATION, &[1])
        .text(tags::WINDOW_CENTER, "DS", "40\\-600")
        .text(tags::WINDOW_WIDTH, "DS", "400\\1500")
        .text(tags::RESCALE_SLOPE, "DS", "0.5")
        .text(tags::RESCALE_INTERCEPT, "DS", "-1024")
        .text(tags::PIXEL_SPACING, "DS", "0.5\\0.5")
        .text(tags::IMAGE_POSITION_PATIENT, "DS", "0\\0\\1")
        .text(tags::IMAGE_ORIENTATION_PATIENT, "DS", "1\\0\\0\\0\\1\\0")
}

fn report() -> Data {
    let code = |meaning: &str| {
        Data::new()
            .text(tags::CODE_VALUE, "SH", "T-1")
            .text(tags::CODE_MEANING, "LO", meaning)
    };
    let text = Data::new()
        .text(tags::VALUE_TYPE, "CS", "TEXT")
        .items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code("Finding")])
        .text(tags::TEXT_VALUE, "UT", "nothing to see");
    Data::new()
        .text(tags::SOP_CLASS_UID, "UI", "1.2.840.10008.5.1.4.1.1.88.33")
        .text(tags::MODALITY, "CS", "SR")
        .text(tags::VALUE_TYPE, "CS", "CONTAINER")
        .items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code("Report")])
        .put(
            tags::CONTENT_SEQUENCE,
            "SQ",
            Value::OpenItems(vec![text.clone(), text]),
        )
        .put(
            Tag(0x0009, 0x1001),
            "UN",
            Value::UnknownItems(vec![code("private")]),
        )
}

fn made(seeds: &mut Seeds) -> std::io::Result<()> {
    let native = image(2, 3, 16).words(tags::PIXEL_DATA, "OW", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    for syntax in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
        seeds.put("scan", &File::new(syntax).around(&native))?;
        seeds.put("scan", &File::new(syntax).around(&report()))?;
    }
    let streams = [
        Blocks::new(&[9]),
        Blocks::new(&[100, 200, 128]),
        Blocks {
            size: (16, 16),
            factors: vec![(2, 2), (1, 1), (1, 1)],
            values: vec![10, 20, 30, 40, 128, 99],
            adobe: Some(1),
            jfif: true,
            ..Blocks::new(&[1, 2, 3])
        },
    ];
    for stream in &streams {
        let pieces = vec![vec![], even(stream.encode()), even(stream.encode())];
        let data = image(8, 8, 8).put(tags::PIXEL_DATA, "OB", Value::Pieces(pieces, true));
        seeds.put("scan", &File::new(JPEG_BASELINE).around(&data))?;
        seeds.put("jpeg", &stream.encode())?;
    }
    seeds.put("jpeg", &jpeg::lossless(2, 3, 16, &[0, 65_535, 7, 32_768, 1, 9]))?;
    // The example of T.87 annex H.3.
    let ls = [
        0xFF, 0xD8, 0xFF, 0xF7, 0, 11, 8, 0, 4, 0, 4, 1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0,
        0xC0, 0, 0, 0x6C, 0x80, 0x20, 0x8E, 1, 0xC0, 0, 0, 0x57, 0x40, 0, 0, 0x6E, 0xE6, 0, 0, 1, 0xBC, 0x18,
        0, 0, 5, 0xD8, 0, 0, 0x91, 0x60, 0xFF, 0xD9,
    ];
    seeds.put("jpegls", &ls)?;
    let mut frame = vec![1, 2, 2, 0];
    frame.extend(rle::frame(&[vec![1, 2, 3, 4, 5, 6], vec![6, 5, 4, 3, 2, 1]]));
    seeds.put("rle", &frame)?;
    let data = image(2, 3, 16).put(
        tags::PIXEL_DATA,
        "OB",
        Value::Pieces(vec![vec![], frame[4..].to_vec()], true),
    );
    seeds.put("scan", &File::new(RLE).around(&data))?;
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflated.write_all(&native.encode(Form::Explicit))?;
    seeds.put("deflate", &deflated.finish()?)?;
    for (number, form) in [(0, Form::Implicit), (1, Form::Explicit), (2, Form::Big)] {
        for data in [&native, &report()] {
            let mut bytes = vec![number];
            bytes.extend(data.encode(form));
            seeds.put("data_set", &bytes)?;
            if form == Form::Explicit {
                seeds.put("summary", &bytes[1..])?;
            }
        }
    }
    tables(seeds)
}

fn tables(seeds: &mut Seeds) -> std::io::Result<()> {
    let words = |kind: [u8; 2], words: &[u16]| -> Vec<u8> {
        kind.into_iter()
            .chain(words.iter().flat_map(|w| w.to_le_bytes()))
            .collect()
    };
    for kind in 0..4 {
        seeds.put(
            "tables",
            &words([kind, 0], &[4, 0, 16, 0, 0x1111, 0x2222, 0xFFFF]),
        )?;
    }
    seeds.put(
        "tables",
        &words(
            [1, 0],
            &[6, 0, 16, 0, 2, 0x1100, 0x2200, 1, 2, 0x8000, 2, 1, 0, 0],
        ),
    )?;
    seeds.put(
        "tables",
        &words([1, 1], &[3, 0xFFFF, 8, 0x0200, 0x0B0A, 0x0101, 0x001E]),
    )?;
    let mut slices = Vec::new();
    for i in 0..6_u8 {
        slices.extend([i, i, 0, 0, 0, 0, 0, 0, 0, 0, 0, i * 10, 0, 0, 0, 0]);
    }
    seeds.put("display_sets", &slices)?;
    for text in [
        &b"\0A^B=\x1b$B;3ED\x1b(B^\x1b$)C\xc8\xab"[..],
        b"\x0eISO 2022 IR 87\x1b$(D\x30\x21",
        b"\0\xd4\xcf\xc0\xde^\x1b-L\xbb",
    ] {
        seeds.put("charsets", text)?;
    }
    Ok(())
}

/// The small files below a folder, and the code streams of all.
fn found(seeds: &mut Seeds, path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        let mut below: Vec<PathBuf> = std::fs::read_dir(path)?
            .filter_map(|e| Some(e.ok()?.path()))
            .collect();
        below.sort();
        return below.iter().try_for_each(|entry| found(seeds, entry));
    }
    let Ok(file) = DicomFile::open(path) else {
        return Ok(());
    };
    if std::fs::metadata(path)?.len() <= LARGEST {
        seeds.put("scan", &std::fs::read(path)?)?;
    }
    let target = match file.syntax.codec {
        Codec::Jpeg => "jpeg",
        Codec::JpegLs => "jpegls",
        Codec::Jpeg2000 => "jpeg2000",
        Codec::JpegXl => "jpegxl",
        _ => return Ok(()),
    };
    let Ok(header) = ImageHeader::read(path, &file) else {
        return Ok(());
    };
    let Ok(Some(parts)) = file.frames(&header.layout.location).map(<[_]>::first) else {
        return Ok(());
    };
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(file.read(part.offset, part.length).unwrap_or_default());
    }
    if (1..=LARGEST).contains(&(bytes.len() as u64)) {
        seeds.put(target, &bytes)?;
    }
    Ok(())
}
