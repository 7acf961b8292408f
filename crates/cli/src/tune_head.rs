//! `overread tune head`.

use std::path::PathBuf;
use std::sync::Mutex;

use clap::{Args, ValueEnum};
use overread_desk::op::tune::head::{self, Figure, HeadEvent, HeadOptions, HeadSummary, Kind, Part};
use overread_desk::{Cancel, Desk, DeskOptions};
use serde_json::json;

use crate::Outcome;
use crate::eval::progress::Counted;
use crate::files::{print_json, print_text};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KindName {
    Linear,
    Mlp,
}

#[derive(Debug, Args)]
pub(crate) struct HeadArguments {
    /// The case-set file.
    set: PathBuf,
    /// The folder of a MedSigLIP.
    #[arg(long)]
    model: PathBuf,
    /// The head's folder; files of its names are replaced.
    #[arg(long)]
    out: PathBuf,
    #[arg(long, default_value = "linear")]
    kind: KindName,
    /// The split that is learned.
    #[arg(long, value_name = "NAME", default_value = "train")]
    split: String,
    /// The split that chooses penalty or epochs: `validation` where the set has it, else cross-validation.
    #[arg(long, value_name = "NAME")]
    validation: Option<String>,
    /// Chooses by cross-validation over the patients that are learned.
    #[arg(long, conflicts_with = "validation")]
    cross_validate: bool,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[arg(long)]
    json: bool,
}

pub(crate) fn tune_head(a: &HeadArguments) -> Outcome {
    let desk = Desk::open(DeskOptions::default());
    let options = HeadOptions {
        case_set: a.set.clone(),
        model: a.model.clone(),
        out: a.out.clone(),
        kind: match a.kind {
            KindName::Linear => Kind::Linear,
            KindName::Mlp => Kind::Mlp,
        },
        learned: Some(a.split.clone()),
        validation: if a.cross_validate {
            Some(String::new())
        } else {
            a.validation.clone()
        },
        seed: a.seed,
    };
    let (checked, embedded) = (Counted::new("cases looked at"), Counted::new("cases embedded"));
    let stage = Mutex::new(0);
    // The line of a stage ends when the next one begins.
    let begin = |next: u8| {
        if let Ok(mut stage) = stage.lock()
            && *stage != next
        {
            match *stage {
                1 => checked.done(),
                3 => embedded.done(),
                _ => {}
            }
            *stage = next;
        }
    };
    let heard = |event: HeadEvent| match event {
        HeadEvent::Checking { done, of } => {
            begin(1);
            checked.tell(done, Some(of));
        }
        HeadEvent::Loading { fraction, what } => {
            begin(2);
            if fraction == 0.0 {
                eprintln!("{what}");
            }
        }
        HeadEvent::Embedding { done, of, .. } => {
            begin(3);
            embedded.tell(done, Some(of));
        }
        HeadEvent::Fitting(line) => {
            begin(4);
            eprintln!("{line}");
        }
    };
    let summary = head::train(&desk, &options, &heard, &Cancel::default());
    begin(0);
    let summary = summary?;
    if a.json {
        return print_json(&json!(summary));
    }
    print_text(&told(&summary))
}

fn told(summary: &HeadSummary) -> String {
    let part = |what: &str, part: &Part| {
        format!(
            "{what}: {} ({} cases of {} patients)\n",
            part.split, part.cases, part.patients
        )
    };
    let mut text = format!("{} over {}\n", summary.kind.words(), summary.labels.join(", "));
    text.push_str(&part("learned", &summary.learned));
    match (&summary.validation, summary.chosen.folds) {
        (Some(validation), _) => text.push_str(&part("chosen by", validation)),
        (None, folds) => text.push_str(&format!(
            "chosen by: cross-validation over patients, {} folds\n",
            folds.unwrap_or(0)
        )),
    }
    if let Some(l2) = summary.chosen.l2 {
        text.push_str(&format!("penalty: {l2}\n"));
    }
    if let Some(epochs) = summary.chosen.epochs {
        text.push_str(&format!("epochs: {epochs}\n"));
    }
    summary
        .figures
        .iter()
        .for_each(|figure| text.push_str(&line(figure)));
    for remark in &summary.remarks {
        text.push_str(&format!("to know: {remark}\n"));
    }
    text.push_str(&format!(
        "embedded in {:.1} s, fitted in {:.1} s\nwritten: {}\nAs a reader of the case set:\n\n{}",
        summary.seconds[0],
        summary.seconds[1],
        summary.head.display(),
        summary.reader
    ));
    text
}

fn line(figure: &Figure) -> String {
    let of = if figure.label.is_empty() {
        String::new()
    } else {
        format!(" of {}", figure.label)
    };
    let value = figure
        .estimate
        .map_or_else(|| "undefined".to_owned(), |v| format!("{v:.3}"));
    let interval = figure.interval.map_or_else(String::new, |[low, high]| {
        format!(" ({low:.3} to {high:.3}, {})", figure.method)
    });
    format!("{}{of}: {value}{interval}, {} cases\n", figure.name, figure.cases)
}
