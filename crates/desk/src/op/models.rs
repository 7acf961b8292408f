//! Models that the desk knows: the demo model, those in the user's list.

use std::path::{Path, PathBuf};

use overread_medgemma::check::{CheckReport, check};

use crate::Outcome;
use crate::code::io;
use crate::desk::Desk;
use crate::wire::app::Handle;
use crate::wire::reading::ModelInfo;

/// Where the demo model lies once it was made.
pub fn demo_model(desk: &Desk) -> PathBuf {
    desk.home.join("demo/model")
}

/// Makes the demo model when it is not there; gives its folder.
///
/// # Errors
/// When it cannot be written.
pub fn make_demo_model(desk: &Desk) -> Outcome<PathBuf> {
    let folder = demo_model(desk);
    if !folder.join("model.safetensors").is_file() {
        std::fs::create_dir_all(&folder).map_err(|error| io(&folder.display().to_string(), &error))?;
        overread_phantom::checkpoint::write_demo_model(&folder, 1).map_err(|error| {
            crate::code::failure(
                "demo.model",
                format!("The demo model could not be made: {error}"),
                "",
            )
        })?;
    }
    Ok(folder)
}

/// The operation `models`.
pub(crate) fn models(desk: &Desk) -> Outcome<Vec<ModelInfo>> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Ok(store) = desk.store() {
        let kept = store.setting("models").ok().flatten().unwrap_or_default();
        folders.extend(serde_json::from_str::<Vec<PathBuf>>(&kept).unwrap_or_default());
    }
    let demo = make_demo_model(desk).ok();
    folders.extend(demo);
    Ok(folders.iter().map(|folder| describe(desk, folder)).collect())
}

/// The operation `add_model`.
pub(crate) fn add_model(desk: &Desk, handle: &Handle) -> Outcome<ModelInfo> {
    let folder = desk.path(handle)?;
    let info = describe(desk, &folder);
    if info.usable {
        let mut store = desk.store()?;
        let kept = store.setting("models").ok().flatten().unwrap_or_default();
        let mut folders: Vec<PathBuf> = serde_json::from_str(&kept).unwrap_or_default();
        folders.retain(|known| *known != folder);
        folders.insert(0, folder);
        let text = serde_json::to_string(&folders).unwrap_or_default();
        store.set_setting("models", &text, &desk.clock.now())?;
    }
    Ok(info)
}

fn describe(desk: &Desk, folder: &Path) -> ModelInfo {
    let CheckReport {
        usable,
        lines,
        parameters,
        memory_f32,
        image_size,
        warning,
        ..
    } = check(folder);
    let demo = folder == demo_model(desk);
    let handle = desk.handle(folder);
    ModelInfo {
        name: name_of(desk, folder),
        handle,
        usable,
        report: lines,
        warning,
        terms: if demo {
            "Made on this machine; free to use.".to_owned()
        } else {
            "Health AI Developer Foundations terms apply to MedGemma: research use, no clinical use without own validation."
                .to_owned()
        },
        parameters: parameters as f64,
        memory: memory_f32 as f64,
        images: image_size.is_some(),
        demo,
    }
}

/// What a model is called: its folder's name, and the demo model by what it is.
pub(crate) fn name_of(desk: &Desk, folder: &Path) -> String {
    if folder == demo_model(desk) {
        "Demo model (random weights)".to_owned()
    } else {
        desk.handle(folder).label
    }
}
