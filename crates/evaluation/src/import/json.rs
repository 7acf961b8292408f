//! Small steps through JSON of published sets.

use serde_json::Value;

use super::table::{objects, scalar};
use crate::error::{InputError, without_mark};
use crate::score::Source;

/// The keys of the first object of a JSON text; empty when it is none. Large texts are not read to their end.
pub(super) fn first_keys(source: &Source<'_>) -> Vec<String> {
    let text = without_mark(source.text).trim_start();
    let text = text.strip_prefix('[').map_or(text, str::trim_start);
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(Value::Object(object))) => object.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The objects of a text, each with its line.
pub(super) fn rows(source: &Source<'_>) -> Result<Vec<(u64, Value)>, InputError> {
    let rows = objects(source)?;
    for (line, value) in &rows {
        if !value.is_object() {
            return Err(InputError::new(source.file, *line, "not an object"));
        }
    }
    Ok(rows)
}

/// The text of a key; a number or a truth value as it is written, `N/A` and null as empty.
pub(super) fn text(value: &Value, key: &str) -> String {
    let text = value
        .get(key)
        .and_then(|value| scalar(value).ok())
        .unwrap_or_default();
    if ["N/A", "n/a", "NA"].contains(&text.as_str()) {
        String::new()
    } else {
        text
    }
}

/// The texts of a list.
pub(super) fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|item| scalar(item).ok())
        .filter(|text| !text.is_empty() && text != "N/A")
        .collect()
}
