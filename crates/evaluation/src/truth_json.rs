//! Truth as JSON: a list of objects, an object with such a list, an object from case to label, or JSON Lines.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::input::{Input, InputError, line_at};
use crate::truth::{Column, RawRow, column};

/// Rows of a JSON text with the lines they start on.
pub(crate) fn rows(input: &Input<'_>, text: &str) -> Result<Vec<RawRow>, InputError> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(_)) => list(input, text, text),
        Ok(Value::Object(object)) => from_object(input, text, &object),
        Ok(_) => Err(input.error(
            1,
            "this JSON holds no table; write a list of objects with case and label",
        )),
        Err(error) => lines(input, text).unwrap_or_else(|| Err(syntax(input, &error))),
    }
}

fn syntax(input: &Input<'_>, error: &serde_json::Error) -> InputError {
    input.error(
        (error.line() as u64).max(1),
        format!("this is no sound JSON ({error})"),
    )
}

/// JSON Lines, when the first line is an object of its own.
fn lines(input: &Input<'_>, text: &str) -> Option<Result<Vec<RawRow>, InputError>> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    serde_json::from_str::<Map<String, Value>>(first).ok()?;
    let numbered = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    Some(
        numbered
            .map(|(i, line)| {
                let line_number = i as u64 + 1;
                let object: Map<String, Value> = serde_json::from_str(line)
                    .map_err(|e| input.error(line_number, format!("this line is no JSON object ({e})")))?;
                row(input, line_number, &object)
            })
            .collect(),
    )
}

/// A list inside `text`; lines are counted in `whole`, which holds it.
fn list(input: &Input<'_>, whole: &str, text: &str) -> Result<Vec<RawRow>, InputError> {
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| syntax(input, &e))?;
    let start = whole.as_ptr() as usize;
    items
        .into_iter()
        .map(|item| {
            // The raw value borrows from the text, so its address is a place in it.
            let line = line_at(
                whole.as_bytes(),
                (item.get().as_ptr() as usize).saturating_sub(start),
            );
            let object: Map<String, Value> = serde_json::from_str(item.get())
                .map_err(|_| input.error(line, "this entry is no object; write case and label in each"))?;
            row(input, line, &object)
        })
        .collect()
}

fn from_object(
    input: &Input<'_>,
    text: &str,
    object: &Map<String, Value>,
) -> Result<Vec<RawRow>, InputError> {
    // One row written alone.
    if object.keys().any(|k| column(k) == Some(Column::Label)) && !object.values().all(Value::is_object) {
        return Ok(vec![row(input, 1, object)?]);
    }
    // A list under any name.
    let lists: Vec<&String> = object
        .iter()
        .filter(|(_, v)| {
            v.as_array()
                .is_some_and(|items| items.iter().any(Value::is_object))
        })
        .map(|(k, _)| k)
        .collect();
    if let [name] = lists.as_slice() {
        let parts: std::collections::BTreeMap<String, &RawValue> =
            serde_json::from_str(text).map_err(|e| syntax(input, &e))?;
        if let Some(part) = parts.get(*name) {
            return list(input, text, part.get());
        }
    }
    // From case to label.
    object
        .iter()
        .map(|(case, value)| {
            let mut raw = match value {
                Value::Object(fields) => row(input, 1, fields)?,
                other => {
                    let labels = labels(other).ok_or_else(|| {
                        input.error(1, format!("the case “{case}” has no label that is a text"))
                    })?;
                    RawRow {
                        line: 1,
                        cells: labels.into_iter().map(|l| (Column::Label, l)).collect(),
                    }
                }
            };
            raw.cells.insert(0, (Column::Case, case.clone()));
            Ok(raw)
        })
        .collect()
}

fn row(input: &Input<'_>, line: u64, object: &Map<String, Value>) -> Result<RawRow, InputError> {
    let mut cells = Vec::new();
    for (name, value) in object {
        let Some(column) = column(name) else { continue };
        if value.is_null() {
            continue;
        }
        let texts = if column == Column::Label {
            labels(value)
        } else {
            plain(value).map(|text| vec![text])
        };
        let texts =
            texts.ok_or_else(|| input.error(line, format!("“{name}” is {value}, but it must be a text")))?;
        cells.extend(texts.into_iter().map(|text| (column, text)));
    }
    Ok(RawRow { line, cells })
}

fn labels(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(plain).collect(),
        other => plain(other).map(|text| vec![text]),
    }
}

/// Texts, and numbers as they are written.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
