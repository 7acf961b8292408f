//! A series into a volume: how fast, beside reading its files and doing nothing with them, and in how much memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use super::{Timer, memory};
use crate::Outcome;
use crate::code::io;
use crate::desk::Desk;
use crate::op::{open, reslice};

/// Opens the largest display set of a folder into a volume.
///
/// # Errors
/// When there is no volume, or a slice cannot be decoded.
pub fn volume(desk: &Desk, path: &Path, timer: Timer<'_>) -> Outcome<Value> {
    let mut sets = Ok(Vec::new());
    let scanning = timer(&mut || sets = open::load(desk, path));
    let set = open::choose(&sets?, None)?;
    let (mut plain, mut failed) = (Vec::new(), None);
    let mut read = 0;
    let mut reading = || match read_all(&set) {
        Ok(bytes) => read = bytes,
        Err(error) => failed = Some(error),
    };
    plain.push(timer(&mut reading));
    desk.frames.clear();
    let before = memory::resident();
    memory::forget_peak();
    let mut first = Ok(());
    let first_slice = timer(&mut || first = desk.frames.get(&set.frames[set.middle()]).map(drop));
    first?;
    let mut made = None;
    let whole = timer(&mut || made = Some(reslice::volume(desk, &set)));
    let peak = memory::peak();
    let Some(volume) = made.transpose()? else {
        return Ok(Value::Null);
    };
    plain.push(timer(&mut reading));
    if let Some(error) = failed {
        return Err(error);
    }
    let a = set.first();
    let bits = a.header.layout.native_frame_bits();
    let raw = bits.saturating_mul(set.frames.len() as u64) / 8;
    let rate = |ms: f64| raw as f64 / ms / 1e3;
    let total = first_slice + whole;
    let plain = plain.into_iter().fold(f64::INFINITY, f64::min);
    Ok(json!({
        "syntax": a.header.syntax.name, "size": volume.size(), "raw_bytes": raw, "file_bytes": read,
        "held_bytes": volume.bytes(), "resident_before": before, "peak_rss": peak,
        "held_over_raw": volume.bytes() as f64 / raw as f64,
        "peak_over_raw": peak.map(|peak| peak as f64 / raw as f64),
        "scan_s": scanning / 1e3, "first_slice_ms": first_slice, "total_s": total / 1e3,
        "mb_per_s": rate(total), "plain_read_s": plain / 1e3, "plain_mb_per_s": rate(plain),
    }))
}

/// Reads every file of a display set to its end, one after another.
fn read_all(set: &overread_dicom::DisplaySet) -> Outcome<u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0_u64;
    let mut last = None;
    for frame in &set.frames {
        let path = &frame.header.path;
        if last == Some(path) {
            continue;
        }
        last = Some(path);
        let wrong = |error: std::io::Error| io(&path.display().to_string(), &error);
        let mut file = File::open(path).map_err(wrong)?;
        loop {
            match file.read(&mut buffer).map_err(wrong)? {
                0 => break,
                n => bytes += n as u64,
            }
        }
    }
    Ok(bytes)
}
