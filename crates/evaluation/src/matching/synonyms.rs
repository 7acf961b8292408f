//! Tables of synonyms: `term,synonym[,note]`, the user's own before the list of radiology words that comes along.

use std::collections::{BTreeMap, BTreeSet};

use overread_protocol::answer::words::fold;
use sha2::{Digest, Sha256};

use super::normalise::{Side, term};
use crate::error::{InputError, without_mark};

/// The words of radiology that come along.
const RADIOLOGY: &str = include_str!("radiology_synonyms.csv");
/// Rows that a table may have.
const MOST_ROWS: usize = 200_000;
/// Synonyms of synonyms that are followed.
const MOST_STEPS: usize = 64;
/// Letters that a cell may have.
const MOST_LETTERS: usize = 300;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// What it is called.
    pub term: String,
    /// Another name of it.
    pub synonym: String,
    /// A remark; may be empty.
    pub note: String,
    /// Line, from 1.
    pub line: u64,
}

/// Tables of synonyms, checked.
#[derive(Clone, Debug, Default)]
pub struct Synonyms {
    rows: Vec<Synonym>,
    name: String,
}

impl Synonyms {
    /// The list of radiology words that comes along.
    pub fn radiology() -> Self {
        // A fault of our own table is caught by the tests.
        let mut list = Self::read("radiology", RADIOLOGY).unwrap_or_default();
        "radiology".clone_into(&mut list.name);
        list
    }

    /// Reads a table: CSV with a header that has `term` and `synonym`, and `note` if there is one.
    ///
    /// # Errors
    /// [`InputError`] with the line: a missing column or cell, one synonym under two terms, terms that are each other's
    /// synonyms.
    pub fn read(file: &str, text: &str) -> Result<Self, InputError> {
        let table = two_columns(file, text, ["term", "synonym"])?;
        let mut owner: BTreeMap<Key, (Key, String, u64)> = BTreeMap::new();
        let mut rows = Vec::with_capacity(table.len());
        for row in table {
            let (own, other) = (key(&row.first), key(&row.second));
            let fail = |reason: String| Err(InputError::new(file, row.line, reason));
            if own == other {
                // The same after normalising: nothing to add, no fault.
                continue;
            }
            match owner.get(&other) {
                Some((first, _, _)) if *first == own => continue,
                Some((_, first, line)) => {
                    return fail(format!(
                        "`{}` is a synonym of `{}` here and of `{first}` in line {line}; keep one of the two",
                        row.second, row.first
                    ));
                }
                None => {}
            }
            let mut up = own.clone();
            let mut steps = 0_usize;
            while let Some((next, name, line)) = owner.get(&up) {
                steps += 1;
                if steps > MOST_STEPS {
                    return fail(format!(
                        "more than {MOST_STEPS} synonyms of synonyms lead up from `{}`",
                        row.first
                    ));
                }
                if *next == other {
                    return fail(format!(
                        "`{}` is a synonym of `{}`, which line {line} makes a synonym of `{name}`: the rows form a circle",
                        row.second, row.first
                    ));
                }
                up = next.clone();
            }
            owner.insert(other, (own, row.first.clone(), row.line));
            rows.push(Synonym {
                term: row.first,
                synonym: row.second,
                note: row.note,
                line: row.line,
            });
        }
        Ok(Self {
            rows,
            name: file.to_owned(),
        })
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[Synonym] {
        &self.rows
    }

    /// This table with the rows of another below it: where both speak of a synonym, or this one's rows would form a
    /// circle with the other's, this one counts.
    #[must_use]
    pub fn over(mut self, below: &Self) -> Self {
        let mut owner: BTreeMap<Key, Key> = self
            .rows
            .iter()
            .map(|r| (key(&r.synonym), key(&r.term)))
            .collect();
        for row in &below.rows {
            let (own, other) = (key(&row.term), key(&row.synonym));
            if owner.contains_key(&other) {
                continue;
            }
            let above = std::iter::successors(Some(&own), |at| owner.get(*at));
            let circle = above.take(2 * MOST_STEPS).any(|at| *at == other);
            if !circle {
                owner.insert(other, own);
                self.rows.push(row.clone());
            }
        }
        if !below.rows.is_empty() {
            self.name = match self.name.as_str() {
                "" => below.name.clone(),
                own => format!("{own}+{}", below.name),
            };
        }
        self
    }

    /// Name and hash of what the table says: `radiology:1f2e…`, the same for the same rows in any order. Twelve hex
    /// digits of SHA-256.
    pub fn version(&self) -> String {
        let rows = self.rows.iter().map(|r| [fold(&r.term), fold(&r.synonym)]);
        version(&self.name, rows)
    }
}

/// A table's name with twelve hex digits of the SHA-256 of its rows, in whatever order and however often they stand.
pub(super) fn version(name: &str, rows: impl Iterator<Item = [String; 2]>) -> String {
    let lines: BTreeSet<String> = rows
        .map(|[first, second]| format!("{first}\t{second}\n"))
        .collect();
    let mut hash = Sha256::new();
    for line in &lines {
        hash.update(line.as_bytes());
    }
    format!("{name}:{}", hex(&hash.finalize(), 6))
}

/// The first bytes in hex.
pub(crate) fn hex(bytes: &[u8], count: usize) -> String {
    use std::fmt::Write as _;
    bytes.iter().take(count).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// What rows are compared by. The side is part of it: `left atrium` is no `right atrium`.
type Key = (Vec<String>, Option<u8>);

fn key(text: &str) -> Key {
    let term = term(text);
    let side = term.side.map(|side| match side {
        Side::Left => 0,
        Side::Right => 1,
        Side::Bilateral => 2,
    });
    (term.words, side)
}

/// A row of a table of two columns.
pub(crate) struct Row {
    pub(crate) first: String,
    pub(crate) second: String,
    pub(crate) note: String,
    pub(crate) line: u64,
}

/// Reads CSV with two named columns and `note`. Cells are trimmed and neither may be empty or without a letter.
pub(crate) fn two_columns(file: &str, text: &str, names: [&str; 2]) -> Result<Vec<Row>, InputError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(without_mark(text).as_bytes());
    let mut rows = Vec::new();
    let mut at: Option<[usize; 3]> = None;
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            InputError::new(file, line, format!("it cannot be read as CSV ({error})"))
        })?;
        let line = record.position().map_or(1, csv::Position::line);
        let Some([first, second, note]) = at else {
            let find = |name: &str| record.iter().position(|h| h.eq_ignore_ascii_case(name));
            let (Some(first), Some(second)) = (find(names[0]), find(names[1])) else {
                let wanted = format!(
                    "the header must have the columns `{}` and `{}`",
                    names[0], names[1]
                );
                return Err(InputError::new(file, line, wanted));
            };
            at = Some([first, second, find("note").unwrap_or(usize::MAX)]);
            continue;
        };
        let cell = |index: usize, name: &str| {
            let text = record.get(index).unwrap_or_default();
            if text.chars().count() > MOST_LETTERS {
                return Err(InputError::new(
                    file,
                    line,
                    format!("`{name}` has more than {MOST_LETTERS} letters"),
                ));
            }
            if term(text).words.is_empty() {
                return Err(InputError::new(file, line, format!("`{name}` has no word")));
            }
            Ok(text.to_owned())
        };
        rows.push(Row {
            first: cell(first, names[0])?,
            second: cell(second, names[1])?,
            note: record.get(note).unwrap_or_default().to_owned(),
            line,
        });
        if rows.len() > MOST_ROWS {
            return Err(InputError::new(
                file,
                line,
                format!("there are more than {MOST_ROWS} rows"),
            ));
        }
    }
    if at.is_none() {
        return Err(InputError::new(file, 1, "the table is empty"));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (u64, String) {
        let error = Synonyms::read("s.csv", text).unwrap_err();
        (error.line, error.reason)
    }

    #[test]
    fn a_table_is_read_and_has_a_version() {
        let text =
            "term,synonym,note\nhiatal hernia,hiatus hernia,spelling\n\"effusion, pleural\",pleural fluid,\n";
        let table = Synonyms::read("s.csv", text).unwrap();
        assert_eq!(table.rows().len(), 2);
        assert_eq!(table.rows()[0].note, "spelling");
        let turned = Synonyms::read(
            "s.csv",
            "Synonym,Term\npleural  fluid,\"effusion, pleural\"\nHiatus hernia,hiatal hernia\n",
        );
        assert_eq!(turned.unwrap().version(), table.version());
        assert!(table.version().starts_with("s.csv:") && table.version().len() == 18);
    }

    #[test]
    fn faults_are_told_by_line() {
        assert_eq!(refused("").1, "the table is empty");
        assert!(refused("word,synonym\na,b\n").1.contains("`term` and `synonym`"));
        assert_eq!(
            refused("term,synonym\nabc,\n"),
            (2, "`synonym` has no word".to_owned())
        );
        let (line, reason) = refused("term,synonym\nabc,xyz\ndef,XYZ\n");
        assert!(line == 3 && reason.contains("of `abc` in line 2"), "{reason}");
        let (line, reason) = refused("term,synonym\na1,b1\nb1,c1\nc1,a1\n");
        assert!(line == 4 && reason.contains("circle"), "{reason}");
        assert!(
            refused(&format!("term,synonym\nabc,{}\n", "x".repeat(400)))
                .1
                .contains("300 letters")
        );
        // Twice the same, and a synonym that is the term itself, are no faults.
        assert_eq!(
            Synonyms::read("s", "term,synonym\nabc,xyz\nabc,xyz\nabc,ABCs\n")
                .unwrap()
                .rows()
                .len(),
            1
        );
    }

    #[test]
    fn the_users_table_comes_before_the_list() {
        let own = Synonyms::read(
            "own",
            "term,synonym\nheart failure,big heart\ncardiac enlargement,cardiomegaly\n",
        )
        .unwrap();
        let list = Synonyms::read(
            "list",
            "term,synonym\ncardiomegaly,big heart\ncardiomegaly,cardiac enlargement\n",
        )
        .unwrap();
        let both = own.over(&list);
        assert_eq!(both.rows().len(), 2);
        assert!(both.version().starts_with("own+list:"));
    }

    #[test]
    fn the_list_of_radiology_words_is_sound() {
        let list = Synonyms::read("radiology", RADIOLOGY).unwrap();
        assert!(list.rows().len() >= 250, "{}", list.rows().len());
        let kept: Vec<u64> = list.rows().iter().map(|row| row.line).collect();
        let said: Vec<u64> = (2..=RADIOLOGY.lines().count() as u64).collect();
        let idle: Vec<&u64> = said.iter().filter(|line| !kept.contains(line)).collect();
        assert!(idle.is_empty(), "lines that say nothing of their own: {idle:?}");
    }
}
