//! Opening the file, and the one way to write.

use std::path::Path;
use std::time::Duration;

use overread_review::audit::{AuditEntry, first_fault, sha256};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::StoreError;
use crate::migrate::migrate;

/// How long a write waits for another program.
const PATIENCE: Duration = Duration::from_secs(5);

/// The store.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
}

impl Store {
    /// Opens (or makes) `overread.sqlite` in a home folder, checks it, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(home: &Path, now: &str) -> Result<Self, StoreError> {
        Self::open_with_patience(home, now, PATIENCE)
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_with_patience(home: &Path, now: &str, patience: Duration) -> Result<Self, StoreError> {
        let read_only = |reason: String| StoreError::ReadOnly {
            folder: home.display().to_string(),
            reason,
        };
        std::fs::create_dir_all(home).map_err(|error| read_only(error.to_string()))?;
        let connection =
            Connection::open(home.join("overread.sqlite")).map_err(|error| read_only(error.to_string()))?;
        connection.busy_timeout(patience)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(|error| match StoreError::from(error) {
                StoreError::ReadOnly { reason, .. } => read_only(reason),
                other => other,
            })?;
        // Saved means on disk: a commit waits for the disk.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if check != "ok" {
            return Err(StoreError::Damaged(check));
        }
        let mut store = Self { connection };
        migrate(&mut store.connection, home, now)?;
        Ok(store)
    }

    /// One transaction with its audit row.
    pub(crate) fn write<T>(
        &mut self,
        now: &str,
        who: &str,
        action: &str,
        subject: &str,
        detail: &str,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = change(&transaction)?;
        let last: Option<(u32, String)> = transaction
            .query_row(
                "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (sequence, previous) = last.map_or((1, String::new()), |(n, hash)| (n + 1, hash));
        let mut entry = AuditEntry {
            sequence,
            at: now.to_owned(),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: sha256(detail),
            previous,
            hash: String::new(),
        };
        entry.hash = entry.expected_hash();
        transaction.execute(
            "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                entry.sequence,
                entry.at,
                entry.who,
                entry.action,
                entry.subject,
                entry.detail,
                entry.previous,
                entry.hash
            ],
        )?;
        transaction.commit()?;
        Ok(value)
    }

    /// Number of audit rows, and the first that does not fit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn audit(&self) -> Result<(usize, Option<String>), StoreError> {
        let mut statement = self.connection.prepare("SELECT * FROM audit ORDER BY sequence")?;
        let rows = statement.query_map([], |row| {
            Ok(AuditEntry {
                sequence: row.get(0)?,
                at: row.get(1)?,
                who: row.get(2)?,
                action: row.get(3)?,
                subject: row.get(4)?,
                detail: row.get(5)?,
                previous: row.get(6)?,
                hash: row.get(7)?,
            })
        })?;
        let entries = rows.collect::<Result<Vec<_>, _>>()?;
        Ok((entries.len(), first_fault(entries)))
    }
}
