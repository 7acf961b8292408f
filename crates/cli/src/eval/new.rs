//! `eval new`: a folder and its truth to a case set.

use std::path::{Path, PathBuf};

use overread_desk::op::evaluation::draft::{self, Draft};
use overread_desk::wire::evaluation::{CaseSetMapping, LabelCount};
use overread_desk::{Cancel, Desk};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::eval::arguments::NewArguments;
use crate::eval::progress::Counted;
use crate::files::{print_json, print_text};
use crate::{Outcome, Trouble};

pub(crate) fn new(desk: &Desk, a: &NewArguments) -> Outcome {
    let wanted = Draft {
        folder: a.folder.clone(),
        tables: a.truth.clone(),
        format: a
            .format
            .as_deref()
            .map(|word| named("format", word))
            .transpose()?,
        task: a.task.as_deref().map(|word| named("task", word)).transpose()?,
        name: a.name.clone(),
        labels: a.labels.iter().map(|label| label.trim().to_owned()).collect(),
        uncertain: named("uncertain", &a.uncertain)?,
        blank: named("blank", &a.blank)?,
        models: a.model.clone(),
        answers: a.answers.clone(),
        splits: match &a.split_by_patient {
            Some(text) => {
                draft::splits::parse(text).map_err(|f| Trouble::Usage(f.message + " " + &f.hint))?
            }
            None => Vec::new(),
        },
        seed: a.seed,
    };
    let target = a.out.clone().unwrap_or_else(|| PathBuf::from("case-set.toml"));
    let progress = Counted::new("files looked at");
    let drafted = draft::draft(desk, &wanted, &target, &Cancel::default(), &|n| {
        progress.tell(n, None)
    })?;
    progress.done();
    let written = !a.dry_run;
    if written {
        draft::write(&drafted.set, &target, a.force)?;
    }
    if a.json {
        let mut out = json!(drafted.mapping);
        out["out"] = if written {
            json!(target.display().to_string())
        } else {
            Value::Null
        };
        return print_json(&out);
    }
    print_text(&told(&drafted.mapping, written.then_some(target.as_path())))
}

/// A word as the wire spells it.
fn named<T: DeserializeOwned>(what: &str, word: &str) -> Result<T, Trouble> {
    serde_json::from_value(Value::from(word))
        .map_err(|error| Trouble::Usage(format!("--{what} {word} is not known: {error}.")))
}

fn told(m: &CaseSetMapping, written: Option<&Path>) -> String {
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let mut text = format!(
        "format {}, task {}\n{} rows, {} with images, {} patients\n",
        word(json!(m.format)),
        word(json!(m.task)),
        m.rows,
        m.matched,
        m.patients
    );
    let counts = |list: &[LabelCount]| {
        let each: Vec<String> = list.iter().map(|l| format!("{} {}", l.label, l.cases)).collect();
        each.join(", ")
    };
    for (what, list) in [("labels", &m.labels), ("splits", &m.splits)] {
        if !list.is_empty() {
            text.push_str(&format!("{what}: {}\n", counts(list)));
        }
    }
    for (row, image) in m.examples.iter().take(5) {
        text.push_str(&format!("  {row}: {image}\n"));
    }
    for (what, count, list) in [
        (
            "rows without images",
            m.rows_without_images_count,
            &m.rows_without_images,
        ),
        (
            "images that no row names",
            m.images_without_row_count,
            &m.images_without_row,
        ),
    ] {
        if count > 0 {
            text.push_str(&format!("{count} {what}:\n"));
            for line in list.iter().take(10) {
                text.push_str(&format!("  {line}\n"));
            }
            if count as usize > list.len().min(10) {
                text.push_str("  …\n");
            }
        }
    }
    for note in &m.notes {
        text.push_str(&format!("note: {}\n", note.trim_end_matches('.')));
    }
    match written {
        Some(path) => text.push_str(&format!("written: {}\n", path.display())),
        None => text.push_str("nothing written (--dry-run)\n"),
    }
    text
}
