//! `eval report`: every figure of an evaluation, on the screen or in files.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use overread_desk::op::evaluation::{export as op_export, figures as op_figures};
use overread_desk::wire::evaluation::{
    Figure, Figures, FiguresEvent, FiguresRequest, Filter, GroupIs, Weight,
};
use overread_desk::{Cancel, Desk};

use crate::eval::arguments::ReportArguments;
use crate::files::{print_text, write_file};
use crate::{Outcome, Trouble};

/// Progress is told at most so often.
const EVERY: Duration = Duration::from_secs(1);

pub(crate) fn report(desk: &Desk, a: &ReportArguments) -> Outcome {
    let request = request(desk, a)?;
    let told = Mutex::new(Instant::now());
    let heard = |event: FiguresEvent| {
        if let FiguresEvent::Resampling { done, of } = event {
            let mut last = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if last.elapsed() >= EVERY {
                *last = Instant::now();
                eprintln!("{done} of {of} resamples");
            }
        }
    };
    let figures = op_figures::all(desk, &a.set, &request, &heard, &Cancel::default())?;
    let files = [&a.out, &a.csv, &a.plots, &a.imrmc]
        .into_iter()
        .any(Option::is_some);
    if !files && !a.json {
        return print_text(&summary(&figures));
    }
    let report = op_export::report(desk, &a.set, &request, figures)?;
    let wrong = |error: &dyn std::fmt::Display| Trouble::failed(format!("{error}."));
    if let Some(path) = &a.out {
        write_file(path, report.to_html().map_err(|e| wrong(&e))?.as_bytes())?;
    }
    if let Some(folder) = &a.csv {
        op_export::tables(&report, folder)?;
    }
    if let Some(folder) = &a.plots {
        op_export::plots(&report, folder)?;
    }
    if let Some(path) = &a.imrmc {
        write_file(path, op_export::imrmc(desk, &a.set, &request)?.as_bytes())?;
    }
    if a.json {
        print_text(&report.to_json().map_err(|e| wrong(&e))?)?;
    }
    for path in [&a.out, &a.csv, &a.plots, &a.imrmc].into_iter().flatten() {
        eprintln!("{} written", shown(path));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn request(desk: &Desk, a: &ReportArguments) -> Result<FiguresRequest, Trouble> {
    let groups = a
        .group
        .iter()
        .map(|text| match text.split_once('=') {
            Some((key, value)) => Ok(GroupIs {
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            }),
            None => Err(Trouble::Usage(format!("`{text}` is no subgroup: write sex=F."))),
        })
        .collect::<Result<_, _>>()?;
    Ok(FiguresRequest {
        evaluation: desk.handle(&a.set),
        filter: Filter {
            splits: a.split.clone(),
            modalities: a.modality.clone(),
            labels: a.label.clone(),
            readers: a.reader.clone(),
            invalid: a.invalid.clone(),
            groups,
        },
        resamples: a.resamples,
        seed: a.seed,
        uncertain: policy("--uncertain", a.uncertain.as_deref(), serde_json::from_value)?,
        blank: policy("--blank", a.blank.as_deref(), serde_json::from_value)?,
    })
}

/// The policy of that word.
fn policy<T>(
    option: &str,
    text: Option<&str>,
    read: fn(serde_json::Value) -> serde_json::Result<T>,
) -> Result<Option<T>, Trouble> {
    text.map(|text| read(text.into()).map_err(|error| Trouble::Usage(format!("{option} {text}: {error}."))))
        .transpose()
}

/// What matters most, for a terminal.
fn summary(f: &Figures) -> String {
    let mut out = format!(
        "{}\n{} cases of {} patients{}\n",
        f.name,
        f.cases,
        f.patients,
        if f.cases == f.cases_in_set {
            String::new()
        } else {
            format!(" (of {} cases)", f.cases_in_set)
        }
    );
    for remark in &f.remarks {
        let sign = match remark.weight {
            Weight::Warning => "!! ",
            Weight::Caution => "! ",
            Weight::Note => "",
        };
        out.push_str(&format!("{sign}{}\n", remark.text));
    }
    for reader in &f.readers {
        out.push_str(&format!(
            "\n{} ({} answers, {} missing)\n",
            reader.name, reader.n, reader.missing
        ));
        for figure in &reader.headline {
            out.push_str(&format!("  {}\n", line(figure)));
        }
    }
    for pair in f.comparison.iter().flat_map(|c| &c.pairs) {
        let name = |id: &'_ str| {
            f.readers
                .iter()
                .find(|r| r.id == id)
                .map_or(id.to_owned(), |r| r.name.clone())
        };
        out.push_str(&format!(
            "\n{} against {}, n = {}\n",
            name(&pair.a),
            name(&pair.b),
            pair.n
        ));
        for figure in &pair.figures {
            out.push_str(&format!("  {}\n", line(figure)));
        }
        for test in &pair.tests {
            let p = test
                .p
                .map_or_else(|| "not defined".to_owned(), |p| format!("p = {p:.4}"));
            let holm = test
                .p_adjusted
                .map_or_else(String::new, |p| format!(", Holm {p:.4}"));
            out.push_str(&format!("  {}: {p}{holm}\n", test.name));
        }
        for remark in &pair.remarks {
            out.push_str(&format!("  ! {}\n", remark.text));
        }
    }
    out
}

fn line(figure: &Figure) -> String {
    let value = figure
        .value
        .map_or_else(|| "not defined".to_owned(), |v| format!("{v:.4}"));
    let interval = match (figure.low, figure.high) {
        (Some(low), Some(high)) => format!(" ({low:.4} to {high:.4}, {})", figure.interval),
        _ => String::new(),
    };
    let note = if figure.note.is_empty() {
        String::new()
    } else {
        format!("  [{}]", figure.note)
    };
    format!("{}: {value}{interval}{note}", figure.name)
}
