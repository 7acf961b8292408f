//! RFC 4180 tables as rows with line numbers.

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::input::{Input, InputError, line_at};

/// A table: header names and rows, each with the line it starts on.
#[derive(Debug)]
pub(crate) struct Table {
    /// Header names, trimmed.
    pub(crate) header: Vec<String>,
    /// Rows that are not blank.
    pub(crate) rows: Vec<(u64, StringRecord)>,
}

/// Reads a comma-separated table (or one with `separator`).
pub(crate) fn read(input: &Input<'_>, separator: u8) -> Result<Table, InputError> {
    let text = input.text()?;
    if let Some(line) = open_quote(text.as_bytes(), separator) {
        return Err(input.error(
            line,
            "a quoted field is never closed; add the missing quotation mark",
        ));
    }
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::None)
        .delimiter(separator)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut header = None;
    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    loop {
        let more = reader
            .read_record(&mut record)
            .map_err(|e| input.error(e.position().map_or(1, csv::Position::line), e.to_string()))?;
        if !more {
            break;
        }
        // The reader skips blank lines but counts from before them.
        let start = record.position().map_or(0, |p| p.byte() as usize);
        let skipped = text.as_bytes()[start.min(text.len())..]
            .iter()
            .take_while(|b| matches!(b, b'\r' | b'\n'))
            .count();
        let line = line_at(text.as_bytes(), start + skipped);
        if header.is_none() {
            header = Some(record.iter().map(|name| name.trim().to_owned()).collect());
        } else if !(record.len() == 1 && record[0].trim().is_empty()) {
            rows.push((line, record.clone()));
        }
    }
    match header {
        Some(header) => Ok(Table { header, rows }),
        None => Err(input.error(1, "the file is empty; its first line must name the columns")),
    }
}

/// The line of a quoted field that no quote closes.
fn open_quote(bytes: &[u8], separator: u8) -> Option<u64> {
    let mut opened = None;
    let mut at_start = true;
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        if opened.is_some() {
            if b == b'"' {
                if bytes.get(i + 1) == Some(&b'"') {
                    i += 1;
                } else {
                    opened = None;
                }
            }
            at_start = false;
        } else if b == b'"' && at_start {
            opened = Some(i);
        } else {
            at_start = b == separator || b == b'\n' || b == b'\r';
        }
        i += 1;
    }
    opened.map(|at| line_at(bytes, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table, InputError> {
        read(
            &Input {
                name: "t.csv",
                bytes: text.as_bytes(),
            },
            b',',
        )
    }

    #[test]
    fn quotes_bom_crlf_and_blank_lines() {
        let t = table("\u{feff}case, label\r\n\r\na,\"x, \"\"y\"\"\nz\"\r\n\r\n\nb,n\r\n").unwrap();
        assert_eq!(t.header, ["case", "label"]);
        assert_eq!((t.rows[0].0, &t.rows[0].1[1]), (3, "x, \"y\"\nz"));
        assert_eq!((t.rows[1].0, &t.rows[1].1[0]), (7, "b"));
        assert_eq!(t.rows.len(), 2);
    }

    #[test]
    fn an_open_quote_is_an_error_with_its_line() {
        let error = table("case,label\na,b\nc,\"d\ne,f\n").unwrap_err();
        assert_eq!(error.line, 3);
        assert!(error.to_string().starts_with("t.csv, line 3: "), "{error}");
        assert!(table("a,b\"c\n").is_ok());
        assert_eq!(table("").unwrap_err().line, 1);
        let bytes = b"case\n\xff";
        assert_eq!(read(&Input { name: "t", bytes }, b',').unwrap_err().line, 2);
    }
}
