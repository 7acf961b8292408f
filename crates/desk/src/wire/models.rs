//! Models: those of the user's list, those that Overread knows, how one is held in memory and on which device.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::app::Handle;
use crate::wire::reading::AnswerForm;

/// How a model's matrices are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PrecisionName {
    /// 32 bit: exact, the slowest, the most memory.
    F32,
    /// 16 bit: as MedGemma is published.
    Bf16,
    /// 8.5 bits a weight.
    Q8_0,
    /// 4.5 bits a weight.
    Q4K,
}

/// What a model takes in one precision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PrecisionMemory {
    /// Precision.
    pub precision: PrecisionName,
    /// Bytes: weights and the reading of one picture.
    pub bytes: f64,
    /// It fits into what is free now.
    pub fits: bool,
}

/// An adapter (PEFT folder) that was added to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AdapterInfo {
    /// Names it in a question.
    pub handle: Handle,
    /// Name for people.
    pub name: String,
    /// It fits the model.
    pub usable: bool,
    /// What it is, or why it does not fit, line by line.
    pub report: Vec<String>,
    /// True when it changes what a picture becomes, so that pictures are encoded anew.
    pub changes_images: bool,
}

/// A model that the desk knows (`models`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelInfo {
    /// Opens it.
    pub handle: Handle,
    /// Name for people.
    pub name: String,
    /// True when it can be loaded.
    pub usable: bool,
    /// What the folder or file holds, what is missing or wrong, line by line.
    pub report: Vec<String>,
    /// Plain warning that must stand beside every answer, e.g. what it knows nothing of; empty when none.
    pub warning: String,
    /// It was trained on made phantoms alone: beside an answer about one, a quiet line takes the warning's place.
    pub phantoms_only: bool,
    /// The question that it was made to answer, when its folder names one.
    pub question: Option<ModelQuestion>,
    /// Terms of use in a few words; empty when unknown.
    pub terms: String,
    /// Parameters.
    pub parameters: f64,
    /// Bytes needed to load in the precision of `precision`.
    pub memory: f64,
    /// True when it takes images.
    pub images: bool,
    /// True for the bundled demo model.
    pub demo: bool,
    /// `gemma3`, `gemma3_text`, `siglip`, `gguf` …; empty when it is none of them.
    pub kind: String,
    /// Answers it can give; a MedSigLIP scores labels and writes nothing.
    pub forms: Vec<AnswerForm>,
    /// Id among `known_models`, when it was recognised; else empty.
    pub known: String,
    /// Known limits, a sentence each; empty when it was not recognised.
    pub limits: Vec<String>,
    /// Memory by precision, exact first.
    pub memory_by: Vec<PrecisionMemory>,
    /// The precision that the next question uses.
    pub precision: PrecisionName,
    /// True when the user chose it; otherwise by memory.
    pub precision_chosen: bool,
    /// Why this one, as a sentence.
    pub precision_reason: String,
    /// `cpu`, `cuda`, `metal` …: where the next question computes.
    pub device: String,
    /// Adapters added to it.
    pub adapters: Vec<AdapterInfo>,
    /// True when its weights are in memory now.
    pub loaded: bool,
    /// The user may take it off the list.
    pub removable: bool,
}

/// The question that a model was made to answer: one of a list of labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelQuestion {
    /// Id of the template that asks just this; empty when there is none.
    pub template: String,
    /// Wording.
    pub prompt: String,
    /// Labels, in the order in which they are scored.
    pub labels: Vec<String>,
}

/// How a model is to be used from now on (`set_model_options`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelOptions {
    /// Model.
    pub model: Handle,
    /// Precision; `None`: by memory.
    pub precision: Option<PrecisionName>,
    /// `cpu`, `cuda`, `cuda:1`, `metal`; empty: as the environment says, else the CPU.
    pub device: String,
}

/// A model and one of its adapters (`add_adapter`, `remove_adapter`).
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ModelAdapter {
    /// Model.
    pub model: Handle,
    /// Adapter folder.
    pub adapter: Handle,
}

/// Whether a known model is on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum KnownState {
    /// In the list and usable.
    Here,
    /// In the list, but something is missing or wrong.
    Incomplete,
    /// Not in the list.
    NotHere,
}

/// A file of a known model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KnownFile {
    /// File name.
    pub name: String,
    /// Cannot be left out.
    pub needed: bool,
    /// About so many bytes; 0 for small files.
    pub bytes: f64,
    /// What it is.
    pub about: String,
}

/// Preprocessing that suits a modality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KnownPreprocess {
    /// DICOM modality; `XC` for photographs.
    pub modality: String,
    /// Preprocessing ids, the default first.
    pub ids: Vec<String>,
    /// Why.
    pub note: String,
}

/// A figure that others published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KnownFigure {
    /// Task and set of cases.
    pub task: String,
    /// Metric and unit.
    pub metric: String,
    /// Value.
    pub value: f64,
    /// Under which conditions.
    pub conditions: String,
}

/// A model that Overread knows, on this machine or not (`known_models`). Nothing is ever downloaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct KnownModelInfo {
    /// Stable id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// `medgemma`, `medsiglip` or `demo`.
    pub family: String,
    /// Who publishes it.
    pub publisher: String,
    /// The name under which it is published; empty for what is made here.
    pub published_as: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Parameters.
    pub parameters: f64,
    /// Name of the terms.
    pub licence: String,
    /// Where a person reads the terms: shown as text, never fetched.
    pub terms: String,
    /// The terms in short, a sentence each.
    pub terms_summary: Vec<String>,
    /// Known limits, a sentence each.
    pub limits: Vec<String>,
    /// What a download holds.
    pub files: Vec<KnownFile>,
    /// Template ids that suit it, the default first.
    pub templates: Vec<String>,
    /// How to ask it, a sentence each.
    pub advice: Vec<String>,
    /// `never`, `when asked` or `unasked`.
    pub thinking: String,
    /// Preprocessing by modality.
    pub preprocess: Vec<KnownPreprocess>,
    /// Memory by precision.
    pub memory_by: Vec<PrecisionMemory>,
    /// What others published, with its conditions.
    pub published: Vec<KnownFigure>,
    /// On this machine?
    pub state: KnownState,
    /// The one in the list, when there is one.
    pub handle: Option<Handle>,
    /// How to get it and where to put it, a sentence each; empty when it is here.
    pub guidance: Vec<String>,
}
