//! Reading answers on record: JSON Lines, a JSON list, or CSV (docs/formats.md, *Recorded answers*).

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::{Map, Value};

use super::{Phase, Recorded, SaidBox};
use crate::case_set::Arm;
use crate::error::{InputError, trim, without_mark};
use crate::import::table::{self, list, number, plain, scalar};
use crate::score::Source;

/// Most answers of a file.
const MOST_ANSWERS: usize = 10_000_000;
/// Most boxes, labels or diagnoses of one answer.
const MOST_PARTS: usize = 10_000;

/// What a file of answers holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The answers that count, in the order of the lines that count. `reader` is empty where the file does not name one.
    pub answers: Vec<Recorded>,
    /// What was answered more than once: the last line counts.
    pub duplicates: Vec<Duplicate>,
    /// A last line of JSON Lines that was not written to its end.
    pub torn: Option<Torn>,
}

/// An answer with more than one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// Reader.
    pub reader: String,
    /// Case.
    pub case: String,
    /// Arm of a pipeline.
    pub arm: Arm,
    /// Before or after the reveal.
    pub phase: Option<Phase>,
    /// Lines, from 1; the last counts.
    pub lines: Vec<u64>,
}

/// The beginning of a line that a killed run left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Line, from 1.
    pub line: u64,
    /// Byte that it begins at: cut the file to this length before more is written.
    pub byte: u64,
}

/// Reads answers. Of several lines for a reader, case, arm and phase the last counts. A last line that has no line end and is no
/// JSON is what a killed run leaves; it is told apart and is no error.
///
/// # Errors
/// [`InputError`] with file and line.
pub fn read(file: &str, text: &str) -> Result<Written, InputError> {
    let source = Source { file, text };
    let (rows, torn) = if table::is_json(&source) {
        json(&source)?
    } else {
        (csv(&source)?, None)
    };
    if let Some((line, _)) = rows.get(MOST_ANSWERS) {
        return Err(InputError::new(
            file,
            *line,
            format!("there are more than {MOST_ANSWERS} answers"),
        ));
    }
    let answers: Vec<Result<(u64, Recorded), InputError>> = rows
        .into_par_iter()
        .map(|(line, object)| match answer(object) {
            Ok(answer) => Ok((line, answer)),
            Err(reason) => Err(InputError::new(file, line, reason)),
        })
        .collect();
    // In the order of the lines: the first error is the one told.
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    let (answers, duplicates) = last_of_each(answers);
    Ok(Written {
        answers,
        duplicates,
        torn,
    })
}

type Rows = Vec<(u64, Map<String, Value>)>;

fn json(source: &Source<'_>) -> Result<(Rows, Option<Torn>), InputError> {
    let file = source.file;
    let text = without_mark(source.text);
    if text.trim_start().starts_with('[') {
        let objects = table::objects(source)?
            .into_iter()
            .map(|(line, value)| match value {
                Value::Object(object) => Ok((line, object)),
                other => Err(InputError::new(
                    file,
                    line,
                    format!("{} is no object", short(&other)),
                )),
            });
        return Ok((objects.collect::<Result<_, _>>()?, None));
    }
    let mut byte = (source.text.len() - text.len()) as u64;
    let mut lines = Vec::new();
    for (line, whole) in (1..).zip(text.split_inclusive('\n')) {
        if !trim(whole).is_empty() {
            lines.push((line, byte, whole));
        }
        byte += whole.len() as u64;
    }
    let parsed: Vec<serde_json::Result<Value>> = lines
        .par_iter()
        .map(|(_, _, whole)| serde_json::from_str(trim(whole)))
        .collect();
    let mut rows = Vec::with_capacity(lines.len());
    for ((line, begin, whole), parsed) in lines.into_iter().zip(parsed) {
        match parsed {
            Ok(Value::Object(object)) => rows.push((line, object)),
            Ok(other) => {
                return Err(InputError::new(
                    file,
                    line,
                    format!("{} is no object", short(&other)),
                ));
            }
            Err(_) if !whole.ends_with('\n') => return Ok((rows, Some(Torn { line, byte: begin }))),
            Err(error) => return Err(InputError::new(file, line, format!("not JSON ({error})"))),
        }
    }
    Ok((rows, None))
}

/// Rows of a CSV as objects: `p:LABEL` columns are probabilities; empty cells say nothing.
fn csv(source: &Source<'_>) -> Result<Rows, InputError> {
    if trim(without_mark(source.text)).is_empty() {
        return Ok(Vec::new());
    }
    let table = table::csv(source)?;
    let mut keys: Vec<Column> = Vec::new();
    for name in &table.header {
        let label = name.strip_prefix("p:").or_else(|| name.strip_prefix("P:"));
        keys.push(match label {
            Some(label) => Column::Probability(trim(label).to_owned()),
            None => Column::Key(
                KEYS.into_iter()
                    .find(|key| plain(key) == plain(name))
                    .map_or_else(|| name.clone(), str::to_owned),
            ),
        });
    }
    let mut rows = Vec::new();
    for row in &table.rows {
        let mut object = Map::new();
        let mut probabilities = Map::new();
        for (column, key) in keys.iter().enumerate() {
            let cell = row.get(column);
            if cell.is_empty() {
                continue;
            }
            match key {
                Column::Probability(label) => {
                    probabilities.insert(label.clone(), Value::String(cell.to_owned()));
                }
                Column::Key(key) if key.is_empty() => {}
                Column::Key(key) => {
                    let value = match key.as_str() {
                        "probabilities" | "boxes" => serde_json::from_str(cell).map_err(|error| {
                            table.error(row.line, format!("`{key}` is not JSON ({error})"))
                        })?,
                        _ => Value::String(cell.to_owned()),
                    };
                    if object.insert(key.clone(), value).is_some() {
                        return Err(table.error(1, format!("two columns are called `{key}`")));
                    }
                }
            }
        }
        if !probabilities.is_empty() {
            if object.contains_key("probabilities") {
                return Err(table.error(
                    row.line,
                    "probabilities stand in `probabilities` and in `p:` columns",
                ));
            }
            object.insert("probabilities".to_owned(), Value::Object(probabilities));
        }
        rows.push((row.line, object));
    }
    Ok(rows)
}

enum Column {
    Probability(String),
    Key(String),
}

const KEYS: [&str; 24] = [
    "case",
    "case_id",
    "reader",
    "label",
    "confidence",
    "probabilities",
    "invalid",
    "confidence_kind",
    "text",
    "answer",
    "response",
    "labels",
    "differential",
    "boxes",
    "arm",
    "findings",
    "phase",
    "seconds",
    "time",
    "cost",
    "at",
    "settings",
    "error",
    "model",
];

fn answer(mut object: Map<String, Value>) -> Result<Recorded, String> {
    let case = match name(&mut object, "case")? {
        Some(case) => Some(case),
        None => name(&mut object, "case_id")?,
    };
    let mut out = Recorded {
        case: case.ok_or("`case` is missing")?,
        reader: name(&mut object, "reader")?.unwrap_or_default(),
        label: name(&mut object, "label")?,
        confidence: unit(&mut object, "confidence")?,
        probabilities: probabilities(object.remove("probabilities"))?,
        invalid: invalid(object.remove("invalid"))?,
        confidence_kind: words(&mut object, "confidence_kind")?,
        text: words(&mut object, "text")?,
        labels: texts(&mut object, "labels")?,
        differential: texts(&mut object, "differential")?.unwrap_or_default(),
        boxes: boxes(object.remove("boxes"))?,
        arm: choice(
            &mut object,
            "arm",
            &[
                ("own", Arm::Own),
                ("none", Arm::None),
                ("truth", Arm::Truth),
                ("other", Arm::Other),
            ],
        )?,
        findings: words(&mut object, "findings")?,
        phase: choice(
            &mut object,
            "phase",
            &[("before", Phase::Before), ("after", Phase::After)],
        )?,
        seconds: amount(&mut object, "seconds")?,
        cost: amount(&mut object, "cost")?,
        at: words(&mut object, "at")?,
        settings: words(&mut object, "settings")?,
        error: words(&mut object, "error")?,
        more: BTreeMap::new(),
    };
    // Other names of the same; where both stand, the second is kept as it is.
    for key in ["answer", "response"] {
        if out.text.is_none() {
            out.text = words(&mut object, key)?;
        }
    }
    if out.seconds.is_none() && object.get("time").and_then(as_number).is_some() {
        out.seconds = amount(&mut object, "time")?;
    }
    out.more = object.into_iter().filter(|(_, value)| !value.is_null()).collect();
    Ok(out)
}

/// A text without spaces around it; empty as none.
fn name(object: &mut Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    Ok(words(object, key)?
        .map(|text| trim(&text).to_owned())
        .filter(|text| !text.is_empty()))
}

/// A text as it stands; a number or truth value as it is written.
fn words(object: &mut Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match object.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => scalar(&value)
            .map(Some)
            .map_err(|reason| format!("`{key}` {reason}")),
        Some(other) => Err(format!("`{key}` is {}, not a text", short(&other))),
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match trim(text).strip_suffix('%') {
            Some(percent) => number(percent).map(|value| value / 100.0),
            None => number(text),
        },
        _ => None,
    }
}

fn share(what: &str, value: &Value) -> Result<f64, String> {
    let number = as_number(value).filter(|value| (0.0..=1.0).contains(value));
    number.ok_or_else(|| format!("{what} is {}, not a number from 0 to 1", short(value)))
}

fn unit(object: &mut Map<String, Value>, key: &str) -> Result<Option<f64>, String> {
    match object.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => share(&format!("`{key}`"), &value).map(Some),
    }
}

fn amount(object: &mut Map<String, Value>, key: &str) -> Result<Option<f64>, String> {
    match object.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = as_number(&value).filter(|value| *value >= 0.0 && value.is_finite());
            number
                .map(Some)
                .ok_or_else(|| format!("`{key}` is {}, not a number of 0 or more", short(&value)))
        }
    }
}

fn probabilities(value: Option<Value>) -> Result<Option<BTreeMap<String, f64>>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) if map.len() <= MOST_PARTS => {
            let pair = |(label, value): (&String, &Value)| {
                Ok((
                    trim(label).to_owned(),
                    share(&format!("the probability of `{label}`"), value)?,
                ))
            };
            map.iter().map(pair).collect::<Result<_, String>>().map(Some)
        }
        Some(Value::Object(_)) => Err(format!("there are more than {MOST_PARTS} probabilities")),
        Some(other) => Err(format!(
            "`probabilities` is {}, not an object of labels",
            short(&other)
        )),
    }
}

fn invalid(value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some("invalid".to_owned())),
        Some(Value::String(text)) => Ok(match trim(&text) {
            "" | "false" | "False" | "0" => None,
            "true" | "True" | "1" => Some("invalid".to_owned()),
            kind => Some(kind.to_owned()),
        }),
        Some(other) => Err(format!(
            "`invalid` is {}, not a kind like `refusal`",
            short(&other)
        )),
    }
}

/// A list, or a text that is one (`["a", "b"]`, `a|b`, `a; b`).
fn texts(object: &mut Map<String, Value>, key: &str) -> Result<Option<Vec<String>>, String> {
    let items = match object.remove(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => Ok(trim(text).to_owned()),
                other => Err(format!("`{key}` holds {}, not a text", short(other))),
            })
            .collect::<Result<Vec<_>, _>>()?,
        Some(Value::String(text)) => list(&text).unwrap_or_else(|| {
            let at = if text.contains('|') { '|' } else { ';' };
            text.split(at).map(|item| trim(item).to_owned()).collect()
        }),
        Some(other) => return Err(format!("`{key}` is {}, not a list", short(&other))),
    };
    if items.len() > MOST_PARTS {
        return Err(format!("`{key}` has more than {MOST_PARTS} entries"));
    }
    Ok(Some(items.into_iter().filter(|item| !item.is_empty()).collect()))
}

fn choice<T: Copy>(
    object: &mut Map<String, Value>,
    key: &str,
    of: &[(&str, T)],
) -> Result<Option<T>, String> {
    let Some(text) = name(object, key)? else {
        return Ok(None);
    };
    let found = of.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    let all: Vec<&str> = of.iter().map(|(name, _)| *name).collect();
    found
        .map(Some)
        .ok_or_else(|| format!("`{key}` is `{text}`, not one of {}", all.join(", ")))
}

fn boxes(value: Option<Value>) -> Result<Vec<SaidBox>, String> {
    let items = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) if items.len() <= MOST_PARTS => items,
        Some(Value::Array(_)) => return Err(format!("there are more than {MOST_PARTS} boxes")),
        Some(other) => return Err(format!("`boxes` is {}, not a list", short(&other))),
    };
    items.iter().map(one_box).collect()
}

fn one_box(item: &Value) -> Result<SaidBox, String> {
    let numbers = ["corners", "box", "bbox"]
        .into_iter()
        .find_map(|key| item.get(key)?.as_array());
    let numbers: Vec<f64> = numbers.into_iter().flatten().filter_map(as_number).collect();
    let corners = <[f64; 4]>::try_from(numbers)
        .ok()
        .filter(|[left, top, right, bottom]| {
            left <= right && top <= bottom && [left, top, right, bottom].iter().all(|c| c.is_finite())
        });
    let corners = corners.ok_or("a box has no `corners`: left, top, right, bottom in px")?;
    let text = |key: &str| {
        item.get(key)
            .and_then(Value::as_str)
            .map(trim)
            .unwrap_or_default()
            .to_owned()
    };
    let score = match item.get("score").or_else(|| item.get("confidence")) {
        None | Some(Value::Null) => None,
        Some(value) => Some(share("a box's `score`", value)?),
    };
    Ok(SaidBox {
        label: text("label"),
        corners,
        score,
        instance: text("instance"),
    })
}

/// The beginning of a value, for an error.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The last line of each reader, case, arm and phase.
fn last_of_each(answers: Vec<(u64, Recorded)>) -> (Vec<Recorded>, Vec<Duplicate>) {
    let mut lines: BTreeMap<(String, String, Arm, Option<Phase>), Vec<u64>> = BTreeMap::new();
    let key = |a: &Recorded| {
        (
            a.reader.clone(),
            a.case.clone(),
            a.arm.unwrap_or_default(),
            a.phase,
        )
    };
    for (line, answer) in &answers {
        lines.entry(key(answer)).or_default().push(*line);
    }
    let mut kept = Vec::with_capacity(lines.len());
    let mut duplicates = Vec::new();
    for (line, answer) in answers {
        let key = key(&answer);
        let Some(own) = lines.get(&key) else {
            continue;
        };
        if own.last() != Some(&line) {
            continue;
        }
        if own.len() > 1 {
            let (reader, case, arm, phase) = key;
            duplicates.push(Duplicate {
                reader,
                case,
                arm,
                phase,
                lines: own.clone(),
            });
        }
        kept.push(answer);
    }
    (kept, duplicates)
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
