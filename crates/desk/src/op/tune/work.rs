//! What a run needs before its first step: the engine and its weights, examples, the estimate, the record.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use overread_evaluation::case_set::{CaseSet, ReaderSpec};
use overread_medgemma::config::Config;
use overread_medgemma::files::ModelFiles;
use overread_medgemma::weights::{self, Weights};
use overread_medgemma::{Description, Engine, LoadOptions};
use overread_tuning::Learner;
use overread_tuning::estimate::{Workload, estimate, measured_speed};

use crate::code::{failure, io};
use crate::desk::Desk;
use crate::loaded::{Loaded, Model};
use crate::op::evaluation::images::Finder;
use crate::op::evaluation::pass::{Kind, Pass, Sitting};
use crate::op::evaluation::records::Records;
use crate::op::evaluation::settings;
use crate::op::load::Wanted;
use crate::op::tune::cases::{Cases, Gathering};
use crate::op::tune::folder::{Base, Data, FORMAT, Place, Record};
use crate::op::tune::options::TuneOptions;
use crate::op::tune::pictures::Pictures;
use crate::op::tune::split::{Splits, Wish};
use crate::op::{known, models, precision};
use crate::wire::tuning::{TuneEstimate, TuneEvent};
use crate::{Cancel, Outcome};

/// Models below this many parameters are computed several examples at a time.
const SMALL: u64 = 100_000_000;

/// What is known of the model while it need not be in memory.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) config: Config,
    pub(crate) description: Description,
}

/// The engine in a loaded model.
///
/// # Errors
/// `tuning.model` for a MedSigLIP.
pub(crate) fn engine(loaded: &Loaded) -> Outcome<&Engine> {
    match &loaded.model {
        Model::MedGemma(engine) => Ok(engine),
        Model::Siglip(_) => Err(failure(
            "tuning.model",
            "A MedSigLIP is not tuned: a head is learned on what it sees.",
            "Use `overread tune head`.",
        )),
    }
}

pub(super) struct Work<'a> {
    pub(super) desk: &'a Desk,
    pub(super) options: &'a TuneOptions,
    pub(super) events: &'a (dyn Fn(TuneEvent) + Sync),
    pub(super) cancel: &'a Cancel,
    pub(super) set: &'a CaseSet,
    pub(super) wish: Wish,
    pub(super) splits: Splits,
    pub(super) place: Place,
    pub(super) began: Instant,
}

impl<'a> Work<'a> {
    pub(super) fn sitting(&self, records: &Path) -> Outcome<Sitting<'a>> {
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
    pub(super) fn reader(&self, sitting: &Sitting<'_>, draft: &ReaderSpec) -> Outcome<(ReaderSpec, Wanted)> {
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

    /// The model in memory, loaded where another question took its place. It is held for one case only: a question with
    /// another model waits no longer than that.
    fn resident(&self, wanted: &Wanted, beside: &mut dyn FnMut(&Weights)) -> Outcome<Arc<Loaded>> {
        let key = &wanted.key;
        let mut told = |fraction: f64| {
            (self.events)(TuneEvent::Preparing {
                what: "reading the weights".to_owned(),
                fraction,
            });
        };
        self.desk.models.get(key, self.cancel, || {
            if let Some(refusal) = wanted.refusal(self.desk, 0) {
                return Err(refusal);
            }
            let engine =
                Engine::load_beside(&key.path, self.loading(wanted), &mut told, self.cancel, beside)?;
            Ok(Loaded::new(
                key.clone(),
                Model::MedGemma(Box::new(engine)),
                wanted.bytes(),
            ))
        })
    }

    fn loading(&self, wanted: &Wanted) -> LoadOptions {
        LoadOptions {
            precision: precision::engines(wanted.key.precision),
            cache: Some(self.desk.cache_folder()),
            device: wanted.key.device.clone(),
            ..LoadOptions::default()
        }
    }

    /// What is known of the model, and its weights: shared with the engine where it is loaded now.
    pub(super) fn load(&self, wanted: &Wanted) -> Outcome<(Facts, Weights)> {
        let mut shared = None;
        let loaded = self.resident(wanted, &mut |weights| shared = Some(weights.clone()))?;
        let engine = engine(&loaded)?;
        let facts = Facts {
            config: engine.config().clone(),
            description: engine.description().clone(),
        };
        let weights = match shared {
            Some(weights) => weights,
            // It was in memory already, without what a learner needs.
            None => {
                let files = ModelFiles::open(&wanted.key.path)?;
                weights::load(&files, &self.loading(wanted), &[], &mut |_| {}, self.cancel)?
            }
        };
        Ok((facts, weights))
    }

    pub(super) fn gather<'p>(
        &self,
        sitting: &Sitting<'_>,
        reader: &ReaderSpec,
        wanted: &Wanted,
        pictures: &'p Pictures,
        places: &[usize],
        split: &str,
    ) -> Outcome<Cases<'p>> {
        let model = || self.resident(wanted, &mut |_| {});
        let gathering = Gathering {
            sitting,
            reader,
            model: &model,
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

    pub(super) fn part(&self, facts: &Facts) -> usize {
        match self.options.settings.part {
            0 if facts.description.parameters < SMALL => 4,
            0 => 1,
            n => n as usize,
        }
    }

    pub(super) fn estimate(
        &self,
        facts: &Facts,
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
            part: self.part(facts),
            recompute: settings.recompute,
            remembered: frozen,
            precision: facts.description.precision,
            ..cases.workload(facts.config.tokens_per_image)
        };
        let lora = settings.lora();
        let whole = estimate(&facts.config, &lora, &work);
        let (text, pictures) = cases.longest(facts.config.tokens_per_image);
        let most = Workload {
            text,
            pictures,
            ..work
        };
        let longest = estimate(&facts.config, &lora, &most);
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
            precision: facts.description.precision.name().to_owned(),
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

    pub(super) fn record(
        &self,
        facts: &Facts,
        learned: &Cases<'_>,
        validation: Option<&Cases<'_>>,
        estimate: &TuneEstimate,
        wanted: &Wanted,
    ) -> Outcome<Record> {
        let options = self.options;
        let description = &facts.description;
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
                prompt: options.prompt.clone(),
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
    pub(super) fn patient(&self, at: usize) -> String {
        let Some(case) = self.set.cases.get(at) else {
            return String::new();
        };
        if case.patient.is_empty() {
            format!("case {}", case.id)
        } else {
            case.patient.clone()
        }
    }
}

/// Cases that gave nothing, by reason.
pub(super) fn left_out(cases: &[(String, String)]) -> Vec<String> {
    let mut reasons: std::collections::BTreeMap<&str, u32> = std::collections::BTreeMap::new();
    for (_, why) in cases {
        *reasons.entry(why.trim_end_matches('.')).or_default() += 1;
    }
    reasons
        .into_iter()
        .map(|(why, count)| format!("{count} cases are left out: {why}."))
        .collect()
}

pub(super) fn preparing(events: &(dyn Fn(TuneEvent) + Sync), what: &str, done: usize, of: usize) {
    // Some twenty times, not once a case.
    if done == of || done.is_multiple_of((of / 20).max(1)) {
        events(TuneEvent::Preparing {
            what: what.to_owned(),
            fraction: done as f64 / of.max(1) as f64,
        });
    }
}
