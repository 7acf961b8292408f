//! Decodes JPEG 2000 codestreams, found anywhere in the files named: milliseconds (the best of some), ours and
//! OpenJPEG's. Where `FILE.raw` lies beside (32-bit little-endian values, components side by side) the values are
//! compared with it.
#![expect(clippy::print_stdout, reason = "an example prints")]
#![allow(clippy::cast_possible_truncation, reason = "sizes of pictures")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use openjp2::openjpeg::{OPJ_CODEC_J2K, opj_dparameters_t};
use openjp2::{Codec, Stream};
use overread_dicom::codec::jpeg2000::decode;

/// Most samples that are taken for honest.
const MOST: usize = 1 << 28;

fn main() {
    let repeats = 7;
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        let bytes = std::fs::read(&path).expect("a file");
        let Some(start) = bytes.windows(4).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51]) else {
            println!("{}: no codestream", path.display());
            continue;
        };
        let stream = &bytes[start..];
        let end = stream
            .windows(2)
            .position(|w| w == [0xFF, 0xD9])
            .map_or(stream.len(), |at| at + 2);
        let stream = &stream[..end];
        let ours = best(repeats, || decode(stream, MOST).is_ok());
        let copy = std::env::temp_dir().join(format!("codestream-{}.j2k", std::process::id()));
        std::fs::write(&copy, stream).expect("written");
        let theirs = best(repeats, || openjpeg(&copy));
        std::fs::remove_file(&copy).expect("removed");
        let said = match decode(stream, MOST) {
            Ok(frame) => format!(
                "{} x {} x {}{}",
                frame.columns,
                frame.rows,
                frame.components,
                compared(&path, &frame.cells)
            ),
            Err(reason) => reason,
        };
        println!(
            "{}: {said}; ours {ours:.2} ms, OpenJPEG {theirs:.2} ms",
            path.display()
        );
    }
}

fn best(repeats: usize, mut run: impl FnMut() -> bool) -> f64 {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1000.0
    };
    (0..repeats).map(time).fold(f64::INFINITY, f64::min)
}

fn openjpeg(path: &Path) -> bool {
    let mut decoder = Codec::new_decoder(OPJ_CODEC_J2K).expect("decoder");
    let mut stream = Stream::new_file(path, 1 << 20, true).expect("stream");
    if decoder.setup_decoder(&mut opj_dparameters_t::default()) == 0 {
        return false;
    }
    match decoder.read_header(&mut stream) {
        Some(mut image) => decoder.decode(&mut stream, &mut image) != 0,
        None => false,
    }
}

/// The worst difference from the values beside the file.
fn compared(path: &Path, cells: &[u32]) -> String {
    let Ok(raw) = std::fs::read(path.with_extension("raw")) else {
        return String::new();
    };
    let values = raw.as_chunks::<4>().0.iter().map(|v| i32::from_le_bytes(*v));
    let worst = values.zip(cells).map(|(a, b)| a.abs_diff(b.cast_signed())).max();
    format!(", off by {}", worst.unwrap_or(0))
}
