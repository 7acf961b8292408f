//! Truth tables of a desk: CSV, TSV, JSON or JSON Lines with flexible column names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::csv_rows;
use crate::input::{Input, InputError};
use crate::truth_json;

/// Most rows of one table.
const MOST_ROWS: usize = 2_000_000;

/// One row: what it is about, and what is true of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthRow {
    /// Case id, as the table names it.
    pub case: Option<String>,
    /// Study Instance UID.
    pub study: Option<String>,
    /// Series Instance UID.
    pub series: Option<String>,
    /// Path of the case's folder or file, `/` between parts.
    pub path: Option<String>,
    /// Labels; at least one.
    pub labels: Vec<String>,
    /// Pseudonym of the patient, if the table has one.
    pub patient: Option<String>,
    /// Where the truth comes from, e.g. `biopsy`.
    pub source: Option<String>,
    /// Line in the file, from 1.
    pub line: u64,
}

/// What a display set can be found by.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaseKeys<'a> {
    /// Names the case may have: an id, the name of its folder.
    pub case: &'a [&'a str],
    /// Study Instance UID.
    pub study: &'a str,
    /// Series Instance UID.
    pub series: &'a str,
    /// Path of one of its files.
    pub path: &'a str,
}

/// By what a row was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruthMatch {
    /// Series Instance UID.
    Series,
    /// Study Instance UID.
    Study,
    /// Case id.
    Case,
    /// Path.
    Path,
}

/// A table, checked and indexed.
#[derive(Clone, Debug, Default)]
pub struct TruthTable {
    rows: Vec<TruthRow>,
    by_series: BTreeMap<String, usize>,
    by_study: BTreeMap<String, usize>,
    by_case: BTreeMap<String, usize>,
    by_path: BTreeMap<String, usize>,
}

/// What a column means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Case,
    Study,
    Series,
    Path,
    Label,
    Patient,
    Source,
}

/// The meaning of a column name, whatever its capitals, spaces and underscores.
pub(crate) fn column(name: &str) -> Option<Column> {
    let name: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    Some(match name.as_str() {
        "case" | "caseid" | "id" | "uid" => Column::Case,
        "study" | "studyuid" | "studyinstanceuid" | "0020000d" => Column::Study,
        "series" | "seriesuid" | "seriesinstanceuid" | "0020000e" => Column::Series,
        "path" | "file" | "filename" | "folder" | "image" | "imagepath" => Column::Path,
        "label" | "labels" | "finding" | "findings" | "diagnosis" | "class" | "truth" | "groundtruth"
        | "target" => Column::Label,
        "patient" | "patientid" | "subject" | "subjectid" => Column::Patient,
        "source" | "reference" | "truthsource" => Column::Source,
        _ => return None,
    })
}

/// One row as columns with text, before it is checked.
pub(crate) struct RawRow {
    pub(crate) line: u64,
    pub(crate) cells: Vec<(Column, String)>,
}

impl TruthTable {
    /// Reads a table. CSV or TSV by its header; JSON as a list of objects, an object with one such list, or an object
    /// from case to label; JSON Lines. Several labels stand in one cell with `|` or `;` between, or as a JSON list.
    ///
    /// # Errors
    /// [`InputError`] with file and line: no usable columns, a row without key or label, two rows for one key.
    pub fn read(input: &Input<'_>) -> Result<Self, InputError> {
        let text = input.text()?;
        let raw = if text.trim_start().starts_with(['[', '{']) {
            truth_json::rows(input, text)?
        } else {
            table_rows(input, text)?
        };
        if raw.len() > MOST_ROWS {
            return Err(input.error(
                1,
                format!("the table has {} rows; {MOST_ROWS} is the most", raw.len()),
            ));
        }
        let mut table = Self::default();
        for row in raw {
            table.add(input, row)?;
        }
        if table.rows.is_empty() {
            return Err(input.error(1, "the table has no rows"));
        }
        Ok(table)
    }

    fn add(&mut self, input: &Input<'_>, raw: RawRow) -> Result<(), InputError> {
        let line = raw.line;
        let mut row = TruthRow {
            line,
            ..TruthRow::default()
        };
        for (column, text) in raw.cells {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let text = text.to_owned();
            match column {
                Column::Case => row.case = row.case.or(Some(text)),
                Column::Study => row.study = Some(text),
                Column::Series => row.series = Some(text),
                Column::Path => row.path = Some(plain_path(&text)),
                Column::Label => row.labels.extend(
                    text.split(['|', ';'])
                        .map(str::trim)
                        .filter(|l| !l.is_empty())
                        .map(str::to_owned),
                ),
                Column::Patient => row.patient = Some(text),
                Column::Source => row.source = Some(text),
            }
        }
        let mut seen = Vec::new();
        row.labels.retain(|label| {
            let new = !seen.contains(label);
            if new {
                seen.push(label.clone());
            }
            new
        });
        if row.labels.is_empty() {
            return Err(input.error(line, "this row has no label"));
        }
        // The narrowest key is what the row is about: a study named beside a series is no second key.
        let place = self.rows.len();
        let keys = [
            (&mut self.by_series, &row.series, "series"),
            (&mut self.by_study, &row.study, "study"),
            (&mut self.by_case, &row.case, "case"),
            (&mut self.by_path, &row.path, "path"),
        ];
        let narrow = row.series.is_some();
        let mut keyed = false;
        for (index, key, what) in keys {
            let Some(key) = key else { continue };
            if narrow && what == "study" {
                continue;
            }
            keyed = true;
            if let Some(first) = index.insert(key.clone(), place) {
                let other = &self.rows[first];
                if other.labels == row.labels && other.source == row.source {
                    continue;
                }
                let message = format!(
                    "the {what} “{key}” stands here a second time with another label (first in line {})",
                    other.line
                );
                return Err(input.error(line, message));
            }
        }
        if !keyed {
            return Err(input.error(line, "this row names no case, study, series or path"));
        }
        self.rows.push(row);
        Ok(())
    }

    /// All rows in file order.
    pub fn rows(&self) -> &[TruthRow] {
        &self.rows
    }

    /// The row of a display set: by series, then study, then case id, then path (equal, or the folder that holds it).
    pub fn find(&self, keys: &CaseKeys<'_>) -> Option<(&TruthRow, TruthMatch)> {
        let row = |index: Option<&usize>, by: TruthMatch| {
            index.and_then(|i| self.rows.get(*i)).map(|row| (row, by))
        };
        let case = keys.case.iter().find_map(|case| self.by_case.get(case.trim()));
        row(self.by_series.get(keys.series.trim()), TruthMatch::Series)
            .or_else(|| row(self.by_study.get(keys.study.trim()), TruthMatch::Study))
            .or_else(|| row(case, TruthMatch::Case))
            .or_else(|| row(self.path(keys.path), TruthMatch::Path))
    }

    /// The row whose path ends the given path's folders or file: the longest one counts.
    fn path(&self, path: &str) -> Option<&usize> {
        if self.by_path.is_empty() || path.trim().is_empty() {
            return None;
        }
        let path = plain_path(path);
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        // Every run of whole parts of the path, longest first, at most a table's usual depth.
        (1..=parts.len().min(12)).rev().find_map(|length| {
            parts
                .windows(length)
                .rev()
                .find_map(|run| self.by_path.get(&run.join("/")))
        })
    }
}

/// `/` between parts, no `./` in front, no `/` at the ends.
fn plain_path(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    path.trim_start_matches("./").trim_matches('/').to_owned()
}

fn table_rows(input: &Input<'_>, text: &str) -> Result<Vec<RawRow>, InputError> {
    let first = text.lines().next().unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    let separator = if count('\t') > count(',') {
        b'\t'
    } else if count(';') > count(',') {
        b';'
    } else {
        b','
    };
    let table = csv_rows::read(input, separator)?;
    let columns: Vec<Option<Column>> = table.header.iter().map(|name| column(name)).collect();
    let has = |c: Column| columns.contains(&Some(c));
    let names = table.header.join(", ");
    if !has(Column::Label) {
        return Err(input.error(
            1,
            format!("no column holds a label (found {names}); name one label, finding or diagnosis"),
        ));
    }
    if ![Column::Case, Column::Study, Column::Series, Column::Path]
        .into_iter()
        .any(has)
    {
        return Err(input.error(
            1,
            format!("no column says which case a row is about (found {names}); name one case, study, series or path"),
        ));
    }
    Ok(table
        .rows
        .into_iter()
        .map(|(line, record)| RawRow {
            line,
            cells: columns
                .iter()
                .zip(record.iter())
                .filter_map(|(c, text)| Some(((*c)?, text.to_owned())))
                .collect(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TruthTable, InputError> {
        TruthTable::read(&Input {
            name: "truth",
            bytes: text.as_bytes(),
        })
    }

    #[test]
    fn names_of_columns_are_flexible() {
        let t =
            read("Case ID;Series Instance UID;Finding;Source\n c1 ;1.2.3; nodule ;biopsy\n;1.2.4;a|b|a;\n")
                .unwrap();
        assert_eq!(t.rows().len(), 2);
        let keys = CaseKeys {
            series: "1.2.3",
            ..CaseKeys::default()
        };
        let (row, by) = t.find(&keys).unwrap();
        assert_eq!(
            (row.labels.as_slice(), row.source.as_deref(), by),
            (&["nodule".to_owned()][..], Some("biopsy"), TruthMatch::Series)
        );
        assert_eq!(t.rows()[1].labels, ["a", "b"]);
    }

    #[test]
    fn the_narrowest_key_wins() {
        let t = read("study,series,case,label\n1.1,,,wide\n1.1,1.1.5,,narrow\n,,k,named\n").unwrap();
        let find = |study: &str, series: &str, case: &[&str]| {
            t.find(&CaseKeys {
                study,
                series,
                case,
                path: "",
            })
            .map(|(r, by)| (r.labels[0].clone(), by))
        };
        assert_eq!(
            find("1.1", "1.1.5", &[]),
            Some(("narrow".to_owned(), TruthMatch::Series))
        );
        assert_eq!(
            find("1.1", "1.1.6", &["k"]),
            Some(("wide".to_owned(), TruthMatch::Study))
        );
        assert_eq!(
            find("9", "9", &["x", " k "]),
            Some(("named".to_owned(), TruthMatch::Case))
        );
        assert_eq!(find("9", "9", &["K"]), None);
        assert_eq!(find("", "", &[]), None);
    }

    #[test]
    fn paths_match_by_whole_parts() {
        let t = read("case,path,label\na,./cases/a,x\nb,cases\\ab,y\nc,cases/ab/2.dcm,z\n").unwrap();
        let find = |path: &str| {
            t.find(&CaseKeys {
                path,
                ..CaseKeys::default()
            })
            .map(|(r, _)| r.labels[0].clone())
        };
        assert_eq!(find("/home/u/cases/a/1.dcm").as_deref(), Some("x"));
        assert_eq!(find("/home/u/cases/ab/1.dcm").as_deref(), Some("y"));
        assert_eq!(find("/home/u/cases/ab/2.dcm").as_deref(), Some("z"));
        assert_eq!(find("/home/u/cases/abc/1.dcm"), None);
    }

    #[test]
    fn slips_name_the_line() {
        for (text, line) in [
            ("case,colour\na,b\n", 1),
            ("label\na\n", 1),
            ("case,label\na,b\n\na,c\n", 4),
            ("case,label\n,b\n", 2),
            ("case,label\na, | \n", 2),
            ("case,label\n", 1),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text}");
        }
        assert!(read("case,label\na,b\na,b\n").is_ok());
    }

    #[test]
    fn json_in_its_forms() {
        for text in [
            "[{\"case\":\"a\",\"label\":\"x\"}]",
            "{\"cases\":[{\"id\":\"a\",\"labels\":[\"x\"],\"note\":{}}]}",
            "{\"a\":\"x\"}",
            "{\"a\":{\"finding\":\"x\",\"source\":null}}",
            "{\"a\":[\"x\"]}",
            "{\"case\":\"a\",\"label\":\"x\"}\n{\"case\":\"b\",\"label\":\"y\"}\n",
            "{\"case\":\"a\",\"label\":\"x\"}",
        ] {
            let t = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            let (row, _) = t
                .find(&CaseKeys {
                    case: &["a"],
                    ..CaseKeys::default()
                })
                .unwrap();
            assert_eq!(row.labels, ["x"], "{text}");
        }
        assert_eq!(
            read("[\n{\"case\":\"a\",\"label\":\"x\"},\n{\"case\":\"b\"}\n]")
                .unwrap_err()
                .line,
            3
        );
        assert_eq!(read("[\n{\"case\":\"a\",\n").unwrap_err().line, 3);
        assert_eq!(
            read("{\"case\":\"a\",\"label\":\"x\"}\n\n{\"case\":1,\"label\":{}}")
                .unwrap_err()
                .line,
            3
        );
        assert_eq!(read("[]").unwrap_err().line, 1);
    }
}
