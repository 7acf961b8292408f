//! `overread demo`: the whole read on the bundled study; and starting the app.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use overread_desk::op::show::{Cut, Dress, Look};
use overread_desk::op::{ask, bundled, case, demo as op_demo, make, models, open as op_open, report, show};
use overread_desk::wire::question::QuestionSpec;
use overread_desk::wire::reading::{Agreement, AnswerForm};
use overread_desk::{Cancel, Desk};

use crate::files::{print_text, write_file};
use crate::{Outcome, Trouble, demo_tune, told};

/// Makes study and model, then opens the app or does the read headless.
pub(crate) fn demo(desk: Desk, window: bool, tune: bool, out: Option<&Path>) -> Outcome {
    if tune {
        let out = out.map_or_else(|| op_demo::report_folder(&desk), Path::to_path_buf);
        return demo_tune::tune(&desk, &out);
    }
    eprintln!("making the bundled study (once)");
    let study = op_demo::make_study(&desk, &|_, _| true)?;
    let model = bundled::write(&desk)?;
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
    let own = models::describe(&desk, &model).question.ok_or_else(|| {
        Trouble::failed("The bundled model does not say what it is to be asked.".to_owned())
    })?;
    eprintln!("asking the bundled model about slice {slice}: {}", own.prompt);
    let spec = QuestionSpec {
        display_set: set.id.clone(),
        slices: slice.to_string(),
        preprocess: String::new(),
        window: None,
        lut: None,
        inverted: false,
        model: desk.handle(&model),
        template: String::new(),
        prompt: own.prompt.clone(),
        form: AnswerForm::Labels,
        labels: own.labels,
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
    let verdict = match reading.agreement {
        Agreement::Agree => "the answer agrees",
        Agreement::Disagree => "the answer differs",
        Agreement::NoTruth | Agreement::NotComparable => "not compared",
    };
    let beside: String = [&reading.warning, &reading.note]
        .into_iter()
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    print_text(&format!(
        "question: {} (slice {slice})\nanswer: {} ({}; {})\ntruth: {truth} ({verdict})\n{}report: {}\n",
        own.prompt,
        reading.label,
        told::share(reading.confidence.unwrap_or(0.0)),
        reading.confidence_kind,
        beside,
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
