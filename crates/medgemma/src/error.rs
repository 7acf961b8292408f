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
    #[error("the weights are incomplete: {} missing, the first is {}; download the model files again", .0.len(), .0.first().map_or("", String::as_str))]
    MissingTensors(Vec<String>),
    /// Tensors that the files have and the model does not know: loading on would answer nonsense.
    #[error("the weights hold {} tensors that this model does not have, the first is {}; the files belong to another model", .0.len(), .0.first().map_or("", String::as_str))]
    UnknownTensors(Vec<String>),
    /// A tensor of another shape.
    #[error(
        "tensor {name} has shape {found:?} and the config asks for {expected:?}; weights and config belong to different models"
    )]
    WrongShape {
        /// Tensor.
        name: String,
        /// In the file.
        found: Vec<usize>,
        /// By the config.
        expected: Vec<usize>,
    },
    /// An adapter that does not fit the model, or is of a kind that is not supported.
    #[error("the adapter {name} cannot be used: {reason}")]
    BadAdapter {
        /// Folder's last part.
        name: String,
        /// In words.
        reason: String,
    },
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

/// Shorthand.
pub type Result<T> = std::result::Result<T, EngineError>;
