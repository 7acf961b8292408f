//! Many small files: how fast a scan goes through them, and how much memory a file takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use overread_dicom::Index;
use overread_dicom::scan::{Found, ScanEvent, scan};
use overread_phantom::dicom::{Samples, Window, Writer};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::{Timer, memory};
use crate::code::io;
use crate::desk::lock;
use crate::{Cancel, Outcome};

/// Images of one series.
const SERIES: usize = 500;
/// Series of one folder.
const FOLDER: usize = 4;

/// A folder that goes when it is not needed any more.
#[derive(Debug)]
pub(super) struct Place(pub(super) PathBuf);

impl Place {
    pub(super) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("overread-bench-{}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left lies in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes `count` small CT images by the project's own writer, scans them three times, and once into an index.
///
/// # Errors
/// When they cannot be written.
pub fn files(count: usize, timer: Timer<'_>) -> Outcome<Value> {
    let place = Place::new();
    let mut written = Ok(0);
    let writing = timer(&mut || {
        written = (0..count)
            .into_par_iter()
            .map(|n| write(&place.0, n))
            .try_reduce(|| 0, |a, b| Ok(a + b));
    });
    let bytes = written?;
    let roots = [place.0.clone()];
    let mut failed = None;
    let mut times = Vec::new();
    for _ in 0..3 {
        times.push(timer(&mut || {
            if let Err(error) = scan(&roots, &|_| {}, Cancel::default().flag()) {
                failed = Some(error);
            }
        }));
    }
    let index = Mutex::new(Index::default());
    let before = memory::resident();
    memory::forget_peak();
    let indexing = timer(&mut || {
        let take = |event| {
            if let ScanEvent::File(file) = event
                && let Found::Image(header) = file.found
            {
                lock(&index).add(*header);
            }
        };
        if let Err(error) = scan(&roots, &take, Cancel::default().flag()) {
            failed = Some(error);
        }
    });
    let (after, peak) = (memory::resident(), memory::peak());
    if let Some(error) = failed {
        return Err(error.into());
    }
    let mut sets = 0;
    let sorting = timer(&mut || sets = lock(&index).display_sets(None).len());
    let best = times.iter().copied().fold(f64::INFINITY, f64::min);
    let each = |to: Option<u64>| Some(to?.saturating_sub(before?) as f64 / count.max(1) as f64);
    Ok(json!({
        "files": count, "bytes": bytes, "display_sets": sets,
        "write_s": writing / 1e3, "scan_s": best / 1e3,
        "files_per_s": count as f64 / best * 1e3,
        "mb_per_s": bytes as f64 / best / 1e3,
        "index_s": indexing / 1e3, "display_sets_s": sorting / 1e3,
        "index_bytes_a_file": each(after), "peak_bytes_a_file": each(peak), "peak_bytes": peak,
    }))
}

fn write(place: &Path, n: usize) -> Outcome<u64> {
    let (series, slice) = (n / SERIES, n % SERIES);
    let folder = place
        .join(format!("{:03}", series / FOLDER))
        .join(format!("{series:04}"));
    let wrong = |error: std::io::Error| io(&folder.display().to_string(), &error);
    fs::create_dir_all(&folder).map_err(wrong)?;
    let samples = (0..64).map(|i| i16::try_from(i).unwrap_or_default()).collect();
    let bytes = Writer::new(&format!("many {n}"), 8, 8, Samples::I16(samples))
        .series(&format!("many {series}"), slice + 1)
        .ct(1.0, -1024.0, &[Window::new(40.0, 400.0, "SOFT TISSUE")])
        .plane(
            [0.0, 0.0, slice as f64],
            [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            [1.0, 1.0],
        )
        .encode();
    fs::write(folder.join(format!("IM{slice:05}")), &bytes).map_err(wrong)?;
    Ok(bytes.len() as u64)
}
