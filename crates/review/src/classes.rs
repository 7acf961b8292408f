//! Error classes: what any reader can do wrong, and what only a model does.

use serde::{Deserialize, Serialize};

/// Whose error it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassGroup {
    /// Any reader's.
    Reader,
    /// A model's only, or of what it was given and judged by.
    Model,
}

impl ClassGroup {
    /// `reader` or `model`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Model => "model",
        }
    }
}

/// An error class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorClass {
    /// Kept with a review.
    pub id: &'static str,
    /// Shown.
    pub name: &'static str,
    /// One sentence.
    pub meaning: &'static str,
    /// Group.
    pub group: ClassGroup,
}

const fn reader(id: &'static str, name: &'static str, meaning: &'static str) -> ErrorClass {
    ErrorClass {
        id,
        name,
        meaning,
        group: ClassGroup::Reader,
    }
}

const fn model(id: &'static str, name: &'static str, meaning: &'static str) -> ErrorClass {
    ErrorClass {
        id,
        name,
        meaning,
        group: ClassGroup::Model,
    }
}

/// All classes in the order of a menu.
pub const ERROR_CLASSES: &[ErrorClass] = &[
    reader(
        "perception",
        "Perception",
        "The finding is visible and was not seen.",
    ),
    reader(
        "interpretation",
        "Interpretation",
        "The finding was seen and misjudged.",
    ),
    reader(
        "communication",
        "Communication",
        "It was judged rightly and said badly.",
    ),
    reader(
        "technique",
        "Technique",
        "The images do not show it, even in retrospect: quality, protocol or coverage.",
    ),
    reader(
        "system",
        "System",
        "Missing history or priors, interruption, workflow or software.",
    ),
    model(
        "invented-finding",
        "Invented finding",
        "The model reports something that is not there.",
    ),
    model("wrong-side", "Wrong side", "Right finding, wrong side."),
    model(
        "wrong-place",
        "Wrong place",
        "Right label, but said to be in another place.",
    ),
    model(
        "not-from-image",
        "Not from the image",
        "The finding comes from the prompt or other text, not from the image.",
    ),
    model("refusal", "Refusal", "The model declined to answer."),
    model(
        "off-format",
        "Off format",
        "The answer is none of those asked for, or cannot be made out.",
    ),
    model(
        "wording",
        "Changed by wording",
        "The answer changes with the wording of the question.",
    ),
    model(
        "input-error",
        "Input error",
        "The model was given the wrong window, series or slices.",
    ),
    model("truth-error", "Truth error", "The reference is wrong."),
];

/// The class of that id.
pub fn error_class(id: &str) -> Option<&'static ErrorClass> {
    ERROR_CLASSES.iter().find(|class| class.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        let ids: std::collections::BTreeSet<_> = ERROR_CLASSES.iter().map(|c| c.id).collect();
        assert_eq!(ids.len(), ERROR_CLASSES.len());
        assert_eq!(
            error_class("wrong-side").map(|c| c.group),
            Some(ClassGroup::Model)
        );
        assert!(error_class("blame").is_none());
    }
}
