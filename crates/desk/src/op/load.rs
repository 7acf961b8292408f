//! Loading the model of a question: how it is to be held, whether it fits, and what loading does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use overread_medgemma::check::CheckReport;
use overread_medgemma::siglip::{MedSiglip, Resize};
use overread_medgemma::{Engine, LoadOptions};

use crate::code::failure;
use crate::desk::Desk;
use crate::loaded::{Key, Loaded, Model};
use crate::op::files;
use crate::op::models::use_of;
use crate::op::precision::{self, Choice};
use crate::wire::models::PrecisionName;
use crate::wire::question::QuestionSpec;
use crate::wire::reading::AnswerForm;
use crate::{Cancel, Outcome};

/// The model of a question and how it is to be held.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) key: Key,
    /// Adapters to apply, in this order.
    pub(crate) adapters: Vec<PathBuf>,
    /// The head to read by.
    pub(crate) head: Option<PathBuf>,
    pub(crate) report: CheckReport,
    pub(crate) choice: Choice,
}

/// What a question wants.
///
/// # Errors
/// For a handle that is unknown, a device that does not exist, adapters that are to be merged.
pub(crate) fn wanted(desk: &Desk, spec: &QuestionSpec) -> Outcome<Wanted> {
    let options = spec.options();
    let path = desk.path(&spec.model)?;
    let report = files::report(desk, &path);
    let wish = use_of(desk, &path);
    let choice = precision::choose(desk, &path, &report, options.precision, &wish);
    let asked = if options.device.is_empty() {
        &wish.device
    } else {
        &options.device
    };
    let adapters = options.adapters.iter().map(|handle| desk.path(handle));
    let adapters = adapters.collect::<Outcome<Vec<_>>>()?;
    if options.merge_adapters && report.kind == "siglip" && !adapters.is_empty() {
        return Err(failure(
            "model.no_merging",
            "Adapters of a MedSigLIP are applied beside its weights, not merged into them.",
            "Leave merging out: the answers are the same.",
        ));
    }
    let head = options
        .head
        .as_ref()
        .map(|handle| desk.path(handle))
        .transpose()?;
    if head.is_some() && !adapters.is_empty() {
        return Err(failure(
            "question.head_and_adapter",
            "A head stands on the embeddings of the model as it is, and adapters change them.",
            "Choose either.",
        ));
    }
    let (merged, adapters) = if options.merge_adapters {
        (adapters, Vec::new())
    } else {
        (Vec::new(), adapters)
    };
    Ok(Wanted {
        key: Key {
            device: precision::device(asked)?,
            precision: choice.precision,
            path,
            merged,
        },
        adapters,
        head,
        report,
        choice,
    })
}

impl Wanted {
    /// Bytes of weights and one picture.
    pub(crate) fn bytes(&self) -> u64 {
        let memories = precision::memories(&self.report);
        memories
            .iter()
            .find(|(precision, _)| *precision == self.key.precision)
            .map_or(0, |(_, bytes)| *bytes)
    }

    /// Why it cannot be loaded: unusable files, or too little memory for it and `extra` bytes.
    pub(crate) fn refusal(&self, desk: &Desk, extra: u64) -> Option<crate::Failure> {
        if !self.report.usable {
            let line = self.report.lines.first().cloned().unwrap_or_default();
            // The line says what to do.
            return Some(failure("model.unusable", line, ""));
        }
        if self.key.device != "cpu" || desk.models.has(&self.key) {
            return None;
        }
        let free = precision::available(desk)?;
        precision::refusal(
            &precision::memories(&self.report),
            self.key.precision,
            extra,
            free,
        )
    }

    /// Why this model cannot answer the question, however much memory there is.
    pub(crate) fn mismatch(&self, spec: &QuestionSpec, pictures: usize) -> Option<crate::Failure> {
        if !self.report.usable {
            return None;
        }
        if self.head.is_some() && !self.is_siglip() {
            return Some(failure(
                "question.head_of_siglip",
                "A head stands on the image embeddings of a MedSigLIP, and this model writes text.",
                "Choose the MedSigLIP that the head was trained on.",
            ));
        }
        if !self.is_siglip() {
            let blind = self.report.image_size.is_none() && pictures > 0;
            return blind.then(|| {
                failure(
                    "question.no_images",
                    "This model reads text only, and the question has images.",
                    "Choose a model that sees images, or a template without images.",
                )
            });
        }
        if spec.form == AnswerForm::Open {
            return Some(failure(
                "question.labels_only",
                "A MedSigLIP writes nothing: it scores labels.",
                "Ask for labels or a yes/no list.",
            ));
        }
        let options = spec.options();
        let prompted = options.pmi.is_some()
            || options.calibrate.is_some()
            || options.calibration.is_some()
            || options.permutations > 0
            || options.spellings
            || !options.none_option.trim().is_empty();
        prompted.then(|| {
            failure(
                "question.prompt_only",
                "A MedSigLIP has no prompt: corrections without content, orders, spellings, \
                 “none of these” and calibration files are for MedGemma.",
                "Leave these out.",
            )
        })
    }

    /// True for a model that compares pictures with texts.
    pub(crate) fn is_siglip(&self) -> bool {
        self.report.kind == "siglip"
    }
}

/// The model in memory, loaded when it is not there. `told` hears the share done, from 0 to 1, and what is done.
///
/// # Errors
/// Whatever loading may meet, or cancelled.
pub(crate) fn load(
    desk: &Desk,
    wanted: &Wanted,
    told: &dyn Fn(f64, &str),
    cancel: &Cancel,
) -> Outcome<Arc<Loaded>> {
    let key = &wanted.key;
    desk.models.get(key, cancel, || {
        if let Some(refusal) = wanted.refusal(desk, 0) {
            return Err(refusal);
        }
        let options = LoadOptions {
            precision: precision::engines(key.precision),
            cache: Some(desk.cache_folder()),
            device: key.device.clone(),
            merge: key.merged.clone(),
            ..LoadOptions::default()
        };
        let what = match key.precision {
            PrecisionName::F32 | PrecisionName::Bf16 => "reading the weights",
            PrecisionName::Q8_0 | PrecisionName::Q4K => "reading the weights, packed once and then kept",
        };
        told(0.0, what);
        let mut last = Instant::now();
        let mut progress = |fraction: f64| {
            if last.elapsed().as_millis() > 100 || fraction >= 1.0 {
                last = Instant::now();
                told(fraction, what);
            }
        };
        let model = if wanted.is_siglip() {
            let model = MedSiglip::load(&key.path, &options, Resize::Processor, &mut progress, cancel)?;
            Model::Siglip(Box::new(model))
        } else {
            Model::MedGemma(Box::new(Engine::load(&key.path, options, &mut progress, cancel)?))
        };
        Ok(Loaded::new(key.clone(), model, wanted.bytes()))
    })
}
