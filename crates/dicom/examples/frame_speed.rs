//! Times the decoding of compressed files and sums up what comes out, to compare before and after a change:
//! `cargo run --release -p overread-dicom --example frame_speed -- FILE...`
//!
//! A line a file: milliseconds a frame (the best of some) of the whole way from file to stored values, a checksum of
//! the frames, and one of what damaged copies of the first frame's JPEG stream come to.
#![expect(clippy::print_stdout, reason = "an example that prints what it measures")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use overread_dicom::codec::jpeg;
use overread_dicom::file::DicomFile;
use overread_dicom::{DicomError, ImageHeader, decode_with};
use sha2::{Digest, Sha256};

/// Frames of a file that are decoded.
const MOST_FRAMES: u32 = 4;

fn main() {
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        match file(&path) {
            Ok(line) => println!("{line} {}", path.display()),
            Err(error) => println!("{error} {}", path.display()),
        }
    }
}

fn file(path: &Path) -> Result<String, DicomError> {
    let file = DicomFile::open(path)?;
    let header = ImageHeader::read(path, &file)?;
    let frames = header.frame_count().min(MOST_FRAMES);
    let mut sum = Sha256::new();
    for frame in 1..=frames {
        match decode_with(&file, &header, frame) {
            Ok(frame) => sum.update(format!("{:?} {:?}", frame.attributes.photometric, frame.samples)),
            Err(error) => sum.update(error.to_string()),
        }
    }
    let best = (0..9)
        .map(|_| {
            let start = Instant::now();
            let decoded = (1..=frames).filter(|frame| decode_with(&file, &header, *frame).is_ok());
            std::hint::black_box(decoded.count());
            start.elapsed().as_secs_f64() * 1e3 / f64::from(frames)
        })
        .fold(f64::INFINITY, f64::min);
    let damaged = damaged(&file, &header)?;
    Ok(format!(
        "{best:8.3} ms {} {}",
        hex(&sum.finalize()),
        hex(&damaged)
    ))
}

/// What copies with a byte or two changed, or cut short, come to.
fn damaged(file: &DicomFile, header: &ImageHeader) -> Result<Vec<u8>, DicomError> {
    let mut bytes = Vec::new();
    for part in file
        .frames(&header.layout.location)?
        .first()
        .into_iter()
        .flatten()
    {
        bytes.extend(file.read(part.offset, part.length)?);
    }
    let mut sum = Sha256::new();
    if bytes.starts_with(&[0xFF, 0xD8]) {
        let mut seed = 1_u64;
        let mut below = |n: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(seed >> 33).unwrap_or(0) % n.max(1)
        };
        for round in 0..24 {
            let mut copy = bytes.clone();
            if round % 4 == 0 {
                copy.truncate(below(bytes.len()));
            }
            for _ in 0..round % 3 + 1 {
                let within = if round % 2 == 0 { 1000 } else { usize::MAX };
                let (at, value) = (below(copy.len().min(within)), below(256));
                if let Some(byte) = copy.get_mut(at) {
                    *byte = u8::try_from(value).unwrap_or(0);
                }
            }
            match jpeg::decode(&copy, 1 << 23, false) {
                Ok(d) => sum.update(format!(
                    "{} {} {} {:?}",
                    d.columns,
                    d.rows,
                    d.precision,
                    d.cells.to_wide()
                )),
                Err(error) => sum.update(error.replace(|c: char| c.is_ascii_digit(), "")),
            }
        }
    }
    Ok(sum.finalize().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
