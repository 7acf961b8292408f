//! Rows brought to cases: rows of one case are joined, and what they say twice must agree.

use std::collections::HashMap;

use super::table::{Row, Table};
use super::{ImportedCase, Key};
use crate::case_set::{CaseSpec, State};
use crate::error::InputError;

/// Cases in the order of their first rows.
#[derive(Debug, Default)]
pub(super) struct Cases {
    list: Vec<ImportedCase>,
    by_id: HashMap<String, usize>,
}

impl Cases {
    /// The case of this id, made when it is new.
    pub(super) fn of(&mut self, id: &str, table: &Table<'_>, row: &Row) -> &mut ImportedCase {
        self.at(id, || table.at(row))
    }

    /// The case of this id, made when it is new, with where it stands.
    pub(super) fn at(&mut self, id: &str, at: impl FnOnce() -> String) -> &mut ImportedCase {
        let next = self.list.len();
        let index = *self.by_id.entry(id.to_owned()).or_insert(next);
        if index == next {
            self.list.push(ImportedCase {
                keys: Vec::new(),
                also: Vec::new(),
                slices: String::new(),
                case: CaseSpec {
                    id: id.to_owned(),
                    ..CaseSpec::default()
                },
                at: at(),
            });
        }
        &mut self.list[index]
    }

    /// The case of this id, when there is one.
    pub(super) fn find(&mut self, id: &str) -> Option<&mut ImportedCase> {
        self.by_id.get(id).and_then(|index| self.list.get_mut(*index))
    }

    /// All.
    pub(super) fn all(&mut self) -> &mut [ImportedCase] {
        &mut self.list
    }

    /// All, to look at.
    pub(super) fn seen(&self) -> &[ImportedCase] {
        &self.list
    }

    /// All, for good.
    pub(super) fn into_list(self) -> Vec<ImportedCase> {
        self.list
    }

    /// How many labels of all cases are in a state.
    pub(super) fn states(&self, wanted: State) -> usize {
        let all = self.list.iter().flat_map(|case| case.case.truth.states.values());
        all.filter(|state| **state == wanted).count()
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

impl ImportedCase {
    /// Adds a key once.
    pub(super) fn key(&mut self, key: Key) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    /// Adds a subgroup; an empty value says nothing.
    pub(super) fn group(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.case
                .groups
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }

    /// Adds a true label once.
    pub(super) fn label(&mut self, label: &str) {
        if !label.is_empty() && !self.case.truth.labels.iter().any(|l| l == label) {
            self.case.truth.labels.push(label.to_owned());
        }
    }
}

/// Puts `value` where nothing stood; two different values of one case are an error.
pub(super) fn agree(
    field: &mut String,
    value: &str,
    what: &str,
    table: &Table<'_>,
    row: &Row,
) -> Result<(), InputError> {
    if value.is_empty() || field == value {
        return Ok(());
    }
    if field.is_empty() {
        value.clone_into(field);
        return Ok(());
    }
    Err(table.error(
        row.line,
        format!("the {what} is `{value}` here and `{field}` before, for the same case"),
    ))
}

/// The split of a row, by its usual name where the word is one.
pub(super) fn agree_on_split(
    case: &mut ImportedCase,
    word: &str,
    table: &Table<'_>,
    row: &Row,
) -> Result<(), InputError> {
    agree(
        &mut case.case.split,
        split(word).unwrap_or(word),
        "split",
        table,
        row,
    )
}

/// The coding 1, 0, -1, blank of a cell (also `1.0`, `1,0`, `nan`); `None` for anything else.
pub(super) fn coded(cell: &str) -> Option<State> {
    if cell.is_empty() || ["nan", "na", "n/a", "none", "null"].contains(&cell.to_lowercase().as_str()) {
        return Some(State::Blank);
    }
    let value = super::table::number(cell)?;
    [
        (1.0, State::Present),
        (0.0, State::Absent),
        (-1.0, State::Uncertain),
    ]
    .into_iter()
    .find_map(|(code, state)| (value == code).then_some(state))
}

/// The usual names of a split: `train`, `validation`, `test`; `None` for any other word.
pub(super) fn split(word: &str) -> Option<&'static str> {
    match super::table::plain(word).as_str() {
        "train" | "training" | "trainval" => Some("train"),
        "val" | "valid" | "validate" | "validation" | "dev" => Some("validation"),
        "test" | "testing" => Some("test"),
        _ => None,
    }
}

/// The split that a file's name says (`train.csv`, `validation_reports.csv`, `image_labels_test.csv`).
pub(super) fn split_of_file(file: &str) -> &'static str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.split(|c: char| !c.is_ascii_alphabetic())
        .find_map(split)
        .unwrap_or_default()
}

/// A file's name without folders and without its extension (`.nii.gz` is one).
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    for double in [".nii.gz", ".dcm.gz"] {
        if let Some(head) = lower.strip_suffix(double) {
            return name.get(..head.len()).unwrap_or(name);
        }
    }
    match name.rsplit_once('.') {
        Some((head, tail))
            if !head.is_empty()
                && (1..=5).contains(&tail.len())
                && tail.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            head
        }
        _ => name,
    }
}

/// `n` things in words: `1 image`, `2 images`.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Notes what is to be said of `n` things, where there are any: `2 images in no list of splits.`
pub(super) fn note(notes: &mut Vec<String>, n: usize, [one, many]: [&str; 2], said: &str) {
    if n > 0 {
        notes.push(format!("{} {said}", counted(n, one, many)));
    }
}

/// Those of a format's labels that tables had, in the published order.
pub(super) fn in_order(published: &[&str], had: &[&str]) -> Vec<String> {
    let labels = published.iter().filter(|label| had.contains(label));
    labels.map(|label| (*label).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_four() {
        for (cell, state) in [
            ("1", State::Present),
            ("1.0", State::Present),
            ("1,0", State::Present),
            ("0.0", State::Absent),
            ("-1.0", State::Uncertain),
            ("", State::Blank),
            ("NaN", State::Blank),
        ] {
            assert_eq!(coded(cell), Some(state), "{cell}");
        }
        assert_eq!(coded("2"), None);
        assert_eq!(coded("yes"), None);
    }

    #[test]
    fn names_of_files_and_splits() {
        assert_eq!(stem("a/b/valid_1_a_1.nii.gz"), "valid_1_a_1");
        assert_eq!(stem("1.2.840.10008.1"), "1.2.840.10008.1");
        assert_eq!(stem("x.DCM"), "x");
        assert_eq!(stem(".png"), ".png");
        assert_eq!(split_of_file("a/train.csv"), "train");
        assert_eq!(split_of_file("image_labels_test.csv"), "test");
        assert_eq!(split_of_file("valid_predicted_labels.csv"), "validation");
        assert_eq!(split_of_file("labels.csv"), "");
    }
}
