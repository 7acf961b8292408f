//! From a seed to a folder: cases, four stages, judging, calibration, files.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use overread_evaluation::metrics::calibrators::{Calibrator, Kind, fit_list};
use overread_evaluation::metrics::confidence::{equal_width, expected_error};
use overread_evaluation::metrics::probabilities::Case as Scored;
use overread_medgemma::Message;
use overread_medgemma::files::ModelFiles;
use overread_phantom::LABELS;
use overread_phantom::checkpoint::{PROMPT, write_reader_files};
use overread_tuning::augment::Look;
use overread_tuning::scratch::{FirstValues, round, write_model};
use overread_tuning::train::{Judgement, Lessons, Run, RunSettings, StepReport, Watch};
use overread_tuning::{Learner, OptimiserSettings, Schedule, TuningError};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::answers::{AnswerLessons, Phrases, Remembered};
use super::baseline;
use super::folder::{self, Fit};
use super::judge::Judge;
use super::patches::PatchLessons;
use super::slices::{GRID, PATCH, SIDE, Set, Slice, Volume, make, volumes};

/// How much is learned. The defaults are the committed model's.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Decides every byte.
    pub seed: u64,
    /// Easy and hard cases to learn from.
    pub cases: [usize; 2],
    /// Short volumes to learn from.
    pub volumes: usize,
    /// Steps of the four stages.
    pub steps: [usize; 4],
    /// Held-out cases of each kind.
    pub judged: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            cases: [8000, 1600],
            volumes: 600,
            steps: [9000, 500, 2000, 600],
            judged: 500,
        }
    }
}

impl Plan {
    fn set(&self, number: u64, cases: usize, hard: bool) -> Set {
        Set {
            seed: SETS ^ (self.seed << 32) ^ number,
            cases,
            hard,
        }
    }
}

/// Examples a step.
const BATCH: usize = 32;
/// Of them computed together.
const PART: usize = 4;
/// Seeds of the sets, apart from each other and from those that people are likely to try.
const SETS: u64 = 0x0DE3_0000;

struct Told<'a> {
    stage: &'static str,
    began: Instant,
    say: &'a mut dyn FnMut(&str),
    sum: [f64; 4],
}

impl Watch for Told<'_> {
    fn step(&mut self, report: &StepReport, steps: usize) -> bool {
        let now = [
            report.loss,
            report.right,
            report.patches.unwrap_or(0.0),
            report.norm,
        ];
        self.sum.iter_mut().zip(now).for_each(|(s, v)| *s += v);
        let every = (steps / 20).max(1);
        if report.step.is_multiple_of(every) {
            let [loss, right, patches, norm] = self.sum.map(|s| s / every as f64);
            (self.say)(&format!(
                "{}: step {} of {steps}, loss {loss:.3}, right {right:.3}, patches {patches:.3}, norm {norm:.2}, {:.0} s",
                self.stage,
                report.step,
                self.began.elapsed().as_secs_f64()
            ));
            self.sum = [0.0; 4];
        }
        true
    }

    fn judge(&mut self, _: &Learner<f32>, _: usize) -> Result<Option<Judgement>, TuningError> {
        Ok(None)
    }
}

/// Of a stage, counted from 1.
fn settings(plan: &Plan, stage: usize, rate: f64) -> RunSettings {
    RunSettings {
        steps: plan.steps[stage - 1],
        batch: BATCH,
        part: PART,
        seed: plan.seed ^ ((stage as u64) << 32),
        optimiser: OptimiserSettings {
            learning_rate: rate,
            beta2: 0.98,
            weight_decay: 0.05,
            clip: 1.0,
            schedule: Schedule::Cosine,
            warm_up: 0.02,
            ..OptimiserSettings::default()
        },
        judge_every: 0,
        patience: 0,
        keep_every: 0,
        subject: format!("demo model, stage {stage}"),
    }
}

/// Positions begin as sines and cosines of row and column.
fn positions(width: usize) -> Vec<f32> {
    let quarter = width / 4;
    let angle =
        |at: usize, i: usize| (at as f64 * 16.0 / GRID as f64) / 100_f64.powf(i as f64 / quarter as f64);
    let mut out = Vec::new();
    for patch in 0..GRID * GRID {
        for at in [patch / GRID, patch % GRID] {
            out.extend((0..quarter).map(|i| 0.5 * angle(at, i).sin() as f32));
            out.extend((0..quarter).map(|i| 0.5 * angle(at, i).cos() as f32));
        }
        out.resize((patch + 1) * width, 0.0);
    }
    out
}

/// The patch map's bias takes the mean patch to 0, so that no direction begins far from the middle.
fn centre(learner: &mut Learner<f32>, slices: &[Slice]) {
    let inputs = 3 * PATCH * PATCH;
    let mut mean = vec![0.0_f64; inputs];
    let some: Vec<&Slice> = slices.iter().step_by(20).collect();
    for slice in &some {
        for (i, value) in Look::PLAIN.values(&slice.rgb, SIDE).into_iter().enumerate() {
            let (c, y, x) = (i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
            mean[c * PATCH * PATCH + y % PATCH * PATCH + x % PATCH] += f64::from(value);
        }
    }
    let share = 1.0 / (some.len() * GRID * GRID).max(1) as f64;
    let names = ["weight", "bias"].map(|part| format!("vision.embeddings.patch_embedding.{part}"));
    if let [Some(weight), Some(bias)] = names.map(|name| learner.parameters.find(&name)) {
        let towards: Vec<f32> = learner
            .parameters
            .values(weight)
            .chunks_exact(inputs)
            .map(|row| {
                -row.iter()
                    .zip(&mean)
                    .map(|(w, m)| f64::from(*w) * m * share)
                    .sum::<f64>() as f32
            })
            .collect();
        learner.parameters.values_mut(bias).copy_from_slice(&towards);
    }
}

fn remember(learner: &Learner<f32>, rgb: &[u8]) -> Remembered {
    [false, true].map(|mirrored| {
        if rgb.is_empty() {
            return Arc::new(Vec::new());
        }
        let look = Look {
            mirrored,
            ..Look::PLAIN
        };
        Arc::new(learner.hidden(&[Arc::new(look.values(rgb, SIDE))]))
    })
}

/// Shares of the labels' likelihoods at a temperature.
fn scored(all: &[(Vec<f64>, usize)], t: f64) -> Vec<Scored> {
    let softmax = |scores: &Vec<f64>| {
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = scores.iter().map(|s| ((s - most) / t).exp()).collect();
        let sum: f64 = shares.iter().sum();
        shares.into_iter().map(|s| s / sum).collect()
    };
    all.iter()
        .map(|(scores, truth)| Scored {
            probabilities: softmax(scores),
            truth: *truth,
        })
        .collect()
}

/// Expected calibration error in ten bins of equal width.
fn error_of(all: &[(Vec<f64>, usize)], t: f64) -> Option<f64> {
    let answers: Vec<_> = scored(all, t).iter().filter_map(Scored::answer).collect();
    expected_error(&equal_width(&answers, 10))
}

/// Trains the model and writes it. `messages` says a question as the desk does; `say` hears what happens.
///
/// # Errors
/// A folder that cannot be written, a loss that ran away.
pub(super) fn learn(
    out: &Path,
    plan: &Plan,
    messages: &(dyn Fn(&str, usize) -> Vec<Message> + Sync),
    say: &mut dyn FnMut(&str),
) -> Result<(), TuningError> {
    let began = Instant::now();
    let trouble = |error: &dyn std::fmt::Display| TuningError::Settings(error.to_string());
    write_reader_files(out).map_err(|error| trouble(&error))?;
    let config = overread_medgemma::config::Config::read(out)?;
    let tower = config.vision.clone().unwrap_or_else(|| unreachable!());
    let set = |number, cases, hard| plan.set(number, cases, hard);
    let mut learned = make(set(1, plan.cases[0], false), true);
    learned.extend(make(set(2, plan.cases[1], true), true));
    let short: Vec<Volume> = (3..=5)
        .flat_map(|slices| volumes(set(10 + slices as u64, 0, false).seed, plan.volumes / 3, slices))
        .collect();
    say(&format!(
        "{} cases made, {:.0} s",
        learned.len(),
        began.elapsed().as_secs_f64()
    ));

    let name = "vision.embeddings.position_embedding.weight";
    let mut first = FirstValues::new(plan.seed, tower.layers).with(name, positions(tower.hidden_size));
    let mut learner = Learner::build(&config, &mut first)?;
    learner.set_auxiliary(LABELS.len(), 1.0);
    centre(&mut learner, &learned);
    write_model(&learner, &out.join("model.safetensors"))?;
    let files = ModelFiles::open(out)?;
    let phrases = Phrases::new(&files, messages, 5)?;

    let mut stage = |learner: Learner<f32>,
                     number: usize,
                     name: &'static str,
                     rate: f64,
                     lessons: &dyn Lessons|
     -> Result<Learner<f32>, TuningError> {
        let mut run = Run::begin(learner, settings(plan, number, rate), None)?;
        let mut told = Told {
            stage: name,
            began,
            say: &mut *say,
            sum: [0.0; 4],
        };
        run.go(lessons, &mut told)?;
        Ok(run.learner)
    };

    // 1: what a lesion looks like.
    learner.learn_only(|name| name.starts_with("vision.") || name.starts_with("auxiliary."));
    let lessons = PatchLessons::new(&learned);
    learner = stage(learner, 1, "patches", 1e-3, &lessons)?;

    // 2: how to answer.
    learner.learn_only(|name| name.starts_with("text.") || name.starts_with("projector."));
    let some = learned.len().min(4000);
    let remembered: Vec<Remembered> = learned[..some]
        .par_iter()
        .map(|s| remember(&learner, &s.rgb))
        .collect();
    let answers = |shares, patches| AnswerLessons {
        phrases: &phrases,
        slices: &learned,
        remembered: &[],
        without: &[],
        volumes: &[],
        remembered_volumes: &[],
        shares,
        patches,
    };
    let lessons = AnswerLessons {
        slices: &learned[..some],
        remembered: &remembered,
        ..answers([0.0, 0.2, 0.0], false)
    };
    learner = stage(learner, 2, "answers", 2e-3, &lessons)?;
    drop(remembered);

    // 3: both.
    learner.learn_only(|_| true);
    learner.set_auxiliary_share(1.0);
    let lessons = answers([0.0, 0.15, 0.15], true);
    learner = stage(learner, 3, "both", 5e-4, &lessons)?;

    // 4: every question, over the tower as it now is.
    learner.learn_only(|name| name.starts_with("text.") || name.starts_with("projector."));
    let remembered: Vec<Remembered> = learned.par_iter().map(|s| remember(&learner, &s.rgb)).collect();
    let without: Vec<Remembered> = learned
        .par_iter()
        .map(|s| remember(&learner, &s.without))
        .collect();
    let plain = |rgb: &Vec<u8>| Arc::new(Look::PLAIN.values(rgb, SIDE));
    let remembered_volumes: Vec<Vec<f32>> = short
        .par_iter()
        .map(|v| learner.hidden(&v.slices.iter().map(plain).collect::<Vec<_>>()))
        .collect();
    let lessons = AnswerLessons {
        remembered: &remembered,
        without: &without,
        volumes: &short,
        remembered_volumes: &remembered_volumes,
        ..answers([0.3, 0.3, 0.15], false)
    };
    learner = stage(learner, 4, "questions", 4e-4, &lessons)?;
    drop((remembered, without, remembered_volumes));

    round(&mut learner);
    write_model(&learner, &out.join("model.safetensors"))?;
    say(&format!("learned, {:.0} s", began.elapsed().as_secs_f64()));
    Ok(())
}

/// Judges the model of a folder as a user asks it, on cases that nothing was learned from, fits its temperature on others,
/// and writes what stands beside the weights. Gives the figures.
///
/// # Errors
/// A folder that holds no such model or cannot be written.
pub(super) fn describe(
    out: &Path,
    plan: &Plan,
    messages: &(dyn Fn(&str, usize) -> Vec<Message> + Sync),
    say: &mut dyn FnMut(&str),
) -> Result<Value, TuningError> {
    let config = overread_medgemma::config::Config::read(out)?;
    let set = |number, cases, hard| plan.set(number, cases, hard);
    let judge = Judge::load(out, messages)?;
    let fitting = judge.findings(&make(set(100, plan.judged, false), false))?;
    let fitted = fit_list(Kind::Temperature, &scored(&fitting.scores, 1.0), LABELS.len());
    let t = match fitted.as_ref().map(|f| &f.calibrator) {
        Some(Calibrator::Temperature { t }) => *t,
        _ => 1.0,
    };
    let held = make(set(200, plan.judged, false), false);
    let hard = make(set(201, plan.judged, true), false);
    let held_volumes = volumes(set(202, 0, false).seed, plan.judged / 5, 4);
    let (on_held, on_hard) = (judge.findings(&held)?, judge.findings(&hard)?);
    say("judged; now what a model that understands nothing reaches");
    let learned = make(set(1, plan.cases[0].min(5000), false), false);
    let baseline = baseline::accuracies(&learned, [&held, &hard], plan.seed);
    let report = json!({
        "seed": plan.seed,
        "cases": plan.cases,
        "steps": plan.steps,
        "parameters": config.parameters(),
        "held_out": on_held,
        "hard": on_hard,
        "calibration_set": fitting,
        "temperature": fitted,
        "ece_10_bins": {
            "held_out": [error_of(&on_held.scores, 1.0), error_of(&on_held.scores, t)],
            "hard": [error_of(&on_hard.scores, 1.0), error_of(&on_hard.scores, t)],
        },
        "sides": judge.sides(&held)?,
        "places": judge.places(&held)?,
        "volumes": judge.volumes(&held_volumes)?,
        "baseline": {"held_out": baseline[0], "hard": baseline[1]},
        "weights_sha256": judge.weights_sha256(),
    });
    let fit = fitted.map(|fitted| Fit {
        t,
        interval: fitted.interval,
        log_loss: [fitted.before, fitted.after],
        n: fitted.n,
        weights_sha256: judge.weights_sha256().to_owned(),
        question_sha256: judge.question(PROMPT, &[&held[0].rgb], &LABELS).fingerprint(),
    });
    folder::write(out, fit, &report)?;
    Ok(report)
}
