//! The audit record: each row carries the hash of the one before, so that a changed or missing row shows.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// From 1.
    pub sequence: u32,
    /// RFC 3339.
    pub at: String,
    /// Who.
    pub who: String,
    /// What was done, e.g. `review.file`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// SHA-256 of what was written.
    pub detail: String,
    /// Hash of the row before; empty for the first.
    pub previous: String,
    /// Hash of this row.
    pub hash: String,
}

/// SHA-256 of a text, in hex.
pub fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |t, b| t + &format!("{b:02x}"))
}

impl AuditEntry {
    /// The hash that the row should carry.
    pub fn expected_hash(&self) -> String {
        // Lengths keep fields apart, whatever they hold.
        let fields = [
            &self.at,
            &self.who,
            &self.action,
            &self.subject,
            &self.detail,
            &self.previous,
        ];
        let text = fields
            .iter()
            .fold(self.sequence.to_string(), |t, f| format!("{t}\n{}:{f}", f.len()));
        sha256(&text)
    }
}

/// The first row that does not fit, with what is wrong; `None` when all do.
pub fn first_fault(entries: impl IntoIterator<Item = AuditEntry>) -> Option<String> {
    let mut previous = String::new();
    for (i, entry) in entries.into_iter().enumerate() {
        if entry.sequence as usize != i + 1 {
            return Some(format!("row {} is missing", i + 1));
        }
        if entry.previous != previous {
            return Some(format!(
                "row {} does not follow the row before it",
                entry.sequence
            ));
        }
        if entry.hash != entry.expected_hash() {
            return Some(format!("row {} was changed", entry.sequence));
        }
        previous = entry.hash;
    }
    None
}
