//! What lies in a run's folder: the state while it runs, the adapter with its card when it is done.
//!
//! ```text
//! adapter_config.json, adapter_model.safetensors   as PEFT writes them
//! README.md, tuning.json                           the card, for people and for programs
//! tuned-on.txt                                     patients, one a line: `tuned_on` of a case set
//! validation/                                      answers of base and tuned model
//! state/                                           while it runs: log, optimiser, pictures, judged adapters
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use overread_tuning::state::write_whole;
use overread_tuning::train::{History, Judgement, StepReport};
use serde::{Deserialize, Serialize};

use crate::code::{failure, io};
use crate::op::tune::options::TuneSettings;
use crate::wire::evaluation::Figure;
use crate::wire::tuning::{Comparison, TuneJudged, TuneStep};
use crate::{Failure, Outcome};

/// The format of `tuning.json`.
pub const FORMAT: &str = "overread-tuning/1";

/// The base model of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Name shown.
    pub name: String,
    /// What `base_model_name_or_path` says.
    pub published_as: String,
    /// Hash over its weights.
    pub weights_sha256: String,
    /// Hash of its tokenizer.
    pub tokenizer_sha256: String,
    /// Numbers in it.
    pub parameters: u64,
    /// How its weights were held.
    pub precision: String,
    /// Terms under which it was given; empty: not known.
    pub licence: String,
}

/// What was learned from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// Name of the case set.
    pub case_set: String,
    /// Hash of the case-set file.
    pub case_set_sha256: String,
    /// Split that was learned from.
    pub split: String,
    /// Split that was judged on; empty: none.
    pub validation: String,
    /// Cases, patients and examples that were learned from.
    pub learned: [u32; 3],
    /// Cases, patients and examples that were judged on.
    pub judged: [u32; 3],
    /// Hash over what was learned: tokens, pictures and answer of each example, in order.
    pub learned_sha256: String,
    /// The same of what was judged on.
    pub judged_sha256: String,
    /// Preprocessing of the pictures, as the case set asks for it; empty: by the images.
    pub preprocess: String,
    /// Slices; empty: the middle one.
    pub slices: String,
    /// Labels.
    pub labels: Vec<String>,
    /// A prompt of the run's own, in place of the set's; empty: none.
    #[serde(default)]
    pub prompt: String,
    /// The first prompt, as the chat template renders it.
    pub question: String,
    /// Where the truth comes from.
    pub truth: String,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// The step whose state is in the adapter.
    pub best: u32,
    /// It got no better and was stopped.
    pub early: bool,
    /// Seconds of the last start.
    pub seconds: f64,
    /// When, RFC 3339.
    pub at: String,
    /// SHA-256 of `adapter_model.safetensors`.
    pub adapter_sha256: String,
    /// Base model on the validation split.
    pub base: Vec<Figure>,
    /// Tuned model on the validation split.
    pub tuned: Vec<Figure>,
    /// Base against tuned.
    pub comparison: Option<Comparison>,
}

/// `tuning.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    pub format: String,
    /// Program and version.
    pub program: String,
    /// Base model.
    pub base: Base,
    /// Data.
    pub data: Data,
    /// Settings.
    pub settings: TuneSettings,
    /// Steps in all.
    pub steps: u32,
    /// Numbers that are learned.
    pub learned: u64,
    /// What should be known, a sentence each.
    pub remarks: Vec<String>,
    /// The base model on the validation split; `None` without one.
    #[serde(default)]
    pub base_judged: Option<Judged>,
    /// What was told.
    pub history: History,
    /// How it ended; `None`: it was stopped.
    pub ending: Option<Ending>,
}

/// What a judgement keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Mean negative log-likelihood of an answer's token, nats.
    pub loss: Option<f64>,
    /// The task's own figures.
    pub figures: Vec<Figure>,
}

/// The base's judgement as the page shows it: after step 0.
pub(crate) fn base(record: &Record) -> Option<TuneJudged> {
    let base = record.base_judged.as_ref()?;
    Some(TuneJudged {
        step: 0,
        loss: base.loss,
        figures: base.figures.clone(),
        best: record.history.best == 0,
    })
}

/// A judgement as the page shows it.
pub(crate) fn judged(judgement: &Judgement, best: usize) -> TuneJudged {
    let kept: Judged = serde_json::from_value(judgement.figures.clone()).unwrap_or_default();
    TuneJudged {
        step: judgement.step as u32,
        loss: kept.loss,
        figures: kept.figures,
        best: judgement.step == best,
    }
}

/// A step as the page shows it.
pub(crate) fn step(report: &StepReport) -> TuneStep {
    TuneStep {
        step: report.step as u32,
        loss: report.loss,
        right: report.right,
        norm: report.norm,
        rate: report.rate,
    }
}

/// The folders of a run.
#[derive(Clone, Debug)]
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    pub(crate) fn pictures(&self) -> PathBuf {
        self.state().join("pictures")
    }

    pub(crate) fn judged(&self) -> PathBuf {
        self.state().join("judged")
    }

    /// The adapter of a judged step.
    pub(crate) fn adapter(&self, step: usize) -> PathBuf {
        self.state().join(format!("adapter-{step:06}"))
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.0.join("tuning.json")
    }

    /// The record of an earlier start in this folder.
    ///
    /// # Errors
    /// `tuning.folder` when it holds something else.
    pub(crate) fn earlier(&self) -> Outcome<Option<Record>> {
        let known = read(&self.0);
        if known.is_none() {
            let own = ["state", "lock"];
            let others = fs::read_dir(&self.0).into_iter().flatten().flatten();
            let other = others
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .find(|name| !own.contains(&name.as_str()));
            if let Some(other) = other {
                return Err(failure(
                    "tuning.folder",
                    format!("{} holds something else already: {other}.", self.0.display()),
                    "Name a folder that is empty or not there.",
                ));
            }
        }
        Ok(known)
    }

    /// Makes the folders.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn make(&self) -> Outcome<()> {
        let state = self.state();
        fs::create_dir_all(&state).map_err(|error| io(&state.display().to_string(), &error))
    }

    pub(crate) fn keep(&self, record: &Record) -> Outcome<()> {
        let text = serde_json::to_string_pretty(record).unwrap_or_default();
        write_whole(&self.record(), format!("{text}\n").as_bytes()).map_err(Failure::from)
    }

    /// What only a run that goes on needs. What cannot be removed takes room and does no harm.
    pub(crate) fn clear(&self) {
        drop(fs::remove_dir_all(self.state()));
        drop(fs::remove_file(self.0.join("lock")));
    }
}

/// The record of a folder; `None` where there is none that can be read.
pub fn read(folder: &Path) -> Option<Record> {
    let text = fs::read_to_string(folder.join("tuning.json")).ok()?;
    let record: Record = serde_json::from_str(&text).ok()?;
    (record.format == FORMAT).then_some(record)
}
