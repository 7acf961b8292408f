//! What went wrong: classes of peer review forms, and those that only a model makes.

/// An error class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorClass {
    /// Kept.
    pub id: &'static str,
    /// Shown.
    pub name: &'static str,
    /// One sentence.
    pub meaning: &'static str,
    /// `reader` or `model`.
    pub group: &'static str,
}

const fn class(
    id: &'static str,
    name: &'static str,
    meaning: &'static str,
    group: &'static str,
) -> ErrorClass {
    ErrorClass {
        id,
        name,
        meaning,
        group,
    }
}

/// All classes.
pub const CLASSES: &[ErrorClass] = &[
    class("perception", "Perception", "Visible, not seen.", "reader"),
    class(
        "interpretation",
        "Interpretation",
        "Seen, judged wrongly.",
        "reader",
    ),
    class(
        "communication",
        "Communication",
        "Judged rightly, said badly.",
        "reader",
    ),
    class(
        "technique",
        "Technique",
        "The examination does not show it.",
        "reader",
    ),
    class("system", "System", "Priors, history or workflow.", "reader"),
    class(
        "invented",
        "Invented finding",
        "Nothing on the image supports it.",
        "model",
    ),
    class(
        "wrong-side",
        "Wrong side",
        "Right finding, left and right exchanged.",
        "model",
    ),
    class(
        "wrong-place",
        "Wrong place",
        "Right label, another place.",
        "model",
    ),
    class(
        "from-prompt",
        "From the prompt",
        "Comes from the wording, not the image.",
        "model",
    ),
    class("refusal", "Refusal", "No answer was given.", "model"),
    class("off-format", "Off format", "The answer cannot be read.", "model"),
    class(
        "wording",
        "Changed by wording",
        "Another wording gives another answer.",
        "model",
    ),
    class(
        "input",
        "Input error",
        "Wrong window, series or slices were given.",
        "model",
    ),
    class(
        "truth",
        "Truth is wrong",
        "The reference itself is wrong.",
        "model",
    ),
];

/// True for a known id.
pub fn is_class(id: &str) -> bool {
    CLASSES.iter().any(|c| c.id == id)
}
