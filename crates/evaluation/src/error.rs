//! Errors in input files, by file and line.

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {reason}")]
pub struct InputError {
    /// File name as given.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// In words.
    pub reason: String,
}

impl InputError {
    pub(crate) fn new(file: &str, line: u64, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            reason: reason.into(),
        }
    }
}

/// Spaces, tabs and line ends around a value are no part of it; nothing else is changed.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Text without a byte-order mark.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}
