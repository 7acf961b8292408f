//! A question as it is put together: images, wording, form of the answer, and how it is to be found.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::wire::app::Handle;
use crate::wire::models::PrecisionName;
use crate::wire::reading::AnswerForm;
use crate::wire::viewing::WindowInfo;

/// A question as the user put it together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct QuestionSpec {
    /// Display set it is about.
    pub display_set: String,
    /// Slice spec of the command line: `12`, `10-20`, `10-40/3`, `middle`, `official`, `all`, `3,7,9` (from 1).
    pub slices: String,
    /// Preprocessing id.
    pub preprocess: String,
    /// Window for `display/1`; the file's or automatic one when absent.
    pub window: Option<WindowInfo>,
    /// Id of the VOI table for `display/1`, when one is shown; goes before `window`.
    #[serde(default)]
    pub lut: Option<String>,
    /// The user's own inversion, for `display/1`.
    #[serde(default)]
    pub inverted: bool,
    /// Model.
    pub model: Handle,
    /// Template id, or empty for an own prompt.
    pub template: String,
    /// Own prompt, or the edited template text; empty = the template's.
    pub prompt: String,
    /// Answer wanted.
    pub form: AnswerForm,
    /// Labels for `labels` and `yes_no`.
    pub labels: Vec<String>,
    /// Most tokens to generate for `open`; 0: the template's own.
    pub max_new_tokens: u32,
    /// Sampling temperature; 0 is greedy.
    pub temperature: f64,
    /// Seed for sampling.
    pub seed: u32,
    /// Everything else; defaults when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub options: Option<QuestionOptions>,
}

impl QuestionSpec {
    /// The options, defaults when there are none.
    pub fn options(&self) -> QuestionOptions {
        self.options.clone().unwrap_or_default()
    }
}

/// A prompt without content, to find what labels are worth by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ContentFreeName {
    /// Grey pictures.
    Grey,
    /// No pictures.
    None,
}

/// What likelihoods are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum NormaliseName {
    /// Of the whole label.
    #[default]
    Sum,
    /// A token.
    Mean,
}

/// How a MedSigLIP scores labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PairingName {
    /// By the form of the answer: softmax over a set of labels, sigmoid for a yes/no list.
    #[default]
    ByForm,
    /// Each label against its absence in words.
    PositiveNegative,
}

/// Images of the same patient that go before, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PriorSpec {
    /// Display set.
    pub display_set: String,
    /// Slice spec; empty: the middle one.
    pub slices: String,
}

/// How an answer is to be found. `None`, 0 and empty mean: as the desk does by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct QuestionOptions {
    /// Precision; `None`: the model's (`set_model_options`), else by memory.
    pub precision: Option<PrecisionName>,
    /// `cpu`, `cuda`, `metal` …; empty: the model's.
    pub device: String,
    /// Adapters, applied in this order.
    pub adapters: Vec<Handle>,
    /// Merge the adapters into the weights when loading: a little faster, and another load to switch.
    pub merge_adapters: bool,
    /// A head's folder: a MedSigLIP reads by it and not by texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub head: Option<Handle>,

    /// Likelihoods that are compared.
    pub normalise: NormaliseName,
    /// Pointwise mutual information: likelihoods without content are taken off.
    pub pmi: Option<ContentFreeName>,
    /// Contextual calibration: probabilities without content divide.
    pub calibrate: Option<ContentFreeName>,
    /// Cyclic orders of the options to average over; 0: no list of options.
    pub permutations: u32,
    /// Another label, for none of them; empty: none.
    pub none_option: String,
    /// Other spellings of a label count too.
    pub spellings: bool,
    /// Calibration file.
    pub calibration: Option<Handle>,
    /// How a MedSigLIP scores labels.
    pub pairing: PairingName,

    /// Most likely tokens considered when sampling; 0: the model's own.
    pub top_k: u32,
    /// Probability mass considered when sampling; 0: the model's own.
    pub top_p: f64,
    /// Answers to sample for agreement; 0 and 1: none.
    pub samples: u32,
    /// Ask the model whether its own answer is true.
    pub p_true: bool,
    /// Most tokens of a thought; `None`: no bound but the answer's.
    pub think_budget: Option<u32>,
    /// Text at which an answer ends.
    pub stops: Vec<String>,
    /// Read the answer as boxes.
    pub boxes: bool,

    /// Add crops of wide or tall pictures, as the reference's pan and scan does.
    pub pan_and_scan: bool,
    /// Pad pictures to a square instead of stretching them.
    pub pad_to_square: bool,
    /// Earlier images that go before.
    pub priors: Vec<PriorSpec>,
}
