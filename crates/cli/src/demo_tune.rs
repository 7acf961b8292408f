//! `overread demo --tune`: a finding that the bundled model never saw, taught in minutes and judged on cases apart.

use std::path::Path;

use overread_desk::op::evaluation::{export, figures, folder, run as runs};
use overread_desk::op::tune::options::TuneSettings;
use overread_desk::op::tune::{TuneOptions, figure_words, p_words, run};
use overread_desk::op::{bundled, make};
use overread_desk::wire::evaluation::{Figure, Figures, FiguresRequest, Filter};
use overread_desk::wire::tuning::TuneEvent;
use overread_desk::{Cancel, Desk};

use crate::files::{print_text, write_file};
use crate::{Outcome, Trouble};

/// What is planted.
const FINDINGS: [&str; 3] = ["normal", "nodule", "bulla"];
/// What each is called in the set: of these the bundled model knows one. It never saw a bulla, and says `normal` where the
/// set says `clear lung`.
const LABELS: [&str; 3] = ["clear lung", "nodule", "bulla"];
/// Made patients: half are learned from, a tenth judges, the rest is kept apart.
const PATIENTS: usize = 500;
/// Their seed.
const SEED: u64 = 2026;

/// The split of a case, dealt so that each has every label.
fn split(i: usize) -> &'static str {
    match i % 10 {
        0..=4 => "train",
        5 => "validation",
        _ => "test",
    }
}

/// Makes the cases, asks, tunes, asks again; tells what changed.
pub(crate) fn tune(desk: &Desk, out: &Path) -> Outcome {
    let model = bundled::write(desk)?;
    let folder = out.join("new-finding");
    std::fs::create_dir_all(&folder)
        .map_err(|error| Trouble::failed(format!("{}: {error}.", folder.display())))?;
    eprintln!("making {PATIENTS} patients: {}", FINDINGS.join(", "));
    let wish = make::Phantoms {
        n: PATIENTS,
        seed: SEED,
        findings: FINDINGS.map(str::to_owned).to_vec(),
        ..make::Phantoms::default()
    };
    let cases = folder.join("cases");
    if !cases.join("truth.csv").is_file() {
        make::phantoms(&cases, &wish, &|_, _| true)?;
    }
    let closed = folder.join("new-finding.toml");
    let open = folder.join("new-finding-in-words.toml");
    write_file(
        &closed,
        set(&cases, &model, Form::Closed, &["train", "validation", "test"])?.as_bytes(),
    )?;
    let options = TuneOptions {
        case_set: closed.clone(),
        model: model.clone(),
        out: folder.join("adapter"),
        settings: TuneSettings {
            targets: vec!["all-linear".to_owned()],
            epochs: 6.0,
            rate: 3e-3,
            patience: 0,
            ..TuneSettings::default()
        },
        ..TuneOptions::default()
    };
    let heard = |event: TuneEvent| match event {
        TuneEvent::Estimated(e) => eprintln!(
            "{} cases to learn from, {} to choose by, {} steps",
            e.cases, e.validation, e.steps
        ),
        TuneEvent::Judged(judged) => {
            let first = judged.figures.first().map(figure_words).unwrap_or_default();
            eprintln!(
                "after step {}: right on {first} of the cases to choose by",
                judged.step
            );
        }
        _ => {}
    };
    run::tune(desk, &options, &heard, &Cancel::default())?;
    write_file(&open, set(&cases, &model, Form::Open, &["test"])?.as_bytes())?;
    let (scored, said) = (read(desk, &closed)?, read(desk, &open)?);
    let report = folder.join("report.html");
    let request = request(desk, &closed);
    let exported = export::report(desk, &closed, &request, scored.clone())?;
    let html = exported
        .to_html()
        .map_err(|error| Trouble::failed(format!("{error}.")))?;
    write_file(&report, html.as_bytes())?;
    print_text(&words(&scored, &said, &others(&open)?, &report))
}

enum Form {
    Closed,
    Open,
}

/// The case set as TOML.
fn set(cases: &Path, model: &Path, form: Form, splits: &[&str]) -> Result<String, Trouble> {
    let table = cases.join("truth.csv");
    let table = std::fs::read_to_string(&table)
        .map_err(|error| Trouble::failed(format!("{}: {error}.", table.display())))?;
    let labels = LABELS.map(|label| format!("\"{label}\"")).join(", ");
    // In words, the question alone: what is wanted is not told.
    let question = match form {
        Form::Closed => "task = \"closed\"",
        Form::Open => "task = \"open\"\nprompt = \"Which finding is present?{question}\"\ndifferential = 1",
    };
    let model = toml_text(&model.display().to_string());
    let mut out = format!(
        "format = \"overread-case-set/1\"\nname = \"A new finding\"\nnote = \"Made patients of this program: what holds of \
         them need not hold of real ones.\"\n\n[question]\n{question}\nlabels = [{labels}]\n\n[truth]\nsource = \
         \"generator\"\n\n[[readers]]\nid = \"base\"\nname = \"bundled model\"\nmodel = {model}\ntuning = \"untuned\"\n\n\
         [[readers]]\nid = \"tuned\"\nname = \"bundled model, tuned\"\nmodel = {model}\nadapters = [\"adapter\"]\ntuning = \
         \"tuned\"\ntuned_on_splits = [\"train\", \"validation\"]\n"
    );
    for (i, line) in table.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let ([name, _, label, ..], Some(slice)) = (cells.as_slice(), cells.last()) else {
            continue;
        };
        let label = FINDINGS.iter().zip(LABELS).find(|(f, _)| *f == label);
        let Some((_, label)) = label else { continue };
        if splits.contains(&split(i)) {
            out += &format!(
                "\n[[cases]]\nid = \"{name}\"\npatient = \"{name}\"\nsplit = \"{}\"\nmodality = \"CT\"\nimages = [{{ path = \
                 \"cases/{name}\", slices = \"{slice}\" }}]\ntruth.labels = [\"{label}\"]\n",
                split(i)
            );
        }
    }
    Ok(out)
}

fn toml_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn request(desk: &Desk, case_set: &Path) -> FiguresRequest {
    FiguresRequest {
        evaluation: desk.handle(case_set),
        filter: Filter {
            splits: vec!["test".to_owned()],
            ..Filter::default()
        },
        resamples: 2000,
        seed: 1,
        uncertain: None,
        blank: None,
    }
}

/// Asks both readers and gives their figures on the test split.
fn read(desk: &Desk, case_set: &Path) -> Result<Figures, Trouble> {
    let options = runs::RunOptions {
        case_set: case_set.to_path_buf(),
        ..runs::RunOptions::default()
    };
    eprintln!(
        "reading {} with both",
        case_set.file_name().unwrap_or_default().display()
    );
    runs::read_all(desk, &options, &|_| {}, &Cancel::default())?;
    Ok(figures::all(
        desk,
        case_set,
        &request(desk, case_set),
        &|_| {},
        &Cancel::default(),
    )?)
}

fn figure<'a>(figures: &'a Figures, reader: &str, key: &str) -> Option<&'a Figure> {
    let reader = figures.readers.iter().find(|r| r.id == reader)?;
    reader.headline.iter().find(|f| f.key == key)
}

/// Answers of base and tuned model that are none of the labels, as `3 of 200`.
fn others(case_set: &Path) -> Result<[String; 2], Trouble> {
    let path = folder::answers(&folder::of(case_set));
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Trouble::failed(format!("{}: {error}.", path.display())))?;
    let lines: Vec<serde_json::Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    Ok(["base", "tuned"].map(|reader| {
        let own: Vec<&str> = lines
            .iter()
            .filter(|line| line["reader"] == reader)
            .map(|line| line["text"].as_str().unwrap_or_default())
            .collect();
        let is_other = |said: &&&str| !LABELS.iter().any(|label| said.contains(label));
        format!("{} of {}", own.iter().filter(is_other).count(), own.len())
    }))
}

/// What changed, with intervals.
fn words(scored: &Figures, said: &Figures, others: &[String; 2], report: &Path) -> String {
    let row = |figures: &Figures, key: &str, name: &str| {
        let of = |reader| figure(figures, reader, key).map_or_else(|| "none".to_owned(), figure_words);
        format!("{name}: {}, tuned {}\n", of("base"), of("tuned"))
    };
    let mut out = format!(
        "{} made patients that nothing was learned from; the bundled model never saw a bulla, and never heard of a clear lung\n",
        scored.cases
    );
    out += &row(scored, "accuracy", "right among three labels");
    out += &row(scored, "balanced_accuracy", "balanced accuracy");
    out += &row(scored, "invalid_rate", "invalid, scored over the labels");
    out += &row(said, "right", "right, asked in words");
    out += &format!(
        "words that are none of the three labels: {}, tuned {}\n",
        others[0], others[1]
    );
    let pair = scored.comparison.as_ref().and_then(|c| c.pairs.first());
    if let Some(pair) = pair {
        out += &format!(
            "only the bundled model right {}, only the tuned right {}\n",
            pair.a_only, pair.b_only
        );
        for test in &pair.tests {
            if let Some(p) = test.p {
                out += &format!("{}: {}\n", test.name, p_words(p));
            }
        }
    }
    out += "It says nothing about patients: the same steps on cases of your own do (docs/tuning.md).\n";
    out + &format!("report: {}\n", report.display())
}
