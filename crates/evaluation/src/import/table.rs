//! Tables as they come: CSV with any of the usual separators, JSON lists and lines, all brought to rows of texts. Ids stay texts, so
//! that leading zeros and digits beyond 2^53 stay as they are.

use serde_json::Value;

use crate::error::{InputError, trim, without_mark};
use crate::score::Source;

/// Longest table that is read, bytes.
const MOST_BYTES: usize = 512 << 20;
/// Most rows of a table.
const MOST_ROWS: usize = 4_000_000;
/// Most columns of a table.
const MOST_COLUMNS: usize = 20_000;

/// A table of texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table<'a> {
    /// File, for errors.
    pub(crate) file: &'a str,
    /// Column names, trimmed, as written.
    pub(crate) header: Vec<String>,
    /// Rows.
    pub(crate) rows: Vec<Row>,
}

/// A row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Line it begins on (of a JSON list: its place), from 1.
    pub(crate) line: u64,
    /// Cells, trimmed; may be fewer than columns.
    pub(crate) cells: Vec<String>,
}

impl Row {
    /// The text of a cell; empty where there is none.
    pub(crate) fn get(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// The text of a cell of a column that may not be there; empty when it is not.
    pub(crate) fn opt(&self, column: Option<usize>) -> &str {
        column.map_or("", |column| self.get(column))
    }
}

/// A column's name without capitals, spaces and signs: `Image Index`, `image_index` and `ImageIndex` are one.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

impl<'a> Table<'a> {
    /// The column of one of these names, the first name first.
    pub(crate) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| {
            let name = plain(name);
            self.header.iter().position(|h| plain(h) == name)
        })
    }

    /// A column that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<usize, InputError> {
        self.column(&[name])
            .ok_or_else(|| self.error(1, format!("no column is called `{name}`")))
    }

    /// An error in this table.
    pub(crate) fn error(&self, line: u64, reason: impl Into<String>) -> InputError {
        InputError::new(self.file, line, reason)
    }

    /// File and line, for [`super::ImportedCase::at`].
    pub(crate) fn at(&self, row: &Row) -> String {
        format!("{}, line {}", self.file, row.line)
    }

    /// Whether every one of these columns is there.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.column(&[name]).is_some())
    }
}

/// Reads a CSV table: separator `,`, `;` or tab, whichever the header has most of; byte-order mark, CR LF and spaces around
/// names and values are no part of them.
pub(crate) fn csv<'a>(source: &Source<'a>) -> Result<Table<'a>, InputError> {
    let Source { file, text } = *source;
    within_bounds(source)?;
    let text = without_mark(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let mut table = Table {
        file,
        ..Table::default()
    };
    let mut record = csv::StringRecord::new();
    let (mut line, mut counted) = (1, 0);
    loop {
        let more = reader.read_record(&mut record);
        let begin = match &more {
            Ok(_) => record.position(),
            Err(error) => error.position(),
        };
        // The reader's own lines are behind by one after CR LF and blank lines.
        let begin = begin
            .and_then(|at| usize::try_from(at.byte()).ok())
            .unwrap_or(text.len());
        let bytes = text.as_bytes();
        let ends = bytes
            .get(begin..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let begin = begin.saturating_add(ends);
        line += bytes
            .get(counted..begin)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count() as u64;
        counted = begin;
        if !more.map_err(|_| InputError::new(file, line, "the row cannot be read as CSV"))? {
            break;
        }
        let cells: Vec<String> = record.iter().map(|cell| trim(cell).to_owned()).collect();
        if table.header.is_empty() {
            if cells.len() > MOST_COLUMNS {
                return Err(InputError::new(
                    file,
                    line,
                    format!("there are more than {MOST_COLUMNS} columns"),
                ));
            }
            table.header = cells;
            continue;
        }
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let (have, may) = (cells.len(), table.header.len());
        if have > may && cells.iter().skip(may).any(|cell| !cell.is_empty()) {
            let reason = format!(
                "the row has {have} cells, the header {may}; is a text with a separator not in quotes?"
            );
            return Err(InputError::new(file, line, reason));
        }
        push(&mut table, Row { line, cells })?;
    }
    if table.header.is_empty() {
        return Err(InputError::new(file, 1, "the table is empty"));
    }
    Ok(table)
}

/// The names in the first line, without reading on; empty when it is no table.
pub(crate) fn header(source: &Source<'_>) -> Vec<String> {
    let text = without_mark(source.text);
    let first = Source {
        file: source.file,
        text: text.lines().next().unwrap_or_default(),
    };
    csv(&first).map(|table| table.header).unwrap_or_default()
}

/// Reads a table that may be CSV or JSON.
pub(crate) fn any<'a>(source: &Source<'a>) -> Result<Table<'a>, InputError> {
    if !is_json(source) {
        return csv(source);
    }
    let mut table = Table {
        file: source.file,
        ..Table::default()
    };
    for (line, value) in objects(source)? {
        let Value::Object(object) = value else {
            return Err(InputError::new(source.file, line, "not an object"));
        };
        let mut row = Row {
            line,
            cells: vec![String::new(); table.header.len()],
        };
        for (key, value) in &object {
            let key = trim(key);
            let column = match table.header.iter().position(|name| name == key) {
                Some(column) => column,
                None if table.header.len() >= MOST_COLUMNS => {
                    return Err(InputError::new(
                        source.file,
                        line,
                        format!("there are more than {MOST_COLUMNS} keys"),
                    ));
                }
                None => {
                    table.header.push(key.to_owned());
                    row.cells.push(String::new());
                    table.header.len() - 1
                }
            };
            row.cells[column] = scalar(value)
                .map_err(|reason| InputError::new(source.file, line, format!("`{key}` {reason}")))?;
        }
        push(&mut table, row)?;
    }
    Ok(table)
}

fn push(table: &mut Table<'_>, row: Row) -> Result<(), InputError> {
    if table.rows.len() >= MOST_ROWS {
        return Err(table.error(row.line, format!("there are more than {MOST_ROWS} rows")));
    }
    table.rows.push(row);
    Ok(())
}

fn within_bounds(source: &Source<'_>) -> Result<(), InputError> {
    if source.text.len() > MOST_BYTES {
        return Err(InputError::new(
            source.file,
            1,
            format!("the table is longer than {} MiB", MOST_BYTES >> 20),
        ));
    }
    Ok(())
}

fn separator(text: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [0_usize; 3];
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            b',' if !quoted => counts[0] += 1,
            b';' if !quoted => counts[1] += 1,
            b'\t' if !quoted => counts[2] += 1,
            _ => {}
        }
    }
    let [commas, semicolons, tabs] = counts;
    // A comma may stand in a name; the others hardly do.
    if semicolons > 0 && semicolons >= commas && semicolons >= tabs {
        b';'
    } else if tabs > 0 && tabs >= commas {
        b'\t'
    } else {
        b','
    }
}

/// Whether a text begins as JSON does.
pub(crate) fn is_json(source: &Source<'_>) -> bool {
    without_mark(source.text).trim_start().starts_with(['[', '{'])
}

/// The objects of a JSON list, of JSON Lines, or the one object, each with its line (in a list: its place), from 1.
pub(crate) fn objects(source: &Source<'_>) -> Result<Vec<(u64, Value)>, InputError> {
    within_bounds(source)?;
    let text = without_mark(source.text);
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(list)) => Ok((1..).zip(list).collect()),
        Ok(object) => Ok(vec![(1, object)]),
        Err(whole) => {
            let lines = (1..).zip(text.lines()).filter(|(_, line)| !trim(line).is_empty());
            let mut out = Vec::new();
            for (line, content) in lines {
                match serde_json::from_str(content) {
                    Ok(value) => out.push((line, value)),
                    // One damaged list is told from lines by its first line.
                    Err(_) if out.is_empty() => {
                        return Err(InputError::new(
                            source.file,
                            whole.line() as u64,
                            format!("not JSON ({whole})"),
                        ));
                    }
                    Err(error) => {
                        return Err(InputError::new(source.file, line, format!("not JSON ({error})")));
                    }
                }
            }
            Ok(out)
        }
    }
}

/// A JSON value as the text of a cell. Lists and objects stay JSON.
///
/// # Errors
/// A number that has lost digits: ids beyond 2^53 must be texts.
pub(crate) fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(trim(text).to_owned()),
        Value::Number(number)
            if number.is_f64()
                && number
                    .as_f64()
                    .is_some_and(|v| v.abs() >= 9_007_199_254_740_992.0) =>
        {
            Err(format!(
                "is {number}, a number too long to be exact; write it as a text"
            ))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Ok(value.to_string()),
    }
}

/// A number with a decimal point or a decimal comma; `None` when it is none or not finite.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = trim(text);
    let value: f64 = match text.parse() {
        Ok(value) => value,
        Err(_) if text.matches(',').count() == 1 && !text.contains('.') => {
            text.replace(',', ".").parse().ok()?
        }
        Err(_) => return None,
    };
    value.is_finite().then_some(value)
}

/// The items of a list as Python or JSON writes it (`['a', " b"]`), trimmed, without the empty ones; `None` when it is none.
pub(crate) fn list(text: &str) -> Option<Vec<String>> {
    let inside = trim(text).strip_prefix('[')?.strip_suffix(']')?;
    let mut items = Vec::new();
    let mut item = String::new();
    let mut quote = None;
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) if c == '\\' => item.extend(chars.next()),
            Some(_) => item.push(c),
            // A quotation mark inside a bare word is part of it.
            None if (c == '\'' || c == '"') && trim(&item).is_empty() => quote = Some(c),
            None if c == ',' => items.push(std::mem::take(&mut item)),
            None => item.push(c),
        }
    }
    if quote.is_some() {
        return None;
    }
    items.push(item);
    Some(
        items
            .iter()
            .map(|item| trim(item).to_owned())
            .filter(|item| !item.is_empty())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source<'_> {
        Source { file: "t", text }
    }

    #[test]
    fn marks_line_ends_and_spaces_are_no_part_of_values() {
        let table = csv(&source(
            "\u{FEFF} Image Index , Label\r\n 007 ,\"a, b\"\r\n\r\n9007199254740993,c",
        ))
        .expect("reads");
        assert_eq!(table.header, ["Image Index", "Label"]);
        assert_eq!(table.column(&["image_index"]), Some(0));
        assert_eq!((table.rows[0].get(0), table.rows[0].get(1)), ("007", "a, b"));
        assert_eq!(
            (table.rows[1].get(0), table.rows[1].line),
            ("9007199254740993", 4)
        );
    }

    #[test]
    fn the_separator_is_found() {
        assert_eq!(csv(&source("a;b\n1,5;2\n")).expect("reads").rows[0].get(0), "1,5");
        assert_eq!(
            csv(&source("a\tb, c\n1\t2\n")).expect("reads").rows[0].get(1),
            "2"
        );
        assert_eq!(number("1,5"), Some(1.5));
        assert_eq!(number("1e3"), Some(1000.0));
        assert_eq!(number("nan"), None);
        assert_eq!(number("1,000,000"), None);
    }

    #[test]
    fn a_row_with_too_much_is_refused_and_one_with_too_little_is_not() {
        let error = csv(&source("a,b\n1,2,3\n")).expect_err("too many");
        assert_eq!(
            error.to_string(),
            "t, line 2: the row has 3 cells, the header 2; is a text with a separator not in quotes?"
        );
        assert_eq!(csv(&source("a,b\n1,2,\n1\n")).expect("reads").rows.len(), 2);
    }

    #[test]
    fn lists_of_python_and_json_are_read() {
        assert_eq!(list("['normal']").expect("list"), ["normal"]);
        assert_eq!(
            list("[' pleural effusion', '', \"it's\" , 'a, b']").expect("list"),
            ["pleural effusion", "it's", "a, b"]
        );
        assert_eq!(list("[\"a\",\"b\"]").expect("list"), ["a", "b"]);
        assert_eq!(list("[]").expect("list"), Vec::<String>::new());
        assert_eq!(list("['a"), None);
        assert_eq!(list("a"), None);
    }

    #[test]
    fn json_keeps_ids_or_says_that_it_cannot() {
        let table = any(&source(
            "[{\"id\":\"007\",\"n\":9007199254740993},{\"id\":\"8\",\"more\":[\"a\"]}]",
        ))
        .expect("reads");
        assert_eq!(
            (table.rows[0].get(0), table.rows[0].get(1)),
            ("007", "9007199254740993")
        );
        assert_eq!(table.rows[1].get(2), "[\"a\"]");
        let error = any(&source("{\"id\":123456789012345678901234}")).expect_err("loses digits");
        assert!(error.to_string().contains("write it as a text"), "{error}");
        let lines = any(&source("{\"id\":\"a\"}\n\n{\"id\":\"b\"}\n")).expect("reads");
        assert_eq!(lines.rows[1].line, 3);
    }
}
