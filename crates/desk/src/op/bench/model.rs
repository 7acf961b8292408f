//! A model's speed on this machine: the table of docs/engine.md, and a question asked twice.

use std::path::PathBuf;
use std::time::Duration;

use overread_medgemma::{
    Cancel, Engine, LoadOptions, Message, Part, Picture, Precision, Question, Role, Task,
};
use serde_json::{Value, json};

use super::{Timer, memory};
use crate::Outcome;

/// Findings of a chest radiograph, as many as a question of a reading list has.
const LABELS: [&str; 14] = [
    "atelectasis",
    "cardiomegaly",
    "consolidation",
    "edema",
    "effusion",
    "emphysema",
    "fibrosis",
    "hernia",
    "infiltration",
    "mass",
    "nodule",
    "pleural thickening",
    "pneumonia",
    "pneumothorax",
];

/// What to measure.
#[derive(Clone, Debug)]
pub struct ModelBench {
    /// Folder or GGUF file.
    pub model: PathBuf,
    /// How matrices are held.
    pub precision: Precision,
    /// `cpu`, `cuda`, `metal`.
    pub device: String,
    /// Times each part is measured.
    pub runs: usize,
    /// Tokens of a long prompt of images whose memory is measured; 0 leaves it out.
    pub long: usize,
    /// Where quantised weights are kept between runs.
    pub cache: Option<PathBuf>,
}

/// Loads the model and measures it.
///
/// # Errors
/// Whatever loading or reading may meet.
pub fn model(bench: &ModelBench, timer: Timer<'_>) -> Outcome<Value> {
    let cancel = Cancel::default();
    let options = LoadOptions {
        precision: bench.precision,
        cache: bench.cache.clone(),
        device: bench.device.clone(),
        ..LoadOptions::default()
    };
    memory::forget_peak();
    let mut loaded = None;
    let load =
        timer(&mut || loaded = Some(Engine::load(&bench.model, options.clone(), &mut |_| {}, &cancel)));
    let Some(engine) = loaded.transpose()? else {
        return Ok(Value::Null);
    };
    let weights = memory::resident();
    let load_peak = memory::peak();
    let mut out = json!({
        "model": engine.description().name,
        "precision": bench.precision.name(),
        "device": bench.device,
        "kernels": overread_medgemma::level(),
        "threads": overread_medgemma::threads(),
        "load_s": load / 1e3,
        "resident_after_load": weights,
        "peak_of_load": load_peak,
    });
    let sees = engine.description().image_size.is_some();
    if sees {
        out["vision"] = seconds(bench.runs, timer, &mut |run| {
            engine.measure_vision(run as u32 + 1, &cancel).map(drop)
        })?;
    }
    let (prompt, decoded) = (300, 64);
    let context = engine.description().context;
    let prompt = prompt.min(context.saturating_sub(decoded));
    out["prefill"] = rate(
        prompt,
        seconds(bench.runs, timer, &mut |_| {
            engine.measure_prefill(prompt, false, &cancel).map(drop)
        })?,
    );
    let begun = engine.measure_prefill(16.min(prompt), false, &cancel)?;
    out["decode"] = rate(
        decoded,
        seconds(bench.runs, timer, &mut |_| {
            engine.measure_decode(&mut begun.clone(), decoded, &cancel)
        })?,
    );
    if sees {
        memory::forget_peak();
        out["question"] = question(&engine, timer, &cancel)?;
        out["question"]["peak_rss"] = json!(memory::peak());
    }
    out["cancel_ms"] = json!({
        "vision": sees.then(|| stopped(timer, &|cancel| engine.measure_vision(99, cancel).is_err())),
        "prefill": stopped(timer, &|cancel| {
            engine.measure_prefill(context.min(4096), false, cancel).is_err()
        }),
    });
    if bench.long > 0 {
        memory::forget_peak();
        let mut read = None;
        let took = timer(&mut || read = Some(engine.measure_prefill(bench.long, sees, &cancel)));
        if let Some(read) = read.transpose()? {
            out["long"] = json!({
                "tokens": bench.long, "seconds": took / 1e3, "cache_bytes": engine.measured_cache(&read),
                "peak_rss": memory::peak(),
            });
        }
    }
    Ok(out)
}

/// A new slice with one question and fourteen labels, then another question about the same slice.
fn question(engine: &Engine, timer: Timer<'_>, cancel: &Cancel) -> Outcome<Value> {
    let side = engine.description().image_size.unwrap_or(1);
    let picture = Picture {
        width: side,
        height: side,
        rgb: (0..side * side * 3).map(|i| (i / 7 % 251) as u8).collect(),
    };
    let mut ask = |text: &str| -> Outcome<f64> {
        let question = Question {
            messages: vec![Message {
                role: Role::User,
                parts: vec![Part::Image, Part::Text(text.to_owned())],
            }],
            images: vec![picture.clone()],
            task: Task::Score(LABELS.map(str::to_owned).to_vec()),
            ..Question::default()
        };
        let mut answer = None;
        let took = timer(&mut || answer = Some(engine.read(&question, &mut |_| {}, cancel)));
        answer.transpose()?;
        Ok(took / 1e3)
    };
    let first = ask("What is the most likely finding in this radiograph?")?;
    let second = ask("Which finding needs to be told to the ward at once?")?;
    Ok(json!({
        "labels": LABELS.len(), "first_s": first, "second_s": second, "second_over_first": second / first,
    }))
}

/// Milliseconds from a cancel in the middle of some work to its end; `None` when the work was done before.
fn stopped(timer: Timer<'_>, work: &(dyn Fn(&Cancel) -> bool + Sync)) -> Option<f64> {
    const BEFORE: Duration = Duration::from_millis(700);
    let cancel = Cancel::default();
    let mut was_stopped = false;
    let whole = std::thread::scope(|scope| {
        let told = cancel.clone();
        let (begin, began) = std::sync::mpsc::channel();
        scope.spawn(move || {
            if began.recv().is_ok() {
                std::thread::sleep(BEFORE);
                told.cancel();
            }
        });
        timer(&mut || {
            let _ = begin.send(());
            was_stopped = work(&cancel);
        })
    });
    was_stopped.then_some(whole - BEFORE.as_secs_f64() * 1e3)
}

/// Seconds of several runs, the median first.
fn seconds<E>(
    runs: usize,
    timer: Timer<'_>,
    work: &mut dyn FnMut(usize) -> Result<(), E>,
) -> Result<Value, E> {
    let mut all = Vec::new();
    for run in 0..runs.max(1) {
        let mut result = Ok(());
        all.push(timer(&mut || result = work(run)) / 1e3);
        result?;
    }
    let mut sorted = all.clone();
    sorted.sort_by(f64::total_cmp);
    Ok(json!({"median_s": sorted[sorted.len() / 2], "runs_s": all}))
}

fn rate(tokens: usize, mut times: Value) -> Value {
    times["tokens"] = json!(tokens);
    times["tokens_per_s"] = json!(times["median_s"].as_f64().map(|s| tokens as f64 / s));
    times
}
