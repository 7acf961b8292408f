//! `overread bench`: figures of this machine, p50 and p95 in milliseconds.

use std::time::Instant;

use overread_desk::Desk;
use overread_desk::op::bench as op_bench;
use serde_json::json;

use crate::arguments::{BenchArguments, Dtype};
use crate::files::{print_json, print_text};
use crate::{Outcome, Trouble};

/// Runs the parts asked for.
pub(crate) fn bench(desk: &Desk, a: &BenchArguments) -> Outcome {
    let part = a.part.as_deref();
    let known = [
        "scan",
        "decode",
        "present",
        "volume",
        "files",
        "model",
        "evaluation",
        "tuning",
    ];
    if let Some(other) = part.filter(|p| !known.contains(p)) {
        return Err(Trouble::Usage(format!(
            "There is no bench `{other}`: {}.",
            known.join(", ")
        )));
    }
    let wants = |name: &str| part.is_none_or(|p| p == name);
    let folder = a.folder.as_deref().or(a.path.as_deref());
    let path = match folder {
        // They make what they need.
        None if matches!(part, Some("files" | "volume" | "evaluation" | "tuning")) => {
            std::path::PathBuf::new()
        }
        Some(path) => path.to_path_buf(),
        None => overread_desk::op::demo::make_study(desk, &|_, _| true)?,
    };
    let mut out = json!({"version": env!("CARGO_PKG_VERSION"), "cores": std::thread::available_parallelism().map_or(1, usize::from)});
    if wants("scan") {
        out["scan"] = op_bench::scan(&path, &mut timer())?;
    }
    if wants("decode") {
        out["decode"] = if part.is_some() && a.folder.is_some() {
            op_bench::codecs(&path, &mut timer())?
        } else {
            op_bench::decode(desk, &path, &mut timer())?
        };
    }
    if wants("present") {
        out["present"] = op_bench::present(desk, &path, &mut timer())?;
    }
    if part == Some("volume") {
        out["volume"] = op_bench::volume(desk, folder, a.count.min(1000), &mut timer())?;
    }
    if part == Some("files") {
        out["files"] = op_bench::files(a.count, &mut timer())?;
    }
    if part == Some("evaluation") {
        out["evaluation"] = op_bench::evaluation(desk, a.count, a.resamples, &mut timer())?;
    }
    if part == Some("model") {
        let model = a
            .model
            .as_deref()
            .or(a.folder.as_deref())
            .ok_or_else(|| Trouble::Usage("Say which model: bench model DIR.".to_owned()))?;
        let bench = op_bench::ModelBench {
            model: model.to_path_buf(),
            precision: overread_desk::op::precision::engines(crate::models::precision(
                a.dtype.unwrap_or(Dtype::F32),
            )),
            device: a.device.clone(),
            runs: a.runs,
            long: a.long,
            cache: Some(desk.cache_folder()),
        };
        out["model"] = op_bench::model(&bench, &mut timer())?;
    }
    if part == Some("tuning") {
        let bench = op_bench::TuningBench {
            model: a.model.clone().or_else(|| a.folder.clone()),
            precision: overread_desk::op::precision::engines(crate::models::precision(
                a.dtype.unwrap_or(Dtype::Q4),
            )),
            runs: a.runs,
        };
        out["tuning"] = op_bench::tuning(&bench, &mut timer())?;
    }
    if a.json {
        return print_json(&out);
    }
    print_text(&(serde_json::to_string_pretty(&out).unwrap_or_default() + "\n"))
}

/// Milliseconds that a piece of work takes.
fn timer() -> impl FnMut(&mut dyn FnMut()) -> f64 {
    |work: &mut dyn FnMut()| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64() * 1000.0
    }
}
