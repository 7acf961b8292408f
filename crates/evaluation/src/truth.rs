//! Truth tables: CSV or JSON with a case, series or study and a label.

use serde_json::Value;

use crate::error::{InputError, trim, without_mark};

/// What a row speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A case id.
    Case(String),
    /// A Series Instance UID.
    Series(String),
    /// A Study Instance UID.
    Study(String),
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthRow {
    /// What it speaks of.
    pub subject: Subject,
    /// Reference label.
    pub label: String,
    /// Patient, when given.
    pub patient: Option<String>,
    /// Where the label comes from, when given.
    pub source: Option<String>,
    /// Line, from 1.
    pub line: u64,
}

const SERIES: &[&str] = &["series", "series_instance_uid", "seriesinstanceuid", "series_uid"];
const STUDY: &[&str] = &["study", "study_instance_uid", "studyinstanceuid", "study_uid"];
const CASE: &[&str] = &["case", "case_id", "id"];
const LABEL: &[&str] = &["label", "truth", "finding", "diagnosis"];

/// Reads a truth table; JSON when it begins as one, else CSV. Several rows of one subject are several labels.
///
/// # Errors
/// [`InputError`] with the line.
pub fn read(file: &str, text: &str) -> Result<Vec<TruthRow>, InputError> {
    let text = without_mark(text);
    let rows = if text.trim_start().starts_with(['[', '{']) {
        json(file, text)?
    } else {
        csv(file, text)?
    };
    if rows.is_empty() {
        return Err(InputError::new(file, 1, "there are no rows"));
    }
    Ok(rows)
}

fn find(header: &[String], names: &[&str]) -> Option<usize> {
    header
        .iter()
        .position(|h| names.contains(&h.to_lowercase().replace(' ', "_").as_str()))
}

fn csv(file: &str, text: &str) -> Result<Vec<TruthRow>, InputError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(true)
        .flexible(true)
        .from_reader(text.as_bytes());
    let header: Vec<String> = reader
        .headers()
        .map_err(|error| InputError::new(file, 1, error.to_string()))?
        .iter()
        .map(|h| trim(h).to_owned())
        .collect();
    let [series, study, case, label] = [SERIES, STUDY, CASE, LABEL].map(|names| find(&header, names));
    let label = label.ok_or_else(|| InputError::new(file, 1, "no column is called label"))?;
    if series.or(study).or(case).is_none() {
        return Err(InputError::new(
            file,
            1,
            "no column is called case, series or study",
        ));
    }
    let (patient, source) = (find(&header, &["patient"]), find(&header, &["source"]));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            InputError::new(file, line, "the row cannot be read")
        })?;
        let line = record.position().map_or(1, csv::Position::line);
        let get = |column: Option<usize>| {
            column
                .and_then(|c| record.get(c))
                .map(trim)
                .filter(|v| !v.is_empty())
                .map(str::to_owned)
        };
        let subject = get(series)
            .map(Subject::Series)
            .or_else(|| get(case).map(Subject::Case))
            .or_else(|| get(study).map(Subject::Study));
        let subject =
            subject.ok_or_else(|| InputError::new(file, line, "no case, series or study is named"))?;
        let label = get(Some(label)).ok_or_else(|| InputError::new(file, line, "the label is empty"))?;
        rows.push(TruthRow {
            subject,
            label,
            patient: get(patient),
            source: get(source),
            line,
        });
    }
    Ok(rows)
}

fn json(file: &str, text: &str) -> Result<Vec<TruthRow>, InputError> {
    let values: Vec<(u64, Value)> = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(list)) => list
            .into_iter()
            .enumerate()
            .map(|(i, v)| (i as u64 + 1, v))
            .collect(),
        Ok(object) => vec![(1, object)],
        // JSON Lines.
        Err(_) => text
            .lines()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty())
            .map(|(i, l)| {
                serde_json::from_str(l)
                    .map(|v| (i as u64 + 1, v))
                    .map_err(|e| InputError::new(file, i as u64 + 1, format!("not JSON ({e})")))
            })
            .collect::<Result<_, _>>()?,
    };
    let mut rows = Vec::new();
    for (line, value) in values {
        let object = value
            .as_object()
            .ok_or_else(|| InputError::new(file, line, "not an object"))?;
        let get = |names: &[&str]| {
            object
                .iter()
                .find(|(key, _)| names.contains(&key.to_lowercase().as_str()))
                .and_then(|(_, v)| v.as_str())
                .map(trim)
                .filter(|v| !v.is_empty())
                .map(str::to_owned)
        };
        let subject = get(SERIES)
            .map(Subject::Series)
            .or_else(|| get(CASE).map(Subject::Case))
            .or_else(|| get(STUDY).map(Subject::Study));
        let subject =
            subject.ok_or_else(|| InputError::new(file, line, "no case, series or study is named"))?;
        let labels: Vec<String> = match object.get("labels").and_then(Value::as_array) {
            Some(list) => list
                .iter()
                .filter_map(|v| v.as_str().map(|t| trim(t).to_owned()))
                .collect(),
            None => get(LABEL).into_iter().collect(),
        };
        if labels.is_empty() {
            return Err(InputError::new(file, line, "the label is empty"));
        }
        for label in labels {
            rows.push(TruthRow {
                subject: subject.clone(),
                label,
                patient: get(&["patient"]),
                source: get(&["source"]),
                line,
            });
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let rows = read("t.csv", "\u{FEFF}SeriesInstanceUID,Finding\n1.2.3, nodule \n").expect("reads");
        assert_eq!(
            (rows[0].subject.clone(), rows[0].label.as_str()),
            (Subject::Series("1.2.3".into()), "nodule")
        );
        let error = read("t.csv", "case,label\na,x\nb,\n").expect_err("empty label");
        assert_eq!(error.to_string(), "t.csv, line 3: the label is empty");
        assert!(read("t.csv", "name,label\na,b\n").is_err());
    }

    #[test]
    fn json_may_be_a_list_or_lines() {
        let list = read("t.json", r#"[{"study":"1.2","labels":["a","b"]}]"#).expect("reads");
        assert_eq!(list.len(), 2);
        let lines = read(
            "t.jsonl",
            "{\"case\":\"x\",\"label\":\"a\"}\n{\"case\":\"y\",\"label\":\"b\"}\n",
        )
        .expect("reads");
        assert_eq!(lines[1].line, 2);
    }
}
