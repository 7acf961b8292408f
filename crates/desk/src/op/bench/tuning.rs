//! A step of learning on this machine: seconds, tokens a second, memory; with the tower and with what it made remembered.

use std::path::PathBuf;
use std::sync::Arc;

use overread_medgemma::Precision;
use overread_medgemma::config::Config;
use overread_tuning::estimate::{Workload, estimate, measured_speed};
use overread_tuning::lora::LoraSettings;
use overread_tuning::made::Made;
use overread_tuning::random::Draw;
use overread_tuning::{AdamW, Example, Learner, Manner, OptimiserSettings, Seen};
use serde_json::{Value, json};

use super::{Timer, memory};
use crate::Outcome;
use crate::code::failure;

/// Tokens of the question, its marks included.
const TEXT: usize = 60;
/// Of them the answer.
const ANSWER: usize = 4;
/// Decides weights and example.
const SEED: u64 = 1;

/// What to measure.
#[derive(Clone, Debug)]
pub struct TuningBench {
    /// A folder whose model's sizes are taken; `None`: those of MedGemma 4B.
    pub model: Option<PathBuf>,
    /// How matrices are held.
    pub precision: Precision,
    /// Times each part is measured.
    pub runs: usize,
}

/// The sizes of MedGemma 4B; what is not said is the family's default.
fn medgemma_4b() -> Outcome<Config> {
    let file = json!({
        "model_type": "gemma3",
        "text_config": {
            "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34, "sliding_window": 1024,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0}
        },
        "vision_config": {
            "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16,
            "image_size": 896, "patch_size": 14
        }
    });
    Ok(Config::from_json(&file, None)?)
}

/// One picture, a question and its answer.
fn example(config: &Config, seen: Seen) -> Example {
    let images = config.tokens_per_image;
    let image = config.image_token.unwrap_or_default();
    let word = |i: usize| {
        (i * 7919
            % config
                .text
                .vocab_size
                .min(config.image_token.map_or(usize::MAX, |t| t as usize))) as u32
    };
    let ids: Vec<u32> = (0..images + TEXT)
        .map(|i| {
            if (2..images + 2).contains(&i) {
                image
            } else {
                word(i)
            }
        })
        .collect();
    Example {
        blocks: ids
            .iter()
            .enumerate()
            .map(|(i, _)| if (2..images + 2).contains(&i) { 0 } else { -1 })
            .collect(),
        answer: ids.len() - ANSWER..ids.len(),
        ids,
        seen,
        weight: 1.0,
        patches: None,
    }
}

/// What several runs of some work took, seconds.
struct Took {
    /// The shortest, by the clock.
    best: f64,
    /// Of one run, by all threads together: what other work on the machine hardly changes.
    processor: Option<f64>,
    told: Value,
}

fn times(runs: usize, timer: Timer<'_>, work: &mut dyn FnMut()) -> Took {
    let before = memory::processor();
    let all: Vec<f64> = (0..runs.max(1)).map(|_| timer(work) / 1e3).collect();
    let taken = memory::processor()
        .zip(before)
        .map(|(after, before)| after - before);
    let processor = taken.map(|seconds| seconds / all.len() as f64);
    let best = all.iter().copied().fold(f64::INFINITY, f64::min);
    Took {
        best,
        processor,
        told: json!({"best_s": best, "runs_s": all, "processor_s": processor}),
    }
}

/// How much longer one took than the other.
fn ratio(one: &Took, other: &Took) -> Value {
    let processor = one.processor.zip(other.processor).map(|(a, b)| a / b);
    json!({"best": one.best / other.best, "processor": processor})
}

/// Measures steps of a low-rank adapter of the default settings over made weights.
///
/// # Errors
/// A folder without a config, or one of a model that sees nothing.
pub fn tuning(bench: &TuningBench, timer: Timer<'_>) -> Outcome<Value> {
    let config = match &bench.model {
        Some(folder) => Config::read(folder)?,
        None => medgemma_4b()?,
    };
    let Some(side) = config.vision.as_ref().map(|v| v.image_size) else {
        return Err(failure(
            "bench.sees_nothing",
            "This model has no vision tower.".to_owned(),
            "Name a folder of a model that sees, or none.",
        ));
    };
    memory::forget_peak();
    let settings = LoraSettings::default();
    let mut built = Err(overread_tuning::TuningError::Cancelled);
    let making = timer(&mut || {
        built = Learner::build(&config, &mut Made::new(bench.precision)).and_then(|mut learner| {
            learner.attach_pairs(&settings, SEED)?;
            Ok(learner)
        });
    });
    let mut learner: Learner<f32> = built?;
    let mut adam = AdamW::new(OptimiserSettings::default(), &learner.parameters);
    let mut out = json!({
        "sizes": bench.model.as_ref().map_or("medgemma-4b".to_owned(), |folder| folder.display().to_string()),
        "precision": bench.precision.name(),
        "kernels": overread_medgemma::level(),
        "threads": overread_medgemma::threads(),
        "made_s": making / 1e3,
        "resident_after_load": memory::resident(),
        "learned": learner.parameters.learned(),
        "rank": settings.rank,
        "targets": settings.targets,
    });

    let picture: Arc<Vec<f32>> = Arc::new((0..3 * side * side).map(|i| (0.011 * i as f32).sin()).collect());
    memory::forget_peak();
    let mut features = Vec::new();
    let mut tower = times(bench.runs, timer, &mut || {
        features = learner.features(std::slice::from_ref(&picture));
    });
    tower.told["peak_rss"] = json!(memory::peak());
    out["tower"] = tower.told.clone();

    let remembered = example(&config, Seen::Features(Arc::new(features)));
    let looked_at = example(&config, Seen::Pictures(vec![picture]));
    out["tokens"] = json!({
        "image": config.tokens_per_image, "text": TEXT, "answer": ANSWER, "all": remembered.ids.len(),
    });
    let speed = measured_speed(bench.precision)?;
    out["operations_per_s"] = json!(speed);
    let mut step = |example: &Example, recompute: bool| {
        learner.set_recompute(recompute);
        memory::forget_peak();
        let mut loss = f64::NAN;
        let mut took = times(bench.runs, timer, &mut || {
            let manner = Manner {
                draw: Some(Draw::new(SEED)),
                part: 1,
            };
            let (losses, mut gradients) = learner.gradients(&[example], manner);
            gradients.scale((1.0 / losses.answer.weight) as f32);
            adam.step(&mut learner.parameters, &mut gradients, 1e-4);
            loss = losses.answer.mean();
        });
        let estimated = estimate(
            &config,
            &settings,
            &Workload {
                text: TEXT,
                answer: ANSWER,
                pictures: 1,
                batch: 1,
                part: 1,
                recompute,
                remembered: matches!(example.seen, Seen::Features(_)),
                precision: bench.precision,
            },
        );
        let best = took.best;
        let told = &mut took.told;
        told["tokens_per_s"] = json!(example.ids.len() as f64 / best);
        told["peak_rss"] = json!(memory::peak());
        told["loss"] = json!(loss);
        told["operations"] = json!(estimated.operations);
        told["estimated"] = json!({"peak": estimated.bytes(), "seconds": estimated.seconds(speed)});
        took
    };
    let kept = step(&remembered, false);
    let recomputed = step(&remembered, true);
    let with_tower = step(&looked_at, false);
    out["epoch_with_tower_over_remembered"] = ratio(&with_tower, &kept);
    out["tower_over_step"] = ratio(&tower, &kept);
    out["step"] = kept.told;
    out["step_recomputed"] = recomputed.told;
    out["step_with_tower"] = with_tower.told;
    Ok(out)
}
