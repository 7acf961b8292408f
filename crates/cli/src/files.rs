//! Commands about files: index, tags, pixels, render, reslice, phantom.

use std::io::Write;
use std::path::{Path, PathBuf};

use overread_desk::op::show::{Cut, Dress, Look, RawPixels, Values};
use overread_desk::op::{index as op_index, make, objects as op_objects, open, reslice as op_reslice, show};
use overread_desk::{Cancel, Desk};
use serde_json::{Value, json};

use crate::arguments::{
    As, InterpolationName, PhantomArguments, PixelsArguments, PlaneName, RenderArguments, ResliceArguments,
};
use crate::{Outcome, Trouble};

/// Prints JSON on one line.
pub(crate) fn print_json(value: &Value) -> Outcome {
    print_text(&(value.to_string() + "\n"))
}

/// Prints text; a reader that went away is no failure.
pub(crate) fn print_text(text: &str) -> Outcome {
    write_all(text.as_bytes())
}

fn write_all(bytes: &[u8]) -> Outcome {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Trouble::failed(format!("Standard output failed: {error}.")))
        }
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Outcome {
    Ok(make::write_file(path, bytes)?)
}

pub(crate) fn index(paths: &[PathBuf], json: bool) -> Outcome {
    let found = op_index::index(paths, &Cancel::default())?;
    if json {
        return print_json(&found);
    }
    let mut text = String::new();
    for set in found["display_sets"].as_array().into_iter().flatten() {
        let n = set["files"].as_array().map_or(0, Vec::len);
        let kind = if set["volume"] == true { "volume" } else { "stack" };
        text.push_str(&format!(
            "{}  {} {} · {n} images · {kind}\n",
            set["id"].as_str().unwrap_or_default(),
            set["modality"].as_str().unwrap_or_default(),
            set["description"].as_str().unwrap_or_default()
        ));
        for warning in set["warnings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            text.push_str(&format!("    {warning}\n"));
        }
    }
    for medium in found["media"].as_array().into_iter().flatten() {
        let count = |key: &str| medium[key].as_u64().unwrap_or_default();
        text.push_str(&format!(
            "{}: {} patients, {} studies, {} series, {} instances{}\n",
            medium["path"].as_str().unwrap_or_default(),
            count("patients"),
            count("studies"),
            count("series"),
            count("instances"),
            medium["trouble"]
                .as_str()
                .map(|t| format!("; {t}"))
                .unwrap_or_default()
        ));
    }
    for file in found["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|f| f["status"] != "image")
    {
        text.push_str(&format!(
            "{}: {}: {}\n",
            file["path"].as_str().unwrap_or_default(),
            file["status"].as_str().unwrap_or_default(),
            file["summary"]
                .as_str()
                .or_else(|| file["reason"].as_str())
                .unwrap_or_default()
        ));
    }
    print_text(&text)
}

pub(crate) fn tags(file: &Path, json: bool) -> Outcome {
    if json {
        print_json(&make::tags_json(file)?)
    } else {
        print_text(&make::tags_lines(file)?)
    }
}

pub(crate) fn object(file: &Path, json: bool) -> Outcome {
    let described = op_objects::describe(file)?;
    if json {
        print_json(&described.json)
    } else {
        print_text(&described.text)
    }
}

/// `C,W[,FUNCTION]`.
pub(crate) fn window(text: &str) -> Result<make::Window, Trouble> {
    make::parse_window(text).ok_or_else(|| {
        Trouble::Usage(format!(
            "`{text}` is no window: write centre,width or centre,width,SIGMOID."
        ))
    })
}

pub(crate) fn pixels(a: &PixelsArguments) -> Outcome {
    let look = match (&a.window, a.voi_lut) {
        (Some(text), _) => Look::Window(window(text)?),
        (None, Some(item)) => Look::VoiLut(item),
        (None, None) => Look::Default,
    };
    let values = match a.values {
        As::Stored => Values::Stored,
        As::Modality => Values::Modality,
        As::Display => Values::Display,
        As::Rgb => Values::Rgb,
    };
    let RawPixels {
        dtype,
        shape,
        unit,
        frames,
        warnings,
        bytes,
    } = show::pixels(&a.file, a.frame, values, &look)?;
    let mut header = json!({"dtype": dtype, "shape": shape, "unit": unit, "frames": frames});
    if !warnings.is_empty() {
        header["warnings"] = json!(warnings);
    }
    eprintln!("{header}");
    if a.out.as_os_str() == "-" {
        write_all(&bytes)
    } else {
        write_file(&a.out, &bytes)
    }
}

fn size(text: &str) -> Result<(u32, u32), Trouble> {
    text.split_once('x')
        .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)))
        .ok_or_else(|| Trouble::Usage(format!("`{text}` is no size: write 512x512.")))
}

pub(crate) fn render(desk: &Desk, a: &RenderArguments) -> Outcome {
    let look = match (&a.window, &a.preset) {
        (Some(text), _) => Look::Window(window(text)?),
        (None, Some(name)) => Look::Preset(name.clone()),
        (None, None) => Look::Default,
    };
    let cut = match a.plane {
        Some(plane) => Cut::Plane(
            match plane {
                PlaneName::Axial => make::BodyPlane::Axial,
                PlaneName::Coronal => make::BodyPlane::Coronal,
                PlaneName::Sagittal => make::BodyPlane::Sagittal,
            },
            a.at,
        ),
        None => Cut::Slice(a.slice),
    };
    let size = a.size.as_deref().map(size).transpose()?;
    let sets = open::load(desk, &a.path)?;
    let dress = Dress {
        overlays: a.overlays,
        state: a
            .presentation
            .as_deref()
            .map(show::presentation_state)
            .transpose()?,
    };
    let set = match &dress.state {
        Some(state) if a.display_set.is_none() => show::set_of(&sets, state)?,
        _ => open::choose(&sets, a.display_set.as_deref())?,
    };
    let picture = show::render_png(desk, &set, &cut, &look, &dress, size)?;
    let of_state = dress.state.iter().flat_map(|state| &state.warnings);
    for warning in of_state.chain(&picture.warnings) {
        eprintln!("{warning}");
    }
    write_file(&a.out, &picture.png)
}

pub(crate) fn reslice(desk: &Desk, a: &ResliceArguments) -> Outcome {
    let text = make::read_text(&a.grid)?;
    let grid: Value = serde_json::from_str(&text)
        .map_err(|error| Trouble::failed(format!("{} is no JSON: {error}.", a.grid.display())))?;
    let sets = open::load(desk, &a.path)?;
    let set = open::choose(&sets, a.display_set.as_deref())?;
    let interpolation = match a.interpolation {
        InterpolationName::Nearest => make::Interpolation::Nearest,
        InterpolationName::Linear => make::Interpolation::Linear,
    };
    let (values, shape) = op_reslice::reslice(desk, &set, &grid, interpolation)?;
    write_file(&a.out, &op_reslice::npy(&values, shape))
}

pub(crate) fn phantom(a: &PhantomArguments) -> Outcome {
    let last = std::sync::atomic::AtomicUsize::new(0);
    let wish = make::Phantoms {
        n: a.n as usize,
        seed: a.seed,
        hard: a.hard,
        volumes: a.volumes,
        findings: a.findings.clone(),
    };
    make::phantoms(&a.out, &wish, &|done, of| {
        // A line for every tenth, from whichever thread comes to it first.
        let tenth = done * 10 / of.max(1);
        if last.fetch_max(tenth, std::sync::atomic::Ordering::Relaxed) < tenth {
            eprintln!("{done} of {of} patients made");
        }
        true
    })?;
    Ok(())
}
