//! A run from checks to card.

use std::collections::BTreeSet;
use std::time::Instant;

use overread_evaluation::case_set::{CaseSet, ReaderSpec, Task};
use overread_evaluation::evaluated::figures::Figures;
use overread_tuning::lora::{Frozen, LoraSettings, write_adapter};
use overread_tuning::train::{Ended, Run, RunSettings};
use overread_tuning::{Learner, TuningError};

use crate::code::{failure, io};
use crate::desk::Desk;
use crate::op::evaluation::folder::{self as runs, Held};
use crate::op::evaluation::{asked, settings};
use crate::op::open;
use crate::op::tune::cases::Cases;
use crate::op::tune::folder::{Data, Ending, Place, Record};
use crate::op::tune::judge::{self, BASE, Judge, TUNED};
use crate::op::tune::options::{Target, TuneOptions, TuneSettings};
use crate::op::tune::pictures::Pictures;
use crate::op::tune::split::{self, Wish};
use crate::op::tune::watch::Watching;
use crate::op::tune::work::{Work, preparing};
use crate::op::tune::{card, folder, list};
use crate::wire::tuning::{Figure, TuneDone, TuneEvent};
use crate::{Cancel, Failure, Outcome};

/// Of so many cases the tokens are looked at before the start.
const LOOKED_AT: usize = 8;

/// Tunes, or takes a stopped run up. `None` after a dry run.
///
/// # Errors
/// Whatever forbids to begin (`tuning.split`, `tuning.labels`, `tuning.leak`, `tuning.images`, `tuning.settings`,
/// `tuning.folder`, `tuning.task`), a model that cannot be loaded or tuned, `tuning.other_run` when the folder's state
/// belongs to other settings, cases or model, `tuning.diverged`, a full disk; `cancelled` with the state kept.
pub fn tune(
    desk: &Desk,
    options: &TuneOptions,
    events: &(dyn Fn(TuneEvent) + Sync),
    cancel: &Cancel,
) -> Outcome<Option<TuneDone>> {
    let began = Instant::now();
    options.settings.check()?;
    let set = runs::case_set(&options.case_set)?;
    if set.question.task == Task::Boxes {
        return Err(failure(
            "tuning.task",
            "Boxes are not learned.",
            "Tune on a set that asks for labels, yes or no, a choice or words.",
        ));
    }
    let asked = asked::options_of(&set.settings)?;
    if options.settings.target == Target::Answer && asked.permutations > 0 {
        return Err(failure(
            "tuning.task",
            "The case set asks in several orders of the options (permutations), and what is learned is one prompt.",
            "Take permutations out of the set's options while tuning.",
        ));
    }
    let wish = wish(&set, options);
    let splits = split::gate(desk, &options.case_set, &set, &wish, cancel, &|done, of| {
        preparing(events, "looking for leaks", done, of);
    })?;
    let place = Place(open::absolute(&options.out));
    let mut work = Work {
        desk,
        options,
        events,
        cancel,
        set: &set,
        wish,
        splits,
        place,
        began,
    };
    work.go()
}

fn wish(set: &CaseSet, options: &TuneOptions) -> Wish {
    let mut wish = Wish::usual(set, true);
    if !options.split.trim().is_empty() {
        options.split.trim().clone_into(&mut wish.learned);
    }
    if let Some(validation) = &options.validation {
        validation.trim().clone_into(&mut wish.validation);
    }
    wish
}

impl Work<'_> {
    fn go(&mut self) -> Outcome<Option<TuneDone>> {
        let scratch = tempfile::tempdir().map_err(|error| io("the temporary folder", &error))?;
        let sitting = self.sitting(scratch.path())?;
        let earlier = self.place.earlier()?;
        let mut draft = judge::reader(self.set, self.options);
        // What was begun in one precision goes on in it, however much memory there is now.
        if let (Some(earlier), None, Some(own)) =
            (&earlier, self.options.settings.precision, draft.settings.as_mut())
        {
            own.precision.clone_from(&earlier.base.precision);
        }
        let (reader, wanted) = self.reader(&sitting, &draft)?;
        let (facts, weights) = self.load(&wanted)?;
        let settings = &self.options.settings;
        let lora = settings.lora();
        let mut learner: Learner<f32> =
            Learner::build(&facts.config, &mut Frozen(weights)).map_err(Failure::from)?;
        learner.attach_pairs(&lora, u64::from(settings.seed))?;
        learner.set_recompute(settings.recompute);
        let frozen = !learner
            .pairs()
            .iter()
            .any(|(name, ..)| name.starts_with("vision."));
        if self.options.dry_run {
            let pictures = Pictures::new(scratch.path(), &facts, frozen)?;
            let some = &self.splits.learned[..self.splits.learned.len().min(LOOKED_AT)];
            let cases = self.gather(&sitting, &reader, &wanted, &pictures, some, "")?;
            self.estimate(&facts, &learner, &cases, frozen, self.splits.learned.len());
            return Ok(None);
        }
        let held = Held::take(&self.place.0, &self.desk.clock.now())?;
        self.place.make()?;
        let pictures = Pictures::new(&self.place.pictures(), &facts, frozen)?;
        let learned = self.gather(
            &sitting,
            &reader,
            &wanted,
            &pictures,
            &self.splits.learned,
            "learned",
        )?;
        let validation = match self.splits.validation.as_slice() {
            [] => None,
            places => Some(self.gather(&sitting, &reader, &wanted, &pictures, places, "validation")?),
        };
        let estimate = self.estimate(&facts, &learner, &learned, frozen, self.splits.learned.len());
        let record = self.record(&facts, &learned, validation.as_ref(), &estimate, &wanted)?;
        if let Some(done) = self.finished_before(earlier.as_ref(), &record) {
            return Ok(Some(done));
        }
        let part = self.part(&facts);
        let trained = self.train(learner, record, &learned, validation.as_ref(), &reader, part)?;
        drop(held);
        self.place.clear();
        Ok(Some(trained))
    }

    fn finished_before(&self, earlier: Option<&Record>, now: &Record) -> Option<TuneDone> {
        let earlier = earlier.filter(|r| r.ending.is_some())?;
        let same = difference(earlier, now).is_none();
        let done = list::done(self.desk, &self.place.0, earlier)?;
        same.then(|| {
            self.place.clear();
            done
        })
    }

    fn train(
        &self,
        learner: Learner<f32>,
        record: Record,
        learned: &Cases<'_>,
        validation: Option<&Cases<'_>>,
        reader: &ReaderSpec,
        part: usize,
    ) -> Outcome<TuneDone> {
        let settings = &self.options.settings;
        let steps = record.steps as usize;
        let judge_every = match settings.judge_every as usize {
            0 => steps.div_ceil(10),
            n => n,
        };
        let lora = settings.lora();
        if let Some(earlier) = folder::read(&self.place.0)
            && let Some(what) = difference(&earlier, &record)
        {
            if earlier.ending.is_some() {
                self.place.clear();
            }
            return Err(self.other_run(what));
        }
        let subject = settings::hash(&(
            &record.base,
            &record.data.learned_sha256,
            &record.data.judged_sha256,
            plain(settings),
        ));
        let run_settings = RunSettings {
            steps,
            batch: settings.batch as usize,
            part,
            seed: u64::from(settings.seed),
            optimiser: settings.optimiser(),
            judge_every: if validation.is_some() { judge_every } else { 0 },
            patience: settings.patience as usize,
            keep_every: judge_every.min(25),
            subject,
        };
        let mut run = Run::begin(learner, run_settings, Some(&self.place.state()))?;
        let mut judge = validation.filter(|_| settings.target == Target::Answer).map(|_| {
            Judge::new(
                self.desk,
                &self.options.case_set,
                self.set,
                &self.splits.validation,
                reader,
                &self.place.judged(),
            )
        });
        let base = match &mut judge {
            Some(judge) => {
                let all = judge.base(
                    &mut |done, of| {
                        preparing(
                            self.events,
                            "reading the validation split with the base model",
                            done,
                            of,
                        )
                    },
                    self.cancel,
                )?;
                figures_of(all, BASE)
            }
            None => Vec::new(),
        };
        self.noted("tuning.begun", &record)?;
        let mut watch = Watching {
            desk: self.desk,
            events: self.events,
            cancel: self.cancel,
            place: &self.place,
            lora: &lora,
            base_model: &record.base.published_as,
            validation,
            judge: judge.as_ref(),
            best: settings.best,
            part,
            judge_every,
            trouble: None,
            pace: [(0.0, 0); 2],
            last: Instant::now(),
            record: record.clone(),
        };
        watch.begin(&run, base.clone())?;
        let ended = run.go(learned, &mut watch);
        let trouble = watch.trouble.take().or_else(|| learned.pictures.trouble());
        let mut record = watch.record;
        let ended = match (ended, trouble) {
            (Err(TuningError::Cancelled | TuningError::Diverged { .. }), Some(trouble)) => {
                return Err(trouble);
            }
            (Err(error), _) => {
                self.place.keep(&record)?;
                return Err(error.into());
            }
            (Ok(ended), _) => ended,
        };
        record.history = run.history.clone();
        run.take_best()?;
        self.finish(&run, record, &lora, judge.as_ref(), base, ended)
    }

    /// Writes what a run that ended leaves: the adapter of its best state, figures, card.
    fn finish(
        &self,
        run: &Run,
        mut record: Record,
        lora: &LoraSettings,
        judge: Option<&Judge<'_>>,
        base: Vec<Figure>,
        ended: Ended,
    ) -> Outcome<TuneDone> {
        let best = if run.history.best > 0 {
            run.history.best
        } else {
            run.done()
        };
        write_adapter(&run.learner, lora, &record.base.published_as, &self.place.0)?;
        let compared = match judge {
            Some(judge) => {
                let adapter = self.place.adapter(best);
                write_adapter(&run.learner, lora, &record.base.published_as, &adapter)?;
                Some(judge.tuned(&adapter, &mut |_, _| {}, self.cancel)?)
            }
            None => None,
        };
        let weights = self.place.0.join("adapter_model.safetensors");
        let bytes = std::fs::read(&weights).map_err(|error| io(&weights.display().to_string(), &error))?;
        let comparison = compared
            .as_ref()
            .and_then(|all| all.comparison.as_ref()?.pairs.first().cloned());
        record.ending = Some(Ending {
            best: best as u32,
            early: ended == Ended::Early,
            seconds: self.began.elapsed().as_secs_f64(),
            at: self.desk.clock.now(),
            adapter_sha256: settings::sha256(&bytes),
            base,
            tuned: compared.map(|all| figures_of(all, TUNED)).unwrap_or_default(),
            comparison,
        });
        self.write_beside(&record, best)?;
        self.place.keep(&record)?;
        self.noted("tuning.ended", &record)?;
        list::done(self.desk, &self.place.0, &record)
            .ok_or_else(|| failure("tuning.file", "The record could not be read again.", ""))
    }

    fn other_run(&self, what: &str) -> Failure {
        failure(
            "tuning.other_run",
            format!("{} holds a run with other {what}.", self.place.0.display()),
            "Name another folder, or set them back.",
        )
    }

    /// Card, patients, answers.
    fn write_beside(&self, record: &Record, best: usize) -> Outcome<()> {
        let write = |name: &str, text: &str| {
            overread_tuning::state::write_whole(&self.place.0.join(name), text.as_bytes())
                .map_err(Failure::from)
        };
        write("README.md", &card::card(record))?;
        let places = self.splits.learned.iter().chain(&self.splits.validation);
        let patients: BTreeSet<&str> = places
            .filter_map(|at| self.set.cases.get(*at))
            .map(|case| case.patient.as_str())
            .filter(|patient| !patient.is_empty())
            .collect();
        let lines: String = patients.iter().map(|p| format!("{p}\n")).collect();
        write("tuned-on.txt", &lines)?;
        let adapter = self.place.adapter(best);
        let tuned = adapter.file_name().and_then(|n| n.to_str()).unwrap_or(TUNED);
        for (from, to) in [(BASE, BASE), (tuned, TUNED)] {
            let answers = runs::answers(&self.place.judged().join(from));
            if let Ok(text) = std::fs::read_to_string(&answers) {
                let folder = self.place.0.join("validation");
                std::fs::create_dir_all(&folder)
                    .map_err(|error| io(&folder.display().to_string(), &error))?;
                write(&format!("validation/{to}.jsonl"), &text)?;
            }
        }
        Ok(())
    }

    /// A row of the audit log.
    fn noted(&self, action: &str, record: &Record) -> Outcome<()> {
        let ending = record.ending.as_ref();
        let detail = format!(
            "base {}, learned {}, adapter {}",
            record.base.weights_sha256,
            record.data.learned_sha256,
            ending.map_or("none yet", |e| e.adapter_sha256.as_str())
        );
        let who = crate::op::app::settings(self.desk).reader;
        // A desk without its store tunes all the same, as it reads.
        if let Ok(mut store) = self.desk.store() {
            store.note(action, &self.set.name, &detail, &who, &self.desk.clock.now())?;
        }
        Ok(())
    }
}

/// What parts two runs; `None`: they are the same. The case-set file may change as long as what is learned and judged does
/// not: readers are added to it while a run goes on.
fn difference(earlier: &Record, now: &Record) -> Option<&'static str> {
    let data = |record: &Record| Data {
        case_set_sha256: String::new(),
        case_set: String::new(),
        ..record.data.clone()
    };
    if earlier.base != now.base {
        Some("base model")
    } else if data(earlier) != data(now) {
        Some("cases")
    } else if plain(&earlier.settings) != plain(&now.settings) {
        Some("settings")
    } else {
        None
    }
}

/// Settings without the wish for a precision: the base says which it is.
fn plain(settings: &TuneSettings) -> TuneSettings {
    TuneSettings {
        precision: None,
        ..settings.clone()
    }
}

fn figures_of(all: Figures, reader: &str) -> Vec<Figure> {
    let found = all.readers.into_iter().find(|r| r.id == reader);
    found.map(|r| r.headline).unwrap_or_default()
}
