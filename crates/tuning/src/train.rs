//! The loop: batches in an order that the seed alone decides, steps, judging, keeping, going on.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Result, TuningError};
use crate::model::{Example, Learner, Losses, Manner};
use crate::optimiser::{AdamW, OptimiserSettings};
use crate::random::Draw;
use crate::state;

/// Where examples come from. An example may look different each time it is seen.
pub trait Lessons: Sync {
    /// Examples in an epoch.
    fn len(&self) -> usize;

    /// None at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Example `index`; `draw` decides how it looks this time.
    fn example(&self, index: usize, draw: Draw) -> Example;
}

/// What a run is made of. Two runs with the same settings and lessons end with the same bytes, whatever the threads
/// and however often they were stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// Steps of the optimiser.
    pub steps: usize,
    /// Examples a step, accumulated over parts.
    pub batch: usize,
    /// Examples that are computed together.
    pub part: usize,
    /// Decides order, dropout and augmentation.
    pub seed: u64,
    /// The optimiser.
    pub optimiser: OptimiserSettings,
    /// Judged each so many steps, and at the end; 0: at the end alone.
    pub judge_every: usize,
    /// Stop when so many judgements in a row were no better than the best; 0: never.
    pub patience: usize,
    /// Kept on disk each so many steps; 0: when judged.
    pub keep_every: usize,
    /// What is learned from: a hash over lessons and base, so that a state is not taken up for other ones.
    pub subject: String,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Counted from 1.
    pub step: usize,
    /// Mean negative log-likelihood of an answer's token.
    pub loss: f64,
    /// Share of the answers' tokens that were the likeliest.
    pub right: f64,
    /// Mean loss of the auxiliary head; `None` without one.
    pub patches: Option<f64>,
    /// Norm of the gradients before clipping.
    pub norm: f64,
    /// Learning rate.
    pub rate: f64,
}

/// What a judgement found: higher is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// After which step.
    pub step: usize,
    /// What is compared between judgements.
    pub score: f64,
    /// The figures, as the judge gives them.
    pub figures: serde_json::Value,
}

/// What a run has to tell so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Every step.
    pub steps: Vec<StepReport>,
    /// Every judgement.
    pub judgements: Vec<Judgement>,
    /// The best judgement's step; 0 while there is none.
    pub best: usize,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All steps were made.
    Whole,
    /// It got no better.
    Early,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    settings: RunSettings,
    history: History,
}

/// A run: learner, optimiser, what was told.
#[derive(Debug)]
pub struct Run {
    /// The model.
    pub learner: Learner<f32>,
    settings: RunSettings,
    optimiser: AdamW<f32>,
    /// What was told.
    pub history: History,
    folder: Option<PathBuf>,
}

/// What the loop tells and asks while it runs.
pub trait Watch {
    /// A step was made. False: stop.
    fn step(&mut self, report: &StepReport, steps: usize) -> bool;

    /// Judges the model as it is.
    ///
    /// # Errors
    /// Whatever went wrong.
    fn judge(&mut self, learner: &Learner<f32>, step: usize) -> Result<Option<Judgement>>;
}

impl Run {
    /// A new run, or the one whose state lies in the folder.
    ///
    /// # Errors
    /// [`TuningError::OtherRun`], [`TuningError::Settings`].
    pub fn begin(learner: Learner<f32>, settings: RunSettings, folder: Option<&Path>) -> Result<Self> {
        if settings.steps == 0 || settings.batch == 0 {
            return Err(TuningError::Settings(
                "a run needs at least one step and one example a step".to_owned(),
            ));
        }
        let optimiser = AdamW::new(settings.optimiser, &learner.parameters);
        let mut run = Self {
            learner,
            settings,
            optimiser,
            history: History::default(),
            folder: folder.map(Path::to_path_buf),
        };
        if let Some(path) = run.path("state.bin")
            && let Some(words) = state::take(&path, &mut run.learner.parameters, &mut run.optimiser)?
        {
            let other = |reason: &str| TuningError::OtherRun {
                path: path.clone(),
                reason: reason.to_owned(),
            };
            let kept: Kept = serde_json::from_str(&words).map_err(|e| other(&e.to_string()))?;
            if kept.settings != run.settings {
                return Err(other("its settings, cases or base model differ"));
            }
            run.optimiser.steps = kept.history.steps.len();
            run.history = kept.history;
        }
        Ok(run)
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(name))
    }

    /// Steps made.
    pub fn done(&self) -> usize {
        self.history.steps.len()
    }

    /// Makes the steps that are left.
    ///
    /// # Errors
    /// [`TuningError::Diverged`]; [`TuningError::Cancelled`] when the watch said stop, with the state kept; whatever the
    /// judge or the disk said.
    pub fn go(&mut self, lessons: &dyn Lessons, watch: &mut dyn Watch) -> Result<Ended> {
        if lessons.is_empty() {
            return Err(TuningError::Settings(
                "there is no example to learn from".to_owned(),
            ));
        }
        let mut judged = None;
        loop {
            let (done, s) = (self.done(), &self.settings);
            let every = |step: usize, n: usize| n > 0 && step.is_multiple_of(n);
            let due = |step: usize| step == s.steps || every(step, s.judge_every);
            // The state was kept before: what stops a judgement costs no step, and it is made when the run is taken up.
            let known = self.history.judgements.iter().any(|j| j.step == done);
            if done > 0 && due(done) && !known && judged != Some(done) {
                judged = Some(done);
                if let Some(judgement) = watch.judge(&self.learner, done)? {
                    self.judged(judgement)?;
                    self.keep()?;
                }
            }
            if self.done() >= self.settings.steps {
                return Ok(Ended::Whole);
            }
            if self.is_over() {
                return Ok(Ended::Early);
            }
            let report = self.step(lessons)?;
            self.history.steps.push(report);
            let (step, s) = (report.step, &self.settings);
            let due = step == s.steps || every(step, s.judge_every) || every(step, s.keep_every);
            let go_on = watch.step(&report, s.steps);
            if due || !go_on {
                self.keep()?;
            }
            if !go_on {
                return Err(TuningError::Cancelled);
            }
        }
    }

    /// Takes a judgement in.
    fn judged(&mut self, judgement: Judgement) -> Result<()> {
        let best = self.best().map(|best| best.score);
        let step = judgement.step;
        let is_better = best.is_none_or(|best| judgement.score > best);
        self.history.judgements.push(judgement);
        if is_better {
            self.history.best = step;
            if let Some(path) = self.path("best.bin") {
                state::keep(&path, &self.learner.parameters, &self.optimiser, "best")?;
            }
        }
        Ok(())
    }

    /// It got no better for as long as the settings allow: so it is when the run is taken up again.
    fn is_over(&self) -> bool {
        let later = self.history.judgements.iter();
        let since = later.filter(|j| j.step > self.history.best).count();
        self.settings.patience > 0 && since >= self.settings.patience
    }

    /// The best judgement.
    pub fn best(&self) -> Option<&Judgement> {
        self.history
            .judgements
            .iter()
            .find(|j| j.step == self.history.best)
    }

    /// Puts the best model back in place of the last one, where it was kept.
    ///
    /// # Errors
    /// [`TuningError::OtherRun`].
    pub fn take_best(&mut self) -> Result<()> {
        if let Some(path) = self.path("best.bin") {
            let mut aside = self.optimiser.clone();
            let taken = state::take(&path, &mut self.learner.parameters, &mut aside)?;
            if taken.is_none() && self.history.best > 0 {
                return Err(TuningError::File {
                    path,
                    reason: "the best state is gone or damaged; delete the run's folder and start again"
                        .to_owned(),
                });
            }
        }
        Ok(())
    }

    fn keep(&self) -> Result<()> {
        let Some(path) = self.path("state.bin") else {
            return Ok(());
        };
        let kept = Kept {
            settings: self.settings.clone(),
            history: self.history.clone(),
        };
        let words = serde_json::to_string(&kept).map_err(|e| TuningError::Settings(e.to_string()))?;
        state::keep(&path, &self.learner.parameters, &self.optimiser, &words)
    }

    /// Examples of a step: every lesson once before any comes again, each epoch in an order of its own.
    fn batch(&self, lessons: &dyn Lessons, step: usize) -> Vec<Example> {
        let draw = Draw::new(self.settings.seed);
        let first = step * self.settings.batch;
        let mut orders: Vec<(usize, Vec<usize>)> = Vec::new();
        let picks: Vec<(usize, Draw)> = (first..first + self.settings.batch)
            .map(|i| {
                let (epoch, at) = (i / lessons.len(), i % lessons.len());
                if orders.last().is_none_or(|(e, _)| *e != epoch) {
                    orders.push((epoch, draw.named("order").of(epoch as u64).order(lessons.len())));
                }
                let order = orders.last().map_or(&[][..], |(_, order)| order);
                (order[at], draw.named("look").of(i as u64))
            })
            .collect();
        picks
            .into_par_iter()
            .map(|(index, draw)| lessons.example(index, draw))
            .collect()
    }

    fn step(&mut self, lessons: &dyn Lessons) -> Result<StepReport> {
        let step = self.done();
        let batch = self.batch(lessons, step);
        let batch: Vec<&Example> = batch.iter().collect();
        let manner = Manner {
            draw: Some(Draw::new(self.settings.seed).named("dropout").of(step as u64)),
            part: self.settings.part,
        };
        let (losses, mut gradients) = self.learner.gradients(&batch, manner);
        let Losses { answer, patches } = losses;
        let weight = answer.weight + if answer.weight > 0.0 { 0.0 } else { patches.weight };
        gradients.scale((1.0 / weight.max(1e-9)) as f32);
        let rate = self.settings.optimiser.rate(step, self.settings.steps);
        let norm = self
            .optimiser
            .step(&mut self.learner.parameters, &mut gradients, rate);
        if !norm.is_finite() || !answer.sum.is_finite() {
            return Err(TuningError::Diverged { step: step + 1 });
        }
        Ok(StepReport {
            step: step + 1,
            loss: answer.mean(),
            right: answer.right as f64 / answer.tokens.max(1) as f64,
            patches: (patches.tokens > 0).then(|| patches.mean()),
            norm,
            rate,
        })
    }
}
