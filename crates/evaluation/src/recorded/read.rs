//! Reading answers on record: JSON Lines, a JSON list, or CSV (docs/formats.md, *Recorded answers*).

use std::collections::BTreeMap;

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
    let mut answers = Vec::new();
    for (line, object) in rows {
        let answer = answer(object).map_err(|reason| InputError::new(file, line, reason))?;
        if answers.len() >= MOST_ANSWERS {
            return Err(InputError::new(
                file,
                line,
                format!("there are more than {MOST_ANSWERS} answers"),
            ));
        }
        answers.push((line, answer));
    }
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
    let mut rows = Vec::new();
    let mut byte = (source.text.len() - text.len()) as u64;
    for (line, whole) in (1..).zip(text.split_inclusive('\n')) {
        let begin = byte;
        byte += whole.len() as u64;
        let content = trim(whole);
        if content.is_empty() {
            continue;
        }
        match serde_json::from_str::<Value>(content) {
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
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::Config;

    use super::*;

    fn one(text: &str) -> Recorded {
        let mut read = read("a", text).expect("reads");
        assert_eq!(read.answers.len(), 1);
        read.answers.remove(0)
    }

    fn fault(text: &str) -> String {
        read("a", text).expect_err(text).to_string()
    }

    #[test]
    fn csv_and_json_say_the_same() {
        let json = r#"{"case":"007","reader":"gpt-4","label":" nodule ","answer":"Final Answer: nodule\n","confidence":0.5,"probabilities":{"nodule":0.7,"normal":0.3},"differential":["nodule","mass"],"cost":0.01,"seconds":2.5,"phase":"after","arm":"none","temperature":"0","boxes":[{"label":"nodule","corners":[1,2,3,4],"score":0.9}]}"#;
        let csv = "\u{FEFF}Case ID;Reader;Label;Answer;Confidence;p:nodule;p:normal;Differential;Cost;Time;Phase;Arm;temperature;Boxes\r\n\
            007;gpt-4; nodule ;\"Final Answer: nodule\n\";50%;0,7;0.3;nodule|mass;0,01;2.5;after;none;0;\"[{\"\"label\"\":\"\"nodule\"\",\"\"box\"\":[1,2,3,4],\"\"score\"\":0.9}]\"\r\n";
        let (mut json, csv) = (one(json), one(csv));
        assert_eq!(
            json.text.as_deref(),
            Some("Final Answer: nodule\n"),
            "the raw text stays as it is"
        );
        json.text = Some("Final Answer: nodule".to_owned());
        assert_eq!(json, csv);
        assert_eq!(
            (json.label.as_deref(), json.more["temperature"].as_str()),
            (Some("nodule"), Some("0"))
        );
    }

    #[test]
    fn the_last_line_counts_and_the_others_are_told() {
        let text = "{\"case\":\"a\",\"reader\":\"m\",\"label\":\"x\"}\n{\"case\":\"b\",\"reader\":\"m\"}\n{\"case\":\"a\",\"reader\":\"m\",\"label\":\"y\",\"arm\":\"own\"}\n{\"case\":\"a\",\"reader\":\"m\",\"arm\":\"none\"}\n";
        let read = read("a", text).expect("reads");
        let kept: Vec<(&str, Option<&str>)> = read
            .answers
            .iter()
            .map(|a| (a.case.as_str(), a.label.as_deref()))
            .collect();
        assert_eq!(
            kept,
            [("b", None), ("a", Some("y")), ("a", None)],
            "an arm of its own is no duplicate"
        );
        assert_eq!(
            (read.duplicates.len(), read.duplicates[0].lines.as_slice()),
            (1, &[1, 3][..])
        );
    }

    #[test]
    fn a_torn_last_line_is_told_apart() {
        let whole = "\u{FEFF}{\"case\":\"a\",\"reader\":\"m\"}\n";
        let text = format!("{whole}{{\"case\":\"b\",\"rea");
        let torn = read("a", &text).expect("reads");
        assert_eq!(
            (torn.answers.len(), torn.torn),
            (
                1,
                Some(Torn {
                    line: 2,
                    byte: whole.len() as u64
                })
            )
        );
        assert!(fault(&format!("{text}\n")).starts_with("a, line 2: not JSON"));
        let ended = read("a", &format!("{whole}{{\"case\":\"b\"}}")).expect("reads");
        assert_eq!(
            (ended.answers.len(), ended.torn),
            (2, None),
            "a line without its end may be whole"
        );
        assert_eq!(read("a", "").expect("reads"), Written::default());
    }

    #[test]
    fn faults_name_line_and_key() {
        assert_eq!(fault("{\"reader\":\"m\"}\n"), "a, line 1: `case` is missing");
        assert_eq!(
            fault("{\"case\":\"a\",\"confidence\":1.5}\n"),
            "a, line 1: `confidence` is 1.5, not a number from 0 to 1"
        );
        assert_eq!(
            fault("case,p:x\n\na,2\n"),
            "a, line 3: the probability of `x` is \"2\", not a number from 0 to 1"
        );
        assert_eq!(
            fault("{\"case\":\"a\",\"arm\":\"own?\"}\n"),
            "a, line 1: `arm` is `own?`, not one of own, none, truth, other"
        );
        assert_eq!(
            fault("{\"case\":\"a\",\"label\":[]}\n"),
            "a, line 1: `label` is [], not a text"
        );
        assert_eq!(
            fault("{\"case\":\"a\",\"seconds\":-1}\n"),
            "a, line 1: `seconds` is -1, not a number of 0 or more"
        );
        assert_eq!(
            fault("{\"case\":\"a\",\"boxes\":[{\"corners\":[9,0,1,1]}]}\n"),
            "a, line 1: a box has no `corners`: left, top, right, bottom in px"
        );
        assert_eq!(fault("[1]"), "a, line 1: 1 is no object");
        assert_eq!(
            fault("case,label,label\na,b,c\n"),
            "a, line 1: two columns are called `label`"
        );
    }

    #[test]
    fn small_words_are_understood() {
        assert_eq!(one("{\"case\":12,\"answer\":2}\n").text.as_deref(), Some("2"));
        assert_eq!(one("case,invalid\na,False\n").invalid, None);
        assert_eq!(
            one("{\"case\":\"a\",\"invalid\":true}\n").invalid.as_deref(),
            Some("invalid")
        );
        assert_eq!(
            one("{\"case\":\"a\",\"invalid\":\"refusal\"}\n")
                .invalid
                .as_deref(),
            Some("refusal")
        );
        let both = one("{\"case\":\"a\",\"text\":\"t\",\"answer\":\"b\"}\n");
        assert_eq!(
            (both.text.as_deref(), both.more["answer"].as_str()),
            (Some("t"), Some("b"))
        );
    }

    fn recorded() -> impl Strategy<Value = Recorded> {
        let text = || "[ -~äß\\n\"\\\\]{0,12}";
        let some = || prop::option::of(text());
        let share = || prop::option::of(0.0..=1.0_f64);
        (
            (
                "[a-z0-9]{1,6}",
                "[a-z]{0,4}",
                prop::option::of("[a-z]{1,5}"),
                some(),
                some(),
                some(),
            ),
            (
                share(),
                prop::option::of(prop::collection::btree_map("[a-z]{1,3}", 0.0..=1.0_f64, 0..3)),
                share(),
            ),
            prop::option::of(prop::collection::vec("[a-z]{1,4}", 0..3)),
            (0.0..9.0_f64, 0.0..9.0_f64),
            any::<bool>(),
        )
            .prop_map(
                |(
                    (case, reader, label, text, at, error),
                    (confidence, probabilities, score),
                    labels,
                    (x, y),
                    after,
                )| Recorded {
                    case,
                    reader,
                    label,
                    text,
                    at,
                    error,
                    confidence,
                    probabilities,
                    differential: labels.clone().unwrap_or_default(),
                    labels,
                    boxes: vec![SaidBox {
                        label: "m".to_owned(),
                        corners: [x, y, x + 1.0, y * 2.0],
                        score,
                        ..SaidBox::default()
                    }],
                    arm: Some(Arm::Truth),
                    phase: after.then_some(Phase::After),
                    cost: Some(x),
                    more: [(
                        "tokens".to_owned(),
                        serde_json::json!({"prompt": 3, "deep": [1.5, null]}),
                    )]
                    .into(),
                    ..Recorded::default()
                },
            )
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(500) })]

        #[test]
        fn what_a_run_writes_is_read_back(answer in recorded()) {
            let line = serde_json::to_string(&answer).expect("JSON") + "\n";
            prop_assert_eq!(one(&line), answer);
        }

        #[test]
        fn no_text_panics(text in ".{0,200}", near in "[{}\\[\\]\",:a-z0-9\\n;.-]{0,200}") {
            for text in [text, near.clone(), format!("case,{near}"), format!("{{\"case\":{near}")] {
                if let Err(fault) = read("a", &text) {
                    prop_assert!(fault.line >= 1 && !fault.reason.is_empty());
                }
            }
        }

        #[test]
        fn damaged_lines_give_sentences(answer in recorded(), at in any::<prop::sample::Index>(), with in "[{}\\[\\]\",:0-9\\n]") {
            let mut line: Vec<char> = serde_json::to_string(&answer).expect("JSON").chars().collect();
            let at = at.index(line.len());
            line.splice(at..(at + 2).min(line.len()), with.chars());
            let line: String = line.into_iter().chain(['\n']).collect();
            if let Err(fault) = read("a", &line) {
                prop_assert!(fault.line >= 1 && !fault.reason.is_empty());
            }
        }
    }
}
