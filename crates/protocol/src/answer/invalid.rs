//! Why an answer counts as none.

use serde::{Deserialize, Serialize};

/// The kind of an answer that cannot be used. The ids are those of an answers file's `invalid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invalid {
    /// The reader declined to answer. An answer with a disclaimer is none.
    Refusal,
    /// No answer can be made out by any rule.
    Unparseable,
    /// More than one answer is given.
    Ambiguous,
    /// The token limit came before the answer.
    Truncated,
    /// It repeats itself until the end.
    Loop,
    /// An answer, but none of those offered.
    OutOfSet,
    /// Nothing was said.
    Empty,
    /// Not in the language asked for.
    WrongLanguage,
    /// The reader failed.
    Error,
}

impl Invalid {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 9] = [
        Self::Refusal,
        Self::Unparseable,
        Self::Ambiguous,
        Self::Truncated,
        Self::Loop,
        Self::OutOfSet,
        Self::Empty,
        Self::WrongLanguage,
        Self::Error,
    ];

    /// The id: `refusal`, `unparseable`, `ambiguous`, `truncated`, `loop`, `out-of-set`, `empty`, `wrong-language`, `error`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::Unparseable => "unparseable",
            Self::Ambiguous => "ambiguous",
            Self::Truncated => "truncated",
            Self::Loop => "loop",
            Self::OutOfSet => "out-of-set",
            Self::Empty => "empty",
            Self::WrongLanguage => "wrong-language",
            Self::Error => "error",
        }
    }

    /// The kind of an id, an underscore as good as a hyphen; `None` for a word of someone else's.
    pub fn of(id: &str) -> Option<Self> {
        let id = id.trim().to_ascii_lowercase().replace('_', "-");
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// A sentence for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Refusal => "The reader declined to answer.",
            Self::Unparseable => "No answer can be made out in the text.",
            Self::Ambiguous => "The text gives more than one answer.",
            Self::Truncated => "The token limit was reached before an answer came.",
            Self::Loop => "The text repeats itself and gives no answer.",
            Self::OutOfSet => "The answer is none of those offered.",
            Self::Empty => "Nothing was said.",
            Self::WrongLanguage => "The text is not in the language asked for.",
            Self::Error => "The reader failed.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_what_is_serialised() {
        for kind in Invalid::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.id());
            assert_eq!(Invalid::of(kind.id()), Some(kind));
        }
        assert_eq!(Invalid::of("wrong_language"), Some(Invalid::WrongLanguage));
        assert_eq!(Invalid::of("timeout"), None);
    }
}
