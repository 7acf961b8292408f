//! A series into a volume: how fast, beside reading its files and doing nothing with them, and in how much memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use overread_phantom::dicom::{Samples, Window, Writer};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::files::Place;
use super::{Timer, memory};
use crate::Outcome;
use crate::code::io;
use crate::desk::Desk;
use crate::op::{open, reslice};

/// Side of the slices made here, px.
const SIDE: u16 = 512;

/// Opens the largest display set of a folder into a volume; without a folder, a CT of `slices` slices of 512 x 512 that
/// is made for it.
///
/// # Errors
/// When there is no volume, or a slice cannot be decoded.
pub fn volume(desk: &Desk, folder: Option<&Path>, slices: usize, timer: Timer<'_>) -> Outcome<Value> {
    if let Some(folder) = folder {
        return measure(desk, folder, timer);
    }
    let place = Place::new();
    make(&place.0, slices)?;
    measure(desk, &place.0, timer)
}

fn make(folder: &Path, slices: usize) -> Outcome<()> {
    let wrong = |error: std::io::Error| io(&folder.display().to_string(), &error);
    std::fs::create_dir_all(folder).map_err(wrong)?;
    (0..slices).into_par_iter().try_for_each(|slice| {
        let side = i32::from(SIDE);
        let value = |i: i32| i16::try_from((i % side + i / side) % 2000 - 1000).unwrap_or_default();
        let samples = (0..side * side).map(value).collect();
        let bytes = Writer::new("volume", SIDE, SIDE, Samples::I16(samples))
            .series("volume", slice + 1)
            .ct(1.0, 0.0, &[Window::new(40.0, 400.0, "SOFT TISSUE")])
            .plane(
                [0.0, 0.0, slice as f64],
                [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
                [0.7, 0.7],
            )
            .encode();
        std::fs::write(folder.join(format!("IM{slice:05}")), bytes).map_err(wrong)
    })
}

fn measure(desk: &Desk, path: &Path, timer: Timer<'_>) -> Outcome<Value> {
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
