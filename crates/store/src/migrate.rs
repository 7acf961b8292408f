//! Schema versions, one step each; the file is copied aside before a step is taken.

use std::path::Path;

use rusqlite::Connection;

use crate::StoreError;

const STEPS: &[&str] = &[
    "CREATE TABLE folders (path TEXT PRIMARY KEY, opened_at TEXT NOT NULL);
     CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
     CREATE TABLE readings (id TEXT PRIMARY KEY, case_key TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL);
     CREATE INDEX readings_by_case ON readings (case_key, at);
     CREATE TABLE truths (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, labels TEXT NOT NULL, source TEXT NOT NULL, at TEXT NOT NULL);
     CREATE INDEX truths_by_key ON truths (kind, key);
     CREATE TABLE answers (n INTEGER PRIMARY KEY, case_key TEXT NOT NULL, label TEXT NOT NULL, confidence REAL, at TEXT NOT NULL, before_reveal INTEGER NOT NULL, reader TEXT NOT NULL);
     CREATE INDEX answers_by_case ON answers (case_key);
     CREATE TABLE seen (n INTEGER PRIMARY KEY, case_key TEXT NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL);
     CREATE INDEX seen_by_case ON seen (case_key);
     CREATE TABLE marks (n INTEGER PRIMARY KEY, id TEXT NOT NULL, case_key TEXT NOT NULL, body TEXT, at TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0);
     CREATE INDEX marks_by_case ON marks (case_key, id);
     CREATE TABLE reviews (id TEXT NOT NULL, version INTEGER NOT NULL, case_key TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id, version));
     CREATE TABLE audit (sequence INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
     CREATE TRIGGER readings_keep BEFORE UPDATE ON readings BEGIN SELECT RAISE(ABORT, 'readings are append-only'); END;
     CREATE TRIGGER readings_stay BEFORE DELETE ON readings BEGIN SELECT RAISE(ABORT, 'readings are append-only'); END;
     CREATE TRIGGER answers_keep BEFORE UPDATE ON answers BEGIN SELECT RAISE(ABORT, 'answers are append-only'); END;
     CREATE TRIGGER answers_stay BEFORE DELETE ON answers BEGIN SELECT RAISE(ABORT, 'answers are append-only'); END;
     CREATE TRIGGER reviews_keep BEFORE UPDATE ON reviews BEGIN SELECT RAISE(ABORT, 'reviews are append-only'); END;
     CREATE TRIGGER reviews_stay BEFORE DELETE ON reviews BEGIN SELECT RAISE(ABORT, 'reviews are append-only'); END;
     CREATE TRIGGER audit_keep BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
     CREATE TRIGGER audit_stay BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;",
    "CREATE TABLE checks (id TEXT PRIMARY KEY, case_key TEXT NOT NULL, reading TEXT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL);
     CREATE INDEX checks_by_case ON checks (case_key, at);
     CREATE TRIGGER checks_keep BEFORE UPDATE ON checks BEGIN SELECT RAISE(ABORT, 'checks are append-only'); END;
     CREATE TRIGGER checks_stay BEFORE DELETE ON checks BEGIN SELECT RAISE(ABORT, 'checks are append-only'); END;",
    "CREATE TABLE evaluations (path TEXT PRIMARY KEY, opened_at TEXT NOT NULL);",
];

/// Brings the schema up to date.
pub(crate) fn migrate(connection: &mut Connection, home: &Path, now: &str) -> Result<(), StoreError> {
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (i, step) in STEPS.iter().enumerate().skip(found as usize) {
        if i > 0 {
            backup(connection, home, now, i)?;
        }
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", u32::try_from(i + 1).unwrap_or(u32::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

fn backup(connection: &Connection, home: &Path, now: &str, version: usize) -> Result<(), StoreError> {
    let folder = home.join("backups");
    let failed = |error: std::io::Error| StoreError::ReadOnly {
        folder: folder.display().to_string(),
        reason: error.to_string(),
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let name = format!("overread-{}-schema-{version}.sqlite", now.replace(':', "-"));
    connection.execute("VACUUM INTO ?1", [folder.join(name).to_string_lossy()])?;
    Ok(())
}
