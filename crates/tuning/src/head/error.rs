//! What can go wrong with a head, in words that help.

/// A failure that the user can do something about.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HeadError {
    /// Nothing to learn from, or embeddings that do not belong together.
    #[error("the cases cannot be learned from: {0}")]
    Cases(String),
    /// A label that no case to learn from has.
    #[error("no case to learn from has {0}; add some, or take the label out")]
    NoCase(String),
    /// A label that every case to learn from has.
    #[error("every case to learn from has {0}; add some without it, or take the label out")]
    EveryCase(String),
    /// Too few patients of a label for cross-validation.
    #[error(
        "{0} is known of too few patients to choose by cross-validation; name a validation split, or add patients"
    )]
    FewPatients(String),
    /// Settings that make no sense.
    #[error("{0}")]
    Settings(String),
    /// A file that is not there, or could not be read or written.
    #[error("{file}: {reason}")]
    File {
        /// Which.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// A file that is damaged or none of a head.
    #[error("{file} is no file of a head: {reason}; get the folder again from whoever made it")]
    Damaged {
        /// Which.
        file: String,
        /// Why.
        reason: String,
    },
    /// An embedding of another width.
    #[error(
        "the head takes embeddings of {expected} numbers, and the model gives {found}; use the model that it was trained on"
    )]
    Width {
        /// The head's.
        expected: usize,
        /// The model's.
        found: usize,
    },
    /// Another base model.
    #[error(
        "the head was trained on another model: {name} with weights {expected}, and these are {found}; use that model, or train a head for this one"
    )]
    OtherModel {
        /// Name of the head's model.
        name: String,
        /// Start of the hash of its weights.
        expected: String,
        /// Start of the hash of the weights that are there.
        found: String,
    },
    /// Pictures prepared in another way.
    #[error(
        "the head was trained on pictures prepared by {expected}, and these are prepared by {found}; prepare them in the same way"
    )]
    OtherPictures {
        /// The head's.
        expected: String,
        /// What was asked for.
        found: String,
    },
    /// Other labels than those asked for.
    #[error("the head answers {expected}, and the question is {found}; ask for the head's own labels")]
    OtherLabels {
        /// The head's.
        expected: String,
        /// What was asked for.
        found: String,
    },
    /// Stopped by the user.
    #[error("stopped")]
    Cancelled,
}
