//! `overread demo`: the whole read on the bundled study; and starting the app.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use overread_desk::op::show::{Cut, Dress, Look};
use overread_desk::op::{ask, case, demo as op_demo, make, models, open as op_open, report, show};
use overread_desk::wire::reading::{AnswerForm, QuestionSpec};
use overread_desk::{Cancel, Desk};

use crate::files::{print_text, write_file};
use crate::{Outcome, Trouble};

const LABELS: [&str; 7] = [
    "normal",
    "nodule",
    "pleural effusion",
    "pneumothorax",
    "consolidation",
    "cardiomegaly",
    "rib fracture",
];

/// Makes study and model, then opens the app or does the read headless.
pub(crate) fn demo(desk: Desk, window: bool, out: Option<&Path>) -> Outcome {
    eprintln!("making the bundled study and model (once)");
    let study = op_demo::make_study(&desk, &|_, _| true)?;
    let model = models::make_demo_model(&desk)?;
    if window {
        // The window opens the database itself.
        drop(desk);
        return open(Some(&study));
    }
    let out = out.map_or_else(|| op_demo::report_folder(&desk), Path::to_path_buf);
    std::fs::create_dir_all(&out).map_err(|error| Trouble::failed(format!("{}: {error}.", out.display())))?;
    eprintln!("indexing {}", study.display());
    let sets = op_open::load(&desk, &study)?;
    let set = op_open::choose(&sets, None)?;
    let table = case::read_table(&study.join("truth.csv"))?;
    let slice = op_demo::finding_slice(&study).unwrap_or(set.middle() + 1);
    // One truth for the whole study: the row's case is the bundled folder.
    case::import_for(&desk, &set, &table, "truth.csv of the bundled study")?;
    for (name, preset) in [("soft-tissue", "soft tissue"), ("lung", "lung"), ("bone", "bone")] {
        let png = show::render_png(
            &desk,
            &set,
            &Cut::Slice(Some(slice)),
            &Look::Preset(preset.to_owned()),
            &Dress::default(),
            Some((768, 768)),
        )?;
        write_file(&out.join(format!("slice-{slice}-{name}.png")), &png.png)?;
    }
    let coronal = show::render_png(
        &desk,
        &set,
        &Cut::Plane(make::BodyPlane::Coronal, None),
        &Look::Preset("soft tissue".to_owned()),
        &Dress::default(),
        None,
    )?;
    write_file(&out.join("coronal.png"), &coronal.png)?;
    eprintln!("asking the bundled model");
    let spec = QuestionSpec {
        display_set: set.id.clone(),
        slices: slice.to_string(),
        preprocess: String::new(),
        window: None,
        lut: None,
        inverted: false,
        model: desk.handle(&model),
        template: "finding.closed-set/1".to_owned(),
        prompt: String::new(),
        form: AnswerForm::Labels,
        labels: LABELS.map(str::to_owned).to_vec(),
        max_new_tokens: 16,
        temperature: 0.0,
        seed: 0,
        options: None,
    };
    let reading = ask::read(&desk, &spec, &|_| {}, &Cancel::default())?;
    let compared = case::of(&desk, &set)?;
    write_file(
        &out.join("report.html"),
        report::html(&desk, &set, &compared, &reading)?.as_bytes(),
    )?;
    let truth = compared.truth.map(|t| t.labels.join(", ")).unwrap_or_default();
    print_text(&format!(
        "answer: {} ({:.0} % among {} labels, uncalibrated)\ntruth: {truth}\n{}\nreport: {}\n",
        reading.label,
        reading.confidence.unwrap_or(0.0) * 100.0,
        LABELS.len(),
        reading.warning,
        out.join("report.html").display()
    ))
}

/// Starts the app that stands beside this program.
pub(crate) fn open(path: Option<&Path>) -> Outcome {
    if let Some(path) = path
        && !path.exists()
    {
        return Err(Trouble::failed(format!("{} is not there.", path.display())));
    }
    let app = app().ok_or_else(|| {
        Trouble::failed(
            "The app (overread-app) was not found beside this program. Build it with cargo xtask demo.",
        )
    })?;
    let mut command = Command::new(&app);
    command.args(path).stdin(Stdio::null());
    let status = command
        .status()
        .map_err(|error| Trouble::failed(format!("{}: {error}.", app.display())))?;
    if status.success() {
        Ok(())
    } else {
        Err(Trouble::failed(format!("The app ended with {status}.")))
    }
}

fn app() -> Option<PathBuf> {
    let name = format!("overread-app{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok()?.parent()?.join(name);
    beside.is_file().then_some(beside)
}
