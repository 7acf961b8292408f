//! What happens after each step of a run: it is told, questions go first, judgements are made.

use std::time::{Duration, Instant};

use overread_tuning::lora::{LoraSettings, write_adapter};
use overread_tuning::train::{Judgement, Lessons, Run, StepReport, Watch};
use overread_tuning::{Example, Learner, TuningError};
use serde_json::json;

use crate::desk::Desk;
use crate::op::tune::cases::Cases;
use crate::op::tune::folder::{self, Judged, Place, Record};
use crate::op::tune::judge::{Judge, TUNED};
use crate::op::tune::options::Best;
use crate::wire::tuning::{Figure, TuneEvent};
use crate::{Cancel, Failure, Outcome};

/// How often a waiting run looks whether the question was answered.
const LOOK: Duration = Duration::from_millis(50);

/// What a run tells and asks.
pub(crate) struct Watching<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) events: &'a (dyn Fn(TuneEvent) + Sync),
    pub(crate) cancel: &'a Cancel,
    pub(crate) place: &'a Place,
    pub(crate) lora: &'a LoraSettings,
    pub(crate) base_model: &'a str,
    pub(crate) validation: Option<&'a Cases<'a>>,
    /// `None`: the loss alone is judged.
    pub(crate) judge: Option<&'a Judge<'a>>,
    pub(crate) best: Best,
    pub(crate) part: usize,
    pub(crate) judge_every: usize,
    /// What really went wrong, where the trainer only knows that it was stopped.
    pub(crate) trouble: Option<Failure>,
    /// Seconds and number of steps and of judgements.
    pub(crate) pace: [(f64, u32); 2],
    pub(crate) last: Instant,
    /// What is written beside the state, so that the run can be looked at while it goes and after a kill.
    pub(crate) record: Record,
}

impl Watching<'_> {
    /// Tells what an earlier start did, and what the base model reached.
    ///
    /// # Errors
    /// A full disk.
    pub(crate) fn begin(&mut self, run: &Run, base: Vec<Figure>) -> Outcome<()> {
        self.record.history = run.history.clone();
        if self.validation.is_some() {
            // The loss of the base is known only before the first step; a run that is taken up has it on record.
            let known = folder::read(&self.place.0).and_then(|r| r.base_judged?.loss);
            let loss = if run.done() == 0 {
                self.loss(&run.learner)
            } else {
                known
            };
            self.record.base_judged = Some(Judged { loss, figures: base });
        }
        if let Some(told) = folder::base(&self.record) {
            (self.events)(TuneEvent::Judged(Box::new(told)));
        }
        if run.done() > 0 {
            (self.events)(TuneEvent::Resumed {
                steps: run.history.steps.iter().map(folder::step).collect(),
                judged: run
                    .history
                    .judgements
                    .iter()
                    .map(|j| folder::judged(j, run.history.best))
                    .collect(),
            });
        }
        self.place.keep(&self.record)
    }

    fn seconds_left(&self, step: usize, steps: usize) -> Option<f64> {
        let [(seconds, n), (judging, judged)] = self.pace;
        let left = steps.saturating_sub(step);
        let judgements = if self.judge_every == 0 {
            1
        } else {
            left.div_ceil(self.judge_every)
        };
        let each = |(seconds, n): (f64, u32)| if n > 0 { seconds / f64::from(n) } else { 0.0 };
        (n > 0).then(|| each((seconds, n)) * left as f64 + each((judging, judged)) * judgements as f64)
    }

    /// A clinician who asks a question does not wait for a run of hours.
    fn wait(&self) {
        while self.desk.models.is_questioned() && !self.cancel.is_cancelled() {
            std::thread::sleep(LOOK);
        }
    }

    /// Mean loss of an answer's token on the validation split, without dropout.
    pub(crate) fn loss(&self, learner: &Learner<f32>) -> Option<f64> {
        let cases = self.validation?;
        let mut all = overread_tuning::Losses::default();
        let group = self.part.max(1) * 4;
        let order: Vec<usize> = (0..cases.len()).collect();
        for some in order.chunks(group) {
            self.wait();
            if self.cancel.is_cancelled() {
                return None;
            }
            let draw = overread_tuning::random::Draw::new(0);
            let examples: Vec<Example> = some.iter().map(|i| cases.example(*i, draw)).collect();
            let examples: Vec<&Example> = examples.iter().collect();
            all.add(&learner.losses(&examples, self.part));
        }
        let mean = all.answer.mean();
        (mean.is_finite() && cases.len() > 0).then_some(mean)
    }

    fn judged(&mut self, learner: &Learner<f32>, step: usize) -> Result<Option<Judgement>, Failure> {
        if self.validation.is_none() {
            return Ok(None);
        }
        let loss = self.loss(learner);
        self.cancel.check()?;
        let adapter = self.place.adapter(step);
        let mut figures: Vec<Figure> = Vec::new();
        if let Some(judge) = self.judge {
            write_adapter(learner, self.lora, self.base_model, &adapter)?;
            let all = judge.tuned(
                &adapter,
                &mut |done, of| {
                    (self.events)(TuneEvent::Preparing {
                        what: format!("reading the validation split after step {step}: {done} of {of}"),
                        fraction: done as f64 / of.max(1) as f64,
                    });
                },
                self.cancel,
            )?;
            let tuned = all.readers.into_iter().find(|r| r.id == TUNED);
            figures = tuned.map(|r| r.headline).unwrap_or_default();
        }
        let by_loss = loss.map_or(f64::NEG_INFINITY, |loss| -loss);
        let by_figure = figures.first().and_then(|f| f.value);
        let score = match self.best {
            Best::Figure => by_figure.unwrap_or(by_loss),
            Best::Loss => by_loss,
        };
        let history = &mut self.record.history;
        let leader = history.judgements.iter().find(|j| j.step == history.best);
        let is_best = leader.is_none_or(|leader| score > leader.score);
        let judgement = Judgement {
            step,
            score,
            figures: json!(Judged { loss, figures }),
        };
        history.judgements.push(judgement.clone());
        if is_best {
            // Of the judged adapters the best alone is needed again.
            drop(std::fs::remove_dir_all(self.place.adapter(history.best)));
            history.best = step;
        } else {
            drop(std::fs::remove_dir_all(&adapter));
        }
        let told = folder::judged(&judgement, history.best);
        self.place.keep(&self.record)?;
        (self.events)(TuneEvent::Judged(Box::new(told)));
        Ok(Some(judgement))
    }
}

impl Watch for Watching<'_> {
    fn step(&mut self, report: &StepReport, steps: usize) -> bool {
        let now = Instant::now();
        self.pace[0].0 += (now - self.last).as_secs_f64();
        self.pace[0].1 += 1;
        self.record.history.steps.push(*report);
        (self.events)(TuneEvent::Step {
            step: folder::step(report),
            of: steps as u32,
            seconds_left: self.seconds_left(report.step, steps),
        });
        self.wait();
        self.last = Instant::now();
        !self.cancel.is_cancelled()
    }

    fn judge(&mut self, learner: &Learner<f32>, step: usize) -> Result<Option<Judgement>, TuningError> {
        let began = Instant::now();
        let result = self.judged(learner, step);
        self.pace[1].0 += began.elapsed().as_secs_f64();
        self.pace[1].1 += 1;
        self.last = Instant::now();
        result.map_err(|error| {
            self.trouble = Some(error);
            TuningError::Cancelled
        })
    }
}
