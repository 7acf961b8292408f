//! Why a model cannot be loaded or asked.

/// A failure, as a sentence for the person who chose the model or asked the question.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The user stopped it.
    #[error("stopped")]
    Cancelled,
    /// A file of the folder is missing.
    #[error("the model folder has no {0}; choose the folder that holds the downloaded model files")]
    MissingFile(String),
    /// A file cannot be read or parsed.
    #[error("{file} of the model folder cannot be used: {reason}")]
    BadFile {
        /// File name.
        file: String,
        /// In words.
        reason: String,
    },
    /// A model of another family or with a feature that is not supported.
    #[error("this model is not supported: {0}")]
    Unsupported(String),
    /// Tensors that the model needs and the files lack.
    #[error("the weights are incomplete, these tensors are missing: {}; download the model files again", listed(.0))]
    MissingTensors(Vec<String>),
    /// Tensors that the files have and the model does not know: loading on would answer nonsense.
    #[error("the weights hold tensors that this model does not have: {}; the files belong to another model", listed(.0))]
    UnknownTensors(Vec<String>),
    /// Tensors that occur more than once.
    #[error("the weights hold the same tensor twice ({}); keep the files of one download only", listed(.0))]
    RepeatedTensors(Vec<String>),
    /// Tensors of another shape.
    #[error(
        "{}; weights and config belong to different models",
        listed(&.0.iter().map(ToString::to_string).collect::<Vec<_>>())
    )]
    WrongShapes(Vec<Misshapen>),
    /// More than one thing is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; also "))]
    Several(Vec<EngineError>),
    /// An adapter that does not fit the model, or is of a kind that is not supported.
    #[error("the adapter {name} cannot be used: {reason}")]
    BadAdapter {
        /// Folder's last part.
        name: String,
        /// In words.
        reason: String,
    },
    /// The tokenizer belongs to another model.
    #[error(
        "tokenizer and weights belong to different models: {0}; use the tokenizer that came with the weights"
    )]
    WrongTokenizer(String),
    /// Not enough memory.
    #[error(
        "this needs {needed_gib:.1} GiB of memory and {available_gib:.1} GiB are free; close other programs or choose a smaller model"
    )]
    NotEnoughMemory {
        /// GiB.
        needed_gib: f64,
        /// GiB.
        available_gib: f64,
    },
    /// The question does not fit the model.
    #[error("the question does not fit this model: {0}")]
    BadQuestion(String),
    /// Arithmetic failed.
    #[error("the model could not be computed: {0}")]
    Compute(#[from] candle_core::Error),
}

/// A tensor of another shape than the config asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshapen {
    /// Name in the file.
    pub name: String,
    /// In the file.
    pub found: Vec<usize>,
    /// By the config.
    pub expected: Vec<usize>,
}

impl std::fmt::Display for Misshapen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            name,
            found,
            expected,
        } = self;
        write!(
            f,
            "tensor {name} has shape {found:?} and the config asks for {expected:?}"
        )
    }
}

fn listed(names: &[String]) -> String {
    crate::words::list(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, EngineError>;
