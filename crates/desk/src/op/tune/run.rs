//! A run from checks to card.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use overread_evaluation::case_set::{CaseSet, ReaderSpec, Task};
use overread_evaluation::evaluated::figures::Figures;
use overread_medgemma::files::ModelFiles;
use overread_medgemma::weights::{self, Weights};
use overread_medgemma::{Engine, LoadOptions};
use overread_tuning::estimate::{Workload, estimate, measured_speed};
use overread_tuning::lora::{Frozen, write_adapter};
use overread_tuning::train::{Ended, Run, RunSettings};
use overread_tuning::{Learner, TuningError};

use crate::code::{failure, io};
use crate::desk::Desk;
use crate::loaded::{Loaded, Model};
use crate::op::evaluation::folder::{self as runs, Held};
use crate::op::evaluation::images::Finder;
use crate::op::evaluation::pass::{Kind, Pass, Sitting};
use crate::op::evaluation::records::Records;
use crate::op::evaluation::settings;
use crate::op::load::Wanted;
use crate::op::tune::cases::{Cases, Gathering};
use crate::op::tune::folder::{Base, Data, Ending, FORMAT, Place, Record};
use crate::op::tune::judge::{self, BASE, Judge, TUNED};
use crate::op::tune::options::{Target, TuneOptions};
use crate::op::tune::pictures::Pictures;
use crate::op::tune::split::{self, Splits, Wish};
use crate::op::tune::watch::Watching;
use crate::op::tune::{card, folder, list};
use crate::op::{known, models, precision};
use crate::wire::tuning::{Figure, TuneDone, TuneEstimate, TuneEvent};
use crate::{Cancel, Failure, Outcome};

/// Of so many cases the tokens are looked at before the start.
const LOOKED_AT: usize = 8;
/// Models below this are computed several examples at a time.
const SMALL: u64 = 100_000_000;

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
    let wish = wish(&set, options);
    let splits = split::gate(desk, &options.case_set, &set, &wish, cancel, &|done, of| {
        preparing(events, "looking for leaks", done, of);
    })?;
    let place = Place(options.out.clone());
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

fn preparing(events: &(dyn Fn(TuneEvent) + Sync), what: &str, done: usize, of: usize) {
    // Some twenty times, not once a case.
    if done == of || done.is_multiple_of((of / 20).max(1)) {
        events(TuneEvent::Preparing {
            what: what.to_owned(),
            fraction: done as f64 / of.max(1) as f64,
        });
    }
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

/// Engine and its weights, shared.
struct Shared {
    loaded: Arc<Loaded>,
    weights: Weights,
}

impl Shared {
    fn engine(&self) -> Outcome<&Engine> {
        match &self.loaded.model {
            Model::MedGemma(engine) => Ok(engine),
            Model::Siglip(_) => Err(failure(
                "tuning.model",
                "A MedSigLIP is not tuned: a head is learned on what it sees.",
                "Use `overread tune head`.",
            )),
        }
    }
}

struct Work<'a> {
    desk: &'a Desk,
    options: &'a TuneOptions,
    events: &'a (dyn Fn(TuneEvent) + Sync),
    cancel: &'a Cancel,
    set: &'a CaseSet,
    wish: Wish,
    splits: Splits,
    place: Place,
    began: Instant,
}

impl<'a> Work<'a> {
    fn go(&mut self) -> Outcome<Option<TuneDone>> {
        let scratch = tempfile::tempdir().map_err(|error| io("the temporary folder", &error))?;
        let sitting = self.sitting(scratch.path())?;
        let draft = judge::reader(self.set, self.options);
        let (reader, wanted) = self.reader(&sitting, &draft)?;
        let base = self.load(&wanted)?;
        let engine = base.engine()?;
        let settings = &self.options.settings;
        let lora = settings.lora();
        let mut learner: Learner<f32> =
            Learner::build(engine.config(), &mut Frozen(base.weights.clone())).map_err(Failure::from)?;
        learner.attach_pairs(&lora, u64::from(settings.seed))?;
        learner.set_recompute(settings.recompute);
        let frozen = !learner
            .pairs()
            .iter()
            .any(|(name, ..)| name.starts_with("vision."));
        if self.options.dry_run {
            let pictures = Pictures::new(scratch.path(), engine, frozen)?;
            let some = &self.splits.learned[..self.splits.learned.len().min(LOOKED_AT)];
            let cases = self.gather(&sitting, &reader, engine, &pictures, some, "")?;
            self.estimate(engine, &learner, &cases, frozen, self.splits.learned.len());
            return Ok(None);
        }
        let earlier = self.place.earlier()?;
        let held = Held::take(&self.place.0, &self.desk.clock.now())?;
        self.place.make()?;
        let pictures = Pictures::new(&self.place.pictures(), engine, frozen)?;
        let learned = self.gather(
            &sitting,
            &reader,
            engine,
            &pictures,
            &self.splits.learned,
            "learned",
        )?;
        let validation = match self.splits.validation.as_slice() {
            [] => None,
            places => Some(self.gather(&sitting, &reader, engine, &pictures, places, "validation")?),
        };
        let estimate = self.estimate(engine, &learner, &learned, frozen, self.splits.learned.len());
        let record = self.record(engine, &learned, validation.as_ref(), &estimate, &wanted)?;
        if let Some(done) = self.finished_before(earlier.as_ref(), &record) {
            return Ok(Some(done));
        }
        // A question with another model may take the engine's place while steps are made.
        let part = self.part(engine);
        drop(base);
        let trained = self.train(learner, record, &learned, validation.as_ref(), &reader, part)?;
        drop(held);
        self.place.clear();
        Ok(Some(trained))
    }

    fn sitting(&self, records: &Path) -> Outcome<Sitting<'a>> {
        Ok(Sitting {
            desk: self.desk,
            set: self.set,
            set_hash: settings::of_set(self.set),
            finder: Finder::of(&self.options.case_set),
            records: Records::open(records)?,
            again: false,
            cancel: self.cancel,
        })
    }

    /// The reader at the precision that is held to until the end.
    fn reader(&self, sitting: &Sitting<'_>, draft: &ReaderSpec) -> Outcome<(ReaderSpec, Wanted)> {
        let pass = Pass {
            reader: draft,
            kind: Kind::Answer,
            cases: self
                .splits
                .learned
                .iter()
                .filter_map(|at| Some((*at, self.set.cases.get(*at)?)))
                .collect(),
        };
        let wanted = sitting.ready(&pass)?.wanted;
        if wanted.is_siglip() {
            return Err(failure(
                "tuning.model",
                "A MedSigLIP is not tuned: a head is learned on what it sees.",
                "Use `overread tune head`.",
            ));
        }
        let mut reader = draft.clone();
        if let Some(own) = &mut reader.settings {
            precision::name(wanted.key.precision).clone_into(&mut own.precision);
        }
        Ok((reader, wanted))
    }

    /// The engine, and the same weights once more without their memory.
    fn load(&self, wanted: &Wanted) -> Outcome<Shared> {
        let key = &wanted.key;
        let options = || LoadOptions {
            precision: precision::engines(key.precision),
            cache: Some(self.desk.cache_folder()),
            device: key.device.clone(),
            ..LoadOptions::default()
        };
        let mut told = |fraction: f64| {
            (self.events)(TuneEvent::Preparing {
                what: "reading the weights".to_owned(),
                fraction,
            });
        };
        let mut shared = None;
        let loaded = self.desk.models.get(key, self.cancel, || {
            if let Some(refusal) = wanted.refusal(self.desk, 0) {
                return Err(refusal);
            }
            let engine = Engine::load_beside(&key.path, options(), &mut told, self.cancel, &mut |weights| {
                shared = Some(weights.clone());
            })?;
            Ok(Loaded::new(
                key.clone(),
                Model::MedGemma(Box::new(engine)),
                wanted.bytes(),
            ))
        })?;
        let weights = match shared {
            Some(weights) => weights,
            // It was in memory already, without what a learner needs.
            None => {
                let files = ModelFiles::open(&key.path)?;
                weights::load(&files, &options(), &[], &mut told, self.cancel)?
            }
        };
        Ok(Shared { loaded, weights })
    }

    fn gather<'p>(
        &self,
        sitting: &Sitting<'_>,
        reader: &ReaderSpec,
        engine: &Engine,
        pictures: &'p Pictures,
        places: &[usize],
        split: &str,
    ) -> Outcome<Cases<'p>> {
        let gathering = Gathering {
            sitting,
            reader,
            engine,
            pictures,
            target: self.options.settings.target,
        };
        let what = match split {
            "" => "looking at some cases".to_owned(),
            split => format!("pictures of the {split} cases"),
        };
        let cases = gathering.cases(places, &mut |done, of| preparing(self.events, &what, done, of))?;
        if cases.lessons.is_empty() {
            let why = cases.left_out.first().map(|(_, why)| why.clone());
            return Err(failure(
                "tuning.split",
                format!(
                    "None of {} cases can be learned from: {}.",
                    places.len(),
                    why.unwrap_or_else(|| "there are none".to_owned())
                        .trim_end_matches('.')
                ),
                "Look at `overread eval check`.",
            ));
        }
        Ok(cases)
    }

    fn part(&self, engine: &Engine) -> usize {
        match self.options.settings.part {
            0 if engine.description().parameters < SMALL => 4,
            0 => 1,
            n => n as usize,
        }
    }

    fn estimate(
        &self,
        engine: &Engine,
        learner: &Learner<f32>,
        cases: &Cases<'_>,
        frozen: bool,
        of: usize,
    ) -> TuneEstimate {
        let settings = &self.options.settings;
        let examples = cases.lessons.len() * of.max(1) / (cases.lessons.len() + cases.left_out.len()).max(1);
        let mut remarks = self.splits.remarks.clone();
        remarks.extend(left_out(&cases.left_out));
        if self.splits.validation.is_empty() {
            remarks.push(
                "There is no validation split: nothing is judged, and the last state is taken.".to_owned(),
            );
        }
        let work = Workload {
            batch: settings.batch as usize,
            part: self.part(engine),
            recompute: settings.recompute,
            remembered: frozen,
            precision: engine.description().precision,
            ..cases.workload(engine.config().tokens_per_image)
        };
        let lora = settings.lora();
        let whole = estimate(engine.config(), &lora, &work);
        let (text, pictures) = cases.longest(engine.config().tokens_per_image);
        let most = Workload {
            text,
            pictures,
            ..work
        };
        let longest = estimate(engine.config(), &lora, &most);
        let steps = settings.steps_for(examples.max(1));
        let memory_bytes = longest.bytes();
        let memory_free = precision::available(self.desk);
        if memory_free.is_some_and(|free| memory_bytes > free) {
            remarks.push(
                "It will take more memory than is free: hold the weights in q4_k, learn fewer examples at a time (part) or \
                 smaller pairs, or choose fewer slices."
                    .to_owned(),
            );
        }
        let (tokens, _) = cases.tokens();
        let estimate = TuneEstimate {
            cases: self.splits.learned.len() as u32,
            validation: self.splits.validation.len() as u32,
            steps: steps as u32,
            tokens: (tokens / cases.lessons.len().max(1)) as u32,
            learned: learner.parameters.learned() as u64,
            precision: engine.description().precision.name().to_owned(),
            memory_bytes,
            memory_free,
            seconds: measured_speed(work.precision)
                .ok()
                .map(|speed| whole.seconds(speed) * steps as f64),
            remarks,
        };
        (self.events)(TuneEvent::Estimated(Box::new(estimate.clone())));
        estimate
    }

    fn record(
        &self,
        engine: &Engine,
        learned: &Cases<'_>,
        validation: Option<&Cases<'_>>,
        estimate: &TuneEstimate,
        wanted: &Wanted,
    ) -> Outcome<Record> {
        let options = self.options;
        let description = engine.description();
        let path = &wanted.key.path;
        let known = known::recognised(self.desk, path).and_then(|known| known.model);
        let name = models::name_of(self.desk, path);
        let counts = |places: &[usize], cases: Option<&Cases<'_>>| -> [u32; 3] {
            let patients: BTreeSet<String> = places.iter().map(|at| self.patient(*at)).collect();
            [
                places.len() as u32,
                patients.len() as u32,
                cases.map_or(0, |c| c.lessons.len()) as u32,
            ]
        };
        let bytes = std::fs::read(&options.case_set)
            .map_err(|error| io(&options.case_set.display().to_string(), &error))?;
        let mut remarks = estimate.remarks.clone();
        remarks.extend(validation.into_iter().flat_map(|cases| left_out(&cases.left_out)));
        Ok(Record {
            format: FORMAT.to_owned(),
            program: format!("overread {}", env!("CARGO_PKG_VERSION")),
            base: Base {
                published_as: known
                    .map(|m| m.published_as.clone())
                    .filter(|id| !id.is_empty())
                    .unwrap_or_else(|| name.clone()),
                name,
                weights_sha256: description.weights_sha256.clone(),
                tokenizer_sha256: description.tokenizer_sha256.clone(),
                parameters: description.parameters,
                precision: description.precision.name().to_owned(),
                licence: known
                    .map(|m| format!("{} ({})", m.licence.name, m.licence.terms))
                    .unwrap_or_default(),
            },
            data: Data {
                case_set: self.set.name.clone(),
                case_set_sha256: settings::sha256(&bytes),
                split: self.wish.learned.clone(),
                validation: self.wish.validation.clone(),
                learned: counts(&self.splits.learned, Some(learned)),
                judged: counts(&self.splits.validation, validation),
                learned_sha256: learned.sha256.clone(),
                judged_sha256: validation.map(|c| c.sha256.clone()).unwrap_or_default(),
                preprocess: self.set.settings.preprocess.clone(),
                slices: self.set.settings.slices.clone(),
                labels: self.set.question.labels.clone(),
                question: learned.asked.clone(),
                truth: self.set.truth.source.clone(),
            },
            settings: options.settings.clone(),
            steps: options.settings.steps_for(learned.lessons.len()) as u32,
            learned: estimate.learned,
            remarks,
            base_judged: None,
            history: overread_tuning::train::History::default(),
            ending: None,
        })
    }

    /// As evaluations count them: a case without a patient stands for one of its own.
    fn patient(&self, at: usize) -> String {
        let Some(case) = self.set.cases.get(at) else {
            return String::new();
        };
        if case.patient.is_empty() {
            format!("case {}", case.id)
        } else {
            case.patient.clone()
        }
    }

    /// The same run, finished by an earlier start.
    fn finished_before(&self, earlier: Option<&Record>, now: &Record) -> Option<TuneDone> {
        let earlier = earlier.filter(|r| r.ending.is_some())?;
        let same = earlier.base == now.base && earlier.data == now.data && earlier.settings == now.settings;
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
            && (earlier.ending.is_some() || earlier.base != record.base || earlier.data != record.data)
        {
            if earlier.ending.is_some() {
                self.place.clear();
            }
            return Err(self.other_run(&earlier, &record));
        }
        let subject = settings::hash(&(
            &record.base,
            &record.data.learned_sha256,
            &record.data.judged_sha256,
            settings,
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
        run.take_best()?;
        record.history = run.history.clone();
        let best = if run.history.best > 0 {
            run.history.best
        } else {
            run.done()
        };
        write_adapter(&run.learner, &lora, &record.base.published_as, &self.place.0)?;
        let compared = match &judge {
            Some(judge) => {
                let adapter = self.place.adapter(best);
                write_adapter(&run.learner, &lora, &record.base.published_as, &adapter)?;
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

    fn other_run(&self, earlier: &Record, now: &Record) -> Failure {
        let what = if earlier.base != now.base {
            "base model"
        } else if earlier.data != now.data {
            "cases"
        } else {
            "settings"
        };
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

fn figures_of(all: Figures, reader: &str) -> Vec<Figure> {
    let found = all.readers.into_iter().find(|r| r.id == reader);
    found.map(|r| r.headline).unwrap_or_default()
}

/// Cases that gave nothing, by reason.
fn left_out(cases: &[(String, String)]) -> Vec<String> {
    let mut reasons: std::collections::BTreeMap<&str, u32> = std::collections::BTreeMap::new();
    for (_, why) in cases {
        *reasons.entry(why.trim_end_matches('.')).or_default() += 1;
    }
    reasons
        .into_iter()
        .map(|(why, count)| format!("{count} cases are left out: {why}."))
        .collect()
}
