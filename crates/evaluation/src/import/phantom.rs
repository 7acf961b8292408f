//! `truth.csv` and `truth.json` of our own phantoms (docs/formats.md).

use std::collections::BTreeSet;

use super::cases::Cases;
use super::table::{self, Table};
use super::{Format, Imported, Key};
use crate::case_set::Task;
use crate::error::InputError;
use crate::score::Source;

/// Whether a header is its own.
pub(super) fn recognise(table: &Table<'_>) -> bool {
    table.has(&["case", "path", "label", "side", "position_mm", "size_mm", "slice"])
}

/// Findings of a size are looked at together: a millimetre is no subgroup.
fn size_band(mm: &str) -> &'static str {
    match mm.parse::<f64>() {
        Ok(mm) if mm < 10.0 => "under 10 mm",
        Ok(mm) if mm < 30.0 => "10 to 30 mm",
        Ok(_) => "30 mm and over",
        Err(_) => "",
    }
}

pub(super) fn import(tables: &[Source<'_>]) -> Result<Imported, InputError> {
    let mut cases = Cases::default();
    let mut labels = BTreeSet::new();
    for source in tables {
        let table = table::any(source)?;
        let [id, path, label] = [table.need("case")?, table.need("path")?, table.need("label")?];
        let [side, size, slice, series] =
            ["side", "size_mm", "slice", "series_uid"].map(|name| table.column(&[name]));
        for row in &table.rows {
            let (name, label) = (row.get(id), row.get(label));
            if name.is_empty() || label.is_empty() {
                return Err(table.error(row.line, "`case` or `label` is empty"));
            }
            if cases.find(name).is_some() {
                return Err(table.error(row.line, format!("case `{name}` stands there twice")));
            }
            let case = cases.of(name, &table, row);
            if !row.opt(series).is_empty() {
                case.key(Key::Series(row.opt(series).to_owned()));
            }
            case.key(Key::Folder(row.get(path).to_owned()));
            case.label(label);
            row.opt(slice).clone_into(&mut case.slices);
            // `none` stands for a body without a lesion.
            let side = Some(row.opt(side))
                .filter(|side| *side != "none")
                .unwrap_or_default();
            side.clone_into(&mut case.case.truth.side);
            case.group("size", size_band(row.opt(size)));
            "generator".clone_into(&mut case.case.truth.source);
            labels.insert(label.to_owned());
        }
    }
    Ok(Imported {
        format: Format::Phantom,
        task: Task::Closed,
        labels: labels.into_iter().collect(),
        cases: cases.into_list(),
        notes: vec!["Made patients: what holds of them need not hold of real ones.".to_owned()],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{import, recognise};

    #[test]
    fn rows_are_series_with_the_slice_to_look_at() {
        let text = "case,path,label,side,position_mm,size_mm,slice\ncase-0001,case-0001,pneumothorax,right,-27.5 -109.2 -337.8,19.7,1\ncase-0002,case-0002,normal,,,,3\n";
        let sources = [Source {
            file: "truth.csv",
            text,
        }];
        assert_eq!(recognise(&sources), Some(Format::Phantom));
        let set = import(Format::Phantom, &sources).expect("reads");
        assert_eq!(
            (set.task, set.labels.as_slice()),
            (
                Task::Closed,
                &["normal".to_owned(), "pneumothorax".to_owned()][..]
            )
        );
        let first = &set.cases[0];
        assert_eq!(
            (first.keys.as_slice(), first.slices.as_str()),
            (&[Key::Folder("case-0001".into())][..], "1")
        );
        assert_eq!(
            (first.case.truth.side.as_str(), first.case.truth.source.as_str()),
            ("right", "generator")
        );
    }
}
