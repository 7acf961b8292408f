//! The audit log: each row carries the hash of the one before, so that a changed, missing or moved row shows.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What stands for the row before the first: 64 zeros.
pub const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One row of the log. No field holds a patient's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// RFC 3339.
    pub at: String,
    /// Who acted, as the desk's settings name them.
    pub who: String,
    /// What was done, e.g. `review.filed`.
    pub action: String,
    /// What it was done to: an id of the store.
    pub subject: String,
    /// More, as JSON text; may be empty.
    pub detail: String,
    /// Hash of the row before, or [`FIRST`].
    pub previous_hash: String,
    /// Hash of this row.
    pub hash: String,
}

/// Where and how a log does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// A row's own hash is wrong.
    #[error("row {0} of the audit log was changed after it was written")]
    Changed(u64),
    /// A row does not follow the one before.
    #[error("row {0} of the audit log does not follow the row before; rows were removed, added or moved")]
    Broken(u64),
    /// The log ends before the row that was last known.
    #[error("the audit log ends before row {0}, which was written; rows were removed from its end")]
    Cut(u64),
}

impl AuditEntry {
    /// The row that follows `previous_hash`.
    pub fn new(at: &str, who: &str, action: &str, subject: &str, detail: &str, previous_hash: &str) -> Self {
        let mut entry = Self {
            at: at.to_owned(),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            previous_hash: previous_hash.to_owned(),
            hash: String::new(),
        };
        entry.hash = entry.computed();
        entry
    }

    /// SHA-256, hex, over all fields but the hash, each with its length before it.
    pub fn computed(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(b"overread audit 1\n");
        for field in [
            &self.at,
            &self.who,
            &self.action,
            &self.subject,
            &self.detail,
            &self.previous_hash,
        ] {
            hasher.update((field.len() as u64).to_le_bytes());
            hasher.update(field.as_bytes());
        }
        let mut out = String::with_capacity(64);
        for byte in hasher.finalize() {
            // Writing into a string cannot fail.
            let _ = write!(out, "{byte:02x}");
        }
        out
    }
}

/// Checks a log from its first row on; the number of rows and the last hash.
///
/// # Errors
/// The first row that does not hold, counted from 1.
pub fn verify<'a>(entries: impl IntoIterator<Item = &'a AuditEntry>) -> Result<(u64, String), AuditFault> {
    let mut chain = Chain::default();
    for entry in entries {
        chain.add(entry)?;
    }
    Ok((chain.rows, chain.last))
}

/// A chain checked row by row, for logs too long to hold.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Rows that hold so far.
    pub rows: u64,
    /// Hash of the last one.
    pub last: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            rows: 0,
            last: FIRST.to_owned(),
        }
    }
}

impl Chain {
    /// Checks the next row.
    ///
    /// # Errors
    /// When it was changed or does not follow.
    pub fn add(&mut self, entry: &AuditEntry) -> Result<(), AuditFault> {
        let row = self.rows + 1;
        if entry.previous_hash != self.last {
            return Err(AuditFault::Broken(row));
        }
        if entry.computed() != entry.hash {
            return Err(AuditFault::Changed(row));
        }
        self.rows = row;
        self.last.clone_from(&entry.hash);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(n: usize) -> Vec<AuditEntry> {
        let mut previous = FIRST.to_owned();
        (0..n)
            .map(|i| {
                let entry = AuditEntry::new(
                    "2026-11-21T09:30:00Z",
                    "r",
                    "review.filed",
                    &i.to_string(),
                    "{}",
                    &previous,
                );
                previous.clone_from(&entry.hash);
                entry
            })
            .collect()
    }

    #[test]
    fn a_whole_log_holds() {
        let log = log(5);
        assert_eq!(verify(&log), Ok((5, log[4].hash.clone())));
        assert_eq!(verify(&[]), Ok((0, FIRST.to_owned())));
    }

    #[test]
    fn a_field_cannot_be_moved_into_its_neighbour() {
        let a = AuditEntry::new("t", "ab", "c", "", "", FIRST);
        let b = AuditEntry::new("t", "a", "bc", "", "", FIRST);
        assert_ne!(a.hash, b.hash);
    }

    #[test]
    fn a_removed_row_shows() {
        let mut log = log(5);
        log.remove(2);
        assert_eq!(verify(&log), Err(AuditFault::Broken(3)));
    }

    proptest! {
        #[test]
        fn any_changed_field_shows(row in 0_usize..6, field in 0_usize..7, text in "[a-z]{1,4}") {
            let mut log = log(6);
            let entry = &mut log[row];
            let value = [
                &mut entry.at, &mut entry.who, &mut entry.action, &mut entry.subject, &mut entry.detail,
                &mut entry.previous_hash, &mut entry.hash,
            ];
            value.into_iter().nth(field).unwrap().push_str(&text);
            prop_assert!(verify(&log).is_err());
        }

        #[test]
        fn swapped_rows_show(a in 0_usize..6, b in 0_usize..6) {
            let mut log = log(6);
            log.swap(a, b);
            prop_assert_eq!(verify(&log).is_ok(), a == b);
        }
    }
}
