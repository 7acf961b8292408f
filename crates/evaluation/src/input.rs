//! Input files by name and bytes, and errors that name file and line.

/// A file's name, for messages, and its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// As the user wrote it.
    pub name: &'a str,
    /// Content.
    pub bytes: &'a [u8],
}

/// What is wrong with an input, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {message}")]
pub struct InputError {
    /// File as named.
    pub file: String,
    /// From 1.
    pub line: u64,
    /// A sentence without the place.
    pub message: String,
}

impl Input<'_> {
    /// An error at a line.
    pub(crate) fn error(&self, line: u64, message: impl Into<String>) -> InputError {
        InputError {
            file: self.name.to_owned(),
            line,
            message: message.into(),
        }
    }

    /// The text without a byte-order mark.
    pub(crate) fn text(&self) -> Result<&str, InputError> {
        match std::str::from_utf8(self.bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(e) => {
                let before = &self.bytes[..e.valid_up_to()];
                Err(self.error(
                    line_at(before, before.len()),
                    "this is not UTF-8 text; save the file as UTF-8",
                ))
            }
        }
    }
}

/// The line, from 1, of a byte offset.
pub(crate) fn line_at(bytes: &[u8], offset: usize) -> u64 {
    bytes[..offset.min(bytes.len())]
        .iter()
        .filter(|b| **b == b'\n')
        .count() as u64
        + 1
}

/// Without spaces, tabs and line ends around it; nothing else is changed.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}
