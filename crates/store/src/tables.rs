//! What is read and written, table by table.

use overread_review::{Mark, Review};
use rusqlite::{OptionalExtension, params};

use crate::{Store, StoreError};

/// A folder opened before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentFolder {
    /// Path.
    pub path: String,
    /// RFC 3339.
    pub opened_at: String,
}

/// A kept reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReading {
    /// Id.
    pub id: String,
    /// RFC 3339.
    pub at: String,
    /// JSON.
    pub body: String,
}

/// A kept check of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheck {
    /// Id.
    pub id: String,
    /// Reading it belongs to; empty for none.
    pub reading: String,
    /// RFC 3339.
    pub at: String,
    /// JSON.
    pub body: String,
}

/// What a truth is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruthKey<'a> {
    /// A case id (display set).
    Case(&'a str),
    /// A Series Instance UID.
    Series(&'a str),
    /// A Study Instance UID.
    Study(&'a str),
}

impl<'a> TruthKey<'a> {
    fn parts(self) -> (&'static str, &'a str) {
        match self {
            Self::Case(key) => ("case", key),
            Self::Series(key) => ("series", key),
            Self::Study(key) => ("study", key),
        }
    }
}

/// Reference labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Labels; empty when it was taken away.
    pub labels: Vec<String>,
    /// Where they come from.
    pub source: String,
    /// RFC 3339.
    pub at: String,
}

/// A reader's own answer.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnAnswer {
    /// Label or free text.
    pub label: String,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// RFC 3339.
    pub at: String,
    /// Given before model and truth were seen.
    pub before_reveal: bool,
}

type Result<T> = std::result::Result<T, StoreError>;

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Sql(error.to_string()))
}

impl Store {
    /// Remembers an opened folder.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remember_folder(&mut self, path: &str, now: &str) -> Result<()> {
        self.connection.execute(
            "INSERT INTO folders VALUES (?1, ?2) ON CONFLICT (path) DO UPDATE SET opened_at = ?2",
            [path, now],
        )?;
        Ok(())
    }

    /// Folders opened before, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn recent_folders(&self, most: u32) -> Result<Vec<RecentFolder>> {
        let mut statement = self
            .connection
            .prepare("SELECT path, opened_at FROM folders ORDER BY opened_at DESC LIMIT ?1")?;
        let rows = statement.query_map([most], |row| {
            Ok(RecentFolder {
                path: row.get(0)?,
                opened_at: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Notes that a case set was opened.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remember_evaluation(&mut self, path: &str, now: &str) -> Result<()> {
        self.connection.execute(
            "INSERT INTO evaluations VALUES (?1, ?2) ON CONFLICT (path) DO UPDATE SET opened_at = ?2",
            [path, now],
        )?;
        Ok(())
    }

    /// Takes a case set off the list.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_evaluation(&mut self, path: &str) -> Result<()> {
        self.connection
            .execute("DELETE FROM evaluations WHERE path = ?1", [path])?;
        Ok(())
    }

    /// Case sets opened before with the time of it, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn evaluations(&self, most: u32) -> Result<Vec<(String, String)>> {
        let mut statement = self
            .connection
            .prepare("SELECT path, opened_at FROM evaluations ORDER BY opened_at DESC, path LIMIT ?1")?;
        let rows = statement.query_map([most], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// A setting.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        let value = self
            .connection
            .query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| {
                row.get(0)
            });
        Ok(value.optional()?)
    }

    /// Keeps a setting.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_setting(&mut self, key: &str, value: &str, now: &str) -> Result<()> {
        self.write(now, "", "setting.set", key, value, |t| {
            t.execute(
                "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
                [key, value],
            )
        })?;
        Ok(())
    }

    /// Keeps a reading.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_reading(&mut self, reading: &StoredReading, case: &str, who: &str) -> Result<()> {
        self.write(&reading.at, who, "reading.add", &reading.id, &reading.body, |t| {
            t.execute(
                "INSERT INTO readings VALUES (?1, ?2, ?3, ?4)",
                [&reading.id, case, &reading.at, &reading.body],
            )
        })?;
        Ok(())
    }

    /// Readings of a case, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn readings(&self, case: &str) -> Result<Vec<StoredReading>> {
        let mut statement = self
            .connection
            .prepare("SELECT id, at, body FROM readings WHERE case_key = ?1 ORDER BY at DESC, rowid DESC")?;
        let rows = statement.query_map([case], |row| {
            Ok(StoredReading {
                id: row.get(0)?,
                at: row.get(1)?,
                body: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// How many readings a case has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reading_count(&self, case: &str) -> Result<u32> {
        let count = "SELECT count(*) FROM readings WHERE case_key = ?1";
        Ok(self.connection.query_row(count, [case], |row| row.get(0))?)
    }

    /// Keeps a check.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_check(&mut self, check: &StoredCheck, case: &str, who: &str) -> Result<()> {
        self.write(&check.at, who, "check.add", &check.id, &check.body, |t| {
            t.execute(
                "INSERT INTO checks VALUES (?1, ?2, ?3, ?4, ?5)",
                [&check.id, case, &check.reading, &check.at, &check.body],
            )
        })?;
        Ok(())
    }

    /// Checks of a case, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn checks(&self, case: &str) -> Result<Vec<StoredCheck>> {
        let mut statement = self
            .connection
            .prepare("SELECT id, reading, at, body FROM checks WHERE case_key = ?1 ORDER BY at, rowid")?;
        let rows = statement.query_map([case], |row| {
            Ok(StoredCheck {
                id: row.get(0)?,
                reading: row.get(1)?,
                at: row.get(2)?,
                body: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Keeps truths, all in one transaction; the newest of a key counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_truths(&mut self, truths: &[(TruthKey<'_>, Truth)], who: &str, now: &str) -> Result<()> {
        let subject = format!("{} truths", truths.len());
        let rows = truths
            .iter()
            .map(|(key, truth)| Ok((key.parts(), json(&truth.labels)?, truth)))
            .collect::<Result<Vec<_>>>()?;
        let detail: String = rows
            .iter()
            .map(|((kind, key), labels, _)| format!("{kind} {key} {labels}\n"))
            .collect();
        self.write(now, who, "truth.add", &subject, &detail, |t| {
            for ((kind, key), labels, truth) in &rows {
                t.execute(
                    "INSERT INTO truths (kind, key, labels, source, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![kind, key, labels, truth.source, truth.at],
                )?;
            }
            Ok(())
        })
    }

    /// The newest truth of the first key that has one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn truth(&self, keys: &[TruthKey<'_>]) -> Result<Option<Truth>> {
        for key in keys {
            let (kind, key) = key.parts();
            let found: Option<(String, String, String)> = self
                .connection
                .query_row(
                    "SELECT labels, source, at FROM truths WHERE kind = ?1 AND key = ?2 ORDER BY n DESC LIMIT 1",
                    [kind, key],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .optional()?;
            if let Some((labels, source, at)) = found {
                let labels: Vec<String> = serde_json::from_str(&labels).unwrap_or_default();
                return Ok(Some(Truth { labels, source, at }).filter(|t| !t.labels.is_empty()));
            }
        }
        Ok(None)
    }

    /// Keeps an own answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_answer(&mut self, case: &str, answer: &OwnAnswer, who: &str) -> Result<()> {
        let detail = format!(
            "{} {:?} {}",
            answer.label, answer.confidence, answer.before_reveal
        );
        self.write(&answer.at, who, "answer.commit", case, &detail, |t| {
            t.execute(
                "INSERT INTO answers (case_key, label, confidence, at, before_reveal, reader) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![case, answer.label, answer.confidence, answer.at, answer.before_reveal, who],
            )
        })?;
        Ok(())
    }

    /// Own answers of a case, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn answers(&self, case: &str) -> Result<Vec<OwnAnswer>> {
        let mut statement = self.connection.prepare(
            "SELECT label, confidence, at, before_reveal FROM answers WHERE case_key = ?1 ORDER BY n",
        )?;
        let rows = statement.query_map([case], |row| {
            Ok(OwnAnswer {
                label: row.get(0)?,
                confidence: row.get(1)?,
                at: row.get(2)?,
                before_reveal: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// How many own answers there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn answer_count(&self) -> Result<u32> {
        let count = "SELECT count(*) FROM answers";
        Ok(self.connection.query_row(count, [], |row| row.get(0))?)
    }

    /// Records that model or truth of a case was shown; the first time of each counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn record_seen(&mut self, case: &str, what: &str, who: &str, now: &str) -> Result<()> {
        if self.seen(case)?.iter().any(|(seen, _)| seen == what) {
            return Ok(());
        }
        self.write(now, who, "case.seen", case, what, |t| {
            t.execute(
                "INSERT INTO seen (case_key, what, at) VALUES (?1, ?2, ?3)",
                [case, what, now],
            )
        })?;
        Ok(())
    }

    /// A row of the audit log for what is kept elsewhere.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note(&mut self, action: &str, subject: &str, detail: &str, who: &str, now: &str) -> Result<()> {
        self.write(now, who, action, subject, detail, |_| Ok(()))
    }

    /// What of a case was shown, and when, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn seen(&self, case: &str) -> Result<Vec<(String, String)>> {
        let mut statement = self
            .connection
            .prepare("SELECT what, at FROM seen WHERE case_key = ?1 ORDER BY n")?;
        let rows = statement.query_map([case], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    /// Keeps a mark, or a new version of one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn save_mark(&mut self, mark: &Mark) -> Result<()> {
        let body = json(mark)?;
        self.write(&mark.at, &mark.reader, "mark.save", &mark.id, &body, |t| {
            t.execute(
                "INSERT INTO marks (id, case_key, body, at) VALUES (?1, ?2, ?3, ?4)",
                [&mark.id, &mark.case, &body, &mark.at],
            )
        })?;
        Ok(())
    }

    /// Takes a mark away; its versions stay on record. False when there is no such mark.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn delete_mark(&mut self, id: &str, who: &str, now: &str) -> Result<bool> {
        let case: Option<String> = self
            .connection
            .query_row("SELECT case_key FROM marks WHERE id = ?1 LIMIT 1", [id], |row| {
                row.get(0)
            })
            .optional()?;
        let Some(case) = case else { return Ok(false) };
        self.write(now, who, "mark.delete", id, "", |t| {
            t.execute(
                "INSERT INTO marks (id, case_key, body, at) VALUES (?1, ?2, NULL, ?3)",
                [id, &case, now],
            )
        })?;
        Ok(true)
    }

    /// Takes the last change of a case's marks since `since` back (RFC 3339: what was drawn before is no slip of the hand
    /// of today). False when there is nothing to take back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn undo_mark(&mut self, case: &str, since: &str, who: &str, now: &str) -> Result<bool> {
        let last: Option<i64> = self
            .connection
            .query_row(
                "SELECT n FROM marks WHERE case_key = ?1 AND undone = 0 AND at >= ?2 ORDER BY n DESC LIMIT 1",
                [case, since],
                |row| row.get(0),
            )
            .optional()?;
        let Some(n) = last else { return Ok(false) };
        self.write(now, who, "mark.undo", case, &n.to_string(), |t| {
            t.execute("UPDATE marks SET undone = 1 WHERE n = ?1", [n])
        })?;
        Ok(true)
    }

    /// Marks of a case as they stand, in the order they were first drawn.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn marks(&self, case: &str) -> Result<Vec<Mark>> {
        let mut statement = self.connection.prepare(
            "SELECT m.body FROM marks m JOIN (SELECT id, MAX(n) AS last, MIN(n) AS first FROM marks WHERE case_key = ?1 AND undone = 0 GROUP BY id) l
             ON m.n = l.last WHERE m.body IS NOT NULL ORDER BY l.first",
        )?;
        let rows = statement.query_map([case], |row| row.get::<_, String>(0))?;
        let bodies = rows.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(bodies
            .iter()
            .filter_map(|body| serde_json::from_str(body).ok())
            .collect())
    }

    /// Files a review; its version must be one more than the last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn file_review(&mut self, review: &Review) -> Result<()> {
        let body = json(review)?;
        self.write(
            &review.at,
            &review.reader,
            "review.file",
            &review.id,
            &body,
            |t| {
                t.execute(
                    "INSERT INTO reviews VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![review.id, review.version, review.case, review.at, body],
                )
            },
        )?;
        Ok(())
    }

    /// The newest version of each review, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reviews(&self) -> Result<Vec<Review>> {
        let mut statement = self.connection.prepare(
            "SELECT body FROM reviews r WHERE version = (SELECT MAX(version) FROM reviews WHERE id = r.id) ORDER BY at DESC, rowid DESC",
        )?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        let bodies = rows.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(bodies
            .iter()
            .filter_map(|body| serde_json::from_str(body).ok())
            .collect())
    }
}
