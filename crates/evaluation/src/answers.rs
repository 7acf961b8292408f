//! Answers files: JSON Lines, one answer of one reader to one case a line.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::input::{Input, InputError, trim};

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AnswerRow {
    pub(crate) case: String,
    pub(crate) reader: String,
    /// Trimmed; `None` when absent or empty.
    pub(crate) label: Option<String>,
    pub(crate) confidence: Option<f64>,
    pub(crate) probabilities: Option<BTreeMap<String, f64>>,
    /// A kind that is not empty.
    pub(crate) invalid: Option<String>,
}

/// Reads all rows in order.
pub(crate) fn read(input: &Input<'_>) -> Result<Vec<AnswerRow>, InputError> {
    let mut rows = Vec::new();
    for (i, line) in input.text()?.split('\n').enumerate() {
        let number = i as u64 + 1;
        if trim(line).is_empty() {
            continue;
        }
        let value: Value = serde_json::from_str(trim(line))
            .map_err(|e| input.error(number, format!("this line is no JSON object ({e})")))?;
        let Value::Object(object) = value else {
            return Err(input.error(number, "this line is no JSON object; write one object a line"));
        };
        rows.push(row(&object).map_err(|message| input.error(number, message))?);
    }
    Ok(rows)
}

fn row(object: &Map<String, Value>) -> Result<AnswerRow, String> {
    let text = |key: &str| match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(other) => Err(format!("“{key}” is {other}, but it must be a text or null")),
    };
    let needed = |key: &str| text(key)?.ok_or_else(|| format!("“{key}” is missing"));
    let probabilities = match object.get("probabilities") {
        None | Some(Value::Null) => None,
        Some(Value::Object(map)) => Some(
            map.iter()
                .map(|(label, value)| {
                    Ok((
                        label.clone(),
                        share(value, &format!("the probability of “{label}”"))?,
                    ))
                })
                .collect::<Result<_, String>>()?,
        ),
        Some(other) => {
            return Err(format!(
                "“probabilities” is {other}, but it must be an object or null"
            ));
        }
    };
    let confidence = match object.get("confidence") {
        None | Some(Value::Null) => None,
        Some(value) => Some(share(value, "“confidence”")?),
    };
    Ok(AnswerRow {
        case: trim(needed("case")?).to_owned(),
        reader: needed("reader")?.to_owned(),
        label: text("label")?
            .map(trim)
            .filter(|label| !label.is_empty())
            .map(str::to_owned),
        confidence,
        probabilities,
        invalid: text("invalid")?
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned),
    })
}

fn share(value: &Value, what: &str) -> Result<f64, String> {
    value
        .as_f64()
        .filter(|v| (0.0..=1.0).contains(v))
        .ok_or_else(|| format!("{what} is {value}, but it must be a number from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<AnswerRow>, InputError> {
        read(&Input {
            name: "a.jsonl",
            bytes: text.as_bytes(),
        })
    }

    #[test]
    fn keys_left_out_are_null_and_others_ignored() {
        let rows = rows("\u{feff}{\"case\":\" a\\t\",\"reader\":\" r \",\"seconds\":3}\r\n\r\n").unwrap();
        assert_eq!((rows[0].case.as_str(), rows[0].reader.as_str()), ("a", " r "));
        assert_eq!((&rows[0].label, &rows[0].invalid), (&None, &None));
    }

    #[test]
    fn errors_name_the_line() {
        let good = "{\"case\":\"a\",\"reader\":\"r\"}\n\n";
        for bad in [
            "{\"case\":\"a\"}",
            "[1]",
            "{",
            "{\"case\":1,\"reader\":\"r\"}",
            "{\"case\":\"a\",\"reader\":\"r\",\"confidence\":1.01}",
            "{\"case\":\"a\",\"reader\":\"r\",\"confidence\":-0.1}",
            "{\"case\":\"a\",\"reader\":\"r\",\"confidence\":NaN}",
            "{\"case\":\"a\",\"reader\":\"r\",\"confidence\":\"0.5\"}",
            "{\"case\":\"a\",\"reader\":\"r\",\"confidence\":1e999}",
            "{\"case\":\"a\",\"reader\":\"r\",\"probabilities\":{\"x\":2}}",
            "{\"case\":\"a\",\"reader\":\"r\",\"probabilities\":{\"x\":null}}",
            "{\"case\":\"a\",\"reader\":\"r\",\"probabilities\":[1]}",
            "{\"case\":\"a\",\"reader\":\"r\",\"label\":3}",
            "{\"case\":\"a\",\"reader\":\"r\",\"invalid\":true}",
        ] {
            let error = rows(&format!("{good}{bad}\n")).unwrap_err();
            assert_eq!((error.file.as_str(), error.line), ("a.jsonl", 3), "{error}");
        }
    }
}
