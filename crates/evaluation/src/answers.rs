//! Recorded answers: JSON Lines, one answer a line.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{InputError, trim, without_mark};

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Case.
    pub case: String,
    /// Who answered.
    pub reader: String,
    /// Label; `None` when there is none.
    pub label: Option<String>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// By label; empty when not given.
    pub probabilities: Option<BTreeMap<String, f64>>,
    /// Kind of an invalid answer.
    pub invalid: Option<String>,
}

/// Reads answers; blank lines are skipped.
///
/// # Errors
/// [`InputError`] with the line.
pub fn read(file: &str, text: &str) -> Result<Vec<Answer>, InputError> {
    without_mark(text)
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| parse(line).map_err(|reason| InputError::new(file, i as u64 + 1, reason)))
        .collect()
}

fn parse(line: &str) -> Result<Answer, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| format!("not JSON ({error})"))?;
    if !value.is_object() {
        return Err("not a JSON object".to_owned());
    }
    let text = |key: &str| match &value[key] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(trim(text).to_owned())),
        other => Err(format!("`{key}` is {other}, not a text")),
    };
    let required = |key: &str| {
        text(key)?
            .filter(|t| !t.is_empty())
            .ok_or(format!("`{key}` is missing"))
    };
    let unit = |what: &str, value: &Value| {
        value
            .as_f64()
            .filter(|v| v.is_finite() && (0.0..=1.0).contains(v))
            .ok_or_else(|| format!("{what} is {value}, not a number from 0 to 1"))
    };
    let probabilities = match &value["probabilities"] {
        Value::Null => None,
        Value::Object(map) => Some(
            map.iter()
                .map(|(label, v)| {
                    Ok((
                        trim(label).to_owned(),
                        unit(&format!("the probability of `{label}`"), v)?,
                    ))
                })
                .collect::<Result<BTreeMap<_, _>, String>>()?,
        ),
        other => return Err(format!("`probabilities` is {other}, not an object")),
    };
    Ok(Answer {
        case: required("case")?,
        reader: required("reader")?,
        label: text("label")?.filter(|t| !t.is_empty()),
        confidence: match &value["confidence"] {
            Value::Null => None,
            v => Some(unit("`confidence`", v)?),
        },
        probabilities,
        invalid: text("invalid")?.filter(|t| !t.is_empty()),
    })
}
