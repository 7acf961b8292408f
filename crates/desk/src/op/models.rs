//! Models that the desk knows: the demo model, those in the user's list, and how each is to be used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overread_medgemma::AdapterWeights;
use overread_medgemma::check::{CheckReport, OwnQuestion};
use overread_protocol::templates::{self, Form, Template};
use serde::{Deserialize, Serialize};

use crate::code::failure;
use crate::desk::Desk;
use crate::op::{bundled, files, known, precision};
use crate::wire::app::Handle;
use crate::wire::models::{
    AdapterInfo, ModelAdapter, ModelInfo, ModelOptions, ModelQuestion, PrecisionMemory, PrecisionName,
};
use crate::wire::reading::AnswerForm;
use crate::{Cancel, Outcome};

/// How the user wants a model to be used; kept in the settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Use {
    /// `None`: by memory.
    pub(crate) precision: Option<PrecisionName>,
    /// Empty: as the environment says, else the CPU.
    pub(crate) device: String,
    /// Adapter folders that were added.
    pub(crate) adapters: Vec<PathBuf>,
}

/// A value of the settings; the default when it was never kept or cannot be read.
fn kept<T: for<'a> Deserialize<'a> + Default>(desk: &Desk, key: &str) -> T {
    let text = desk
        .store()
        .ok()
        .and_then(|store| store.setting(key).ok().flatten());
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

fn keep(desk: &Desk, key: &str, value: &impl Serialize) -> Outcome<()> {
    let text = serde_json::to_string(value).unwrap_or_default();
    Ok(desk.store()?.set_setting(key, &text, &desk.clock.now())?)
}

/// Folders and files in the user's list, newest first, without the demo model.
pub(crate) fn listed(desk: &Desk) -> Vec<PathBuf> {
    kept(desk, "models")
}

/// How a model is to be used.
pub(crate) fn use_of(desk: &Desk, model: &Path) -> Use {
    kept::<BTreeMap<PathBuf, Use>>(desk, "model_use")
        .remove(model)
        .unwrap_or_default()
}

fn change_use(desk: &Desk, model: &Path, change: impl FnOnce(&mut Use)) -> Outcome<()> {
    let mut all: BTreeMap<PathBuf, Use> = kept(desk, "model_use");
    change(all.entry(model.to_path_buf()).or_default());
    all.retain(|_, wish| *wish != Use::default());
    keep(desk, "model_use", &all)
}

/// The operation `models`.
pub fn models(desk: &Desk) -> Outcome<Vec<ModelInfo>> {
    let mut folders = listed(desk);
    folders.extend(bundled::write(desk).ok());
    Ok(folders.iter().map(|folder| describe(desk, folder)).collect())
}

/// The operation `add_model`.
pub(crate) fn add_model(desk: &Desk, handle: &Handle) -> Outcome<ModelInfo> {
    add(desk, &desk.path(handle)?)
}

/// Looks into a model folder or file and remembers it when it is one.
///
/// # Errors
/// When the list cannot be kept.
pub fn add(desk: &Desk, model: &Path) -> Outcome<ModelInfo> {
    let info = describe(desk, model);
    if info.usable && !info.demo {
        let mut folders = listed(desk);
        folders.retain(|known| known != model);
        folders.insert(0, model.to_path_buf());
        keep(desk, "models", &folders)?;
    }
    Ok(info)
}

/// The operation `remove_model`: the list forgets it, its files stay.
pub(crate) fn remove_model(desk: &Desk, handle: &Handle) -> Outcome<Vec<ModelInfo>> {
    remove(desk, &desk.path(handle)?)?;
    models(desk)
}

/// Where a model lies, for a terminal.
pub fn path_words(desk: &Desk, info: &ModelInfo) -> String {
    desk.path(&info.handle)
        .map_or_else(|_| String::new(), |path| path.display().to_string())
}

/// Takes a model off the list; its files stay.
///
/// # Errors
/// For the demo model, or when the list cannot be kept.
pub fn remove(desk: &Desk, model: &Path) -> Outcome<()> {
    if model == bundled::folder(desk) {
        return Err(failure(
            "model.demo_stays",
            "The demo model belongs to Overread.",
            "It takes no room worth speaking of; leave it.",
        ));
    }
    let mut folders = listed(desk);
    folders.retain(|known| known != model);
    keep(desk, "models", &folders)?;
    change_use(desk, model, |wish| *wish = Use::default())
}

/// The operation `set_model_options`.
pub(crate) fn set_options(desk: &Desk, options: &ModelOptions) -> Outcome<ModelInfo> {
    let model = desk.path(&options.model)?;
    let device = precision::device(&options.device)?;
    change_use(desk, &model, |wish| {
        wish.precision = options.precision;
        wish.device = if options.device.is_empty() {
            String::new()
        } else {
            device
        };
    })?;
    Ok(describe(desk, &model))
}

/// The operation `add_adapter`.
pub(crate) fn add_adapter(desk: &Desk, arguments: &ModelAdapter) -> Outcome<ModelInfo> {
    let (model, adapter) = (desk.path(&arguments.model)?, desk.path(&arguments.adapter)?);
    let found = describe_adapter(desk, &model, &adapter);
    if !found.usable {
        let line = found.report.first().cloned().unwrap_or_default();
        return Err(failure(
            "model.adapter",
            line,
            "Choose the folder that holds adapter_config.json.",
        ));
    }
    change_use(desk, &model, |wish| {
        wish.adapters.retain(|known| *known != adapter);
        wish.adapters.push(adapter);
    })?;
    Ok(describe(desk, &model))
}

/// The operation `remove_adapter`.
pub(crate) fn remove_adapter(desk: &Desk, arguments: &ModelAdapter) -> Outcome<ModelInfo> {
    let (model, adapter) = (desk.path(&arguments.model)?, desk.path(&arguments.adapter)?);
    change_use(desk, &model, |wish| {
        wish.adapters.retain(|known| *known != adapter)
    })?;
    Ok(describe(desk, &model))
}

fn describe_adapter(desk: &Desk, model: &Path, adapter: &Path) -> AdapterInfo {
    let handle = desk.handle(adapter);
    let read = files::opened(desk, model)
        .and_then(|files| Ok(AdapterWeights::read(adapter, &files.config, &Cancel::default())?));
    let (usable, report, changes_images) = match read {
        Ok(found) => {
            let kind = if found.is_dora() { "DoRA" } else { "LoRA" };
            let mut lines = vec![format!(
                "{kind} on {} maps, {} whole tensors, {}.",
                found.entries.len(),
                found.replaced.len(),
                precision::gib(found.bytes() as u64)
            )];
            if !found.base_model.is_empty() {
                lines.push(format!("Trained on {}.", found.base_model));
            }
            (true, lines, found.changes_images())
        }
        Err(error) => (false, vec![error.message], false),
    };
    AdapterInfo {
        name: handle.label.clone(),
        handle,
        usable,
        report,
        changes_images,
    }
}

/// A model as the page shows it.
pub fn describe(desk: &Desk, model: &Path) -> ModelInfo {
    let report = files::report(desk, model);
    let demo = model == bundled::folder(desk);
    let recognised = known::recognised(desk, model).and_then(|r| r.model);
    let wish = use_of(desk, model);
    let choice = precision::choose(desk, model, &report, None, &wish);
    let free = precision::available(desk);
    let memory_by: Vec<PrecisionMemory> = precision::memories(&report)
        .into_iter()
        .map(|(precision, bytes)| PrecisionMemory {
            precision,
            bytes: bytes as f64,
            fits: free.is_none_or(|free| bytes <= free),
        })
        .collect();
    let memory = memory_by
        .iter()
        .find(|m| m.precision == choice.precision)
        .map_or(0.0, |m| m.bytes);
    let CheckReport {
        usable,
        kind,
        lines,
        parameters,
        image_size,
        warning,
        phantoms_only,
        question,
        ..
    } = report;
    let forms = match (usable, kind.as_str()) {
        (false, _) => Vec::new(),
        (true, "siglip") => vec![AnswerForm::Labels, AnswerForm::YesNo],
        (true, _) => vec![AnswerForm::Labels, AnswerForm::YesNo, AnswerForm::Open],
    };
    ModelInfo {
        name: name_of(desk, model),
        handle: desk.handle(model),
        usable,
        report: lines,
        warning,
        phantoms_only,
        question: question.map(|q| ModelQuestion {
            template: template_of(&q),
            prompt: q.prompt,
            labels: q.labels,
        }),
        terms: match recognised {
            _ if demo => "Apache-2.0 OR MIT, as Overread".to_owned(),
            Some(model) => model.licence.name.clone(),
            None => "Health AI Developer Foundations terms apply to MedGemma: research use, no clinical use without own validation."
                .to_owned(),
        },
        parameters: parameters as f64,
        memory,
        images: image_size.is_some(),
        demo,
        forms,
        known: recognised.map(|m| m.id.clone()).unwrap_or_default(),
        limits: recognised.map(|m| m.limits.clone()).unwrap_or_default(),
        memory_by,
        precision: choice.precision,
        precision_chosen: choice.chosen,
        precision_reason: choice.reason,
        device: precision::device(&wish.device).unwrap_or_else(|_| "cpu".to_owned()),
        adapters: wish
            .adapters
            .iter()
            .map(|adapter| describe_adapter(desk, model, adapter))
            .collect(),
        loaded: desk.models.holds(model),
        removable: !demo,
        kind,
    }
}

/// The template that asks just this, else empty.
fn template_of(question: &OwnQuestion) -> String {
    let same = |t: &&Template| {
        t.form == Form::Labels
            && t.before.is_empty()
            && t.after == question.prompt
            && t.labels.iter().eq(question.labels.iter())
    };
    templates::ALL
        .iter()
        .find(same)
        .map(|t| t.id.to_owned())
        .unwrap_or_default()
}

/// What a model is called: its folder's name, and the demo model by what it is.
pub(crate) fn name_of(desk: &Desk, folder: &Path) -> String {
    if folder == bundled::folder(desk) {
        "Demo model (phantoms only)".to_owned()
    } else {
        desk.handle(folder).label
    }
}
