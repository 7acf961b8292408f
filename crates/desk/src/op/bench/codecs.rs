//! Decoding, file by file, on one core: time a frame and pixels a second, by transfer syntax.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use overread_dicom::decode_with;
use overread_dicom::header::ImageHeader;
use overread_dicom::scan::{Found, ScanEvent, scan};
use serde_json::{Value, json};

use super::Timer;
use crate::desk::lock;
use crate::{Cancel, Outcome};

/// Frames of one file that are timed.
const MOST_FRAMES: u32 = 8;
/// A frame is decoded at least so often, and until so many milliseconds have passed.
const RUNS: usize = 5;
const LONG_ENOUGH: f64 = 200.0;

/// Decodes the first frames of every image below a folder; the best time of each counts.
///
/// # Errors
/// When the folder is not there.
pub fn codecs(path: &Path, timer: Timer<'_>) -> Outcome<Value> {
    let found = Mutex::new(BTreeMap::<PathBuf, ImageHeader>::new());
    let take = |event| {
        if let ScanEvent::File(file) = event
            && let Found::Image(header) = file.found
        {
            lock(&found).insert(file.path, *header);
        }
    };
    scan(&[path.to_path_buf()], &take, Cancel::default().flag())?;
    let headers = found
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut rows = Vec::new();
    let mut syntaxes = BTreeMap::<String, (String, usize, f64, f64)>::new();
    for (path, header) in &headers {
        let (layout, syntax) = (&header.layout, &header.syntax);
        let frames = layout.frames.min(MOST_FRAMES);
        let mut row = json!({
            "path": path.to_string_lossy(), "syntax": syntax.uid, "name": syntax.name,
            "rows": layout.rows, "columns": layout.columns, "samples": layout.samples,
            "bits": layout.bits_stored, "frames": frames,
        });
        match best(header, frames, &mut *timer) {
            Ok(ms) => {
                let mpx = f64::from(layout.rows) * f64::from(layout.columns) / 1e6;
                row["ms_a_frame"] = json!(ms);
                row["mpx_per_s"] = json!(mpx / ms * 1e3);
                let sum = syntaxes
                    .entry(syntax.uid.clone())
                    .or_insert_with(|| (syntax.name.to_owned(), 0, 0.0, 0.0));
                sum.1 += 1;
                sum.2 += ms;
                sum.3 += mpx;
            }
            Err(error) => row["error"] = json!(error.message),
        }
        rows.push(row);
    }
    let syntaxes: Vec<Value> = syntaxes
        .into_iter()
        .map(|(uid, (name, files, ms, mpx))| {
            json!({"syntax": uid, "name": name, "files": files, "ms": ms, "mpx_per_s": mpx / ms * 1e3})
        })
        .collect();
    Ok(json!({"files": rows, "syntaxes": syntaxes}))
}

/// Mean over the frames of each frame's best time, ms.
fn best(header: &ImageHeader, frames: u32, timer: Timer<'_>) -> Outcome<f64> {
    let file = header.open()?;
    let mut sum = 0.0;
    for frame in 1..=frames {
        let (mut least, mut all, mut runs) = (f64::INFINITY, 0.0, 0);
        while runs < RUNS || all < LONG_ENOUGH / f64::from(frames) {
            let mut result = Ok(());
            let ms = timer(&mut || result = decode_with(&file, header, frame).map(drop));
            result?;
            least = least.min(ms);
            all += ms;
            runs += 1;
        }
        sum += least;
    }
    Ok(sum / f64::from(frames))
}
