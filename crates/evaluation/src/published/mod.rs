//! Published figures as reference rows: shown beside one's own run with their conditions, never mixed into it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use overread_protocol::answer::words::fold;
use serde::{Deserialize, Serialize};

use crate::case_set::Tuning;
use crate::evaluated::figures::{PublishedRow, Unit};

/// Whether a model was trained on data like those it was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// It was.
    In,
    /// It was not.
    Out,
    /// It is not said.
    Unknown,
}

/// One published figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its own id: `arxiv-2512.23304/pneumonia`.
    pub id: String,
    /// The group it is chosen by: `arxiv-2512.23304`.
    pub key: String,
    /// Who was measured.
    pub reader: String,
    /// Which of them.
    pub variant: String,
    /// Date of the card or report, in words; empty when it is not known.
    pub date: String,
    /// Task: `closed`, `choice`, `findings`, `open`, `vqa`, `report` and others.
    pub task: String,
    /// Metric: `accuracy`, `f1`, `token-f1`, `auroc`, `invalid-rate`, `difference` and others.
    pub metric: String,
    /// Averaging: `plain`, `macro`, `weighted`.
    pub averaging: String,
    /// Name of the label set; empty when there is none.
    pub labels: String,
    /// On what.
    pub split: String,
    /// Number of cases; `None` when it is not published.
    pub n: Option<u64>,
    /// Where the prompts come from.
    pub prompt: String,
    /// True for a model tuned on the task.
    pub tuned: bool,
    /// Trained on the like.
    pub distribution: Distribution,
    /// True when others than its makers measured it.
    pub independent: bool,
    /// Source.
    pub source: String,
    /// The figure, in `unit`; `None` where it is not to be had.
    pub value: Option<f64>,
    /// The upper end, when a range is published.
    pub upto: Option<f64>,
    /// `%`, `points` (of per cent), or empty for a plain number.
    pub unit: String,
    /// What to know about it.
    pub note: String,
}

#[derive(Debug, Default, Deserialize)]
struct Table {
    rows: Vec<Row>,
    label_sets: BTreeMap<String, Vec<String>>,
}

// A fault of our own table is caught by the tests.
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("rows.toml")).unwrap_or_default());

/// All rows, in order.
pub fn rows() -> &'static [Row] {
    &TABLE.rows
}

/// The labels of a named set, where they are known.
pub fn label_set(name: &str) -> Option<&'static [String]> {
    TABLE.label_sets.get(name).map(Vec::as_slice)
}

/// One's own run, as far as it decides what is like it.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Task, in the words of [`Row::task`].
    pub task: String,
    /// Metric shown.
    pub metric: String,
    /// Averaging shown.
    pub averaging: String,
    /// Labels asked.
    pub labels: Vec<String>,
    /// Split, in words; empty when there is none.
    pub split: String,
    /// Cases.
    pub n: u64,
    /// Whether the reader was tuned on the task; `None` when nobody says or readers differ.
    pub tuned: Option<bool>,
}

/// A row beside one's own run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Beside {
    /// The row.
    pub row: &'static Row,
    /// What is not like for like, in sentences; empty for none.
    pub unlike: Vec<String>,
}

/// Rows that were chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chosen {
    /// The rows, in the order of the table.
    pub rows: Vec<Beside>,
    /// Keys of the case set that name no row.
    pub unknown: Vec<String>,
}

/// The rows for a case set: those that `keys` name, by [`Row::key`] or [`Row::id`]; without keys those of the same task
/// and the same labels.
pub fn choose(keys: &[String], own: &Own) -> Chosen {
    let mut out = Chosen::default();
    let named = |row: &Row, key: &str| row.key == key || row.id == key;
    out.unknown = keys
        .iter()
        .filter(|key| !rows().iter().any(|row| named(row, key)))
        .cloned()
        .collect();
    for row in rows() {
        let fits = if keys.is_empty() {
            row.task == own.task && same_labels(row, own) == Some(true)
        } else {
            keys.iter().any(|key| named(row, key))
        };
        if fits {
            out.rows.push(Beside {
                row,
                unlike: unlike(row, own),
            });
        }
    }
    out
}

/// Chosen rows as an evaluation shows them; rows whose figure was not to be had are left out.
pub fn shown(chosen: &Chosen) -> Vec<PublishedRow> {
    chosen.rows.iter().filter_map(row_of).collect()
}

fn row_of(beside: &Beside) -> Option<PublishedRow> {
    let row = beside.row;
    let value = row.value?;
    let (unit, scale) = match row.unit.as_str() {
        "%" => (Unit::Share, 100.0),
        "points" => (Unit::Points, 100.0),
        _ => (Unit::Score, 1.0),
    };
    let averaging = if row.averaging == "plain" {
        String::new()
    } else {
        format!("{} ", row.averaging)
    };
    let mut conditions: Vec<(String, String)> = Vec::new();
    let mut condition = |name: &str, value: &str| {
        if !value.is_empty() {
            conditions.push((name.to_owned(), value.to_owned()));
        }
    };
    if let Some(upto) = row.upto {
        condition("range", &format!("{value} to {upto} {}", row.unit));
    }
    condition("data", &row.split);
    condition("labels", &row.labels);
    condition("prompt", &row.prompt);
    condition("date", &row.date);
    condition(
        "training data",
        match row.distribution {
            Distribution::In => "of the same kind",
            Distribution::Out => "of another kind",
            Distribution::Unknown => "not said",
        },
    );
    condition(
        "measured by",
        if row.independent { "others" } else { "its makers" },
    );
    condition("note", &row.note);
    Some(PublishedRow {
        id: row.id.clone(),
        reader: format!("{} {}", row.reader, row.variant).trim().to_owned(),
        metric: format!("{averaging}{}", row.metric),
        value: value / scale,
        unit,
        n: row.n.and_then(|n| u32::try_from(n).ok()),
        task: format!("{}, {}", row.task, row.split),
        tuning: if row.tuned { Tuning::Tuned } else { Tuning::Untuned },
        conditions,
        source: row.source.clone(),
        caution: beside.unlike.join(" "),
    })
}

/// Whether both ask the same labels, in any order; `None` when those of the row are not known.
fn same_labels(row: &Row, own: &Own) -> Option<bool> {
    let folded = |labels: &[String]| {
        let mut out: Vec<String> = labels.iter().map(|l| fold(l)).collect();
        out.sort();
        out.dedup();
        out
    };
    label_set(&row.labels).map(|labels| folded(labels) == folded(&own.labels))
}

/// What makes a row and one's own run unlike, in sentences.
pub fn unlike(row: &Row, own: &Own) -> Vec<String> {
    let mut out = Vec::new();
    if row.task != own.task {
        out.push(format!(
            "The published task is {}, this one {}.",
            row.task, own.task
        ));
    }
    if row.metric == "difference" {
        out.push("Published is a difference between two models, not a level.".to_owned());
    } else if row.metric != own.metric {
        out.push(format!(
            "Published is {}, shown here {}: the two cannot be compared.",
            row.metric, own.metric
        ));
    } else if row.averaging != own.averaging {
        out.push(format!(
            "The published average is {}, the one here {}.",
            row.averaging, own.averaging
        ));
    }
    match same_labels(row, own) {
        Some(true) => {}
        Some(false) => out.push("The labels are others.".to_owned()),
        None => out.push("The published labels are not known word for word.".to_owned()),
    }
    if fold(&row.split) != fold(&own.split) {
        let here = if own.split.is_empty() {
            "cases of your own"
        } else {
            &own.split
        };
        out.push(format!("It was measured on {}, here on {here}.", row.split));
    }
    match row.n {
        None => out.push("The number of cases is not published, so the figure has no interval.".to_owned()),
        Some(n) if n != own.n => out.push(format!("It is of {n} cases, here of {}.", own.n)),
        Some(_) => {}
    }
    if row.tuned && own.tuned == Some(false) {
        out.push("The published model was tuned on the task, this reader was not.".to_owned());
    } else if !row.tuned && own.tuned == Some(true) {
        out.push("This reader was tuned on the task, the published model was not.".to_owned());
    }
    match row.distribution {
        Distribution::In => out.push("The published model was trained on data of the same kind.".to_owned()),
        Distribution::Out => {}
        Distribution::Unknown => out.push("Whether it was trained on such data is not said.".to_owned()),
    }
    if !row.independent {
        out.push("Its makers measured it themselves.".to_owned());
    }
    if row.value.is_none() {
        out.push("The figure itself was not to be had.".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(key: &str) -> f64 {
        let six: Vec<f64> = rows()
            .iter()
            .filter(|r| r.key == key && r.metric == "accuracy" && r.labels != "six-diseases")
            .filter_map(|r| r.value)
            .collect();
        assert_eq!(six.len(), 6);
        six.iter().sum::<f64>() / 6.0
    }

    #[test]
    fn the_table_is_sound() {
        let table: Table = toml::from_str(include_str!("rows.toml")).unwrap();
        assert!(table.rows.len() >= 90, "{}", table.rows.len());
        let mut ids: Vec<&str> = table.rows.iter().map(|r| r.id.as_str()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "an id stands twice");
        for row in &table.rows {
            assert!(row.value.is_none_or(|v| (0.0..=100.0).contains(&v)), "{}", row.id);
            assert!(
                row.upto.is_none_or(|v| row.value.is_some_and(|low| low < v)),
                "{}",
                row.id
            );
            assert!(["%", "points", ""].contains(&row.unit.as_str()), "{}", row.id);
            assert!(!row.source.is_empty() && !row.split.is_empty(), "{}", row.id);
        }
        assert_eq!(label_set("ct-rate-18").map(<[String]>::len), Some(18));
    }

    #[test]
    fn the_six_accuracies_have_the_published_mean() {
        let published = rows()
            .iter()
            .find(|r| r.id == "arxiv-2512.23304/mean")
            .and_then(|r| r.value);
        assert!((mean("arxiv-2512.23304") - published.unwrap()).abs() < 0.005);
    }

    #[test]
    fn rows_are_chosen_by_key_or_by_labels() {
        let own = Own {
            task: "findings".to_owned(),
            metric: "f1".to_owned(),
            averaging: "macro".to_owned(),
            labels: [
                "pleural effusion",
                "edema",
                "consolidation",
                "cardiomegaly",
                "atelectasis",
            ]
            .map(str::to_owned)
            .to_vec(),
            split: "CheXpert".to_owned(),
            n: 500,
            tuned: Some(true),
        };
        let by_labels = choose(&[], &own);
        assert!(by_labels.rows.len() == 9 && by_labels.rows.iter().all(|b| b.row.labels == "chexpert-5"));
        let keys = ["arxiv-2512.23304", "medgemma-4b/chexpert-5", "nothing"].map(str::to_owned);
        let by_key = choose(&keys, &own);
        assert_eq!(by_key.unknown, ["nothing"]);
        assert_eq!(by_key.rows.len(), 11);
        let same = by_key
            .rows
            .iter()
            .find(|b| b.row.id == "medgemma-4b/chexpert-5")
            .unwrap();
        let words = same.unlike.join(" ");
        assert!(
            words.contains("This reader was tuned") && words.contains("no interval"),
            "{words}"
        );
        assert!(
            !words.contains("cannot be compared") && !words.contains("labels are others"),
            "{words}"
        );
        let other = by_key
            .rows
            .iter()
            .find(|b| b.row.id == "arxiv-2512.23304/invalid")
            .unwrap();
        assert!(other.unlike.iter().any(|w| w.contains("cannot be compared")));
    }
}
