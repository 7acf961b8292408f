//! Measured work: scan, decode, present, model, learning. The caller brings the stopwatch.

mod codecs;
mod evaluation;
mod files;
mod memory;
mod model;
mod tuning;
mod volume;

use std::path::Path;

use overread_imaging::render;
use overread_imaging::view::View;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::{Cancel, Outcome};

pub use codecs::codecs;
pub use evaluation::evaluation;
pub use files::files;
pub use model::{ModelBench, model};
pub use tuning::{TuningBench, tuning};
pub use volume::volume;

/// Milliseconds that a piece of work takes.
pub type Timer<'a> = &'a mut dyn FnMut(&mut dyn FnMut()) -> f64;

/// p50 and p95 of times.
fn spread(mut times: Vec<f64>) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |q: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index within the list"
        )]
        times
            .get(((times.len().saturating_sub(1)) as f64 * q).round() as usize)
            .copied()
    };
    json!({"runs": times.len(), "p50_ms": at(0.5), "p95_ms": at(0.95)})
}

/// Scans a folder, five times.
///
/// # Errors
/// When it is not there.
pub fn scan(path: &Path, timer: Timer<'_>) -> Outcome<Value> {
    let roots = [path.to_path_buf()];
    let mut files = 0;
    let mut failed = None;
    let times: Vec<f64> = (0..5)
        .map(|_| {
            timer(
                &mut || match overread_dicom::scan::scan(&roots, &|_| {}, Cancel::default().flag()) {
                    Ok(summary) => files = summary.files,
                    Err(error) => failed = Some(error),
                },
            )
        })
        .collect();
    if let Some(error) = failed {
        return Err(error.into());
    }
    let best = times.iter().copied().fold(f64::INFINITY, f64::min);
    let mut out = spread(times);
    out["files"] = json!(files);
    out["best_ms_a_file"] = json!(best / files.max(1) as f64);
    Ok(out)
}

/// Decodes every frame of the largest display set, each from its file.
///
/// # Errors
/// When a frame cannot be decoded.
pub fn decode(desk: &Desk, path: &Path, timer: Timer<'_>) -> Outcome<Value> {
    let sets = crate::op::open::load(desk, path)?;
    let set = crate::op::open::choose(&sets, None)?;
    let mut times = Vec::new();
    for frame in set.frames.iter().take(100) {
        let mut result = Ok(());
        times.push(timer(&mut || {
            result = overread_dicom::decode(&frame.header.path, frame.frame).map(drop)
        }));
        result?;
    }
    let mut out = spread(times);
    out["syntax"] = json!(set.first().header.syntax.name);
    Ok(out)
}

/// Draws a slice by the reference renderer and by wgpu.
///
/// # Errors
/// When the slice cannot be decoded.
pub fn present(desk: &Desk, path: &Path, timer: Timer<'_>) -> Outcome<Value> {
    let sets = crate::op::open::load(desk, path)?;
    let set = crate::op::open::choose(&sets, None)?;
    let frame = desk.frames.get(&set.frames[set.middle()])?;
    let a = &frame.attributes;
    let voi = render::default_voi(&frame);
    let mut out = json!({"adapter": overread_render::adapter()});
    for side in [512, 1024] {
        let view = View::fit(a.columns, a.rows, a.spacing.aspect, side, side);
        let reference: Vec<f64> = (0..20)
            .map(|_| timer(&mut || drop(render::render(&frame, &voi, &view))))
            .collect();
        let drawn: Vec<f64> = (0..20)
            .map(|_| timer(&mut || drop(overread_render::draw(&frame, &voi, &view))))
            .collect();
        out[format!("{side}")] = json!({"reference": spread(reference), "wgpu": spread(drawn)});
    }
    Ok(out)
}
